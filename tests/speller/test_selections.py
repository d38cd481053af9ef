"""Selections: true symbols from targets, and everything a table may lack or have too much of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from score_tables import CHECKERBOARD, make_scores

from p300.errors import DataWarning, SpellerError
from p300.recordings import MATRIX_6X6, Layout
from p300.speller import decide, gather_selections


def true_symbols(scores, layout=MATRIX_6X6):
    true = gather_selections(scores, layout).true
    return [layout.symbols[k] if k >= 0 else None for k in true]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (MATRIX_6X6, "P3_E"),
        (Layout.row_column(["ABCDEFGH", "IJKLMNOP"], columns_first=False), "HAPPENED"),
        (Layout(tuple("ABCDE"), {10 + k: frozenset(s) for k, s in enumerate("ABCDE")}), "DEAD"),
        (Layout.row_column([["Yes", "No"], ["Space", "Back"]]), ["Back", "Yes"]),
        (CHECKERBOARD, "BADGE"),
    ],
)
def test_the_true_symbols_follow_from_the_targets(layout, text):
    assert true_symbols(make_scores(text, layout=layout), layout) == list(text)


def test_the_order_of_the_rows_does_not_matter():
    scores = make_scores("P3_E")
    shuffled = scores.sample(frac=1, random_state=1)
    one, other = (decide(gather_selections(table, MATRIX_6X6)) for table in (scores, shuffled))
    pd.testing.assert_frame_equal(one, other)


def test_evidence_adds_up_over_repetitions():
    scores = make_scores("A", layout=Layout.single_cell("AB"), repetitions=3)
    scores["score"] = np.where(scores["code"] == 1, scores["repetition"] * 1.0, 10.0)
    selections = gather_selections(scores, Layout.single_cell("AB"))
    np.testing.assert_allclose(selections.add_up(selections.score), [[[1, 10], [3, 20], [6, 30]]])


def test_unknown_targets_leave_the_truth_open():
    assert true_symbols(make_scores("AB").assign(target=pd.NA)) == [None, None]
    assert true_symbols(make_scores("AB").drop(columns="target")) == [None, None]
    decided = decide(gather_selections(make_scores("AB").assign(target=pd.NA), MATRIX_6X6))
    assert decided["true_symbol"].isna().all()
    assert decided["correct"].isna().all()


def test_too_few_flashes_to_tell_the_symbol_leave_it_open():
    scores = make_scores("A", repetitions=1)
    assert true_symbols(scores[scores["code"] <= 6]) == [None]
    # Without its own row, the five other rows still rule everything else out.
    assert true_symbols(scores[scores["code"] != 7]) == ["A"]


def test_missing_flashes_count_as_no_evidence():
    scores = make_scores("P3", repetitions=4, noise=0.01)
    fewer = scores.drop(scores.index[[1, 5, 14, 30]])
    decided = decide(gather_selections(fewer, MATRIX_6X6))
    assert "".join(decided.loc[decided["repetitions"] == 4, "symbol"]) == "P3"


def test_a_symbol_without_flashes_is_neither_favoured_nor_ruled_out():
    layout = Layout.single_cell("ABC")
    scores = make_scores("A", layout=layout, repetitions=1).sort_values("code")
    scores["score"] = [1.0, -1.0, 0.0]
    without_c = gather_selections(scores[scores["code"] != 3], layout)
    assert list(decide(without_c)["symbol"]) == ["A"]
    scores["score"] = [-1.0, -1.0, 0.0]
    assert list(decide(gather_selections(scores[scores["code"] == 1], layout))["tie"]) == [True]


def test_unequal_repetitions_are_decided_as_far_as_they_go():
    scores = make_scores("AB", repetitions=4)
    scores = scores[(scores["character"] == 1) | (scores["repetition"] <= 2)]
    selections = gather_selections(scores, MATRIX_6X6)
    assert list(selections.n_repetitions) == [4, 2]
    decided = decide(selections)
    assert decided.groupby("character")["repetitions"].max().to_dict() == {1: 4, 2: 2}


def test_a_lost_repetition_does_not_leave_a_hole():
    scores = make_scores("A", repetitions=3)
    selections = gather_selections(scores[scores["repetition"] != 2], MATRIX_6X6)
    assert list(selections.n_repetitions) == [2]


def test_runs_without_codes_are_skipped_by_name():
    coded, uncoded = make_scores("AB"), make_scores("CD", subject="2", run="7")
    uncoded.loc[uncoded.index[3], "code"] = pd.NA
    both = pd.concat([coded, uncoded], ignore_index=True)
    with pytest.warns(DataWarning, match="made/2/1/7"):
        selections = gather_selections(both, MATRIX_6X6)
    assert set(selections.names["subject"]) == {"1"}
    with (
        pytest.warns(DataWarning, match="made/2/1/7"),
        pytest.raises(SpellerError, match="none of the 120 rows"),
    ):
        gather_selections(uncoded, MATRIX_6X6)


def test_an_empty_table_is_an_error():
    with pytest.raises(SpellerError, match="nothing can be spelled"):
        gather_selections(make_scores("A").iloc[:0], MATRIX_6X6)


def test_missing_columns_are_named():
    with pytest.raises(SpellerError, match="code"):
        gather_selections(make_scores("A").drop(columns="code"), MATRIX_6X6)


def _spoil(column, value):
    def change(table):
        table.loc[5, column] = value

    return change


def _twice(table):
    table.loc[len(table)] = table.loc[3]


def _other_target(table):
    row = table[table["target"] & (table["repetition"] == 2)].index[0]
    table.loc[row, "target"] = False


def _two_rows(table):
    table["target"] = table["code"].isin([7, 8])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_spoil("score", np.nan), r"made/1/1/1, character 1, repetition 1.*score nan"),
        (_spoil("score", np.inf), "score inf"),
        (_spoil("score_post_hoc", 1.0), "score_post_hoc nan"),
        (_spoil("code", 13), "code 13: the layout does not have this code"),
        (_twice, "more than once"),
        (_other_target, "as target and as non-target"),
        (_two_rows, "no symbol of the layout fits"),
    ],
)
def test_wrong_tables_are_refused_with_their_place(change, message):
    scores = make_scores("AB", repetitions=3)
    change(scores)
    with pytest.raises(SpellerError, match=message):
        gather_selections(scores, MATRIX_6X6)


def test_two_detectors_in_one_table_are_refused():
    scores = make_scores("AB")
    with pytest.raises(SpellerError, match="one detector, protocol, fold and seed"):
        gather_selections(pd.concat([scores, scores], ignore_index=True), MATRIX_6X6)
