"""What was run, said in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from p300.evaluation.intervals import FEWEST, MOST_EXACT
from p300.evaluation.protocols import Protocol, Scope
from p300.signal.alignment import Alignment

MEANS = (
    "Each fold and seed is measured on its own, then averaged within the subject, then over "
    "subjects. In brackets: 95 % interval of the mean over subjects, which tells how far the mean "
    f"might move had other subjects been recorded. Up to {MOST_EXACT} subjects it holds every "
    "value that the exact sign-flip test does not reject; beyond, it comes from t after Hall's "
    f"transformation. There is none below {FEWEST} subjects, because none could hold 95 %."
)
"""How the means and intervals of a report came about."""

NONE = "–"


def number(value: float, digits: int = 3) -> str:
    """Write a number, a dash where there is none."""
    return f"{value:.{digits}f}" if np.isfinite(value) else NONE


def signed(value: float, digits: int = 3) -> str:
    """Write a number with its sign, minus as long as plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def count(value: float | None) -> str:
    """Write a whole number with thousands apart, a dash where there is none."""
    return NONE if value is None or pd.isna(value) else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """Write a share in percent, a dash where there is none."""
    return NONE if value is None or pd.isna(value) else f"{100 * value:.1f} %"


def p_text(p: float) -> str:
    """Write a p value, never as zero."""
    return "< 0.001" if p < 0.001 else number(p)


def span(values: Iterable[float], unit: str = "", digits: int = 0) -> str:
    """Write the least and the greatest of some numbers, one number where they are the same."""
    ends = sorted(values)
    if not ends:
        return NONE
    low, high = (f"{end:,.{digits}f}" for end in (ends[0], ends[-1]))
    return f"{low if low == high else f'{low}–{high}'} {unit}".strip()


def several(n: int, noun: str) -> str:
    """Write how many there are of something."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def listed(names: Sequence[str], most: int = 16) -> str:
    """Write names after one another, cut where there are too many to read."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def describe_data(recordings: Sequence[dict[str, Any]]) -> str:
    """Describe what was recorded, from the invariants of all recordings of a data set."""
    subjects = {str(r["recording"]).rsplit("/ses-", 1)[0] for r in recordings}
    flashes = sum(r["n_flashes"] for r in recordings)
    known = [r for r in recordings if r["n_targets"] is not None]
    n_known = sum(r["n_flashes"] for r in known)
    share = sum(r["n_targets"] for r in known) / n_known if n_known else None
    common = [
        name
        for name in recordings[0]["electrodes"]
        if all(name in r["electrodes"] for r in recordings)
    ]
    all_same = all(len(r["electrodes"]) == len(common) for r in recordings)
    onsets = [r["onset_interval_ms"] for r in recordings if r["onset_interval_ms"] is not None]
    return (
        f"{several(len(subjects), 'subject')}, {several(len(recordings), 'recording')}. "
        f"{several(len(common), 'electrode')}{'' if all_same else ' in common'}: "
        f"{listed(common)}. Recorded at {span((r['sfreq'] for r in recordings), 'Hz')}. "
        f"{count(flashes)} flashes, {percent(share)} of them targets, one every "
        f"{span(onsets, 'ms')} (median onset interval)."
    )


def describe_preprocessing(settings: dict[str, Any], recordings: Sequence[dict[str, Any]]) -> str:
    """Describe the steps from recording to epochs in the order in which they are done.

    Parameters
    ----------
    settings
        The part ``preprocessing`` of a configuration.
    recordings
        Recordings of the manifest, which know what the settings came to.
    """
    if not settings:
        return "The configuration holds no preprocessing settings."
    done = [r["preprocessing"] for r in recordings if r.get("preprocessing")]
    came_cut = bool(done) and all(one["realised_low"] is None for one in done)
    subsample = (
        f"Subsample to {settings['sfreq']:g} Hz"
        if settings.get("sfreq")
        else "Subsample to the lowest rate of at least 120 Hz that divides the recording's"
    )
    steps = [subsample + ", with an anti-aliasing filter", _describe_filter(settings)]
    if settings.get("order") == "filter_first":
        steps.reverse()
    if came_cut:
        steps = []
    if reference := settings.get("reference"):
        named = reference if isinstance(reference, str) else listed(reference)
        steps.insert(0, f"Re-reference to {named}")
    if bad := settings.get("bad_electrodes"):
        steps.insert(0, f"{str(bad).capitalize()} bad electrodes")
    if electrodes := settings.get("electrodes"):
        lacking = settings.get("missing_electrodes") == "interpolate"
        where = ", interpolated by spherical splines where they were not recorded"
        steps.append(f"Take the electrodes {listed(electrodes)}{where if lacking else ''}")
    if "tmin" in settings and "tmax" in settings:
        start, end = (1e3 * settings[edge] for edge in ("tmin", "tmax"))
        verb = "Keep of each epoch what is" if came_cut else "Cut an epoch"
        steps.append(f"{verb} from {start:.0f} to {end:.0f} ms after each flash")
    if settings.get("reject_by_annotation"):
        steps.append("Leave out epochs that touch a stretch marked as bad")
    if settings.get("normaliser") == "window_zscore":
        steps.append("Bring each electrode of each epoch to zero mean and unit variance")
    return ". ".join(steps) + "." + _describe_realised(done)


