"""What the folds of a run share of each subject, derived by one worker for all of them.

A detector whose fit is made of sums over each subject's epochs needs of other subjects these alone:
workers sum up a subject each, and the folds read sums and features instead of epochs.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from p300.evaluation.method import Method
from p300.evaluation.protocols import PROTOCOLS, Scope
from p300.runs.tasks import Task, shared_epochs
from p300.signal.alignment import align_part
from p300.signal.epochs import Epochs
from p300.threads import one_thread


@dataclass(frozen=True, eq=False)
class Share:
    """What fits of a method share of a subject.

    Parameters
    ----------
    epochs
        Folder of the saved epochs.
    method
        Whose detector, after whose alignment.
    subject
        Number of the subject in the epochs.
    """

    epochs: Path
    method: Method
    subject: int


def shares_of(tasks: Sequence[Task]) -> list[Share]:
    """Return what several of some tasks share of subjects, each once."""
    found: dict[tuple[Path, str], Task] = {}
    for task in tasks:
        if task.method.shares and PROTOCOLS[task.protocol].scope is not Scope.SUBJECT:
            found.setdefault((task.epochs, task.method.shares_like), task)
    subjects = {task.epochs: _n_subjects(task.epochs) for task in found.values()}
    return [
        Share(task.epochs, task.method, subject)
        for task in found.values()
        for subject in range(subjects[task.epochs])
    ]


def _n_subjects(epochs: Path) -> int:
    return int(Epochs.load(epochs).units("subject").max()) + 1


def derive_share(share: Share, derived: Path) -> None:
    """Derive a share and keep it.

    Parameters
    ----------
    share
        What of whom.
    derived
        Folder that it is kept in.
    """
    whole = shared_epochs(share.epochs, derived, writes=True)
    method = share.method
    detector = method.unfitted(0, whole.epochs.electrodes)
    with one_thread():
        own = whole.part(np.flatnonzero(whole.units("subject") == share.subject))
        detector.share(align_part(own, method.alignment.offline))


@contextmanager
def derived_folder(run: Path) -> Iterator[Path]:
    """Return a new folder in a run's, which is removed after the block.

    One that was left behind is removed when the run goes on, see
    :func:`p300.files.remove_temporaries`.
    """
    folder = run / f".derived.{uuid.uuid4().hex[:8]}.tmp"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
