"""Groups of folds: each alone on the processor; several on a graphics card, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from p300.detectors.device import training_on
from p300.detectors.fitting import Fit, fit_each
from p300.detectors.registry import detector_info
from p300.epochs import Epochs
from p300.errors import P300Error
from p300.evaluation.folds import Task, known_as, one_thread, run_task, unfitted
from p300.evaluation.learned import KEPT, learn_ahead


def groups_of(tasks: Sequence[Task]) -> list[tuple[Task, ...]]:
    """Divide tasks into what one worker takes at a time, in the order of their first.

    Folds and repeats of one network go together where it learns on a graphics card: that waits for
    each small operation to be started, so networks learn there as one batched model. Detectors
    that adapt to the tested person are fitted several times for one fold, and those fits go
    together already.
    """
    alike: dict[object, list[Task]] = {}
    for task in tasks:
        together = task.device != "cpu" and detector_info(task.call[0]).network
        plain = task.adaptation in ("none", "fine_tuned")
        kind = (task.epochs, task.protocol, task.detector) if together and plain else task.id
        alike.setdefault(kind, []).append(task)
    return [
        tuple(group[start : start + KEPT])
        for group in alike.values()
        for start in range(0, len(group), KEPT)
    ]


def run_group(tasks: Sequence[Task], run: Path) -> None:
    """Run the tasks of a group that are not done.

    A worker may have died between having done one and having said so.

    Raises
    ------
    P300Error
        As :func:`p300.evaluation.folds.run_task`.
    """
    missing = [task for task in tasks if not is_done(task, run)]
    if len(missing) > 1:
        _fit_ahead(missing)
    for task in missing:
        run_task(task, run)


def is_done(task: Task, run: Path) -> bool:
    """Tell whether a fold is scored."""
    return (run / "scores" / f"{task.id}.parquet").is_file()


def _fit_ahead(tasks: Sequence[Task]) -> None:
    """Fit the detectors of a group, for :func:`run_task` to find them."""
    epochs = Epochs.load(tasks[0].epochs)
    with one_thread(), training_on(tasks[0].device):
        fitted = fit_each(_fit_of(task, epochs) for task in tasks)
        try:
            learn_ahead([known_as(task) for task in tasks], lambda: next(fitted).detector)
        except P300Error:
            # Which fold it was is not known here: each is fitted alone next, and names itself.
            return


def _fit_of(task: Task, epochs: Epochs) -> Fit:
    detector, train = unfitted(task, epochs)
    return Fit(detector, train.X, train.y, train.units(task.validation))
