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

Characters are told one by one, and what all have said is kept as a sum, from which that of the one
being told is taken out: the time of a round grows with the number of characters, not its square.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

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

    Features are followed by what the inverse covariance makes of them: the product of one's first
    half and another's second is that in its metric.

    Parameters
    ----------
    weights
        Of the sums of features of each code in the difference, [character, code, symbol].
    flashes
        So many independent flashes the difference is as precise as: n+ n- / N, [character, symbol].
        0 where a character has no flashes that light the symbol, or no others.
    sums
        Of features, and what the inverse covariance makes of them, [character, code, 2 feature].
    expected
        Of the difference of the class means, and the same of it, [2 feature].
    """

    weights: Floats
    flashes: Floats
    sums: Floats
    expected: Floats

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
        rows = np.vstack([sums.features.reshape(-1, len(expected)), expected])
        found = np.hstack([rows, solve(rows.T).T])
        return cls(weights, flashes, found[:-1].reshape(*sums.counts.shape, -1), found[-1])

    @cached_property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.expected) // 2

    @cached_property
    def lengths(self) -> Floats:
        """Squared length of the difference that each symbol would make, [character, symbol]."""
        n = self.n_features
        products = self.sums[..., :n] @ self.sums[..., n:].transpose(0, 2, 1)
        found: Floats = (self.weights * (products @ self.weights)).sum(axis=1)
        return found

    def said(self, character: int, probability: Floats) -> tuple[Floats, float]:
        """Return what a character says by its symbols' probability, [symbol], and how loudly.

        Returns
        -------
        The sum of the differences times their flashes, [2 feature], and the flashes.
        """
        counted = probability * self.flashes[character]
        of_code = self.weights[character] @ counted
        return of_code @ self.sums[character], float(np.add.reduce(counted))

    def towards(self, character: int, mean: Floats) -> Floats:
        """Return the product of each symbol's difference with another, [2 feature]: [symbol]."""
        n = self.n_features
        found: Floats = self.sums[character, :, :n] @ mean[n:] @ self.weights[character]
        return found

    def opposite(self) -> Self:
        """Return the same, were the opposite difference expected."""
        return replace(self, expected=-self.expected)

    def unexpected(self) -> Self:
        """Return the same, were nothing expected of the difference."""
        return replace(self, expected=np.zeros_like(self.expected))


class Belief(NamedTuple):
    """What is known of the difference of the class means: normal, with a multiple of the noise.

    Parameters
    ----------
    mean
        And what the inverse covariance makes of it, [2 feature].
    variance
        In multiples of the noise's covariance.
    """

    mean: Floats
    variance: float


class Believed:
    """What is believed while characters are told, one by one, by what the others say.

    Parameters
    ----------
    contrasts
        Of the characters, in the order of time.
    variance
        Of the difference of the class means before anything is seen, in multiples of the noise's
        covariance.

    Attributes
    ----------
    probability : that each symbol was attended, [character, symbol]; zeros of a character of which
        nothing is known yet
    """

    def __init__(self, contrasts: Contrasts, variance: float) -> None:
        self.probability: Floats = np.zeros(contrasts.flashes.shape)
        self._contrasts = contrasts
        self._said = np.zeros((len(self.probability), len(contrasts.expected)))
        self._counted = [0.0] * len(self.probability)
        self._expected = Belief(contrasts.expected, variance)
        self._total, self._precision = contrasts.expected / variance, 1 / variance

    @property
    def belief(self) -> Belief:
        """What was expected and all characters say that are known so far, together."""
        variance = 1 / self._precision
        return Belief(variance * self._total, variance)

    def of_first(self, n: int) -> Belief:
        """Return what was expected and the first n characters say, together."""
        mean, before = self._expected
        variance = 1 / (1 / before + sum(self._counted[:n]))
        return Belief(variance * (mean / before + self._said[:n].sum(axis=0)), variance)

    def forget(self, character: int) -> None:
        """Have a character say nothing."""
        self._total -= self._said[character]
        self._precision -= self._counted[character]
        self._said[character] = self._counted[character] = 0.0

    def know(self, character: int, probability: Floats) -> None:
        """Have a character that says nothing say what it does by its symbols' probability.

        Parameters
        ----------
        character
            Its number.
        probability
            [symbol].
        """
        self.probability[character] = probability
        difference, counted = self._contrasts.said(character, probability)
        self._said[character], self._counted[character] = difference, counted
        self._total += difference
        self._precision += counted

    def tell_each(self) -> float:
        """Tell each character by what the others say.

        Returns
        -------
        The log-evidence (nats) of all characters, each by those known before. Of the first round
        these are the characters before it: the evidence for what was expected of the difference,
        where nobody knows which symbols were attended.
        """
        total, n_symbols = 0.0, self.probability.shape[1]
        for character in range(len(self.probability)):
            self.forget(character)
            evidence = log_evidence(self._contrasts, character, self.belief)
            most = np.maximum.reduce(evidence)
            likelihood = np.exp(evidence - most)
            among_all = np.add.reduce(likelihood)
            likelihood /= among_all
            self.know(character, likelihood)
            total += float(most) + math.log(among_all / n_symbols)
        return total

    def settle(self, rounds: int = SWEEPS) -> None:
        """Tell each character until nothing moves, in so many rounds at most."""
        for _ in range(rounds):
            before = self.probability.copy()
            self.tell_each()
            if np.abs(self.probability - before).max() < TOLERANCE:
                return


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
    n = contrasts.n_features
    # |x|^2 - |x - m|^2 / (1 + w v) for a difference x of w flashes, put over one denominator.
    flashes = contrasts.flashes[character]
    told = flashes * belief.variance
    spread = 1 + told
    found: Floats = contrasts.lengths[character] * told
    found += 2 * contrasts.towards(character, belief.mean)
    found -= belief.mean[:n] @ belief.mean[n:]
    found *= flashes / spread
    found -= n * np.log(spread)
    found /= 2
    return found
