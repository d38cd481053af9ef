"""Detectors that look at some electrodes: named ones, or those that a network weighs most."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from p300.detectors.base import Detector
from p300.detectors.linear.structure import Structure
from p300.detectors.meta.electrode_choice import heaviest_electrodes, named_electrodes
from p300.detectors.meta.ensembles import Ensemble
from p300.detectors.meta.wrapping import WrapsDetector
from p300.detectors.splits import EpochArray, Floats, Index, check_epochs, check_training_data
from p300.detectors.training import TrainingJob, train
from p300.detectors.training.network import NetworkDetector
from p300.detectors.training.trained import TrainedDetector
from p300.errors import DetectorError
from p300.ranges import Names, Size


class PickedElectrodes(WrapsDetector):
    """A detector on some electrodes of X; which, its subclasses tell.

    Attributes
    ----------
    picked_ : rows of X that the detector sees, [electrode]
    detector_ : the detector fitted on these
    """

    picked_: Index
    detector_: Detector

    def _pick(self, X: EpochArray, picked: Index) -> EpochArray:
        """Note the size of X and which electrodes are looked at; return the epochs of these."""
        self._check_parameters()
        self.input_shape_ = (X.shape[1], X.shape[2])
        self.picked_, self.detector_ = picked, clone(self.detector)
        return X[:, picked]

    @property
    def _trained(self) -> TrainedDetector:
        assert isinstance(self.detector_, TrainedDetector)  # others have no training jobs
        return self.detector_

    def finish(self, job: TrainingJob) -> Self:
        """Take over the trained networks; see :meth:`TrainedDetector.finish`."""
        self._trained.finish(job)
        return self._as_fitted()

    def _as_fitted(self) -> Self:
        """Score as the fitted detector does."""
        self.classes_ = self.detector_.classes_
        self.calibration_ = self.detector_.calibration_
        self.threshold_ = self.detector_.threshold_
        return self

    def fine_tune(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Go on learning as the detector does, on its electrodes."""
        epochs, labels = check_training_data(X, y)
        self._check_shape(epochs)
        self.detector_.fine_tune(epochs[:, self.picked_], labels)
        return self

    def _raw_scores(self, X: EpochArray) -> Floats:
        return self.detector_._raw_scores(X[:, self.picked_])

    def features(self, X: EpochArray) -> Floats | None:
        """Return what the detector's last layer reads, [epoch, feature]."""
        return self.detector_.features(X[:, self.picked_])

    def readout(self) -> tuple[Floats, float] | None:
        """Return the weights of :meth:`features` and the intercept, if there are any."""
        return self.detector_.readout()

    def structure(self) -> Structure:
        """Return what is known of the covariance of :meth:`features`."""
        return self.detector_.structure()

    def input_gradients(self, X: npt.ArrayLike) -> Floats | None:
        """Return the gradient of each epoch's log-odds by X, 0 at electrodes not looked at."""
        own = self.detector_.input_gradients(check_epochs(X)[:, self.picked_])
        return None if own is None else self._on_all_electrodes(own)

    def spatial_filters(self) -> Floats | None:
        """Return the detector's spatial filters, 0 at electrodes not looked at."""
        own = self.detector_.spatial_filters()
        return None if own is None else self._on_all_electrodes(own)

    def _on_all_electrodes(self, own: Floats) -> Floats:
        """Return an array [n, picked electrode, ...] as [n, electrode, ...]."""
        whole = np.zeros((len(own), self.input_shape_[0], *own.shape[2:]))
        whole[:, self.picked_] = own
        return whole

    def temporal_kernels(self) -> Floats | None:
        """Return the kernels that read each spatial filter, [filter, map, time], if any."""
        return self.detector_.temporal_kernels()

    def history(self) -> tuple[list[dict[str, float]], int | None]:
        """Return the detector's training, as the detector does."""
        return self.detector_.history()

    @property
    def n_parameters(self) -> int | None:
        """Number of fitted weights and thresholds."""
        return self.detector_.n_parameters

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {"picked": self.picked_, **self.detector_._arrays()}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        rest = dict(arrays)
        self.picked_ = rest.pop("picked")
        if len(np.intersect1d(self.picked_, np.arange(self.input_shape_[0]))) != self.picked_.size:
            raise DetectorError(
                f"electrodes {self.picked_} picked, expected different ones of "
                f"{self.input_shape_[0]}"
            )
        about = {
            "input_shape": [len(self.picked_), self.input_shape_[1]],
            "calibration": [self.calibration_.slope, self.calibration_.intercept],
            "threshold": self.threshold_,
        }
        self.detector_ = clone(self.detector).restore(about, rest)


