"""What a speller learns from training scores: densities, factor, threshold, risk."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import DataWarning, SpellerError
from p300.recordings.layout import Layout, has_codes
from p300.recordings.units import UNITS
from p300.runs.spelling import TARGET_ERROR
from p300.speller.evidence import (
    LikelihoodRatio,
    add_likelihood_ratios,
    add_probabilities,
    best_symbols,
    fit_factor,
    fit_likelihood_ratio,
    log_posterior,
    log_posterior_or_nobody,
)
from p300.speller.rates import PAPER_TIMING, Timing
from p300.speller.selections import Floats, Index, gather_selections
from p300.speller.stopping import (
    Costs,
    Risk,
    Stop,
    cheapest_stopping,
    choose_threshold,
    decide_at,
    fastest_repetitions,
    fastest_threshold,
    stop_and_decide,
)


@dataclass(frozen=True)
class SpellerModel:
    """How far scores are trusted and when to stop.

    The defaults take calibrated scores and posteriors at their word. For a detector without
    training scores only the intercept must be given: minus its ``threshold_``, which takes the
    training target share out of its log-odds.

    Parameters
    ----------
    ratio
        Score -> log-likelihood ratio.
    factor
        Of the evidence, in (0, 1]; see :func:`p300.speller.evidence.log_posterior`.
    threshold
        Posterior at which to stop.
    repetitions
        Fixed number of repetitions with the most bits a minute by the sum of probabilities, None
        where there were no training characters to choose it on.
    risk
        What stopping by risk weighs; None: the likeliest symbol is always spelled.
    """

    ratio: LikelihoodRatio = field(default_factory=LikelihoodRatio)
    factor: float = 1.0
    threshold: float = 1 - TARGET_ERROR
    repetitions: int | None = None
    risk: Risk | None = None

    def __post_init__(self) -> None:
        if not (0 < self.factor <= 1 and 0 < self.threshold <= 1):
            raise SpellerError(
                f"speller with factor {self.factor} and threshold {self.threshold} found; both "
                "must be above 0 and at most 1"
            )

    def log_posterior(self, evidence: Floats, log_prior: Floats | float = 0.0) -> Floats:
        """Return log p(symbol | scores), [..., symbol]; by risk with a last entry for nobody.

        Parameters
        ----------
        evidence, log_prior
            As in :func:`p300.speller.evidence.log_posterior`.
        """
        if self.risk is None:
            return log_posterior(evidence, self.factor, log_prior)
        return log_posterior_or_nobody(evidence, self.factor, self.risk.nobody, log_prior)

    def stop(self, log_posterior: Floats, n_repetitions: Index) -> Stop:
        """Stop and decide; see :func:`p300.speller.stopping.stop_and_decide`."""
        return stop_and_decide(log_posterior, n_repetitions, self.threshold, self.risk)

    def decide_at(self, log_posterior: Floats, at: Index, forced: npt.NDArray[np.bool_]) -> Stop:
        """Decide where it was stopped; see :func:`p300.speller.stopping.decide_at`."""
        return decide_at(log_posterior, at, forced, self.risk)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready description; :class:`p300.speller.records.SpellerRecord` reads it."""
        return asdict(self)


