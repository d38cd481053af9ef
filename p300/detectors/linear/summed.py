"""Features of all epochs of a study, and their sums by unit, each computed once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.moments import ClassMoments, added
from p300.signal.epochs import Epochs

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


class SummedFeatures:
    """Features that no fit changes, and sums over the epochs of each subject and class.

    Parameters
    ----------
    epochs
        Of a study.
    features
        Of its epochs, [epoch, feature], each row of that epoch alone.
    """

    def __init__(self, epochs: Epochs, features: Floats) -> None:
        self.features = features
        self.finite: npt.NDArray[np.bool_] = np.asarray(np.isfinite(features).all(axis=1))
        self._target = epochs.flashes["target"].to_numpy(dtype=np.float64, na_value=np.nan)
        self._unit = epochs.units("subject")
        self._sizes = np.bincount(self._unit)
        self._sums: dict[int, ClassMoments | None] = {}

    def over(self, rows: Index) -> ClassMoments | None:
        """Return sums over some epochs.

        Parameters
        ----------
        rows
            Positions in the study.

        Returns
        -------
        None where sums do not help: where not all subjects in it are whole and have both classes,
        epochs are fewer than features, or sums about zero are not precise.
        """
        counts = np.bincount(self._unit[rows], minlength=len(self._sizes))
        there = np.flatnonzero(counts)
        if len(rows) < self.features.shape[1] or (counts[there] != self._sizes[there]).any():
            return None
        sums = [self._over_unit(int(unit)) for unit in there]
        known = [one for one in sums if one is not None]
        if len(known) < len(sums):
            return None
        total = added(known)
        return total if total.precise else None

    def _over_unit(self, unit: int) -> ClassMoments | None:
        """Return the sums over a unit's epochs, None where they lack a class or are not finite."""
        if unit not in self._sums:
            rows = np.flatnonzero(self._unit == unit)
            y = self._target[rows]
            whole = self.finite[rows].all() and {0.0, 1.0} == set(y.tolist())
            sums = ClassMoments.of(self.features[rows], y.astype(np.uint8)) if whole else None
            self._sums[unit] = sums
        return self._sums[unit]
