from __future__ import annotations

import json
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.errors import RecordingError
from p300.recordings import MATRIX_6X6, Layout

SYMBOLS = string.ascii_uppercase + string.digits


@pytest.mark.parametrize(
    ("codes", "symbol"),
    [((1, 7), "A"), ((6, 8), "L"), ((6, 12), "_"), ((1, 12), "5"), ((3, 11), "1")],
)
def test_the_matrix_of_the_competitions(codes, symbol):
    assert MATRIX_6X6.symbol_at(codes) == symbol
    assert MATRIX_6X6.codes_of(symbol) == frozenset(codes)


@given(n_rows=st.integers(1, 6), n_columns=st.integers(1, 6), columns_first=st.booleans())
def test_every_symbol_of_a_matrix_can_be_found(n_rows, n_columns, columns_first):
    rows = [SYMBOLS[k * n_columns : (k + 1) * n_columns] for k in range(n_rows)]
    layout = Layout.row_column(rows, columns_first=columns_first)
    assert sorted(layout.groups) == list(range(1, n_rows + n_columns + 1))
    assert layout.shape == (n_rows, n_columns)
    for symbol in layout.symbols:
        codes = layout.codes_of(symbol)
        assert len(codes) == 2
        assert layout.symbol_at(codes) == symbol


def test_rows_first():
    layout = Layout.row_column(["AB", "CD", "EF"], columns_first=False)
    assert layout.groups[1] == {"A", "B"}
    assert layout.groups[4] == {"A", "C", "E"}


def test_symbols_may_be_words():
    layout = Layout.row_column([["yes", "no"], ["<-", "end"]])
    assert layout.symbol_at([2, 4]) == "end"


def test_single_cells():
    layout = Layout.single_cell("XYZ")
    assert layout.symbol_at([2]) == "Y"
    assert layout.codes_of("Z") == {3}
    assert layout.shape is None


@settings(max_examples=30, deadline=None)
@given(half=st.integers(3, 6), n_columns=st.integers(1, 9))
def test_a_checkerboard_lights_no_neighbours_together_and_every_symbol_twice(half, n_columns):
    rows = [[f"{row} {column}" for column in range(n_columns)] for row in range(2 * half)]
    layout = Layout.checkerboard(rows)
    assert (layout.shape, len(layout.symbols)) == ((2 * half, n_columns), 2 * half * n_columns)
    assert sorted(layout.groups) == list(range(1, 2 * (half + n_columns) + 1))
    virtual_rows = range(1, 2 * half + 1)
    assert all(
        len(layout.groups[k]) == (n_columns if k in virtual_rows else half) for k in layout.groups
    )
    for symbol in layout.symbols:
        codes = layout.codes_of(symbol)
        assert len(codes) == 2
        assert layout.symbol_at(codes) == symbol
    for group in layout.groups.values():
        places = np.array([symbol.split() for symbol in group], dtype=int)
        apart = np.abs(places[:, None] - places).max(axis=2)
        assert np.all(apart[~np.eye(len(places), dtype=bool)] > 1)
        assert len(set(places.sum(axis=1) % 2)) == 1  # of one colour


@pytest.mark.parametrize("n_rows", [1, 4, 7])
def test_a_checkerboard_that_cannot_keep_neighbours_apart_is_refused(n_rows):
    rows = [SYMBOLS[2 * k : 2 * k + 2] for k in range(n_rows)]
    with pytest.raises(RecordingError, match=f"{n_rows} rows found, expected an even number"):
        Layout.checkerboard(rows)


@pytest.mark.parametrize("codes", [[], [1], [7], [1, 2], [99], [1, 2, 7]])
def test_codes_that_do_not_tell_a_symbol(codes):
    assert MATRIX_6X6.symbol_at(codes) is None


def test_codes_outside_the_layout_are_left_out():
    assert MATRIX_6X6.symbol_at([1, 7, 99]) == "A"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Layout.row_column(["AB", "C"]), "rows of equal length"),
        (lambda: Layout.row_column([]), "rows of equal length"),
        (lambda: Layout.row_column(["AB", "CA"]), r"unique, found \['A'\] more than once"),
        (lambda: Layout(("A",), {1: frozenset("B")}), r"flash code 1 lights \['B'\]"),
        (lambda: Layout(("A",), {1: frozenset()}), "flash code 1 lights nothing"),
        (lambda: Layout(("A",), {1: frozenset("A")}, (2, 2)), r"shape \(2, 2\) does not hold 1"),
    ],
)
def test_impossible_layouts(make, message):
    with pytest.raises(RecordingError, match=message):
        make()


@pytest.mark.parametrize("layout", [MATRIX_6X6, Layout.single_cell("XYZ")])
def test_a_layout_survives_json(layout):
    assert Layout.from_dict(json.loads(json.dumps(layout.to_dict()))) == layout
