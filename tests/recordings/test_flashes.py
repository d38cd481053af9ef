from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.errors import DataWarning, RecordingError
from p300.recordings import MATRIX_6X6
from p300.recordings.flashes import (
    apply_text,
    check_codes,
    count_characters,
    flash_onsets,
    make_flash_table,
    number_flashes,
    spelled_text,
)


def test_onsets_of_held_marks():
    assert flash_onsets([0, 0, 3, 3, 0, 5, 4, 4, 0]).tolist() == [2, 5, 6]
    assert flash_onsets([1, 1, 0, -1, -1]).tolist() == [0, 3]
    assert flash_onsets([]).tolist() == []


@given(
    characters=st.integers(1, 4),
    flashes=st.integers(4, 30),
    interval=st.integers(5, 60),
    jitter=st.lists(st.integers(-1, 1), min_size=120, max_size=120),
)
def test_pauses_separate_characters(characters, flashes, interval, jitter):
    steps = np.full(characters * flashes, interval) + jitter[: characters * flashes]
    steps[::flashes] += 5 * interval
    expected = np.repeat(np.arange(characters) + 1, flashes)
    assert count_characters(np.cumsum(steps)).tolist() == expected.tolist()


def test_few_flashes():
    assert count_characters([]).tolist() == []
    assert count_characters([7]).tolist() == [1]


def table_of(run, *, codes=True, where="here", size=12):
    return make_flash_table(
        run.onsets,
        target=run.targets[run.onsets] > 0,
        code=run.codes[run.onsets] if codes else None,
        flashes_a_repetition=size,
        where=where,
    )


@pytest.mark.parametrize("codes", [True, False])
def test_repetitions_are_numbered(speller, codes):
    table = table_of(speller("P3_", repetitions=4), codes=codes)
    assert table["character"].tolist() == np.repeat([1, 2, 3], 48).tolist()
    assert table["repetition"].tolist() == np.tile(np.repeat([1, 2, 3, 4], 12), 3).tolist()
    assert table["code"].isna().all() != codes


def test_a_lost_flash_shifts_no_other(speller):
    run = speller("A", repetitions=3)
    whole = table_of(run)
    kept = np.delete(np.arange(36), 14)
    lost = type(run)(run.codes, run.targets, run.onsets[kept])
    with pytest.warns(DataWarning, match="here: 1 of 3 repetitions do not have 12 flashes"):
        table = table_of(lost)
    expected = whole["repetition"].to_numpy()[kept]
    # The lost flash of repetition 2 is replaced, in counting, by the same code of repetition 3.
    assert (table["repetition"].to_numpy() != expected).sum() == 1


def test_text_from_targets_and_back(speller):
    table = table_of(speller("CAT9"))
    assert spelled_text(table, MATRIX_6X6) == "CAT9"
    unknown = table.assign(target=pd.NA)
    marked = apply_text(unknown, MATRIX_6X6, "CAT9", "here")
    assert marked["target"].tolist() == table["target"].tolist()


def test_text_that_contradicts(speller):
    table = table_of(speller("CAT"))
    with pytest.warns(DataWarning, match="targets spell 'CAT', expected 'DOG'"):
        assert apply_text(table, MATRIX_6X6, "DOG", "here") is table
    unknown = table.assign(target=pd.NA)
    with pytest.warns(DataWarning, match="3 characters found.*'GOAT' has 4"):
        assert apply_text(unknown, MATRIX_6X6, "GOAT", "here")["target"].isna().all()
    with pytest.raises(RecordingError, match=r"\['!'\], not in the layout"):
        apply_text(unknown, MATRIX_6X6, "AB!", "here")


def test_targets_without_a_symbol_are_question_marks(speller):
    table = table_of(speller("CAT"))
    table.loc[(table["character"] == 2) & (table["code"] == 5), "target"] = True
    assert spelled_text(table, MATRIX_6X6) == "C?T"
    assert spelled_text(table.assign(code=pd.NA), MATRIX_6X6) == "???"


def test_foreign_codes_are_refused():
    check_codes(pd.DataFrame({"code": [1, 12, pd.NA]}), MATRIX_6X6, "here")
    with pytest.raises(RecordingError, match=r"here: flash codes \[0, 13\]"):
        check_codes(pd.DataFrame({"code": [0, 1, 13]}), MATRIX_6X6, "here")


