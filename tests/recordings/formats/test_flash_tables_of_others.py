"""Flash tables as spreadsheets and stimulation programs write them."""

from __future__ import annotations

import re

import mne
import numpy as np
import pandas as pd
import pytest

from p300.errors import RecordingError
from p300.recordings import open_recordings, recognise_source
from p300.recordings.formats.flash_table import recognise, table_problem

K = np.arange(24)
TARGET = K % 4 == 0


@pytest.fixture
def put(tmp_path):
    """Write a recording of 8 s at 250 Hz once, and a table beside it."""
    signal = 1e-5 * np.random.default_rng(5).normal(size=(3, 2000))
    info = mne.create_info(["Fz", "Cz", "Pz"], 250.0, "eeg")
    mne.io.RawArray(signal, info, verbose="error").save(tmp_path / "s1_raw.fif", verbose="error")

    def write(text, encoding="utf-8", name="s1_raw_flashes.csv"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / "s1_raw.fif"

    return write


def table(**columns):
    made = {
        "sample": 100 + 50 * K,
        "onset": 0.4 + 0.2 * K,
        "target": TARGET.astype(int),
        "code": K % 4 + 1,
        "character": K // 12 + 1,
        "repetition": K // 4 % 3 + 1,
        **columns,
    }
    return pd.DataFrame({name: values for name, values in made.items() if values is not None})


def load(path):
    (recording,) = open_recordings("flash_table", path)
    return recording.flashes


def assert_read(path):
    found = load(path).astype({"target": bool})
    expected = table()[["sample", "target", "code", "character", "repetition"]]
    pd.testing.assert_frame_equal(
        found, expected.astype({"target": bool}), check_dtype=False, check_column_type=False
    )
    assert recognise_source(path)[0] == ("flash_table", {})


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (table().to_csv(index=False), "utf-8-sig"),
        (table().to_csv(index=False), "utf-16"),
        (table().to_csv(index=False, sep=";"), "utf-8"),
        (table().to_csv(index=False, sep=";", decimal=","), "utf-8"),
        (table(sample=None).to_csv(index=False, sep=";", decimal=","), "utf-8"),
        (table(sample=None).to_csv(index=False, sep="\t"), "utf-8"),
        (table().to_csv(), "utf-8"),
        (table().sample(frac=1, random_state=0).to_csv(), "utf-8"),
        (table(target=np.where(TARGET, 1, -1)).to_csv(index=False), "utf-8"),
        (table(target=np.where(TARGET, 1.0, -1.0)).to_csv(index=False), "utf-8"),
        (table(target=np.where(TARGET, "Target", "non-target")).to_csv(index=False), "utf-8"),
        (table(target=np.where(TARGET, "TARGET", "non target")).to_csv(index=False), "utf-8"),
        (table(target=np.where(TARGET, "target", "Non_Target")).to_csv(index=False), "utf-8"),
        (table(target=TARGET).to_csv(index=False), "utf-8"),
    ],
)
def test_however_it_is_written(put, text, encoding):
    assert_read(put(text, encoding))


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        (np.where(TARGET, 0, -1), "'-1' (18), '0' (6)"),
        (np.where(TARGET, 1, -(K % 2)), "'-1' (12), '1' (6), '0' (6)"),
        (np.where(TARGET, 2, 1), "'1' (18), '2' (6)"),
        (np.where(TARGET, "t", "n"), "'n' (18), 't' (6)"),
        (np.where(TARGET, "1", "-1.5"), "'-1.5' (18)"),
        (np.where(TARGET, "target", "-1"), "'-1' (18)"),
        (np.full(24, -1), "'-1' (24)"),
        (np.where(TARGET, 1e300, 0), "'1e+300' (6)"),
    ],
)
def test_targets_in_doubt(put, targets, found):
    path = put(table(target=targets).to_csv(index=False))
    with pytest.raises(RecordingError, match="expected 1 and 0, true and false") as caught:
        load(path)
    assert found in str(caught.value)
    assert "options 'target' and 'nontarget'" in str(caught.value)
    assert table_problem(path) == str(caught.value)


def test_targets_in_doubt_are_told_by_the_options(put):
    path = put(table(target=np.where(TARGET, "yes", np.where(K % 2, "no", "-"))).to_csv())
    (recording,) = open_recordings("flash_table", path, target=["yes"], nontarget=["no", "-"])
    assert recording.flashes["target"].tolist() == TARGET.tolist()


def test_a_table_with_tabs_by_its_ending(put):
    path = put(table().to_csv(index=False, sep="\t"))
    (file,) = path.parent.rglob("*_flashes.csv")
    file.rename(file.with_suffix(".tsv"))
    assert_read(path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"character": list("HHHHHHEEEEEELLLLLLLLLLLL")}, "LL in HELLO, could not be told"),
        ({"code": list("ABCD") * 6}, r"'A' found in column 'code', row 1; .* number the flashed"),
        ({"code": np.where(K == 3, 1.5, 1)}, "1.5 found in column 'code', row 4; expected a whole"),
        ({"code": np.where(K == 3, 1e300, 1)}, r"1e\+300 found in column 'code', row 4"),
        ({"character": np.where(K == 3, np.inf, 1)}, "inf found in column 'character', row 4"),
        ({"repetition": "first"}, "'first' found in column 'repetition', row 1"),
        ({"sample": np.where(K == 3, 1e300, K)}, r"1e\+300 found in column 'sample', row 4"),
        ({"sample": np.where(K == 3, np.inf, K)}, "inf found in column 'sample', row 4"),
        ({"sample": None, "onset": np.where(K == 3, -1e300, K)}, "'onset', row 4; .* smaller than"),
        ({"sample": None, "onset": 400 + 200 * K}, "look like milliseconds, .* by 1000"),
        ({"sample": None, "onset": 4e5 + 2e5 * K}, "look like microseconds"),
        ({"sample": None, "onset": 0.4 + 2.0 * K}, "20 flashes lie outside the signal"),
        ({"sample": None, "onset": 1.7e9 + 0.2 * K}, "24 flashes lie outside the signal"),
        ({"sample": np.where(K == 3, 200, 100 + 50 * K)}, "1 flashes share a sample with another"),
        ({"sample": None, "onset": None}, "expected 'target' among them, 'sample' or 'onset'"),
        ({"Target": 1}, "and each once"),
    ],
)
def test_refused_by_name(put, columns, message):
    path = put(table(**{"onset": None, **columns}).to_csv(index=False))
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "encoding", "reason"),
    [
        ("sample,target\n1,caf\xe9\n", "latin-1", "is not utf-8"),
        ("sample,kind\n1,0\n", "utf-8", "expected 'target' among them"),
        ("", "utf-8", "it has no rows"),
    ],
)
def test_the_reason_is_not_lost(put, text, encoding, reason):
    path = put(text, encoding)
    assert recognise(path) == recognise(path.parent) == {}
    assert reason in table_problem(path)
    assert reason in table_problem(path.parent)
    with pytest.raises(RecordingError, match=re.escape(reason)):
        load(path)


def test_tables_of_something_else_are_none_of_flashes(put):
    path = put("age,hand\n31,left\n", name="s1_raw.csv")
    assert recognise(path) is None
    assert "expected 'target' among them" in table_problem(path)
    assert recognise(put("sample,kind\n1,0\n", name="s1_raw.csv")) == {}
    put("sample,target\n1,0\n", name="s1_raw.csv")
    assert table_problem(path) is None
