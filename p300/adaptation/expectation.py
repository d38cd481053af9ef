"""Expectation-maximisation over the symbols: what unlabelled flashes say of a readout.

In each character exactly one symbol is attended, so the labels of its flashes are tied together
without anyone telling them (Kindermans et al., PLoS ONE 7:e33758, 2012).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from p300.adaptation.coded_flashes import CodeSums
from p300.adaptation.readout import Floats, Readout, Seen, Strength, Update

ITERATIONS = 15
"""Most steps of expectation and maximisation; some five are enough."""

TOLERANCE = 1e-3
"""Largest change of a flash's target probability below which the steps end."""


def target_probabilities(evidence: Floats, lit: Floats) -> Floats:
    """Return the probability that each code lit the attended symbol: the expectation.

    Parameters
    ----------
    evidence
        Log-likelihood ratios of the flashes of each code, added up, [..., character, code].
    lit
        1 where a code lights a symbol, [code, symbol].

    Returns
    -------
    [..., character, code]
    """
    of_symbol = evidence @ lit
    likelihood = np.exp(of_symbol - of_symbol.max(axis=-1, keepdims=True))
    found: Floats = likelihood / likelihood.sum(axis=-1, keepdims=True) @ lit.T
    return found


class Calibration:
    """Expectation-maximisation over the symbols from one start, for several strengths at once.

    Parameters
    ----------
    known
        Where it starts from and what it is pulled towards.
    strengths
        Of the pull.
    """

    def __init__(self, known: Readout, strengths: Sequence[Strength]) -> None:
        self._known, self._strengths = known, strengths
        weights, middle = known.line
        self.weights = np.tile(weights, (len(strengths), 1))
        self.middles = np.full(len(strengths), middle)
        self._probability: Floats | None = None
        self._sums, self._seen = np.empty((0, len(weights))), Seen.of(np.empty((0, len(weights))))

    @property
    def adapted(self) -> bool:
        """Whether anything has been adapted to."""
        return self._probability is not None

    def ratios(self, features: Floats) -> Floats:
        """Return log-likelihood ratios, [strength, epoch]."""
        ratios: Floats = self.weights @ features.T - self.middles[:, None]
        return ratios

    def adapt(self, sums: CodeSums, moment: Floats) -> None:
        """Adapt to unlabelled flashes, from the start.

        Parameters
        ----------
        sums
            Of all flashes so far.
        moment
            Sum over the flashes with a code of features times features'.
        """
        counts = sums.counts.ravel()
        if not counts.any():
            return
        self._sums, self._seen = sums.features.reshape(len(counts), -1), Seen(counts, moment.copy())
        self._probability = np.zeros((len(self._strengths), len(counts)))
        for alike in _alike(self._strengths):
            self._adapt_alike(alike, sums)

    def _adapt_alike(self, alike: Sequence[int], sums: CodeSums) -> None:
        """Adapt with strengths, given by position, whose covariance counts alike."""
        assert self._probability is not None  # set before
        known, shape = self._known.line, sums.counts.shape
        update = Update(self._known, self._sums, self._seen, [self._strengths[k] for k in alike])
        flashed = self._seen.counts > 0
        going = np.arange(len(alike))
        weights, middles = (np.tile(one, (len(alike), 1)) for one in known)
        for _ in range(ITERATIONS):
            evidence = weights @ self._sums.T - middles.reshape(-1, 1) * self._seen.counts
            probability = target_probabilities(evidence.reshape(-1, *shape), sums.lit)
            probability = probability.reshape(len(going), -1)
            rows = [alike[int(k)] for k in going]
            moved = np.abs(probability - self._probability[rows])[:, flashed].max(axis=1)
            on = moved >= TOLERANCE
            going, probability = going[on], probability[on]
            if not len(going):
                break
            rows = [alike[int(k)] for k in going]
            weights, middles = update.lines(probability, going.tolist())
            self._probability[rows] = probability
            self.weights[rows], self.middles[rows] = weights, middles

    def readout(self, k: int) -> Readout:
        """Return what is known after adapting with a strength, by position."""
        if self._probability is None:
            return self._known
        return self._known.updated(self._sums, self._probability[k], self._strengths[k], self._seen)


def _alike(strengths: Sequence[Strength]) -> list[list[int]]:
    """Return the positions of strengths whose covariance counts alike, together."""
    together: dict[float, list[int]] = {}
    for k, strength in enumerate(strengths):
        together.setdefault(strength.epochs, []).append(k)
    return list(together.values())
