"""Evidence for every symbol after every repetition: sums of probabilities, log-likelihood ratios.

All arrays of evidence are [selection, repetition, symbol]; entry n of the second axis holds what is
known after n + 1 repetitions. Adding the next repetition to what is there is the recursive form of
Bayes' rule, so the sums are the recursion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.errors import SpellerError
from p300.speller.selections import Floats, Index, Selections

TIE = 1e-9
"""Evidence closer than this is a tie; the first symbol in the order of the layout wins it."""

SMALLEST_FACTOR = 0.01

LAPSE = 0.02
"""Share of training characters that the user may have missed, when the factor is fitted."""


def add_probabilities(selections: Selections) -> Floats:
    """Add up target probabilities: the rule of Cecotti & Gräser (2011).

    There v(j) is the sum over repetitions of P(flash j), and the symbol is where the row and the
    column of the largest v cross. Here a symbol has the sum over the flashes that light it of
    P minus the mean P of all flashes so far. On a row/column layout with complete repetitions
    every symbol is lit equally often, so the mean moves all symbols alike and the decision is the
    paper's. On other layouts, and where flashes are missing, it makes symbols lit by unequal
    numbers of flashes comparable: a missing flash counts as an average one. Adding a constant to
    all P changes no decision.

    Parameters
    ----------
    selections
        ``score`` is the log-odds of P.

    Returns
    -------
    [selection, repetition, symbol].
    """
    from scipy.special import expit

    v = selections.add_up(expit(selections.score))
    n = selections.add_up(np.ones(len(selections.score)))
    shown = n.sum(axis=2, keepdims=True)
    mean = v.sum(axis=2, keepdims=True) / np.maximum(shown, 1)
    above: Floats = v @ selections.lit - mean * (n @ selections.lit)
    return above


@dataclass(frozen=True)
class LikelihoodRatio:
    """Log-likelihood ratio of target to non-target = slope * score + intercept.

    Parameters
    ----------
    slope, intercept
        For a score that is calibrated log-odds at a target share q, 1 and -log(q / (1 - q)).
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, score: npt.ArrayLike) -> Floats:
        """Return the log-likelihood ratios (nats) of scores, [flash]."""
        return self.slope * np.asarray(score, dtype=np.float64) + self.intercept


def fit_likelihood_ratio(score: npt.ArrayLike, target: npt.ArrayLike) -> LikelihoodRatio:
    """Fit the densities of target and non-target scores; give their log ratio.

    Two normal densities with a common variance, whose log ratio is linear in the score. With
    variances of their own the ratio would be a parabola, for which a very low score speaks for a
    target as soon as the targets scatter more; and the few training characters of a speller do not
    carry a richer density. The linear ratio needs no target share, so the scores may have been
    calibrated at any.

    Parameters
    ----------
    score
        Scores of training epochs that the detector was not fitted on, [epoch].
    target
        Whether each is a target, [epoch].

    Raises
    ------
    SpellerError
        When there are not at least two targets and two non-targets, or all scores are equal.
    """
    s, y = np.asarray(score, dtype=np.float64), np.asarray(target, dtype=bool)
    if min(y.sum(), (~y).sum()) < 2:
        raise SpellerError(
            f"{int(y.sum())} targets and {int((~y).sum())} non-targets among the training scores; "
            "at least two of each are needed to learn how they are distributed"
        )
    high, low = s[y].mean(), s[~y].mean()
    variance = (((s[y] - high) ** 2).sum() + ((s[~y] - low) ** 2).sum()) / (len(s) - 2)
    if not variance > 0:
        raise SpellerError(
            "the training scores of each class are all equal; their densities cannot be fitted"
        )
    # A detector below chance on its training data must not turn the evidence round.
    slope = max(float((high - low) / variance), 0.0)
    return LikelihoodRatio(slope, float(-slope * (high + low) / 2))


def add_likelihood_ratios(selections: Selections, ratio: LikelihoodRatio) -> Floats:
    """Add up log-likelihood ratios: log p(scores | symbol) up to a constant of the selection.

    With independent flashes p(scores | symbol) is the product of p(score | target) over the
    flashes that light the symbol and of p(score | non-target) over the others; divided by the
    product of p(score | non-target) over all flashes the ratios of the lit ones remain.

    Returns
    -------
    [selection, repetition, symbol], nats.
    """
    # One product a repetition: what is known after some does not depend on how many follow.
    each = selections.add_up(ratio(selections.score))[..., None, :]
    evidence: Floats = (each @ selections.lit)[..., 0, :]
    return evidence


