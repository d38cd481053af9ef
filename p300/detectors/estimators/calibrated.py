"""Any classifier of scikit-learn as a detector: its scores calibrated like all others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from p300.detectors.base import Detector
from p300.detectors.calibration import finite_scores
from p300.detectors.estimators.described import describe, make_estimator
from p300.detectors.estimators.kept import keep, rebuild
from p300.detectors.linear.cross_fitted import CrossFittedDetector
from p300.detectors.splits import EpochArray, Floats, Labels
from p300.errors import DetectorError, P300Error
from p300.ranges import Names, Seed, Several


class EstimatorDetector(CrossFittedDetector):
    """A classifier or pipeline on X [epoch, electrode, time], with calibrated log-odds.

    Where it is a pipeline that ends in a linear layer (``coef_`` and ``intercept_`` for two
    classes), :meth:`features` are what the steps before it give, and it can adapt.

    Parameters
    ----------
    estimator
        Unfitted; with ``decision_function`` or ``predict_proba``. Its labels are 1 for a target
        and 0 for a non-target.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    dtype
        Of the epochs that it sees. Networks want ``float32``; covariances lose digits with it.
    seed
        What every ``random_state`` of the estimator that is None is set to.
    electrodes
        Names of the electrodes of X, for every parameter ``electrodes`` of it that is None.

    Attributes
    ----------
    estimator_ : the fitted copy
    """

    name = "estimator"

    def __init__(
        self,
        estimator: Any,
        *,
        n_folds: Several = 5,
        dtype: Literal["float64", "float32"] = "float64",
        seed: Seed = 0,
        electrodes: Names | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_folds = n_folds
        self.dtype = dtype
        self.seed = seed
        self.electrodes = electrodes

    @property
    def title(self) -> str:
        """Class of the estimator, of a pipeline those of its steps."""
        steps = getattr(self.estimator, "steps", None)
        names = [type(step).__name__ for _, step in steps or []]
        return "+".join(names) or type(self.estimator).__name__

    @property
    def learns_like(self) -> str:
        """The same for one estimator only: what two of them have in common is not known."""
        return f"{self.title} {id(self.estimator)} {self.n_folds} {self.dtype}"

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as :func:`p300.detectors.make_detector` takes them.

        Raises
        ------
        DetectorError
            Naming a parameter of the estimator that cannot be written.
        """
        own: dict[str, Any] = self.get_params(deep=False)
        del own["estimator"]
        return {**describe(self.estimator), **own}

    def _fit(self, X: EpochArray, y: Labels) -> Self:
        given = {"random_state": self.seed, "electrodes": self.electrodes}
        with self._telling("fitted"):
            estimator = clone(self.estimator)
            asked = estimator.get_params()
            told = {
                name: given[last]
                for name, value in asked.items()
                if value is None and (last := name.rpartition("__")[2]) in given
            }
            self.estimator_ = estimator.set_params(**told)
            self.estimator_.fit(self._typed(X), y.astype(np.int64))
        return self

    def _typed(self, X: EpochArray) -> npt.NDArray[np.floating]:
        return X.astype(self.dtype, copy=False)

    @contextmanager
    def _telling(self, done: str) -> Iterator[None]:
        """Tell which estimator did what it cannot do."""
        try:
            yield
        except P300Error:
            raise
        except Exception as error:  # of a foreign library
            raise DetectorError(
                f"{self.title} cannot be {done} on epochs [epoch, electrode, time] of {self.dtype}:"
                f" {type(error).__name__}: {error}"
            ) from error

    def _raw_scores(self, X: EpochArray) -> Floats:
        return self._scores_of(self.estimator_, X)

    def _scores_of(self, fitted: Any, X: EpochArray) -> Floats:
        """Return decisions, or the log-odds of probabilities, [epoch]."""
        with self._telling("applied"):
            decides = hasattr(fitted, "decision_function")
            given = (fitted.decision_function if decides else fitted.predict_proba)(self._typed(X))
            found = np.asarray(given, dtype=np.float64)
        shapes = [(len(X),), (len(X), 1)] if decides else [(len(X), 2)]
        if found.shape not in shapes:
            raise DetectorError(
                f"{self.title} gives {'decisions' if decides else 'probabilities'} of shape "
                f"{found.shape} for {len(X)} epochs, expected {shapes[0]}"
            )
        if decides:
            return finite_scores(found.reshape(len(X)), f"of {self.title}")
        from scipy.special import logit

        # Trees are sure at times: their log-odds stay finite, and in order.
        scores: Floats = logit(np.clip(found[:, 1], 1e-12, 1 - 1e-12))
        return finite_scores(scores, f"of {self.title}")

    @property
    def _layer(self) -> Any:
        """The last step, where it is a linear layer; else None."""
        fitted = self.estimator_
        if not isinstance(fitted, Pipeline) or len(fitted.steps) < 2:
            return None
        last = fitted.steps[-1][1]
        linear = all(hasattr(last, each) for each in ("coef_", "intercept_", "decision_function"))
        return last if linear and np.shape(np.atleast_2d(last.coef_))[0] == 1 else None

    def features(self, X: EpochArray) -> Floats | None:
        """Return what the last step reads, [epoch, feature], where it is a linear layer."""
        if self._layer is None:
            return None
        with self._telling("applied"):
            return np.asarray(self.estimator_[:-1].transform(self._typed(X)), dtype=np.float64)

    def readout(self) -> tuple[Floats, float] | None:
        """Return the weights of the features, [feature], and the intercept, if there are any."""
        if (layer := self._layer) is None:
            return None
        weights = np.ravel(layer.coef_).astype(np.float64)
        return weights, float(np.ravel(layer.intercept_)[0])

    @property
    def n_parameters(self) -> None:
        """Not known."""
        return

    def state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """Return what :meth:`restore` needs, if the estimator can be stored.

        Raises
        ------
        DetectorError
            Naming what cannot be stored; or when what can be is not enough for the same scores.
        """
        about, _ = super().state()
        kept, arrays = keep(self.estimator_)
        X = np.random.default_rng(0).standard_normal((4, *self.input_shape_), dtype=np.float32)
        expected = self._raw_scores(X)
        with self._telling("stored and used again"):
            found = self._scores_of(rebuild(kept, arrays, self._packages()), X)
        if not np.allclose(found, expected, rtol=1e-9, atol=1e-9):
            raise DetectorError(
                f"{self.title} cannot be stored: what it notes under names that do not end in _ is "
                "needed for its scores and is no number, text, array or estimator; give its class "
                "state() and restore(about, arrays) (docs/detectors.md)"
            )
        return {**about, "fitted": kept}, arrays

    def restore(self, about: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Self:
        """Become the fitted detector that :meth:`state` described.

        Raises
        ------
        DetectorError
            When it is of another class than the estimator that the parameters name.
        """
        super().restore(about, {})
        self.estimator_ = rebuild(about["fitted"], arrays, self._packages())
        if type(self.estimator_) is not type(self.estimator):
            raise DetectorError(
                f"fitted {type(self.estimator_).__name__} found, expected {self.title}"
            )
        return self

    def _packages(self) -> frozenset[str]:
        """Return the packages that the classes of the estimator and of all within come from."""
        within = [self.estimator, *self.estimator.get_params().values()]
        kinds = [type(each) for each in within if hasattr(each, "get_params")]
        return frozenset(kind.__module__.partition(".")[0] for kind in kinds)

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {}  # they come with their description, in state()

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """See :meth:`restore`."""


def described_detector(
    *,
    estimator: str | None = None,
    parameters: dict[str, Any] | None = None,
    steps: dict[str, dict[str, Any]] | None = None,
    n_folds: Several = 5,
    dtype: Literal["float64", "float32"] = "float64",
    seed: Seed = 0,
    electrodes: Names | None = None,
) -> EstimatorDetector:
    """Make the detector of an estimator that a config names.

    Parameters
    ----------
    estimator
        Class of a classifier, ``module:Class`` of an installed package, whose code it runs; or
        ``steps``.
    parameters
        Parameters of ``estimator`` by name; those that are not given keep its defaults.
    steps
        Steps of a pipeline in order, each by its name with its ``estimator`` and ``parameters``; in
        place of those.
    n_folds
        Parts of the training groups for the cross-fitted calibration.
    dtype
        Type of the epochs that the estimator sees. Networks want ``float32``; covariances lose
        digits with it.
    seed
        What every ``random_state`` of the estimator that is None is set to.
    electrodes
        Names of the electrodes of X, for every parameter ``electrodes`` of it that is None.
    """
    given = {"estimator": estimator, "parameters": parameters, "steps": steps}
    made = make_estimator({k: v for k, v in given.items() if v is not None}, "estimator")
    return EstimatorDetector(made, n_folds=n_folds, dtype=dtype, seed=seed, electrodes=electrodes)


def as_detector(given: Any, **parameters: Any) -> Detector:
    """Return a detector as it is, and any other classifier as an :class:`EstimatorDetector`.

    Parameters
    ----------
    given
        A detector, or an unfitted classifier.
    parameters
        Of :class:`EstimatorDetector`.

    Raises
    ------
    DetectorError
        When it cannot be fitted or copied, or gives no scores.
    """
    if isinstance(given, Detector):
        return given
    scoring = hasattr(given, "decision_function") or hasattr(given, "predict_proba")
    usable = all(hasattr(given, each) for each in ("fit", "get_params", "set_params"))
    if isinstance(given, type) or not (usable and scoring):
        raise DetectorError(
            f"{given!r} found, expected a detector (p300.make_detector) or an unfitted classifier "
            "of scikit-learn with decision_function or predict_proba"
        )
    return EstimatorDetector(given, **parameters)
