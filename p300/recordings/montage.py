"""Positions of electrodes: the standard 10-05 system, MNE's montages, files of positions."""

from __future__ import annotations

import difflib
import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from p300.errors import RecordingError
from p300.recordings.guard import check_regular, guarded

if TYPE_CHECKING:
    from mne import BaseEpochs
    from mne.channels import DigMontage
    from mne.io import BaseRaw

Position = tuple[float, float, float]
"""x, y, z of an electrode in metres: head coordinates, x to the right ear, y to the nose, z up."""

FARTHEST = 0.17
"""Metres; no electrode of a head of 13 cm radius, centred 4 cm above the ears, is farther off."""

NEAREST = 0.04
"""Metres; electrodes of a head of 7 cm radius are not nearer to the middle of the ears."""

_FILES = (
    ".bvef", ".csd", ".csv", ".elc", ".eloc", ".elp", ".hpts", ".loc", ".locs", ".sfp", ".tsv",
    ".txt", ".xyz",
)  # fmt: skip

# MNE 1.13 renamed those made on one head after that head; the old names warn, then go.
_RENAMED = ("standard_", "colin27_")


def builtin_montages() -> list[str]:
    """Return the names of the EEG montages that MNE brings."""
    import mne

    described = mne.channels.get_builtin_montages(descriptions=True)
    return [name for name, about in described if "fNIRS" not in about]


def standard_montage() -> DigMontage:
    """Return the standard 10-05 montage of electrode names and positions (in metres)."""
    return _make_montage("colin27_1005")


def _make_montage(name: str) -> DigMontage:
    import mne

    return mne.channels.make_standard_montage(_present_name(name) or name)


def _present_name(wanted: str) -> str | None:
    """Return what the installed MNE calls a montage, in any case and by either of two names."""
    there = {name.lower(): name for name in builtin_montages()}
    old, new = _RENAMED
    tried = (wanted.lower(), wanted.lower().replace(old, new), wanted.lower().replace(new, old))
    return next((there[name] for name in tried if name in there), None)


@cache
def standard_positions() -> dict[str, Position]:
    """Return the electrodes of the 10-05 system with their positions in head coordinates."""
    return positions_of(standard_montage(), "the 10-05 system")


def positions_of(montage: DigMontage, source: str) -> dict[str, Position]:
    """Return the positions of a montage in head coordinates, of the electrodes that have one.

    Parameters
    ----------
    montage
        In any frame of coordinates that has the nasion and both ears; without these its
        coordinates are taken for those of the head.
    source
        For messages.

    Warns
    -----
    DataWarning
        Where a fiducial point is missing.
    """
    from mne.channels.montage import transform_to_head

    places = guarded(lambda: transform_to_head(montage.copy()), source).get_positions()["ch_pos"]
    return {
        str(name): as_position(place) for name, place in places.items() if np.isfinite(place).all()
    }


def as_position(place: Sequence[float]) -> Position:
    """Return three coordinates as plain numbers."""
    x, y, z = (float(value) for value in place[:3])
    return x, y, z


def raw_positions(raw: BaseRaw | BaseEpochs) -> dict[str, Position]:
    """Return the positions of the channels of a Raw or Epochs, of those that have one.

    They are in head coordinates.
    """
    places = {str(channel["ch_name"]): channel["loc"][:3] for channel in raw.info["chs"]}
    told = {name: place for name, place in places.items() if np.isfinite(place).all()}
    return {name: as_position(place) for name, place in told.items() if place.any()}


def is_plausible(place: Position) -> bool:
    """Return whether an electrode can be there on a head of 7 to 13 cm radius."""
    return NEAREST <= math.hypot(*place) <= FARTHEST


def load_montage(name_or_file: str, source: str) -> DigMontage:
    """Return a montage that MNE brings, or that of a file of positions.

    Parameters
    ----------
    name_or_file
        Such as ``biosemi128`` or ``GSN-HydroCel-129`` (any of
        :func:`mne.channels.get_builtin_montages`), or a file: EEGLAB's .loc, .locs and .eloc, .sfp
        of BESA and EGI, .elc of ANT, .elp of BESA, .bvef of BrainVision, .csd, .hpts, angles in
        .txt, metres in .csv, .tsv and .xyz.
    source
        The recording, for messages.

    Raises
    ------
    RecordingError
        When there is no such montage, or the file cannot be read or holds no head.
    """
    file = Path(name_or_file)
    present = _present_name(name_or_file)
    if present is not None:
        return _make_montage(present)
    if file.suffix.lower() not in _FILES:
        near = difflib.get_close_matches(name_or_file.lower(), map(str.lower, builtin_montages()))
        hint = f"; is it meant to be {_present_name(near[0])!r}?" if near else ""
        raise RecordingError(
            f"{source}: montage {name_or_file!r} is none of MNE's "
            f"({', '.join(builtin_montages())}), nor a file of positions ({', '.join(_FILES)})"
            f"{hint}"
        )
    if not file.is_file():
        check_regular(file)
        raise RecordingError(f"{source}: no file of positions {file}, which 'montage' names")
    return guarded(lambda: _read_positions(file), file)


def _read_positions(file: Path) -> DigMontage:
    import mne

    read = mne.channels.read_custom_montage
    montage = mne.channels.read_dig_hpts(file) if file.suffix == ".hpts" else read(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said when the positions are used
        places = positions_of(montage, str(file))
    far = [name for name, place in places.items() if not is_plausible(place)]
    if not places or 2 * len(far) > len(places):
        most = max((math.hypot(*place) for place in places.values()), default=0.0)
        raise RecordingError(
            f"{file}: {len(places)} positions up to {most:.3g} m from the middle of the ears "
            "found, expected electrodes on a head of 0.07 to 0.13 m radius; check the unit"
        )
    return montage


def head_montage(positions: Mapping[str, Position]) -> DigMontage:
    """Return a montage of positions in head coordinates, on the standard head's ears and nasion."""
    import mne

    nasion, left, right = (np.array(place) for place in _standard_fiducials())
    placed = {name: np.array(place) for name, place in positions.items()}
    return mne.channels.make_dig_montage(placed, nasion, left, right, coord_frame="head")


@cache
def _standard_fiducials() -> tuple[Position, ...]:
    from mne.channels.montage import transform_to_head

    points = transform_to_head(standard_montage()).get_positions()
    return tuple(as_position(points[name]) for name in ("nasion", "lpa", "rpa"))
