"""What the figures of a run do not say: each sentence follows from what the run was made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from p300.detectors.described import describe
from p300.evaluation.intervals import FEWEST, LEVEL, smallest_p
from p300.evaluation.metric_at import BEST
from p300.evaluation.metrics import HEADLINE
from p300.evaluation.protocols import Scope
from p300.recordings.moabb_sets import MOABB_SETS
from p300.report.facts import by_dataset, subject_of
from p300.report.methods.data import known_source
from p300.report.page import Facts, Section, Text
from p300.report.prose import joined, several
from p300.report.run_results import RunResults, repeats
from p300.runs import RunFolder

FEW = 20
"""Subjects below which a sentence says that they are few."""

RECOMMENDED = ("slda", "euclidean", "self_calibrated")
"""Detector, alignment and adaptation that were recommended (docs/detector.md) ..."""

RECOMMENDED_ON = ("bnci2015_003", "simulated")
"""... after they had been tried on these sources."""

Recordings = Sequence[dict[str, Any]]


def limitations(results: RunResults) -> Section:
    """Say what limits the figures of this run, topic by topic."""
    topics = {
        "Subjects": _subjects,
        "Left out": _left_out,
        "Guessed": _guessed,
        "Repaired": _repaired,
        "What “across” means": _across,
        "Not online": _not_online,
        "Chosen on the same data": _chosen,
        "Settings": _settings,
    }
    facts = {topic: " ".join(found(results)) for topic, found in topics.items()}
    reading = "Made from this run: what its figures do not say, or say of something else."
    told = Facts(tuple((topic, text) for topic, text in facts.items() if text))
    return Section("Limitations", (Text(reading), told))


def _recordings(results: RunResults) -> Recordings:
    found: Recordings = results.manifest.get("recordings", [])
    return found


def _simulated(results: RunResults) -> list[str]:
    """Return the data sets of which nobody was recorded."""
    found = []
    for dataset in results.unique("dataset"):
        infos = [known_source(source) for source in results.sources(dataset)]
        if infos and all(info is not None and not info.people for info in infos):
            found.append(dataset)
    return found


def _subjects(results: RunResults) -> Iterator[str]:
    numbers = results.subjects_measured()
    for dataset, n in numbers.items():
        if n < FEWEST:
            yield (
                f"“{dataset}” has {several(n, 'subject')}: means have no interval, and a test "
                f"cannot give a p below {smallest_p(n):.3g}, which is above {LEVEL:g}. Figures are "
                "about these subjects, not about people in general."
            )
    if few := [f"“{name}” ({n})" for name, n in numbers.items() if FEWEST <= n < FEW]:
        yield (
            f"Subjects of {joined(few)} are few: intervals are wide, and a difference that is not "
            "significant is no sign of equality."
        )
    if simulated := _simulated(results):
        yield (
            f"Simulated: {joined([f'“{name}”' for name in simulated])}. Subjects there are draws "
            "of a model and no people; figures say how a detector copes with that model."
        )


def _left_out(results: RunResults) -> Iterator[str]:
    for dataset, sources in (results.config.get("datasets") or {}).items():
        for source in sources:
            if named := source.get("subjects"):
                yield (
                    f"Of the source {source['source']} in “{dataset}” the config takes "
                    f"subject{'' if len(named) == 1 else 's'} {joined(named)} and no others."
                )
    yield from _flashes_left_out(results)
    yield from _untested(results)
    if unspelled := _unspelled(results):
        yield f"Characters of {joined(unspelled)} are not spelled: no layout or no codes are known."
    if n := len(results.manifest.get("warnings", [])):
        yield (
            f"When the recordings were read and cut {several(n, 'warning')} "
            f"{'was' if n == 1 else 'were'} raised; what they say of each stands under Warnings."
        )


def _flashes_left_out(results: RunResults) -> Iterator[str]:
    """Count the flashes of which there is no epoch."""
    folder = RunFolder(results.folder)
    for dataset, own in by_dataset(_recordings(results)).items():
        if not folder.flashes_file(dataset).is_file():
            continue
        n_all = sum(r["n_flashes"] for r in own)
        if lost := n_all - len(folder.flashes(dataset)):
            yield (
                f"Of the {n_all:,} flashes of “{dataset}” {lost:,} have no epoch: they are too "
                "near an end of the signal, touch a stretch marked as bad, or are not known to be "
                "targets or not."
            )


def _untested(results: RunResults) -> Iterator[str]:
    """Name subjects that were recorded and not tested under a protocol."""
    recorded = {subject_of(r).partition("/sub-")[::2] for r in _recordings(results)}
    tested = results.scores[["dataset", "protocol", "subject"]].drop_duplicates()
    for (dataset, protocol), part in tested.groupby(["dataset", "protocol"], sort=False):
        there = {subject for name, subject in recorded if name == dataset}
        if missing := sorted(there - set(map(str, part["subject"]))):
            yield (
                f"Under {protocol}, of “{dataset}”, subject{'' if len(missing) == 1 else 's'} "
                f"{joined(missing)} {'is' if len(missing) == 1 else 'are'} not tested."
            )


def _unspelled(results: RunResults) -> list[str]:
    if results.characters is None:
        return []
    spelled = set(results.characters["dataset"])
    return [f"“{name}”" for name in results.unique("dataset") if name not in spelled]


def _guessed(results: RunResults) -> Iterator[str]:
    for dataset, sources in (results.config.get("datasets") or {}).items():
        told: list[str] = []
        for source in sources:
            info = known_source(source["source"])
            told += info.assumed if info else ()
            described = MOABB_SETS.get(str(source.get("name")))
            told += (
                [f"of MOABB's loader: {fault}" for fault in described.faults] if described else []
            )
        if told:
            yield f"“{dataset}”: {'; '.join(told)}."


def _repaired(results: RunResults) -> Iterator[str]:
    settings = results.config.get("preprocessing") or {}
    bad = [r for r in _recordings(results) if r["bad_electrodes"]]
    n = sum(len(r["bad_electrodes"]) for r in bad)
    if n:
        done = {
            "interpolate": "interpolated from the others, so they add no signal of their own",
            "drop": "left out, so recordings may differ in their electrodes",
            "keep": "kept although they are marked as bad or hold no EEG",
        }[settings.get("bad_electrodes", "interpolate")]
        yield (
            f"{several(n, 'electrode')} in {several(len(bad), 'recording')} "
            f"{'was' if n == 1 else 'were'} {done}."
        )
    wanted = set(settings.get("electrodes") or ())
    lacking = [r for r in _recordings(results) if wanted - set(r["electrodes"])]
    if lacking and settings.get("missing_electrodes") == "interpolate":
        yield (
            f"{several(len(lacking), 'recording')} lacked electrodes that are used; they were "
            "interpolated from others."
        )


def _across(results: RunResults) -> Iterator[str]:
    scopes: dict[Scope, list[str]] = {}
    for label in results.unique("protocol"):
        if (known := results.protocol(label)) is not None:
            scopes.setdefault(known.scope, []).append(label)
    says = {
        Scope.SUBJECT: (
            "detectors are trained and tested on the same subject: a new one would first have to "
            "be recorded with labels."
        ),
        Scope.SUBJECTS: (
            "detectors are tested on other subjects of the same data set: with the same "
            "laboratory, amplifier, cap and task. Of another laboratory nothing is said."
        ),
        Scope.DATASETS: (
            "detectors are tested on another data set, which differs in laboratory, amplifier, "
            "electrodes and task at once: which of these costs what is not told. Whether one "
            "person took part in two data sets cannot be known from their files."
        ),
    }
    for scope, labels in scopes.items():
        yield f"Under {joined(labels)} {says[scope]}"


def _not_online(results: RunResults) -> Iterator[str]:
    settings = results.config.get("preprocessing") or {}
    if settings.get("phase") == "zero":
        yield (
            "The filter is zero-phase: it uses samples after the epoch, which an online system "
            "does not have."
        )
    aligned = {k: results.alignment(k) for k in results.unique("detector")}
    offline = [k for k, one in aligned.items() if one.changes_epochs and one.mode == "offline"]
    if offline:
        yield (
            f"{joined(offline)} {'is' if len(offline) == 1 else 'are'} aligned offline, by all "
            "epochs of a tested session, those after the one that is scored included (never by "
            "labels)."
        )
    if results.characters is not None:
        yield "Characters were spelled from recordings: nobody saw what was spelled here."
    if len(results.post_hoc):
        yield "Post-hoc figures read flashes again with a detector that has learned from them."


def _chosen(results: RunResults) -> Iterator[str]:
    single = results.metrics[results.metrics["metric"] == HEADLINE.name]
    if (single.groupby(["dataset", "protocol"])["detector"].nunique() > 1).any():
        yield (
            "Which detector is best is seen on the figures that it is reported with, so the best "
            "one's figure flatters it."
        )
    if "stopping" in results.metrics and (results.metrics["stopping"] == BEST).any():
        yield "The best number of repetitions is seen with hindsight, on the tested characters."
    sources = _known_sets(results)
    for label in results.unique("detector"):
        name = results.detector_name(label)
        made = (name, results.alignment(label).method, results.adaptation(label).name)
        described = describe(name, results.settings(label))
        seen_on = RECOMMENDED_ON if made == RECOMMENDED else described.chosen_on
        if shared := [sources[source] for source in seen_on if source in sources]:
            what = "detector, alignment and adaptation" if made == RECOMMENDED else "training"
            yield (
                f"The settings of {label} ({what}) were chosen by figures of {joined(shared)} when "
                "p300 was made, so its figures there flatter it."
            )


def _known_sets(results: RunResults) -> dict[str, str]:
    """Return source -> data set that holds its recordings, those that come through MOABB too."""
    found: dict[str, str] = {}
    for dataset, sources in (results.config.get("datasets") or {}).items():
        for source in sources:
            found.setdefault(str(source["source"]), f"“{dataset}”")
            if source.get("name") in MOABB_SETS:
                found.setdefault(str(source["name"]).lower(), f"“{dataset}”")
    return found


def _settings(results: RunResults) -> Iterator[str]:
    yield (
        "Settings were fixed before the run and not tuned to these data: another detector may gain "
        "more by tuning than those here differ."
    )
    labels = results.unique("detector")
    networks = [k for k in labels if results.settings(k).get("training")]
    if networks and repeats(results.scores) == 1:
        yield (
            f"{joined(networks)} {'was' if len(networks) == 1 else 'were'} fitted once a fold: how "
            "far figures move with the initial weights is not in them."
        )