class NamedElectrodes(PickedElectrodes):
    """Any detector on named electrodes: a meta-estimator.

    Parameters
    ----------
    detector
        Any detector.
    picks
        Names of the electrodes to look at.
    electrodes
        Names of the electrodes of X.
    """

    detector: Detector

    def __init__(
        self,
        detector: Detector,
        picks: Names = (),
        *,
        electrodes: Names | None = None,
    ) -> None:
        self.detector = detector
        self.picks = picks
        self.electrodes = electrodes

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as :func:`p300.detectors.make_detector` takes them.

        Raises
        ------
        DetectorError
            When the detector is no network: it takes no picks there.
        """
        if not isinstance(self.detector, TrainedDetector):
            raise DetectorError(
                f"{self.name} on named electrodes cannot be stored; fit {self.name} itself on "
                "epochs of these electrodes (preprocessing has a setting for them)"
            )
        own = {"picks": self.picks, "electrodes": self.electrodes}
        return self.detector.parameters() | own

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Fit the detector on the named electrodes."""
        seen = self._named(X)
        self.detector_.fit(seen, y, groups=groups)
        return self._as_fitted()

    def prepare(
        self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None
    ) -> TrainingJob:
        """Return the training job of the detector, where it has networks, on its electrodes."""
        seen = self._named(X)
        return self._trained.prepare(seen, y, groups)

    def _named(self, X: npt.ArrayLike) -> EpochArray:
        epochs = check_epochs(X)
        picked = named_electrodes(self.picks, self.electrodes, epochs.shape[1])
        return self._pick(epochs, picked)


class HeaviestElectrodes(PickedElectrodes):
    """Networks on the electrodes that a network of their kind weighs most: a meta-estimator.

    Two trainings, as CNN-2b of Cecotti & Gräser (2011): a network learns from all electrodes; then
    the networks themselves learn from those of the largest weights in its spatial filters. Weights
    are compared on scaled input, so that no electrode is chosen for its unit.

    Parameters
    ----------
    detector
        A network or an ensemble; one network of it chooses.
    n_electrodes
        Number of electrodes to choose.
    """

    detector: NetworkDetector | Ensemble
    chooser_: NetworkDetector

    def __init__(self, detector: NetworkDetector | Ensemble, n_electrodes: Size = 8) -> None:
        self.detector = detector
        self.n_electrodes = n_electrodes

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as :func:`p300.detectors.make_detector` takes them."""
        return self.detector.parameters() | {"picks": self.n_electrodes}

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Train the network that chooses, then those on the electrodes chosen."""
        choosing = self.prepare(X, y, groups)
        train([choosing])
        job = self.choose(choosing, X, y, groups)
        train([job])
        return self.finish(job)

    def prepare(
        self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None
    ) -> TrainingJob:
        """Return the job of training the network that chooses, on all electrodes."""
        inner = self.detector
        self.chooser_ = clone(inner.detector if isinstance(inner, Ensemble) else inner)
        return self.chooser_.prepare(X, y, groups)

    def choose(
        self,
        choosing: TrainingJob,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
    ) -> TrainingJob:
        """Choose electrodes by a trained network; return the job of training on these.

        Random states are drawn on from where the choosing network's were.

        Raises
        ------
        DetectorError
            When the network has no spatial filters, or X has too few electrodes.
        """
        filters = self.chooser_.finish(choosing).filters_of_scaled_input()
        if filters is None:
            raise DetectorError(
                f"{self.name} has no spatial filters to choose {self.n_electrodes} electrodes by; "
                "name the electrodes in picks"
            )
        seen = self._pick(check_epochs(X), heaviest_electrodes(filters, self.n_electrodes))
        return self._trained.prepare(seen, y, groups, choosing.seeds)
