"""What all detectors share: the scikit-learn contract on X [epoch, electrode, time]."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from p300.arguments import check_arguments
from p300.detectors.calibration import Sigmoid, finite_scores, fit_sigmoid, log_odds
from p300.detectors.linear.structure import UNSTRUCTURED, Structure
from p300.detectors.splits import (
    EpochArray,
    Floats,
    Labels,
    check_epochs,
    check_training_data,
    label_names,
)
from p300.errors import DetectorError

if TYPE_CHECKING:
    from p300.detectors.linear.moments import ClassMoments
    from p300.signal.parts import Part


class Detector(ClassifierMixin, BaseEstimator, ABC):
    """A scikit-learn classifier whose scores are calibrated log-odds of a target.

    A detector fits itself in :meth:`fit` and returns raw scores in :meth:`_raw_scores`; the rest is
    here.

    Attributes
    ----------
    classes_ : [0, 1], or the names of non-targets and targets where labels were text
    input_shape_ : number of electrodes and of samples
    calibration_ : raw score -> log-odds, fitted on scores of training epochs held out
    threshold_ : log-odds of the training target share, above which ``predict`` says target
    """

    name: str
    """Name in the registry."""
    stackable: bool = False
    """Whether several fits can be made as one batched model on a graphics card."""

    @abstractmethod
    def _raw_scores(self, X: EpochArray) -> Floats:
        """Return uncalibrated scores, higher for targets, [epoch]."""

    @property
    @abstractmethod
    def n_parameters(self) -> int | None:
        """Number of fitted weights and thresholds; None where it is not known."""

    @abstractmethod
    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the fitted arrays by name."""

    @abstractmethod
    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take what :meth:`_arrays` gave."""

    @property
    def learns_like(self) -> str:
        """The same text for detectors that learn the same from the same epochs and seed."""
        parameters = {key: value for key, value in self.get_params().items() if key != "seed"}
        return f"{type(self).__module__}.{type(self).__qualname__}{parameters}"

    @abstractmethod
    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Fit the detector and calibrate it on training epochs that it did not learn from.

        Parameters
        ----------
        X
            [epoch, electrode, time].
        y
            1 for a target, 0 for a non-target, [epoch]; or two names, of which the later in the
            order of sorting stands for targets, as scikit-learn has it.
        groups
            [epoch], the character, run or subject of each epoch; whole groups are held out,
            because neighbouring epochs share samples. Where epochs of different groups do, too,
            [epoch, n]: its own group first, then those that it shares samples with, repeated
            where there are fewer; :meth:`p300.signal.epochs.Epochs.groups` returns either. Without
            it the epochs are cut in the order given.

        Raises
        ------
        DetectorError
            A parameter out of range, wrong shapes, NaN, one class only, epochs that the detector
            cannot take.
        """

    def fit_part(
        self,
        part: Part,
        level: str,
        *,
        calibrated: bool = True,  # noqa: ARG002  # who calibrates at a cost of its own looks at it
    ) -> Self:
        """Fit the detector to a part of a study, which shares what other parts need as well.

        Parameters
        ----------
        part
            The training epochs, labelled.
        level
            The level (a key of :data:`p300.recordings.units.UNITS`) whose whole units are held out.
        calibrated
            Whether scores are to be calibrated; without it the detector may be good for
            :meth:`features` alone.

        Raises
        ------
        DetectorError
            As :meth:`fit`.
        """
        return self.fit(part.X, part.y, groups=part.groups(level))

    def features_of(self, part: Part) -> Floats | None:
        """Return :meth:`features` of a part of a study, [epoch, feature], if any."""
        return self.features(part.X)

    def sums_of(self, part: Part) -> ClassMoments | None:  # noqa: ARG002
        """Return the sums over those features that a discriminant needs, where they are at hand."""
        return None

    def share(self, part: Part) -> None:
        """Derive what fits to several parts of a study share of each subject, for all of them.

        Parameters
        ----------
        part
            All epochs of a subject of the study, or of several.
        """

    def _take(self, X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[EpochArray, Labels]:
        """Check parameters and training epochs; note the epochs' size and share of targets."""
        self._check_parameters()
        epochs, labels = check_training_data(X, y)
        self._note(epochs.shape, labels)
        if (names := label_names(y)) is not None:
            self.classes_ = np.array(names)
        return epochs, labels

    def _note(self, shape: tuple[int, ...], labels: Labels) -> None:
        """Note the training epochs' electrodes and samples, and their share of targets."""
        self._note_share(shape[1:], float(labels.mean()))

    def _note_share(self, shape: tuple[int, ...], share: float) -> None:
        self.threshold_ = log_odds(share)
        self.input_shape_ = (shape[0], shape[1])
        self.classes_ = np.array([0, 1])

    def _check_parameters(self) -> None:
        """Refuse values that the constructor's annotations do not allow (:mod:`p300.ranges`).

        When fitting, as scikit-learn has it: a constructor takes whatever it is given.
        """
        given = self.get_params(deep=False)
        check_arguments(type(self), given, where=type(self).__name__, error=DetectorError)

    def _calibrate(self, scores: Floats, labels: npt.NDArray[np.integer]) -> None:
        """Calibrate on raw scores of training epochs not learned from, and their labels."""
        self.calibration_ = fit_sigmoid(scores, labels)

    def fine_tune(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:  # noqa: ARG002
        """Go on learning from a few labelled epochs of one subject, on top of the fit.

        Calibration and threshold stay what they are: the epochs are too few to hold any out.

        Parameters
        ----------
        X
            [epoch, electrode, time].
        y
            1 for a target, 0 for a non-target, [epoch]; both must occur.

        Raises
        ------
        DetectorError
            When the detector is no network; wrong shapes, NaN, one class only.
        """
        raise DetectorError(
            f"detector {self.name} cannot be fine-tuned, only networks can; use adaptation "
            "'labelled', or a network"
        )

    def take_readout(
        self,
        shape: tuple[int, int],  # noqa: ARG002
        share: float,  # noqa: ARG002
        readout: tuple[Floats, float] | None = None,  # noqa: ARG002
    ) -> Self:
        """Become a fitted detector by weights that were learned elsewhere, without a fit.

        Parameters
        ----------
        shape
            Number of electrodes and of samples of an epoch.
        share
            Of targets among the epochs.
        readout
            As :meth:`readout`, so that raw scores are log-odds; by default nothing is known, and
            all epochs score alike.

        Raises
        ------
        DetectorError
            When what the last layer reads needs a fit; a parameter out of range.
        """
        raise DetectorError(
            f"detector {self.name} learns from labels what its last layer reads, and there are "
            "none; use one whose features are of each epoch alone (slda)"
        )

    def decision_function(self, X: npt.ArrayLike) -> Floats:
        """Return the calibrated log-odds of a target, [epoch].

        Raises
        ------
        DetectorError
            When X has another number of electrodes or samples than the training epochs, or a score
            is not finite.
        """
        epochs = check_epochs(X)
        self._check_shape(epochs)
        with np.errstate(over="ignore", invalid="ignore"):
            scores = self.calibration_(self._raw_scores(epochs))
        return finite_scores(scores, f"of {self.name}")

    def _check_shape(self, epochs: EpochArray) -> None:
        """Refuse epochs of another size than those of the fit."""
        check_is_fitted(self, "calibration_")
        if epochs.shape[1:] != self.input_shape_:
            raise DetectorError(
                f"epochs of {epochs.shape[1]} electrodes x {epochs.shape[2]} samples found, "
                f"the detector was fitted on {self.input_shape_[0]} x {self.input_shape_[1]}"
            )

    def predict_proba(self, X: npt.ArrayLike) -> Floats:
        """Return the probabilities of non-target and target, [epoch, 2]."""
        from scipy.special import expit

        log_odds_of_target = self.decision_function(X)
        return np.column_stack([expit(-log_odds_of_target), expit(log_odds_of_target)])

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Say 1 (or the name) where a target is likelier than its share in training, [epoch].

        With one target in six the threshold of .5 would hardly ever be crossed; this one treats
        both classes alike, as balanced accuracy does.
        """
        said: npt.NDArray[Any] = self.classes_[
            (self.decision_function(X) > self.threshold_).astype(np.intp)
        ]
        return said

    def features(self, X: EpochArray) -> Floats | None:  # noqa: ARG002
        """Return what the last, linear layer reads, [epoch, feature], if there is such a layer.

        With the weights and the intercept of :meth:`readout`, ``features(X) @ weights + intercept``
        are the raw scores, before calibration. Who wants to adapt a fitted detector to a subject
        can learn these few weights anew.
        """
        return None

    def readout(self) -> tuple[Floats, float] | None:
        """Return the weights of :meth:`features`, [feature], and the intercept, if any."""
        return None

    def structure(self) -> Structure:
        """Return what is known of the covariance of :meth:`features`; after the fit."""
        return UNSTRUCTURED

    def spatial_filters(self) -> Floats | None:
        """Return the weights of spatial filters, [filter, electrode], if the detector has any."""
        return None

    def temporal_kernels(self) -> Floats | None:
        """Return the kernels that read each spatial filter, [filter, map, time], if any."""
        return None

    def input_gradients(self, X: npt.ArrayLike) -> Floats | None:  # noqa: ARG002
        """Return the gradient of each epoch's log-odds, [epoch, electrode, time], if any."""
        return None

    def history(self) -> tuple[list[dict[str, float]], int | None]:
        """Return one dict a training pass (pass, train_loss, validation_loss) and the best pass."""
        return [], None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as :func:`p300.detectors.make_detector` takes them."""
        found: dict[str, Any] = self.get_params()
        return found

    def state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """Return what :meth:`restore` needs: a JSON-ready description and the fitted arrays."""
        check_is_fitted(self, "calibration_")
        about = {
            "input_shape": list(self.input_shape_),
            "calibration": [self.calibration_.slope, self.calibration_.intercept],
            "threshold": self.threshold_,
        }
        if self.classes_.dtype.kind == "U":
            about["classes"] = self.classes_.tolist()
        return about, self._arrays()

    def restore(self, about: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Self:
        """Become the fitted detector that :meth:`state` described."""
        n_electrodes, n_samples = about["input_shape"]
        self.input_shape_ = (n_electrodes, n_samples)
        self.classes_ = np.array(about.get("classes") or [0, 1])
        self.calibration_ = Sigmoid(*about["calibration"])
        self.threshold_ = about["threshold"]
        self._set_arrays(arrays)
        return self

    def __sklearn_tags__(self) -> Any:
        """Describe scikit-learn that X has three axes and that there are two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.classifier_tags.multi_class = False
        return tags
