"""The model card of a stored detector: Markdown with the front matter that model hubs read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p300.detectors.catalogue import DETECTORS
from p300.detectors.sharing.description import describe_filter
from p300.detectors.sharing.markdown import front_matter, plain, table
from p300.files import written_whole

if TYPE_CHECKING:
    from p300.detectors.sharing.training import TrainedOn
    from p300.detectors.storage import StoredDetector

CARD = "README.md"
"""In the folder of a stored detector, where model hubs look for it."""

UNKNOWN = "unknown"

CHOSEN_ON = {"bnci2015_003", "simulated"}
"""Sources that default settings of detectors here were chosen on."""

USE = """```python
from p300 import load_detector, open_recordings

stored = load_detector("this-folder")
for recording in open_recordings("bids", "recordings"):  # or another source
    flashes = stored.score(recording)  # one row a flash: score (log-odds), probability
```

On the command line: `p300 predict this-folder recordings --source bids`. As an ONNX graph, to use
without this package: `p300 export this-folder --to onnx`. The folder holds numbers
(`weights.safetensors`) and JSON (`detector.json`); nothing in it is run when it is read."""


@dataclass(frozen=True)
class Figure:
    """A measured figure.

    Parameters
    ----------
    dataset, protocol
        What was tested, and how.
    subject
        None for the mean over subjects.
    metric, title
        Its name, for programs and for people.
    value
        None where it is not defined.
    interval
        95 % interval of a mean over subjects, None where there is none.
    n
        Tested epochs of a subject; subjects of a mean.
    """

    dataset: str
    protocol: str
    subject: str | None
    metric: str
    title: str
    value: float | None
    interval: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Measured:
    """What a finished run found of a detector of these settings.

    Parameters
    ----------
    run
        Name of its experiment.
    protocols
        Label of a protocol -> what it tests, in a few words.
    figures
        In the order in which they are shown.
    """

    run: str
    protocols: Mapping[str, str]
    figures: Sequence[Figure]


def write_card(
    stored: StoredDetector,
    file: Path,
    *,
    adaptation: str | None = None,
    measured: Measured | None = None,
    licence: str | None = None,
) -> Path:
    """Write the model card of a stored detector; what is there is replaced.

    Parameters
    ----------
    stored
        The detector.
    file
        To write; ``README.md`` in the detector's folder makes that a model hub's.
    adaptation
        Name of the adaptation that is stored with it, if any.
    measured
        Figures of a finished run.
    licence
        Of the weights, as hubs spell it (``bsd-3-clause``): for who publishes them to say.
    """
    text = model_card(stored, adaptation=adaptation, measured=measured, licence=licence)
    with written_whole(file) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return file


def model_card(
    stored: StoredDetector,
    *,
    adaptation: str | None = None,
    measured: Measured | None = None,
    licence: str | None = None,
) -> str:
    """Return the text that :func:`write_card` writes."""
    info = DETECTORS.get(stored.detector.name)
    title = info.title if info else stored.detector.name
    sections = {
        "What it is": _what(stored, adaptation),
        "Data": _data(stored.training),
        "Protocol and figures": _figures(measured),
        "Limits": "\n".join(f"- {line}" for line in _limits(stored, measured)),
        "Licence": _licences(stored.training, licence),
        "How to use": USE,
    }
    body = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items())
    matter = front_matter(_matter(stored, measured, licence))
    return f"{matter}\n# {plain(title)}\n\n{body}\n"


def _matter(
    stored: StoredDetector, measured: Measured | None, licence: str | None
) -> dict[str, Any]:
    """Return the front matter, by the keys that hubs know."""
    name = stored.detector.name
    found: dict[str, Any] = {
        "license": licence or UNKNOWN,
        "library_name": "p300",
        "tags": ["eeg", "brain-computer-interface", "p300", "event-related-potential", name],
        "datasets": [one.dataset for one in stored.training],
    }
    means = [figure for figure in measured.figures if figure.subject is None] if measured else []
    if not means:
        return found
    results: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for mean in means:
        value = {"type": mean.metric, "name": mean.title, "value": mean.value}
        results.setdefault((mean.dataset, mean.protocol), []).append(value)
    index = [
        {
            "task": {"type": "p300-detection", "name": f"single flashes, {protocol}"},
            "dataset": {"type": dataset, "name": dataset},
            "metrics": values,
        }
        for (dataset, protocol), values in results.items()
    ]
    found["metrics"] = list(dict.fromkeys(mean.metric for mean in means))
    found["model-index"] = [{"name": name, "results": index}]
    return found


def _what(stored: StoredDetector, adaptation: str | None) -> str:
    detector, settings = stored.detector, stored.settings
    info, (n_electrodes, n_samples) = DETECTORS.get(detector.name), detector.input_shape_
    about = describe_filter(settings, stored.sfreq)
    edges = " to ".join(
        f"{edge:.3g}" for edge in about["minus_3_db"] or (about["low"], about["high"])
    )
    rows = [
        ("detector", detector.name),
        ("source", info.citation if info else UNKNOWN),
        ("electrodes", ", ".join(stored.electrodes)),
        ("reference", _reference(settings.reference)),
        ("rate", f"{stored.sfreq:g} Hz"),
        ("filter", f"{about['design']}, {edges} Hz, {about['passes']}"),
        ("epoch", f"{settings.tmin:g} to {settings.tmax:g} s from the flash, {n_samples} samples"),
        ("normaliser", settings.normaliser),
        ("alignment", stored.alignment.name),
        ("adaptation", adaptation or "none"),
        ("fitted numbers", "unknown" if (n := detector.n_parameters) is None else f"{n:,}"),
    ]
    told = (
        "A detector of the P300 response in EEG: from an epoch of "
        f"{n_electrodes} electrodes to the calibrated log-odds that its flash was a target."
    )
    return f"{told}\n\n{table(('', ''), rows)}"


def _reference(reference: str | tuple[str, ...] | None) -> str:
    if reference is None:
        return "as recorded"
    return reference if isinstance(reference, str) else ", ".join(reference)


def _data(training: Sequence[TrainedOn]) -> str:
    if not training:
        return "What it was trained on is unknown: the folder does not say."
    rows = [(one.dataset, ", ".join(one.sources) or UNKNOWN, *_counts(one)) for one in training]
    columns = ("data set", "source", "subjects", "sessions", "epochs", "of targets")
    return f"It was trained on:\n\n{table(columns, rows)}"


def _counts(one: TrainedOn) -> tuple[str, ...]:
    return tuple(f"{n:,}" for n in (one.n_subjects, one.n_sessions, one.n_epochs, one.n_targets))


def _figures(measured: Measured | None) -> str:
    if measured is None:
        return "Nothing is known of how well it does: no run was given (`p300 card --run RUN`)."
    parts = [
        f"Measured in the run {plain(measured.run)}, by detectors of these settings, each fitted "
        "to the training part of its fold. The stored one was fitted to all epochs and is none of "
        "them. In brackets: 95 % interval of the mean over subjects."
    ]
    groups = dict.fromkeys((figure.dataset, figure.protocol) for figure in measured.figures)
    for dataset, protocol in groups:
        own = [f for f in measured.figures if (f.dataset, f.protocol) == (dataset, protocol)]
        told = measured.protocols.get(protocol, "")
        parts.append(f"**{plain(dataset)}, {plain(protocol)}**: {plain(told)}".rstrip(": "))
        parts.append(_table_of(own))
    return "\n\n".join(parts)


def _table_of(figures: Sequence[Figure]) -> str:
    """Return a row for each subject, then the mean with its interval."""
    titles = dict.fromkeys(figure.title for figure in figures)
    subjects = sorted(dict.fromkeys(figure.subject for figure in figures), key=lambda s: s is None)
    found = {(figure.subject, figure.title): figure for figure in figures}
    rows = [
        (
            "mean" if subject is None else subject,
            *(_value(found.get((subject, title))) for title in titles),
        )
        for subject in subjects
    ]
    return table(("subject", *titles), rows)


def _value(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "–"
    if figure.interval is None:
        return f"{figure.value:.3f}"
    low, high = figure.interval
    return f"{figure.value:.3f} ({low:.3f}–{high:.3f})"


def _limits(stored: StoredDetector, measured: Measured | None) -> Iterator[str]:
    """Yield what the detector cannot do, or has not been shown to."""
    n_subjects = sum(one.n_subjects for one in stored.training)
    if n_subjects:
        yield f"Trained on {n_subjects} subject{'' if n_subjects == 1 else 's'}."
    if measured is not None:
        tested = {figure.subject for figure in measured.figures} - {None}
        yield f"Tested on {len(tested)} subjects; the interval is that of the mean over them."
    if stored.settings.phase == "zero":
        yield (
            "The filter runs forwards and backwards and sees the future: figures are not those of "
            "an online system."
        )
    yield f"It needs all of its {len(stored.electrodes)} electrodes, in their order, by name."
    if stored.alignment.changes_epochs:
        alignment = stored.alignment
        known = {"offline": "all epochs of a session, known only after it"}
        needs = known.get(
            alignment.mode, "epochs of the same session, before or up to the one scored"
        )
        yield f"The alignment ({plain(alignment.name)}) needs {needs}."
    chosen = {source for one in stored.training for source in one.sources} & CHOSEN_ON
    yield (
        "Default settings of p300's detectors were chosen on the first runs of BNCI 2015-003 and "
        "on its simulated study"
        + (", which it was trained on: figures on these flatter it." if chosen else ".")
    )
    yield "It is for research, no medical device."


def _licences(training: Sequence[TrainedOn], licence: str | None) -> str:
    """Tell the licences of the data by source, and of the weights where somebody has said it."""
    from p300.recordings.registry import SOURCES, source_info

    weights = (
        f"The weights: {plain(licence)}."
        if licence
        else "The weights: unknown; whoever publishes them has to say (`p300 card --licence ID`)."
    )
    rows = [
        (one.dataset, source, source_info(source).licence if source in SOURCES else UNKNOWN)
        for one in training
        for source in one.sources or [UNKNOWN]
    ]
    if not rows:
        return f"{weights} The data: unknown."
    return f"{weights} Licences of the data, as their sources state them:\n\n" + table(
        ("data set", "source", "licence"), rows
    )
