"""When the records of EDF+D and BDF+D files were recorded, and what BioSemi's status channel says.

MNE reads such files as if nothing lay between their records, and leaves the times of their
annotations as they are. Kemp & Olivan, Clinical Neurophysiology 114:1755-1761, 2003: each record
begins with the time at which it starts.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.annotations import SEGMENT_EDGE, add_annotations
from p300.recordings.guard import guarded

if TYPE_CHECKING:
    import mne
    import pandas as pd
    from mne.io import BaseRaw

BAD_CMS = "BAD_CMS_out_of_range"
"""Marks where BioSemi's reference (CMS) was lost: what was recorded there is no EEG."""

_HEADER, _OF_EACH = 256, 216  # bytes; of the file, and of each channel before its samples a record
# Bits of BioSemi's status channel; the speed of the amplifier does not change while it records.
_NEW_EPOCH, _CMS, _SPEED = 1 << 16, 1 << 20, 1 << 17 | 1 << 18 | 1 << 19 | 1 << 21
_MARKS = ("edf annotations", "bdf annotations")
_TIME = re.compile(rb"([+-]\d+(?:\.\d*)?)\x14")
_MARK = re.compile(
    rb"([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?\x14([^\x00]*?)(\x14\x00|\x14$|\x00|$)"
)

# Seconds; who takes a bit for something else sets it more often than a recording can be stopped.
_LEAST_EPOCH = 1.0

Times = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Layout:
    """Where the samples of a file lie: ``channels`` are names, first byte and bytes in a record."""

    records: npt.NDArray[np.uint8]
    channels: tuple[tuple[str, int, int], ...]
    width: int
    seconds: float

    def find(self, *names: str) -> list[npt.NDArray[np.uint8]]:
        """Return the bytes of the channels of these names, each [record, byte]."""
        return [
            self.records[:, first : first + size]
            for name, first, size in self.channels
            if name.lower() in names and size
        ]


def is_discontinuous(file: Path) -> bool:
    """Return whether an EDF or BDF file says that time passes between its records."""
    if file.suffix.lower() not in (".edf", ".bdf"):
        return False
    with file.open("rb") as stream:
        return stream.read(_HEADER)[192:197] in (b"EDF+D", b"BDF+D")


def mend_annotations(raw: BaseRaw, file: Path) -> None:
    """Place the annotations of an EDF or BDF file, and mark where its recording was stopped.

    Parameters
    ----------
    raw
        As MNE opened it; changed in place.
    file
        Ends in ``.edf`` or ``.bdf``.

    Raises
    ------
    RecordingError
        When a record of a discontinuous file has no time, or an earlier one than those before it.

    Warns
    -----
    DataWarning
        With the number of annotations that lie where nothing was recorded, and of the stretches in
        which the reference was lost.
    """
    discontinuous = is_discontinuous(file)
    if not discontinuous and file.suffix.lower() != ".bdf":
        return
    layout = guarded(lambda: _read_layout(file), file)
    if discontinuous:
        _place_by_records(raw, layout, file)
    if layout.width == 3:
        _mark_status(raw, layout, file)


def _read_layout(file: Path) -> _Layout:
    with file.open("rb") as stream:
        header = stream.read(_HEADER)
    n_bytes, n_records, n_channels = int(header[184:192]), int(header[236:244]), int(header[252:])
    with file.open("rb") as stream:
        about = stream.read(n_bytes)[_HEADER:]
    width = 3 if header.startswith(b"\xff") else 2
    names = [about[16 * k : 16 * (k + 1)].decode("latin-1").strip() for k in range(n_channels)]
    counts = about[_OF_EACH * n_channels :]
    sizes = [width * int(counts[8 * k : 8 * (k + 1)]) for k in range(n_channels)]
    firsts = np.cumsum([0, *sizes])
    content = np.memmap(file, np.uint8, mode="r", offset=n_bytes)
    whole = len(content) // int(firsts[-1])
    n_records = whole if n_records < 0 else min(n_records, whole)
    records = content[: n_records * firsts[-1]].reshape(n_records, -1)
    channels = tuple(zip(names, firsts[:-1].tolist(), sizes, strict=True))
    return _Layout(records, channels, width, float(header[244:252]))


