"""What can go wrong, by name.

Every error that a user can cause derives from :class:`P300Error`; its message says what was
found, what was expected and what to do. The command line prints it without a traceback. An error
about a value that was given or read is a ``ValueError`` too, as other libraries expect.
"""

import unicodedata

_LONGEST = 1200

_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Categories of Unicode that a screen acts upon, or cannot show: control characters, surrogates,
separators of lines and paragraphs."""

_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows."""


def printable(text: str) -> str:
    """Return a text with what a terminal would act upon, or cannot show, written as escapes.

    Names of files and what is in them may be anything: a terminal is not to change its title, clear
    its screen or turn its direction for them. Line breaks and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if letter in _TURNING or (letter not in "\n\t" and unicodedata.category(letter) in _HIDDEN)
        else letter
        for letter in text
    )


def _presentable(text: str) -> str:
    """Return a message that any screen and any file in UTF-8 can take.

    What was found in a damaged file may be endless, and a file's name need not be UTF-8.
    """
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST * 2 // 3]} [...] {text[-_LONGEST // 3 :]}"
    return printable(text)


class P300Error(Exception):
    """Base of all errors raised by this package."""

    def __str__(self) -> str:
        return _presentable(super().__str__())


class RecordingError(P300Error, ValueError):
    """A recording cannot be read, or what it holds cannot be an EEG recording with flashes."""


class StudyError(P300Error, ValueError):
    """Who is who in a study cannot be told, or somebody is there under two names."""


class PreprocessingError(P300Error, ValueError):
    """A preprocessing setting does not fit the recording."""


class EpochsError(P300Error, ValueError):
    """Epochs cannot be combined, selected or stored as asked."""


class DetectorError(P300Error, ValueError):
    """A detector cannot be built, fitted, stored or applied as asked."""


class ProtocolError(P300Error, ValueError):
    """A protocol cannot be applied to the data, or a fold would leak."""


class SpellerError(P300Error, ValueError):
    """Scores cannot be turned into characters."""


class OnlineError(P300Error, ValueError):
    """A detector cannot be online, or a stream is not what it needs."""


class MarkerError(P300Error, ValueError):
    """A marker is no message of the documented form."""


class ConfigError(P300Error, ValueError):
    """A configuration has an unknown key, a wrong type or a value that makes no sense."""


class RunError(P300Error):
    """A run folder belongs to something else, is damaged or unfinished."""


class StoredFileError(P300Error, ValueError):
    """A stored file is damaged, is no plain file, or holds something else than its name says."""


class NoRoomError(RunError):
    """A disk is full; ``needed`` are the bytes that it has no room for, where they are known."""

    needed = 0


class P300Warning(UserWarning):
    """Base of all warnings raised by this package."""

    def __str__(self) -> str:
        return _presentable(super().__str__())


class DataWarning(P300Warning):
    """Something in a recording deserves a look; it names the recording and the electrode."""


class RunWarning(P300Warning):
    """Something happened to a run that deserves a look; the run goes on."""


class PluginWarning(P300Warning):
    """Something that an installed package adds cannot be used and is left out."""


class TrainingWarning(P300Warning):
    """Something in the training of a detector deserves a look."""
