"""Groups of folds that one worker takes: what they share is fitted once, or side by side."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from p300.detectors.device import training_on
from p300.detectors.fitting import Fit, fit_each
from p300.errors import P300Error, RunWarning
from p300.evaluation.fold import epochs_of_fold, fit_key
from p300.evaluation.shared_fits import SharedFits
from p300.runs import RunFolder
from p300.runs.tasks import Task, run_task, shared_epochs
from p300.signal.parts import SharedEpochs
from p300.threads import one_thread

Group = tuple[Task, ...]

MOST_FITS = 16
"""Fits that learn side by side; an interrupt loses them together."""


def groups_of(tasks: Sequence[Task]) -> list[Group]:
    """Divide tasks into what one worker takes at a time, in the order of their first.

    Tasks that differ only in what the detector may learn from the tested subject go together: what
    is learned from other subjects is learned once for them. On a graphics card so do folds and
    repeats of one network: a card waits for each small operation to be started, so networks learn
    there as one batched model. (Detectors that adapt are fitted several times for one fold; those
    fits go together already.)
    """
    sharing: dict[str, list[Task]] = {}
    for task in tasks:
        sharing.setdefault(task.fit_key, []).append(task)
    alike: dict[object, list[list[Task]]] = {}
    for key, own in sharing.items():
        alike.setdefault(_kind(own[0]) or key, []).append(own)
    return [
        tuple(task for own in some[start : start + MOST_FITS] for task in own)
        for some in alike.values()
        for start in range(0, len(some), MOST_FITS)
    ]


def _kind(task: Task) -> str | None:
    """Return the same text for tasks whose networks can learn side by side, None for others."""
    method = task.method
    if task.device == "cpu" or not (method.adaptation.fits_plainly and method.detector.stackable):
        return None
    return repr([task.epochs, method.learns_like])


def run_group(tasks: Sequence[Task], run: Path, derived: Path | None = None) -> None:
    """Run the tasks of a group that are not done.

    A worker may have died between having done one and having said so. Parameters are those of
    :func:`p300.runs.tasks.run_task`.

    Raises
    ------
    P300Error
        As :func:`p300.runs.tasks.run_task`.
    """
    missing = [task for task in tasks if not is_done(task, run)]
    fits, shared = {task.fit_key: task for task in missing}, SharedFits()
    if len(fits) > 1:
        _fit_ahead(list(fits.values()), shared, derived)
    for task in missing:
        run_task(task, run, shared, derived)


def is_done(task: Task, run: Path) -> bool:
    """Return whether a fold is scored."""
    return RunFolder(run).is_scored(task.id)


def _fit_ahead(tasks: Sequence[Task], shared: SharedFits, derived: Path | None) -> None:
    """Fit the detectors of tasks under the keys that their folds look for."""
    import torch

    some = tasks[0]
    whole = shared_epochs(some.epochs, derived)
    with one_thread(), training_on(some.device):
        fitted = fit_each(_fit_of(task, whole) for task in tasks)
        keys = [fit_key(task.fold, task.method, task.seed) for task in tasks]
        try:
            shared.ahead(keys, lambda: next(fitted).detector)
        except P300Error:
            # Which fold it was is not known here: each is fitted alone next, and names itself.
            return
        except torch.OutOfMemoryError:
            warnings.warn(
                f"{some.device}: no room for {len(tasks)} fits of {some.detector} side by side; "
                "they are made one after another",
                RunWarning,
                stacklevel=2,
            )


def _fit_of(task: Task, whole: SharedEpochs) -> Fit:
    train = epochs_of_fold(whole, task.fold, task.method, task.seed).train
    detector = task.method.unfitted(task.seed, whole.epochs.electrodes)
    return Fit(detector, train, task.fold.validation)
