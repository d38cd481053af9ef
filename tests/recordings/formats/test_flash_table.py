from __future__ import annotations

import gzip

import mne
import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings
from p300.recordings.flashes import spelled_text

ROWS = ["AB", "CD"]


@pytest.fixture
def save_raw(tmp_path):
    """Write a recording of 3 EEG channels and a trigger, 8 s at 250 Hz, as FIF."""

    def save(name="sub-07_ses-2_run-3_raw.fif", channels=("Fz", "Cz", "Pz"), scale=1e-5, **more):
        signal = scale * np.random.default_rng(5).normal(size=(len(channels) + 1, 2000))
        for row, value in more.get("rows", {}).items():
            signal[row] = value
        info = mne.create_info([*channels, "STI"], 250.0, ["eeg"] * len(channels) + ["stim"])
        raw = mne.io.RawArray(signal, info, first_samp=more.get("first", 0), verbose="error")
        if "marks" in more:
            raw.set_annotations(more["marks"])
        path = tmp_path / name
        raw.save(path, verbose="error", overwrite=True)
        return path

    return save


def flashes(**columns):
    k = np.arange(24)
    table = {"sample": 100 + 50 * k, "target": (k % 4 == 0).astype(int), **columns}
    return pd.DataFrame({name: value for name, value in table.items() if value is not None})


def save_table(recording, table=None, ending="_flashes.csv"):
    path = recording.with_name(recording.name.removesuffix(".fif") + ending)
    (flashes() if table is None else table).to_csv(path, index=False)
    return path


def load(path, **options):
    return list(open_recordings("flash_table", path, **options))


@pytest.mark.parametrize("ending", ["_flashes.csv", ".csv"])
def test_reads_a_recording(save_raw, ending, assert_annotated):
    path = save_raw()
    save_table(path, ending=ending)
    (recording,) = load(path)
    assert (recording.subject, recording.session, recording.run) == ("07", "2", "3")
    assert recording.electrodes == ["Fz", "Cz", "Pz"]
    assert recording.flashes["sample"].tolist() == flashes()["sample"].tolist()
    assert recording.flashes["target"].tolist() == [k % 4 == 0 for k in range(24)]
    assert_annotated(recording)


