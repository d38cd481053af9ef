"""Recordings of the lab streaming layer (LSL) as XDF: a stream of EEG and one of markers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.ranges import Positive
from p300.recordings.flashes import check_codes, make_flash_table
from p300.recordings.layout import Layout
from p300.recordings.montage import choose_electrodes
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.readers.xdffile import XdfStream, read_stream_headers, read_streams
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import SourceInfo, files_ending

if TYPE_CHECKING:
    import pandas as pd

INFO = SourceInfo(
    title="XDF: recordings of the lab streaming layer, a stream of EEG and one of markers",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="labels of the EEG stream; the option 'electrodes' names them",
    sfreq="as the EEG stream states",
    licence="your own",
    citation=(
        "Kothe C, Shirazi SY, Stenner T, Medine D, Boulay C, Grivich MI, Artoni F, Mullen T, "
        "Delorme A, Makeig S (2025). The lab streaming layer for synchronized multimodal "
        "recording. Imaging Neuroscience 3:IMAG.a.136. doi:10.1162/IMAG.a.136"
    ),
    obtain=(
        "Put the .xdf files of LabRecorder into one folder. Each has a stream of EEG and one of "
        "markers that tell targets from non-targets, such as 'target' and 'nontarget'"
    ),
    folders=True,
    endings=(".xdf",),
)

_RATES = (32.0, 1e5)
_VOLTS = {
    **dict.fromkeys(["v", "volt", "volts"], 1.0),
    **dict.fromkeys(["mv", "millivolt", "millivolts"], 1e-3),
    **dict.fromkeys(["uv", "µv", "μv", "microvolt", "microvolts"], 1e-6),
    **dict.fromkeys(["nv", "nanovolt", "nanovolts"], 1e-9),
}
# A bare number, such as 2, -1 or 1e+06, is a kind of flash, not a code.
_CODE_AT_END = r"(?s)^(?![-+]?[\d.]+(?:e[-+]?\d+)?$).*?(\d+)\W*$"


def recognise(path: Path) -> dict[str, Any] | None:
    """Return by its streams whether a file, or one of a folder, has EEG and markers."""
    return {} if any(map(_has_flashes, files_ending(path, ".xdf"))) else None


def _has_flashes(file: Path) -> bool:
    try:
        streams = read_stream_headers(file)
    except (RecordingError, OSError):
        return False
    return bool(_eeg_like(streams) and _marker_like(streams))


def _eeg_like(streams: Sequence[XdfStream]) -> list[XdfStream]:
    return [s for s in streams if s.kind.lower() == "eeg" and s.sfreq > 0]


def _marker_like(streams: Sequence[XdfStream]) -> list[XdfStream]:
    return [s for s in streams if s.sfreq == 0]


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    eeg: str | None = None,
    markers: str | None = None,
    target: Sequence[str] | None = None,
    nontarget: Sequence[str] | None = None,
    code: str | None = None,
    electrodes: Sequence[str] | None = None,
    drop: Sequence[str] | None = None,
    layout: Sequence[str | Sequence[str]] | None = None,
    microvolts_per_unit: Positive | None = None,
) -> Iterator[Recording]:
    """Yield one recording a file.

    Markers are flashes where they have the word "target" or "nontarget" ("non-target",
    "NonTarget") in them, a number at the end is the flash code; or where all markers are "1"
    (non-target) and "2" (target). ``target`` and ``nontarget`` name other texts. A flash belongs to
    the nearest sample. Breaks of the EEG divide a recording into segments.

    Parameters
    ----------
    path
        One ``.xdf`` file, or a folder of them.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        A :data:`~p300.recordings.places.SubjectPattern`: a regular expression with the named groups
        subject, session and run that tells them from the paths of the files, below ``path``.
    eeg, markers
        Name or type of the streams; needed only where a file has several of type EEG, or several
        of events.
    target, nontarget
        The markers, in full, that mean a target and a non-target flash.
    code
        Regular expression whose first group is the flash code, such as ``"code=([0-9]+)"``.
    electrodes
        Names of the channels, in the order of the stream and without those dropped. By default
        the stream's labels, or EEG1, EEG2 and so on where it has none.
    drop
        Channels that are no EEG. Those that the stream itself calls otherwise are left out.
    layout
        Rows of the stimulus matrix, such as ``["ABCDEF", ...]``, whose columns have the flash
        codes 1 to n and whose rows the codes after them; None where it is unknown.
    microvolts_per_unit
        Size of the stream's unit; by default as the stream says, or 1 where it does not.

    Raises
    ------
    RecordingError
        When a file cannot be read, its streams or markers are in doubt, or the content cannot be
        a recording.
    """
    files = [path]  # whatever it is called
    if path.is_dir():
        files = search_folder(path, lambda folder: files_ending(folder, ".xdf"))
    if not files:
        raise RecordingError(f"{path}: no .xdf files here. {INFO.obtain}")
    matrix = None if layout is None else Layout.row_column(layout)
    if (target is None) != (nontarget is None):
        raise RecordingError(f"{path}: give both options 'target' and 'nontarget', or none of them")
    for file, place in place_files(files, subjects, path, subject):
        streams = read_stream_headers(file)
        signal_stream = _choose(streams, eeg, _eeg_like(streams), "eeg", file)
        marker_stream = _choose(streams, markers, _marker_like(streams), "markers", file)
        _check_rate(signal_stream, file)
        signal, events = read_streams(file, [signal_stream, marker_stream])
        flashes = _read_flashes(_texts(events), events, signal, (target, nontarget), code, file)
        data, names = _read_signal(signal, drop, electrodes, microvolts_per_unit, file)
        recording = build_recording(
            data,
            names,
            signal_stream.sfreq,
            flashes,
            dataset=dataset,
            **asdict(place),
            layout=matrix,
            source=str(file),
            segment_starts=[int(first) for first, _ in signal["info"]["segments"]],
            unnamed=electrodes is None,
        )
        if matrix is not None:
            check_codes(recording.flashes, matrix, str(file))
        yield recording


def _choose(
    streams: Sequence[XdfStream],
    wanted: str | None,
    likely: Sequence[XdfStream],
    option: str,
    file: Path,
) -> XdfStream:
    """Choose a stream by name or type, or the only likely one."""
    found = likely if wanted is None else [s for s in streams if wanted in (s.name, s.kind)]
    if len(found) != 1:
        problem = "several fit" if found else "none fits"
        raise RecordingError(
            f"{file}: streams {', '.join(map(str, streams)) or 'none'} found, {problem}; name one "
            f"with the option '{option}'"
        )
    return found[0]


def _check_rate(stream: XdfStream, file: Path) -> None:
    if not _RATES[0] <= stream.sfreq <= _RATES[1] or stream.sample_type == "string":
        raise RecordingError(
            f"{file}: stream {stream} at {stream.sfreq:g} Hz found, expected EEG at a rate of "
            f"{_RATES[0]:g} to {_RATES[1]:g} Hz"
        )


def _read_signal(
    signal: dict[str, Any],
    drop: Sequence[str] | None,
    electrodes: Sequence[str] | None,
    microvolts_per_unit: float | None,
    file: Path,
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return the signal in volts, [electrode, sample], and the names of its electrodes."""
    series = np.asarray(signal["time_series"], dtype=np.float64)
    if len(series) < 2:
        raise RecordingError(f"{file}: the EEG stream has {len(series)} samples, expected more")
    described = _channels(signal, series.shape[1])
    kinds = [str(channel.get("type") or "EEG").upper() for channel in described]
    labels = [str(channel.get("label") or "") for channel in described]
    if len(set(labels)) != len(labels) or "" in labels:
        labels = [f"EEG{k + 1}" for k in range(len(labels))]
    others = [label for label, kind in zip(labels, kinds, strict=True) if kind != "EEG"]
    named = choose_electrodes(
        labels, drop=[*others, *(drop or ())], electrodes=electrodes, source=str(file)
    )
    rows = [labels.index(label) for label in named]
    units = {str(described[row].get("unit") or "microvolts").lower() for row in rows}
    if microvolts_per_unit is None and (len(units) > 1 or not units <= set(_VOLTS)):
        raise RecordingError(
            f"{file}: EEG in {sorted(units)} found, expected one unit of volts; give the option "
            "'microvolts_per_unit'"
        )
    volts = _VOLTS[units.pop()] if microvolts_per_unit is None else 1e-6 * microvolts_per_unit
    return series[:, rows].T * volts, list(named.values())


