"""A domain that is aligned as it is recorded, each epoch by those up to it."""

from __future__ import annotations

from array import array
from functools import partial

import numpy as np
import numpy.typing as npt

from p300.signal.domain_covariance import (
    Floats,
    epoch_covariances,
    geometric_mean,
    reference,
    robust_mean,
    scales,
    shrunk,
    shrunk_towards,
    whitener,
)

EXACT = 128
"""Epochs up to which a reference is made anew from all of them. What comes later is added to it, so
that neither memory nor the time that an epoch takes grows with the session."""

Epochs = npt.NDArray[np.float32]


class Running:
    """Aligns a domain's epochs in the order of time.

    Parameters
    ----------
    method
        As in :class:`p300.signal.alignment.Alignment`, not ``none``.
    known
        Epochs that come first, all at once, [epoch, electrode, time].
    """

    def __init__(self, method: str, known: Epochs | None = None) -> None:
        self._method = method
        self._kept = list[Floats]()
        self._added: _Scales | _Mean | None = None
        self._n, self._next = 0, 1
        self._mixing = np.empty((0, 0), dtype=np.float32)
        if method == "riemannian":  # the first epoch does not wait for the library
            import pyriemann.geometry.mean  # noqa: F401
        if known is not None:
            self.see(known)

    @property
    def mixing(self) -> npt.NDArray[np.float32]:
        """What an epoch is mixed by now, [electrode, electrode]."""
        return self._mixing

    def aligned(self, epoch: Epochs) -> Epochs:
        """Return the epoch that comes next, aligned; both [1, electrode, time]."""
        self.see(epoch)
        return self._mixing @ epoch

    def see(self, epochs: Epochs) -> None:
        """Learn from epochs that come next, all at once, [epoch, electrode, time].

        The mixing is made anew where there are a tenth more epochs than it was made of.
        """
        for covariance in epoch_covariances(epochs):
            if not covariance.diagonal().any():
                continue  # a flat epoch tells nothing
            if self._added is None:
                self._kept.append(covariance)
            else:
                self._added.add(covariance)
        self._n += len(epochs)
        n_electrodes, n_samples = epochs.shape[1:]
        kept = partial(np.reshape, self._kept, (-1, n_electrodes, n_electrodes))
        if self._n >= self._next:
            known = self._added
            found = known.reference() if known else reference(kept(), n_samples, self._method)
            self._mixing = whitener(found).astype(np.float32)
            self._next = next_stage(self._n)
        if len(self._kept) >= EXACT:
            scaling = self._method == "scaling"
            self._added = _Scales(kept()) if scaling else _Mean(kept(), n_samples, self._method)
            self._kept = []


def next_stage(n_known: int) -> int:
    """Return at how many epochs a reference by ``n_known`` is renewed: a tenth more."""
    return n_known + 1 + n_known // 10


class _Scales:
    """Median variances of epochs of which, when they are many, every second is left out."""

    MOST = 4096

    def __init__(self, covariances: Floats) -> None:
        self._variances = list(np.diagonal(covariances, axis1=1, axis2=2).copy())
        self._every, self._passed = 1, 0

    def add(self, covariance: Floats) -> None:
        self._passed += 1
        if self._passed % self._every:
            return
        self._variances.append(covariance.diagonal().copy())
        if len(self._variances) > self.MOST:
            self._variances = self._variances[::2]
            self._every *= 2

    def reference(self) -> Floats:
        return scales(np.array(self._variances))


class _Mean:
    """A robust mean, or a geometric one, that epochs are added to.

    Each is divided by its size against the mean that was known when it came, as in recursive
    M-estimation; the geometric mean goes a step of 1 / n towards each (Ho et al., 2013).
    """

    def __init__(self, covariances: Floats, n_samples: int, method: str) -> None:
        self._n_samples, self._mean = n_samples, np.empty((0, 0))
        mean, sizes = robust_mean(covariances, n_samples)
        alike = covariances / sizes[:, None, None]
        self._sizes, self._sum = array("d", sizes), alike.sum(axis=0)
        self._geometric = geometric_mean(alike, mean, n_samples) if method == "riemannian" else None
        self._know(mean)

    def add(self, covariance: Floats) -> None:
        size = float((self._inverse * covariance).sum()) / len(covariance)
        self._sizes.append(size)
        self._sum += covariance / size
        if self._geometric is not None:
            from pyriemann.geometry.geodesic import geodesic_riemann

            epoch = shrunk_towards(self._mean, covariance / size, self._n_samples)
            self._geometric = geodesic_riemann(self._geometric, epoch, 1 / len(self._sizes))

    def reference(self) -> Floats:
        n = len(self._sizes)
        self._know(shrunk(self._sum / n, n * self._n_samples))
        found = self._mean if self._geometric is None else self._geometric
        return found * float(np.median(self._sizes))

    def _know(self, mean: Floats) -> None:
        self._mean, self._inverse = mean, np.linalg.inv(mean)
