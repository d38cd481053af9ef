"""What was recorded, where it comes from, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from p300.recordings.described import SourceInfo
from p300.recordings.moabb_sets import MOABB_SETS
from p300.recordings.registry import SOURCES, source_info
from p300.report.facts import DataFacts, Realised, by_dataset
from p300.report.methods.cited import Paragraph, Sentence, say
from p300.report.prose import joined, listed, percent, several, span
from p300.report.run_results import RunResults

Settings = Mapping[str, Any]

_UNKNOWN = "[add here what {dataset} is cited by, and its licence: p300 does not know them]"


def recordings(results: RunResults) -> Paragraph | None:
    """Return what was recorded and where each data set comes from."""
    found = by_dataset(results.manifest.get("recordings", []))
    sentences: list[Sentence] = []
    for dataset, own in found.items():
        sentences.append(_recorded(dataset, DataFacts.of(own)))
        sources = (results.config.get("datasets") or {}).get(dataset) or []
        sentences += [_origin(dataset, source) for source in sources]
    return Paragraph.of("Recordings", sentences) if sentences else None


def known_source(name: str) -> SourceInfo | None:
    """Return what is told of a source, None where it came with a plug-in that is here no more."""
    return source_info(name) if name in SOURCES else None


def licences(results: RunResults) -> dict[str, str]:
    """Return the licences of the data sets of a run, by the keys of their references."""
    found: dict[str, str] = {}
    for sources in (results.config.get("datasets") or {}).values():
        for source in sources:
            if info := known_source(source["source"]):
                found |= dict.fromkeys(info.references, info.licence)
            if described := MOABB_SETS.get(str(source.get("name"))):
                found |= dict.fromkeys(described.references, described.licence)
    return found


def _recorded(dataset: str, facts: DataFacts) -> Sentence:
    text = (
        f"The data set “{dataset}” has {several(facts.n_recordings, 'recording')} of "
        f"{several(facts.n_subjects, 'subject')}, with "
        f"{several(len(facts.electrodes), 'electrode')}"
        f"{'' if facts.all_same else ' in common'} ({listed(facts.electrodes)}) at "
        f"{span(facts.rates, 'Hz')}, and {several(facts.n_flashes, 'flash', 'flashes')}"
    )
    if facts.target_share is not None:
        text += f", {percent(facts.target_share)} of them targets"
    if facts.onset_intervals:
        text += f"; the median onset interval of a recording is {span(facts.onset_intervals, 'ms')}"
    return say(f"{text}.")


def _origin(dataset: str, source: Settings) -> Sentence:
    """Return where recordings come from, and what these are cited by."""
    name, subjects = str(source["source"]), source.get("subjects")
    whose = f"The recordings of subjects {joined(subjects)}" if subjects else "Its recordings"
    if subjects and len(subjects) == 1:
        whose = f"The recordings of subject {subjects[0]}"
    info = known_source(name)
    if info is None:
        return say(f"{whose} were read by the plug-in source {name}.")
    title = info.title.partition(":")[0]
    if not info.people:
        return say(f"{whose} were simulated by p300: nobody was recorded.")
    if info.references:
        return say(f"{whose} are those of {title}", info.references, f"; licence: {info.licence}.")
    described = MOABB_SETS.get(str(source.get("name")))
    if described is not None:
        return say(
            f"{whose} are those of {source['name']}", described.references,
            f", loaded by {title}", info.format_references, f"; licence: {described.licence}.",
        )  # fmt: skip
    if info.citation and not info.format_references:
        return say(f"{whose} were read as {title} ({info.citation}; licence: {info.licence}).")
    unknown = _UNKNOWN.format(dataset=dataset)
    return say(f"{whose} were read as {title}", info.format_references, f" {unknown}.")


def preprocessing(results: RunResults) -> Paragraph | None:
    """Return the steps from recording to epochs, with what the settings came to."""
    settings = results.config.get("preprocessing") or {}
    found = results.manifest.get("recordings", [])
    if not settings or not found:
        return None
    realised = Realised.of(found)
    if not realised.rates:
        return None
    sentences = [*_electrodes(settings, found), *_filtered(settings, realised)]
    sentences += _epochs(settings, found, realised)
    return Paragraph.of("Preprocessing", sentences)


def _electrodes(settings: Settings, found: Sequence[dict[str, Any]]) -> Iterator[Sentence]:
    bad = [r for r in found if r["bad_electrodes"]]
    n_bad = sum(len(r["bad_electrodes"]) for r in bad)
    if not bad:
        yield say("No electrode was marked as bad or found to hold no EEG.")
    else:
        where = f" in {several(len(bad), 'recording')}, marked as bad or without EEG,"
        many = "was" if n_bad == 1 else "were"
        spline = ("perrin1989",)
        treated: dict[str, tuple[str, tuple[str, ...]]] = {
            "interpolate": (f"{many} interpolated by spherical splines", spline),
            "drop": (f"{many} left out", ()),
            "keep": (f"{many} kept as recorded", ()),
        }
        done, keys = treated[settings["bad_electrodes"]]
        yield say(f"{several(n_bad, 'electrode')}{where} {done}", keys, ".")
    if reference := settings.get("reference"):
        named = "the average of all electrodes" if reference == "average" else joined(reference)
        yield say(f"The signal was re-referenced to {named}.")
    else:
        yield say("The signal kept the reference of the recording.")
    if electrodes := settings.get("electrodes"):
        text = f"Of the electrodes {joined(electrodes)} were used"
        if settings.get("missing_electrodes") == "interpolate":
            missing = ", interpolated by spherical splines where they were not recorded"
            yield say(text + missing, ("perrin1989",), ".")
        else:
            yield say(f"{text}.")


def _filtered(settings: Settings, realised: Realised) -> Iterator[Sentence]:
    if realised.came_cut:
        yield say("The recordings came cut into epochs; how they had been filtered is not known.")
        return
    rate = f"{joined([f'{rate:g}' for rate in sorted(set(realised.rates))])} Hz"
    sampled = f"subsampled to {rate} behind an anti-aliasing filter"
    if realised.same_rate:
        sampled = f"kept at {rate}"
    band = f"band-pass filtered from {settings['low']:g} to {settings['high']:g} Hz"
    steps = [sampled, band]
    if settings["order"] == "filter_first":
        steps.reverse()
    text = f"The signal was {steps[0]} and then {steps[1]}, by "
    causal = settings["phase"] == "causal"
    if settings["filter"] == "butterworth":
        order = settings["filter_order"]
        text += f"Butterworth high-pass and low-pass sections of order {order} each"
        text += " run forwards only (causal)" if causal else (
            " run forwards and backwards (zero phase, which uses future samples)"
        )  # fmt: skip
        yield say(f"{text}.")
    else:
        text += "a finite impulse response by MNE's windowed design"
        phase = " of minimum phase (causal)" if causal else " of zero phase"
        yield say(text + phase, ("mne",), ".")
    if realised.low:
        yield say(
            "As realised, the −3 dB points of anti-aliasing and band-pass together are at "
            f"{span(realised.low, digits=2)} and {span(realised.high, 'Hz', 2)}."
        )
    if realised.n_unknown:
        n = several(realised.n_unknown, "recording")
        yield say(f"Of {n}, which came cut into epochs, the filter is not known.")


def _epochs(
    settings: Settings, found: Sequence[dict[str, Any]], realised: Realised
) -> Iterator[Sentence]:
    start, end = (f"{1e3 * settings[edge]:.0f}" for edge in ("tmin", "tmax"))
    kept = "What lies" if realised.came_cut else "An epoch"
    cut = "was kept of each epoch" if realised.came_cut else "was cut"
    yield say(f"{kept} from {start} to {end} ms after each flash {cut}.")
    if settings.get("reject_by_annotation") and any(r.get("bad_seconds") for r in found):
        seconds = sum(r.get("bad_seconds", 0.0) for r in found)
        yield say(
            f"Epochs that touch one of the stretches marked as bad ({seconds:.0f} s in all) were "
            "left out."
        )
    if settings["normaliser"] == "window_zscore":
        yield say("Each electrode of each epoch was brought to zero mean and unit variance.")
    else:
        yield say("Amplitudes were kept in volts.")
    if not realised.came_cut:
        yield say(
            "There was no baseline correction, no rejection of artefacts by amplitude and no "
            "averaging over repetitions."
        )
