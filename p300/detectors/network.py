"""One scikit-learn classifier and one training loop for every network of the registry."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from p300.detectors.base import Detector
from p300.detectors.registry import network_class
from p300.detectors.validation import Floats, Labels, Windows, validation_split
from p300.errors import DetectorError, TrainingWarning

SCORING_BATCH = 4096


class NetworkDetector(Detector):
    """A network of the registry as a scikit-learn classifier on X [epoch, electrode, time].

    Cross-entropy with class weights, Adam, early stopping at the least validation loss; the raw
    score is the difference of the two outputs, calibrated to log-odds on the validation part.

    Parameters
    ----------
    network
        Name in :data:`p300.detectors.registry.DETECTORS`.
    network_options
        Keyword arguments of the network's class.
    epochs
        Most passes over the learning part.
    batch_size
        Windows a step.
    learning_rate, weight_decay
        Of Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    patience
        Passes without a lower validation loss after which training stops.
    validation_fraction
        Share of the training epochs, in whole groups, set aside for stopping and calibration.
    seed
        Initial weights, order of the windows and choice of the validation groups follow from it.

    Attributes
    ----------
    network_ : the fitted torch module
    history_ : one dict a pass: epoch, train_loss, validation_loss
    best_epoch_ : the pass whose weights are kept
    """

    def __init__(
        self,
        network: str = "cnn1",
        network_options: dict[str, Any] | None = None,
        *,
        epochs: int = 100,
        batch_size: int = 64,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        patience: int = 15,
        validation_fraction: float = 0.15,
        seed: int = 0,
    ) -> None:
        self.network = network
        self.network_options = network_options
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.seed = seed

    @property
    def name(self) -> str:  # type: ignore[override]  # follows the network
        """Name in the registry."""
        return self.network

    def _learn(self, X: Windows, y: Labels, groups: npt.ArrayLike | None) -> tuple[Floats, Labels]:
        seeds = np.random.SeedSequence(self.seed).spawn(3)
        learn, validate = validation_split(
            y, groups, self.validation_fraction, np.random.default_rng(seeds[0])
        )
        with _seeded(seeds[1]):
            self.network_ = self._build()
        shuffling = torch.Generator().manual_seed(_torch_seed(seeds[2]))
        inputs, targets = time_major(X), torch.from_numpy(y.astype(np.int64))
        self._train(inputs, targets, torch.from_numpy(learn), torch.from_numpy(validate), shuffling)
        return self._raw_scores(X[validate]), y[validate]

    def _build(self) -> nn.Module:
        options = self.network_options or {}
        module: nn.Module = network_class(self.network)(*self.input_shape_, **options)
        return module

    def _train(
        self, X: Tensor, y: Tensor, learn: Tensor, validate: Tensor, shuffling: torch.Generator
    ) -> None:
        """Minimise the weighted cross-entropy; keep the weights of the best validation loss."""
        counts = torch.bincount(y[learn], minlength=2)
        loss = nn.CrossEntropyLoss(weight=len(learn) / (2 * counts))
        optimiser = torch.optim.AdamW(
            self.network_.parameters(),
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            fused=True,
        )
        X_validate, y_validate = gather(X, validate), y[validate]
        self.history_: list[dict[str, float]] = []
        best, best_loss, self.best_epoch_ = None, np.inf, 0
        for epoch in range(1, self.epochs + 1):
            self.network_.train()
            total = 0.0
            for rows in learn[torch.randperm(len(learn), generator=shuffling)].split(
                self.batch_size
            ):
                optimiser.zero_grad(set_to_none=True)
                batch_loss = loss(self.network_(gather(X, rows)), y[rows])
                batch_loss.backward()
                optimiser.step()
                total += batch_loss.item() * len(rows)
            self.network_.eval()
            with torch.inference_mode():
                validation_loss = float(loss(self.network_(X_validate), y_validate))
            self.history_.append(
                {
                    "epoch": epoch,
                    "train_loss": total / len(learn),
                    "validation_loss": validation_loss,
                }
            )
            if not np.isfinite(validation_loss):
                raise DetectorError(
                    f"training of {self.network} diverged in pass {epoch} (validation loss "
                    f"{validation_loss}); lower the learning rate or check the input's scale"
                )
            if validation_loss < best_loss:
                best_loss, self.best_epoch_ = validation_loss, epoch
                best = copy.deepcopy(self.network_.state_dict())
            elif epoch - self.best_epoch_ >= self.patience:
                break
        else:
            if self.best_epoch_ == self.epochs > self.patience:
                warnings.warn(
                    f"{self.network}: the validation loss still fell in the last of "
                    f"{self.epochs} passes; allow more epochs",
                    TrainingWarning,
                    stacklevel=3,
                )
        if best is not None:
            self.network_.load_state_dict(best)

    def _raw_scores(self, X: Windows) -> Floats:
        """Give output 1 minus output 0, [epoch]."""
        self.network_.eval()
        with torch.inference_mode():
            outputs = [
                self.network_(time_major(X[start : start + SCORING_BATCH]))
                for start in range(0, len(X), SCORING_BATCH)
            ]
        both = torch.cat(outputs).double().numpy()
        scores: Floats = both[:, 1] - both[:, 0]
        return scores

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return sum(p.numel() for p in self.network_.parameters())

    def spatial_filters(self) -> Floats | None:
        """Give the weights of the network's spatial layer, [filter, electrode], if it has one."""
        filters = getattr(self.network_, "spatial_filters", None)
        return filters().double().numpy() if filters else None

    def history(self) -> tuple[list[dict[str, float]], int | None]:
        """Give one dict a training pass (epoch, train_loss, validation_loss) and the best pass."""
        return self.history_, self.best_epoch_

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {name: tensor.numpy() for name, tensor in self.network_.state_dict().items()}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.network_ = self._build()
        self.network_.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})


def time_major(X: Windows) -> Tensor:
    """Give windows as [epoch, electrode, time], laid out in memory as [epoch, time, electrode].

    A spatial filter is then one plain matrix product over contiguous rows.
    """
    return torch.from_numpy(np.ascontiguousarray(X.transpose(0, 2, 1))).transpose(1, 2)


def gather(X: Tensor, rows: Tensor) -> Tensor:
    """Give the epochs at ``rows`` in the memory layout of :func:`time_major`."""
    return X.transpose(1, 2).index_select(0, rows).transpose(1, 2)


def _torch_seed(sequence: np.random.SeedSequence) -> int:
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def _seeded(sequence: np.random.SeedSequence) -> Iterator[None]:
    """Seed torch's global generator inside the block only."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_torch_seed(sequence))
        yield
