"""The tables of faults and of the report in docs/ against what there is."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from p300.online.events import FAULTS, PAGE_FAULTS, Fault, Reason
from p300.online.timing import Timings

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = pytest.mark.parametrize(
    ("page", "faults"), [("online.md", FAULTS), ("online_page.md", PAGE_FAULTS)]
)


def table(page, first):
    """The rows of the table whose first head is this, of several as one."""
    rows, inside = [], False
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif inside:
            rows.append(cells)
        elif cells[0] == first:
            inside = True
    return rows[1:]  # without the line below the heads


def kinds_below(kind):
    """All faults that can be: those that have a name of their own."""
    own = [kind] if "kind" in vars(kind) and kind is not Fault else []
    return own + [one for below in kind.__subclasses__() for one in kinds_below(below)]


def coded(cell):
    return re.findall(r"`(\w+)`", cell)


def test_every_fault_is_in_one_of_the_lists():
    assert set(kinds_below(Fault)) == {*FAULTS, *PAGE_FAULTS}


@PAGES
def test_every_fault_has_its_row(page, faults):
    assert sorted(row[0] for row in table(page, "fault")) == sorted(fault.kind for fault in faults)


@PAGES
def test_what_is_logged_and_learned_is_told_of_every_fault(page, faults):
    by_name = {fault.kind: fault for fault in faults}
    for name, _, _, logged, learned in table(page, "fault"):
        own = [one.name for one in fields(by_name[name]) if one.name not in ("at", "text")]
        assert coded(logged) == own, name
        assert learned == "the same" or re.match(r"nothing from |all", learned), name


def test_every_figure_of_the_report_is_documented():
    report = Timings(250.0, 36, learns=True).to_dict()
    rows = table("online.md", "key")
    told = {name for key, *said in rows for name in (*coded(key), *coded(said[0]))}
    missing = [key for key in report if key not in told]
    for key in ("eeg", "markers", "letters", "speed", "adaptation"):
        missing += [name for name in report[key] if name not in told]
    assert set(missing) <= {"repetitions_last_third"}  # "and the last"
    assert {coded(key)[0] for key, *_ in rows} == set(report)


def test_every_reason_is_documented():
    told = [name for key, _ in table("online.md", "reason") for name in coded(key)]
    assert sorted(told) == sorted(reason.name.lower() for reason in Reason)
