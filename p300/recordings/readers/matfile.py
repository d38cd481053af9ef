"""MATLAB files: read what a loader names, and say plainly what is wrong with a file."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.guard import check_regular, guarded
from p300.recordings.readers.hdf5 import SIGNATURE
from p300.recordings.readers.mat5 import BYTE_ORDERS, HEADER_SIZE, check_elements

# What scipy calls the classes whose content is checked; the others are not read.
_KINDS = {
    "cell", "char", "double", "int8", "int16", "int32", "int64", "logical", "single", "struct",
    "uint8", "uint16", "uint32", "uint64",
}  # fmt: skip

Shapes = Mapping[str, tuple[int, ...]]
"""Variable name -> its dimensions."""


def check_mat(path: Path) -> None:
    """Check all of a MATLAB file that another library is going to read.

    Raises
    ------
    RecordingError
        When the file is not a MATLAB file of version 5 to 7.2, is damaged, or holds objects.
    """
    _check_header(path)
    _guarded(path, lambda: check_elements(path, objects=False))


def mat_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the variables of a MATLAB file with their dimensions, without reading their values.

    Raises
    ------
    RecordingError
        When the file is not a MATLAB file of version 5 to 7.2, or is damaged.
    """
    _check_header(path)
    state = path.stat()
    return dict(_shapes_of(path, (state.st_size, state.st_mtime_ns, state.st_ino)))


@lru_cache(maxsize=64)
def _shapes_of(path: Path, state: tuple[int, ...]) -> Shapes:  # noqa: ARG001  # of the key
    """Return the variables of a file, checked once: all sources that read .mat ask for them.

    Parameters
    ----------
    path
        The file.
    state
        Another one where the file is not the one that was checked.
    """
    from scipy.io import whosmat

    _guarded(path, lambda: check_elements(path))
    found = _guarded(path, lambda: whosmat(path, appendmat=False))
    return {name: tuple(int(n) for n in shape) for name, shape, kind in found if kind in _KINDS}


def read_mat(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """Read named variables of a MATLAB file that :func:`mat_shapes` accepted.

    Parameters
    ----------
    path
        The file.
    names
        Variables wanted; those that the file lacks are left out.

    Returns
    -------
    Arrays with MATLAB's dimensions (at least two); a struct of one element is a dictionary, one of
    several a list of them, and a cell array a list.

    Raises
    ------
    RecordingError
        When the file is not a MATLAB file of version 5 to 7.2, or is damaged.
    """
    from scipy.io import loadmat, whosmat

    _check_header(path)
    known = {name: kind for name, _, kind in _guarded(path, lambda: whosmat(path, appendmat=False))}
    wanted = [name for name in names if known.get(name) in _KINDS]
    found = _guarded(path, lambda: loadmat(path, appendmat=False, variable_names=wanted))
    return {name: _plain(found[name]) for name in wanted if name in found}


def find_mat_files(
    path: Path, *, holds: Callable[[Shapes], bool], expected: str
) -> list[tuple[Path, Shapes]]:
    """Find the MATLAB files of a source by what they hold; their names may be anything.

    Parameters
    ----------
    path
        A file, or a folder whose ``.mat`` files (any case) are looked at.
    holds
        Tells from the variables of a file whether it belongs to the source.
    expected
        Words for what a file of the source holds.

    Returns
    -------
    The files with their variables, sorted by name.

    Raises
    ------
    RecordingError
        When there is no such file, or a ``.mat`` file cannot be read.

    Warns
    -----
    DataWarning
        For every ``.mat`` file of the folder that holds something else.
    """
    if not path.exists():
        raise RecordingError(f"{path}: no such file or folder, expected {expected}")
    files = [path]
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() == ".mat")
        if not files:
            raise RecordingError(f"{path}: no .mat files in this folder, expected {expected}")
    chosen: list[tuple[Path, Shapes]] = []
    for file in files:
        shapes = mat_shapes(file)
        if holds(shapes):
            chosen.append((file, shapes))
        elif path.is_dir():
            warnings.warn(
                f"{file}: left out, it holds {_list(shapes)}, expected {expected}",
                DataWarning,
                stacklevel=3,
            )
    if not chosen:
        found = f" ({_list(shapes)} found)" if path.is_file() else ""
        raise RecordingError(f"{path}: nothing of this source here{found}, expected {expected}")
    return chosen


