"""A single layer of weights: Rosenblatt's perceptron, and the same with the log loss."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from p300.detectors.calibration import Sigmoid
from p300.detectors.linear.cross_fitted import CrossFittedDetector, window_means
from p300.detectors.splits import EpochArray, Floats, Labels
from p300.ranges import Count, Positive, Seed, Several, Size


def standardised_weights(classifier: Any, features: Floats, y: Labels) -> tuple[Floats, float]:
    """Fit a linear classifier of scikit-learn to standardised features.

    Returns
    -------
    Weights of the features as they were given, [feature], and the intercept.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features)
    classifier.fit(scaler.transform(features), y)
    # For two classes some give one row of weights, some a plain vector.
    weights: Floats = np.ravel(classifier.coef_) / scaler.scale_
    return weights, float(np.ravel(classifier.intercept_)[0] - scaler.mean_ @ weights)


class SingleLayer(CrossFittedDetector):
    """One neuron that reads means of consecutive samples of every electrode.

    Attributes
    ----------
    coef_ : weights, [electrode, window]
    intercept_ : threshold of the raw score
    """

    n_windows: int

    @abstractmethod
    def _weigh(self, features: Floats, y: Labels) -> tuple[Floats, float]:
        """Learn the weights of the features, [feature], and the intercept."""

    def _fit(self, X: EpochArray, y: Labels) -> Self:
        weights, self.intercept_ = self._weigh(self.features(X), y)
        self.coef_ = weights.reshape(X.shape[1], self.n_windows)
        return self

    def _reduced(self, X: EpochArray) -> Floats:
        # Of as many samples as windows, each sample is the mean of a window.
        return window_means(X, self.n_windows).reshape(len(X), X.shape[1], -1)

    def features(self, X: EpochArray) -> Floats:
        """Average consecutive samples: [epoch, electrode * window], electrode by electrode."""
        return window_means(X, self.n_windows)

    def take_readout(
        self, shape: tuple[int, int], share: float, readout: tuple[Floats, float] | None = None
    ) -> Self:
        """Take weights; see :meth:`p300.detectors.base.Detector.take_readout`."""
        self._check_parameters()
        self._note_share(shape, share)
        self.calibration_ = Sigmoid(1.0, 0.0)
        nothing = (np.zeros(shape[0] * self.n_windows), self.threshold_)
        weights, self.intercept_ = nothing if readout is None else readout
        self.coef_ = weights.reshape(shape[0], self.n_windows)
        return self

    def readout(self) -> tuple[Floats, float]:
        """Return the weights of the features, [feature], and the intercept."""
        return self.coef_.ravel(), self.intercept_

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return int(self.coef_.size) + 1

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"coef": self.coef_, "intercept": np.array([self.intercept_])}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.coef_, self.intercept_ = arrays["coef"], float(arrays["intercept"][0])


class Perceptron(SingleLayer):
    """Rosenblatt's perceptron: weights move only at epochs that they get wrong.

    Rosenblatt, Psychological Review 65:386-408, 1958. Where no plane separates the classes the
    weights never come to rest; their mean over all steps is taken (Freund & Schapire, Machine
    Learning 37:277-296, 1999). The rarer class takes the longer steps.

    Parameters
    ----------
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each electrode.
    passes
        Passes over the training epochs.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    seed
        Draws the order of the epochs.
    """

    name = "perceptron"

    def __init__(
        self, *, n_windows: Size = 16, passes: Count = 30, n_folds: Several = 5, seed: Seed = 0
    ) -> None:
        self.n_windows = n_windows
        self.passes = passes
        self.n_folds = n_folds
        self.seed = seed

    def _weigh(self, features: Floats, y: Labels) -> tuple[Floats, float]:
        from sklearn.linear_model import SGDClassifier

        classifier = SGDClassifier(
            loss="perceptron",
            penalty=None,
            learning_rate="constant",
            eta0=1.0,
            average=True,
            class_weight="balanced",
            max_iter=self.passes,
            tol=None,
            random_state=self.seed,
        )
        return standardised_weights(classifier, features, y)


class Logistic(SingleLayer):
    """The single layer with the log loss: logistic regression with an L2 penalty.

    Cox, J R Stat Soc B 20:215-242, 1958. Both classes weigh alike.

    Parameters
    ----------
    n_windows
        Number of consecutive pieces of the epoch that are averaged, for each electrode.
    C
        Inverse strength of the penalty on the weights of the standardised features.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    """

    name = "logistic"

    def __init__(self, *, n_windows: Size = 16, C: Positive = 0.3, n_folds: Several = 5) -> None:
        self.n_windows = n_windows
        self.C = C
        self.n_folds = n_folds

    def _weigh(self, features: Floats, y: Labels) -> tuple[Floats, float]:
        from sklearn.linear_model import LogisticRegression

        classifier = LogisticRegression(C=self.C, class_weight="balanced", max_iter=1000)
        return standardised_weights(classifier, features, y)
