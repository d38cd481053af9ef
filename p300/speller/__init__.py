"""From scores to characters: evidence, stopping, rates, for any layout."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.speller.curves import accuracy_curve, error_kinds, wilson_interval
    from p300.speller.decisions import Decision, decide, spell
    from p300.speller.language import LanguageModel
    from p300.speller.letter_metrics import LETTER_METRICS, letter_metric
    from p300.speller.model import SpellerModel, fit_speller
    from p300.speller.rates import PAPER_TIMING, bits_per_minute
    from p300.speller.selections import gather_selections

__getattr__ = lazy_names(
    __name__,
    {
        "Decision": "p300.speller.decisions",
        "LETTER_METRICS": "p300.speller.letter_metrics",
        "LanguageModel": "p300.speller.language",
        "PAPER_TIMING": "p300.speller.rates",
        "SpellerModel": "p300.speller.model",
        "accuracy_curve": "p300.speller.curves",
        "bits_per_minute": "p300.speller.rates",
        "decide": "p300.speller.decisions",
        "error_kinds": "p300.speller.curves",
        "fit_speller": "p300.speller.model",
        "letter_metric": "p300.speller.letter_metrics",
        "gather_selections": "p300.speller.selections",
        "spell": "p300.speller.decisions",
        "wilson_interval": "p300.speller.curves",
    },
)

__all__ = [
    "LETTER_METRICS",
    "PAPER_TIMING",
    "Decision",
    "LanguageModel",
    "SpellerModel",
    "accuracy_curve",
    "bits_per_minute",
    "decide",
    "error_kinds",
    "fit_speller",
    "gather_selections",
    "letter_metric",
    "spell",
    "wilson_interval",
]
