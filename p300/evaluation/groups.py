"""Groups of folds that one worker takes: what they learn is learned once, or side by side."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from p300.detectors.device import training_on
from p300.detectors.fitting import Fit, fit_each
from p300.detectors.registry import detector_info
from p300.epochs import Epochs
from p300.errors import P300Error, RunWarning
from p300.evaluation.folds import Task, learned_as, one_thread, run_task, unfitted
from p300.evaluation.learned import Learned
from p300.runs import RunFolder

MOST_FITS = 16
"""Fits that learn side by side; an interrupt loses them together."""


def groups_of(tasks: Sequence[Task]) -> list[tuple[Task, ...]]:
    """Divide tasks into what one worker takes at a time, in the order of their first.

    Tasks that differ only in what the detector may learn from the tested person go together: what
    is learned from other people is learned once for them. On a graphics card so do folds and
    repeats of one network: a card waits for each small operation to be started, so networks learn
    there as one batched model. (Detectors that adapt are fitted several times for one fold; those
    fits go together already.)
    """
    shared: dict[str, list[Task]] = {}
    for task in tasks:
        shared.setdefault(learned_as(task), []).append(task)
    alike: dict[object, list[list[Task]]] = {}
    for name, own in shared.items():
        alike.setdefault(_kind(own[0]) or name, []).append(own)
    return [
        tuple(task for own in some[start : start + MOST_FITS] for task in own)
        for some in alike.values()
        for start in range(0, len(some), MOST_FITS)
    ]


def _kind(task: Task) -> str | None:
    """Give the same text for tasks whose networks can learn side by side, None for others."""
    info, plain = detector_info(task.call[0]), task.adaptation in ("none", "fine_tuned")
    if task.device == "cpu" or not plain or not (info.network and info.stackable):
        return None
    return repr([task.epochs, task.call, task.alignment])


def run_group(tasks: Sequence[Task], run: Path) -> None:
    """Run the tasks of a group that are not done.

    A worker may have died between having done one and having said so.

    Raises
    ------
    P300Error
        As :func:`p300.evaluation.folds.run_task`.
    """
    missing = [task for task in tasks if not is_done(task, run)]
    fits, learned = {learned_as(task): task for task in missing}, Learned()
    if len(fits) > 1:
        _fit_ahead(fits, learned)
    for task in missing:
        run_task(task, run, learned)


def is_done(task: Task, run: Path) -> bool:
    """Tell whether a fold is scored."""
    return RunFolder(run).is_scored(task.id)


def _fit_ahead(fits: Mapping[str, Task], learned: Learned) -> None:
    """Fit the detectors of tasks under the names that :func:`run_task` looks for."""
    import torch

    some = next(iter(fits.values()))
    epochs = Epochs.load(some.epochs)
    with one_thread(), training_on(some.device):
        fitted = fit_each(_fit_of(task, epochs) for task in fits.values())
        try:
            learned.ahead(list(fits), lambda: next(fitted).detector)
        except P300Error:
            # Which fold it was is not known here: each is fitted alone next, and names itself.
            return
        except torch.OutOfMemoryError:
            warnings.warn(
                f"{some.device}: no room for {len(fits)} fits of {some.detector} side by side; "
                "they are made one after another",
                RunWarning,
                stacklevel=2,
            )


def _fit_of(task: Task, epochs: Epochs) -> Fit:
    detector, train = unfitted(task, epochs)
    return Fit(detector, train.X, train.y, train.units(task.validation))
