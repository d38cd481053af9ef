"""What breaks the promises about the WebSocket of a live session, and about stored offsets."""

from __future__ import annotations

from mutant import Mutant

SOCKET = ("tests/online/test_decision_socket.py",)
LIVE = "tests/online/test_live_websocket.py"
OFFSET = "tests/online/test_stored_offset.py"
PAGE = "tests/online/test_page_server.py"

SOCKETS = (
    Mutant(
        "a WebSocket needs the token",
        "online/decision_socket.py",
        "if why := refused(request, self._hosts, self.token):",
        "if why := '':",
        SOCKET,
    ),
    Mutant(
        "a client that takes nothing is dropped",
        "online/decision_socket.py",
        "self._clients[client] = Outbox(client, MOST_WAITING)",
        "self._clients[client] = Outbox(client)",
        SOCKET,
    ),
    Mutant(
        "a client that is dropped is named",
        "online/decision_socket.py",
        "        self._fault(\n            ClientDropped,",
        "        str(\n            ClientDropped,",
        SOCKET,
    ),
    Mutant(
        "a client that says too much is named",
        "online/decision_socket.py",
        "error.sent is not None and not error.rcvd_then_sent:",
        "error.sent is None:",
        SOCKET,
    ),
    Mutant(
        "a client that takes nothing does not hold up the end",
        "online/sockets.py",
        "        async with asyncio.timeout(seconds):\n",
        "        async with asyncio.timeout(20 * seconds):\n",
        SOCKET,
    ),
    Mutant(
        "what waits is sent in the end",
        "online/decision_socket.py",
        "if not await out.sent(LAST):",
        "if await out.sent(0.0) and False:",
        SOCKET,
    ),
    Mutant(
        "what is no message is named",
        "online/decision_socket.py",
        '            self._fault(UnreadMessage, f"{_named(client)}: {error}; left out")\n',
        "",
        SOCKET,
    ),
    Mutant(
        "flashes of a marker stream are not mixed with those of a WebSocket",
        "online/decision_socket.py",
        "elif not self.takes_flashes:",
        "elif False:",
        SOCKET,
    ),
    Mutant(
        "scores are no message of the stream",
        "online/decision_socket.py",
        "if isinstance(event, SENT):",
        "if isinstance(event, Event):",
        SOCKET,
    ),
    Mutant(
        "a flash of a WebSocket has the time that its client says",
        "online/decision_socket.py",
        "self._flashes.put((said.at, json.dumps(said.marker)))",
        "self._flashes.put((self._clock(), json.dumps(said.marker)))",
        SOCKET,
    ),
    Mutant(
        "the session names what went wrong at its WebSocket",
        "online/live.py",
        "        session.fault(kind, text)\n",
        "        str((kind, text))\n",
        (f"{LIVE}::test_the_example_spells_and_what_it_says_wrong_is_named",),
    ),
    Mutant(
        "the stream of decisions has the name that was asked for",
        "online/live.py",
        "DecisionOutlet(decisions)",
        "DecisionOutlet()",
        (f"{LIVE}::test_two_sessions_have_streams_of_different_names",),
    ),
    Mutant(
        "what a session had already is applied from then on, too",
        "online/offsets.py",
        "(note.offset + one for one in",
        "(one for one in",
        (f"{OFFSET}::test_what_a_session_had_already_is_part_of_what_is_to_be_applied",),
    ),
    Mutant(
        "an offset of another stream is refused",
        "online/applied_offset.py",
        "self.measured.stream != stream:",
        "not stream:",
        (f"{OFFSET}::test_an_offset_of_another_stream_is_refused_with_what_was_found",),
    ),
    Mutant(
        "the page refuses an offset of another stream",
        "commands/speller.py",
        "    applied.check(who.name)\n",
        "",
        (f"{OFFSET}::test_commands_refuse_the_offset_of_another_amplifier",),
    ),
    Mutant(
        "a live session applies the offset that was measured",
        "online/live.py",
        "offset=offset.seconds,",
        "offset=0.0,",
        (f"{OFFSET}::test_what_timing_stores_of_a_live_session_puts_the_next_ones_flashes_right",),
    ),
    Mutant(
        "a session stores where its offset comes from",
        "online/recorder.py",
        "measured=offset.measured",
        "measured=None",
        (f"{OFFSET}::test_what_a_session_had_already_is_part_of_what_is_to_be_applied",),
    ),
    Mutant(
        "an interval is in order",
        "recordings/measured_offset.py",
        "if self.low > self.high:",
        "if False:",
        (f"{OFFSET}::test_what_is_no_such_record_is_refused",),
    ),
    Mutant(
        "a time has its zone",
        "recordings/measured_offset.py",
        "if datetime.fromisoformat(text).tzinfo is None:",
        "if not datetime.fromisoformat(text):",
        (f"{OFFSET}::test_what_is_no_such_record_is_refused",),
    ),
    Mutant(
        "a stored offset is not written over",
        "recordings/measured_offset.py",
        "if path.exists():",
        "if False:",
        (f"{OFFSET}::test_a_record_is_not_written_over",),
    ),
    Mutant(
        "a session of the page stores its offset",
        "online/session_files.py",
        "source.layout, offset\n",
        "source.layout\n",
        (f"{PAGE}::test_the_offset_that_is_applied_is_stored_and_reported",),
    ),
    Mutant(
        "a session of the page reports its offset",
        "online/page_server.py",
        ' | {"offset": self._offer.offset.to_dict()}',
        "",
        (f"{PAGE}::test_the_offset_that_is_applied_is_stored_and_reported",),
    ),
)
