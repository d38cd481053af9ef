"""Several networks as one classifier: what each learns from, and how their outputs are fused."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.base import clone
from torch import Tensor

from p300.detectors.meta.wrapping import WrapsDetector
from p300.detectors.splits import EpochArray, Floats, Index, Labels
from p300.detectors.training import TrainingJob
from p300.detectors.training.network import NetworkDetector, Part, fuse, random_states
from p300.detectors.training.trained import TrainedDetector
from p300.errors import DetectorError
from p300.ranges import Size

Division = Literal["whole", "non_targets", "time"]


def member_parts(
    division: Division,
    n_members: int,
    y: Labels,
    learn: Index,
    validate: Index,
    rng: np.random.Generator,
) -> list[Part]:
    """Return what each member of an ensemble learns from and is validated on.

    The ensembles of Cecotti & Gräser 2011. How non-targets are drawn is open in the paper: at
    random here. So is validation: here one part that no member learns from serves all members,
    because the fused scores are calibrated on it; each looks at its kind of share of it.

    Parameters
    ----------
    division
        ``whole``: all of the epochs (MCNN-3). ``non_targets``: all targets and one share of the
        non-targets (MCNN-1). ``time``: one stretch of the training record (MCNN-2).
    n_members
        Number of members.
    y
        1 for a target, 0 for a non-target, [epoch], in the order of time.
    learn, validate
        Positions of the learning and of the validation part.
    rng
        Draws the non-targets.

    Raises
    ------
    DetectorError
        When a member would lack targets or non-targets.
    """
    match division:
        case "whole":
            parts = [(learn, validate)] * n_members
        case "non_targets":
            shares = [_share_non_targets(y, part, n_members, rng) for part in (learn, validate)]
            parts = list(zip(*shares, strict=True))
        case "time":
            parts = [(stretch, validate) for stretch in np.array_split(learn, n_members)]
    for member, part in enumerate(parts, start=1):
        if any(len(np.unique(y[rows])) < 2 for rows in part):
            raise DetectorError(
                f"member {member} of {n_members} would lack targets or non-targets (division "
                f"{division!r} of {len(learn)} epochs to learn from and {len(validate)} to "
                "validate on); give more training data or use fewer members"
            )
    return parts


def _share_non_targets(
    y: Labels, rows: Index, n_shares: int, rng: np.random.Generator
) -> list[Index]:
    """Return shares in the order of time: all targets, and each its own of the non-targets."""
    targets, others = rows[y[rows] == 1], rng.permutation(rows[y[rows] == 0])
    return [np.sort(np.concatenate([targets, s])) for s in np.array_split(others, n_shares)]


class Ensemble(WrapsDetector, TrainedDetector):
    """Several networks of one kind as one classifier: a meta-estimator.

    The score is the log-odds of the mean of the members' probabilities, calibrated on epochs that
    none of them learned from. All read input of one scaling.

    Parameters
    ----------
    detector
        A network, which each member is a copy of but for its initial weights.
    n_members
        Number of networks.
    division
        What each learns from: see :func:`member_parts`.

    Attributes
    ----------
    members_ : the fitted networks, as detectors that are not calibrated by themselves
    """

    detector: NetworkDetector

    def __init__(
        self, detector: NetworkDetector, *, n_members: Size = 3, division: Division = "whole"
    ) -> None:
        self.detector = detector
        self.n_members = n_members
        self.division = division

    def parameters(self) -> dict[str, Any]:
        """Return the parameters as :func:`p300.detectors.make_detector` takes them."""
        own = {"n_members": self.n_members, "division": self.division}
        return self.detector.parameters() | own

    def prepare(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        seeds: np.random.SeedSequence | None = None,
    ) -> TrainingJob:
        """Return the members with their initial weights and what each is to learn from."""
        epochs, labels = self._take(X, y)
        rng, own = random_states(self.detector.seed)
        whole = self.detector.split(labels, groups, rng)
        parts = member_parts(self.division, self.n_members, labels, *whole, rng)
        seeds = own if seeds is None else seeds
        return self.detector.training_job(epochs, labels, whole, parts, seeds)

    def _take_over(self, job: TrainingJob) -> None:
        self.scaling_ = job.scaling
        self.members_: list[NetworkDetector] = [clone(self.detector) for _ in job.learners]
        for position, member in enumerate(self.members_):
            member.take_over(job, position)

    def _fine_tune(self, X: Tensor, y: Tensor) -> None:
        for member in self.members_:
            member._fine_tune(X, y)

    def _log_odds(self, X: Tensor) -> Tensor:
        return fuse(torch.stack([member.member_log_odds(X) for member in self.members_]))

    def features(self, X: EpochArray) -> Floats | None:
        """Return what the members' last layers read, side by side, [epoch, feature]."""
        return _joined([member.features(X) for member in self.members_], axis=1)

    @property
    def n_parameters(self) -> int:
        """Number of fitted weights and thresholds."""
        return sum(member.n_parameters for member in self.members_)

    def spatial_filters(self) -> Floats | None:
        """Return the members' spatial filters one below the other, [filter, electrode]."""
        return _joined([member.spatial_filters() for member in self.members_])

    def temporal_kernels(self) -> Floats | None:
        """Return the kernels that read each spatial filter, [filter, map, time], if any."""
        return _joined([member.temporal_kernels() for member in self.members_])

    def history(self) -> tuple[list[dict[str, float]], int | None]:
        """Return one dict a pass, the mean over members that still learned in it; no best pass."""
        rows = [row for member in self.members_ for row in member.history()[0]]
        if len(self.members_) == 1 or not rows:
            return self.members_[0].history()
        mean = pd.DataFrame(rows).groupby("pass", as_index=False).mean()
        return [{str(k): v for k, v in row.items()} for row in mean.to_dict("records")], None

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            f"members.{k}.{name}": array
            for k, member in enumerate(self.members_)
            for name, array in member._arrays().items()
        }

    def _set_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.members_, left = [clone(self.detector) for _ in range(self.n_members)], dict(arrays)
        for k, member in enumerate(self.members_):
            own = [name for name in left if name.startswith(f"members.{k}.")]
            member.input_shape_ = self.input_shape_
            member._set_arrays({name.removeprefix(f"members.{k}."): left.pop(name) for name in own})
        if left:
            raise DetectorError(f"more than {self.n_members} members found: {', '.join(left)}")
        self.scaling_ = self.members_[0].scaling_


def _joined(parts: list[Floats | None], axis: int = 0) -> Floats | None:
    """Return arrays as one; None where they are missing."""
    found = [part for part in parts if part is not None]
    return np.concatenate(found, axis=axis) if found else None
