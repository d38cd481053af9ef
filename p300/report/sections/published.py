"""What others published on the data sets of a run, beside the run's own figures."""

from __future__ import annotations

from collections.abc import Iterator

from p300.evaluation.intervals import FEWEST
from p300.evaluation.protocols import PROTOCOLS
from p300.report.letter_curves import interval_over
from p300.report.page import Block, Facts, Section, Text
from p300.report.published.classes import PublishedProtocol
from p300.report.published.figures import PublishedFigure, published_figures
from p300.report.run_results import RunResults
from p300.report.sections.published_tables import Numbered, published_tables

_READING = (
    "Published figures stand as they were published, ± the standard deviation over subjects where "
    "that was told. The number behind a method leads to its source below, and to how certain its "
    "particulars are. Single flashes of this run: mean over subjects of each detector, with the "
    f"95 % interval over subjects beneath it (none below {FEWEST} subjects)."
)
_SAME = (
    "{dataset}, {protocol}: published under the same protocol. Subjects and recordings taken, "
    "electrodes and preprocessing may differ from this run's all the same."
)
_APART = (
    "{dataset}, published under another protocol: {published}. {differs}Not comparable; the run's "
    "own figures, under its own protocols, stand there for orientation."
)


def beside_published(results: RunResults) -> Section | None:
    """Show what was published on a run's data sets; None where nothing known was."""
    sources = Numbered()
    blocks = [
        block
        for dataset in results.unique("dataset")
        for block in _on_dataset(results, dataset, sources)
    ]
    if not blocks:
        return None
    letters = ""
    if len(results.rates) and sources.of_letters:
        letters = (
            f" Characters of this run, by the sum of probabilities: "
            f"{interval_over(results.rates).curve}."
        )
    told = Facts(tuple(sources.told()))
    return Section("Beside published figures", (Text(_READING + letters), *blocks, told))


def is_tested_alike(
    results: RunResults, dataset: str, protocol: str, published: PublishedProtocol
) -> bool:
    """Return whether a run's protocol tests as a published figure was tested.

    Parameters
    ----------
    results
        The run.
    dataset, protocol
        As its tables call them.
    published
        Who was trained on and who was tested for the figure.
    """
    if published.ours is None or results.protocol(protocol) is not PROTOCOLS[published.ours]:
        return False
    scores = results.scores
    own = scores[(scores["dataset"] == dataset) & (scores["protocol"] == protocol)]
    return published.tested_run is None or set(own["run"]) == {published.tested_run}


def _on_dataset(results: RunResults, dataset: str, sources: Numbered) -> Iterator[Block]:
    """Yield what was published on a data set: under the same protocol, then under others."""
    metrics = results.metrics
    protocols = [str(name) for name in metrics[metrics["dataset"] == dataset]["protocol"].unique()]
    left = _published_on(results, dataset)
    for protocol in protocols:
        alike = [f for f in left if is_tested_alike(results, dataset, protocol, f.tested)]
        left = [figure for figure in left if figure not in alike]
        if alike:
            yield Text(_SAME.format(dataset=dataset, protocol=protocol))
            yield from published_tables(results, dataset, [protocol], alike, sources, alike=True)
    for published in dict.fromkeys(figure.protocol for figure in left):
        apart = [figure for figure in left if figure.protocol == published]
        reason = apart[0].tested.differs
        differs = f"{reason[0].upper()}{reason[1:]}. " if reason else ""
        yield Text(_APART.format(dataset=dataset, published=published, differs=differs))
        yield from published_tables(results, dataset, protocols, apart, sources, alike=False)


def _published_on(results: RunResults, dataset: str) -> list[PublishedFigure]:
    """Return the figures on any of the public data sets that a run's data set was read from."""
    read_from = (results.config.get("datasets") or {}).get(dataset) or []
    return [
        figure
        for figure in published_figures()
        if any(one.is_read_by(source) for one in figure.data_sets for source in read_from)
    ]
