"""When to stop: a threshold on the posterior or the risk, chosen on training characters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.errors import SpellerError
from p300.speller.evidence import best_symbols
from p300.speller.rates import Timing, bits_per_minute
from p300.speller.selections import Floats, Index

THRESHOLDS = 1 - np.geomspace(0.5, 1e-4, 60)
"""Thresholds tried: from .5, below which another symbol may be likelier, to .9999."""

OPINION = 5
"""Characters that the posterior's own opinion counts as, in :func:`fastest_threshold`."""

ROUNDS = 5
"""In which :func:`cheapest_stopping` finds what a missed symbol costs."""


@dataclass(frozen=True)
class Risk:
    """What a decision risks, in costs of a wrong symbol.

    A symbol that was not meant costs 1, whether another was meant or none; no symbol although
    one was meant costs ``miss``; no symbol where nobody attends costs nothing.

    Parameters
    ----------
    nobody
        Probability that nobody attends, before the first flash; from 0 to below 1.
    miss
        Above 0, in costs of a wrong symbol.
    """

    nobody: float
    miss: float

    def __post_init__(self) -> None:
        if not (0 <= self.nobody < 1 and self.miss > 0):
            raise SpellerError(
                f"risk with nobody {self.nobody} and miss {self.miss} found; expected a "
                "probability from 0 to below 1 and a share above 0"
            )

    def log_confidence(self, log_posterior: Floats) -> Floats:
        """Return log(1 - expected cost) of every decision, [..., symbol + 1]; the last: nothing.

        Of a symbol it is the posterior. The decision of most confidence is Bayes'; to spell
        nothing is one where nobody seems to attend, and where every symbol is too doubtful (Chow,
        IEEE T-IT 16:41-46, 1970).

        Parameters
        ----------
        log_posterior
            [..., symbol + 1], see :func:`~p300.speller.evidence.log_posterior_or_nobody`.
        """
        nothing = 1 - self.miss * -np.expm1(log_posterior[..., -1:])
        with np.errstate(divide="ignore"):  # what costs as much as an error is never decided
            last = np.log(np.maximum(nothing, 0.0))
        return np.concatenate([log_posterior[..., :-1], last], axis=-1)

    def cost(self, decided: Index, true: Index, n_symbols: int) -> Floats:
        """Return what decisions did cost, [selection]; nothing is the position ``n_symbols``."""
        return np.where(decided == true, 0.0, np.where(decided == n_symbols, self.miss, 1.0))


@dataclass(frozen=True)
class Costs:
    """What stopping by risk weighs against seconds.

    Parameters
    ----------
    error
        Seconds that a wrong symbol costs.
    nobody
        As in :class:`Risk`.
    """

    error: float
    nobody: float


@dataclass(frozen=True, eq=False)
class Stop:
    """Where selections stop, and with which decision; all [selection].

    ``repetition`` is its position, ``forced`` whether the repetitions ran out,
    ``decided`` the position of the symbol (one beyond the last for nothing), ``tie`` whether
    others were as good, ``confidence`` 1 - expected cost.
    """

    repetition: Index
    forced: npt.NDArray[np.bool_]
    decided: Index
    tie: npt.NDArray[np.bool_]
    confidence: Floats


def stop_and_decide(
    log_posterior: Floats, n_repetitions: Index, threshold: float, risk: Risk | None
) -> Stop:
    """Stop as soon as a symbol, or that nobody attends, is likely enough, and decide for it.

    Only where the repetitions run out before, the decision is Bayes'. Before, spelling nothing
    because symbols are doubtful is no way out: one more repetition costs less than another try.

    Parameters
    ----------
    log_posterior
        [selection, repetition, symbol]; with ``risk`` the last entry is nobody.
    n_repetitions, threshold
        As in :func:`stop_at`.
    risk
        None: the likeliest symbol is spelled in any case.
    """
    at, forced = stop_at(np.exp(log_posterior.max(axis=2)), n_repetitions, threshold)
    return decide_at(log_posterior, at, forced, risk)


def decide_at(
    log_posterior: Floats, at: Index, forced: npt.NDArray[np.bool_], risk: Risk | None
) -> Stop:
    """Decide selections that stop at given repetitions; see :func:`stop_and_decide`.

    Parameters
    ----------
    log_posterior, risk
        As there.
    at
        Position of the repetition, [selection].
    forced
        Whether the repetitions ran out, [selection].
    """
    final = log_posterior[np.arange(len(at)), at]
    confidence = final if risk is None else risk.log_confidence(final)
    decided, tie = best_symbols(np.where(forced[:, None], confidence, final))
    return Stop(at, forced, decided, tie, np.exp(confidence[np.arange(len(at)), decided]))


def stop_at(
    posterior: Floats, n_repetitions: Index, threshold: float
) -> tuple[Index, npt.NDArray[np.bool_]]:
    """Find the first repetition after which the posterior reaches the threshold.

    Parameters
    ----------
    posterior
        Largest posterior of a symbol after each repetition, [selection, repetition].
    n_repetitions
        Repetitions shown, [selection].
    threshold
        Between 0 and 1.

    Returns
    -------
    Position of the repetition, [selection], and whether the decision was forced because the
    repetitions ran out, [selection].
    """
    shown = np.arange(posterior.shape[1])[None, :] < n_repetitions[:, None]
    reached = (posterior >= threshold) & shown
    forced = np.logical_not(reached.any(axis=1))
    return np.where(forced, n_repetitions - 1, reached.argmax(axis=1)), forced