def _place_by_records(raw: BaseRaw, layout: _Layout, file: Path) -> None:
    """Give annotations the places in the signal that the times of the records give them."""
    starts = _read_times(layout, file)
    sfreq = float(raw.info["sfreq"])
    late = np.diff(starts) - layout.seconds
    back = np.flatnonzero(late < -0.5 / sfreq)
    if len(back):
        raise RecordingError(
            f"{file}: record {back[0] + 2} starts at {starts[back[0] + 1]:g} s, before the record "
            "before it ends; the file is damaged, or its records are not in order"
        )
    gaps = np.flatnonzero(late > 0.5 / sfreq) + 1
    marks = _read_marks(layout, file)
    inside = _put(raw, marks, starts, layout.seconds)
    if not inside.all():
        warnings.warn(
            f"{file}: {int((~inside).sum())} of {len(inside)} annotations lie where nothing was "
            f"recorded and are left out (first: {marks.description[~inside][0]!r} at "
            f"{marks.onset[~inside][0]:g} s)",
            DataWarning,
            stacklevel=5,
        )
    edges = gaps * layout.seconds
    add_annotations(raw, edges, np.zeros(len(gaps)), [SEGMENT_EDGE] * len(gaps))


def _put(
    raw: BaseRaw, marks: mne.Annotations, starts: Times, seconds: float
) -> npt.NDArray[np.bool_]:
    """Replace the annotations of a Raw by marks at times of the clock, of what was recorded.

    Returns
    -------
    Which marks were put, [mark]; stretches that begin in a gap and end after it are.
    """
    onset, inside = _place(marks.onset, starts, seconds)
    stop, _ = _place(marks.onset + marks.duration, starts, seconds)
    inside |= stop > onset
    raw.set_annotations(None)
    add_annotations(raw, onset[inside], (stop - onset)[inside], marks.description[inside])
    return inside


def place_annotations(raw: BaseRaw, marks: mne.Annotations, file: Path) -> None:
    """Replace the annotations of a recording with gaps by marks that lie beside it.

    Parameters
    ----------
    raw
        Changed in place, its own annotations too; see :func:`mend_annotations` for these.
    marks
        At seconds from the first sample by the clock. Those where nothing was recorded are left
        out.
    file
        An EDF or BDF file whose records are not continuous.

    Raises
    ------
    RecordingError
        As :func:`mend_annotations`.
    """
    layout = guarded(lambda: _read_layout(file), file)
    starts = _read_times(layout, file)
    _put(raw, marks, starts - starts[0], layout.seconds)


def _read_times(layout: _Layout, file: Path) -> Times:
    """Return the times at which the records start, in seconds as the file counts them."""
    channels = layout.find(*_MARKS)
    if not channels:
        raise RecordingError(
            f"{file}: discontinuous (EDF+D or BDF+D), but it has no channel of annotations, which "
            "would tell when its records start"
        )
    found = [_TIME.match(record.tobytes()) for record in channels[0]]
    if None in found:
        raise RecordingError(
            f"{file}: record {found.index(None) + 1} of {len(found)} does not begin with its time, "
            "as it must in a discontinuous file (EDF+D or BDF+D); it is damaged"
        )
    return np.array([float(one[1]) for one in found if one is not None])


def _read_marks(layout: _Layout, file: Path) -> mne.Annotations:
    """Return all annotations, at the times that the file gives them."""
    import mne

    found: list[tuple[float, float, str]] = []
    cut: list[int] = []
    # Record by record: where a writer cut a text off, the next record is another text.
    for record in (record for channel in layout.find(*_MARKS) for record in channel):
        for onset, duration, words, end in _MARK.findall(record.tobytes()):
            for word in filter(None, words.decode("utf-8", "replace").split("\x14")):
                cut += [] if end else [len(found)]
                found.append((float(onset), float(duration or 0), word))
    marks = _complete([word for _, _, word in found], cut, file)
    return mne.Annotations([mark[0] for mark in found], [mark[1] for mark in found], marks)


