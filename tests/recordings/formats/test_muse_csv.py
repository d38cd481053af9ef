from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, summarise_recording
from p300.recordings.formats.muse_csv import ELECTRODES, recognise


def table(n=2560, *, rate=256.0, **columns):
    """Make 10 s of noise with a marker every 100 samples, every fifth a target."""
    k = np.arange(n)
    marker = np.where(k % 100 == 50, np.where(k // 100 % 5 == 0, 2, 1), 0)
    noise = 10 * np.random.default_rng(4).normal(size=(n, 5))
    made = {"timestamps": np.round(1486223115.483 + k / rate, 3)}
    made |= dict(zip([*ELECTRODES, "Right AUX"], noise.T, strict=True))
    return pd.DataFrame(made | {"Marker": marker, **columns})


@pytest.fixture
def save(tmp_path):
    def write(content=None, name="subject1/session1/data_1.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            (table() if content is None else content).to_csv(path, index=False)
        return path

    return write


def load(path, **options):
    return list(open_recordings("muse_csv", path, **options))


def test_reads_a_file(save, assert_annotated):
    (recording,) = load(save())
    assert (recording.subject, recording.session, recording.run) == ("1", "1", "1")
    assert (recording.electrodes, recording.sfreq) == (ELECTRODES, 256)
    assert recording.flashes["sample"].tolist() == [50 + 100 * k for k in range(26)][:26]
    assert recording.flashes["target"].tolist() == [k % 5 == 0 for k in range(26)]
    np.testing.assert_allclose(recording.raw.get_data(), table()[ELECTRODES].to_numpy().T * 1e-6)
    assert recording.segments() == [(0, 2560)]
    assert_annotated(recording)


def test_a_held_marker_is_one_flash(save):
    shown = table()
    shown["Marker"] = shown["Marker"].replace(0, np.nan).ffill(limit=9).fillna(0)
    (recording,) = load(save(shown))
    assert recording.flashes["sample"].tolist() == [50 + 100 * k for k in range(26)]


def test_another_rate(save):
    (recording,) = load(save(table(rate=219.98)))
    assert recording.sfreq == 220


def test_missing_samples_divide_a_recording(save):
    whole = table()
    with pytest.warns(DataWarning, match="about 31 samples are missing in 2 gaps"):
        (recording,) = load(save(whole.drop(index=[*range(700, 730), 1500])))
    assert recording.segments() == [(0, 700), (700, 1470), (1470, 2529)]


def test_folders(save, tmp_path):
    for name in ("data_b.csv", "data_a.csv"):
        save(name=f"Subject02/session1/{name}")
    save(name="subject1/session3/data.csv")
    save(b"a,b\n1,2\n", name="subject1/session3/notes.csv")
    with pytest.warns(DataWarning, match=r"notes\.csv: left out"):
        found = load(tmp_path)
    assert [(r.subject, r.session, r.run) for r in found] == [
        ("1", "3", "1"), ("2", "1", "1"), ("2", "1", "2"),
    ]  # fmt: skip
    assert found[1].source.endswith("data_a.csv")
    assert all(r.certain for r in found)
    (one,) = load(tmp_path / "subject1" / "session3" / "data.csv")
    assert (one.subject, one.session) == ("1", "3")
    assert len(load(tmp_path / "Subject02", subjects=["2"])) == 2
    assert recognise(tmp_path) == {}
    with pytest.raises(RecordingError, match=r"subjects \['7'\] not found"):
        load(tmp_path / "Subject02", subjects=["7"])


def test_names_tell_subjects_where_folders_do_not(save, tmp_path):
    for name in ("sub-05.csv", "sub-06_ses-2.csv"):
        save(name=f"named/{name}")
    found = load(tmp_path / "named")
    assert [(r.subject, r.session, r.certain) for r in found] == [
        ("05", "1", True), ("06", "2", True),
    ]  # fmt: skip
    for name in ("anna.csv", "ben.csv"):
        save(name=f"people/{name}")
    with pytest.warns(DataWarning, match="guessed: anna.csv is subject anna"):
        found = load(tmp_path / "people")
    assert [(r.subject, r.certain) for r in found] == [("anna", False), ("ben", False)]
    # Programs name files by the time.
    for name in ("recording_2021-06-17.csv", "recording_2021-06-18.csv"):
        save(name=f"times/{name}")
    assert [(r.subject, r.run) for r in load(tmp_path / "times")] == [("1", "1"), ("1", "2")]


def test_run_10_is_the_last(save, tmp_path):
    for run in (10, 2, 1):
        save(name=f"subject1/session1/data_{run}.csv")
    assert [r.source.split("_")[-1] for r in load(tmp_path)] == ["1.csv", "2.csv", "10.csv"]


def test_folders_without_numbers_are_subjects(save, tmp_path):
    for name in ("ben/b.csv", "anna/session2/c.csv", "session1/anna/a.csv"):
        save(name=f"subjects/{name}")
    with pytest.warns(DataWarning, match=r"guessed: anna/session2/c\.csv is subject anna, session"):
        found = load(tmp_path / "subjects")
    assert not any(r.certain for r in found)
    assert [(r.subject, r.session, r.run) for r in found] == [
        ("anna", "1", "1"), ("anna", "2", "1"), ("ben", "1", "1"),
    ]  # fmt: skip
    pattern = r"(?P<subject>anna|ben)(/session(?P<session>\d))?"
    told = load(tmp_path / "subjects", subject=pattern)
    assert [(r.subject, r.session, r.certain) for r in told] == [
        ("anna", "1", True), ("anna", "2", True), ("ben", "1", True),
    ]  # fmt: skip
    (alone,) = load(tmp_path / "subjects" / "ben")
    assert alone.subject == "1"


@pytest.mark.parametrize(
    "folders", [("subjects/anna", "subjects/ben"), ("a/subject1", "b/subject1"), (".", "subject1")]
)
def test_one_folder_a_session(save, tmp_path, folders):
    for folder in folders:
        save(name=f"{folder}/x.csv")
    with pytest.raises(
        RecordingError, match=r"both subject and session .*name the folders"
    ) as said:
        load(tmp_path)
    assert all(str(tmp_path / folder) in str(said.value) for folder in folders)


K = np.arange(2560)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (table().drop(columns="timestamps"), r"expected 'timestamps', electrodes and a marker"),
        (table().drop(columns="Marker"), "or no title"),
        (table().rename(columns={"AF7": " TP9"}), r"columns \['TP9'\] are there twice"),
        (table(Marker=3), r"column 'Marker' holds 3, .* the options 'target' and 'nontarget'"),
        (table(Marker=1.5), r"column 'Marker' holds 1.5 in row 1"),
        (table(Marker=np.nan), "column 'Marker' holds nan in row 1"),
        (table(Marker=np.where(K == 9, np.nan, 0)), "column 'Marker' holds nan in row 10"),
        (table(Marker="x"), "'x' found in column 'Marker', row 1"),
        (table(Marker=1e300), "'Marker' holds 1000"),
        (table(Marker=0), "no marks found, expected targets and non-targets"),
        (table(Marker=np.where(K % 100 == 50, 1, 0)), r"'1' \(26\) found, expected targets"),
        (table(AF7=np.where(K == 7, np.nan, 1.0 * K)), r"1 NaN .*\['AF7'\], first at sample 7"),
        (table(AF7=np.where(K == 7, np.inf, 1.0 * K)), "inf found in column 'AF7', row 8"),
        (table(Extra="note"), "'note' found in column 'Extra', row 1"),
        (table(Marker1=table()["Marker"]), r"\['Marker', 'Marker1'\] .* the option 'marker'"),
        (table(timestamps=1.0), "time stamps do not rise at 2559 samples"),
        (table(timestamps=np.repeat(K, 12)[:2560] / 256), "have one stamp each"),
        (table(timestamps=-K), "time stamps do not rise"),
        (table(timestamps=np.where(K == 9, np.nan, K / 256)), "do not rise at 2 samples"),
        (table(timestamps=np.where(K == 2559, np.inf, K / 256)), "inf found in column 'timesta"),
        (table(timestamps=1000 * K / 256), r"a rate of 0\.256 Hz; expected seconds: .* by 1000"),
        (table(timestamps=1e-300 * K), "expected seconds"),
        (table().assign(**{name: table()[name] * 1e6 for name in ELECTRODES}), "in volts"),
        (table()[:1], "1 samples found"),
        (table()[:0], "0 samples found"),
        (b"", "cannot be read as a CSV table"),
        (b"\xff\xfe\x00timestamps" * 20, "the last row has no|expected 'timestamps'"),
        (b'timestamps,"TP9\n1,2,3\n', "cannot be read as a CSV table"),
        (b"<html>not found</html>\n", "expected 'timestamps'"),
    ],
)
def test_wrong_content(save, content, message):
    path = save(content)
    with pytest.raises((RecordingError, DataWarning), match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_what_is_none_is_not_recognised(save, tmp_path):
    for content in (b"", b"\xff\xfe\x00timestamps", b"sample,target\n1,0\n"):
        assert recognise(save(content)) is None
    assert recognise(tmp_path / "nowhere") is None
    with pytest.raises(RecordingError, match="expected 'timestamps', electrodes"):
        load(tmp_path)


def test_real_recordings(data_root: Path, assert_annotated):
    folder = data_root / "muse-visual"
    assert recognise(folder) == recognise(folder / "subject1") == {}
    recordings = load(folder / "subject1")
    assert [(r.subject, r.session, r.run) for r in recordings] == [
        ("1", "1", str(k)) for k in range(1, 7)
    ]
    found = [summarise_recording(recording) for recording in recordings]
    assert {f["sfreq"] for f in found} == {256}
    assert [f["n_targets"] for f in found] == [32, 28, 38, 33, 30, 24]
    assert sum(f["n_flashes"] for f in found) == 1161
    assert all(r.segments() == [(0, 30732)] for r in recordings)
    assert all(5 < f["amplitude_microvolts"] < 20 for f in found)
    for recording in recordings:
        assert_annotated(recording)
