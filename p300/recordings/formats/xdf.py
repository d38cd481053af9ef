"""Recordings of the lab streaming layer (LSL) as XDF: a stream of EEG and one of markers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.ranges import Positive
from p300.recordings.flashes import check_codes, make_flash_table
from p300.recordings.layout import Layout
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.plausible import FEWEST, FEWEST_NAMED, SHARE, is_plausible
from p300.recordings.readers.xdfclock import BREAK, EXPORT, Clock, even_clock, span
from p300.recordings.readers.xdffile import XdfStream, read_stream_headers, read_streams
from p300.recordings.readers.xdfsignal import read_volts
from p300.recordings.readers.xdfstreams import (
    choose_stream,
    count_texts,
    eeg_like,
    fitting_streams,
    in_doubt,
    marker_like,
    read_texts,
)
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import SourceInfo, files_ending

if TYPE_CHECKING:
    import pandas as pd

    Times = npt.NDArray[np.float64]
    _Named = tuple[Sequence[str] | None, Sequence[str] | None]

INFO = SourceInfo(
    title="XDF: recordings of the lab streaming layer, a stream of EEG and one of markers",
    subjects="from the file names: sub-01_ses-1_run-2; or the option 'subject', or a guess",
    electrodes="labels of the EEG stream; the option 'electrodes' names them",
    sfreq="as the EEG stream states; as it is where that is more than 1 % off",
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
# Share by which the real rate may differ from the stated one: beyond the first it is said, beyond
# the second an epoch of 0.65 s would be a sample longer or shorter, and the real rate is taken.
_RATE_SAID, _RATE_TAKEN = 1e-3, 1e-2
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
    return bool(eeg_like(streams) and marker_like(streams))


def load(
    path: Path,
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    subject: SubjectPattern | None = None,
    eeg: str | int | None = None,
    markers: str | int | None = None,
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
    (non-target) and "2" (target). Both hold only with enough flashes of each kind and at most half
    of them targets. ``target`` and ``nontarget`` name other texts. A flash belongs to
    the nearest sample. Breaks of the EEG divide a recording into segments; clocks that jump back,
    or that the streams do not share, are errors.

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
        Number, name, type or source id of the streams; needed only where a file has several of type
        EEG, or several of events of which not just one has targets and non-targets. Streams without
        samples do not count.
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
        signal_stream = choose_stream(streams, eeg, eeg_like(streams), "eeg", file)
        possible = fitting_streams(streams, markers, marker_like(streams), "markers", file)
        _check_rate(signal_stream, file)
        signal, *events = read_streams(file, [signal_stream, *possible])
        clock = even_clock(signal["time_stamps"], signal_stream.sfreq, f"{file}: the EEG")
        found = dict(zip(possible, events, strict=True))
        times, texts, kinds = _choose_markers(found, (target, nontarget), file, streams)
        flashes = _make_flashes(read_marks(times, texts, clock), kinds, clock, code, file)
        data, names = read_volts(signal, drop, electrodes, microvolts_per_unit, file)
        recording = build_recording(
            data,
            names,
            _rate(signal_stream, clock, file),
            flashes,
            dataset=dataset,
            **asdict(place),
            layout=matrix,
            source=str(file),
            segment_starts=clock.starts,
            unnamed=electrodes is None,
        )
        if matrix is not None:
            check_codes(recording.flashes, matrix, str(file))
        yield recording


def _check_rate(stream: XdfStream, file: Path) -> None:
    if not _RATES[0] <= stream.sfreq <= _RATES[1] or stream.sample_type == "string":
        raise RecordingError(
            f"{file}: stream {stream} at {stream.sfreq:g} Hz found, expected EEG at a rate of "
            f"{_RATES[0]:g} to {_RATES[1]:g} Hz"
        )


def _rate(stream: XdfStream, clock: Clock, file: Path) -> float:
    """Return the rate that the stream states, or near the real one where that is another.

    Recordings of a study keep one rate: each has its own real one, by some parts in a thousand.
    """
    away, whole = clock.sfreq / stream.sfreq - 1, float(round(clock.sfreq))
    if abs(away) <= _RATE_SAID:
        return stream.sfreq
    near = whole if abs(whole / clock.sfreq - 1) <= _RATE_TAKEN else clock.sfreq
    taken = stream.sfreq if abs(away) <= _RATE_TAKEN else near
    if not _RATES[0] <= taken <= _RATES[1]:
        raise RecordingError(
            f"{file}: EEG stated at {stream.sfreq:g} Hz comes at {clock.sfreq:.6g} Hz by its time "
            f"stamps, expected {_RATES[0]:g} to {_RATES[1]:g} Hz"
        )
    warnings.warn(
        f"{file}: EEG stated at {stream.sfreq:g} Hz comes at {clock.sfreq:.6g} Hz by its time "
        f"stamps, {100 * away:+.2g} %; {taken:g} Hz is taken, flashes are at their samples",
        DataWarning,
        stacklevel=3,
    )
    return taken


def _choose_markers(
    possible: Mapping[XdfStream, dict[str, Any]],
    named: _Named,
    file: Path,
    streams: Sequence[XdfStream],
) -> tuple[Times, list[str], list[bool | None]]:
    """Return times, texts and kinds of the markers of the one stream that has both kinds."""
    told: dict[XdfStream, tuple[int, Times, list[str], list[bool | None]]] = {}
    every: list[str] = []
    for stream, content in possible.items():
        times, channels = read_texts(content, stream, file)
        every += channels[0]
        for channel, texts in enumerate(channels):
            kinds = _kinds(texts, named, file)
            if kinds is not None and stream not in told:
                told[stream] = channel, times, texts, kinds
    if len(told) > 1:
        raise RecordingError(in_doubt(streams, "several fit", "markers", list(told), file))
    if not told:
        problem = f"{file}: "
        if len(possible) > 1:
            problem = in_doubt(streams, "several fit", "markers", list(possible), file) + "; "
        raise RecordingError(
            f"{problem}markers {count_texts(every)} found, expected targets and non-targets among "
            f"them: words with 'target' and 'nontarget', {FEWEST_NAMED} of each at least, or 1 and "
            f"2, {FEWEST} of each, with {100 * SHARE[0]:g} to {100 * SHARE[1]:g} % targets; name "
            "them with the options 'target' and 'nontarget'"
        )
    ((stream, (channel, times, texts, kinds)),) = told.items()
    if len(possible) > 1 or channel > 0:
        warnings.warn(
            f"{file}: markers are taken from channel {channel + 1} of stream {stream}, the only "
            "one with targets and non-targets; name another stream with the option 'markers'",
            DataWarning,
            stacklevel=3,
        )
    return times, texts, kinds


def read_marks(times: Times, texts: Sequence[str], clock: Clock) -> pd.DataFrame:
    """Return the markers in the order of the file.

    Parameters
    ----------
    times
        [marker], s.
    texts
        [marker].
    clock
        Of the EEG.

    Returns
    -------
    Columns ``time``, ``sample`` (-1 where no EEG was recorded) and ``mark``, the text.
    """
    import pandas as pd

    return pd.DataFrame({"time": times, "sample": clock.nearest(times), "mark": list(texts)})


def _make_flashes(
    marks: pd.DataFrame, kinds: list[bool | None], clock: Clock, code: str | None, file: Path
) -> pd.DataFrame:
    """Make the flash table of the markers that are flashes."""
    import pandas as pd

    shown = marks.assign(target=pd.array(kinds, dtype="boolean")).dropna(subset="target")
    inside = shown[shown["sample"] >= 0]
    _check_clocks(shown, inside, clock, file)
    ordered = inside.sort_values("sample", kind="stable")
    texts, samples = list(ordered["mark"]), ordered["sample"].to_numpy()
    target = ordered["target"].to_numpy(dtype=bool)
    codes = _codes(texts, code or _CODE_AT_END, file)
    if code is not None and None in codes:
        raise RecordingError(
            f"{file}: marker {texts[codes.index(None)]!r} has no flash code like {code!r}"
        )
    if None in codes:
        return pd.DataFrame({"sample": samples, "target": target})
    return make_flash_table(
        samples,
        target=target,
        code=np.array(codes, dtype=np.int64),
        flashes_a_repetition=len(set(codes)),
        where=str(file),
    )


def _check_clocks(shown: pd.DataFrame, inside: pd.DataFrame, clock: Clock, file: Path) -> None:
    """Refuse flashes on another clock than the EEG's; warn of those without EEG."""
    lost = len(shown) - len(inside)
    ranges = f"the EEG is stamped {span(clock.times)}, the flashes {span(shown['time'].to_numpy())}"
    if lost > len(inside):
        raise RecordingError(
            f"{file}: no EEG was recorded at {lost} of {len(shown)} flashes: {ranges}. Unless "
            "EEG was missing then, the two have different clocks: let both programs stamp with "
            f"local_clock() of LSL, or {EXPORT}"
        )
    if lost:
        warnings.warn(
            f"{file}: {lost} of {len(shown)} flashes are left out, no EEG was recorded when they "
            f"were shown ({ranges})",
            DataWarning,
            stacklevel=4,
        )
    times = inside["time"].to_numpy()
    back = np.flatnonzero(np.diff(times) < -BREAK)
    if len(back):
        before, after = times[: back[0] + 1], times[back[0] + 1 :]
        raise RecordingError(
            f"{file}: the clock of the markers jumps back by {before[-1] - after[0]:.3f} s at "
            f"marker {inside.index[back[0] + 1] + 1}: flashes are stamped {span(before)} before "
            f"it, {span(after)} from there on; {EXPORT}"
        )


def _kinds(texts: list[str], named: _Named, file: Path) -> list[bool | None] | None:
    """Return of each marker whether it is a target, a non-target, or None for no flash.

    None for all where they are not to be told.
    """
    target, nontarget = named
    if target is not None and nontarget is not None:
        both = set(target) & set(nontarget)
        if both:
            raise RecordingError(f"{file}: markers {sorted(both)} are named target and non-target")
        kinds = {**dict.fromkeys(nontarget, False), **dict.fromkeys(target, True)}
        found = [kinds.get(text) for text in texts]
        return found if {True, False} <= set(found) else None
    if set(texts) == {"1", "2"}:
        found, fewest = [text == "2" for text in texts], FEWEST
    else:
        found, fewest = [_by_word(text) for text in texts], FEWEST_NAMED
    return found if is_plausible(found.count(True), found.count(False), fewest) else None


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
