"""From scores to characters: evidence, stopping, rates, comparisons, for any layout."""

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
from p300.speller.settings import Spelling

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
