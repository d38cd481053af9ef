"""From scores to characters: evidence, stopping, rates, comparisons, for any layout."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.runs.spelling import Spelling
    from p300.speller.comparison import Comparison, compare_spellers
    from p300.speller.curves import (
        accuracy_curve,
        confusion,
        error_kinds,
        spelling_metrics,
        subject_rates,
        wilson_interval,
    )
    from p300.speller.decisions import Decision, decide, spell
    from p300.speller.evidence import LikelihoodRatio
    from p300.speller.language import LanguageModel
    from p300.speller.letter_metrics import LETTER_METRICS, letter_metric
    from p300.speller.model import SpellerModel, fit_speller
    from p300.speller.rates import (
        PAPER_TIMING,
        Timing,
        bits_per_minute,
        bits_per_selection,
        measure_timing,
        symbols_per_minute,
    )
    from p300.speller.selections import Selections, gather_selections

__getattr__ = lazy_names(
    __name__,
    {
        "Comparison": "p300.speller.comparison",
        "Decision": "p300.speller.decisions",
        "LETTER_METRICS": "p300.speller.letter_metrics",
        "LanguageModel": "p300.speller.language",
        "LikelihoodRatio": "p300.speller.evidence",
        "PAPER_TIMING": "p300.speller.rates",
        "Selections": "p300.speller.selections",
        "SpellerModel": "p300.speller.model",
        "Spelling": "p300.runs.spelling",
        "Timing": "p300.speller.rates",
        "accuracy_curve": "p300.speller.curves",
        "bits_per_minute": "p300.speller.rates",
        "bits_per_selection": "p300.speller.rates",
        "compare_spellers": "p300.speller.comparison",
        "confusion": "p300.speller.curves",
        "decide": "p300.speller.decisions",
        "error_kinds": "p300.speller.curves",
        "fit_speller": "p300.speller.model",
        "letter_metric": "p300.speller.letter_metrics",
        "gather_selections": "p300.speller.selections",
        "measure_timing": "p300.speller.rates",
        "spell": "p300.speller.decisions",
        "spelling_metrics": "p300.speller.curves",
        "subject_rates": "p300.speller.curves",
        "symbols_per_minute": "p300.speller.rates",
        "wilson_interval": "p300.speller.curves",
    },
)

__all__ = [
    "LETTER_METRICS",
    "PAPER_TIMING",
    "Comparison",
    "Decision",
    "LanguageModel",
    "LikelihoodRatio",
    "Selections",
    "SpellerModel",
    "Spelling",
    "Timing",
    "accuracy_curve",
    "bits_per_minute",
    "bits_per_selection",
    "compare_spellers",
    "confusion",
    "decide",
    "error_kinds",
    "fit_speller",
    "gather_selections",
    "letter_metric",
    "measure_timing",
    "spell",
    "spelling_metrics",
    "subject_rates",
    "symbols_per_minute",
    "wilson_interval",
]
