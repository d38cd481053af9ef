"""Decisions: which symbol is spelled, after fixed and after flexible numbers of repetitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.columns import Decoded
from p300.recordings.layout import Layout
from p300.recordings.units import UNITS
from p300.speller.evidence import (
    add_likelihood_ratios,
    add_probabilities,
    best_symbols,
    log_posterior,
)
from p300.speller.language import Prior
from p300.speller.model import SpellerModel
from p300.speller.selections import NOTHING, Floats, Index, Selections, gather_selections
from p300.speller.stopping import Stop

DECISION_COLUMNS = (
    *UNITS["character"], "rule", "stopping", "decoded", "repetitions", "symbol", "true_symbol",
    "correct", "posterior", "forced", "tie",
)  # fmt: skip
"""Columns of a table of decisions. ``rule`` is "sum" (of probabilities, the paper's) or
"posterior"; ``stopping`` is "fixed" (one row for every number of repetitions shown), "chosen" (the
number chosen on training characters) or "dynamic", both one row a character; ``decoded`` is a
:class:`~p300.columns.Decoded`: what is post-hoc is decided on the same flashes as at the time, by
their scores of the end; ``posterior`` is NaN for the sum; ``true_symbol`` and ``correct`` are NA
where the truth is not known; ``forced``:
dynamic, and the repetitions ran out before the threshold was reached; ``tie``: several symbols were
equally good and the first in the layout was taken. ``symbol`` is empty where dynamic stopping by
risk spelled nothing, ``true_symbol`` where nobody attended; the posterior of nothing is that of
nobody attending."""


@dataclass(frozen=True)
class Decision:
    """One spelled character.

    Parameters
    ----------
    dataset, subject, session, run, character
        Which.
    symbol
        What was decided, empty for nothing.
    true_symbol
        What was meant, empty where nobody attended, None where it is not known.
    posterior
        Of ``symbol``.
    repetitions
        Used for it.
    forced
        Whether the repetitions ran out before the posterior reached the threshold.
    tie
        Whether another symbol was equally likely.
    post_hoc
        What the same flashes are decoded as at the end, when the detector has learned from all of
        them; None where it does not go on learning.
    """

    dataset: str
    subject: str
    session: str
    run: str
    character: int
    symbol: str
    true_symbol: str | None
    posterior: float
    repetitions: int
    forced: bool
    tie: bool
    post_hoc: str | None = None


def spell(
    scores: pd.DataFrame,
    layout: Layout,
    model: SpellerModel,
    *,
    language: Prior | None = None,
) -> Iterator[Decision]:
    """Spell scored flashes letter by letter, stopping as soon as the model allows.

    Parameters
    ----------
    scores
        As in :func:`~p300.speller.selections.gather_selections`, which also tells what is raised;
        what :meth:`p300.detectors.storage.StoredDetector.score` gives will do.
    layout
        The stimulus layout.
    model
        From :func:`~p300.speller.model.fit_speller`.
    language
        Prior over symbols, a :class:`~p300.speller.language.LanguageModel` or any other function;
        without it they are equally likely.
    """
    selections, stops = gather_selections(scores, layout), list[Stop]()
    again = selections.again
    later = None if again is None else _follow(again, model, language, stops)
    symbols = (*layout.symbols, NOTHING)
    for k, (posterior, stop) in enumerate(_follow(selections, model, language)):
        stops.append(stop)
        at, best = int(stop.repetition[0]), int(stop.decided[0])
        read = None if later is None else symbols[int(next(later)[1].decided[0])]
        dataset, subject, session, run, character = selections.names.iloc[k]
        true = int(selections.true[k])
        yield Decision(
            dataset=str(dataset),
            subject=str(subject),
            session=str(session),
            run=str(run),
            character=int(character),
            symbol=symbols[best],
            true_symbol=symbols[true] if true >= 0 else None,
            posterior=float(np.exp(posterior[at, best])),
            repetitions=at + 1,
            forced=bool(stop.forced[0]),
            tie=bool(stop.tie[0]),
            post_hoc=read,
        )


def decide(
    selections: Selections,
    model: SpellerModel | None = None,
    *,
    language: Prior | None = None,
) -> pd.DataFrame:
    """Decide every character by every rule and number of repetitions.

    Parameters
    ----------
    selections
        The characters.
    model
        For the posterior and for dynamic stopping; without it only the sum of probabilities is
        decided.
    language
        Prior over symbols for the posterior, applied character by character within a run, after
        what the same rule has spelled there so far.

    Returns
    -------
    Columns :data:`DECISION_COLUMNS`.
    """
    tables, stops = [], None
    for decoded, scored in ((Decoded.INSTANT, selections), (Decoded.POST_HOC, selections.again)):
        if scored is None:
            continue
        own = _decide_fixed(scored, model, language)
        if model is not None:
            each = list(_follow(scored, model, language, stops))
            stops = [stop for _, stop in each]
            own.append(_decide_dynamic(scored, np.stack([after for after, _ in each]), stops))
        tables += [table.assign(decoded=str(decoded)) for table in own]
    return pd.concat(tables, ignore_index=True)[list(DECISION_COLUMNS)]


def _decide_fixed(
    selections: Selections, model: SpellerModel | None, language: Prior | None
) -> list[pd.DataFrame]:
    """Decide after every number of repetitions, and after the chosen one."""
    n = selections.n_repetitions
    selection, repetition = np.nonzero(np.arange(n.max())[None, :] < n[:, None])
    each = selection, repetition
    best, tie = best_symbols(add_probabilities(selections))
    tables = [_table(selections, "sum", "fixed", each, best, tie)]
    if model is not None and model.repetitions is not None:
        chosen = np.arange(len(selections)), np.minimum(model.repetitions, n) - 1
        tables.append(_table(selections, "sum", "chosen", chosen, best, tie))
    if model is not None:
        fixed = np.stack(list(_posteriors(selections, model, language)))
        best, tie = best_symbols(fixed)
        tables.append(_table(selections, "posterior", "fixed", each, best, tie, fixed))
    return tables


def _decide_dynamic(
    selections: Selections, posterior: Floats, stops: Sequence[Stop]
) -> pd.DataFrame:
    """Decide where each selection was stopped, log p [selection, repetition, symbol]."""
    best, tie = best_symbols(posterior)
    where = np.arange(len(selections)), np.concatenate([stop.repetition for stop in stops])
    best[where] = np.concatenate([stop.decided for stop in stops])
    tie[where] = np.concatenate([stop.tie for stop in stops])
    forced = np.concatenate([stop.forced for stop in stops])
    return _table(selections, "posterior", "dynamic", where, best, tie, posterior, forced)


def _follow(
    selections: Selections,
    model: SpellerModel,
    language: Prior | None,
    before: Sequence[Stop] | None = None,
) -> Iterator[tuple[Floats, Stop]]:
    """Yield log p(symbol) of one selection after another, and how it is stopped and decided.

    Where the same selections had been stopped ``before``, they stop there again.
    """
    own: list[Stop] = []
    for k, posterior in enumerate(_posteriors(selections, model, language, own)):
        if before is None:
            stop = model.stop(posterior[None], selections.n_repetitions[k : k + 1])
        else:
            stop = model.decide_at(posterior[None], before[k].repetition, before[k].forced)
        own.append(stop)
        yield posterior, stop


def _posteriors(
    selections: Selections,
    model: SpellerModel,
    language: Prior | None,
    stops: Sequence[Stop] | None = None,
) -> Iterator[Floats]:
    """Yield log p(symbol) of one selection after another, [repetition, symbol].

    Dynamic stopping by risk has a last entry for nobody. With a language model the prior follows
    the text spelled so far: with dynamic stopping one text, else one for each fixed number of
    repetitions. With dynamic stopping ``stops`` has those of the selections that were yielded
    before.
    """
    evidence = add_likelihood_ratios(selections, model.ratio)

    def apply(evidence: Floats, log_prior: Floats | float = 0.0) -> Floats:
        if stops is not None:
            return model.log_posterior(evidence, log_prior)
        return log_posterior(evidence, model.factor, log_prior)

    if language is None:
        yield from apply(evidence)
        return
    run = selections.names.groupby(UNITS["run"], sort=False).ngroup().to_numpy()
    symbols = selections.layout.symbols
    texts: list[list[str]] = []
    for k, after in enumerate(evidence):
        if k == 0 or run[k] != run[k - 1]:
            texts = [[] for _ in range(len(after) if stops is None else 1)]
        prior = np.array([language(text, selections.layout) for text in texts])
        posterior = apply(after, prior)
        yield posterior
        if stops is None:
            last = selections.n_repetitions[k] - 1
            decided = best_symbols(posterior)[0][np.minimum(np.arange(len(after)), last)]
        else:
            decided = stops[k].decided
        for text, best in zip(texts, decided, strict=True):
            text += symbols[best : best + 1]  # nothing is spelled beyond the last symbol


def _table(
    selections: Selections,
    rule: str,
    stopping: str,
    where: tuple[Index, Index],
    best: Index,
    tie: npt.NDArray[np.bool_],
    posterior: Floats | None = None,
    forced: npt.NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Return the decisions of selections after repetitions, both as positions, but ``decoded``."""
    selection, repetition = where
    symbols = pd.array([*selections.layout.symbols, NOTHING], dtype="string")
    decided, true = best[where], selections.true[selection]
    table = selections.names.iloc[selection].reset_index(drop=True)
    table["rule"], table["stopping"] = rule, stopping
    table["repetitions"] = repetition + 1
    table["symbol"] = symbols.take(decided)
    table["true_symbol"] = symbols.take(true, allow_fill=True)
    table["correct"] = pd.array(decided == true, dtype="boolean")
    table.loc[true < 0, "correct"] = pd.NA
    table["posterior"] = np.nan if posterior is None else np.exp(posterior[(*where, decided)])
    table["forced"] = False if forced is None else forced
    table["tie"] = tie[where]
    return table
