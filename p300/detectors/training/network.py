"""A scikit-learn classifier for every network of the registry."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid
from torch.nn.parameter import is_lazy

from p300.arguments import check_arguments
from p300.detectors.registry import detector_info, network_class, training_settings
from p300.detectors.splits import EpochArray, Floats, Index, Labels, validation_split
from p300.detectors.training import TrainingJob
from p300.detectors.training.fine_tuning import fine_tune
from p300.detectors.training.gan import add_made_targets
from p300.detectors.training.loop import History, Learner, gather, time_major
from p300.detectors.training.rules import LEARNING_RULES
from p300.detectors.training.scaling import Scaling
from p300.detectors.training.settings import Settings
from p300.detectors.training.trained import TrainedDetector
from p300.errors import DetectorError
from p300.ranges import Count, NonNegative, Positive, Seed, Share

Part = tuple[Index, Index]
"""Positions of the epochs that a network learns from, and of those that it is validated on."""


@runtime_checkable
class Pretrained(Protocol):
    """A network that learns first without labels."""

    def pretrain(self, X: Tensor) -> None:
        """Learn from epochs [epoch, electrode, time]; draw from torch's generator."""


class NetworkDetector(TrainedDetector):
    """A network of the registry as a scikit-learn classifier on X [epoch, electrode, time].

    It learns by a learning rule and is stopped early at the least validation loss; its log-odds
    are calibrated on the validation part. Its input is scaled, each electrode by its mean and
    standard deviation over the epochs learned from, unless these are standardised already
    (:meth:`p300.detectors.training.scaling.Scaling.learned`).

    Parameters
    ----------
    network
        Name in :data:`p300.detectors.catalogue.DETECTORS`.
    network_options
        Keyword arguments of the network's class.
    training
        A learning rule (:mod:`p300.detectors.training.rules`). ``modern``: cross-entropy and
        AdamW. ``paper``: squared error and plain gradient descent (Cecotti & Gräser 2011).
        ``squared``, ``absolute``, ``momentum``: modern training with another error or with
        gradient descent.
    max_passes
        Most passes over the learning part; None takes the learning rule's, as suits the network
        (:func:`p300.detectors.registry.training_settings`).
    batch_size
        Epochs a step, 1 for online learning; None takes the learning rule's.
    learning_rate
        Learning rate of the optimiser, with ``paper`` lambda, from which each layer's step follows;
        None takes the learning rule's.
    weight_decay
        Weight decay of the optimiser; None takes the learning rule's.
    patience
        Passes without a lower validation loss after which training stops; None takes the learning
        rule's.
    validation_fraction
        Share of the training epochs, in whole groups, set aside for stopping and calibration; None
        takes the learning rule's.
    shuffle
        Whether each pass takes the epochs in a new order.
    augmentation
        ``gan``: the network learns from made targets too (:mod:`p300.detectors.training.gan`).
    seed
        Initial weights, order of the epochs and all that is drawn follow from it.

    Attributes
    ----------
    network_ : the fitted torch module, which reads scaled epochs
    scaling_ : how epochs are scaled for it
    history_ : how its training went, None where it was stored
    """

    def __init__(
        self,
        network: str = "cnn1",
        network_options: dict[str, Any] | None = None,
        *,
        training: Literal["modern", "paper", "squared", "absolute", "momentum"] = "modern",
        max_passes: Count | None = None,
        batch_size: Count | None = None,
        learning_rate: Positive | None = None,
        weight_decay: NonNegative | None = None,
        patience: Count | None = None,
        validation_fraction: Share | None = None,
        shuffle: bool = True,
        augmentation: Literal["gan"] | None = None,
        seed: Seed = 0,
    ) -> None:
        self.network = network
        self.network_options = network_options
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

    def _check_parameters(self) -> None:
        super()._check_parameters()
        options, where = self.network_options or {}, f"network_options of {self.network}"
        check_arguments(
            network_class(self.network),
            options,
            where=where,
            error=DetectorError,
            skip=("n_electrodes", "n_samples"),
        )

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
        info, parameters = detector_info(self.network), self.parameters()
        del parameters["seed"]
        return repr([info.place, info.tuned, parameters])

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as :func:`p300.detectors.make_detector` takes them."""
        own = self.get_params()
        options = own.pop("network_options") or {}
        del own["network"]
        # Said although it is nothing: the registry's own may be something else.
        return {"picks": None, "n_members": 1, "division": "whole", **own, **options}

    def prepare(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        seeds: np.random.SeedSequence | None = None,
    ) -> TrainingJob:
        """Return the network with its initial weights and what it is to learn from."""
        epochs, labels = self._take(X, y)
        rng, own = random_states(self.seed)
        part = self.split(labels, groups, rng)
        return self.training_job(epochs, labels, part, [part], own if seeds is None else seeds)

    def split(self, y: Labels, groups: npt.ArrayLike | None, rng: np.random.Generator) -> Part:
        """Return the learning and the validation part of training epochs."""
        return validation_split(y, groups, self._settings().validation_fraction, rng)

    def training_job(
        self,
        X: EpochArray,
        y: Labels,
        whole: Part,
        parts: list[Part],
        seeds: np.random.SeedSequence,
    ) -> TrainingJob:
        """Return the job of training one network for each of some parts.

        Parameters
        ----------
        X, y
            Training epochs [epoch, electrode, time] and their labels.
        whole
            The learning part, of which the scaling is learned, and what is held out.
        parts
            What each network learns from and is validated on.
        seeds
            What their random states are drawn from.
        """
        scaling = Scaling.learned(X, whole[0])
        X = scaling(X)
        if self.augmentation == "gan":
            X, y, parts = add_made_targets(X, y, parts, _torch_seed(seeds.spawn(1)[0]))
        epochs = time_major(X)
        return TrainingJob(
            rule=LEARNING_RULES[self.training],
            settings=self._settings(),
            X=epochs,
            y=torch.from_numpy(y.astype(np.int64)),
            learners=[self._learner(epochs, part, seeds.spawn(2)) for part in parts],
            batchable=detector_info(self.network).stackable,
            held_out=torch.from_numpy(whole[1]),
            scaling=scaling,
            seeds=seeds,
        )

    def _settings(self) -> Settings:
        """Return the learning rule's settings, replaced by those of the parameters that are set."""
        settings = training_settings(self.network, self.training)
        given = {f.name: getattr(self, f.name) for f in fields(settings)}
        return replace(settings, **{k: v for k, v in given.items() if v is not None})

    def _learner(self, X: Tensor, part: Part, seeds: list[np.random.SeedSequence]) -> Learner:
        """Return a network with its initial weights, the same on every device."""
        start, order = seeds
        learn, validate = (torch.from_numpy(rows) for rows in part)
        shuffling = torch.Generator().manual_seed(_torch_seed(order)) if self.shuffle else None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_torch_seed(start))
            network = self._build(*X.shape[1:])
            LEARNING_RULES[self.training].initialise(network)
            if isinstance(network, Pretrained):
                network.pretrain(gather(X, learn))
            state = torch.get_rng_state()
        return Learner(network, learn, validate, shuffling, state)

    def _build(self, n_electrodes: int, n_times: int) -> nn.Module:
        options = self.network_options or {}
        module: nn.Module = network_class(self.network)(n_electrodes, n_times, **options)
        if any(is_lazy(parameter) for parameter in module.parameters()):
            raise DetectorError(
                f"network {self.network!r} has layers that do not know their size when they are "
                "made, such as LazyLinear, which cannot be trained here; make them with their size,"
                f" from n_electrodes={n_electrodes} and n_samples={n_times}"
            )
        return module

    def _take_over(self, job: TrainingJob) -> None:
        self.take_over(job, 0)

    def take_over(self, job: TrainingJob, position: int) -> None:
        """Take over one of the networks of a trained job, not calibrated."""
        self.network_ = job.learners[position].network
        self.history_: History | None = job.histories[position]
        self.scaling_ = job.scaling

    def _fine_tune(self, X: Tensor, y: Tensor) -> None:
        fine_tune(self.network_, LEARNING_RULES[self.training], self._settings(), X, y)

    def _log_odds(self, X: Tensor) -> Tensor:
        # As an ensemble of one would, to the last digit.
        return fuse(self.member_log_odds(X)[None])

    def member_log_odds(self, X: Tensor) -> Tensor:
        """Return the log-odds that the network's outputs stand for, of scaled epochs, [epoch]."""
        self.network_.eval()
        return LEARNING_RULES[self.training].log_odds(self.network_(X).double())

    def features(self, X: EpochArray) -> Floats | None:
        """Return what the network's last layer reads, [epoch, feature].

        None where the network does not tell (it has no method ``features``).
        """
        layer = getattr(self.network_, "features", None)
        if layer is None:
            return None
        self.network_.eval()
        with torch.inference_mode():
            found: Floats = torch.cat([layer(batch) for batch in self._batches(X)]).double().numpy()
        return found

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return sum(p.numel() for p in self.network_.parameters())

    def spatial_filters(self) -> Floats | None:
        """Return the spatial filters as they apply to X, [filter, electrode].

        The network's own weights, which read scaled electrodes, divided by the scales; None where
        there is no such layer.
        """
        filters = self.filters_of_scaled_input()
        return None if filters is None else filters / self.scaling_.scale

    def filters_of_scaled_input(self) -> Floats | None:
        """Return the network's own spatial weights, comparable between electrodes of any unit."""
        return self._weights("spatial_filters")

    def temporal_kernels(self) -> Floats | None:
        """Return the kernels that read each spatial filter, [filter, map, time], if any."""
        return self._weights("temporal_kernels")

    def _weights(self, layer: str) -> Floats | None:
        """Return what the network's method ``layer`` returns, None where it has none."""
        method = getattr(self.network_, layer, None)
        return method().double().numpy() if method else None

    def history(self) -> tuple[list[dict[str, float]], int | None]:
        """Return one dict a pass (pass, train_loss, validation_loss) and the best pass.

        Of a stored detector: nothing, it is not stored.
        """
        return (self.history_.passes, self.history_.best) if self.history_ else ([], None)

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        weights = self.network_.state_dict()
        scaling = {"input.mean": self.scaling_.mean, "input.scale": self.scaling_.scale}
        return scaling | {f"network.{name}": tensor.numpy() for name, tensor in weights.items()}

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        rest = dict(arrays)
        self.scaling_ = Scaling(rest.pop("input.mean"), rest.pop("input.scale"))
        if len(self.scaling_.mean) != self.input_shape_[0]:
            raise DetectorError(
                f"input scaled at {len(self.scaling_.mean)} electrodes, {self.input_shape_[0]} read"
            )
        weights = {name.removeprefix("network."): torch.from_numpy(a) for name, a in rest.items()}
        with torch.device("meta"):  # without room for its weights
            expected = self._build(*self.input_shape_).state_dict()
        for name in {**expected, **weights}:
            wanted, found = (_shape(tensors.get(name)) for tensors in (expected, weights))
            if wanted != found:
                raise DetectorError(f"network.{name}: {found} found, expected {wanted}")
        self.network_, self.history_ = self._build(*self.input_shape_), None
        self.network_.load_state_dict(weights)


def _shape(tensor: Tensor | None) -> str:
    """Return the dimensions of a tensor as text; single numbers are stored as one of a vector."""
    return "nothing" if tensor is None else str(tuple(tensor.shape) or (1,))


def random_states(seed: int) -> tuple[np.random.Generator, np.random.SeedSequence]:
    """Return what divides the training epochs, and what the networks' states are drawn from."""
    seeds = np.random.SeedSequence(seed)
    return np.random.default_rng(seeds.spawn(1)[0]), seeds


def fuse(log_odds: Tensor) -> Tensor:
    """Return the log-odds of the mean of several networks' probabilities, [epoch].

    Computed with logarithms throughout: a network that is sure stays finite.

    Parameters
    ----------
    log_odds
        [network, epoch].
    """
    target = torch.logsumexp(logsigmoid(log_odds), dim=0)
    non_target = torch.logsumexp(logsigmoid(-log_odds), dim=0)
    return target - non_target


def _torch_seed(sequence: np.random.SeedSequence) -> int:
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)
