"""One method on one fold of a run: a plain object that any worker can take."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from p300.columns import protocol_label
from p300.detectors.device import chosen_device, training_on
from p300.detectors.patterns import inspect_detector
from p300.errors import P300Error, TrainingWarning
from p300.evaluation.fold import FoldResult, fit_and_score_fold, fit_key, score_table
from p300.evaluation.leaks import Fold
from p300.evaluation.method import Method
from p300.evaluation.shared_fits import SharedFits
from p300.runs import RunFolder
from p300.runs.manifest import versions_behind
from p300.signal.epochs import Epochs
from p300.signal.kept import Kept
from p300.signal.parts import SharedEpochs
from p300.threads import one_thread


@dataclass(frozen=True, eq=False)
class Task:
    """A method to be fitted and scored on a fold.

    Parameters
    ----------
    experiment, dataset, protocol, detector
        Names; ``detector`` is the method's label in the experiment.
    fold
        Positions in the epochs.
    repeat
        Which repetition of the fold, from 0.
    method
        Detector, alignment and adaptation.
    seed
        From :func:`p300.evaluation.fold.seed_of`.
    epochs
        Folder of the saved epochs.
    score_training
        Whether training epochs are scored too, each by a detector that was not fitted on it.
    device
        Where networks are trained: by default that of the
        :func:`~p300.detectors.device.training_on` that the task is made in.
    """

    experiment: str
    dataset: str
    protocol: str
    detector: str
    fold: Fold
    repeat: int
    method: Method
    seed: int
    epochs: Path
    score_training: bool = False
    device: str = field(default_factory=chosen_device)

    @property
    def id(self) -> str:
        """Name of the fold's files."""
        names = [self.dataset, self.protocol_label, self.fold.name, self.detector]
        return ".".join([*names, f"repeat-{self.repeat}"])

    @property
    def protocol_label(self) -> str:
        """The protocol with its number of calibration characters."""
        return protocol_label(self.protocol, self.fold.calibration_characters)

    @property
    def names(self) -> dict[str, str | int | None]:
        """What the score table and the fits are told apart by."""
        return {
            "experiment": self.experiment,
            "protocol": self.protocol,
            "calibration_characters": self.fold.calibration_characters,
            "fold": self.fold.name,
            "detector": self.detector,
            "seed": self.seed,
        }

    @property
    def fit_key(self) -> str:
        """The same for tasks of which the same is learned from the training subjects."""
        return f"{self.epochs} {self.device} {fit_key(self.fold, self.method, self.seed)}"


def run_task(
    task: Task, run: Path, shared: SharedFits | None = None, derived: Path | None = None
) -> None:
    """Fit and score; write how it was fitted, training scores if asked for, and the scores.

    The scores come last and whole: where they are, the fold is done. Fits that are in ``shared``
    are not made again, what is in ``derived`` not either, see :mod:`p300.runs.derived`.

    Raises
    ------
    P300Error
        What the detector raises, with the fold's name in front.
    """
    whole = shared_epochs(task.epochs, derived)
    _ = task.method.detector  # made: what it is made of is imported before threads are set
    with one_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TrainingWarning)
        try:
            with training_on(task.device):
                result = fit_and_score_fold(
                    whole,
                    task.fold,
                    task.method,
                    task.seed,
                    score_training=task.score_training,
                    shared=shared,
                )
                fit = describe_fit(task, whole, result)
        except P300Error as error:
            raise type(error)(f"fold {task.id}: {error}") from error
    own = [w for w in caught if issubclass(w.category, TrainingWarning)]
    for other in (w for w in caught if w not in own):
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    fit["warnings"] = [str(w.message) for w in own]
    threshold, training = result.scored.detector.threshold_, result.scored_training()
    if training is not None:
        training = score_table(training, training["score"].to_numpy(), threshold, task.names)
    tested = whole.epochs.flashes.iloc[task.fold.test]
    scored = result.scored
    scores = score_table(tested, scored.scores, threshold, task.names, scored.post_hoc)
    RunFolder(run).write_fold(fit, scores, training)


@lru_cache(maxsize=1)
def shared_epochs(folder: Path, derived: Path | None, *, writes: bool = False) -> SharedEpochs:
    """Open saved epochs; the folds of a process that are of the same share what they derive.

    Parameters
    ----------
    folder
        Of the epochs.
    derived
        Folder of what other processes have derived of epochs, None where they have not.
    writes
        Whether this process is one of them.
    """
    name = f"{folder.parent.name}-{folder.name}"
    kept = Kept(derived, writes).within(name) if derived is not None else None
    return SharedEpochs(Epochs.load(folder), kept=kept)


def describe_fit(task: Task, whole: SharedEpochs, result: FoldResult) -> dict[str, Any]:
    """Return what is told of a fitted fold beside its scores, JSON-ready.

    Parameters
    ----------
    task
        The fold.
    whole
        The epochs that the fold's positions are of.
    result
        What came of it.
    """
    scored, method = result.scored, task.method
    detector, train = scored.detector, scored.train
    history, best = detector.history()
    return {
        "id": task.id,
        "dataset": task.dataset,
        **{key: value for key, value in task.names.items() if key != "experiment"},
        "method": method.settings(),
        "adaptation": scored.about,
        "device": task.device,
        "versions": versions_behind(method),
        "n_train": len(train),
        "n_test": len(scored.scores),
        "n_train_targets": int(train.y.sum()),
        "fit_seconds": result.seconds,
        "n_parameters": detector.n_parameters,
        "threshold": detector.threshold_,
        "history": history,
        "best_pass": best,
        "electrodes": list(whole.epochs.electrodes),
        "tmin": whole.epochs.tmin,
        **inspect_detector(
            detector,
            train,
            whole.epochs.sfreq,
            whole.part(result.rows) if method.alignment.changes_epochs else None,
        ),
    }
