"""Fit and score folds: a plain function of a plain object, which any worker can run."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.adaptation.kinds import Adaptation
from p300.alignment import NO_ALIGNMENT, Alignment, align
from p300.detectors import make_detector
from p300.detectors.device import chosen_device, training_on
from p300.detectors.fitting import Fit, fit_each
from p300.detectors.inspection import inspect_detector
from p300.detectors.registry import detector_info
from p300.detectors.validation import held_out_parts
from p300.epochs import Epochs
from p300.errors import P300Error, ProtocolError, TrainingWarning
from p300.evaluation.adapted import Parts, fit_and_score
from p300.evaluation.learned import Learned
from p300.evaluation.manifest import THREADS, fitting_versions
from p300.evaluation.protocols import make_folds
from p300.runs import RunFolder
from p300.tables import SCORES, protocol_label

if TYPE_CHECKING:
    from p300.detectors.base import Detector


@dataclass(frozen=True, eq=False)
class Task:
    """One detector to be fitted and scored on one fold.

    Parameters
    ----------
    experiment, dataset, protocol, fold, detector
        Names; ``detector`` is the label in the experiment.
    repeat
        Which repetition of the fold, from 0.
    call
        The detector's name in the registry and its parameters.
    seed
        Of the detector, from :func:`seed_of`.
    epochs
        Folder of the saved epochs.
    train, test
        Positions in these epochs.
    validation
        The level whose whole units may be set aside from the training set.
    cross_fit
        Whether training epochs are scored too, each by a detector that was not fitted on it, if
        they are of at least :data:`FEWEST_CROSS_FITTED` characters.
    alignment
        How domains are brought together before the detector.
    adaptation
        What the detector may learn from the tested subject.
    calibration
        Positions of the epochs set aside for that, None where the protocol has none.
    calibration_characters
        How many characters these are, a number as text or "all".
    device
        Where networks are trained: by default that of the
        :func:`~p300.detectors.device.training_on` that the task is made in.
    """

    experiment: str
    dataset: str
    protocol: str
    fold: str
    detector: str
    repeat: int
    call: tuple[str, Mapping[str, Any]]
    seed: int
    epochs: Path
    train: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]
    validation: str
    cross_fit: bool = False
    alignment: Alignment = NO_ALIGNMENT
    adaptation: Adaptation = "none"
    calibration: npt.NDArray[np.intp] | None = None
    calibration_characters: str | None = None
    device: str = field(default_factory=chosen_device)

    @property
    def id(self) -> str:
        """Name of the fold's files."""
        return ".".join(
            [self.dataset, self.protocol_label, self.fold, self.detector, f"repeat-{self.repeat}"]
        )

    @property
    def protocol_label(self) -> str:
        """The protocol with its number of calibration characters."""
        return protocol_label(self.protocol, self.calibration_characters)


def seed_of(experiment_seed: int, *names: str) -> int:
    """Derive the seed of one fold from the experiment's seed and the fold's name.

    The name, not its position, so that adding a subject or a detector changes no other fold.
    """
    digest = hashlib.sha256("/".join(names).encode()).digest()
    words = np.frombuffer(digest, dtype=np.uint32).tolist()
    sequence = np.random.SeedSequence([experiment_seed, *words])
    return int(sequence.generate_state(1, np.uint32)[0])


def run_task(task: Task, run: Path, learned: Learned | None = None) -> None:
    """Fit and score; write how it was fitted, training scores if asked for, and the scores.

    The scores come last and whole: where they are, the fold is done. What tasks with the same
    :func:`learned_as` have ``learned`` is not learned again.

    Raises
    ------
    P300Error
        What the detector raises, with the fold's name in front.
    """
    with one_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TrainingWarning)
        try:
            with training_on(task.device):
                fit, scores, training_scores = _fit_and_score(task, learned or Learned())
        except P300Error as error:
            raise type(error)(f"fold {task.id}: {error}") from error
    own = [w for w in caught if issubclass(w.category, TrainingWarning)]
    for other in (w for w in caught if w not in own):
        warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    fit["warnings"] = [str(w.message) for w in own]
    RunFolder(run).write_fold(fit, scores, training_scores)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with :data:`THREADS` inside the block, torch from then on."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(THREADS)
    with threadpool_limits(THREADS):
        yield


