"""Recordings of the lab streaming layer (LSL) as XDF: a stream of EEG and one of markers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import XDF
from p300.recordings.marks import NOTHING_SAID, Kinds, Marks, MarksNotToldError, Usual, list_marks
from p300.recordings.places import SubjectPattern, place_files, search_folder
from p300.recordings.plausible import FEWEST, FEWEST_NAMED, SHARE, is_plausible
from p300.recordings.readers.xdfclock import BREAK, EXPORT, Clock, even_clock, span
from p300.recordings.readers.xdffile import XdfStream, read_stream_headers, read_streams
from p300.recordings.readers.xdfsignal import read_volts
from p300.recordings.readers.xdfstreams import (
    choose_stream,
    eeg_like,
    fitting_streams,
    in_doubt,
    marker_like,
    read_texts,
)
from p300.recordings.recording import Recording, build_recording
from p300.recordings.registry import files_ending

if TYPE_CHECKING:
    import pandas as pd

INFO = replace(XDF, folders=True, endings=(".xdf",), contained=True)

_RATES = (32.0, 1e5)
# Share by which the real rate may differ from the stated one: beyond the first it is said, beyond
# the second an epoch of 0.65 s would be a sample longer or shorter, and the real rate is taken.
_RATE_SAID, _RATE_TAKEN = 1e-3, 1e-2
_NEEDED = (
    f". A guess by the words 'target' and 'nontarget' needs {FEWEST_NAMED} of each, one by 1 and 2 "
    f"{FEWEST} of each, with {100 * SHARE[0]:g} to {100 * SHARE[1]:g} % targets"
)
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
    channels: Channels = NO_CHANGES,
    marks: Marks = NOTHING_SAID,
) -> Iterator[Recording]:
    """Yield one recording a file.

    The marks are the texts of the markers. Where the options do not tell their kinds, flashes have
    the word "target" or "nontarget" ("non-target", "NonTarget") in them; or all markers are "1"
    (non-target) and "2" (target); enough of each kind, and at most half of them targets. A number
    at the end is the flash code, unless it is the whole mark. A flash belongs to the nearest
    sample. Breaks of the EEG divide a recording into segments; clocks that jump back, or that the
    streams do not share, are errors.

    Parameters
    ----------
    path
        One ``.xdf`` file, or a folder of them.
    dataset
        Name of the data set.
    subjects
        Subjects wanted; by default all found.
    subject
        Regular expression with the named groups subject, session and run that tells them from the
        paths of the files, below ``path``; the last two may be missing. By default the files or
        their names tell.
    eeg, markers
        Number, name, type or source id of the streams; needed only where a file has several of type
        EEG, or several of events of which not just one has targets and non-targets. Streams without
        samples do not count.
    channels, marks
        See :class:`~p300.recordings.channels.Channels` and :class:`~p300.recordings.marks.Marks`.

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
    layout = marks.matrix()
    for file, place in place_files(files, subjects, path, subject):
        streams = read_stream_headers(file)
        signal_stream = choose_stream(streams, eeg, eeg_like(streams), "eeg", file)
        possible = fitting_streams(streams, markers, marker_like(streams), "markers", file)
        _check_rate(signal_stream, file)
        signal, *events = read_streams(file, [signal_stream, *possible])
        clock = even_clock(signal["time_stamps"], signal_stream.sfreq, f"{file}: the EEG")
        tables = {
            stream: read_marks(content, stream, clock, file)
            for stream, content in zip(possible, events, strict=True)
        }
        shown = _choose_markers(tables, marks, streams, file)
        inside = _check_clocks(shown, clock, file)
        flashes = marks.flashes(inside, str(file), usual=_as_told(inside), usual_code=_CODE_AT_END)
        data, names = read_volts(signal, channels, file)
        recording = build_recording(
            data,
            names,
            _rate(signal_stream, clock, file),
            flashes,
            dataset=dataset,
            **asdict(place),
            layout=layout,
            source=str(file),
            segment_starts=clock.starts,
            montage=channels.montage,
        )
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


