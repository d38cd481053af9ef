"""What breaks the promises about the recommended detector's name."""

from __future__ import annotations

from mutant import Mutant

METHOD = ("tests/evaluation/test_method.py",)
CHOSEN = ("tests/commands/test_stored_detectors.py::test_the_detector_that_fits_is_chosen",)

RECOMMENDED = (
    Mutant(
        "a detector alone is never taken for the recommended one",
        "detectors/registry.py",
        "if named.name != name:",
        "if False:",
        METHOD,
    ),
    Mutant(
        "a detector brings its alignment",
        "evaluation/method.py",
        'parameters.pop("alignment", info.alignment)',
        'parameters.pop("alignment", None)',
        METHOD,
    ),
    Mutant(
        "a script's detector adapts as a config's",
        "evaluation/method.py",
        "cls(detector, adaptation=make_adaptation(own))",
        "cls(detector)",
        METHOD,
    ),
    Mutant(
        "train takes what the data have codes for",
        "commands/stored_detectors.py",
        "(spells or not method.adaptation.needs_codes)",
        "True",
        CHOSEN,
    ),
    Mutant(
        "init takes the recommended detector where every flash has a code",
        "commands/starting_config.py",
        "fits = coded and",
        "fits =",
        (
            "tests/commands/test_starting_config.py"
            "::test_the_recommended_detector_is_taken_where_it_has_what_it_wants",
        ),
    ),
)
