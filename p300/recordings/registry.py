"""The sources of recordings, by name. A new one is one file and one line in ``OUR_SOURCES``."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from p300.arguments import check_arguments, group_arguments
from p300.errors import RecordingError
from p300.parameters import Parameter, parameters_of
from p300.plugins import Registry
from p300.recordings.described import DESCRIBED, SourceInfo
from p300.recordings.guard import check_regular

if TYPE_CHECKING:
    from p300.recordings.recording import Recording

OUR_SOURCES = {
    "annotated": "p300.recordings.formats.annotated",
    "bci2_iib": "p300.recordings.formats.bci2_iib",
    "bci2000": "p300.recordings.formats.bci2000",
    "bci3_ii": "p300.recordings.formats.bci3_ii",
    "bids": "p300.recordings.formats.bids",
    "bnci2014_008": "p300.recordings.formats.bnci2014_008",
    "bnci2014_009": "p300.recordings.formats.bnci2014_009",
    "bnci2015_003": "p300.recordings.formats.bnci2015_003",
    "epochs": "p300.recordings.formats.epochs",
    "flash_table": "p300.recordings.formats.flash_table",
    "gtec_br41n": "p300.recordings.formats.gtec_br41n",
    "moabb": "p300.recordings.formats.moabb",
    "muse_csv": "p300.recordings.formats.muse_csv",
    "openvibe": "p300.recordings.formats.openvibe",
    "session": "p300.recordings.formats.session",
    "simulated": "p300.recordings.simulated.study",
    "table": "p300.recordings.formats.table",
    "xdf": "p300.recordings.formats.xdf",
}
"""Source name -> module with ``INFO`` (a :class:`SourceInfo`) and ``load``.

``load(path, *, dataset, subjects=None, **options)`` yields the recordings found at ``path``, a
file or a folder, one at a time; ``subjects`` names the subjects wanted. Sources that need no files
of the user say so in ``INFO.from_files``.

``recognise(path)`` gives the options with which the source reads a file or folder, None where that
is not of its format; it is quick and never raises. An option is there only where the files do not
tell for sure: it is a guess, and :mod:`p300.commands.starting_config` marks it as one.

``complete(path, given)``, which a module need not have, guesses the other options where some are
given, the marks of the flashes say; None where these do not fit.
"""


def _read(_: str, loaded: object) -> ModuleType:
    """Check the module of a plug-in."""
    if not (
        isinstance(loaded, ModuleType) and isinstance(getattr(loaded, "INFO", None), SourceInfo)
    ):
        raise TypeError(f"{loaded!r} found, expected a module whose INFO is a SourceInfo")
    for name in ("load", "recognise"):
        if not callable(getattr(loaded, name, None)):
            raise TypeError(f"{loaded.__name__} has no function {name}")
    return loaded


SOURCES: Registry[str | ModuleType] = Registry(
    "source", "p300.sources", OUR_SOURCES, _read, RecordingError
)
"""Source name -> its module, or where it is: ours, then plug-ins (:mod:`p300.plugins`)."""

BNCI_HORIZON = "https://lampx.tugraz.at/~bci/database/"
"""Where the files of BNCI Horizon 2020 lie; the links of its page lead there."""

PlaceT = TypeVar("PlaceT", bound=tuple[str, ...])

_GENERAL = ("epochs", "flash_table", "annotated", "table")
"""Sources that read nearly anything are asked last, in this order."""

NO_OPTIONS = ("path", "dataset", "subjects")
"""Parameters of every loader that are no options of its source."""


def source_module(name: str) -> ModuleType:
    """Import the module of a source.

    Raises
    ------
    RecordingError
        When there is no such source; the nearest name is suggested, or why a plug-in is left out.
    """
    found = SOURCES.require(name)
    return importlib.import_module(found) if isinstance(found, str) else found


Load = TypeVar("Load", bound=Callable[..., Iterable["Recording"]])


def register_source(name: str, info: SourceInfo) -> Callable[[Load], Load]:
    """Return a decorator that makes a function a source of this session.

    The function is called as the ``load`` of a source's module (:data:`OUR_SOURCES`). Files of it
    are not recognised: who reads them names the source.

    Parameters
    ----------
    name
        In configs.
    info
        What is told of it.

    Raises
    ------
    RecordingError
        When the name is taken.
    """

    def register(load: Load) -> Load:
        module = ModuleType(name)
        vars(module).update(INFO=info, load=load, recognise=lambda _: None)
        SOURCES.register(name, module)
        return load

    return register


def source_info(name: str) -> SourceInfo:
    """Return what is told of a source; it is imported only where it is not described apart."""
    info: SourceInfo = DESCRIBED.get(name) or source_module(name).INFO
    return info


def sources_in_order() -> list[str]:
    """Return the names of all sources, those that read nearly anything last."""
    return [*(name for name in SOURCES if name not in _GENERAL), *_GENERAL]


def recognise_source(
    path: str | Path, given: Mapping[str, Any] | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """Describe which sources read a file or folder, the most specific first.

    Parameters
    ----------
    path
        The file or folder.
    given
        Options that are known: a source that has ``complete`` guesses the others by them.

    Returns
    -------
    Source names, each with the options that ``recognise`` of its module found.
    """
    found = []
    for name in sources_in_order():
        module = source_module(name)
        if not module.INFO.from_files:
            continue
        complete = getattr(module, "complete", None) if given else None
        try:
            options = complete(Path(path), given) if complete else None
            options = module.recognise(Path(path)) if options is None else options
        except OSError:
            continue  # a folder that may not be read, a file that went away
        except Exception as error:  # noqa: BLE001 — of a plug-in
            SOURCES.leave_out(name, error)
            continue
        if options is not None:
            found.append((name, options))
    return found


def claiming_sources(file: Path) -> list[str]:
    """Return the sources of whose files the name of a file ends like, the most specific first."""
    name = file.name.lower()
    modules = {source: source_module(source) for source in sources_in_order()}
    return [
        source
        for source, module in modules.items()
        if name.endswith(module.INFO.endings or ("\0",))
        or (name.endswith(module.INFO.by_content or ("\0",)) and _is_known(source, module, file))
    ]


def _is_known(source: str, module: ModuleType, file: Path) -> bool:
    try:
        return module.recognise(file) is not None
    except OSError:
        return False
    except Exception as error:  # noqa: BLE001 — of a plug-in
        SOURCES.leave_out(source, error)
        return False


def described_options(name: str) -> list[Parameter]:
    """Return the options of a source's loader with defaults, ranges and what each is for.

    Raises
    ------
    RecordingError
        When there is no source of that name, or the code of a plug-in raises.
    """
    load = source_module(name).load
    with SOURCES.blaming(name):
        return parameters_of(load, skip=NO_OPTIONS)


def check_options(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check the options of a source against its loader; see :func:`p300.arguments.check_arguments`.

    Raises
    ------
    RecordingError
        Naming the option that the loader does not have, whose type is wrong, or that does not go
        with another one.
    """
    load = source_module(name).load
    with SOURCES.blaming(name):
        checked = check_arguments(
            load,
            options,
            where=f"source {name}",
            error=RecordingError,
            skip=NO_OPTIONS,
        )
    try:
        group_arguments(load, checked)
    except RecordingError as error:
        raise RecordingError(f"source {name}: {error}") from error
    return checked


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
        File or folder; not used by sources that need no files.
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
    if module.INFO.from_files:
        if place is None:
            raise RecordingError(f"source {source!r} needs a path to a file or folder")
        check_regular(place)
        if not place.exists():
            raise RecordingError(
                f"{place}: no such file or folder (looked from {Path.cwd()}). {module.INFO.obtain}"
            )
    wanted = [str(subject) for subject in subjects] if subjects is not None else None
    with SOURCES.blaming(source):
        recordings: Iterator[Recording] = iter(
            module.load(
                place,
                dataset=dataset or source,
                subjects=wanted,
                **group_arguments(module.load, options),
            )
        )
    return _readable(recordings, source, place)


