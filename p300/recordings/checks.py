"""What every recording is checked for when it is made: flashes, samples, units, electrodes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from p300.errors import DataWarning, RecordingError
from p300.recordings.faults import SAME, find_faults
from p300.recordings.flashes import check_codes
from p300.recordings.guard import guarded

if TYPE_CHECKING:
    import pandas as pd

    from p300.recordings.faults import Faults
    from p300.recordings.layout import Layout
    from p300.recordings.recording import Recording

# EEG in volts: scalp noise floor about 1e-7, ordinary EEG 1e-5, a loose electrode 1e-3.
# One published subject is stored in units 1000 times smaller, hence the generous lower bound.
_IMPOSSIBLE_VOLTS = (1e-10, 2e-2)
_UNUSUAL_VOLTS = (5e-8, 2e-4)

# Hz; slower ones cannot show a P300.
_POSSIBLE_RATES = (20.0, 1e5)

# Beyond any amplifier, and far from where numbers overflow.
_MOST_VOLTS = 1e6

# Microvolts a unit -> what becomes of values that were taken for the other one.
_SWAPPED = {1.0: 1e-6, 1e6: 1e6}

_UNIT_OPTION = (
    "the values are of another unit: say with the source's option 'microvolts_per_unit' how many "
    "microvolts 1 in the file is (1 where it holds microvolts, 1e6 where it holds volts)"
)

LOUD = 20
"""An electrode with more than this many times the median amplitude deserves a warning."""


class UnitError(RecordingError):
    """A recording's values cannot be volts.

    Parameters
    ----------
    message
        For the user.
    amplitude
        Typical step from sample to sample, as it was taken for volts.
    """

    def __init__(self, message: str, amplitude: float) -> None:
        super().__init__(message)
        self.amplitude = amplitude

    @property
    def microvolts_per_unit(self) -> float | None:
        """What would make it ordinary EEG: microvolts taken for volts, or the other way round."""
        low, high = _UNUSUAL_VOLTS
        fitting = (unit for unit in (1.0, 1e6) if low <= _SWAPPED[unit] * self.amplitude <= high)
        return next(fitting, None)


def check_rate(sfreq: float, source: str) -> None:
    """Refuse a sampling rate in Hz that no EEG amplifier has."""
    low, high = _POSSIBLE_RATES
    if not low <= sfreq <= high:
        raise RecordingError(
            f"{source}: sampling rate {sfreq} Hz found, expected {low:g} to {high:g}"
        )


def check_axes(n_electrodes: int, n_samples: int, source: str) -> None:
    """Refuse more electrodes than samples."""
    if n_electrodes > n_samples:
        raise RecordingError(
            f"{source}: {n_electrodes} electrodes but only {n_samples} samples; "
            "the axes look swapped"
        )


def check_recording(recording: Recording) -> None:
    """Refuse what cannot be EEG with flashes, warn of what deserves a look.

    Electrodes that hold no EEG (:func:`p300.recordings.faults.find_faults`) are put into
    ``raw.info["bads"]``; preprocessing decides what happens to them.

    Raises
    ------
    RecordingError
        No flashes; flashes outside the signal or twice at one sample; flashes of which only some
        carry a target mark, or none is a target; flash codes that the layout lacks; NaN or
        infinite samples; no electrode that holds EEG; amplitudes that cannot be volts.

    Warns
    -----
    DataWarning
        Naming electrodes that hold no EEG with the reason, and loud ones; of unusual amplitudes;
        of characters that nobody attended.
    """
    _check_flashes(recording)
    if recording.layout is not None:
        check_codes(recording.flashes, recording.layout, recording.source)
    where = f"{recording.source} ({recording.name})"
    data = guarded(recording.raw.get_data, recording.source)
    broken = ~np.isfinite(data)
    if broken.any():
        names = [recording.electrodes[k] for k in np.flatnonzero(broken.any(axis=1))]
        raise RecordingError(
            f"{where}: {int(broken.sum())} NaN or infinite samples found in {names}, first at "
            f"sample {int(np.flatnonzero(broken.any(axis=0))[0])}; leave out electrodes that hold "
            "none else with the source's option 'drop', cut or interpolate other samples first"
        )
    largest = max(float(data.max()), -float(data.min()))
    if largest > _MOST_VOLTS:
        raise RecordingError(
            f"{where}: a sample of {largest:.2g} V found, which cannot be EEG in volts; "
            f"{_UNIT_OPTION}"
        )
    faults = find_faults(data.__getitem__, recording.electrodes, recording.sfreq)
    _mark_faults(recording, faults, where)
    _warn_of_loud(recording, faults, where)
    _check_units(faults.typical, where)


def _mark_faults(recording: Recording, faults: Faults, where: str) -> None:
    """Make electrodes that hold no EEG bad ones, by name and reason."""
    if not faults.reasons:
        return
    by_reason: dict[str, list[str]] = {}
    for name, reason in faults.reasons.items():
        by_reason.setdefault(reason, []).append(name)
    told = ", ".join(f"{names} are {reason}" for reason, names in by_reason.items())
    bad, n_electrodes = set(faults.reasons), len(recording.electrodes)
    # Where all are clipped now and then, the EEG is what there is between.
    if len(bad) == n_electrodes:
        bad -= faults.partly
    if len(bad) == n_electrodes:
        if by_reason.keys() == {"flat"}:
            told = f"all {n_electrodes} electrodes are flat"
        elif all(why.startswith(SAME) for why in by_reason):
            told = f"all {n_electrodes} electrodes hold the same signal as others"
        raise RecordingError(
            f"{where}: {told}, expected EEG; is it the right file, and are its channels electrodes?"
        )
    recording.raw.info["bads"] = sorted({*recording.raw.info["bads"], *bad})
    treated = (
        f"{len(bad)} of {n_electrodes} are treated as bad (setting bad_electrodes)"
        if bad
        else "they are used all the same, as there are no others"
    )
    warnings.warn(f"{where}: electrodes {told}; {treated}", DataWarning, stacklevel=5)


def _warn_of_loud(recording: Recording, faults: Faults, where: str) -> None:
    loud = {
        name: amplitude
        for name, amplitude in zip(recording.electrodes, faults.amplitude, strict=True)
        if name not in faults.reasons and amplitude > LOUD * faults.typical
    }
    if loud:
        warnings.warn(
            f"{where}: electrodes {list(loud)} have up to "
            f"{max(loud.values()) / faults.typical:.0f} times the amplitude of the others; a loose "
            "electrode, or another unit?",
            DataWarning,
            stacklevel=5,
        )


def _check_flashes(recording: Recording) -> None:
    where = f"{recording.source} ({recording.name})"
    flashes, n_times = recording.flashes, int(recording.raw.n_times)
    if len(flashes) == 0:
        raise RecordingError(f"{where}: no flashes found, expected one row a flash")
    if recording.cut is not None:
        n_times = np.iinfo(np.int64).max  # flashes count in the recording that was cut
    outside = flashes.loc[(flashes["sample"] < 0) | (flashes["sample"] >= n_times), "sample"]
    if len(outside):
        raise RecordingError(
            f"{where}: {len(outside)} flashes lie outside the signal (first at sample "
            f"{outside.iloc[0]} of {n_times}); is the flash table from another file or rate?"
        )
    twice = flashes["sample"].duplicated()
    if twice.any():
        raise RecordingError(
            f"{where}: {int(twice.sum())} flashes share a sample with another flash (first at "
            f"sample {flashes.loc[twice, 'sample'].iloc[0]}), expected one flash at a time"
        )
    known = flashes["target"].notna()
    if known.any() and not known.all():
        raise RecordingError(
            f"{where}: {int((~known).sum())} of {len(flashes)} flashes lack a target mark; "
            "expected all of them or none"
        )
    if known.all() and not flashes["target"].any():
        raise RecordingError(f"{where}: none of {len(flashes)} flashes is a target")
    if known.all() and flashes["target"].all():
        raise RecordingError(f"{where}: all {len(flashes)} flashes are targets")
    if known.all() and recording.layout is not None:
        _warn_of_unattended(flashes, recording.layout, where)


def _warn_of_unattended(flashes: pd.DataFrame, layout: Layout, where: str) -> None:
    """Tell of characters all of whose codes were flashed, and none was a target."""
    shown = flashes.groupby("character")
    attended, codes = shown["target"].any(), shown["code"].nunique()
    idle = attended.index[(~attended & (codes == len(layout.groups))).to_numpy(dtype=bool)]
    if len(idle):
        warnings.warn(
            f"{where}: {len(idle)} of {len(attended)} characters have no target (first: character "
            f"{idle[0]}); nobody attended them, it is taken; if somebody did, marks of targets are "
            "missing",
            DataWarning,
            stacklevel=6,
        )


def _check_units(amplitude: float, where: str) -> None:
    low, high = _IMPOSSIBLE_VOLTS
    if not low <= amplitude <= high:
        raise UnitError(
            f"{where}: sample-to-sample amplitude of {amplitude:.2g} V cannot be EEG in volts "
            f"(expected {_UNUSUAL_VOLTS[0]:g} to {_UNUSUAL_VOLTS[1]:g}); {_UNIT_OPTION}",
            amplitude,
        )
    low, high = _UNUSUAL_VOLTS
    if not low <= amplitude <= high:
        warnings.warn(
            f"{where}: sample-to-sample amplitude of {amplitude:.2g} V is unusual for EEG "
            f"({low:g} to {high:g}); if the unit of the source is another, say it with the option "
            "'microvolts_per_unit'",
            DataWarning,
            stacklevel=5,
        )
