"""Block-Toeplitz covariance: two electrodes covary by how far apart in time they are read.

Sosulski & Tangermann, J Neural Eng 19:066001, 2022: noise that is stationary over an epoch covaries
alike at all pairs of times with the same lag between them. Of T equally spaced times T blocks of
electrodes by electrodes are left to be estimated, each from up to T places, not T (T + 1) / 2 of
them. What removes stationarity must be left out: a baseline correction, a window's own deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.structure import UNSTRUCTURED, Structure, singular

Floats = npt.NDArray[np.float64]

MOST_DENSE = 400
"""Features up to which the covariance is assembled to be solved: the recursion's many small steps
take longer."""


@dataclass(frozen=True)
class BlockToeplitz(Structure):
    """Covariances by electrodes and lag.

    Features are ordered electrode by electrode, as window means are and ``X.reshape(len(X), -1)``
    of [epoch, electrode, time].

    Parameters
    ----------
    n_electrodes, n_times
        Their product is the number of features; times are equally spaced, up to a sample.
    """

    n_electrodes: int
    n_times: int

    @classmethod
    def of(cls, n_electrodes: int, n_times: int) -> Self:
        """Return that of so many electrodes' features at so many times."""
        return cls(n_electrodes, n_times)

    def lags(self, covariance: Floats) -> Floats:
        """Return the mean of the blocks at each lag, tapered: [lag, electrode, electrode].

        Block (t, t + d) of the structured covariance is the d-th of these, and block (t + d, t) its
        transpose. A mean over T - d places counts (T - d) / T: so tapered, as the autocovariance of
        a series that is divided by its length at all lags, they are positive semi-definite
        wherever the covariance is.

        Parameters
        ----------
        covariance
            [feature, feature].
        """
        n_times = self.n_times
        blocks = covariance.reshape(self.n_electrodes, n_times, self.n_electrodes, n_times)
        lags = np.empty((n_times, self.n_electrodes, self.n_electrodes))
        for lag in range(n_times):
            mean = np.trace(blocks, lag, axis1=1, axis2=3) / (n_times - lag)
            lags[lag] = mean * ((n_times - lag) / n_times)
        return lags

    def imposed(self, covariance: Floats) -> Floats:
        """Return the block-Toeplitz covariance, [feature, feature]."""
        return self.assembled(self.lags(covariance))

    def assembled(self, lags: Floats) -> Floats:
        """Return the covariance of :meth:`lags`, [feature, feature]."""
        # From the longest lag back in time to the longest ahead.
        both = np.concatenate([lags[:0:-1].transpose(0, 2, 1), lags])
        time = np.arange(self.n_times)
        blocks = both[np.subtract.outer(-time, -time) + self.n_times - 1]
        n_features = self.n_electrodes * self.n_times
        whole: Floats = blocks.transpose(2, 0, 3, 1).reshape(n_features, n_features)
        return whole

    def solve(self, covariance: Floats, right: Floats) -> Floats:
        """Solve for the block-Toeplitz covariance. See :meth:`Structure.solve`."""
        if len(covariance) <= MOST_DENSE:
            return UNSTRUCTURED.solve(self.imposed(covariance), right)
        by_time = right.reshape(self.n_electrodes, self.n_times, -1).transpose(1, 0, 2)
        solution = solve_block_toeplitz(self.lags(covariance), by_time)
        return np.ascontiguousarray(solution.transpose(1, 0, 2)).reshape(right.shape)


def solve_block_toeplitz(lags: Floats, right: Floats) -> Floats:
    """Solve a symmetric block-Toeplitz system by block Levinson recursion.

    Whittle, Biometrika 50:129-134, 1963; Wiggins & Robinson, J Geophys Res 70:1885-1891, 1965. It
    takes some 3 T^2 C^3 multiplications for T lags of C electrodes, a dense solution T^3 C^3 / 3.

    Parameters
    ----------
    lags
        Blocks (t, t + d), [lag, electrode, electrode]. The matrix must be positive definite.
    right
        [time, electrode, n].

    Returns
    -------
    [time, electrode, n]

    Raises
    ------
    DetectorError
        When the matrix is not positive definite.
    """
    n_times, size = lags.shape[:2]
    variance = np.diagonal(lags[0])
    if not np.all(variance > 0):
        raise singular(n_times * size)
    # Electrodes scaled to variance one: volts beside microvolts make no difference.
    scale = 1 / np.sqrt(variance)
    lags = lags * np.multiply.outer(scale, scale)
    right = right * scale[:, None]
    # What stands before block (n, n): the blocks of the lags n .. 1, transposed.
    before = lags[:0:-1].transpose(2, 0, 1).reshape(size, -1)
    # What predicts the first block from those after it, and the last from those before it.
    forward, backward = np.zeros((2, n_times * size, size))
    forward[:size] = backward[:size] = np.eye(size)
    ahead, behind = lags[0], lags[0]
    solution = np.zeros((n_times * size, right.shape[2]))
    solution[:size] = _divided(behind, right[0], n_times)
    for n in range(1, n_times):
        known, grown = n * size, (n + 1) * size
        row = before[:, before.shape[1] - known :]
        missed = row @ forward[:known]
        to_forward, to_backward = (
            _divided(behind, missed, n_times), _divided(ahead, missed.T, n_times),
        )  # fmt: skip
        ahead, behind = ahead - missed.T @ to_forward, behind - missed @ to_backward
        shifted = np.concatenate([np.zeros((size, size)), backward[:known]])
        backward[:grown] = shifted - forward[:grown] @ to_backward
        forward[:grown] -= shifted @ to_forward
        rest = right[n] - row @ solution[:known]
        solution[:grown] += backward[:grown] @ _divided(behind, rest, n_times)
    solution = solution.reshape(n_times, size, -1)
    solution *= scale[:, None]
    return solution


def _divided(variance: Floats, right: Floats, n_times: int) -> Floats:
    """Solve for what is left of the variance of an electrode's features, [electrode, electrode]."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        factor = cho_factor((variance + variance.T) / 2, lower=True, overwrite_a=True)
    except LinAlgError:
        raise singular(n_times * len(variance)) from None
    solution: Floats = cho_solve(factor, right)
    return solution