def log_posterior(evidence: Floats, factor: float, log_prior: Floats | float = 0.0) -> Floats:
    """Apply Bayes' rule: log p(symbol | scores), [..., symbol].

    Parameters
    ----------
    evidence
        From :func:`add_likelihood_ratios`, [..., symbol].
    factor
        What the evidence is multiplied by, because the flashes of a character are not independent
        (epochs overlap, attention and drifts last): without it the posterior is overconfident.
    log_prior
        log p(symbol), [symbol] or [..., symbol]; 0 for equally likely symbols.
    """
    from scipy.special import log_softmax

    joint: Floats = log_softmax(factor * evidence + log_prior, axis=-1)
    return joint


def log_posterior_or_nobody(
    evidence: Floats, factor: float, nobody: float, log_prior: Floats | float = 0.0
) -> Floats:
    """Apply Bayes' rule where perhaps nobody attends: log p(symbol or nobody | scores).

    Where nobody attends every flash is a non-target, so the evidence is that of no target at all:
    0, by the convention of :func:`add_likelihood_ratios`.

    Parameters
    ----------
    evidence, factor
        As in :func:`log_posterior`.
    nobody
        Probability that nobody attends, from 0 to below 1.
    log_prior
        log p(symbol | somebody attends), up to a constant.

    Returns
    -------
    [..., symbol + 1]; the last is nobody.
    """
    from scipy.special import log_softmax

    prior = log_softmax(np.broadcast_to(log_prior, evidence.shape), axis=-1)
    attended = factor * evidence + prior + np.log1p(-nobody)
    none = np.full((*evidence.shape[:-1], 1), np.log(nobody) if nobody else -np.inf)
    joint: Floats = log_softmax(np.concatenate([attended, none], axis=-1), axis=-1)
    return joint


def fit_factor(evidence: Floats, true: Index, n_repetitions: Index) -> float:
    """Fit the factor of :func:`log_posterior` on training characters.

    It maximises the mean of log((1 - lapse) p(true symbol) + lapse / N) over all training
    characters and all numbers of repetitions of each, with p the posterior over N equally likely
    symbols. The lapse (:data:`LAPSE`) bounds what one character can cost. Without it a single
    one at which the user looked elsewhere, among the few that there are, would make the speller
    slow for all others (Wichmann & Hill, Percept. Psychophys. 63:1293-1313, 2001, on the same
    trouble with psychometric functions). The factor stays within (0, 1]: correlation only takes
    evidence away.

    Parameters
    ----------
    evidence
        [selection, repetition, symbol] of training characters.
    true
        Position of the true symbol, -1 where it is not known, [selection].
    n_repetitions
        [selection].

    Raises
    ------
    SpellerError
        When no true symbol is known.
    """
    from scipy.optimize import minimize_scalar

    selection, repetition = np.nonzero(_shown(n_repetitions) & (true[:, None] >= 0))
    if not len(selection):
        raise SpellerError("no training character with a known symbol to fit the speller on")
    after, symbol = evidence[selection, repetition], true[selection]

    def loss(factor: float) -> float:
        p = np.exp(log_posterior(after, factor)[np.arange(len(after)), symbol])
        return -float(np.log((1 - LAPSE) * p + LAPSE / evidence.shape[-1]).mean())

    found = minimize_scalar(loss, bounds=(SMALLEST_FACTOR, 1.0), method="bounded")
    # The search never reaches its bounds; the upper one is the usual answer for good scores.
    return 1.0 if loss(1.0) <= found.fun else float(found.x)


def best_symbols(evidence: Floats) -> tuple[Index, npt.NDArray[np.bool_]]:
    """Return the position of the symbol with the most evidence and whether others tie with it.

    Parameters
    ----------
    evidence
        [..., symbol].

    Returns
    -------
    Both without the last axis. Of tied symbols the first in the order of the layout is taken.
    """
    tied = evidence >= evidence.max(axis=-1, keepdims=True) - TIE
    return tied.argmax(axis=-1), tied.sum(axis=-1) > 1


def _shown(n_repetitions: Index) -> npt.NDArray[np.bool_]:
    """Describe which repetitions were shown, [selection, repetition]."""
    return np.arange(int(n_repetitions.max()))[None, :] < n_repetitions[:, None]
