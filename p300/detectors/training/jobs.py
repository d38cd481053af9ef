"""Training jobs: networks and the epochs that they learn from, trained on the chosen device."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from p300.detectors.device import chosen_device
from p300.detectors.training.batched import train_batched
from p300.detectors.training.loop import History, Learner, train_network
from p300.detectors.training.rules import LearningRule
from p300.detectors.training.scaling import Scaling
from p300.detectors.training.settings import Settings
from p300.errors import TrainingWarning


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """Networks of one class and size that are to learn from the same epochs.

    Parameters
    ----------
    rule, settings
        How they learn.
    X
        Scaled epochs [epoch, electrode, time], laid out as by
        :func:`~p300.detectors.training.loop.time_major`.
    y
        1 for a target, 0 for a non-target, [epoch].
    learners
        The networks, and which of the epochs are theirs.
    batchable
        Whether the networks can be trained as one batched model.
    held_out
        Positions of the epochs that no network learns from, to calibrate on.
    scaling
        What X was scaled by.
    seeds
        What the random states of the networks were drawn from, for whoever goes on drawing.
    histories
        How the training of each network went, once it is done.
    """

    rule: LearningRule
    settings: Settings
    X: Tensor
    y: Tensor
    learners: list[Learner]
    batchable: bool
    held_out: Tensor
    scaling: Scaling
    seeds: np.random.SeedSequence
    histories: list[History] = field(default_factory=list)


def train(jobs: Sequence[TrainingJob]) -> None:
    """Train the networks of jobs on the chosen device; trained networks are on the processor.

    One after another, or as one batched model of all where that is faster
    (:func:`batching_is_faster`).

    Parameters
    ----------
    jobs
        Alike but for their epochs and initial weights: one network class, rule and settings. Their
        networks are changed in place, their histories filled.

    Raises
    ------
    DetectorError
        When a validation loss does not stay finite.

    Warns
    -----
    TrainingWarning
        Naming a network that cannot be trained as part of a batched model on a graphics card;
        where the validation loss of a network still fell in the last pass.
    """
    device = torch.device(chosen_device())
    if batching_is_faster(jobs, device):
        train_as_one(jobs, device)
    else:
        if device.type != "cpu" and not jobs[0].batchable:
            warnings.warn(
                f"{type(jobs[0].learners[0].network).__name__} cannot be trained as one batched "
                f"model: on {device.type} its networks learn one after another, which may take "
                "longer than on the processor",
                TrainingWarning,
                stacklevel=2,
            )
        for job in jobs:
            train_in_turn(job, device)
    for job in jobs:
        for learner in job.learners:
            learner.network.cpu()


def batching_is_faster(jobs: Sequence[TrainingJob], device: torch.device) -> bool:
    """Return whether networks are trained faster as one batched model than one after another.

    A graphics card waits for each small operation to be started; on a processor the arithmetic
    takes the time, and batching gains little (benchmarks/README.md).
    """
    several = sum(len(job.learners) for job in jobs) > 1
    return device.type != "cpu" and several and jobs[0].batchable


def train_in_turn(job: TrainingJob, device: torch.device) -> None:
    """Train the networks of a job one after another."""
    X, y = job.X.to(device), job.y.to(device)
    for learner in job.learners:
        placed = learner.placed(device)
        job.histories.append(train_network(placed, job.rule, job.settings, X, y))


def train_as_one(jobs: Sequence[TrainingJob], device: torch.device) -> None:
    """Train the networks of all jobs as one batched model, the jobs' epochs one below the other."""
    X = torch.cat([job.X.transpose(1, 2).to(device) for job in jobs]).transpose(1, 2)
    y = torch.cat([job.y for job in jobs]).to(device)
    learners, start = list[Learner](), 0
    for job in jobs:
        learners += [learner.placed(device, start) for learner in job.learners]
        start += len(job.X)
    histories = iter(train_batched(learners, jobs[0].rule, jobs[0].settings, X, y))
    for job in jobs:
        job.histories.extend(next(histories) for _ in job.learners)
