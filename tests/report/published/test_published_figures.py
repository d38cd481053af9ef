"""The table of published figures: each row is classified, and the documentation has it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from p300.evaluation.metrics import METRICS
from p300.evaluation.protocols import PROTOCOLS
from p300.recordings import SOURCES
from p300.recordings.moabb_sets import MOABB_SETS
from p300.report.published import classes
from p300.report.published.classes import DATA_SETS, METRICS_OF, PROTOCOLS_OF, PublicSet
from p300.report.published.figures import published_figures
from p300.speller import LETTER_METRICS

ROOT = Path(__file__).resolve().parents[3]
TABLE = Path(classes.__file__).with_name("figures.csv")
PAGE = ROOT / "docs" / "published.md"
NOT_DESCRIBED = {"Cattan2019_VR", "EPFLP300", "Sosulski2019"}
"""Data sets of MOABB that p300 reads without a description of its own."""


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_row_is_there_and_classified() -> None:
    given = {(r["dataset"], r["protocol"], r["method"], r["metric"], r["value"]) for r in rows()}
    kept = {(f.dataset, f.protocol, f.method, f.metric, f.value) for f in published_figures()}
    assert len(given) == len(rows()) == 120
    assert given <= kept
    for row in rows():
        assert row["dataset"] in DATA_SETS
        assert row["protocol"] in PROTOCOLS_OF
        assert row["metric"] in METRICS_OF
        assert row["certainty"]


def test_no_class_is_of_no_row() -> None:
    figures = published_figures()
    assert set(DATA_SETS) == {figure.dataset for figure in figures}
    assert set(PROTOCOLS_OF) == {figure.protocol for figure in figures}
    assert set(METRICS_OF) == {figure.metric for figure in figures}


def test_what_stands_in_both_tables_is_there_once() -> None:
    same = [f for f in published_figures() if f.method == "WE-SPSQ-CNN" and f.metric[0] == "l"]
    assert [f.value for f in same] == ["76.5", "87.5", "94.5"]
    # 120 rows, CNN-1 and MCNN-1 after 1 to 15 repetitions, three others after 5, 10 and 15.
    assert len(published_figures()) == 120 + 2 * 15 + 3 * 3


def test_letters_by_repetitions_are_the_mean_of_both_subjects() -> None:
    (after_five,) = (
        f for f in published_figures() if f.method == "CNN-1" and f.measured.repetitions == 5
    )
    assert (after_five.value, after_five.n_subjects) == ("70", 2)  # (61 + 79) / 2
    assert after_five.tested.ours == "within_subject"


def test_classes_are_those_of_p300() -> None:
    for public in (one for sets in DATA_SETS.values() for one in sets):
        assert public.source is None or public.source in SOURCES
        assert public.moabb is None or public.moabb in set(MOABB_SETS) | NOT_DESCRIBED
        assert public.source or public.moabb
    for protocol in PROTOCOLS_OF.values():
        assert (protocol.ours is None) == bool(protocol.differs)
        assert protocol.ours is None or protocol.ours in PROTOCOLS
    for metric in METRICS_OF.values():
        assert metric.ours is None or metric.ours in {*METRICS, *LETTER_METRICS}


def test_moabbs_folds_are_no_protocol_of_ours() -> None:
    moabb = [f for f in published_figures() if f.source.startswith("MOABB")]
    assert len(moabb) == 75
    assert {f.tested.ours for f in moabb} == {None}
    assert "share samples" in moabb[0].tested.differs
    assert {f.measured.ours for f in moabb} == {"roc_auc"}


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ({"source": "bnci2014_009", "path": "x"}, True),
        ({"source": "moabb", "name": "BNCI2014_009"}, True),
        ({"source": "moabb", "name": "BNCI2014_008"}, False),
        ({"source": "moabb"}, False),
        ({"source": "bids", "path": "BNCI2014_009"}, False),
    ],
)
def test_a_data_set_is_known_by_its_source(source: dict[str, str], read: bool) -> None:
    (bnci,) = DATA_SETS["BNCI2014_009"]
    assert bnci.is_read_by(source) is read
    assert not PublicSet("none", moabb=None).is_read_by({"source": "moabb"})


def page_rows() -> list[str]:
    """Return the rows that the page has to have, in the order of the table."""
    lines = []
    for f in published_figures():
        told = (f.dataset, f.protocol, f.method or "–", f.metric, f.spread,
                "–" if f.n_subjects is None else str(f.n_subjects), str(f.year), f.source,
                f.certainty, f.note or "–")  # fmt: skip
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in told)} |")
    return lines


def test_the_page_has_the_table() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("| ") and line.count(" | ") == 9][1:] == (
        page_rows()
    )