def fit_speller(
    training: pd.DataFrame,
    layout: Layout,
    *,
    target_error: float | None = TARGET_ERROR,
    error_seconds: float | None = None,
    nobody: float | None = None,
    timing: Timing = PAPER_TIMING,
    where: str = "training scores",
) -> SpellerModel:
    """Fit densities, correlation factor, threshold and the best fixed number of repetitions.

    Densities take every labelled flash. Factor and threshold need characters, hence codes; runs
    without codes are left out of these two. They are fitted with equally likely symbols even where
    a language model is used later: what the scores are worth does not depend on the text.

    Parameters
    ----------
    training
        Score table of training epochs, each scored by a detector that was not fitted on it.
    layout
        The stimulus layout.
    target_error
        Wanted share of wrong decisions among those that are not forced; None: the share with the
        most bits a minute.
    error_seconds
        Seconds that a wrong symbol costs; given, stopping is by risk and ``target_error`` has no
        say; see :func:`~p300.speller.stopping.cheapest_stopping`.
    nobody
        Probability that nobody attends, by risk; None: the share of training characters at which
        nobody did. Where it is above 0 and there are no such characters, the non-targets of the
        others stand in for them (:func:`pretend_rests`).
    timing
        How long a selection takes.
    where
        What messages call the table.

    Raises
    ------
    SpellerError
        When the table cannot be used at all; see
        :func:`~p300.speller.evidence.fit_likelihood_ratio` and
        :func:`~p300.speller.selections.gather_selections`.

    Warns
    -----
    DataWarning
        When no training character has codes: the factor is then 1 and the threshold
        1 - target error (the usual one where none is wanted).
    """
    labelled = training.dropna(subset="target")
    ratio = fit_likelihood_ratio(labelled["score"], labelled["target"])
    coded = labelled[has_codes(labelled)]
    selections = gather_selections(coded, layout) if len(coded) else None
    if selections is None or not selections.attended.any():
        threshold = 1 - (target_error or TARGET_ERROR)
        unweighed = "" if error_seconds is None else f"; error_seconds {error_seconds:g} has no say"
        warnings.warn(
            f"{where}: no character with known flash codes to fit the speller on; posteriors are "
            f"taken at their word (factor 1, threshold {threshold:g}){unweighed}",
            DataWarning,
            stacklevel=2,
        )
        return SpellerModel(ratio, 1.0, threshold)
    known = selections.attended
    true, shown = selections.true[known], selections.n_repetitions[known]
    evidence = add_likelihood_ratios(selections, ratio)[known]
    factor = fit_factor(evidence, true, shown)
    posterior = log_posterior(evidence, factor)
    largest, right = np.exp(posterior.max(axis=2)), best_symbols(posterior)[0] == true[:, None]
    n_symbols = len(layout.symbols)
    by_sum = best_symbols(add_probabilities(selections)[known])[0] == true[:, None]
    repetitions = fastest_repetitions(by_sum, shown, timing, n_symbols)
    if error_seconds is not None:
        if nobody is None:
            nobody = float(selections.resting.sum() / (selections.true >= 0).sum())
        elif nobody > 0 and not selections.resting.any():
            selections = gather_selections(pretend_rests(coded), layout)
        known = selections.true >= 0
        evidence = add_likelihood_ratios(selections, ratio)[known]
        threshold, risk = cheapest_stopping(
            log_posterior_or_nobody(evidence, factor, nobody),
            selections.true[known],
            selections.n_repetitions[known],
            timing,
            Costs(error_seconds, nobody),
        )
        return SpellerModel(ratio, factor, threshold, repetitions, risk)
    if target_error is None:
        threshold = fastest_threshold(largest, right, shown, timing, n_symbols)
    else:
        threshold = choose_threshold(largest, right, shown, target_error)
    return SpellerModel(ratio, factor, threshold, repetitions)


def pretend_rests(coded: pd.DataFrame) -> pd.DataFrame:
    """Add to labelled characters the same as if nobody had attended.

    The scores of targets are replaced by those of non-targets of the same repetition, in their
    order. What else is different where nobody attends (eyes closed, other electrodes) is missing.

    Parameters
    ----------
    coded
        Score table of labelled flashes with codes.
    """
    repetition = [*UNITS["character"], "repetition"]
    target = coded["target"].astype(bool)
    place = coded.groupby([*repetition, target], sort=False).cumcount()
    place = place.rename("place")
    others = coded[~target][[*repetition, "score"]].assign(place=place[~target])
    borrowed = coded[target].assign(place=place[target]).drop(columns="score")
    borrowed = borrowed.merge(others, on=[*repetition, "place"]).drop(columns="place")
    rests = pd.concat([coded[~target], borrowed], ignore_index=True)
    rests["target"] = False
    rests["character"] += int(coded["character"].max()) + 1
    return pd.concat([coded, rests], ignore_index=True)
