"""Tables that notebooks show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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