def choose_threshold(
    posterior: Floats,
    right: npt.NDArray[np.bool_],
    n_repetitions: Index,
    target_error: float,
) -> float:
    """Choose the lowest threshold whose decisions are wrong seldom enough.

    For each of :data:`THRESHOLDS` the training characters are spelled, and the error of the
    decisions that reached it is estimated as

        (errors seen + m * (1 - mean posterior at the stop)) / (decisions + m)

    with m = 1 / target error. The posterior's own opinion stands in for m characters, as many as
    have one error at the target: five training characters without an error prove little, with
    two hundred the errors seen decide. Forced decisions do not count, since a threshold cannot
    help them; they are reported as a share of their own. The posterior at the stop is often well
    above the threshold, therefore the answer may be below 1 - target error.

    Parameters
    ----------
    posterior
        Largest posterior after each repetition of training characters, [selection, repetition].
    right
        Whether that symbol is the true one, [selection, repetition].
    n_repetitions
        [selection].
    target_error
        Wanted share of wrong decisions, between 0 and 1.

    Returns
    -------
    The threshold; the highest one tried where none is good enough.

    Raises
    ------
    SpellerError
        When ``target_error`` is not between 0 and 1.
    """
    if not 0 < target_error < 1:
        raise SpellerError(f"target error {target_error} found, expected between 0 and 1")
    weight = 1 / target_error
    rows = np.arange(len(posterior))
    for threshold in THRESHOLDS:
        at, forced = stop_at(posterior, n_repetitions, threshold)
        decided = ~forced
        errors = float((~right[rows, at])[decided].sum())
        at_stop = posterior[rows, at][decided]
        # Where nothing was decided, the posterior would be wrong as often as the threshold says.
        opinion = 1 - (at_stop.mean() if len(at_stop) else threshold)
        if (errors + weight * opinion) / (len(at_stop) + weight) <= target_error:
            return float(threshold)
    return float(THRESHOLDS[-1])


def fastest_threshold(
    posterior: Floats,
    right: npt.NDArray[np.bool_],
    n_repetitions: Index,
    timing: Timing,
    n_symbols: int,
) -> float:
    """Choose the threshold with the most bits a minute.

    For each of :data:`THRESHOLDS` the training characters are spelled. Their accuracy is estimated
    as (right + m * mean posterior at the stop) / (characters + m): the posterior's own opinion
    stands in for m = :data:`OPINION` characters, as many as a short training run has, because
    with so few the share that is right is a coarse number.

    Parameters
    ----------
    posterior, right, n_repetitions
        As in :func:`choose_threshold`.
    timing
        How long a selection takes.
    n_symbols
        Of the layout.
    """
    rows = np.arange(len(posterior))
    rates = []
    for threshold in THRESHOLDS:
        at, _ = stop_at(posterior, n_repetitions, threshold)
        n_right = right[rows, at].sum() + OPINION * posterior[rows, at].mean()
        seconds = timing.seconds(at + 1).mean()
        rates.append(float(bits_per_minute(n_right / (len(rows) + OPINION), seconds, n_symbols)))
    return float(THRESHOLDS[int(np.argmax(rates))])


def cheapest_stopping(
    log_posterior: Floats, true: Index, n_repetitions: Index, timing: Timing, costs: Costs
) -> tuple[float, Risk]:
    """Choose the threshold and the cost of a miss with which decisions cost least, time included.

    For each of :data:`THRESHOLDS` the training characters are spelled; each costs the seconds that
    it takes and those that its decision costs. As in :func:`fastest_threshold` the posterior's own
    opinion of the latter stands in for :data:`OPINION` characters. A missed symbol is spelled
    again, so it costs what an attended character costs in the mean; that is found in
    :data:`ROUNDS` rounds, from a selection of all repetitions.

    Parameters
    ----------
    log_posterior
        Of training characters, [selection, repetition, symbol + 1]; the last is nobody.
    true
        Position of the true symbol, that of nobody where nobody attended, [selection].
    n_repetitions, timing
        As in :func:`fastest_threshold`.
    costs
        What is weighed.
    """
    attended = true < log_posterior.shape[-1] - 1
    weight = np.where(attended, 1 - costs.nobody, costs.nobody)
    weight /= np.where(attended, attended.mean(), 1 - attended.mean())
    threshold, risk = THRESHOLDS[0], Risk(costs.nobody, np.inf)
    longest = float(timing.seconds(n_repetitions[attended]).mean())
    again = longest
    for _ in range(ROUNDS):
        risk = Risk(costs.nobody, again / costs.error)
        spent = []  # [threshold, selection], seconds
        for tried in THRESHOLDS:
            stop = stop_and_decide(log_posterior, n_repetitions, tried, risk)
            seen = risk.cost(stop.decided, true, log_posterior.shape[-1] - 1)
            opinion = (weight * (1 - stop.confidence)).mean()
            share = OPINION / (len(true) + OPINION)
            cost = (1 - share) * seen + share * opinion
            spent.append(costs.error * cost + timing.seconds(stop.repetition + 1))
        best = int(np.argmin([(weight * each).mean() for each in spent]))
        threshold, again = THRESHOLDS[best], float(spent[best][attended].mean())
    return float(threshold), risk


def fastest_repetitions(
    right: npt.NDArray[np.bool_], n_repetitions: Index, timing: Timing, n_symbols: int
) -> int:
    """Choose the fixed number of repetitions with the most bits a minute.

    What a fixed number can reach without hindsight, beside which dynamic stopping is to be seen.

    Parameters
    ----------
    right
        Whether a training character is right after each repetition, [selection, repetition].
    n_repetitions, timing, n_symbols
        As in :func:`fastest_threshold`. Numbers that some character did not have are not chosen.
    """
    n = np.arange(1, int(n_repetitions.min()) + 1)
    rates = bits_per_minute(right[:, : len(n)].mean(axis=0), timing.seconds(n), n_symbols)
    return int(n[int(np.argmax(rates))])
