from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.errors import DataWarning, RecordingError
from p300.recordings.marks import Marks, MarksNotToldError
from p300.recordings.readers.bids_events import (
    event_samples,
    guess_flash_rows,
    read_flash_rows,
)

SFREQ = 256.0
SAMPLES = 500 + 64 * np.arange(60) + np.arange(60) % 3


def events(**columns):
    return pd.DataFrame(
        {"onset": [f"{s / SFREQ:.6f}" for s in SAMPLES], "duration": 0.1, "sample": SAMPLES}
        | columns
    )


@pytest.fixture
def write(tmp_path):
    def to_file(table):
        file = tmp_path / "events.tsv"
        table.to_csv(file, sep="\t", index=False, na_rep="n/a")
        return file

    return to_file


def begin(table):
    return event_samples(table, SFREQ, "events.tsv").tolist()


def test_samples_that_agree():
    assert begin(events()) == SAMPLES.tolist()
    assert begin(events().drop(columns="sample")) == SAMPLES.tolist()
    assert begin(events(sample=[f"{s + 0.3:.2f}" for s in SAMPLES])) == SAMPLES.tolist()
    assert begin(events(sample="n/a")) == SAMPLES.tolist()


def test_samples_counted_from_1_are_named():
    with pytest.warns(DataWarning, match=r"^events.tsv: .*'sample' is one later.*from 1"):
        assert begin(events(sample=SAMPLES + 1)) == SAMPLES.tolist()


def test_onsets_in_milliseconds():
    onsets = [f"{s / SFREQ:.3f}" for s in SAMPLES]
    assert begin(events(onset=onsets)) == SAMPLES.tolist()
    assert begin(events(onset=onsets, sample="n/a")) == SAMPLES.tolist()


def test_samples_refine_onsets_that_are_written_coarsely():
    onsets = [f"{s / SFREQ:.2f}" for s in SAMPLES]
    assert begin(events(onset=onsets)) == SAMPLES.tolist()
    without = np.array(begin(events(onset=onsets).drop(columns="sample")))
    assert np.abs(without - SAMPLES).max() <= 2  # what a hundredth of a second tells


def test_a_missing_onset():
    table = events()
    table.loc[7, "onset"] = "n/a"
    with pytest.warns(DataWarning, match="1 flashes have no onset .first: flash 8"):
        assert begin(table) == SAMPLES.tolist()
    with pytest.warns(DataWarning) as caught:
        assert begin(table.assign(sample=SAMPLES + 1)) == SAMPLES.tolist()
    assert len(caught) == 2
    with pytest.raises(RecordingError, match="'n/a' found for flash 8"):
        begin(table.drop(columns="sample"))


@pytest.mark.parametrize("value", ["inf", "1e300", "-inf", "x"])
def test_an_onset_that_is_no_number(value):
    table = events().drop(columns="sample").astype({"onset": object})
    table.loc[3, "onset"] = value
    with pytest.raises(RecordingError, match="found for flash 4, expected seconds"):
        begin(table)


@given(st.integers(2, 40), st.integers(0, 5))
def test_onset_decides_whatever_samples_say(shift, digits):
    table = events(sample=SAMPLES + shift, onset=[f"{s / SFREQ:.{digits + 3}f}" for s in SAMPLES])
    with pytest.warns(DataWarning, match="'onset' decides"):
        assert begin(table) == SAMPLES.tolist()


KINDS = ["rare" if k % 5 == 0 else "often" for k in range(60)]


def test_kinds_are_looked_for_column_by_column(write):
    marks = Marks(target=["rare"], nontarget=["often"])
    for columns in (
        {"trial_type": KINDS},
        {"trial_type": "stimulus", "value": KINDS},
        {"trial_type": "n/a", "value": "n/a", "event_type": KINDS},
        {"answer": KINDS[::-1], "value": KINDS},
        {"value": KINDS[::-1], "trial_type": KINDS},
    ):
        shown = read_flash_rows(write(events(**columns)), marks)
        assert shown["target"].tolist() == [kind == "rare" for kind in KINDS]


def test_numbers_with_gaps_are_kinds(write):
    value = [2.0 if kind == "rare" else 1.0 for kind in KINDS]
    value[4] = np.nan
    file = write(events(trial_type="n/a", value=value))
    shown = read_flash_rows(file, Marks(target=[2], nontarget=[1]))
    assert (shown["target"].sum(), len(shown)) == (12, 59)
    assert guess_flash_rows(file) == {"target": [2], "nontarget": [1]}


def test_codes_by_the_options(write):
    texts = [f"{kind}/{k % 6 + 1}" for k, kind in enumerate(KINDS)]
    marks = Marks(target=["rare*"], nontarget=["often*"], code=r"/(\d)")
    assert read_flash_rows(write(events(value=texts)), marks)["code"].tolist() == [
        k % 6 + 1 for k in range(60)
    ]


def test_marks_that_contradict_are_errors(write):
    file = write(events(trial_type=KINDS))
    with pytest.raises(RecordingError, match=r"^/.*events.tsv: option 'code' gives no flash code"):
        read_flash_rows(file, Marks(target=["rare"], nontarget=["often"], code=r"(\d)"))


def test_guesses(write):
    assert guess_flash_rows(write(events(trial_type="go"))) is None
    slash = [f"stimulus/{'' if kind == 'rare' else 'non'}target" for kind in KINDS]
    assert guess_flash_rows(write(events(trial_type=slash))) == {
        "target": ["stimulus/target"], "nontarget": ["stimulus/nontarget"],
    }  # fmt: skip
    usual = ["Target" if kind == "rare" else "Non-Target" for kind in KINDS]
    assert guess_flash_rows(write(events(trial_type=usual))) == {}
    codes = [k % 12 + 1 for k in range(60)]
    guess = guess_flash_rows(write(events(trial_type=usual, stimulus_code=codes)))
    assert guess["layout"][0] == "ABCDEF"


def test_a_required_column(write):
    with pytest.raises(RecordingError, match="no column 'duration', which BIDS requires"):
        read_flash_rows(write(events(trial_type=KINDS).drop(columns="duration")), Marks())


def test_no_warning_where_nothing_is_odd():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        begin(events())


def test_a_word_that_says_target_alone_needs_the_other_guessed(write):
    words = ["target" if kind == "rare" else "standard" for kind in KINDS]
    assert guess_flash_rows(write(events(trial_type=words))) == {
        "target": ["target"], "nontarget": ["standard"],
    }  # fmt: skip


def test_words_in_value_come_before_numbers_of_stimuli_and_answers(write):
    types = ["stimulus"] * 50 + ["response"] * 10
    values = ["standard" if k % 5 else "oddball" for k in range(50)] + ["button"] * 10
    assert guess_flash_rows(write(events(trial_type=types, value=values))) == {
        "target": ["oddball"], "nontarget": ["standard"],
    }  # fmt: skip
    assert guess_flash_rows(write(events(trial_type=types))) is None


def test_kinds_that_nobody_told_are_kept_for_an_example(write):
    file = write(
        events(trial_type="stimulus", value=["go" if k % 2 else "stay" for k in range(60)])
    )
    with pytest.raises(
        MarksNotToldError, match=r"'stimulus' \(60\); value: 'stay' \(30\)"
    ) as error:
        read_flash_rows(file, Marks())
    assert set(error.value.marks) == {"go", "stay"}
