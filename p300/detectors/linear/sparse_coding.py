"""Sparse coding: epochs as sums of a few atoms of a learned dictionary."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from p300.detectors.linear.cross_fitted import CrossFittedDetector, window_means
from p300.detectors.linear.single_layer import standardised_weights
from p300.detectors.splits import EpochArray, Floats, Labels
from p300.errors import DetectorError
from p300.ranges import Positive, Seed, Several, Size

VARIANCE_KEPT = 0.999
"""Share of the variance that whitening keeps: the rest would be blown up to the size of all."""


@contextmanager
def _nearly_exact() -> Iterator[None]:
    """Accept codes that miss scikit-learn's tolerance, 1e-8 of an epoch's power.

    Where atoms are all but equal, 1000 passes of coordinate descent stop short of it by some
    millionths of that power: nothing to a dictionary or a classifier.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


class SparseCoding(CrossFittedDetector):
    """A dictionary learned without labels, sparse codes, logistic regression on them.

    Olshausen & Field, Nature 381:607-609, 1996; the dictionary is learned online (Mairal et al.,
    ICML 2009, 689-696). Window means are whitened first, as Olshausen & Field whiten their images:
    otherwise all atoms go to the strongest noise. Logistic regression weighs both classes alike.

    Parameters
    ----------
    n_atoms
        Size of the dictionary.
    alpha
        Price of a code's absolute size; more gives fewer atoms an epoch.
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each electrode.
    C
        Inverse strength of the penalty on the weights of the standardised codes.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    seed
        Draws the first dictionary and the order of the epochs.

    Attributes
    ----------
    whitening_ : [component, electrode * window]
    atoms_ : [atom, component], of length one
    weights_ : [atom]
    intercept_ : threshold of the raw score
    """

    name = "sparse_coding"

    def __init__(
        self,
        *,
        n_atoms: Size = 64,
        alpha: Positive = 0.5,
        n_windows: Size = 8,
        C: Positive = 0.03,
        n_folds: Several = 3,
        seed: Seed = 0,
    ) -> None:
        self.n_atoms = n_atoms
        self.alpha = alpha
        self.n_windows = n_windows
        self.C = C
        self.n_folds = n_folds
        self.seed = seed

    def _fit(self, X: EpochArray, y: Labels) -> Self:
        from sklearn.decomposition import PCA, MiniBatchDictionaryLearning
        from sklearn.linear_model import LogisticRegression

        means = window_means(X, self.n_windows)
        pca = PCA(VARIANCE_KEPT, svd_solver="full").fit(means)
        self.centre_ = pca.mean_
        whitening = pca.components_ / np.sqrt(pca.explained_variance_)[:, None]
        # In the memory order of stored arrays: a stored detector scores the same to the bit.
        self.whitening_ = np.ascontiguousarray(whitening)
        learning = MiniBatchDictionaryLearning(
            self.n_atoms,
            alpha=self.alpha,
            max_iter=5,
            batch_size=64,
            fit_algorithm="cd",
            random_state=self.seed,
        )
        with _nearly_exact():
            learning.fit(self._whitened(X))
        self.atoms_ = np.ascontiguousarray(learning.components_)
        codes = self.features(X)
        if not codes.any():
            raise DetectorError(
                f"alpha: {self.alpha:g} found, at which no epoch has any code; lower it (0.5 is "
                "the default)"
            )
        regression = LogisticRegression(C=self.C, class_weight="balanced", max_iter=500)
        self.weights_, self.intercept_ = standardised_weights(regression, codes, y)
        return self

    def _whitened(self, X: EpochArray) -> Floats:
        whitened: Floats = (window_means(X, self.n_windows) - self.centre_) @ self.whitening_.T
        return whitened

    def features(self, X: EpochArray) -> Floats:
        """Return the sparse codes of epochs, [epoch, atom]."""
        from sklearn.decomposition import sparse_encode

        signals = self._whitened(X)
        with _nearly_exact():
            codes: Floats = sparse_encode(
                signals, self.atoms_, algorithm="lasso_cd", alpha=self.alpha
            )
        return codes

    def readout(self) -> tuple[Floats, float]:
        """Return the weights of the codes, [atom], and the intercept."""
        return self.weights_, self.intercept_

    @property
    def n_parameters(self) -> int:
        """Number of weights and thresholds, those of whitening and dictionary among them."""
        return sum(array.size for array in self._arrays().values())

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "atoms": self.atoms_,
            "centre": self.centre_,
            "whitening": self.whitening_,
            "weights": self.weights_,
            "intercept": np.array([self.intercept_]),
        }

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.atoms_, self.centre_ = arrays["atoms"], arrays["centre"]
        self.whitening_, self.weights_ = arrays["whitening"], arrays["weights"]
        self.intercept_ = float(arrays["intercept"][0])
