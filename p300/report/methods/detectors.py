"""Each detector of a run: what it is, sees and learns from, with all settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from p300.detectors.catalogue import DETECTORS
from p300.detectors.described import COVARIANCES, LEARNING, describe
from p300.plugins import OURS
from p300.report.methods.cited import Paragraph, Sentence, say
from p300.report.prose import describe_alignment, describe_settings, n_free_parameters
from p300.report.run_results import RunResults

NO_REFERENCE = "no reference given"


def detectors(results: RunResults) -> Paragraph:
    """Return what every detector is, in the order of the metrics."""
    sentences: list[Sentence] = []
    told: dict[str, str] = {}
    for label in results.unique("detector"):
        first = told.setdefault(repr(_alone(results.settings(label))), label)
        if first == label:
            sentences += describe_detector(results, label)
        else:
            sentences.append(say(f"“{label}” is the same detector as “{first}”."))
        sentences += describe_use(results, label)
    sentences.append(
        say(
            "Scores are log-odds of a target, calibrated by Platt scaling", ("platt1999",),
            " on training epochs that the detector was not fitted on; a flash is called a target "
            "where its score exceeds the log-odds of the share of targets in the training data.",
        )
    )  # fmt: skip
    return Paragraph.of("Detectors", sentences)


def _alone(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a detector without how it is used."""
    return {key: value for key, value in settings.items() if key not in ("alignment", "adaptation")}


def describe_detector(results: RunResults, label: str) -> Iterator[Sentence]:
    """Return what a detector is, sees, learns by, and its settings."""
    name, settings = results.detector_name(label), results.settings(label)
    described = describe(name, settings)
    what = f"“{label}” is {described.name}"
    if described.references:
        yield say(what, described.references, ".")
    else:
        yield say(f"{what} ({described.citation or NO_REFERENCE}).")
    if name in DETECTORS and not DETECTORS.is_ours(name):
        yield say(f"It comes from {DETECTORS.package(name)}, not from {OURS}.")
    if described.sees:
        yield say(f"It sees {described.sees}.")
    if covariance := COVARIANCES.get(str(settings.get("covariance"))):
        yield say(f"It uses {covariance[0]}", covariance[1], ".")
    if learning := LEARNING.get(str(settings.get("training"))):
        yield say(f"It learns by {learning[0]}", learning[1], ".")
    if size := n_free_parameters(results.fits_of(label)):
        yield say(f"It has {size}.")
    if told := describe_settings(settings):
        yield say(told)


def describe_use(results: RunResults, label: str) -> Iterator[Sentence]:
    """Return how the epochs of a detector are aligned and how it adapts."""
    alignment, adaptation = results.alignment(label), results.adaptation(label)
    if alignment.changes_epochs:
        first, second = describe_alignment(alignment).split(". ", 1)
        yield say(first, alignment.references, f". {second}")
    else:
        yield say("Its epochs are not aligned.")
    if adaptation.about:
        yield say(adaptation.about.rstrip("."), adaptation.references, ".")
    else:
        yield say("It does not adapt to the tested subject.")