def _channels(signal: dict[str, Any], n_channels: int) -> list[dict[str, str | None]]:
    """Return label, type and unit of each channel, as far as the stream describes them."""
    found: Any = signal["info"]
    for name in ("desc", "channels"):
        inner = found.get(name) if isinstance(found, dict) else None
        found = inner[0] if isinstance(inner, list) and inner else None
    listed = found.get("channel", []) if isinstance(found, dict) else []
    if len(listed) != n_channels:
        return [{} for _ in range(n_channels)]
    return [
        {key: value[0] for key, value in channel.items() if isinstance(value[0], str)}
        if isinstance(channel, dict)
        else {}
        for channel in listed
    ]


def _texts(events: dict[str, Any]) -> list[str]:
    """Return the first channel of a marker stream as text; 2.0 is "2"."""
    first = [row[0] for row in events["time_series"]]
    return [str(v).strip() if isinstance(v, str) else f"{float(v):g}" for v in first]


def _read_flashes(
    texts: list[str],
    events: dict[str, Any],
    signal: dict[str, Any],
    named: tuple[Sequence[str] | None, Sequence[str] | None],
    code: str | None,
    file: Path,
) -> pd.DataFrame:
    """Make the flash table of the markers."""
    import pandas as pd

    target = _targets(texts, named, file)
    shown = np.array([kind is not None for kind in target], dtype=bool)
    samples, inside = _nearest(events["time_stamps"], signal["time_stamps"])
    lost = shown & ~inside
    if lost.any():
        warnings.warn(
            f"{file}: {int(lost.sum())} of {int(shown.sum())} flashes are left out, no EEG was "
            "recorded when they were shown",
            DataWarning,
            stacklevel=3,
        )
    rows = np.flatnonzero(shown & inside)
    rows = rows[np.argsort(samples[rows], kind="stable")]
    known = [target[row] for row in rows]
    codes = _codes([texts[row] for row in rows], code or _CODE_AT_END, file)
    if code is not None and None in codes:
        raise RecordingError(
            f"{file}: marker {texts[rows[codes.index(None)]]!r} has no flash code like {code!r}"
        )
    if None in codes:
        return pd.DataFrame({"sample": samples[rows], "target": known})
    return make_flash_table(
        samples[rows],
        target=np.array(known, dtype=bool),
        code=np.array(codes, dtype=np.int64),
        flashes_a_repetition=len(set(codes)),
        where=str(file),
    )


