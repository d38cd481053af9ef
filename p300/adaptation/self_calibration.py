"""Adapt a linear readout to a new subject without labels, by the speller's own constraint.

In each character exactly one symbol is attended, so the labels of its flashes are tied together
without anyone telling them. Expectation-maximisation over the symbols turns that into labels
(Kindermans et al., PLoS ONE 7:e33758, 2012; with transfer from other subjects J. Neural Eng.
11:035005, 2014). Here the readout is a pair of normal classes with a common covariance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.adaptation.coded_flashes import CodeSums, Flashes
from p300.adaptation.expectation import Calibration
from p300.adaptation.readout import Floats, Readout, Strength


def self_calibrate(known: Readout, flashes: Flashes, strength: Strength) -> Readout:
    """Adapt a readout to unlabelled flashes by expectation-maximisation over the symbols.

    Parameters
    ----------
    known
        Where it starts from and what it is pulled towards.
    flashes
        Those without a code are left out.
    strength
        Of the pull.
    """
    coded = flashes.features[flashes.code >= 0]
    calibration = Calibration(known, [strength])
    calibration.adapt(CodeSums.of(flashes), coded.T @ coded)
    return calibration.readout(0)


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


def score_prequentially(
    known: Readout, flashes: Flashes, strengths: Sequence[Strength]
) -> list[Prequential]:
    """Adapt character by character, with each strength; each is scored before it is used.

    Parameters
    ----------
    known, strengths
        As in :class:`Calibration`.
    flashes
        Of one subject, in the order of time.

    Returns
    -------
    One session a strength.
    """
    following = Following(known, strengths, flashes.lit)
    ratios = np.empty((len(strengths), len(flashes.features)))
    for character in range(flashes.n_characters):
        rows = flashes.character == character
        own = flashes.of(rows)
        ratios[:, rows] = following.ratios(own.features)
        following.learn(own)
    return [
        Prequential(ratios[k], tuple(following.fell_back[k]), following.readout(k))
        for k in range(len(strengths))
    ]


class Following:
    """A subject who is followed character by character, by what was known before each.

    A guard keeps it from running away: see :func:`is_worse`.

    Parameters
    ----------
    known, strengths
        As in :class:`Calibration`.
    lit
        1 where a code lights a symbol, [code, symbol].

    Attributes
    ----------
    fell_back : for each strength the numbers of the characters, from 0, that were scored by the
        readout at the start
    """

    def __init__(self, known: Readout, strengths: Sequence[Strength], lit: Floats) -> None:
        self._known = known
        self._calibration = Calibration(known, strengths)
        self._gains: list[list[float]] = [[] for _ in strengths]
        self.fell_back: list[list[int]] = [[] for _ in strengths]
        self._sums = CodeSums.none(lit, len(known.target))
        self._moment = np.zeros_like(known.covariance)

    @property
    def _trusted(self) -> npt.NDArray[np.bool_]:
        return np.array([not is_worse(gains) for gains in self._gains])

    def ratios(self, features: Floats) -> Floats:
        """Return log-likelihood ratios of flashes of the character that is shown now.

        Parameters
        ----------
        features
            [epoch, feature].

        Returns
        -------
        [strength, epoch].
        """
        adapted, plain = self._calibration.ratios(features), self._known(features)
        return np.where(self._trusted[:, None], adapted, plain)

    def learn(self, own: Flashes) -> None:
        """Adapt to a character that is over, as one that comes after all those before."""
        trusted, character = self._trusted, len(self._sums.counts)
        adapted = agreement(self._calibration.ratios(own.features), own)
        gained = adapted - agreement(self._known(own.features), own)
        for k, one in enumerate(trusted):
            if not one:
                self.fell_back[k].append(character)
            if self._calibration.adapted:
                self._gains[k].append(float(gained[k]))
        coded = own.features[own.code >= 0]
        self._moment += coded.T @ coded
        self._sums = self._sums.then(CodeSums.of(own.as_first()))
        self._calibration.adapt(self._sums, self._moment)

    def readout(self, k: int) -> Readout:
        """Return what is known by now with a strength, by position; guarded."""
        return self._calibration.readout(k) if self._trusted[k] else self._known


def agreement(ratios: Floats, flashes: Flashes) -> Floats:
    """Correlate what odd and even repetitions of a character say of its codes.

    A readout that sees the response finds the same codes in both halves; one that has run away
    finds noise. It needs no labels, and where the character has not been adapted to, no readout can
    have made its halves agree. NaN where there are no two repetitions with codes.

    Parameters
    ----------
    ratios
        Of one character's flashes, by one readout or several, [..., epoch].
    flashes
        Of that character.
    """
    halves, there = [], np.ones(len(flashes.lit), dtype=bool)
    for parity in (0, 1):
        rows = np.flatnonzero((flashes.code >= 0) & (flashes.repetition % 2 == parity))
        of_code = np.equal.outer(flashes.code[rows], np.arange(len(flashes.lit)))
        count = of_code.sum(axis=0)
        there &= count > 0
        halves.append(ratios[..., rows] @ of_code / np.maximum(count, 1))
    if there.sum() < 3:
        return np.full(ratios.shape[:-1], np.nan)
    first, second = (half[..., there] for half in halves)
    first, second = (half - half.mean(axis=-1, keepdims=True) for half in (first, second))
    together = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    products = (first * second).sum(axis=-1)
    found: Floats = np.where(together > 0, products / np.where(together > 0, together, 1), 0.0)
    return found


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