def _readable(
    recordings: Iterator[Recording], source: str, place: Path | None
) -> Iterator[Recording]:
    """Turn a failure of the disk or of memory, or a file that may not be read, into our error."""
    import numpy as np

    while True:
        try:
            # Every recording is searched for NaN and infinite values when it is made.
            with np.errstate(invalid="ignore", over="ignore"), SOURCES.blaming(source):
                recording = next(recordings, None)
        except OSError as error:
            raise RecordingError(
                f"{error.filename or place}: cannot be read ({error.strerror or error})"
            ) from error
        except MemoryError as error:
            raise RecordingError(
                f"{place}: its recordings do not fit into the memory of this machine ({error})"
            ) from error
        if recording is None:
            return
        yield recording


def files_ending(path: Path, ending: str) -> list[Path]:
    """Return the files of a folder whose names end so, in any case; a file itself, if its does."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.name.lower().endswith(ending) and file.is_file()]


def natural_key(label: str) -> tuple[str, str]:
    """Key that sorts labels and names as people count: "run2" before "run10"."""
    return re.sub("[0-9]+", lambda number: number[0].zfill(30), label), label


def same_subject(wanted: str, found: str) -> bool:
    """Return whether two subject labels mean the same, leading zeros aside ("3" is "03")."""
    return (wanted.lstrip("0") or "0") == (found.lstrip("0") or "0")


def select_subjects(
    available: Sequence[str], wanted: Sequence[str] | None, where: str
) -> list[str]:
    """Return the available subjects that are wanted, in the order available.

    Raises
    ------
    RecordingError
        When a wanted subject is not available.
    """
    if wanted is None:
        return list(available)
    # Where "3" and "03" are two people, each is meant by its own label.
    meant = {
        w: {a for a in available if a == w} or {a for a in available if same_subject(w, a)}
        for w in wanted
    }
    if missing := [w for w in wanted if not meant[w]]:
        raise RecordingError(
            f"{where}: subjects {missing} not found, there are {list(available) or 'none'}"
        )
    return [a for a in available if any(a in own for own in meant.values())]


def select_places(
    available: Iterable[PlaceT], wanted: Sequence[str] | None, where: str
) -> list[PlaceT]:
    """Return the places of the wanted subjects in order, as :func:`natural_key` sorts.

    Parameters
    ----------
    available
        Subject, session and so on of each recording.
    wanted
        Subjects, None for all.
    where
        What was searched, for messages.

    Raises
    ------
    RecordingError
        When a wanted subject is not available.
    """
    places = sorted(available, key=lambda place: [natural_key(label) for label in place])
    chosen = select_subjects(list(dict.fromkeys(place[0] for place in places)), wanted, where)
    return [place for place in places if place[0] in chosen]
