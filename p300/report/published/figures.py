"""The table of published figures, row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from p300.report.published.classes import (
    DATA_SETS,
    METRICS_OF,
    PROTOCOLS_OF,
    TRAIN_TO_TEST,
    PublicSet,
    PublishedMetric,
    PublishedProtocol,
    letters_after,
)

_CECOTTI = "Cecotti & Gräser, IEEE TPAMI 33(3):433-445"
_FROM_MEMORY = "partly from memory; checked against two later sources"
_UNCHECKED = "partly from memory"

_RESULTS_ON = "bci3-ii"
_SOURCES_OF_RESULTS = {
    "CNN-1": (_CECOTTI, _FROM_MEMORY),
    "MCNN-1": (_CECOTTI, _FROM_MEMORY),
    "Ensemble SVM": ("Rakotomamonjy & Guigue, IEEE TBME 55(3):1147-1154", _UNCHECKED),
    "BN3": ("Liu et al., Neurocomputing 275:288-297", _UNCHECKED),
    "OCLNN": ("Shan, Liu & Stefanov, IJCAI 2018, 1604-1610", _UNCHECKED),
    "WE-SPSQ-CNN": ("arXiv:2410.08561 (abstract)", "stated"),
}
"""Method in the table of letters by repetitions -> where it was published, and how sure that is."""


@dataclass(frozen=True)
class PublishedFigure:
    """One figure that somebody published.

    Parameters
    ----------
    dataset, protocol, metric
        As published; :attr:`data_sets`, :attr:`tested` and :attr:`measured` tell what they are in
        p300.
    method
        What detected or spelled.
    value
        As published, which need not be one number.
    sd
        Standard deviation over subjects as published, "" where there is none.
    n_subjects
        None where it was not said.
    source, year
        Where and when it was published.
    note
        What else there is to know, "" for nothing.
    certainty
        How sure these particulars are.
    """

    dataset: str
    protocol: str
    method: str
    metric: str
    value: str
    sd: str
    n_subjects: int | None
    source: str
    year: int
    note: str
    certainty: str

    @property
    def data_sets(self) -> tuple[PublicSet, ...]:
        """The data sets that it is on."""
        return DATA_SETS[self.dataset]

    @property
    def tested(self) -> PublishedProtocol:
        """Who was trained on and who tested."""
        return PROTOCOLS_OF[self.protocol]

    @property
    def measured(self) -> PublishedMetric:
        """What was measured."""
        return METRICS_OF[self.metric]

    @property
    def spread(self) -> str:
        """The value and, where it was published, its standard deviation."""
        return f"{self.value} ± {self.sd}" if self.sd else self.value


@cache
def published_figures() -> tuple[PublishedFigure, ...]:
    """Return all figures; what stands in both tables of the package is there once."""
    return tuple(dict.fromkeys([*_letters_by_repetitions(), *_table()]))


def _read(name: str) -> list[dict[str, str]]:
    place = files("p300") / "report" / "published" / f"{name}.csv"
    return list(csv.DictReader(place.read_text(encoding="utf-8").splitlines()))


def _table() -> Iterator[PublishedFigure]:
    for row in _read("figures"):
        n, year = row.pop("n_subjects"), row.pop("year")
        yield PublishedFigure(n_subjects=int(n) if n else None, year=int(year), **row)


def _letters_by_repetitions() -> Iterator[PublishedFigure]:
    """Yield the mean of subjects A and B, where it was not published as such."""
    by_point: dict[tuple[str, str, int], list[float]] = {}
    for row in _read("results"):
        point = row["method"], row["year"], int(row["repetitions"])
        by_point.setdefault(point, []).append(float(row["characters_percent"]))
    for (method, year, repetitions), values in by_point.items():
        source, certainty = _SOURCES_OF_RESULTS[method]
        yield PublishedFigure(
            dataset=_RESULTS_ON,
            protocol=TRAIN_TO_TEST,
            method=method,
            metric=letters_after(repetitions),
            value=f"{sum(values) / len(values):g}",
            sd="",
            n_subjects=2,
            source=source,
            year=int(year),
            note="mean of A and B",
            certainty=certainty,
        )
