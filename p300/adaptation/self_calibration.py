"""Adapt a linear readout to a new subject without labels, by the speller's own constraint.

In each character exactly one symbol is attended, so the labels of its flashes are tied together
without anyone telling them. Expectation-maximisation over the symbols turns that into labels
(Kindermans et al., PLoS ONE 7:e33758, 2012; with transfer from other subjects J. Neural Eng.
11:035005, 2014). Here the readout is a pair of normal classes with a common covariance.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.adaptation.readout import Floats, Readout, Strength, Update
from p300.errors import TrainingWarning
from p300.recordings.layout import Layout, has_codes, lit_symbols
from p300.signal.epochs import Epochs

Index = npt.NDArray[np.intp]

ITERATIONS = 15
"""Most steps of expectation and maximisation; some five are enough."""

TOLERANCE = 1e-3
"""Largest change of a flash's target probability below which the steps end."""


@dataclass(frozen=True, eq=False)
class Flashes:
    """Epochs of one subject in the order of time, and what the speller knows of them.

    Parameters
    ----------
    features
        [epoch, feature].
    character
        Number of the character, 0 for the first, [epoch].
    code
        Position of the flash's code in the layout's ascending codes, -1 where it is not known.
    repetition
        [epoch].
    lit
        1 where a code lights a symbol, [code, symbol].
    """

    features: Floats
    character: Index
    code: Index
    repetition: Index
    lit: Floats

    @property
    def n_characters(self) -> int:
        """Number of characters."""
        return int(self.character.max()) + 1 if len(self.character) else 0

    def of(self, rows: npt.NDArray[np.bool_]) -> Flashes:
        """Return some of the epochs."""
        return Flashes(
            self.features[rows], self.character[rows], self.code[rows], self.repetition[rows],
            self.lit,
        )  # fmt: skip


def gather_flashes(epochs: Epochs, features: Floats, layout: Layout) -> tuple[Flashes, Index]:
    """Put the epochs of one subject in the order of time; runs stay in the order given.

    Parameters
    ----------
    epochs
        Of one subject.
    features
        Of their epochs, [epoch, feature].
    layout
        The stimulus layout.

    Returns
    -------
    The flashes, and the positions in ``epochs`` that they come from.

    Warns
    -----
    TrainingWarning
        When no flash has a code, so that nothing ties the flashes of a character together and
        nothing can be learned from them.
    """
    table = epochs.flashes
    coded = has_codes(table)
    if not coded.any():
        names = table[["dataset", "subject"]].drop_duplicates().to_numpy().tolist()
        warnings.warn(
            f"self-calibration of {names}: no flash has a known code, so nothing ties the flashes "
            "of a character together; the detector stays as it is",
            TrainingWarning,
            stacklevel=2,
        )
    run, onset = epochs.units("run"), table["onset"].to_numpy(dtype=np.float64)
    order = np.lexsort((onset, run))
    unit = epochs.units("character")[order]
    begins = np.concatenate([[True], unit[1:] != unit[:-1]])
    codes = np.array(sorted(layout.groups))
    code = np.full(len(table), -1)
    code[coded] = np.searchsorted(codes, table.loc[coded, "code"].to_numpy(dtype=np.int64))
    repetition = table["repetition"].fillna(0).to_numpy(dtype=np.int64)
    gathered = Flashes(
        features[order],
        np.cumsum(begins) - 1,
        code[order].astype(np.intp),
        repetition[order].astype(np.intp),
        lit_symbols(layout),
    )
    return gathered, order


def target_probabilities(ratios: Floats, flashes: Flashes) -> Floats:
    """Return the probability that each flash lit the attended symbol: the expectation, [epoch].

    Parameters
    ----------
    ratios
        Log-likelihood ratios of the flashes, [epoch].
    flashes
        All with codes.
    """
    from scipy.special import softmax

    evidence = np.zeros((flashes.n_characters, len(flashes.lit)))
    np.add.at(evidence, (flashes.character, flashes.code), ratios)
    posterior = softmax(evidence @ flashes.lit, axis=1)
    found: Floats = (posterior @ flashes.lit.T)[flashes.character, flashes.code]
    return found


