"""What a paradigm of MOABB cut, (X, y, metadata), into our epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.arguments import repeated
from p300.columns import FLASHES
from p300.errors import EpochsError
from p300.signal.epochs import EPOCH_COLUMNS, Epochs
from p300.signal.positions import restore_positions

if TYPE_CHECKING:
    from mne import BaseEpochs

_WHERE = "Epochs.from_moabb"
_PLACE = ("subject", "session", "run")
_KINDS = {"Target": True, "NonTarget": False, "1": True, "0": False, "True": True, "False": False}
"""What a paradigm calls an epoch, and what scikit-learn's LabelEncoder makes of that."""

_POSSIBLE_VOLTS = (1e-10, 2e-2)
"""Standard deviation of an epoch, as recordings may have it: another unit is farther off."""


def from_moabb(
    X: npt.ArrayLike | BaseEpochs,
    y: npt.ArrayLike,
    metadata: pd.DataFrame,
    *,
    electrodes: Sequence[str] | None = None,
    sfreq: float | None = None,
    tmin: float | None = None,
    dataset: str = "moabb",
    microvolts_per_unit: float = 1.0,
) -> Epochs:
    """Make epochs of what ``paradigm.get_data`` of MOABB returns.

    When flashes began MOABB does not tell, so a run stays whole: its epochs are never divided
    between training and test. Codes and characters are unknown: with them, data sets come through
    the source ``moabb``.

    Parameters
    ----------
    X
        [epoch, electrode, time] in microvolts, as paradigms return it, or the ``mne.Epochs`` that
        they return with ``return_epochs=True``: these tell electrodes, rate and time by themselves.
    y
        ``"Target"`` or ``"NonTarget"``, [epoch]; or 1 and 0.
    metadata
        Columns subject, session and run, a row an epoch.
    electrodes, sfreq, tmin
        Of an array: names of the electrodes, Hz after resampling, and the seconds from the flash to
        the first sample, which are ``paradigm.tmin + dataset.interval[0]``.
    dataset
        Name to give the data set.
    microvolts_per_unit
        Microvolts that 1 in an array is, 1e6 where it holds volts.

    Raises
    ------
    EpochsError
        When something is not told or told twice, or X, y and metadata cannot belong together or be
        EEG with targets and non-targets.
    """
    given = {"electrodes": electrodes, "sfreq": sfreq, "tmin": tmin}
    said = [name for name, value in given.items() if value is not None]
    if isinstance(X, np.ndarray | list | tuple):
        if len(said) < len(given):
            lacking = [name for name in given if name not in said]
            raise EpochsError(
                f"{_WHERE}: X is an array, which does not tell its {', '.join(lacking)}; pass "
                f"{', '.join(f'{name}=...' for name in lacking)}, or the X of "
                "paradigm.get_data(..., return_epochs=True)"
            )
        volts = _finite(X) * (1e-6 * microvolts_per_unit)
    else:
        if said or microvolts_per_unit != 1.0:
            told = said or ["microvolts_per_unit"]
            raise EpochsError(
                f"{_WHERE}: {', '.join(told)} passed, and told by the epochs of MNE too, expected "
                "one of both: leave the argument out"
            )
        volts, electrodes, sfreq, tmin = _of_mne(X)
    names = tuple(map(str, electrodes or ()))
    _check_signal(volts, names)
    return Epochs(
        X=volts.astype(np.float32),
        flashes=_flashes(metadata, _targets(y), len(volts), dataset),
        electrodes=names,
        sfreq=float(sfreq or 0.0),
        tmin=float(tmin or 0.0),
        positions=restore_positions(None, names),
    )


def _finite(X: npt.ArrayLike) -> npt.NDArray[np.float64]:
    array = np.asarray(X, dtype=np.float64)
    if array.ndim != 3:
        # A bank of filters gives a fourth axis.
        raise EpochsError(
            f"{_WHERE}: X of shape {array.shape} found, expected [epoch, electrode, time]; a "
            "paradigm with several filters has an axis more, take one of them"
        )
    if broken := int((~np.isfinite(array)).any(axis=(1, 2)).sum()):
        raise EpochsError(
            f"{_WHERE}: NaN or infinite samples found in {broken} of {len(array)} epochs, expected "
            "numbers; leave these epochs out"
        )
    return array


def _of_mne(X: BaseEpochs) -> tuple[npt.NDArray[np.float64], Sequence[str], float, float]:
    """Return the signal of epochs of MNE in volts, electrodes, rate and first time."""
    try:
        kinds = dict(zip(X.ch_names, X.get_channel_types(), strict=True))
        eeg = [name for name, kind in kinds.items() if kind == "eeg"]
        volts = _finite(X.get_data(picks=eeg, verbose="error")) if eeg else None
    except AttributeError as error:
        raise EpochsError(
            f"{_WHERE}: X is a {type(X).__name__}, expected an array or mne.Epochs, as "
            "paradigm.get_data returns them"
        ) from error
    if volts is None:
        raise EpochsError(
            f"{_WHERE}: channels of types {sorted(set(kinds.values()))} found, expected EEG"
        )
    return volts, eeg, float(X.info["sfreq"]), float(X.times[0])


def _check_signal(volts: npt.NDArray[np.float64], electrodes: tuple[str, ...]) -> None:
    if len(electrodes) != volts.shape[1] or repeated(electrodes):
        raise EpochsError(
            f"{_WHERE}: X of {volts.shape[1]} electrodes found, and {len(set(electrodes))} names: "
            f"{list(electrodes)}; expected a name for each"
        )
    low, high = _POSSIBLE_VOLTS
    typical = float(np.median(volts.std(axis=2))) if volts.size else low
    if not low <= typical <= high:
        raise EpochsError(
            f"{_WHERE}: epochs whose standard deviation is {typical:.2g} V found, expected EEG; "
            "paradigms return arrays in microvolts and epochs of MNE in volts, say with "
            "microvolts_per_unit what 1 in an array is (1e6: volts)"
        )


def _targets(y: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    labels = [str(label) for label in np.asarray(y).ravel()]
    unknown = sorted(set(labels) - set(_KINDS))
    if unknown:
        raise EpochsError(
            f"{_WHERE}: labels {unknown[:5]} found, expected Target and NonTarget, or 1 and 0"
        )
    return np.array([_KINDS[label] for label in labels], dtype=bool)


def _flashes(
    metadata: pd.DataFrame, targets: npt.NDArray[np.bool_], n_epochs: int, dataset: str
) -> pd.DataFrame:
    lacking = [name for name in _PLACE if name not in metadata]
    if lacking or not n_epochs == len(targets) == len(metadata):
        raise EpochsError(
            f"{_WHERE}: {n_epochs} epochs, {len(targets)} labels and {len(metadata)} rows of "
            f"metadata with the columns {list(metadata)} found, expected equally many, and the "
            f"columns {list(_PLACE)}"
        )
    places = metadata[list(_PLACE)].astype("str").reset_index(drop=True)
    # Where a flash lies in its run nobody knows, only which is before which.
    table = places.assign(
        dataset=dataset,
        target=targets,
        sample=places.groupby(list(_PLACE), sort=False).cumcount(),
    ).reindex(columns=list(EPOCH_COLUMNS))
    remedy = "pass the metadata as paradigm.get_data returned them"
    return FLASHES.read(table, _WHERE, error=EpochsError, remedy=remedy)
