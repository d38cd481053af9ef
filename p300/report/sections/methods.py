"""What a paper takes from a report: the methods to paste, references, and what is what."""

from __future__ import annotations

from p300.detectors.described import describe
from p300.references import cited_text
from p300.report import prose as words
from p300.report.letter_curves import Over, interval_over
from p300.report.methods import methods_text
from p300.report.methods.detectors import NO_REFERENCE
from p300.report.page import Facts, Row, Section, Source, Table, Text
from p300.report.run_results import RunResults

_SCORE = (
    "The log-odds of a target, calibrated on training data only. A flash is called a target when "
    "its score exceeds the log-odds of the share of targets in the training data; recall, "
    "precision, F1 and balanced accuracy are at this threshold. The other metrics need none."
)


def to_paste(results: RunResults) -> Section:
    """Give the methods as text to paste, in three formats, with BibTeX."""
    text = methods_text(results)
    reading = (
        "Made of this run's config, manifest and fits, to paste into a paper and to edit. What "
        "p300 cannot know stands in [brackets]. The same files lie in the folder of the run, under "
        "methods/."
    )
    titles = {
        "methods.txt": "Plain text",
        "methods.md": "Markdown, with citations for pandoc",
        "methods.tex": "LaTeX, with citations for natbib",
        "references.bib": "BibTeX of all that is cited",
    }
    sources = (
        Source(titles[name], content, filename=name, shown=name == "methods.txt")
        for name, content in text.files.items()
    )
    return Section("Methods, to paste", (Text(reading), *sources))


def cited(results: RunResults) -> Section:
    """List what the methods cite, and nothing else."""
    text = methods_text(results)
    rows = tuple(Row((key, reference)) for key, reference in text.cited.items())
    reading = "Data sets, detectors, methods and software that had a part in this run."
    return Section("References", (Text(reading), Table(("Key", "Reference"), rows, n_text=2)))


def what_is_what(results: RunResults) -> Section:
    """Tell of each detector what it is, and what scores, means and intervals are."""
    detectors = [Facts(_detector(results, label)) for label in results.unique("detector")]
    figures = [("Score", _SCORE), ("Mean", words.ALONE if results.one_subject else words.MEANS)]
    if not results.one_subject:
        figures.append(("95 % interval of a mean", words.INTERVAL_OF_MEAN))
    if results.characters is not None and interval_over(results.all_rates) is Over.CHARACTERS:
        figures.append(("95 % interval of a share (Wilson)", words.INTERVAL_OF_SHARE))
    return Section("What is what", (*detectors, Facts(tuple(figures))))


def _detector(results: RunResults, label: str) -> tuple[tuple[str, str], ...]:
    settings, adaptation = results.settings(label), results.adaptation(label)
    described = describe(results.detector_name(label), settings)
    source = cited_text(described.references[:1], described.citation or NO_REFERENCE)
    told = {
        f"Detector: {label}": f"{described.name[:1].upper()}{described.name[1:]}.",
        "Reference": source,
        "Sees": described.sees and f"{described.sees[:1].upper()}{described.sees[1:]}.",
        "Size and time": words.describe_detector(results.fits_of(label)),
        "Alignment": words.describe_alignment(results.alignment(label)),
        "Adaptation": adaptation.about or "None.",
        "Settings": words.describe_settings(settings).removeprefix("Settings: "),
    }
    return tuple((term, fact) for term, fact in told.items() if fact)
