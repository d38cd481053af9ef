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

    A guard keeps it from running away: see :func:`is_worse`.

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
    unadapted = known(flashes.features)
    ratios = np.empty((len(strengths), len(unadapted)))
    gains: list[list[float]] = [[] for _ in strengths]
    fell_back: list[list[int]] = [[] for _ in strengths]
    sums, calibration = CodeSums.of(flashes), Calibration(known, strengths)
    moment = np.zeros_like(known.covariance)
    for character in range(flashes.n_characters):
        rows = flashes.character == character
        own, plain = flashes.of(rows), unadapted[rows]
        adapted = calibration.ratios(own.features)
        gained = agreement(adapted, own) - agreement(plain, own)
        for k in range(len(strengths)):
            trusted = not is_worse(gains[k])
            ratios[k, rows] = adapted[k] if trusted else plain
            if not trusted:
                fell_back[k].append(character)
            if calibration.adapted:
                gains[k].append(float(gained[k]))
        coded = own.features[own.code >= 0]
        moment += coded.T @ coded
        calibration.adapt(sums.before(character + 1), moment)
    return [
        Prequential(
            ratios[k],
            tuple(fell_back[k]),
            known if is_worse(gains[k]) else calibration.readout(k),
        )
        for k in range(len(strengths))
    ]


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