def _describe_realised(done: Sequence[dict[str, Any]]) -> str:
    if not done:
        return ""
    known = [d for d in done if d["realised_low"] is not None]
    text = f" This came to epochs at {span((d['sfreq'] for d in done), 'Hz')}"
    if known:
        ends = (span((d[e] for d in known), digits=2) for e in ("realised_low", "realised_high"))
        text += f" and −3 dB points at {' and '.join(ends)} Hz"
    if len(known) < len(done):
        unknown = several(len(done) - len(known), "recording")
        text += f". Filter unknown: the epochs{f' of {unknown}' if known else ''} came cut"
    return f"{text}."


def _describe_filter(settings: dict[str, Any]) -> str:
    low, high = settings.get("low"), settings.get("high")
    if low is None or high is None:
        return "No bandpass"
    band = f"{low:g}–{high:g} Hz"
    if settings.get("filter") == "butterworth":
        band += f", Butterworth of order {settings.get('filter_order', NONE)}"
    elif settings.get("filter"):
        band += f", {str(settings['filter']).upper()}"
    phase = {
        "zero": "forwards and backwards (zero phase: it uses future samples, for offline use)",
        "causal": "causal (it uses no future sample)",
    }.get(str(settings.get("phase")), "")
    return f"Bandpass {band}{', ' if phase else ''}{phase}"


def describe_protocol(known: Protocol | None, mine: pd.DataFrame) -> str:
    """Return who trains and who is tested, and how much there was of both.

    Parameters
    ----------
    known
        The protocol; None where this p300 has it no more.
    mine
        Its fits.
    """
    from p300.report.run_results import repeats  # what else is here needs no run

    words = known.about if known else ""
    if mine.empty:
        return words or "The run stored nothing about its folds."
    folds = mine.drop_duplicates(["dataset", "fold"])
    named = f" ({listed(list(folds['fold']))})" if known and known.scope is Scope.DATASETS else ""
    often = "once" if repeats(mine) == 1 else f"{repeats(mine)} times, each with its own seed"
    return (
        f"{words} {several(len(folds), 'fold')}{named}, fitted {often}; a fold learns from "
        f"{span(folds['n_train'])} epochs and is tested on {span(folds['n_test'])}."
        f"{_describe_electrodes(mine) if named else ''}"
    ).strip()


def _describe_electrodes(fits: pd.DataFrame) -> str:
    """Describe which electrodes detectors learned from that were fitted across data sets."""
    electrodes = list(fits["electrodes"].iloc[0]) if "electrodes" in fits else []
    return f" {several(len(electrodes), 'electrode')} in common: {listed(electrodes)}."


def describe_detector(fits: pd.DataFrame) -> str:
    """Describe the size of a detector and how long it took to learn."""
    facts = []
    if "n_parameters" in fits and fits["n_parameters"].notna().any():
        facts.append(f"{span(fits['n_parameters'].dropna())} free parameters")
    if "fit_seconds" in fits and fits["fit_seconds"].notna().any():
        facts.append(f"{fits['fit_seconds'].median():.2g} s to learn a fold (median)")
    return f"{', '.join(facts)}." if facts else "No details stored."


def describe_settings(settings: dict[str, Any]) -> str:
    """Return all parameters of a detector as they were resolved, those left to defaults too.

    Parameters
    ----------
    settings
        An entry of a config's ``detectors``; see :meth:`p300.evaluation.method.Method.settings`.
    """
    told = {"alignment", "adaptation"}  # in sentences of their own
    named = [f"{key} {value}" for key, value in settings.items() if key not in told]
    return f"Settings: {', '.join(named)}." if named else ""


ALIGNMENTS = {
    "euclidean": "whitened by the arithmetic mean of their covariances (euclidean)",
    "riemannian": "whitened by the geometric mean of their covariances (riemannian)",
    "scaling": "scaled, each electrode by its median standard deviation (scaling)",
}
"""Method of alignment -> what it does to the epochs of a domain."""


def describe_alignment(alignment: Alignment) -> str:
    """Describe how domains were brought together, and what was known of the tested ones."""
    if not alignment.changes_epochs:
        return "No alignment."
    known = {
        "offline": "offline: by all its tested epochs",
        "prefix": f"prefix: by the first {several(alignment.characters or 0, 'character')}",
        "running": "running: each epoch by those up to it",
    }[alignment.mode]
    return (
        "Alignment: the epochs of each session of each subject are "
        f"{ALIGNMENTS[alignment.method]}. A tested session {known}, unlabelled."
    )
