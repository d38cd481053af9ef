"""What networks are about to learn, and how they are taught: in turn, or side by side."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from p300.detectors.device import chosen_device
from p300.detectors.stacked import train_together
from p300.detectors.training import History, LearningRule, Member, Settings, train
from p300.errors import TrainingWarning


@dataclass(frozen=True, eq=False)
class Lesson:
    """Networks of one class and size and the windows that they are to learn from.

    Parameters
    ----------
    rule, settings
        How they learn.
    X
        Windows, laid out as :func:`p300.detectors.training.time_major` gives them.
    y
        1 for a target, 0 for a non-target, [epoch].
    members
        The networks, and which of the windows are theirs.
    stackable
        Whether the networks can be trained as one batched model.
    chance
        States of torch's generator, from which each network draws what dropout drops.
    histories
        The course of each network's training, once it is done.
    """

    rule: LearningRule
    settings: Settings
    X: Tensor
    y: Tensor
    members: list[Member]
    stackable: bool
    chance: list[Tensor]
    histories: list[History] = field(default_factory=list)


def teach(lessons: Sequence[Lesson]) -> None:
    """Train the networks of lessons of one kind, on the chosen device, and fill their histories.

    Parameters
    ----------
    lessons
        Alike but for their windows and initial weights: one network class, rule and settings.

    Raises
    ------
    DetectorError
        When a loss does not stay finite.

    Warns
    -----
    TrainingWarning
        Naming a network that cannot learn side by side with others on a graphics card.
    """
    device = torch.device(chosen_device())
    networks = [member.network for lesson in lessons for member in lesson.members]
    if worth_stacking(lessons, device):
        _teach_side_by_side(lessons, device)
    else:
        if device.type != "cpu" and not lessons[0].stackable:
            warnings.warn(
                f"{type(networks[0]).__name__} cannot be trained as one batched model: on "
                f"{device.type} its networks learn one after another, which may take longer than "
                "on the processor",
                TrainingWarning,
                stacklevel=2,
            )
        for lesson in lessons:
            _teach_in_turn(lesson, device)
    for network in networks:
        network.cpu()


def worth_stacking(lessons: Sequence[Lesson], device: torch.device) -> bool:
    """Tell whether networks are trained faster as one batched model than one after the other.

    A graphics card waits for each small operation to be started; on a processor the arithmetic
    takes the time, and stacking gains little (benchmarks/README.md).
    """
    several = sum(len(lesson.members) for lesson in lessons) > 1
    return device.type != "cpu" and several and lessons[0].stackable


def _teach_in_turn(lesson: Lesson, device: torch.device) -> None:
    X, y = lesson.X.to(device), lesson.y.to(device)
    for member, chance in zip(lesson.members, lesson.chance, strict=True):
        with seeded(chance):
            placed = _placed(member, device)
            lesson.histories.append(train(placed, lesson.rule, lesson.settings, X, y))


def _teach_side_by_side(lessons: Sequence[Lesson], device: torch.device) -> None:
    """Train all as one batched model, on the windows of all lessons one below the other."""
    first = lessons[0]
    X = torch.cat([lesson.X.transpose(1, 2).to(device) for lesson in lessons]).transpose(1, 2)
    y = torch.cat([lesson.y for lesson in lessons]).to(device)
    members, start = list[Member](), 0
    for lesson in lessons:
        members += [_placed(member, device, start) for member in lesson.members]
        start += len(lesson.X)
    with seeded(first.chance[0]):
        histories = iter(train_together(members, first.rule, first.settings, X, y))
    for lesson in lessons:
        lesson.histories.extend(next(histories) for _ in lesson.members)


def _placed(member: Member, device: torch.device, start: int = 0) -> Member:
    """Give a member on a device whose windows lie behind those of others."""
    learn, validate = (rows.to(device) + start for rows in (member.learn, member.validate))
    return Member(member.network.to(device), learn, validate, member.shuffling)


@contextmanager
def seeded(state: Tensor) -> Iterator[None]:
    """Set torch's generator to a state inside the block only."""
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(state)
        yield
