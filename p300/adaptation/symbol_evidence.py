"""Which symbol was attended, when nobody has told what the response to a target looks like.

A known covariance and two unknown class means: had symbol a been attended, the flashes that light
it were targets and the others not. All that the N flashes of a character say of the means is then
the difference d of the two groups' means, which is normal about the true difference D with the
covariance divided by w = n+ n- / N. With D normal about m, with v times the covariance, and nothing
known of the mean of all flashes, the evidence for a against "all flashes are alike" is

    (w |d|^2 - |d - m|^2 w / (1 + w v) - f log(1 + w v)) / 2

in the metric of the inverse covariance, for f features: textbook comparison of normal models, the
means integrated out. Nothing needs to be known at the start: with m = 0 it prefers the symbol whose
flashes differ most from the others. Where other people's labelled flashes tell an m, v is how far
people are from one another. It does not change when features are mixed linearly.

What one character tells of D is believed by the others: each in turn is told by what all others say
of D, weighted by how probable their symbols are, until nothing moves. A character never confirms
itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from p300.adaptation.coded_flashes import CodeSums

Floats = npt.NDArray[np.float64]

DISTANCE = 1.0
"""Squared distance of the class means, in standard deviations of the noise, that is expected before
anything is seen; see docs/adaptation.md."""

SWEEPS = 20
"""Most rounds over all characters; some five are enough."""

TOLERANCE = 1e-3
"""Largest change of a symbol's probability below which the rounds end."""


@dataclass(frozen=True, eq=False)
class Contrasts:
    """The difference of means that each symbol would make, had it been attended.

    Parameters
    ----------
    weights
        Of the sums of features of each code in the difference, [character, code, symbol].
    flashes
        So many independent flashes the difference is as precise as: n+ n- / N, [character, symbol].
        0 where a character has no flashes that light the symbol, or no others.
    products
        In the metric of the inverse covariance, of all sums of features and, last, the mean that is
        expected of the difference with one another, [character * code + 1, character * code + 1].
    n_features
        Number of features.
    """

    weights: Floats
    flashes: Floats
    products: Floats
    n_features: int

    @classmethod
    def of(cls, sums: CodeSums, expected: Floats, solve: Callable[[Floats], Floats]) -> Contrasts:
        """Compare the flashes of all characters.

        Parameters
        ----------
        sums
            Of features about their mean over all flashes.
        expected
            Of the difference of the class means, before anything is seen, [feature].
        solve
            Multiplies [feature, n] with the inverse covariance.
        """
        lit = sums.counts @ sums.lit
        other = sums.counts.sum(axis=1)[:, None] - lit
        both = (lit > 0) & (other > 0)
        flashes = np.where(both, lit * other / np.maximum(lit + other, 1), 0.0)
        lighting = sums.lit / np.where(both, lit, 1)[:, None]
        rest = (1 - sums.lit) / np.where(both, other, 1)[:, None]
        weights = np.where(both[:, None], lighting - rest, 0.0)
        rows = vectors(sums, expected)
        return cls(weights, flashes, rows @ solve(rows.T), rows.shape[1])

    def opposite(self) -> Self:
        """Return the same, were the opposite difference expected."""
        sign = np.append(np.ones(len(self.products) - 1), -1.0)
        return replace(self, products=sign[:, None] * self.products * sign)


def vectors(sums: CodeSums, expected: Floats) -> Floats:
    """Return all that a belief is made of, [character * code + 1, feature]."""
    return np.vstack([sums.features.reshape(-1, len(expected)), expected])


@dataclass(frozen=True, eq=False)
class Belief:
    """What is known of the difference of the class means: normal, with a multiple of the noise.

    Parameters
    ----------
    weights
        Of the :func:`vectors` in its mean, [character * code + 1].
    variance
        In multiples of the noise's covariance.
    """

    weights: Floats
    variance: float

    @classmethod
    def after(cls, contrasts: Contrasts, probability: Floats, variance: float) -> Belief:
        """Return what is believed when symbols of characters are known so far.

        Parameters
        ----------
        contrasts
            Of the characters.
        probability
            Of each symbol, [character, symbol]; characters of which nothing is known have zeros.
        variance
            Of what was expected before.
        """
        counted = probability * contrasts.flashes
        left = 1 / (1 / variance + float(counted.sum()))
        seen = np.einsum("cks,cs->ck", contrasts.weights, counted).ravel()
        return cls(left * np.append(seen, 1 / variance), left)


def symbol_probabilities(contrasts: Contrasts, variance: float) -> Floats:
    """Return how probable it is that each symbol was attended, [character, symbol].

    Parameters
    ----------
    contrasts
        Of the characters, in the order of time.
    variance
        Of the difference of the class means before anything is seen, in multiples of the noise's
        covariance.

    Returns
    -------
    The same for all symbols where a character has no flashes with codes.
    """
    probability = np.zeros(contrasts.flashes.shape)
    for _ in range(SWEEPS):
        before = probability.copy()
        for character in range(len(probability)):
            probability[character] = 0
            others = Belief.after(contrasts, probability, variance)
            evidence = log_evidence(contrasts, character, others)
            likelihood = np.exp(evidence - evidence.max())
            probability[character] = likelihood / likelihood.sum()
        if np.abs(probability - before).max() < TOLERANCE:
            break
    return probability


def total_evidence(contrasts: Contrasts, variance: float) -> float:
    """Return the log-evidence (nats) of all characters for what was expected of the difference.

    Each character is told by those before it; which symbol was attended is not known.

    Parameters
    ----------
    contrasts, variance
        As in :func:`symbol_probabilities`.
    """
    probability, total = np.zeros(contrasts.flashes.shape), 0.0
    for character in range(len(probability)):
        before = Belief.after(contrasts, probability, variance)
        evidence = log_evidence(contrasts, character, before)
        among_all = float(logsumexp(evidence))
        probability[character] = np.exp(evidence - among_all)
        total += among_all - np.log(len(evidence))
    return total


def log_evidence(contrasts: Contrasts, character: int, belief: Belief) -> Floats:
    """Return the log-evidence (nats) for each symbol of a character against none, [symbol].

    Parameters
    ----------
    contrasts
        Of all characters.
    character
        Its number.
    belief
        About the difference of the class means, from elsewhere.
    """
    weights, flashes = contrasts.weights[character], contrasts.flashes[character]
    own = slice(character * len(weights), (character + 1) * len(weights))
    towards = contrasts.products @ belief.weights
    length = np.einsum("ks,kl,ls->s", weights, contrasts.products[own, own], weights)
    distance = length - 2 * towards[own] @ weights + belief.weights @ towards
    spread = 1 + flashes * belief.variance
    gain = flashes * (length - distance / spread)
    found: Floats = (gain - contrasts.n_features * np.log(spread)) / 2
    return found
