"""Recordings of EGI's Net Station, written by mffpy."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

START = datetime(2020, 1, 2, 12, tzinfo=UTC)
CAP = "HydroCel GSN 32 1.0"


def write(
    path: Path,
    signal: npt.NDArray[np.float64],
    rate: int,
    events: Iterable[tuple[int, str]],
    *,
    pause: tuple[int, float] | None = None,
) -> None:
    """Write a signal in microvolts, [33 channels, sample], and (sample, code) of its events.

    ``pause`` is the sample before which the recording stopped, and for how many seconds.
    """
    from mffpy.writer import BinWriter, Writer

    writer, binary = Writer(str(path)), BinWriter(sampling_rate=rate)
    values = np.ascontiguousarray(signal, dtype=np.float32)
    if pause is None:
        binary.add_block(values)
    else:
        at, seconds = pause
        binary.add_block(np.ascontiguousarray(values[:, :at]))
        binary.add_block(np.ascontiguousarray(values[:, at:]), offset_us=round(1e6 * seconds))
    writer.addbin(binary)
    writer.addxml("fileInfo", recordTime=START)
    writer.add_coordinates_and_sensor_layout(CAP)
    listed = [
        {
            "beginTime": START + timedelta(microseconds=round(1e6 * sample / rate)),
            "duration": 1,
            "code": code,
        }
        for sample, code in events
    ]
    writer.addxml(
        "eventTrack", filename="Events_ECI.xml", name="ECI", trackType="EVNT", events=listed
    )
    writer.write()