def _complete(marks: list[str], cut: list[int], file: Path) -> list[str]:
    """Complete texts that end with their record by the one mark that begins so, if there is one."""
    whole = {word for k, word in enumerate(marks) if k not in set(cut)}
    told = {}
    for word in sorted({marks[k] for k in cut} - whole):
        fits = [name for name in whole if name.startswith(word)]
        told[word] = fits[0] if len(fits) == 1 else word
    if told:
        taken = ", ".join(f"{word!r} for {name!r}" for word, name in told.items())
        warnings.warn(
            f"{file}: {sum(mark in told for mark in marks)} annotations are cut off at the end of "
            f"their record and are taken by how they begin: {taken}",
            DataWarning,
            stacklevel=6,
        )
    return [told.get(mark, mark) for mark in marks]


def _place(times: Times, starts: Times, seconds: float) -> tuple[Times, npt.NDArray[np.bool_]]:
    """Return where times lie in the signal, in seconds, and whether anything was recorded then."""
    record = np.maximum(0, np.searchsorted(starts, times + 1e-6, side="right") - 1)
    into = times - starts[record]
    placed: Times = record * seconds + np.clip(into, 0.0, seconds)
    return placed, (into > -1e-6) & (into < seconds)


def _mark_status(raw: BaseRaw, layout: _Layout, file: Path) -> None:
    """Mark where a BioSemi amplifier began a new epoch or had lost its reference."""
    stored = layout.find("status")
    if not stored:
        return
    parts = stored[-1].reshape(-1, 3)
    # The highest byte holds all that is asked for.
    high = parts[:, 2].astype(np.uint32) << 16
    if ((high ^ high[0]) & _SPEED).any():  # triggers of another amplifier
        return
    sfreq = stored[-1].shape[1] / 3 / layout.seconds
    begun = np.flatnonzero(np.diff(high & _NEW_EPOCH, prepend=_NEW_EPOCH) == _NEW_EPOCH) / sfreq
    if len(begun) > 1 and np.diff(begun).min() < _LEAST_EPOCH:
        begun = begun[:0]
    lost = (high & _CMS) == 0
    if lost.all():  # no amplifier that tells
        lost[:] = False
    ends = np.flatnonzero(np.diff(lost.astype(np.int8), prepend=0, append=0)) / sfreq
    first, last = ends[::2], ends[1::2]
    if len(first):
        warnings.warn(
            f"{file}: the reference (CMS) was out of range in {len(first)} stretches, "
            f"{(last - first).sum():.3g} s in all (first at {first[0]:.3g} s); they are marked as "
            f"{BAD_CMS}",
            DataWarning,
            stacklevel=4,
        )
    add_annotations(raw, first, last - first, [BAD_CMS] * len(first))
    add_annotations(raw, begun, np.zeros(len(begun)), [SEGMENT_EDGE] * len(begun))


def place_onsets(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return a table of events with onsets counted along the signal, where a file has gaps.

    Parameters
    ----------
    table
        Column ``onset``, if there is one: seconds from the first sample by the clock.
    file
        The recording; nothing changes but for EDF and BDF files whose records are not continuous.

    Raises
    ------
    RecordingError
        As :func:`mend_annotations`.

    Warns
    -----
    DataWarning
        That onsets after a gap were placed by the clock, and how many lie in a gap: their rows are
        left out.
    """
    import pandas as pd

    if "onset" not in table or not is_discontinuous(file):
        return table
    layout = guarded(lambda: _read_layout(file), file)
    starts = _read_times(layout, file)
    starts = starts - starts[0]
    onsets = pd.to_numeric(table["onset"], errors="coerce").to_numpy(dtype=np.float64)
    known = np.isfinite(onsets)
    placed, inside = _place(np.where(known, onsets, 0.0), starts, layout.seconds)
    moved = known & inside & (np.abs(placed - onsets) > 1e-6)
    lost = known & ~inside
    if moved.any() or lost.any():
        warnings.warn(
            f"{file}: its records are not continuous (EDF+D or BDF+D); {int(moved.sum())} onsets "
            "after a gap are placed by the clock, as the records are, and "
            f"{int(lost.sum())} in a gap are left out. Give the column 'sample' alone where onsets "
            "were counted along the signal",
            DataWarning,
            stacklevel=4,
        )
    placed_table: pd.DataFrame = table.assign(onset=np.where(known, placed, np.nan)).loc[~lost]
    return placed_table
