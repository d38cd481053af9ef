"""Readers of other libraries: all they raise becomes one error, their warnings name the file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from p300.errors import DataWarning, P300Warning, RecordingError

_Read = TypeVar("_Read")

_ADVICE = (
    "is it damaged, cut short or not what its name says, and are the files that belong to it "
    "beside it?"
)


def guarded(
    read: Callable[[], _Read],
    path: Path | str,
    *,
    reader: str = "MNE",
    fault: str | None = None,
    advice: str = _ADVICE,
) -> _Read:
    """Run something that reads with another library and turn its many failures into one.

    Parameters
    ----------
    read
        Reads and gives a result.
    path
        The file, for messages.
    reader
        The library, for messages.
    fault
        What is said of the file where it fails.
    advice
        What is said last.

    Raises
    ------
    RecordingError
        Whatever goes wrong, with the reason that the library gave.

    Warns
    -----
    DataWarning
        With what the library warned of.
    """
    try:
        with naming_warnings(path, reader=reader):
            return read()
    except RecordingError:
        raise
    except Exception as error:  # also of memory and of depth: nothing else knows what a file holds
        raise RecordingError(
            f"{path}: {fault or f'{reader} cannot read this file'} ({type(error).__name__}: "
            f"{_one_line(error)}); {advice}"
        ) from error


@contextmanager
def naming_warnings(where: Path | str, advice: str = "", *, reader: str = "MNE") -> Iterator[None]:
    """Turn what a library warns of into warnings that name a file or a recording, each once.

    Parameters
    ----------
    where
        What the warnings name first.
    advice
        What they say last.
    reader
        The library.

    Warns
    -----
    DataWarning
        With what the library warned of. Warnings of this package stay as they are.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Of a file that a library left open, another than the one that is read now.
        warnings.simplefilter("ignore", ResourceWarning)
        yield
    for text, category in dict.fromkeys((str(w.message), w.category) for w in caught):
        if issubclass(category, P300Warning | DeprecationWarning | FutureWarning):
            warnings.warn(text, category, stacklevel=4)
        else:
            message = f"{where}: {reader} warns: {_one_line(text)}{advice}"
            warnings.warn(message, DataWarning, stacklevel=4)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def check_regular(path: Path) -> None:
    """Refuse what no reader comes back from: a named pipe, a device, a socket.

    Links are followed, as data sets kept by datalad or git-annex consist of them.

    Raises
    ------
    RecordingError
        When the path leads to neither a file nor a folder, or nowhere.
    """
    if path.is_symlink() and not path.exists():
        raise RecordingError(
            f"{path}: a link that leads nowhere, expected a file; if datalad or git-annex keeps "
            "this data set, get the file's content first"
        )
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise RecordingError(f"{path}: a pipe or a device found, expected a file or a folder")
