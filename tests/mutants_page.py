"""What breaks the promises about the page of the speller."""

from __future__ import annotations

from mutant import Mutant

LIVE = ("tests/recordings/simulated/test_live.py",)
SPELLING = ("tests/online/test_spelling.py",)
SERVER = ("tests/online/test_page_server.py",)
COMMAND = ("tests/commands/test_speller.py",)

PAGE = (
    Mutant(
        "live EEG is as large in the middle of a fade",
        "recordings/simulated/live.py",
        "np.sin(angle)",
        "np.sin(angle) ** 2",
        LIVE,
    ),
    Mutant(
        "a target evokes more than another flash",
        "recordings/simulated/live.py",
        "if target or not response.component.targets_only:",
        "if True:",
        LIVE,
    ),
    Mutant(
        "a flash that is told too late is told so",
        "recordings/simulated/live.py",
        "late = max(late, ",
        "late = min(late, ",
        LIVE,
    ),
    Mutant(
        "no code is shown twice in succession",
        "recordings/simulated/paradigm.py",
        "return Paradigm(matrix, (len(matrix.groups),), apart=True)",
        "return Paradigm(matrix, (len(matrix.groups),), apart=False)",
        SPELLING,
    ),
    Mutant(
        "nothing is spelled of a character that is given up",
        "online/session.py",
        "spelled, self._letter.decided = self._letter.decided, True",
        "spelled = self._letter.decided",
        SPELLING,
    ),
    Mutant(
        "nothing is learned from a character that is given up",
        "online/session.py",
        "self._waiting = [one for one in self._waiting if one.said.character != character]\n"
        "        self._damaged.add(character)",
        "self._waiting = [one for one in self._waiting if one.said.character != character]",
        SPELLING,
    ),
    Mutant(
        "a session that was copied ends when the last character is learned from",
        "online/spelling.py",
        "if character == self._character:",
        "if True:",
        SPELLING,
    ),
    Mutant(
        "time of a pause counts for no rate",
        "online/spelling.py",
        "- self._began - self._away",
        "- self._began",
        SPELLING,
    ),
    Mutant(
        "what is corrected is shown again",
        "online/spelling.py",
        "taken = self.text.pop()",
        "taken = self.text[-1]",
        SPELLING,
    ),
    Mutant(
        "the page needs its token",
        "online/sockets.py",
        "if not secrets.compare_digest(given.encode(), token.encode()):",
        "if not given:",
        SERVER,
    ),
    Mutant(
        "a request for another host is refused",
        "online/sockets.py",
        'if request.headers.get("Host", "") not in hosts:',
        "if False:",
        SERVER,
    ),
    Mutant(
        "another page cannot open the socket",
        "online/page_files.py",
        'if request.headers.get("Origin", "").partition("://")[2] in hosts:',
        "if True:",
        SERVER,
    ),
    Mutant(
        "a second page is turned away",
        "online/page_server.py",
        "if self._page is not None:\n            text =",
        "if False:\n            text =",
        SERVER,
    ),
    Mutant(
        "a reload gives its character up",
        "online/page_server.py",
        '                self._spelling.give_up("its page was closed or reloaded")\n',
        "",
        SERVER,
    ),
    Mutant(
        "Ctrl-C is named and ends the session",
        "online/page_server.py",
        "self._spelling.fault(Stopped,",
        "self._spelling.fault(UnreadMessage,",
        SERVER,
    ),
    Mutant(
        "a detector of other simulated people is kept",
        "commands/speller.py",
        "if not folder.exists():",
        "if True:",
        COMMAND,
    ),
)
