"""Names and positions of electrodes."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError

if TYPE_CHECKING:
    from mne.channels import DigMontage
    from mne.io import BaseRaw


_FEWEST = 3
"""Electrodes that must be left for a guess of channels to be of use."""


def standard_montage() -> DigMontage:
    """Return the standard 10-05 montage of electrode names and positions (in metres)."""
    import mne

    # MNE 1.13 renamed it after the head it was made on and warns about the old name.
    renamed = "colin27_1005" in mne.channels.get_builtin_montages()
    return mne.channels.make_standard_montage("colin27_1005" if renamed else "standard_1005")


@cache
def standard_positions() -> dict[str, npt.NDArray[np.float64]]:
    """Return the electrodes of the 10-05 system with their positions, [x, y, z] in metres."""
    positions: dict[str, npt.NDArray[np.float64]] = standard_montage().get_positions()["ch_pos"]
    return positions


def unplaced_electrodes(electrodes: Iterable[str]) -> list[str]:
    """Return the electrodes whose positions are unknown: the 10-05 system has no such names."""
    return [str(name) for name in electrodes if name not in standard_positions()]


def set_standard_montage(raw: BaseRaw, source: str, *, unnamed: bool) -> None:
    """Rename the channels to the standard spelling and set the positions of those known.

    Parameters
    ----------
    raw
        Changed in place.
    source
        The file, for messages.
    unnamed
        Whether names that the 10-05 system does not know are allowed, with a warning.

    Raises
    ------
    RecordingError
        When a name is unknown, or two name one electrode.
    """
    standard = {name.lower(): name for name in standard_positions()}
    unknown = [name for name in raw.ch_names if name.lower() not in standard]
    if unknown and not unnamed:
        near = difflib.get_close_matches(unknown[0].lower(), standard, n=1)
        hint = f" (is {unknown[0]!r} meant to be {standard[near[0]]!r}?)" if near else ""
        raise RecordingError(
            f"{source}: electrode names {unknown} found, expected names of the standard 10-05 "
            f"system such as Fz, Cz, PO7{hint}. Rename them, or drop channels that are not EEG"
        )
    if unknown:
        warnings.warn(
            f"{source}: electrodes {unknown} are no names of the 10-05 system, so that their "
            "positions are unknown and scalp maps are left out; if you know the names, give them "
            "with the option 'electrodes', in the order of the file (electrodes: [Fz, Cz, ...]); "
            "leave channels that are no EEG out with 'drop'",
            DataWarning,
            stacklevel=4,
        )
    mapping = {name: standard.get(name.lower(), name) for name in raw.ch_names}
    if len(set(mapping.values())) != len(mapping):
        raise RecordingError(f"{source}: electrode names {raw.ch_names} name one electrode twice")
    raw.rename_channels(mapping, verbose="error")
    on_missing = "ignore" if unnamed else "raise"
    raw.set_montage(standard_montage(), on_missing=on_missing, verbose="error")


def choose_electrodes(
    channels: Sequence[str],
    *,
    drop: Sequence[str] | None,
    electrodes: Sequence[str] | None,
    source: str,
) -> dict[str, str]:
    """Drop channels that are no EEG and name the others.

    Parameters
    ----------
    channels
        Names in the file, in its order.
    drop
        Those that are no EEG.
    electrodes
        Names of the others, in the order of the file; None keeps theirs.
    source
        The file, for messages.

    Returns
    -------
    Name in the file -> electrode name.

    Raises
    ------
    RecordingError
        When a channel to drop is not there, none is left, or the numbers of channels and
        electrodes differ.
    """
    missing = [name for name in drop or () if name not in channels]
    if missing:
        raise RecordingError(f"{source}: no channels {missing} to drop, there are {list(channels)}")
    kept = [name for name in channels if name not in (drop or ())]
    if not kept:
        raise RecordingError(f"{source}: no channels are left of {list(channels)}, expected EEG")
    if electrodes is None:
        return {name: name for name in kept}
    if len(electrodes) != len(kept):
        raise RecordingError(
            f"{source}: option 'electrodes' names {len(electrodes)} electrodes, the file has "
            f"{len(kept)} channels: {kept}; name each, or leave channels out with the option 'drop'"
        )
    return dict(zip(kept, electrodes, strict=True))


# Electrodes that others are referenced to: "EEG Fz-A1" is Fz, "F7-T3" is no single electrode.
_REFERENCES = {"a1", "a2", "m1", "m2"}


def guess_channels(channels: Sequence[str]) -> dict[str, Any]:
    """Guess which channels are electrodes where their names are not plain ones.

    Parameters
    ----------
    channels
        Names in the file, such as ``EEG Fz-REF``, ``Fp1.`` or ``EOG left``.

    Returns
    -------
    Options ``rename`` (name in the file -> electrode) and ``drop`` (channels in whose names there
    is no electrode, or two). Nothing where all names are plain, or where two channels would be one
    electrode or fewer than three electrodes be left: then the user must say.
    """
    standard = {name.lower(): name for name in standard_positions()}
    guessed = {channel: _guess_electrode(channel, standard) for channel in channels}
    electrodes = [name for name in guessed.values() if name is not None]
    if len(electrodes) < _FEWEST or len(set(electrodes)) < len(electrodes):
        return {}
    rename = {
        channel: name
        for channel, name in guessed.items()
        if name is not None and channel.lower() not in standard
    }
    drop = [channel for channel, name in guessed.items() if name is None]
    return ({"rename": rename} if rename else {}) | ({"drop": drop} if drop else {})


def _guess_electrode(channel: str, standard: Mapping[str, str]) -> str | None:
    if channel.lower() in standard:
        return standard[channel.lower()]
    found = [w for w in re.findall(r"[a-z]+[0-9]*", channel.lower()) if w in standard]
    measured = [word for word in found if word not in _REFERENCES]
    return standard[measured[0]] if len(measured) == 1 else None