def _fit_and_score(
    task: Task, learned: Learned
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame | None]:
    epochs = Epochs.load(task.epochs)
    detector, train = unfitted(task, epochs)
    # Each part by its own windows: nothing of the test set reaches the training set, or back.
    parts = Parts(
        train=train,
        test=align(epochs.select(task.test), task.alignment),
        calibration=_select_calibration(epochs, task),
        layout=epochs.layouts.get(task.dataset),
        level=task.validation,
        learned_as=learned_as(task),
    )
    start = time.perf_counter()
    scored = fit_and_score(detector, task.adaptation, parts, learned)
    seconds = time.perf_counter() - start + scored.seconds_before
    detector, train = scored.detector, scored.train
    names: dict[str, str | int | None] = {
        "experiment": task.experiment,
        "protocol": task.protocol,
        "calibration_characters": task.calibration_characters,
        "fold": task.fold,
        "detector": task.detector,
        "seed": task.seed,
    }
    scores = score_table(parts.test, scored.scores, detector.threshold_, names)
    training_scores = None
    if task.cross_fit and len(np.unique(train.units("character"))) >= FEWEST_CROSS_FITTED:
        if scored.training_scores is not None:
            score = scored.training_scores
        else:
            score, _ = learned.once(
                f"training scores {parts.learned_as}",
                lambda: cross_fitted_scores(detector, train, scored.level),
            )
        training_scores = score_table(train, score, detector.threshold_, names)
    history, best = detector.history()
    fit = {
        "id": task.id,
        "dataset": task.dataset,
        "protocol": task.protocol,
        "calibration_characters": task.calibration_characters,
        "fold": task.fold,
        "detector": task.detector,
        "alignment": asdict(task.alignment),
        "adaptation": {"kind": task.adaptation, **scored.about},
        "seed": task.seed,
        "device": task.device,
        "versions": fitting_versions(),
        "n_train": len(train),
        "n_test": len(scores),
        "n_train_targets": int(train.y.sum()),
        "fit_seconds": seconds,
        "n_parameters": detector.n_parameters,
        "threshold": detector.threshold_,
        "history": history,
        "best_epoch": best,
        "electrodes": list(epochs.electrodes),
        "tmin": epochs.tmin,
        **inspect_detector(
            detector,
            train.X,
            train.y,
            epochs.sfreq,
            _recorded(epochs, task),
        ),
    }
    return fit, scores, training_scores


def unfitted(task: Task, epochs: Epochs) -> tuple[Detector, Epochs]:
    """Give a task's detector and what it is to learn from."""
    name, parameters = task.call
    detector = make_detector(name, **parameters)
    prepare_detector(detector, epochs, task.seed)
    return detector, align(epochs.select(task.train), task.alignment.offline)


def learned_as(task: Task) -> str:
    """Give the same text for tasks of which the detector learns the same before it adapts.

    Names do not matter: a fine-tuned ``cnn1`` is first learned like a plain one. What is learned
    from the tested person alone is shared with nobody.
    """
    if task.adaptation == "from_scratch":
        return task.id
    name, parameters = task.call
    info = detector_info(name)
    what = [info.place, info.tuned, {**info.defaults, **parameters}, task.alignment.offline]
    transfers = task.adaptation not in ("none", "fine_tuned")
    said = repr([task.epochs, what, transfers, task.seed, task.validation, task.device])
    return hashlib.sha256(said.encode() + task.train.tobytes()).hexdigest()


def _select_calibration(epochs: Epochs, task: Task) -> Epochs | None:
    """Give the epochs to adapt to, aligned by themselves."""
    if task.calibration is None:
        return None
    selected = epochs.select(task.calibration)
    return align(selected, task.alignment.offline) if len(selected) else selected


def _recorded(epochs: Epochs, task: Task) -> npt.NDArray[np.float32] | None:
    """Give the windows that were learned from before they were aligned, if they were."""
    if task.alignment.method == "none":
        return None
    if task.adaptation == "from_scratch" and task.calibration is not None:
        return epochs.select(task.calibration).X
    return epochs.select(task.train).X


def prepare_detector(detector: Detector, epochs: Epochs, seed: int) -> None:
    """Tell a detector what it asks for besides the epochs: a seed, the electrodes' names."""
    asked = detector.get_params()
    if "seed" in asked:
        detector.set_params(seed=seed)
    if "electrodes" in asked:
        detector.set_params(electrodes=epochs.electrodes)


