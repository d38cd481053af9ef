"""What is known of a covariance before it is estimated: a linear map of covariances, a solver."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from p300.errors import DetectorError

Floats = npt.NDArray[np.float64]


class Structure(ABC):
    """What is known of the covariance of features, electrode by electrode and time by time.

    It applies to a covariance that has been estimated and shrunk, or added up of subjects, when
    weights are solved for: nothing that is kept knows of it.
    """

    @classmethod
    @abstractmethod
    def of(cls, n_electrodes: int, n_times: int) -> Self:
        """Return that of so many electrodes' features at so many times."""

    @abstractmethod
    def imposed(self, covariance: Floats) -> Floats:
        """Return the covariance, [feature, feature], with the structure imposed on it."""

    @abstractmethod
    def solve(self, covariance: Floats, right: Floats) -> Floats:
        """Solve ``imposed(covariance) @ x = right`` for a covariance, which may be overwritten.

        Parameters
        ----------
        covariance
            [feature, feature], positive definite.
        right
            [feature] or [feature, n].

        Raises
        ------
        DetectorError
            When the covariance is singular.
        """


@dataclass(frozen=True)
class Unstructured(Structure):
    """Nothing is known: the covariance stays as it was estimated."""

    @classmethod
    def of(cls, n_electrodes: int, n_times: int) -> Self:  # noqa: ARG003
        """Return it; electrodes and times are nothing to it."""
        return cls()

    def imposed(self, covariance: Floats) -> Floats:
        """Return the covariance itself."""
        return covariance

    def solve(self, covariance: Floats, right: Floats) -> Floats:
        """Solve by Cholesky's decomposition. See :meth:`Structure.solve`."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        try:
            factor = cho_factor(covariance, lower=True, overwrite_a=True)
        except LinAlgError:
            raise singular(len(covariance)) from None
        solution: Floats = cho_solve(factor, right)
        return solution


UNSTRUCTURED = Unstructured()


def singular(n_features: int) -> DetectorError:
    """Return what is raised where a covariance of so many features is singular."""
    return DetectorError(
        f"the covariance of the {n_features} features is singular; remove electrodes that "
        "are constant or give more training data"
    )
