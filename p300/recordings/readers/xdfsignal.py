"""The signal of an EEG stream of an XDF file in volts, with the names of its electrodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError
from p300.recordings.channels import Channels

_VOLTS = {
    **dict.fromkeys(["v", "volt", "volts"], 1.0),
    **dict.fromkeys(["mv", "millivolt", "millivolts"], 1e-3),
    **dict.fromkeys(["uv", "µv", "μv", "microvolt", "microvolts"], 1e-6),
    **dict.fromkeys(["nv", "nanovolt", "nanovolts"], 1e-9),
}


def read_volts(
    signal: dict[str, Any], channels: Channels, file: Path
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return the signal in volts, [electrode, sample], and the names of its electrodes.

    Parameters
    ----------
    signal
        The stream as :func:`~p300.recordings.readers.xdffile.read_streams` gives it.
    channels
        Which are electrodes; those that the stream calls otherwise than EEG are not. Its labels
        are their names, EEG1, EEG2 and so on where it has none; its unit is microvolts where it
        says none.
    file
        For messages.

    Raises
    ------
    RecordingError
        When the unit is unknown, or channels and options do not fit together.
    """
    series = np.asarray(signal["time_series"], dtype=np.float64)
    electrodes = choose_electrodes(describe_channels(signal, series.shape[1]), channels, str(file))
    return electrodes.volts(series), list(electrodes.names)


@dataclass(frozen=True)
class ChannelAbout:
    """What a stream says of a channel; empty where it says nothing."""

    label: str = ""
    kind: str = ""
    unit: str = ""


@dataclass(frozen=True)
class StreamElectrodes:
    """The channels of a stream that are electrodes.

    Parameters
    ----------
    names
        Their names, [electrode].
    rows
        Which channels they are, [electrode].
    channels
        How their values become volts.
    unit
        Volts that 1 stands for, by the stream.
    """

    names: tuple[str, ...]
    rows: tuple[int, ...]
    channels: Channels
    unit: float

    def volts(self, series: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return samples in volts, [electrode, sample], of [sample, channel]."""
        return self.channels.volts(series[:, list(self.rows)].T, self.unit)


def choose_electrodes(
    described: Sequence[ChannelAbout], channels: Channels, where: str
) -> StreamElectrodes:
    """Return which channels of a stream are electrodes; parameters and errors as of read_volts."""
    kinds = [channel.kind.upper() or "EEG" for channel in described]
    labels = [channel.label for channel in described]
    if len(set(labels)) != len(labels) or "" in labels:
        labels = [f"EEG{k + 1}" for k in range(len(labels))]
    others = [label for label, kind in zip(labels, kinds, strict=True) if kind != "EEG"]
    named = channels.choose(labels, where, others)
    rows = tuple(labels.index(label) for label in named)
    units = {described[row].unit.lower() or "microvolts" for row in rows}
    if channels.microvolts_per_unit is None and (len(units) > 1 or not units <= set(_VOLTS)):
        raise RecordingError(
            f"{where}: EEG in {sorted(units)} found, expected one unit of volts; give the option "
            "'microvolts_per_unit'"
        )
    return StreamElectrodes(tuple(named.values()), rows, channels, _VOLTS.get(units.pop(), 1e-6))


def describe_channels(signal: dict[str, Any], n_channels: int) -> list[ChannelAbout]:
    """Return label, type and unit of each channel, as far as the stream describes them."""
    found: Any = signal["info"]
    for name in ("desc", "channels"):
        inner = found.get(name) if isinstance(found, dict) else None
        found = inner[0] if isinstance(inner, list) and inner else None
    listed = found.get("channel", []) if isinstance(found, dict) else []
    if len(listed) != n_channels:
        return [ChannelAbout()] * n_channels
    return [
        ChannelAbout(*(_said(channel, key) for key in ("label", "type", "unit")))
        for channel in listed
    ]


def _said(channel: Any, key: str) -> str:
    value = channel.get(key) if isinstance(channel, dict) else None
    return value[0] if isinstance(value, list) and isinstance(value[0], str) else ""
