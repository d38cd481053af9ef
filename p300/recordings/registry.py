"""The sources of recordings, by name. A new source is one file and one line in ``SOURCES``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from p300.arguments import check_arguments, did_you_mean
from p300.errors import RecordingError
from p300.recordings.recording import Recording

SOURCES = {
    "bci2_iib": "p300.recordings.bci2_iib",
    "bci3_ii": "p300.recordings.bci3_ii",
    "bids": "p300.recordings.bids",
    "bnci2015_003": "p300.recordings.bnci2015_003",
    "flash_table": "p300.recordings.flash_table",
    "gtec_br41n": "p300.recordings.gtec_br41n",
    "simulated": "p300.recordings.simulated",
}
"""Source name -> module with ``INFO`` (a :class:`SourceInfo`) and ``load``.

``load(path, *, dataset, subjects=None, **options)`` yields the recordings found at ``path``, a
file or a folder, one at a time; ``subjects`` names the subjects wanted. The simulated source has
no path.
"""


@dataclass(frozen=True)
class SourceInfo:
    """What ``p300 datasets`` tells about a source.

    A format that may hold anybody's data (BIDS, a flash table) says so in ``subjects``,
    ``electrodes`` and ``sfreq``.
    """

    title: str
    subjects: str
    electrodes: str
    sfreq: str
    licence: str
    citation: str
    obtain: str
    """How a user gets the files and how they must lie in the folder."""


def source_module(name: str) -> ModuleType:
    """Import the module of a source.

    Raises
    ------
    RecordingError
        When there is no such source; the nearest name is suggested.
    """
    if name not in SOURCES:
        raise RecordingError(
            f"unknown source {name!r}{did_you_mean(name, SOURCES)} There are: {', '.join(SOURCES)}"
        )
    return importlib.import_module(SOURCES[name])


def check_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options of a source against its loader; see :func:`p300.arguments.check_arguments`.

    Raises
    ------
    RecordingError
        Naming the option that the loader does not have, or whose type is wrong.
    """
    return check_arguments(
        source_module(name).load,
        options,
        where=f"source {name}",
        error=RecordingError,
        skip=("path", "dataset", "subjects"),
    )


def open_recordings(
    source: str,
    path: str | Path | None = None,
    *,
    dataset: str | None = None,
    subjects: Sequence[str | int] | None = None,
    **options: Any,
) -> Iterator[Recording]:
    """Yield the recordings of a source one at a time.

    Parameters
    ----------
    source
        One of :data:`SOURCES`.
    path
        File or folder; not used by the simulated source.
    dataset
        Name to give the data set; by default the source's own.
    subjects
        Subjects wanted, by default all.
    options
        Options of the loader, see ``p300 datasets show NAME``.

    Raises
    ------
    RecordingError
        When the source, an option, a wanted subject or a file is not there, or a file is not
        what the source expects.
    """
    module = source_module(source)
    options = check_options(source, options)
    place = Path(path) if path is not None else None
    if source != "simulated":
        if place is None:
            raise RecordingError(f"source {source!r} needs a path to a file or folder")
        if not place.exists():
            raise RecordingError(
                f"{place}: no such file or folder (looked from {Path.cwd()}). {module.INFO.obtain}"
            )
    wanted = [str(subject) for subject in subjects] if subjects is not None else None
    recordings: Iterator[Recording] = module.load(
        place, dataset=dataset or source, subjects=wanted, **options
    )
    return recordings


def same_subject(wanted: str, found: str) -> bool:
    """Tell whether two subject labels mean the same, leading zeros aside ("3" is "03")."""
    return (wanted.lstrip("0") or "0") == (found.lstrip("0") or "0")


def select_subjects(
    available: Sequence[str], wanted: Sequence[str] | None, where: str
) -> list[str]:
    """Give the available subjects that are wanted, in the order available.

    Raises
    ------
    RecordingError
        When a wanted subject is not available.
    """
    if wanted is None:
        return list(available)
    missing = [w for w in wanted if not any(same_subject(w, a) for a in available)]
    if missing:
        raise RecordingError(
            f"{where}: subjects {missing} not found, there are {list(available) or 'none'}"
        )
    return [a for a in available if any(same_subject(w, a) for w in wanted)]
