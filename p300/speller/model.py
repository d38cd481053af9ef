"""What a speller learns from training scores: densities, factor, threshold."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from p300.errors import DataWarning, SpellerError
from p300.recordings.layout import Layout, has_codes
from p300.runs.spelling import TARGET_ERROR
from p300.speller.evidence import (
    LikelihoodRatio,
    add_likelihood_ratios,
    add_probabilities,
    best_symbols,
    fit_factor,
    fit_likelihood_ratio,
    log_posterior,
)
from p300.speller.rates import PAPER_TIMING, Timing
from p300.speller.selections import gather_selections
from p300.speller.stopping import choose_threshold, fastest_repetitions, fastest_threshold


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
    """

    ratio: LikelihoodRatio = field(default_factory=LikelihoodRatio)
    factor: float = 1.0
    threshold: float = 1 - TARGET_ERROR
    repetitions: int | None = None

    def __post_init__(self) -> None:
        if not (0 < self.factor <= 1 and 0 < self.threshold <= 1):
            raise SpellerError(
                f"speller with factor {self.factor} and threshold {self.threshold} found; both "
                "must be above 0 and at most 1"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready description; :class:`p300.speller.records.SpellerRecord` reads it."""
        return asdict(self)


def fit_speller(
    training: pd.DataFrame,
    layout: Layout,
    *,
    target_error: float | None = TARGET_ERROR,
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
    if selections is None or not (selections.true >= 0).any():
        threshold = 1 - (target_error or TARGET_ERROR)
        warnings.warn(
            f"{where}: no character with known flash codes to fit the speller on; posteriors are "
            f"taken at their word (factor 1, threshold {threshold:g})",
            DataWarning,
            stacklevel=2,
        )
        return SpellerModel(ratio, 1.0, threshold)
    known = selections.true >= 0
    true, shown = selections.true[known], selections.n_repetitions[known]
    evidence = add_likelihood_ratios(selections, ratio)[known]
    factor = fit_factor(evidence, true, shown)
    posterior = log_posterior(evidence, factor)
    largest, right = np.exp(posterior.max(axis=2)), best_symbols(posterior)[0] == true[:, None]
    n_symbols = len(layout.symbols)
    if target_error is None:
        threshold = fastest_threshold(largest, right, shown, timing, n_symbols)
    else:
        threshold = choose_threshold(largest, right, shown, target_error)
    by_sum = best_symbols(add_probabilities(selections)[known])[0] == true[:, None]
    repetitions = fastest_repetitions(by_sum, shown, timing, n_symbols)
    return SpellerModel(ratio, factor, threshold, repetitions)