def score_table(
    epochs: Epochs,
    score: npt.NDArray[np.float64],
    threshold: float,
    names: Mapping[str, str | int | None],
) -> pd.DataFrame:
    """Give the rows of the score table for scored epochs.

    Parameters
    ----------
    epochs
        The scored epochs.
    score
        Log-odds of a target, [epoch].
    threshold
        Log-odds above which an epoch counts as detected.
    names
        The columns experiment, protocol, calibration_characters, fold, detector and seed.
    """
    table = epochs.flashes.assign(**names, score=score, threshold=threshold)
    return SCORES.read(table, "score table")


CROSS_FITS = 5
"""Parts that a training set is divided into to score it without having been fitted on it."""


FEWEST_CROSS_FITTED = 3
"""Characters of a training set below which it is not scored: with one held out, a detector needs
two to learn from."""


def cross_fitted_scores(detector: Detector, epochs: Epochs, level: str) -> npt.NDArray[np.float64]:
    """Score training epochs, each with a detector that was fitted on the other parts.

    What a detector says of the epochs it has learned from is too good; a speller that learns how
    far to trust scores must learn from scores like those of new epochs.

    Parameters
    ----------
    detector
        Its parameters are used, its fit is not.
    epochs
        The training epochs.
    level
        The level whose whole units are held out together.

    Returns
    -------
    Log-odds of a target, [epoch].
    """
    from sklearn.base import clone

    groups, y = epochs.units(level), epochs.y
    # With one of two units held out, one is left: what the detector sets aside are characters.
    several = len(np.unique(groups)) > 2
    inner = groups if several else epochs.units("character")
    score = np.full(len(epochs), np.nan)
    parts = held_out_parts(len(epochs), groups, CROSS_FITS)
    rests = (np.setdiff1d(np.arange(len(epochs)), held_out) for held_out in parts)
    fits = (Fit(clone(detector), epochs.X[rest], y[rest], inner[rest]) for rest in rests)
    fitted = fit_each(fits)
    for held_out in parts:  # no name for the fit: its windows are let go before the next are read
        score[held_out] = next(fitted).detector.decision_function(epochs.X[held_out])
    return score


def evaluate_epochs(
    epochs: Epochs,
    detectors: Mapping[str, Detector],
    protocol: str = "cross_subject",
    alignment: Alignment = NO_ALIGNMENT,
    **options: Any,
) -> pd.DataFrame:
    """Evaluate detectors on epochs in memory, for scripts; a run folder does the same on disk.

    Detectors do not adapt to the tested subject here; a config lets them (``adaptation``).

    Parameters
    ----------
    epochs
        Labelled epochs of one data set.
    detectors
        Label -> unfitted detector; each fold fits a copy.
    protocol, options
        As in :func:`p300.evaluation.protocols.make_folds`.
    alignment
        How domains are brought together before the detectors.

    Returns
    -------
    The score table; :func:`p300.evaluation.metrics.summarise_scores` measures it.

    Raises
    ------
    ProtocolError
        When the protocol sets calibration epochs aside (``few_shot``), does not fit the data, or a
        fold would leak.
    """
    from sklearn.base import clone

    folds = make_folds(protocol, epochs.flashes, epochs.window, options)
    if any(fold.calibration is not None for fold in folds):
        raise ProtocolError(
            f"evaluate_epochs: protocol {protocol!r} sets calibration characters of the tested "
            "subject aside, but detectors do not adapt here; write the protocol and the detectors' "
            "adaptation into a config and evaluate that (p300 run, or p300.evaluate)"
        )
    tables = []
    for fold in folds:
        train = align(epochs.select(fold.train), alignment.offline)
        test = align(epochs.select(fold.test), alignment)
        for label, detector in detectors.items():
            fitted = clone(detector).fit(train.X, train.y, groups=train.units(fold.validation))
            names = {
                "experiment": "script",
                "protocol": protocol,
                "calibration_characters": None,
                "fold": fold.name,
                "detector": label,
                "seed": detector.get_params().get("seed", 0),
            }
            score = fitted.decision_function(test.X)
            tables.append(score_table(test, score, fitted.threshold_, names))
    return pd.concat(tables, ignore_index=True)