def test_seconds_words_and_codes(save_raw, assert_annotated):
    k = np.arange(24)
    table = flashes(
        sample=None,
        onset=0.4 + 0.2 * k,
        target=np.where(k % 4 < 2, "Non-Target", "Target"),
        code=k % 4 + 1,
        character=1,
        repetition=k // 4 + 1,
    ).rename(columns={"target": " Target ", "onset": "Onset"})
    path = save_raw("subject9_raw.fif")
    save_table(path, table)
    (recording,) = load(path, layout=ROWS)
    assert (recording.subject, recording.session, recording.run) == ("subject9_raw", "1", "1")
    assert recording.flashes["sample"].tolist() == flashes()["sample"].tolist()
    assert recording.flashes["repetition"].tolist() == (k // 4 + 1).tolist()
    assert_annotated(recording)
    with pytest.raises(RecordingError, match=r"flash codes \[4\] found"):
        load(path, layout=["AB"])


def test_the_layout_spells(save_raw):
    k = np.arange(24)
    path = save_raw()
    save_table(path, flashes(code=k % 4 + 1, target=np.isin(k % 4, (0, 3)), character=1))
    (recording,) = load(path, layout=ROWS)
    assert spelled_text(recording.flashes, recording.layout) == "C"


def test_unknown_targets_are_empty(save_raw, assert_annotated):
    path = save_raw()
    save_table(path, flashes(target="n/a"))
    (recording,) = load(path)
    assert recording.flashes["target"].isna().all()
    assert_annotated(recording)


def test_marks_of_the_file_become_flashes_once(save_raw, assert_annotated):
    onsets = [0.4, 0.6, 0.4, 5.9]
    names = ["Stimulus/S  1", "Stimulus/S  2", "BAD_blink", "pause"]
    path = save_raw(marks=mne.Annotations(onsets, [0, 0, 1, 0], names), first=500)
    save_table(path)
    (recording,) = load(path)
    others = {"BAD_blink", "pause"}
    assert set(recording.raw.annotations.description) == {"target", "nontarget", *others}
    events, _ = mne.events_from_annotations(recording.raw, regexp="^(non)?target", verbose="error")
    assert (events[:, 0] - 500).tolist() == flashes()["sample"].tolist()


def test_channels_are_renamed_and_dropped(save_raw):
    path = save_raw(channels=("EEG 1", "cz", "Light"))
    save_table(path)
    with pytest.warns(DataWarning, match=r"\['EEG 1', 'cz', 'Light'\] are no names"):
        load(path)
    (recording,) = load(path, rename={"EEG 1": "PO7"}, drop=["Light"])
    assert recording.electrodes == ["PO7", "Cz"]
    with pytest.raises(RecordingError, match=r"no channels \['EEG 2'\] to rename"):
        load(path, rename={"EEG 2": "PO7"})
    with pytest.raises(RecordingError, match="Sound"):
        load(path, drop=["Sound"])


def test_a_folder_of_recordings(save_raw, tmp_path):
    for name in ("sub-2_run-2_raw.fif", "sub-2_run-1_raw.fif", "sub-1_raw.fif"):
        save_table(save_raw(name))
    (tmp_path / "notes.txt").write_text("-", encoding="utf-8")
    assert [(r.subject, r.run) for r in load(tmp_path)] == [("1", "1"), ("2", "1"), ("2", "2")]
    assert [r.run for r in load(tmp_path, subjects=[2])] == ["1", "2"]
    with pytest.raises(RecordingError, match=r"subjects \['3'\] not found"):
        load(tmp_path, subjects=["3"])
    save_raw("sub-4_raw.fif")
    with pytest.warns(DataWarning, match=r"sub-4_raw\.fif: left out, it has no flash table"):
        assert len(load(tmp_path)) == 3
    with pytest.raises(RecordingError, match="names one table, expected one recording"):
        load(tmp_path, flashes="a.csv")


def test_recordings_in_one_place(save_raw, tmp_path):
    for name in ("sub-2_raw.fif", "copy_sub-2_raw.fif"):
        save_table(save_raw(name))
    with pytest.raises(RecordingError, match="are both subject, session and run"):
        load(tmp_path)


def test_compressed_names(save_raw, tmp_path):
    path = save_raw("sub-2_raw.fif")
    packed = tmp_path / "sub-3_raw.fif.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    flashes().to_csv(tmp_path / "sub-3_raw.csv", index=False)
    assert [r.subject for r in load(tmp_path)] == ["3"]


def test_a_table_elsewhere(save_raw, tmp_path):
    path = save_raw()
    elsewhere = tmp_path / "tables"
    elsewhere.mkdir()
    flashes().to_csv(elsewhere / "mine.csv", index=False)
    assert len(load(path, flashes=str(elsewhere / "mine.csv"))) == 1
    with pytest.raises(RecordingError, match=r"no flash table .*yours\.csv"):
        load(path, flashes=str(elsewhere / "yours.csv"))


def test_nothing_there(save_raw, tmp_path):
    with pytest.raises(RecordingError, match="no recording with a table"):
        load(tmp_path)
    path = save_raw()
    with pytest.raises(RecordingError, match=r"no flash table .*_raw_flashes\.csv"):
        load(path)
    with pytest.raises(RecordingError, match="no such file or folder"):
        load(tmp_path / "nowhere.edf")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"target": None}, "expected 'target' among them"),
        ({"target": "perhaps"}, r"column 'target' holds 'perhaps' \(24\)"),
        ({"target": 1}, "all 24 flashes are targets"),
        ({"target": [None] + [0, 1] * 11 + [1]}, "1 of 24 flashes lack a target mark"),
        ({"sample": None}, "'sample' or 'onset'"),
        ({"sample": 1990 + np.arange(24)}, "14 flashes lie outside the signal"),
        ({"sample": -1 - np.arange(24)}, "24 flashes lie outside the signal"),
        ({"sample": 10}, "share a sample"),
        ({"code": 1.5}, "1.5 found in column 'code', row 1"),
        ({"sample": 50 * np.arange(24), "onset": 0.1 * np.arange(24) * 250}, "not at their"),
    ],
)
def test_wrong_tables(save_raw, columns, message):
    path = save_raw()
    save_table(path, flashes(**columns))
    with pytest.raises((RecordingError, DataWarning), match=message):
        load(path)