def read_marks(
    content: dict[str, Any], stream: XdfStream, clock: Clock, file: Path
) -> list[pd.DataFrame]:
    """Return the markers of each channel of a stream, in the order of the file.

    Parameters
    ----------
    content, stream
        The stream as it was read, and its header.
    clock
        Of the EEG.
    file
        For messages.

    Returns
    -------
    Tables with the columns ``time`` (s), ``sample`` (-1 where no EEG was recorded) and ``mark``,
    the text.
    """
    import pandas as pd

    times, channels = read_texts(content, stream, file)
    samples = clock.nearest(times)
    return [
        pd.DataFrame({"time": times, "sample": samples, "mark": pd.Series(texts, dtype="str")})
        for texts in channels
    ]


def _choose_markers(
    tables: Mapping[XdfStream, list[pd.DataFrame]],
    marks: Marks,
    streams: Sequence[XdfStream],
    file: Path,
) -> pd.DataFrame:
    """Return the markers that are flashes, with their targets, of the one stream that has them."""
    told: dict[XdfStream, tuple[int, pd.DataFrame]] = {}
    failures: list[RecordingError] = []
    for stream, channels in tables.items():
        for channel, table in enumerate(channels):
            try:
                found = marks.tell(
                    table["mark"], str(file), usual=_usual_kinds, usual_code=_CODE_AT_END
                )
            except RecordingError as error:
                failures.append(error)
                continue
            shown = table.loc[found.index].assign(target=found["target"])
            told.setdefault(stream, (channel, shown))
    if len(tables) > 1 and len(told) != 1:
        doubt = in_doubt(streams, "several fit", "markers", list(told or tables), file)
        found_in = [f"{s.number} has {list_marks(own[0]['mark'])}" for s, own in tables.items()]
        raise RecordingError(f"{doubt}. Of the markers, stream {', stream '.join(found_in)}")
    if not told:
        ((first, *_),) = tables.values()
        guessed = marks.target is None and not _usual_kinds(first["mark"])
        message = f"{failures[0]}{_NEEDED if guessed else ''}"
        if isinstance(failures[0], MarksNotToldError):
            raise MarksNotToldError(message, failures[0].marks) from failures[0]
        raise RecordingError(message) from failures[0]
    ((stream, (channel, shown)),) = told.items()
    if len(tables) > 1 or channel > 0:
        warnings.warn(
            f"{file}: markers are taken from channel {channel + 1} of stream {stream}, the only "
            "one with flashes that can be told; name another stream with the option 'markers'",
            DataWarning,
            stacklevel=3,
        )
    return shown


def _as_told(shown: pd.DataFrame) -> Usual:
    """Return the kinds that were told, which those left out may have helped to tell."""
    kinds = dict(zip(shown["mark"], shown["target"], strict=True))
    return lambda _: kinds


def _usual_kinds(marks: pd.Series[str]) -> Kinds:
    """Tell targets from non-targets by 1 and 2, or by words, where there are enough of each."""
    counts = {str(mark): int(n) for mark, n in marks.value_counts().items()}
    if set(counts) == {"1", "2"}:
        kinds, fewest = {"1": False, "2": True}, FEWEST
    else:
        words = {mark: _by_word(mark) for mark in counts}
        kinds, fewest = {m: kind for m, kind in words.items() if kind is not None}, FEWEST_NAMED
    targets, others = (
        sum(counts[mark] for mark, own in kinds.items() if own is kind) for kind in (True, False)
    )
    return kinds if is_plausible(targets, others, fewest) else {}


def _by_word(text: str) -> bool | None:
    word = re.search(r"(?:^|[^a-z])(non[-_ ]?)?targets?(?![a-z])", text.lower())
    return None if word is None else word[1] is None


def _check_clocks(shown: pd.DataFrame, clock: Clock, file: Path) -> pd.DataFrame:
    """Return the flashes that have EEG; refuse those on another clock, warn of those without."""
    inside = shown[shown["sample"] >= 0]
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
    return inside
