from __future__ import annotations

import base64
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.report.downloads import data_uri, table_csv
from p300.report.page import Row, Table


def rows_of(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table_csv(table), newline="")))


def column(*cells: str, name: str = "x") -> list[list[str]]:
    return rows_of(Table(("Row", name), tuple(Row(("r", cell)) for cell in cells)))


def test_content_is_an_address() -> None:
    kind, content = data_uri("text/csv", b"a,b").split(";base64,")
    assert kind == "data:text/csv"
    assert base64.b64decode(content) == b"a,b"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (("1,234", "−0.5", "–"), ["1234", "-0.5", ""]),
        (("< 0.001", "0.25"), ["< 0.001", "0.25"]),
        (("+5.0 at 219 ms",), ["+5.0 at 219 ms"]),
        (("yes", "no"), ["yes", "no"]),
    ],
)
def test_numbers_are_for_programs(cells: tuple[str, ...], values: list[str]) -> None:
    assert column(*cells) == [["Row", "x"], *(["r", value] for value in values)]


def test_intervals_are_columns_of_their_own() -> None:
    assert column("0.790 (0.700–0.874)", "0.5", "–", "−0.022 (−0.037 to +0.008)", "0.1–0.2") == [
        ["Row", "x", "x low", "x high"],
        ["r", "0.790", "0.700", "0.874"],
        ["r", "0.5", "", ""],
        ["r", "", "", ""],
        ["r", "-0.022", "-0.037", "+0.008"],
        ["r", "", "0.1", "0.2"],
    ]


def test_a_column_that_holds_something_else_stays_as_it_is() -> None:
    assert column("0.790 (0.700–0.874)", "70.4 ▼")[1:] == [
        ["r", "0.790 (0.700–0.874)"], ["r", "70.4 ▼"],
    ]  # fmt: skip


def test_percent_goes_into_the_heading() -> None:
    assert column("16.7 %", "–", "3 %", name="Share") == [
        ["Row", "Share (%)"], ["r", "16.7"], ["r", ""], ["r", "3"],
    ]  # fmt: skip


def test_heads_are_a_column() -> None:
    rows = (Row(("one",), "head"), Row(("a", "1")), Row(("two",), "head"), Row(("a", "2"), "mean"))
    assert rows_of(Table(("Name", "x"), rows)) == [
        ["Group", "Name", "x"], ["one", "a", "1"], ["two", "a", "2"],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@sum", "\tx"])
def test_no_text_is_a_formula(text: str) -> None:
    table = Table((text, text), (Row((text, text)),))
    assert all(cell.startswith("'") for row in rows_of(table) for cell in row)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_any_number_is_read_back(values: list[float]) -> None:
    saved = column(*(f"{value:,.3f}".replace("-", "−") for value in values))
    assert [float(row[1]) for row in saved[1:]] == [round(value, 3) for value in values]
