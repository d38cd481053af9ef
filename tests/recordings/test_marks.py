from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.errors import DataWarning, RecordingError
from p300.recordings.marks import UNKNOWN, Marks, list_marks

CODES = [1, 2, 3, 4] * 6
NAMES = [f"{'T' if code == 2 else 'N'}/{code}" for code in CODES]


def marks(names=NAMES):
    return pd.DataFrame({"sample": [100 + 50 * k for k in range(len(names))], "mark": names})


def test_marks_that_are_named():
    flashes = Marks(target=["T/*"], nontarget=["N/*"]).flashes(marks(), "file")
    assert flashes["target"].tolist() == [code == 2 for code in CODES]
    assert flashes["sample"].tolist() == marks()["sample"].tolist()
    assert "code" not in flashes


def test_marks_that_are_there_twice_count_once():
    twice = pd.concat([marks(), marks().iloc[[5, 7]]])
    with pytest.warns(DataWarning, match=r"^file: 2 marks .* twice at one sample .first: 'T/2' at"):
        flashes = Marks(target=["T/*"], nontarget=["N/*"], code=r"(\d)").flashes(twice, "file")
    assert flashes["sample"].tolist() == marks()["sample"].tolist()
    assert flashes["code"].tolist() == CODES
    # A mark that is no flash, and another kind at the same sample, are something else.
    other = pd.concat([marks(), marks().iloc[[5, 5]].assign(mark="photo")])
    assert len(Marks(target=["T/*"], nontarget=["N/*"]).flashes(other, "file")) == 24
    other = pd.concat([marks(), marks().iloc[[5]].assign(mark="N/1")])
    assert len(Marks(target=["T/*"], nontarget=["N/*"]).flashes(other, "file")) == 25


def test_ranges_and_numbers_name_marks():
    names = ["111", "101", "112", "102", "5"]
    flashes = Marks(target=["11[1-2]"], nontarget=[101, 102]).flashes(marks(names), "file")
    assert flashes["sample"].tolist() == [100, 150, 200, 250]
    assert flashes["target"].tolist() == [True, False, True, False]


def test_a_mark_in_brackets_is_named_by_itself():
    named = Marks(target=["hit[1]"], nontarget=["hit[2]"])
    flashes = named.flashes(marks(["hit[1]", "hit[2]"]), "file")
    assert flashes["target"].tolist() == [True, False]


@pytest.mark.parametrize("code", [r"(\d)$", {name: int(name[-1]) for name in NAMES}])
def test_codes_follow_from_marks(code):
    flashes = Marks(target=["T/*"], nontarget=["N/*"], code=code).flashes(marks(), "file")
    assert flashes["code"].tolist() == CODES
    assert flashes["repetition"].tolist() == [1 + k // 4 for k in range(24)]
    assert set(flashes["character"]) == {1}


def test_targets_that_nobody_knows():
    names = [*NAMES, "start", "R 1x"]
    flashes = Marks(target=UNKNOWN, code=r"/(\d)$").flashes(marks(names), "file")
    assert flashes["target"].isna().all()
    assert flashes["code"].tolist() == CODES
    with pytest.raises(RecordingError, match=r"'start' .1.*say with the option 'code'"):
        Marks(target=UNKNOWN).flashes(marks(names), "file")


def test_a_usual_code_is_taken_where_every_flash_has_one():
    def usual(names):
        return {str(name): name[0] == "T" for name in names if name[0] in "TN"}

    found = Marks().flashes(marks([*NAMES, "end"]), "file", usual=usual, usual_code=r"(\d)$")
    assert found["code"].tolist() == CODES
    found = Marks().flashes(marks([*NAMES, "T"]), "file", usual=usual, usual_code=r"(\d)$")
    assert "code" not in found
    assert len(found) == 25


def test_what_is_not_told_is_an_error_with_all_marks():
    with pytest.raises(RecordingError, match=r"^file: 'N/1' \(6\).*'T/2' \(6\).*expected targets"):
        Marks().flashes(marks(), "file")
    with pytest.raises(RecordingError, match="meant by 'target' and by 'nontarget'"):
        Marks(target=["T*"], nontarget=["*"]).flashes(marks(), "file")
    with pytest.raises(RecordingError, match="gives no flash code to mark 'N/1'"):
        Marks(target=["T*"], nontarget=["N*"], code={"T/2": 2}).flashes(marks(), "file")


def test_many_marks_are_not_all_listed():
    text = list_marks(pd.Series([f"m{k}" for k in range(500)]))
    assert text.endswith("and 480 other marks")
    assert list_marks(pd.Series([], dtype=str)) == "no marks"


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=3))
def test_rows_of_the_matrix_may_be_numbers(rows):
    cells = [cell for row in rows for cell in row]
    if len(set(cells)) < len(cells):
        return
    text = ["".join(map(str, row)) for row in rows]
    assert Marks(layout=rows).matrix() == Marks(layout=text).matrix()
    assert Marks().matrix() is None
