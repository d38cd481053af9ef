"""One scikit-learn classifier for every network of the registry, alone or in ensembles."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from dataclasses import fields, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor, nn

from p300.detectors.base import Detector
from p300.detectors.electrode_choice import heaviest_electrodes, named_electrodes
from p300.detectors.ensembles import Division, fuse, member_parts
from p300.detectors.fine_tuning import fine_tune
from p300.detectors.gan import add_made_targets
from p300.detectors.lessons import Lesson, teach
from p300.detectors.paper_training import PaperTraining
from p300.detectors.registry import detector_info, network_class, stored_parameters
from p300.detectors.training import (
    LearningRule,
    Member,
    ModernTraining,
    Pretrained,
    Settings,
    gather,
    time_major,
)
from p300.detectors.training_variants import (
    AbsoluteErrorTraining,
    MomentumTraining,
    SquaredErrorTraining,
)
from p300.detectors.validation import (
    Floats,
    Index,
    Labels,
    Windows,
    check_training_data,
    check_windows,
    validation_split,
)
from p300.errors import DetectorError, TrainingWarning
from p300.windows import gather_windows

SCORING_BATCH = 128

LEARNING_RULES: dict[str, LearningRule] = {
    "modern": ModernTraining(),
    "paper": PaperTraining(),
    "squared": SquaredErrorTraining(),
    "absolute": AbsoluteErrorTraining(),
    "momentum": MomentumTraining(),
}


def training_settings(name: str, training: str) -> Settings:
    """Give the settings of a learning rule, with those that suit a network of the registry."""
    if training not in LEARNING_RULES:
        raise DetectorError(
            f"unknown training {training!r}, there are: {', '.join(LEARNING_RULES)}"
        )
    return replace(LEARNING_RULES[training].settings, **detector_info(name).tuned.get(training, {}))


class NetworkDetector(Detector):
    """Networks of the registry as a scikit-learn classifier on X [epoch, electrode, time].

    One or several networks of one class, by a learning rule, stopped early at the least
    validation loss. The raw score is the log-odds of the mean of their probabilities, calibrated
    on the validation part.

    Parameters
    ----------
    network
        Name in :data:`p300.detectors.registry.DETECTORS`.
    network_options
        Keyword arguments of the network's class.
    picks
        Names of electrodes to look at; or a number of them, those that a network trained on the
        same epochs weighs most in its spatial filters. None: all.
    division
        What each of several networks learns from: see
        :func:`p300.detectors.ensembles.member_parts`.
    n_members
        Number of networks.
    training
        ``modern``: cross-entropy and AdamW
        (:class:`~p300.detectors.training.ModernTraining`). ``paper``: squared error and plain
        gradient descent (:class:`~p300.detectors.paper_training.PaperTraining`). ``squared``,
        ``absolute``, ``momentum``: modern training with another error or with gradient descent
        (:mod:`p300.detectors.training_variants`).
    max_passes
        Most passes over the learning part. This and the next five: None takes the learning
        rule's own, see :func:`training_settings`.
    batch_size
        Windows a step; 1 is online learning.
    learning_rate, weight_decay
        Of the optimiser; with ``paper`` the rate is lambda, from which each layer's step follows.
    patience
        Passes without a lower validation loss after which training stops.
    validation_fraction
        Share of the training epochs, in whole groups, set aside for stopping and calibration.
    shuffle
        Whether each pass takes the windows in a new order.
    augmentation
        ``gan``: the networks learn from made targets too (:mod:`p300.detectors.gan`).
    seed
        Initial weights, order of the windows and all that is drawn follow from it.
    electrodes
        Names of the electrodes of X, needed where ``picks`` are names.

    Attributes
    ----------
    members_ : the fitted torch modules
    picked_ : rows of X that they see, [electrode]
    histories_ : the course of each network's training
    """

    def __init__(
        self,
        network: str = "cnn1",
        network_options: dict[str, Any] | None = None,
        *,
        picks: tuple[str, ...] | int | None = None,
        division: Division = "whole",
        n_members: int = 1,
        training: Literal["modern", "paper", "squared", "absolute", "momentum"] = "modern",
        max_passes: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        patience: int | None = None,
        validation_fraction: float | None = None,
        shuffle: bool = True,
        augmentation: Literal["gan"] | None = None,
        seed: int = 0,
        electrodes: tuple[str, ...] | None = None,
    ) -> None:
        self.network = network
        self.network_options = network_options
        self.picks = picks
        self.division = division
        self.n_members = n_members
        self.training = training
        self.max_passes = max_passes
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.shuffle = shuffle
        self.augmentation = augmentation
        self.seed = seed
        self.electrodes = electrodes

    @property
    def name(self) -> str:  # type: ignore[override]  # follows the network
        """Name in the registry."""
        return self.network

    @property
    def stackable(self) -> bool:  # type: ignore[override]  # follows the network
        """Whether several fits can be made as one batched model on a graphics card."""
        return detector_info(self.network).stackable

    @property
    def learns_like(self) -> str:
        """The same for all names of one network with the same settings."""
        info, parameters = detector_info(self.network), stored_parameters(self)
        del parameters["seed"]
        return repr([info.place, info.tuned, parameters])

    def fitting(
        self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None
    ) -> Iterator[Lesson]:
        """Fit as :meth:`fit` does, but leave teaching to whoever iterates.

        Each lesson must have been taught (:func:`p300.detectors.lessons.teach`) before the next is
        asked for; detectors of one kind ask for as many.
        """
        windows, labels = self._take(X, y)
        scores, held_out = yield from self._lessons(windows, labels, groups)
        self._calibrate(labels, scores, held_out)

    def _learn(self, X: Windows, y: Labels, groups: npt.ArrayLike | None) -> tuple[Floats, Labels]:
        lessons = self._lessons(X, y, groups)
        while True:
            try:
                lesson = next(lessons)
            except StopIteration as done:
                learned: tuple[Floats, Labels] = done.value
                return learned
            teach([lesson])

    def _lessons(
        self, X: Windows, y: Labels, groups: npt.ArrayLike | None
    ) -> Generator[Lesson, None, tuple[Floats, Labels]]:
        settings = self._settings()
        seeds = np.random.SeedSequence(self.seed)
        rng = np.random.default_rng(seeds.spawn(1)[0])
        learn, validate = validation_split(y, groups, settings.validation_fraction, rng)
        parts = member_parts(self.division, self.n_members, y, learn, validate, rng)
        self.picked_ = np.arange(X.shape[1])
        if self.picks is not None:
            self.picked_ = yield from self._pick(X, y, (learn, validate), settings, seeds)
        lesson = self._prepare(self._seen(X), y, parts, settings, seeds)
        yield lesson
        self.members_ = _taught(lesson)
        self.histories_ = lesson.histories
        return self._raw_scores(gather_windows(X, validate)), y[validate]

    def _settings(self) -> Settings:
        """Give the learning rule's settings, replaced by those of the parameters that are set."""
        settings = training_settings(self.network, self.training)
        given = {f.name: getattr(self, f.name) for f in fields(settings)}
        return replace(settings, **{k: v for k, v in given.items() if v is not None})

    def _pick(
        self,
        X: Windows,
        y: Labels,
        part: tuple[Index, Index],
        settings: Settings,
        seeds: np.random.SeedSequence,
    ) -> Generator[Lesson, None, Index]:
        """Give the electrodes to look at."""
        if not isinstance(self.picks, int):
            return named_electrodes(self.picks or (), self.electrodes, X.shape[1])
        lesson = self._prepare(X, y, [part], settings, seeds)
        yield lesson
        (network,) = _taught(lesson)
        filters = _weights(network, "spatial_filters")
        if filters is None:
            raise DetectorError(
                f"{self.network} has no spatial filters to choose {self.picks} electrodes by; name "
                "the electrodes in picks"
            )
        return heaviest_electrodes(filters, self.picks)

    def _seen(self, X: Windows) -> Windows:
        """Give the windows of the electrodes looked at, not copied where these are all."""
        return X if self.picks is None else X[:, self.picked_]

    def _prepare(
        self,
        X: Windows,
        y: Labels,
        parts: list[tuple[Index, Index]],
        settings: Settings,
        seeds: np.random.SeedSequence,
    ) -> Lesson:
        """Make a network for each part, which is to learn from its first rows."""
        if self.augmentation == "gan":
            X, y, parts = add_made_targets(X, y, parts, _torch_seed(seeds.spawn(1)[0]))
        windows, labels = time_major(X), torch.from_numpy(y.astype(np.int64))
        drawn = [self._draw(windows, part, seeds.spawn(2)) for part in parts]
        members, chance = [member for member, _ in drawn], [state for _, state in drawn]
        rule, stackable = LEARNING_RULES[self.training], detector_info(self.network).stackable
        return Lesson(rule, settings, windows, labels, members, stackable, chance)

    def _draw(
        self,
        windows: Tensor,
        part: tuple[Index, Index],
        seeds: list[np.random.SeedSequence],
    ) -> tuple[Member, Tensor]:
        """Make a network with its initial weights, the same on every device.

        The second is the state of torch's generator after that, for what dropout drops.
        """
        start, order = seeds
        learn, validate = (torch.from_numpy(rows) for rows in part)
        shuffling = torch.Generator().manual_seed(_torch_seed(order)) if self.shuffle else None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_torch_seed(start))
            network = self._build(*windows.shape[1:])
            LEARNING_RULES[self.training].initialise(network)
            if isinstance(network, Pretrained):
                network.pretrain(gather(windows, learn))
            after = torch.get_rng_state()
        return Member(network, learn, validate, shuffling), after

    def _build(self, n_electrodes: int, n_samples: int) -> nn.Module:
        options = self.network_options or {}
        module: nn.Module = network_class(self.network)(n_electrodes, n_samples, **options)
        return module

    def fine_tune(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Go on learning all weights: :func:`p300.detectors.fine_tuning.fine_tune`."""
        windows, labels = check_training_data(X, y)
        self._check_shape(windows)
        learning = time_major(self._seen(windows)), torch.from_numpy(labels.astype(np.int64))
        rule, settings = LEARNING_RULES[self.training], self._settings()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            for network in self.members_:
                fine_tune(network, rule, settings, *learning)
        return self

    def _raw_scores(self, X: Windows) -> Floats:
        """Give the log-odds of the mean of the networks' probabilities, [epoch]."""
        with torch.inference_mode():
            return torch.cat([self._fused(batch) for batch in self._batches(X)]).numpy()

    def _batches(self, X: Windows) -> Iterator[Tensor]:
        for start in range(0, len(X), SCORING_BATCH):
            yield time_major(self._seen(X[start : start + SCORING_BATCH]))

    def _fused(self, seen: Tensor) -> Tensor:
        self.members_.eval()
        log_odds = LEARNING_RULES[self.training].log_odds
        return fuse(torch.stack([log_odds(network(seen).double()) for network in self.members_]))

    def input_gradients(self, X: npt.ArrayLike) -> Floats:
        """Give the gradient of each epoch's log-odds, [epoch, electrode, time]."""
        inputs = torch.from_numpy(check_windows(X)).requires_grad_()
        seen = inputs[:, torch.from_numpy(self.picked_)]
        (gradients,) = torch.autograd.grad(self._fused(seen).sum(), inputs)
        return self.calibration_.slope * gradients.double().numpy()

    def features(self, X: Windows) -> Floats | None:
        """Give what the networks' last layers read, side by side, [epoch, feature].

        None where a network does not tell (it has no method ``features``).
        """
        self.members_.eval()
        layers: list[Any] = [getattr(network, "features", None) for network in self.members_]
        if None in layers:
            return None
        with torch.inference_mode():
            parts = [
                torch.cat([layer(batch) for layer in layers], dim=1) for batch in self._batches(X)
            ]
        return torch.cat(parts).double().numpy()

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return sum(p.numel() for p in self.members_.parameters())

    def spatial_filters(self) -> Floats | None:
        """Give the networks' spatial filters one below the other, [filter, electrode].

        Electrodes that the networks do not see have weight 0. None where they have no such layer.
        """
        seen = self._members_weights("spatial_filters")
        if seen is None:
            return None
        filters = np.zeros((len(seen), self.input_shape_[0]))
        filters[:, self.picked_] = seen
        return filters

    def temporal_kernels(self) -> Floats | None:
        """Give the kernels that read each spatial filter, [filter, map, time], if there are any."""
        return self._members_weights("temporal_kernels")

    def _members_weights(self, layer: str) -> Floats | None:
        found = [w for n in self.members_ if (w := _weights(n, layer)) is not None]
        return np.concatenate(found) if found else None

    def history(self) -> tuple[list[dict[str, float]], int | None]:
        """Give one dict a training pass (epoch, train_loss, validation_loss) and the best pass.

        Of several networks: the mean over those that still learned in the pass, and no best pass.
        Of a stored detector: nothing, it is not stored.
        """
        if not self.histories_:
            return [], None
        if len(self.histories_) == 1:
            return self.histories_[0].passes, self.histories_[0].best
        passes = pd.DataFrame([row for history in self.histories_ for row in history.passes])
        mean = passes.groupby("epoch", as_index=False).mean()
        return [{str(k): v for k, v in row.items()} for row in mean.to_dict("records")], None

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        weights = {name: tensor.numpy() for name, tensor in self.members_.state_dict().items()}
        return {"picked": self.picked_, **weights}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        weights = {name: torch.from_numpy(a) for name, a in arrays.items() if name != "picked"}
        self.picked_, self.histories_ = arrays["picked"], []
        size = len(self.picked_), self.input_shape_[1]
        self.members_ = nn.ModuleList(self._build(*size) for _ in range(self.n_members))
        self.members_.load_state_dict(weights)


def _weights(network: nn.Module, layer: str) -> Floats | None:
    """Give what the network's method ``layer`` gives, None where there is no such method."""
    method = getattr(network, layer, None)
    return method().double().numpy() if method else None


def _taught(lesson: Lesson) -> nn.ModuleList:
    """Give the networks of a lesson; warn where they could have learned longer."""
    for history in lesson.histories:
        if history.cut_short:
            warnings.warn(
                f"the validation loss still fell in the last of {len(history.passes)} passes; "
                "raise max_passes",
                TrainingWarning,
                stacklevel=3,
            )
    return nn.ModuleList(member.network for member in lesson.members)


def _torch_seed(sequence: np.random.SeedSequence) -> int:
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)
