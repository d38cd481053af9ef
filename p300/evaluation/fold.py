"""The one way to fit and score a fold: scripts, runs, stored detectors and leak tests take it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.adaptation.base import FoldEpochs, Scored
from p300.columns import SCORES
from p300.detectors.fitting import Fit, fit_each
from p300.detectors.splits import held_out_parts
from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold, Index
from p300.evaluation.method import Method
from p300.evaluation.protocols import make_folds
from p300.evaluation.shared_fits import SharedFits
from p300.recordings.units import UNITS
from p300.signal.alignment import Alignment, align, align_part
from p300.signal.epochs import Epochs
from p300.signal.parts import Part, SharedEpochs
from p300.threads import one_thread

if TYPE_CHECKING:
    from p300.detectors.base import Detector

Floats = npt.NDArray[np.float64]

CROSS_FITS = 5
"""Parts that a training set is divided into to score it without having been fitted on it."""

FEWEST_CROSS_FITTED = 3
"""Characters of a training set below which it is not scored: with one held out, a detector needs
two to learn from."""


@dataclass(frozen=True, eq=False)
class FoldResult:
    """A fitted and scored fold.

    Parameters
    ----------
    learned
        What was learned of the training subjects, as the adaptation keeps it.
    scored
        Fitted detector, log-odds of the tested epochs, how the adaptation went.
    training_scores
        Log-odds of the epochs that the detector was fitted on, each by one that was not,
        [training epoch]; None where they were not asked for or are too few, NaN of epochs that
        were not scored.
    rows
        Positions of the epochs that the detector was fitted on.
    seconds
        How long fitting, adapting and scoring took, shared fits included each time.
    """

    learned: object
    scored: Scored
    training_scores: Floats | None
    rows: Index
    seconds: float

    def scored_training(self) -> pd.DataFrame | None:
        """Return the flashes of the training epochs that were scored, with the column score."""
        if self.training_scores is None:
            return None
        flashes = self.scored.train.flashes.assign(score=self.training_scores)
        return flashes[np.isfinite(self.training_scores)]


def seed_of(experiment_seed: int, *names: str) -> int:
    """Return the seed of one fold, from the experiment's seed and the fold's name.

    The name, not its position, so that adding a subject or a detector changes no other fold.
    """
    digest = hashlib.sha256("/".join(names).encode()).digest()
    words = np.frombuffer(digest, dtype=np.uint32).tolist()
    sequence = np.random.SeedSequence([experiment_seed, *words])
    return int(sequence.generate_state(1, np.uint32)[0])


def fit_and_score_fold(
    epochs: Epochs | SharedEpochs,
    fold: Fold,
    method: Method,
    seed: int,
    *,
    score_training: bool = False,
    shared: SharedFits | None = None,
) -> FoldResult:
    """Fit a method to the training epochs of a fold, let it adapt, score the tested epochs.

    Each part of the fold is aligned by its own epochs: nothing of the test set reaches the training
    set, or back.

    Parameters
    ----------
    epochs
        Labelled; what folds of the same shared epochs have in common is computed once.
    fold
        Positions in them; without tested epochs the method is only fitted.
    method
        Detector, alignment and adaptation.
    seed
        Everything random follows from it.
    score_training
        Whether the training epochs are scored too, each by a detector that was not fitted on it, if
        they are of at least :data:`FEWEST_CROSS_FITTED` characters.
    shared
        Fits of other folds of the same epochs, which are not made again; those of this one are
        added.

    Raises
    ------
    ProtocolError
        When the adaptation needs a layout or calibration characters and there are none.
    DetectorError
        When the detector cannot be fitted to the epochs, or not adapted.
    """
    shared = SharedFits() if shared is None else shared
    whole = epochs if isinstance(epochs, SharedEpochs) else SharedEpochs(epochs)
    _ = method.detector  # made: what it is made of is imported before threads are set
    with one_thread():
        return _fit_and_score(whole, fold, method, seed, shared, score_training=score_training)


def _fit_and_score(
    whole: SharedEpochs,
    fold: Fold,
    method: Method,
    seed: int,
    shared: SharedFits,
    *,
    score_training: bool,
) -> FoldResult:
    data, adaptation = epochs_of_fold(whole, fold, method, seed), method.adaptation
    adaptation.check(data)
    detector, key = method.unfitted(seed, whole.epochs.electrodes), fit_key(fold, method, seed)
    start = time.perf_counter()
    learned, seconds_before = shared.once(key, lambda: adaptation.learn(detector, data))
    scored = adaptation.score(learned, data)
    seconds = time.perf_counter() - start + seconds_before
    own = fold.calibration if scored.train.whole.epochs is data.calibration else None
    rows = fold.train if own is None else own
    training_scores = _score_training(scored, rows, key, shared) if score_training else None
    return FoldResult(learned, scored, training_scores, rows, seconds)


def epochs_of_fold(whole: SharedEpochs, fold: Fold, method: Method, seed: int) -> FoldEpochs:
    """Return the parts of a fold, each aligned by itself.

    How far is told by :class:`~p300.signal.alignment.Alignment`.
    """
    alignment, calibration = method.alignment, None
    train = align_part(whole.part(fold.train), alignment.offline)
    test = _aligned(whole.part(fold.test), alignment)
    if fold.calibration is not None:
        calibration = _aligned(whole.part(fold.calibration), alignment.offline)
    tested = (test if len(test) else train).flashes
    layout = whole.epochs.layouts.get(str(tested["dataset"].iloc[0]))
    return FoldEpochs(train, test, calibration, layout, fold.validation, seed)


def _aligned(part: Part, alignment: Alignment) -> Epochs:
    """Return aligned epochs, which may be none."""
    if not len(part):
        return part.gathered()
    if alignment == alignment.offline:
        return align_part(part, alignment).gathered()
    return align(part.gathered(), alignment)


def fit_key(fold: Fold, method: Method, seed: int) -> str:
    """Return the same text for folds of the same epochs whose methods learn the same from others.

    Names do not matter: a fine-tuned ``cnn1`` is first fitted like a plain one.
    """
    said = repr([method.learns_like, seed, fold.validation])
    return hashlib.sha256(said.encode() + fold.train.tobytes()).hexdigest()


def _score_training(scored: Scored, rows: Index, key: str, shared: SharedFits) -> Floats | None:
    """Return scores of the training epochs as if they were new, None where they are too few."""
    train = scored.train
    if len(np.unique(train.units("character"))) < FEWEST_CROSS_FITTED:
        return None
    if scored.training_scores is not None:
        return scored.training_scores
    scores, _ = shared.once(
        f"training scores {key} {hashlib.sha256(rows.tobytes()).hexdigest()}",
        lambda: cross_fitted_scores(scored.detector, train, scored.validation),
    )
    return scores


def cross_fitted_scores(detector: Detector, epochs: Part, level: str) -> Floats:
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

    groups = epochs.groups(level)
    # With one of two units held out, one is left: what the detector sets aside are characters.
    several = len(np.unique(groups)) > 2
    inner = level if several else "character"
    score = np.full(len(epochs), np.nan)
    parts = held_out_parts(len(epochs), groups, CROSS_FITS)
    fits = (Fit(clone(detector), epochs.select(rest), inner) for rest, _ in parts)
    fitted = fit_each(fits)
    # No name for the fit: its epochs are freed before the next are read.
    for _, held_out in parts:
        score[held_out] = next(fitted).detector.decision_function(epochs.select(held_out).X)
    return score


def score_table(
    flashes: pd.DataFrame,
    score: Floats,
    threshold: float,
    names: Mapping[str, str | int | None],
    post_hoc: Floats | None = None,
) -> pd.DataFrame:
    """Return the rows of the score table for scored epochs.

    Parameters
    ----------
    flashes
        Of the scored epochs, columns :data:`p300.signal.epochs.EPOCH_COLUMNS`.
    score
        Log-odds of a target, [epoch].
    threshold
        Log-odds above which an epoch counts as detected.
    names
        The columns experiment, protocol, calibration_characters, fold, detector and seed.
    post_hoc
        As ``score``, by what was known at the end, [epoch]; None where nothing was learned
        meanwhile.
    """
    again = np.nan if post_hoc is None else post_hoc
    table = flashes.assign(**names, score=score, score_post_hoc=again, threshold=threshold)
    return SCORES.read(table, "score table")


def too_few_characters(fold: Fold, method: Method, flashes: pd.DataFrame) -> bool:
    """Return whether a method needs more calibration characters than a fold has."""
    if fold.calibration is None:
        return False
    characters = flashes.iloc[fold.calibration][UNITS["character"]].drop_duplicates()
    return len(characters) < method.adaptation.fewest_characters


def evaluate_epochs(
    epochs: Epochs,
    detectors: Mapping[str, Method | Detector | Any],
    protocol: str = "cross_subject",
    *,
    seed: int = 2011,
    repeats: int = 1,
    **options: Any,
) -> pd.DataFrame:
    """Evaluate methods on epochs in memory, for scripts.

    The same folds, seeds and, but for rounding, scores as a run of the same experiment
    (:func:`p300.evaluate`), which also keeps them on disk.

    Parameters
    ----------
    epochs
        Labelled epochs of one data set.
    detectors
        Label -> :class:`~p300.Method`, or an unfitted detector, or any classifier or pipeline of
        scikit-learn on X [epoch, electrode, time]; each fold fits a copy.
    protocol, options
        As in :func:`p300.evaluation.protocols.make_folds`.
    seed
        Everything random follows from it.
    repeats
        How often each fold is fitted, each time with another seed.

    Returns
    -------
    The score table; :func:`p300.evaluation.metrics.summarise_scores` measures it.

    Raises
    ------
    ProtocolError
        When the protocol does not fit the data or an adaptation, or a fold would leak.
    """
    if repeats < 1:
        raise ProtocolError(f"repeats={repeats} found, expected 1 or more")
    methods = {label: Method.of(given) for label, given in detectors.items()}
    folds = make_folds(protocol, epochs.flashes, epochs.duration, options)
    dataset = str(epochs.flashes["dataset"].iloc[0])
    tables, shared, whole = list[pd.DataFrame](), SharedFits(), SharedEpochs(epochs)
    for before, fold in zip([None, *folds], folds, strict=False):
        if before is None or not np.array_equal(before.train, fold.train):
            shared = SharedFits()  # what folds of other training sets have learned is freed
        names = {
            "experiment": "script",
            "protocol": protocol,
            "calibration_characters": fold.calibration_characters,
            "fold": fold.name,
        }
        for label, method, repeat in _each(methods, repeats):
            if too_few_characters(fold, method, epochs.flashes):
                continue
            own = seed_of(seed, dataset, protocol, fold.name, str(repeat))
            scored = fit_and_score_fold(whole, fold, method, own, shared=shared).scored
            tables.append(
                score_table(
                    epochs.flashes.iloc[fold.test],
                    scored.scores,
                    scored.detector.threshold_,
                    {**names, "detector": label, "seed": own},
                    scored.post_hoc,
                )
            )
    if not tables:
        raise ProtocolError(
            f"nothing to evaluate: of the methods {list(methods)} none has enough calibration "
            f"characters in a fold of {protocol}; name one method at least"
        )
    return pd.concat(tables, ignore_index=True)


def _each(methods: Mapping[str, Method], repeats: int) -> Iterator[tuple[str, Method, int]]:
    for label, method in methods.items():
        for repeat in range(repeats):
            yield label, method, repeat
