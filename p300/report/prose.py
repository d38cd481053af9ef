"""What was run, said in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from p300.evaluation.intervals import FEWEST, MOST_EXACT
from p300.evaluation.protocols import Protocol, Scope
from p300.report.facts import DataFacts, Realised
from p300.signal.alignment import Alignment

MEANS = (
    "Each fold and seed is measured on its own, then averaged within the subject, then over "
    "subjects."
)
"""How the means of a report came about."""

INTERVAL_OF_MEAN = (
    "In brackets behind means over subjects, and at the diamonds of figures: how far the mean "
    f"might move had other subjects been recorded. Up to {MOST_EXACT} subjects it holds every "
    "value that the exact sign-flip test does not reject; beyond, it comes from t after Hall's "
    f"transformation. There is none below {FEWEST} subjects, because none could hold 95 %."
)
"""What the interval of a mean is."""

INTERVAL_OF_SHARE = (
    "Behind shares of characters, and as bands of their curves: how far the share might move had "
    "these subjects spelled other characters. It takes characters as independent and says nothing "
    "of other subjects."
)
"""What the interval of a share is."""

ALONE = (
    "Each fold and seed is measured on its own, then averaged. There is one subject, so there is "
    "no mean over subjects, no interval of it and no comparison of detectors over subjects."
)
"""The same where there is one subject."""

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


def several(n: int, noun: str, nouns: str = "") -> str:
    """Write how many there are of something; ``nouns`` where more of them is not with an s."""
    return f"{n:,} {noun if n == 1 else nouns or f'{noun}s'}"


def joined(names: Sequence[str], most: int = 16) -> str:
    """Write names as a sentence has them, cut where there are too many to read."""
    if len(names) > most:
        return listed(names, most)
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def listed(names: Sequence[str], most: int = 16) -> str:
    """Write names after one another, cut where there are too many to read."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def describe_data(recordings: Sequence[dict[str, Any]]) -> str:
    """Describe what was recorded, from the invariants of all recordings of a data set."""
    facts = DataFacts.of(recordings)
    return (
        f"{several(facts.n_subjects, 'subject')}, {several(facts.n_recordings, 'recording')}. "
        f"{several(len(facts.electrodes), 'electrode')}{'' if facts.all_same else ' in common'}: "
        f"{listed(facts.electrodes)}. Recorded at {span(facts.rates, 'Hz')}. "
        f"{count(facts.n_flashes)} flashes, {percent(facts.target_share)} of them targets, one "
        f"every {span(facts.onset_intervals, 'ms')} (median onset interval)."
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
    realised = Realised.of(recordings)
    subsample = (
        f"Subsample to {settings['sfreq']:g} Hz"
        if settings.get("sfreq")
        else "Subsample to the lowest rate of at least 120 Hz that divides the recording's"
    )
    steps = [subsample + ", with an anti-aliasing filter", _describe_filter(settings)]
    if settings.get("order") == "filter_first":
        steps.reverse()
    if realised.came_cut:
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
        verb = "Keep of each epoch what is" if realised.came_cut else "Cut an epoch"
        steps.append(f"{verb} from {start:.0f} to {end:.0f} ms after each flash")
    if settings.get("reject_by_annotation"):
        steps.append("Leave out epochs that touch a stretch marked as bad")
    if settings.get("normaliser") == "window_zscore":
        steps.append("Bring each electrode of each epoch to zero mean and unit variance")
    return ". ".join(steps) + "." + _describe_realised(realised)


def _describe_realised(done: Realised) -> str:
    if not done.rates:
        return ""
    text = f" This came to epochs at {span(done.rates, 'Hz')}"
    if done.low:
        low, high = span(done.low, digits=2), span(done.high, digits=2)
        text += f" and −3 dB points at {low} and {high} Hz"
    if done.n_unknown:
        unknown = f" of {several(done.n_unknown, 'recording')}" if done.low else ""
        text += f". Filter unknown: the epochs{unknown} came cut"
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
    words = known.about if known else ""
    told = f"{words} {describe_folds(known, mine)}".strip()
    return told or "The run stored nothing about its folds."


def describe_folds(known: Protocol | None, mine: pd.DataFrame) -> str:
    """Return how many folds a protocol had and what they learned from; "" where nobody knows.

    Parameters are those of :func:`describe_protocol`.
    """
    from p300.report.run_results import repeats  # what else is here needs no run

    if mine.empty:
        return ""
    folds = mine.drop_duplicates(["dataset", "fold"])
    named = f" ({listed(list(folds['fold']))})" if known and known.scope is Scope.DATASETS else ""
    often = "once" if repeats(mine) == 1 else f"{repeats(mine)} times, each with its own seed"
    return (
        f"{several(len(folds), 'fold')}{named}, fitted {often}; a fold learns from "
        f"{span(folds['n_train'])} epochs and is tested on {span(folds['n_test'])}."
        f"{_describe_electrodes(mine) if named else ''}"
    )


def _describe_electrodes(fits: pd.DataFrame) -> str:
    """Describe which electrodes detectors learned from that were fitted across data sets."""
    electrodes = list(fits["electrodes"].iloc[0]) if "electrodes" in fits else []
    return f" {several(len(electrodes), 'electrode')} in common: {listed(electrodes)}."


def describe_detector(fits: pd.DataFrame) -> str:
    """Describe the size of a detector and how long it took to learn."""
    facts = [size] if (size := n_free_parameters(fits)) else []
    if "fit_seconds" in fits and fits["fit_seconds"].notna().any():
        facts.append(f"{fits['fit_seconds'].median():.2g} s to learn a fold (median)")
    return f"{', '.join(facts)}." if facts else "No details stored."


def n_free_parameters(fits: pd.DataFrame) -> str:
    """Write how many weights and thresholds a detector learned; "" where none is stored."""
    if "n_parameters" not in fits or not fits["n_parameters"].notna().any():
        return ""
    found = fits["n_parameters"].dropna()
    return f"{span(found)} free parameter{'' if (found == 1).all() else 's'}"


def describe_settings(settings: dict[str, Any]) -> str:
    """Return all parameters of a detector as they were resolved, those left to defaults too.

    Parameters
    ----------
    settings
        An entry of a config's ``detectors``; see :meth:`p300.evaluation.method.Method.settings`.
    """
    told = {"alignment", "adaptation", "detector"}  # in sentences of their own
    named = [f"{key} {_value(value)}" for key, value in settings.items() if key not in told]
    return f"Settings: {', '.join(named)}." if named else ""


def _value(value: Any) -> str:
    """Write the value of a setting as people read it: no quotes, none for nothing."""
    if isinstance(value, dict):
        return f"({', '.join(f'{key} {_value(inner)}' for key, inner in value.items())})"
    if isinstance(value, list | tuple):
        return " ".join(map(_value, value))
    words = {None: "none", True: "on", False: "off"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


ALIGNMENTS = {
    "euclidean": "whitened by the mean of their covariances, each divided by its size (euclidean)",
    "riemannian": "whitened by the geometric mean of their covariances, sizes aside (riemannian)",
    "scaling": "scaled, each electrode by its median standard deviation (scaling)",
}
"""Method of alignment -> what it does to the epochs of a domain."""

_MODES = {"offline": "offline", "prefix": "by a prefix", "running": "as it runs"}


def describe_alignment(alignment: Alignment) -> str:
    """Describe how domains were brought together, and what was known of the tested ones."""
    if not alignment.changes_epochs:
        return "No alignment."
    known = {
        "offline": "by all its tested epochs",
        "prefix": f"by the first {several(alignment.characters or 0, 'character')}",
        "running": "each epoch by those up to it",
    }[alignment.mode]
    return (
        "The epochs of each session of each subject are "
        f"{ALIGNMENTS[alignment.method]}. A tested session is aligned {_MODES[alignment.mode]}, "
        f"{known}, without labels."
    )
