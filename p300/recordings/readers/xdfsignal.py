"""The signal of an EEG stream of an XDF file in volts, with the names of its electrodes."""

from __future__ import annotations

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
    described = _channels(signal, series.shape[1])
    kinds = [str(channel.get("type") or "EEG").upper() for channel in described]
    labels = [str(channel.get("label") or "") for channel in described]
    if len(set(labels)) != len(labels) or "" in labels:
        labels = [f"EEG{k + 1}" for k in range(len(labels))]
    others = [label for label, kind in zip(labels, kinds, strict=True) if kind != "EEG"]
    named = channels.choose(labels, file, others)
    rows = [labels.index(label) for label in named]
    units = {str(described[row].get("unit") or "microvolts").lower() for row in rows}
    if channels.microvolts_per_unit is None and (len(units) > 1 or not units <= set(_VOLTS)):
        raise RecordingError(
            f"{file}: EEG in {sorted(units)} found, expected one unit of volts; give the option "
            "'microvolts_per_unit'"
        )
    unit = _VOLTS.get(units.pop(), 1e-6)
    return channels.volts(series[:, rows].T, unit), list(named.values())


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
