"""Detectors whose networks are trained: prepare a training job, train it, finish."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from p300.detectors.base import Detector
from p300.detectors.splits import EpochArray, Floats, check_epochs, check_training_data
from p300.detectors.training import TrainingJob, train
from p300.detectors.training.loop import gather, time_major
from p300.detectors.training.scaling import Scaling
from p300.errors import TrainingWarning

SCORING_BATCH = 128
"""Epochs scored at once."""


class TrainedDetector(Detector):
    """A detector of one or several networks.

    :meth:`fit` is ``job = prepare(X, y, groups)``, ``train([job])``, ``finish(job)``; who fits many
    detectors trains their jobs together (:mod:`p300.detectors.fitting`). Networks read epochs that
    are scaled by the statistics of those that they learned from.

    Attributes
    ----------
    scaling_ : :class:`~p300.detectors.training.scaling.Scaling` of the networks' input
    """

    seed: int
    scaling_: Scaling

    @abstractmethod
    def prepare(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        seeds: np.random.SeedSequence | None = None,
    ) -> TrainingJob:
        """Return networks with their initial weights, and the epochs that each is to learn from.

        Parameters
        ----------
        X, y, groups
            As of :meth:`fit`.
        seeds
            What the networks' random states are drawn from; None: from the detector's seed.
        """

    @abstractmethod
    def _take_over(self, job: TrainingJob) -> None:
        """Take over the trained networks of a job."""

    @abstractmethod
    def _log_odds(self, X: Tensor) -> Tensor:
        """Return the uncalibrated log-odds of scaled epochs, [epoch], for autograd too."""

    @abstractmethod
    def _fine_tune(self, X: Tensor, y: Tensor) -> None:
        """Let the networks go on learning from scaled epochs; draw from torch's generator."""

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Train the networks and calibrate their log-odds; see :meth:`Detector.fit`."""
        job = self.prepare(X, y, groups)
        train([job])
        return self.finish(job)

    def finish(self, job: TrainingJob) -> Self:
        """Take over the trained networks of a job and calibrate on what none learned from.

        Warns
        -----
        TrainingWarning
            Where a network could have learned longer.
        """
        self._take_over(job)
        for history in job.histories:
            if history.cut_short:
                warnings.warn(
                    f"the validation loss still fell in the last of {len(history.passes)} passes; "
                    "raise max_passes",
                    TrainingWarning,
                    stacklevel=2,
                )
        held_out = job.held_out
        scores = self._scored(gather(job.X, rows) for rows in held_out.split(SCORING_BATCH))
        self._calibrate(scores, job.y[held_out].numpy())
        return self

    def _raw_scores(self, X: EpochArray) -> Floats:
        return self._scored(self._batches(X))

    def _batches(self, X: EpochArray) -> Iterator[Tensor]:
        """Yield the scaled epochs, some at a time."""
        for start in range(0, len(X), SCORING_BATCH):
            yield time_major(self.scaling_(X[start : start + SCORING_BATCH]))

    def _scored(self, batches: Iterable[Tensor]) -> Floats:
        with torch.inference_mode():
            scores: Floats = torch.cat([self._log_odds(batch) for batch in batches]).numpy()
        return scores

    def input_gradients(self, X: npt.ArrayLike) -> Floats:
        """Return the gradient of each epoch's log-odds by X itself, [epoch, electrode, time]."""
        inputs = torch.from_numpy(self.scaling_(check_epochs(X))).requires_grad_()
        (gradients,) = torch.autograd.grad(self._log_odds(inputs).sum(), inputs)
        scale = self.scaling_.scale[:, None].astype(np.float64)
        found: Floats = self.calibration_.slope * gradients.double().numpy() / scale
        return found

    def fine_tune(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Go on learning all weights: :func:`p300.detectors.training.fine_tuning.fine_tune`."""
        epochs, labels = check_training_data(X, y)
        self._check_shape(epochs)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self._fine_tune(
                time_major(self.scaling_(epochs)), torch.from_numpy(labels.astype(np.int64))
            )
        return self
