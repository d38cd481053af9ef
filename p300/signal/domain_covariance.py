"""The covariance that stands for a domain, and what whitens it.

Each epoch counts by its shape, not by its size: a few with drifts of millivolts do not own it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def epoch_covariances(X: npt.NDArray[np.float32]) -> Floats:
    """Return the covariance of the electrodes in each epoch, [epoch, electrode, electrode]."""
    centred = X - X.mean(axis=2, keepdims=True)
    covariances: Floats = (centred @ centred.transpose(0, 2, 1) / X.shape[2]).astype(np.float64)
    return covariances


def reference(covariances: Floats, n_samples: int, method: str = "euclidean") -> Floats:
    """Return the covariance that stands for a domain, [electrode, electrode].

    Each epoch counts by its shape, not by its size, and the size of the reference is the median:
    a few epochs with drifts of millivolts do not own it.

    Parameters
    ----------
    covariances
        Of the epochs, [epoch, electrode, electrode].
    n_samples
        Samples in an epoch.
    method
        As in :class:`p300.signal.alignment.Alignment`.
    """
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    there = variances.any(axis=1)
    used = covariances if there.all() else covariances[there]
    if not len(used):
        return np.eye(covariances.shape[1])
    if method == "scaling":
        return scales(variances[there])
    mean, sizes = robust_mean(used, n_samples)
    if method == "euclidean":
        return mean
    return geometric_mean(used / sizes[:, None, None], mean, n_samples)


def scales(variances: Floats) -> Floats:
    """Return the median variance of each electrode, on a diagonal; of flat ones 1.

    Parameters
    ----------
    variances
        [epoch, electrode].
    """
    return _without_zeros(np.diag(np.median(variances, axis=0)))


ITERATIONS = 50
"""Most steps of the robust mean; it takes some ten."""


def robust_mean(covariances: Floats, n_samples: int) -> tuple[Floats, Floats]:
    """Average covariances, each divided by its size against the average; give also the sizes.

    Tyler's estimator (Annals of Statistics 15:234-251, 1987) for epochs instead of samples: it
    does not depend on how the electrodes are mixed. The mean is shrunk towards its diagonal, see
    :func:`shrunk`.

    Parameters
    ----------
    covariances, n_samples
        As in :func:`reference`; of no epoch all zero.

    Returns
    -------
    The mean, as large as the median epoch, and the sizes, of which the median is one.
    """
    n, n_electrodes = covariances.shape[:2]
    # Of symmetric matrices one half is read: this is memory's time, not the processor's.
    half = np.triu_indices(n_electrodes)
    twice = np.where(half[0] == half[1], 1.0, 2.0) / n_electrodes
    mean = scales(np.diagonal(covariances, axis1=1, axis2=2))
    flat, before = covariances[:, *half], np.zeros(n)
    for _ in range(ITERATIONS):
        sizes = flat @ (twice * np.linalg.inv(mean)[half])
        if (np.abs(sizes - before) <= 1e-6 * before).all():
            break
        before = sizes
        average = np.empty_like(mean)
        average[half] = average.T[half] = (1 / sizes) @ flat / n
        mean = shrunk(average, n * n_samples)
    typical = float(np.median(sizes))
    return mean * typical, sizes / typical


def shrunk(average: Floats, n_samples: int) -> Floats:
    """Shrink an average towards its diagonal.

    That keeps it invertible after an average reference and tame while there are few epochs.

    Parameters
    ----------
    average
        [electrode, electrode].
    n_samples
        In all epochs together.
    """
    share = _share(len(average), n_samples)
    return _without_zeros((1 - share) * average + share * np.diag(np.diag(average)))


def geometric_mean(covariances: Floats, mean: Floats, n_samples: int) -> Floats:
    """Average covariances as points of their curved space (affine-invariant metric).

    They are whitened by the arithmetic mean first and shrunk towards it: an epoch may have fewer
    samples than electrodes.

    Parameters
    ----------
    covariances
        Each divided by its size.
    mean
        Their robust mean.
    n_samples
        As in :func:`reference`.
    """
    from pyriemann.geometry.mean import mean_riemann

    mixing = whitener(mean)
    whitened = shrunk_towards(np.eye(len(mean)), mixing @ covariances @ mixing.T, n_samples)
    unmixing = np.linalg.inv(mixing)
    found: Floats = unmixing @ mean_riemann(whitened, tol=1e-6) @ unmixing.T
    return found


def shrunk_towards(mean: Floats, covariances: Floats, n_samples: int) -> Floats:
    """Shrink covariances of epochs, each of ``n_samples``, towards their mean."""
    share = _share(len(mean), n_samples)
    return (1 - share) * covariances + share * mean


def _share(n_electrodes: int, n_samples: int) -> float:
    """Return the share of the shrinkage target, as if it had been seen in a sample an electrode."""
    return n_electrodes / (n_electrodes + n_samples)


def _without_zeros(matrix: Floats) -> Floats:
    """Return flat electrodes variance one, so that they stay flat and the matrix invertible."""
    filled: Floats = matrix + np.diag(np.where(np.diag(matrix) > 0, 0.0, 1.0))
    return filled


def whitener(covariance: Floats) -> Floats:
    """Return the matrix that whitens a covariance and changes the electrodes least.

    The inverse square root of the correlations after each electrode was divided by its standard
    deviation (ZCA-cor; Kessy et al., American Statistician 72:309-314, 2018), so that the units of
    an electrode do not matter. With equal variances, as the epoch z-score gives, it is the inverse
    square root of the covariance.

    Parameters
    ----------
    covariance
        [electrode, electrode], positive definite.
    """
    deviation = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(deviation, deviation))
    inverse_root: Floats = (vectors / np.sqrt(values)) @ vectors.T
    return inverse_root / deviation