@pytest.mark.parametrize("content", ["", "sample,target\n", '"a,b\n', "\x00\xff\x00"])
def test_tables_that_are_none(save_raw, content):
    path = save_raw()
    save_table(path).write_text(content, encoding="latin-1")
    with pytest.raises(RecordingError):
        load(path)


@pytest.mark.parametrize("content", [b"", b"<html></html>" * 50])
@pytest.mark.parametrize("ending", [".fif", ".edf", ".vhdr", ".set", ".xyz"])
def test_recordings_that_are_none(tmp_path, content, ending):
    path = tmp_path / f"sub-1_raw{ending}"
    path.write_bytes(content)
    flashes().to_csv(tmp_path / "sub-1_raw.csv", index=False)
    with pytest.raises(RecordingError, match=r"MNE cannot|is empty|not an? \w+") as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.filterwarnings("ignore:.*MNE warns")
def test_a_recording_cut_short(save_raw):
    path = save_raw()
    save_table(path)
    content = path.read_bytes()
    for share in (0.02, 0.2):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(RecordingError):
            load(path)


def test_wrong_units_nan_and_flat(save_raw):
    path = save_raw(scale=10.0)
    save_table(path)
    with pytest.raises(RecordingError, match="option 'microvolts_per_unit'"):
        load(path)
    save_raw(rows={1: np.nan})
    with pytest.raises(RecordingError, match=r"2000 NaN or infinite samples found in \['Cz'\]"):
        load(path)
    save_raw(rows={2: 0.0})
    with pytest.warns(DataWarning, match=r"\['Pz'\] are flat"):
        load(path)


def test_no_eeg(tmp_path):
    info = mne.create_info(["STI"], 250.0, ["stim"])
    path = tmp_path / "sub-1_raw.fif"
    mne.io.RawArray(np.zeros((1, 500)), info, verbose="error").save(path, verbose="error")
    save_table(path)
    with pytest.raises(RecordingError, match="expected EEG channels"):
        load(path)


def test_free_spelling_needs_no_targets(save_raw):
    k = np.arange(24)
    path = save_raw()
    save_table(path, flashes(target=None, code=k % 4 + 1, character=1))
    with pytest.raises(RecordingError, match="without targets say 'target: unknown'"):
        load(path)
    (recording,) = load(path, target="unknown", layout=ROWS)
    assert recording.flashes["target"].isna().all()
    assert recording.flashes["code"].tolist() == (k % 4 + 1).tolist()


def test_the_words_of_the_table_are_named(save_raw):
    k = np.arange(24)
    words = np.where(k % 4 == 0, "t/1", "n/2").astype(object)
    words[[5, 6]] = "pause"
    path = save_raw()
    save_table(path, flashes(target=words))
    with pytest.warns(DataWarning, match="repetitions do not have 2 flashes"):
        (recording,) = load(path, target=["t/*"], nontarget=["n/*"], code=r"/(\d)")
    assert recording.flashes["target"].tolist() == [
        row % 4 == 0 for row in range(24) if row not in (5, 6)
    ]
    assert set(recording.flashes["code"]) == {1, 2}
    with pytest.raises(RecordingError, match=r"'n/2' \(16\), 't/1' \(6\), 'pause' \(2\)"):
        load(path, target=["x"], nontarget=["n/*"])


def test_channels_in_another_unit(save_raw):
    path = save_raw(scale=10)
    save_table(path)
    with pytest.raises(RecordingError, match="cannot be EEG in volts"):
        load(path)
    (recording,) = load(path, microvolts_per_unit=1)
    assert 5e-6 < recording.raw.get_data().std() < 2e-5