def test_a_table_with_codes_alone_is_numbered():
    samples, codes, marks = rested(["AB", "C"], repetitions=3)
    given = pd.DataFrame({"sample": samples, "target": marks, "code": codes.astype(float)})
    numbered = number_flashes(given.iloc[::-1], "here")
    assert numbered["character"].tolist() == np.repeat([1, 2, 3], 36).tolist()
    assert numbered["repetition"].tolist() == np.tile(np.repeat([1, 2, 3], 12), 3).tolist()
    unknown = number_flashes(given.assign(target=None), "here")
    assert unknown["target"].isna().all()
    assert unknown["character"].tolist() == numbered["character"].tolist()
    # What is numbered stays; a code that is missing leaves nothing to number by.
    own = given.assign(character=7, repetition=9)
    assert number_flashes(own, "here") is own
    assert set(number_flashes(given.assign(character=7), "here")["character"]) == {7}
    lacking = given.assign(code=[np.nan, *codes[1:]])
    assert number_flashes(lacking, "here") is lacking
    assert "character" not in number_flashes(given.drop(columns="code"), "here")


def rested(
    texts, *, repetitions=10, rest=1.0, pause=4.0, sfreq=240, interval=0.175, targets=True,
    seed=0,
):  # fmt: skip
    """Onsets, codes and targets of a speller that rests between repetitions.

    ``texts`` are words; between words it pauses three times as long as between characters.
    """
    rng, now, rows = np.random.default_rng(seed), 0.0, []
    for word in texts:
        for symbol in word:
            wanted = MATRIX_6X6.codes_of(symbol)
            for _ in range(repetitions):
                for code in rng.permutation(12) + 1:
                    rows.append((round(now * sfreq), code, code in wanted))
                    now += interval
                now += rest
            now += pause
        now += 3 * pause
    samples, codes, marks = (np.array(column) for column in zip(*rows, strict=True))
    return samples, codes, marks if targets else None


def table_with_rests(*args, keep=None, **options):
    columns = rested(*args, **options)
    if keep is not None:
        columns = [None if column is None else column[keep(column)] for column in columns]
    samples, codes, marks = columns
    return make_flash_table(
        samples, target=marks, code=codes, flashes_a_repetition=12, where="here"
    )


@pytest.mark.parametrize("targets", [True, False])
def test_rests_between_repetitions_are_not_pauses_between_characters(targets):
    table = table_with_rests(["AB"], targets=targets)
    assert table["character"].tolist() == np.repeat([1, 2], 120).tolist()
    assert table["repetition"].tolist() == np.tile(np.repeat(np.arange(1, 11), 12), 2).tolist()


def test_a_longer_break_is_a_pause_between_characters_too():
    table = table_with_rests(["AB", "CAT"], targets=False)
    assert table["character"].tolist() == np.repeat(np.arange(1, 6), 120).tolist()


def test_rests_without_codes_are_told_by_the_number_of_flashes():
    samples, *_ = rested(["AB"])
    table = make_flash_table(samples, target=None, code=None, flashes_a_repetition=12, where="here")
    assert table["character"].tolist() == np.repeat([1, 2], 120).tolist()


def test_a_lost_flash_does_not_make_rests_pauses():
    lost = lambda column: np.arange(len(column)) != 29  # noqa: E731
    with pytest.warns(DataWarning, match="1 of 20 repetitions do not have 12 flashes"):
        table = table_with_rests(["AB"], keep=lost)
    assert table["character"].tolist() == np.repeat([1, 2], [119, 120]).tolist()


def test_pauses_that_are_all_alike_are_said_to_be_ambiguous():
    with pytest.warns(DataWarning, match=r"here: 20 single repetitions .* all alike"):
        table = table_with_rests(["AB"], pause=0.0)
    assert table["character"].nunique() == 20


def test_single_repetitions_whose_targets_change_are_characters():
    table = table_with_rests(["CAT", "DOG"], repetitions=1, rest=0.0)  # warnings are errors
    assert table["character"].tolist() == np.repeat(np.arange(1, 7), 12).tolist()
    assert (table["repetition"] == 1).all()


def test_longer_pauses_after_unequal_numbers_of_repetitions_are_warned_of():
    part = lambda column: np.arange(len(column)) < 17 * 12  # noqa: E731  # stopped on the way
    with pytest.warns(DataWarning, match=r"2 characters, which have \[10, 7\] repetitions"):
        table = table_with_rests(["AB"], targets=False, keep=part)
    assert table["character"].nunique() == 2
    assert table_with_rests(["AB"], keep=part)["character"].nunique() == 2  # targets confirm it