def recognise_mat(path: Path, holds: Callable[[Shapes], bool]) -> bool:
    """Return whether a file, or a file of a folder, is a MATLAB file of a source; never raises.

    Parameters
    ----------
    path
        A file, or a folder whose ``.mat`` files (any case) are looked at.
    holds
        As in :func:`find_mat_files`.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return any(
        file.suffix.lower() == ".mat"
        and (shapes := _shapes_or_none(file)) is not None
        and holds(shapes)
        for file in files
    )


def _shapes_or_none(file: Path) -> Shapes | None:
    try:
        return mat_shapes(file)
    except (RecordingError, OSError):
        return None


def check_shape(
    shape: Sequence[int], expected: Sequence[int | None], *, axes: str, where: str
) -> None:
    """Refuse an array of unexpected dimensions.

    Parameters
    ----------
    shape
        What was found.
    expected
        Length of each axis, None for any but zero.
    axes
        The axes in words, for the message.

    Raises
    ------
    RecordingError
        Naming both; it says so when the axes are merely in another order.
    """
    fits = len(shape) == len(expected) and all(
        n > 0 if wanted is None else n == wanted for n, wanted in zip(shape, expected, strict=True)
    )
    if not fits:
        known = [n for n in expected if n is not None]
        swapped = len(shape) == len(expected) and all(n in shape for n in known)
        hint = "; the axes look swapped" if swapped and 0 not in shape else ""
        raise RecordingError(f"{where} has shape {tuple(shape)}, expected {axes}{hint}")


def numbers(value: Any, *, where: str) -> npt.NDArray[Any]:
    """Return a variable as an array of real numbers.

    Raises
    ------
    RecordingError
        When it is missing or anything else.
    """
    if value is None:
        raise RecordingError(f"{where} is missing, expected an array of numbers")
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        kind = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
        raise RecordingError(f"{where} is {kind}, expected an array of real numbers")
    return value


def texts(value: Any, *, where: str) -> list[str]:
    """Return the strings of a cell array or of a char array, a row each.

    Raises
    ------
    RecordingError
        When it is missing or anything else.
    """
    parts = [np.asarray(part) for part in (value if isinstance(value, list) else [value])]
    if value is None or any(part.dtype.kind != "U" for part in parts):
        raise RecordingError(f"{where} is {type(value).__name__}, expected texts")
    return [str(text).strip() for part in parts for text in part.reshape(-1)]


def state_vector(value: Any, n_samples: int, *, where: str) -> npt.NDArray[np.int64]:
    """Return a stimulus channel, one whole number a sample.

    Raises
    ------
    RecordingError
        When it has another length or holds fractions.
    """
    found = numbers(value, where=where)
    if found.size != n_samples:
        raise RecordingError(
            f"{where} has {found.size} values of shape {found.shape}, "
            f"expected one for each of {n_samples} samples"
        )
    flat = found.ravel()
    if not (np.isfinite(flat).all() and (flat == np.round(flat)).all()):
        raise RecordingError(f"{where} holds NaN or fractions, expected whole numbers")
    return flat.astype(np.int64)


def _check_header(path: Path) -> None:
    """Describe other formats apart by the first 128 bytes, before scipy guesses."""
    check_regular(path)
    if not path.is_file():
        raise RecordingError(f"{path}: no such file, expected a MATLAB file")
    with path.open("rb") as file:
        header = file.read(HEADER_SIZE)
    if not header:
        raise RecordingError(f"{path}: the file is empty, expected a MATLAB file")
    if header.startswith((SIGNATURE, b"MATLAB 7.3")):
        raise RecordingError(
            f"{path}: MATLAB 7.3 (HDF5) file found, expected version 5 to 7.2; "
            "save it again in MATLAB or Octave with save(..., '-v7')"
        )
    # A zero in front stands for version 4 to scipy, whatever follows.
    if header[124:128] not in BYTE_ORDERS or 0 in header[:4]:
        raise RecordingError(
            f"{path}: not a MATLAB file (it begins with {header[:16]!r}), expected version 5 "
            "to 7.2; was something else renamed, or a web page saved?"
        )


def _guarded(path: Path, read: Callable[[], Any]) -> Any:
    """Run a reader of scipy and turn its many failures into one."""
    from scipy.io.matlab import MatReadWarning

    def strict() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error", MatReadWarning)
            return read()

    return guarded(
        strict, path, reader="scipy", fault="the MATLAB file is damaged or cut short",
        advice="get it again from its source",
    )  # fmt: skip


def _plain(value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "VO":
        return value
    elements = value.reshape(-1)
    if value.dtype.names is None:
        return [_plain(element) for element in elements]
    structs = [{name: _plain(one[name]) for name in value.dtype.names} for one in elements]
    return structs[0] if len(structs) == 1 else structs


def _list(shapes: Shapes) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no variables"
