"""Which streams of an XDF file are meant, and what the markers in one of them say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.recordings.flashes import flash_onsets
from p300.recordings.readers.xdfclock import even_clock
from p300.recordings.readers.xdffile import XdfStream


def eeg_like(streams: Sequence[XdfStream]) -> list[XdfStream]:
    """Return the streams that call themselves EEG, at a regular rate."""
    return [s for s in streams if s.kind.lower() == "eeg" and s.sfreq > 0]


def marker_like(streams: Sequence[XdfStream]) -> list[XdfStream]:
    """Return the streams of events at irregular times."""
    return [s for s in streams if s.sfreq == 0]


def fitting_streams(
    streams: Sequence[XdfStream],
    wanted: str | int | None,
    likely: Sequence[XdfStream],
    option: str,
    file: Path,
) -> list[XdfStream]:
    """Return the streams that an option names, or the likely ones; those without samples not.

    Parameters
    ----------
    streams
        All streams of the file.
    wanted
        Number, name, type or source id of a stream; None for the likely ones.
    likely
        Streams that may be meant where none is named.
    option, file
        For messages.

    Raises
    ------
    RecordingError
        When none is left.
    """
    fitting = list(likely) if wanted is None else _named(streams, wanted)
    filled = [stream for stream in fitting if stream.n_samples]
    if not filled:
        problem = "none that fits has samples" if fitting else "none fits"
        others = [stream for stream in streams if (stream.sfreq > 0) == (option == "eeg")]
        raise RecordingError(in_doubt(streams, problem, option, others, file))
    return filled


def choose_stream(
    streams: Sequence[XdfStream],
    wanted: str | int | None,
    likely: Sequence[XdfStream],
    option: str,
    file: Path,
) -> XdfStream:
    """Return the only one of :func:`fitting_streams`; parameters and errors as there."""
    found = fitting_streams(streams, wanted, likely, option, file)
    if len(found) > 1:
        raise RecordingError(in_doubt(streams, "several fit", option, found, file))
    return found[0]


def in_doubt(
    streams: Sequence[XdfStream],
    problem: str,
    option: str,
    possible: Sequence[XdfStream],
    file: Path,
) -> str:
    """Return the message that a stream is in doubt, with the options that would say which."""
    ways = " or ".join(f"{option}={s.number}" for s in possible if s.n_samples)
    listed = "; ".join(map(str, streams)) or "none"
    return (
        f"{file}: streams {listed} found, {problem}; name one by number, name, type or source id "
        f"with the option '{option}'{ways and f': {ways}'}"
    )


def _named(streams: Sequence[XdfStream], wanted: str | int) -> list[XdfStream]:
    by_number = [stream for stream in streams if str(stream.number) == str(wanted)]
    by_name = [s for s in streams if str(wanted) in (s.name, s.kind, s.source_id)]
    return (by_number or by_name) if isinstance(wanted, int) else (by_name or by_number)


def read_texts(
    content: dict[str, Any], stream: XdfStream, file: Path
) -> tuple[npt.NDArray[np.float64], list[list[str]]]:
    """Return the times of the markers of a stream, and what each channel says at them.

    In a stream at a regular rate a marker is where a channel changes to another value than 0.

    Parameters
    ----------
    content
        The stream as :func:`~p300.recordings.readers.xdffile.read_streams` gives it.
    stream
        Its header.
    file
        For messages.

    Returns
    -------
    times
        [marker], s.
    texts
        [channel][marker]; 2.0 is "2".
    """
    times, series = content["time_stamps"], content["time_series"]
    if stream.sfreq > 0 and stream.sample_type != "string":
        onsets = _changes(np.asarray(series))
        clock = even_clock(times, stream.sfreq, f"{file}: stream {stream}")
        times, series = clock.times[onsets], series[onsets]
    return times, [[_text(row[k]) for row in series] for k in range(stream.n_channels)]


def _changes(series: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the samples at which any channel changes to another value than 0."""
    return np.unique(np.concatenate([flash_onsets(channel) for channel in series.T]))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    number = float(value)
    # Whole numbers in full: two of seven digits must not become one.
    return f"{int(value)}" if number.is_integer() else f"{number:g}"
