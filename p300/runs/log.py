"""The log of a run: what happened in its folder and when, line by line, of every time it went on.

Lines are those of the logger ``p300``, of warnings, and of how it ended; ``p300 --verbose`` shows
them too.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from p300 import __version__
from p300.errors import RunError, StoredFileError, printable
from p300.files import check_inside
from p300.runs.folder import RunFolder
from p300.runs.progress import Progress
from p300.showing import one_line

LOGGER = logging.getLogger("p300")

LINE = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
"""How a line looks in the file and on a terminal."""


class _RunLog(logging.Handler):
    """Append lines to the log of a run; those before the folder is claimed wait until it is."""

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(logging.INFO)
        self._folder = folder
        self._waiting: list[str] = []
        self.setFormatter(LINE)

    def emit(self, record: logging.LogRecord) -> None:
        self._waiting.append(printable(self.format(record)) + "\n")
        if not self._folder.config_file.is_file():
            return
        file = self._folder.log_file
        try:
            check_inside(file, self._folder.path)  # appended to, it could be a link to anywhere
        except StoredFileError as error:
            raise RunError(f"{error}; remove it") from error
        with file.open("a", encoding="utf-8") as stream:
            stream.writelines(self._waiting)
        self._waiting.clear()


@contextmanager
def logged(folder: RunFolder, what: str, progress: Progress) -> Iterator[Progress]:
    """Keep a log of what is done in a run folder.

    Nothing is written to a folder that the run does not come to claim.

    Parameters
    ----------
    folder
        Of the run.
    what
        Is done, for the first and the last line.
    progress
        Called as the stages go on; the log has where each begins and ends.

    Yields
    ------
    What is to be called in its place.
    """
    handler, usual_level, usual_show = _RunLog(folder), LOGGER.level, warnings.showwarning
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    warnings.showwarning = _logging(usual_show)
    began = time.monotonic()
    try:
        LOGGER.info("%s begins, p300 %s", what, __version__)
        yield _stages(progress)
        LOGGER.info("%s ends after %.1f s", what, time.monotonic() - began)
    except BaseException as error:
        with suppress(OSError, RunError):  # the first error is the one to tell of
            reason = [type(error).__name__, *filter(None, [" ".join(str(error).split())])]
            LOGGER.info("%s is cut off by %s", what, ": ".join(reason))
        raise
    finally:
        warnings.showwarning = usual_show
        LOGGER.setLevel(usual_level)
        LOGGER.removeHandler(handler)


def _logging(show: Any) -> Any:
    def log_and_show(message: Any, category: Any, *rest: Any, **named: Any) -> None:
        LOGGER.warning("%s", one_line(message, category))
        show(message, category, *rest, **named)

    return log_and_show


def _stages(progress: Progress) -> Progress:
    """Log where stages begin and end."""
    known: dict[str, int] = {}

    def advance(stage: str, done: int, total: int) -> None:
        if stage not in known:
            LOGGER.info("%s begins%s", stage, f", {done} of {total} done" if total else "")
        elif total and known[stage] < total <= done:
            LOGGER.info("%s: all %d done", stage, total)
        known[stage] = done
        progress(stage, done, total)

    return advance
