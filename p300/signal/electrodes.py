"""The signal of the wanted electrodes: bad and missing ones interpolated, re-referenced."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, PreprocessingError
from p300.recordings.guard import naming_warnings
from p300.recordings.montage import Position, head_montage, raw_positions, standard_positions
from p300.recordings.recording import Recording

if TYPE_CHECKING:
    from mne.io import BaseRaw

    from p300.signal.preprocessing import Preprocessing


def selected_signal(
    recording: Recording, settings: Preprocessing
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Treat bad and missing electrodes, re-reference and pick.

    Returns
    -------
    Volts, [electrode, sample], and the names of the electrodes.

    Raises
    ------
    PreprocessingError
        When an electrode is missing or cannot be interpolated.

    Warns
    -----
    DataWarning
        Naming electrodes that were not recorded, and with what MNE warns of.
    """
    with naming_warnings(recording.name):
        raw = recording.raw.copy().load_data(verbose="warning")
    if settings.missing_electrodes == "refuse":
        _check_names(recording, settings.electrodes, "electrodes")
    if isinstance(settings.reference, tuple):
        _check_names(recording, settings.reference, "reference")
    if settings.bad_electrodes == "drop":
        raw.drop_channels(raw.info["bads"])
    elif settings.bad_electrodes == "keep":
        raw.info["bads"] = []
    if settings.missing_electrodes == "interpolate":
        _add_missing(raw, settings.electrodes or (), recording)
    _interpolate(raw, recording)
    if settings.reference is not None:
        wanted = settings.reference
        lost = [] if wanted == "average" else [n for n in wanted if n not in raw.ch_names]
        if lost:
            raise PreprocessingError(
                f"{recording.name}: reference {lost} was dropped as bad, {raw.ch_names} are left; "
                "name another reference, or set bad_electrodes to interpolate or keep"
            )
        named = "average" if wanted == "average" else list(wanted)
        with naming_warnings(recording.name):
            raw.set_eeg_reference(named, projection=False, verbose="warning")
    names = [n for n in settings.electrodes or raw.ch_names if n in raw.ch_names]
    return raw.get_data(picks=names), names


def placed(recording: Recording, electrodes: Sequence[str]) -> dict[str, Position]:
    """Return the positions of electrodes: the recording's, of those added the 10-05 system's.

    Parameters
    ----------
    recording
        Any.
    electrodes
        Those of :func:`selected_signal`.
    """
    added = set(electrodes) - set(recording.electrodes)
    known = recording.positions | {name: standard_positions()[name] for name in added}
    return {name: known[name] for name in electrodes if name in known}


def _add_missing(raw: BaseRaw, electrodes: tuple[str, ...], recording: Recording) -> None:
    """Add electrodes that were not recorded, as bad ones."""
    import mne

    places = standard_positions()
    missing = [name for name in electrodes if name not in raw.ch_names]
    unknown = [name for name in missing if name not in places]
    if unknown:
        raise PreprocessingError(
            f"{recording.name}: electrodes {unknown} cannot be interpolated, the 10-05 system has "
            "no such names"
        )
    if not missing:
        return
    known = recording.positions
    good = [n for n in raw.ch_names if n not in raw.info["bads"] and n in known]
    apart = {m: min(math.dist(places[m], known[n]) for n in good) for m in missing if good}
    if apart:
        far = max(apart, key=lambda name: apart[name])
        warnings.warn(
            f"{recording.dataset}: electrodes {missing} were not recorded and are interpolated "
            f"from {len(good)} others; {far} is {100 * apart[far]:.0f} cm from the nearest",
            DataWarning,
            stacklevel=2,
        )
    info = mne.create_info(missing, recording.sfreq, "eeg", verbose="error")
    blank = mne.io.RawArray(np.zeros((len(missing), raw.n_times)), info, verbose="error")
    blank.set_montage(head_montage({name: places[name] for name in missing}), verbose="error")
    raw.add_channels([blank], force_update_info=True)
    raw.info["bads"] = [*raw.info["bads"], *missing]


def _interpolate(raw: BaseRaw, recording: Recording) -> None:
    """Replace bad electrodes by spherical splines over the others, in place."""
    bad = list(raw.info["bads"])
    if not bad:
        return
    if len(raw.ch_names) - len(bad) < 4:
        raise PreprocessingError(
            f"{recording.name}: too few good electrodes to interpolate {bad}; "
            "set bad_electrodes to drop or keep, and name only electrodes that were recorded"
        )
    known = raw_positions(raw)
    unplaced = [name for name in raw.ch_names if name not in known]
    if unplaced:
        raise PreprocessingError(
            f"{recording.name}: {bad} cannot be interpolated, the positions of {unplaced} are "
            "unknown; give them with the source's options montage, electrodes or rename, leave "
            "what is no EEG out with drop, or set bad_electrodes to drop or keep"
        )
    with naming_warnings(f"{recording.name}, interpolating {bad}"):
        raw.interpolate_bads(verbose="warning")


def _check_names(recording: Recording, names: tuple[str, ...] | None, setting: str) -> None:
    missing = [name for name in names or () if name not in recording.electrodes]
    if missing:
        raise PreprocessingError(
            f"{recording.name}: {setting} {missing} not found, the recording has "
            f"{recording.electrodes}"
        )