def _targets(
    texts: list[str], named: tuple[Sequence[str] | None, Sequence[str] | None], file: Path
) -> list[bool | None]:
    """Return of each marker whether it is a target, a non-target, or None for no flash."""
    target, nontarget = named
    if target is not None and nontarget is not None:
        both = set(target) & set(nontarget)
        if both:
            raise RecordingError(f"{file}: markers {sorted(both)} are named target and non-target")
        kinds = {**dict.fromkeys(nontarget, False), **dict.fromkeys(target, True)}
        found = [kinds.get(text) for text in texts]
    elif set(texts) == {"1", "2"}:
        found = [text == "2" for text in texts]
    else:
        found = [_by_word(text) for text in texts]
    if not {True, False} <= set(found):
        raise RecordingError(
            f"{file}: markers {sorted(set(texts))[:10]} found, expected targets and non-targets "
            "among them; name them with the options 'target' and 'nontarget'"
        )
    return found


def _by_word(text: str) -> bool | None:
    word = re.search(r"(?:^|[^a-z])(non[-_ ]?)?targets?(?![a-z])", text.lower())
    return None if word is None else word[1] is None


def _codes(texts: list[str], pattern: str, file: Path) -> list[int | None]:
    """Read the flash codes in the markers, None where one has none."""
    try:
        found = [re.search(pattern, text) for text in texts]
        return [int(match[1]) if match and len(match[1]) < 10 else None for match in found]
    except (re.error, IndexError, ValueError, TypeError) as error:
        raise RecordingError(
            f"{file}: option 'code' is {pattern!r}, expected a regular expression with a group of "
            f"digits ({error})"
        ) from error


def _nearest(
    times: npt.NDArray[np.float64], clock: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the nearest sample to each time, and whether it is half a sample away at most."""
    if len(clock) < 2:
        return np.zeros(len(times), dtype=np.int64), np.zeros(len(times), dtype=bool)
    right = np.clip(np.searchsorted(clock, times), 1, len(clock) - 1)
    samples = np.where(times - clock[right - 1] < clock[right] - times, right - 1, right)
    inside = np.abs(clock[samples] - times) <= 0.6 * np.median(np.diff(clock))
    return samples.astype(np.int64), inside