def self_calibrate(
    known: Readout, flashes: Flashes, strength: Strength, moment: Floats | None = None
) -> Readout:
    """Adapt a readout to unlabelled flashes by expectation-maximisation over the symbols.

    Parameters
    ----------
    known
        Where it starts from and what it is pulled towards.
    flashes
        Those without a code are left out.
    strength
        Of the pull.
    moment
        features.T @ features of the flashes with a code, where it is known already.
    """
    used = flashes.of(flashes.code >= 0)
    if not len(used.features):
        return known
    if moment is None:
        moment = used.features.T @ used.features
    update = Update(known, used.features, strength, moment)
    ratios, before = known(used.features), np.zeros(len(used.features))
    for _ in range(ITERATIONS):
        probability = target_probabilities(ratios, used)
        if np.abs(probability - before).max() < TOLERANCE:
            break
        ratios, before = update.ratios(probability), probability
    return known.updated(used.features, before, strength, moment)


@dataclass(frozen=True, eq=False)
class Prequential:
    """A subject's session with a readout that adapts as it goes.

    Parameters
    ----------
    ratios
        Log-likelihood ratios of every flash, by what was known before its character, [epoch].
    fell_back
        Numbers of the characters that were scored by the readout at the start, because the adapted
        one had shown itself worse.
    readout
        What is known at the end.
    """

    ratios: Floats
    fell_back: tuple[int, ...]
    readout: Readout


def score_prequentially(known: Readout, flashes: Flashes, strength: Strength) -> Prequential:
    """Adapt character by character; each is scored before it is used.

    A guard keeps it from running away: see :func:`is_worse`.

    Parameters
    ----------
    known, strength
        As in :func:`self_calibrate`.
    flashes
        Of one subject, in the order of time.
    """
    unadapted = known(flashes.features)
    adapted, ratios = np.empty_like(unadapted), np.empty_like(unadapted)
    readout, gains, fell_back = known, list[float](), list[int]()
    moment = np.zeros_like(known.covariance)
    for character in range(flashes.n_characters):
        rows = flashes.character == character
        adapted[rows] = readout(flashes.features[rows])
        trusted = not is_worse(gains)
        ratios[rows] = adapted[rows] if trusted else unadapted[rows]
        if not trusted:
            fell_back.append(character)
        own = flashes.of(rows)
        if readout is not known:
            gains.append(agreement(adapted[rows], own) - agreement(unadapted[rows], own))
        coded = own.features[own.code >= 0]
        moment += coded.T @ coded
        so_far = flashes.of(flashes.character <= character)
        readout = self_calibrate(known, so_far, strength, moment)
    end = known if is_worse(gains) else readout
    return Prequential(ratios, tuple(fell_back), end)


def agreement(ratios: Floats, flashes: Flashes) -> float:
    """Correlate what odd and even repetitions of a character say of its codes.

    A readout that sees the response finds the same codes in both halves; one that has run away
    finds noise. It needs no labels, and where the character has not been adapted to, no readout can
    have made its halves agree. NaN where there are no two repetitions with codes.

    Parameters
    ----------
    ratios
        Of one character's flashes, [epoch].
    flashes
        Of that character.
    """
    halves = []
    coded = flashes.code >= 0
    for parity in (0, 1):
        rows = coded & (flashes.repetition % 2 == parity)
        count = np.bincount(flashes.code[rows], minlength=len(flashes.lit))
        total = np.bincount(flashes.code[rows], ratios[rows], minlength=len(flashes.lit))
        halves.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    both = np.isfinite(halves[0]) & np.isfinite(halves[1])
    if both.sum() < 3:
        return float("nan")
    first, second = halves[0][both], halves[1][both]
    if not (np.ptp(first) > 0 and np.ptp(second) > 0):
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def is_worse(gains: Iterable[float]) -> bool:
    """Return whether an adapted readout agrees with itself less than the one at the start.

    Parameters
    ----------
    gains
        Differences of :func:`agreement`, adapted minus unadapted, of characters that came after
        the first one adapted to, each before it was adapted to. Three that are not NaN are needed;
        worse is a mean more than its standard error below zero.
    """
    told = np.array([gain for gain in gains if np.isfinite(gain)])
    if len(told) < 3:
        return False
    return bool(told.mean() < -told.std(ddof=1) / np.sqrt(len(told)))
