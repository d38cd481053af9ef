"""Tables that notebooks show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from p300 import make_detector
from p300.notebooks import LONGEST, facts_table, rows_table


@given(st.text(), st.text())
def test_any_text_is_only_text(one, other):
    for shown in (
        facts_table(one, {other: one}),
        rows_table(one, [other], [[one, other]], [other]),
    ):
        inside = shown
        for tag in (
            "<div>", "</div>", "<b>", "</b>", "<table>", "</table>", "<thead>", "</thead>",
            "<tbody>", "</tbody>", "<tr>", "</tr>", "<th>", "</th>", "<td>", "</td>", "<p>", "</p>",
            '<th style="text-align:left">', '<td style="text-align:left">',
        ):  # fmt: skip
            inside = inside.replace(tag, "")
        assert not set("<>\"'\x1b") & set(inside)


def test_what_is_not_known_is_left_out_and_what_is_endless_cut():
    assert "reference" not in facts_table("t", {"reference": ""})
    assert len(facts_table("t", {"a": "x" * 10 * LONGEST})) < 2 * LONGEST


def test_a_detector_shows_its_parameters_and_text_is_only_text():
    detector = make_detector("slda", covariance="toeplitz")
    detector.n_windows = "<script>alert(1)</script>"
    shown = detector._repr_html_()
    assert "toeplitz" in shown
    assert "<script>alert" not in shown
    assert len(shown) < 40_000  # scikit-learn's styles, hardly anything else
