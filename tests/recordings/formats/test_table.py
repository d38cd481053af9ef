"""Tables whose columns the user says; those of known programs are in test_table_layouts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, recognise_source
from p300.recordings.formats.table import recognise

N = 2000
K = np.arange(N)
FLASHES = np.arange(50, N, 30)
TARGETS = FLASHES // 30 % 5 == 0
NAMES = ["Fz", "Cz", "Pz"]
SIGNAL = 10 * np.random.default_rng(4).normal(size=(N, 3)).round(3)
MARKER = np.zeros(N, dtype=int)
MARKER[FLASHES] = np.where(TARGETS, 7, 3)


def table(**columns):
    made = {
        "Time": K / 250,
        **dict(zip(NAMES, SIGNAL.T, strict=True)),
        "EOG": 50.0,
        "Event": MARKER,
    }
    return pd.DataFrame({k: v for k, v in (made | columns).items() if v is not None})


@pytest.fixture
def put(tmp_path):
    def write(content=None, name="sub-1.csv", **how):
        path = tmp_path / name
        content = table() if content is None else content
        path.write_text(content.to_csv(index=False, **how), encoding="utf-8")
        return path

    return write


SAID = {
    "eeg": NAMES, "time": "Time", "marker": "Event", "target": [7], "nontarget": [3],
}  # fmt: skip


def load(path, **options):
    return list(open_recordings("table", path, **(SAID | options)))


def assert_exact(recording, sfreq=250.0):
    assert (recording.electrodes, recording.sfreq) == (NAMES, sfreq)
    assert recording.flashes["sample"].tolist() == FLASHES.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    np.testing.assert_allclose(recording.raw.get_data(), 1e-6 * SIGNAL.T)
    assert recording.segments() == [(0, N)]


@pytest.mark.parametrize("how", [{}, {"sep": ";", "decimal": ","}, {"sep": "\t"}, {"sep": "|"}])
def test_columns_that_are_said(put, how, assert_annotated):
    (recording,) = load(put(**how), **({"separator": "|"} if how.get("sep") == "|" else {}))
    assert_exact(recording)
    assert_annotated(recording)


def test_columns_by_number_without_titles(put):
    path = put(sep="\t", header=False, name="BrainFlow-RAW.csv")
    with pytest.raises(RecordingError, match=r"6 columns without titles .* tabs, .* 'eeg'") as said:
        load(path, eeg=None, time=None, marker=None)
    assert "BrainFlow" in str(said.value)
    assert recognise(path) is None
    numbers = {"eeg": [2, 3, 4], "time": 1, "marker": 6, "electrodes": NAMES}
    (recording,) = load(path, **numbers)
    assert_exact(recording)
    with pytest.raises(RecordingError, match="no column 7, there are 6"):
        load(path, **(numbers | {"marker": 7}))


def test_what_is_guessed(put):
    path = put()
    guessed = {**SAID, "target": [7], "nontarget": [3]}
    assert recognise_source(path) == [("table", guessed)]
    assert recognise_source(path.parent) == [("table", guessed)]
    put(table(Time=None).rename(columns=lambda name: "EEG " + name if name in NAMES else name))
    assert recognise(path) == {
        **{key: guessed[key] for key in ("marker", "target", "nontarget")},
        "eeg": ["EEG Fz", "EEG Cz", "EEG Pz"],
        "rename": {"EEG Fz": "Fz", "EEG Cz": "Cz", "EEG Pz": "Pz"},
    }
    put(table(Time=4 * K))
    assert recognise(path) == {**guessed, "sfreq": 250}
    put(table(Event=np.where(MARKER > 0, 1, 0)).rename(columns={"Event": "FeedBackEvent"}))
    assert recognise(path) == {"eeg": NAMES, "time": "Time", "marker": "FeedBackEvent"}


def test_tables_of_others_are_left_to_them(put):
    muse = table().rename(columns={"Time": "timestamps", "Event": "Marker"})
    assert recognise(put(muse)) is None
    assert recognise(put(pd.DataFrame({"sample": K, "target": K % 2, "code": 1}))) is None
    assert recognise(put(table()[["Fz", "Cz", "Event"]])) is None
    assert recognise(put(pd.DataFrame({"age": [31], "hand": ["left"]}))) is None


def test_rates(put):
    (recording,) = load(put(table(Time=None)), time=None, sfreq=250.0)
    assert_exact(recording)
    (recording,) = load(put(table(Time=1.7e12 + 4 * K)), sfreq=250.0)
    assert_exact(recording)
    (recording,) = load(put(table(Time=K // 10 / 25)), sfreq=250.0)
    assert_exact(recording)
    days = pd.Timestamp("2024-05-31") + pd.to_timedelta(4 * K, unit="ms")
    (recording,) = load(put(table(Time=days.strftime("%Y-%m-%d %H:%M:%S.%f"))))
    assert_exact(recording)
    for said in ({}, {"sfreq": 250.0, "time": "Time"}):
        with pytest.raises(RecordingError, match=r"do not rise|'sfreq'"):
            load(put(table(Time=0.0)), **said)
    (recording,) = load(put(table(Time=0.0)), sfreq=250.0, time="none")
    assert_exact(recording)


def test_missing_samples_divide(put):
    kept = np.delete(K, [500, *range(900, 920)])
    lost = np.isin(FLASHES, [500, *range(900, 920)]).sum()
    with pytest.warns(DataWarning, match="about 21 samples are missing in 2 gaps"):
        (recording,) = load(put(table().iloc[kept]))
    assert recording.segments() == [(0, 500), (500, 899), (899, N - 21)]
    assert len(recording.flashes) == len(FLASHES) - lost
    counted = table(Time=None, Counter=K % 256).iloc[kept]
    with pytest.warns(DataWarning, match="about 21 samples are missing in 2 gaps"):
        (recording,) = load(put(counted), time=None, sfreq=250.0, counter="Counter")
    assert recording.segments() == [(0, 500), (500, 899), (899, N - 21)]


def test_marks_that_are_held_or_texts(put):
    held = pd.Series(MARKER).replace(0, np.nan).ffill(limit=9)
    for marks in (held, held.fillna(0), held.map({7: "hit", 3: "miss"})):
        kinds = {} if marks.dtype.kind == "f" else {"target": ["hit"], "nontarget": ["miss"]}
        (recording,) = load(put(table(Event=marks)), **kinds)
        assert_exact(recording)


def test_codes_and_unknown_targets(put):
    codes = np.zeros(N, dtype=int)
    codes[FLASHES] = np.arange(len(FLASHES)) % 5 + 1
    path = put(table(Event=codes))
    (recording,) = load(
        path, target="unknown", nontarget=None, code=r"(\d+)", layout=["ABCD"]
    )  # fmt: skip
    assert recording.flashes["target"].isna().all()
    assert recording.flashes["code"].tolist() == codes[FLASHES].tolist()
    assert recording.layout.symbols == ("A", "B", "C", "D")
    with pytest.raises(RecordingError, match=r"flash codes \[5\] found"):
        load(path, target="unknown", nontarget=None, code=r"(\d+)", layout=["ABC"])


def test_channels(put):
    path = put(table().rename(columns={"Pz": "X1"}))
    with pytest.warns(DataWarning, match=r"electrodes \['X1'\] are no names"):
        load(path, eeg=["Fz", "Cz", "X1"])
    (recording,) = load(path, eeg=["Fz", "Cz", "X1"], rename={"X1": "Pz"})
    assert_exact(recording)
    (recording,) = load(path, eeg=["X1", "fz", "Cz"], drop=["X1"], microvolts_per_unit=0.5)
    assert recording.electrodes == ["Fz", "Cz"]
    np.testing.assert_allclose(recording.raw.get_data(), 0.5e-6 * SIGNAL[:, :2].T)


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({}, {"eeg": None}, r"columns \['Time', .* with the options 'eeg' \(electrodes\), by"),
        ({}, {"marker": None}, r"'marker' \(marks of the flashes\)"),
        ({}, {"time": None}, r"'time' or 'sfreq' \(Hz\)"),
        ({}, {"marker": "Code"}, "no columns 'Code', there are"),
        ({"event": 0}, {}, "2 columns 'Event', there are .* give its number"),
        (
            {},
            {"target": None, "nontarget": None},
            r"'3' \(52\), '7' \(13\) found, expected",
        ),
        ({"Event": 1.5}, {}, "1.5 found in column 'Event', row 1; expected whole numbers"),
        ({"Event": 1e300}, {}, r"1e\+300 found in column 'Event', row 1"),
        ({"Event": np.where(K == 4, np.inf, 0)}, {}, "inf found in column 'Event', row 5"),
        ({"Event": 0}, {}, "no marks found"),
        ({"Cz": "x"}, {}, "'x' found in column 'Cz', row 1; expected a number"),
        ({"Cz": np.where(K == 4, np.inf, 0)}, {}, "inf found in column 'Cz', row 5"),
        ({"Cz": np.where(K == 4, np.nan, K)}, {}, r"1 NaN .* \['Cz'\], first at sample 4"),
        ({"Time": np.where(K == 4, np.nan, K / 250)}, {}, "do not rise at 2 samples"),
        ({"Time": np.where(K == 4, np.nan, K / 250)}, {"sfreq": 250.0}, "no time stamp in row 5"),
        ({"Time": "12:00:x"}, {}, r"expected seconds, or dates such as .* 'time: none'"),
        ({"Time": K / 500}, {"sfreq": 250.0}, "expected 0.004 s as the rate of 250 Hz says"),
        ({"Time": 4 * K}, {}, r"a rate of 0\.25 Hz; .* the option 'sfreq'"),
    ],
)
def test_refused_with_the_option_that_helps(put, columns, options, message):
    path = put(table(**columns))
    with pytest.raises(RecordingError, match=message) as caught:
        load(path, **options)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_folder(put, tmp_path):
    put(name="sub-1_run-1.csv")
    put(table(Cz="x"), name="sub-1_run-2.csv")
    put(name="sub-2.tsv", sep="\t")
    put(pd.DataFrame({"age": [31], "hand": ["left"]}), name="people.csv")
    with pytest.warns(DataWarning) as said:
        found = load(tmp_path)
    assert [(r.subject, r.run) for r in found] == [("1", "1"), ("2", "1")]
    texts = [str(warning.message) for warning in said]
    assert len(texts) == 2
    assert "people.csv: left out: no columns 'Fz'" in texts[0]
    assert "sub-1_run-2.csv: left out: 'x' found in column 'Cz'" in texts[1]
    with pytest.raises(RecordingError, match=r"sub-1_run-2\.csv: 'x' found"):
        load(tmp_path / "sub-1_run-2.csv")
