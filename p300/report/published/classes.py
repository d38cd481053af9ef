"""What the data sets, protocols and metrics of the table of published figures are in p300.

Every text that stands in one of these three columns has its record here, those too that nothing of
ours is like; so no row of the table can be passed over in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

MOABB = "moabb"
"""Source whose option ``name`` tells the data set."""


@dataclass(frozen=True)
class PublicSet:
    """A public data set.

    Parameters
    ----------
    name
        For people.
    source
        Kind of source that reads its files; None where none does.
    moabb
        Its name in MOABB; None where MOABB has it not.
    """

    name: str
    source: str | None = None
    moabb: str | None = None

    def is_read_by(self, source: Mapping[str, Any]) -> bool:
        """Return whether a source of an experiment's data set, with its options, reads this one."""
        if source["source"] == MOABB:
            return self.moabb is not None and source.get("name") == self.moabb
        return bool(source["source"] == self.source)


@dataclass(frozen=True)
class PublishedProtocol:
    """Who was trained on and who tested.

    Parameters
    ----------
    ours
        Name of the protocol of ours that tests alike; None where none does.
    tested_run
        The only run that it tests; None where that does not matter.
    differs
        How it differs from all of ours, where it does.
    """

    ours: str | None = None
    tested_run: str | None = None
    differs: str = ""


@dataclass(frozen=True)
class PublishedMetric:
    """What was measured.

    Parameters
    ----------
    title
        For people, with the unit.
    ours
        Name of our metric; None where we measure nothing like it.
    scale
        What ours is multiplied by to have the same unit.
    digits
        Behind the point, of ours in that unit; at least 1, which its interval has less.
    repetitions
        After which characters were decided; None where that was not said, or for single flashes.
    """

    title: str
    ours: str | None = None
    scale: float = 1.0
    digits: int = 3
    repetitions: int | None = None


BCI3_II = PublicSet("BCI Competition III, data set II", source="bci3_ii")

_BNCI2014_008 = PublicSet("BNCI2014_008", source="bnci2014_008", moabb="BNCI2014_008")
_LLP = tuple(PublicSet(name, moabb=name) for name in ("Huebner2017", "Huebner2018"))

_MOABB_ALONE = (
    "BI2012", "BI2013a", "BI2014a", "BI2014b", "BI2015a", "BI2015b", "Cattan2019_VR", "EPFLP300",
    "Huebner2017", "Huebner2018", "Lee2019_ERP", "Sosulski2019",
)  # fmt: skip

_NOT_READ = (
    "auditory ERP (abstract does not name it)",
    "13 ERP protocols, 213 subjects",
    "own recordings of the authors",
    "University of Michigan, 15 participants",
    "school children P300 (250)",
    "BNCI, HRI, ERP CORE (8 components)",
    "18x2 sessions own, 8x9 matrix",
    "offline simulation",
    "ALS at home, 6 patients",
    "simulation on 78 subjects",
)
"""Many data sets in one figure, or one that nobody names or publishes."""

DATA_SETS: Mapping[str, tuple[PublicSet, ...]] = {
    "bci3-ii": (BCI3_II,),
    "bci3-ii (II-B = subject B)": (BCI3_II,),
    "BNCI2014_008": (_BNCI2014_008,),
    "ALS data (abstract does not name it; presumably BNCI2014_008)": (_BNCI2014_008,),
    "BNCI2014_009": (PublicSet("BNCI2014_009", source="bnci2014_009", moabb="BNCI2014_009"),),
    "BNCI2015_003": (PublicSet("BNCI2015_003", source="bnci2015_003", moabb="BNCI2015_003"),),
    **{name: (PublicSet(name, moabb=name),) for name in _MOABB_ALONE},
    "Huebner2017+2018": _LLP,
    "Huebner2017+Huebner2018": _LLP,
    **dict.fromkeys(_NOT_READ, ()),
}
"""Column ``dataset`` -> the data sets that the figure is on; none that can be read for some."""

_ITSELF = (
    "each letter is decided by what was learned from its own flashes too, while ours is scored at "
    "the time by what was known before it, and post-hoc by all of the session"
)
_ONLINE = "spelled online by the authors' own system, not decoded from the recordings alone"
_NO_SPLIT = "what was trained on and what was tested is not told apart"

TRAIN_TO_TEST = "within subject, train to test"

PROTOCOLS_OF: Mapping[str, PublishedProtocol] = {
    TRAIN_TO_TEST: PublishedProtocol("within_subject", tested_run="2"),
    "cross-subject, no calibration": PublishedProtocol("cross_subject"),
    "within session, stratified 5-fold over epochs": PublishedProtocol(
        differs=(
            "MOABB's five folds are drawn over single epochs, so that neighbours, which share "
            "samples, stand on both sides of a split; ours keep whole runs or subjects apart"
        )
    ),
    "within subject, pre-trained without labels": PublishedProtocol(
        differs="what else was learned from, without labels, is no part of our within_subject"
    ),
    "within subject": PublishedProtocol(differs=_NO_SPLIT),
    "epoch detection": PublishedProtocol(differs=_NO_SPLIT),
    "pooled, single trial": PublishedProtocol(differs="the flashes of all subjects are mixed"),
    "leave one subject out, causal filter": PublishedProtocol("cross_subject"),
    **dict.fromkeys(
        (
            "zero calibration, instantaneous+cumulative, offline replay",
            "zero calibration, offline replay, two sessions",
            "zero calibration, offline replay",
            "LLP speller replay",
            "zero calibration, LLP, each letter fitted on all letters so far including itself "
            "(transductive)",
        ),
        PublishedProtocol(differs=_ITSELF),
    ),
    **dict.fromkeys(
        (
            "online",
            "online and offline",
            "online P300 speller, BrainAmp",
            "zero calibration, online",
            "zero calibration, online, single trial",
            "zero/short calibration, online",
        ),
        PublishedProtocol(differs=_ONLINE),
    ),
    **dict.fromkeys(
        (
            "few labels + semi-supervised EM-GMM",
            "zero calibration, offline",
            "offline",
            "offline simulation",
        ),
        PublishedProtocol(differs="of recordings or a simulation that only its authors have"),
    ),
}
"""Column ``protocol`` -> what is like it of ours, or how it differs."""


def letters_after(repetitions: int) -> str:
    """Return how the column ``metric`` calls the letters right after some repetitions."""
    return f"letters correct % at {repetitions} repetitions"


MOST_REPETITIONS = 15

_NOT_OURS = (
    "ROC-AUC points gained",
    "ROC-AUC lost",
    "ROC-AUC of the current letter",
    "spelling errors less",
    "accuracy %",
    "participants above .7 letters",
    "accuracy of ErrP %",
    "accuracy gained %",
    "characters/min",
    "speed gained",
    "time / keystrokes saved",
    "difference",
    "amplifier delay ms",
)

LETTERS = "characters"
"""Our metric of characters right."""

_LETTERS = PublishedMetric("Characters right (%)", LETTERS, 100.0, 1)

METRICS_OF: Mapping[str, PublishedMetric] = {
    "ROC-AUC x100": PublishedMetric("ROC-AUC × 100", "roc_auc", 100.0, 2),
    "letters correct %": _LETTERS,
    **{letters_after(n): replace(_LETTERS, repetitions=n) for n in range(1, MOST_REPETITIONS + 1)},
    **{name: PublishedMetric(name) for name in _NOT_OURS},
}
"""Column ``metric`` -> ours."""
