from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, summarise_recording
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.bids import complete, recognise

ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]


def load(path, **options):
    return list(open_recordings("bids", path, **options))


HEADER = """Brain Vision Data Exchange Header File Version 1.0

[Common Infos]
Codepage=UTF-8
DataFile={stem}.eeg
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels=5
SamplingInterval=4000

[Binary Infos]
BinaryFormat=IEEE_FLOAT_32

[Channel Infos]
Ch1=Fz,,1,µV
Ch2=cz,,1,µV
Ch3=Oz,,1,µV
Ch4=VEOG,,1,µV
Ch5=foot,,1,µV
"""
CHANNELS = """name\ttype\tunits
Fz\tEEG\tµV
cz\tEEG\tµV
Oz\tEEG\tµV
VEOG\tEOG\tµV
foot\tMISC\tµV
"""
POSITIONS = "name\tx\ty\tz\nFz\t0\t0.1\t0.1\ncz\t0\t0\t0.1\nOz\t0\t-0.1\t0\n"


@pytest.fixture
def bids(tmp_path):
    """A data set of one run, 24 flashes every 50 samples; gives its root."""
    root = tmp_path / "data"
    folder = root / "sub-01" / "eeg"
    folder.mkdir(parents=True)
    stem = "sub-01_task-speller_run-1_eeg"
    signal = 10 * np.random.default_rng(2).normal(size=(2000, 5)).astype("<f4")
    (folder / f"{stem}.eeg").write_bytes(signal.tobytes())
    k = np.arange(24)
    flashes = pd.DataFrame({"onset": 0.4 + 0.2 * k, "duration": 0.1, "sample": 100 + 50 * k})
    flashes["trial_type"] = np.where(k % 6 == 0, "Target", "NonTarget")
    start = pd.DataFrame({"onset": [0.1], "duration": 0, "sample": 25, "trial_type": "start"})
    events = pd.concat([start, flashes]).to_csv(sep="\t", index=False)
    about = {"Name": "test", "BIDSVersion": "1.9.0"}
    space = {"EEGCoordinateSystem": "CapTrak", "EEGCoordinateUnits": "m"}
    for place, content in {
        root / "dataset_description.json": json.dumps(about),
        root / "participants.tsv": "participant_id\nsub-01\n",
        folder / f"{stem}.vhdr": HEADER.format(stem=stem),
        folder / f"{stem}.json": json.dumps({"TaskName": "speller", "SamplingFrequency": 250}),
        folder / stem.replace("_eeg", "_channels.tsv"): CHANNELS,
        folder / stem.replace("_eeg", "_events.tsv"): events,
        folder / "sub-01_electrodes.tsv": POSITIONS,
        folder / "sub-01_coordsystem.json": json.dumps(space),
    }.items():
        place.write_text(content, encoding="utf-8")
    return root


def events_of(root):
    return next(root.glob("sub-*/**/*events.tsv"))


def change_events(root, change):
    file = events_of(root)
    table = change(pd.read_csv(file, sep="\t"))
    table.to_csv(file, sep="\t", index=False, na_rep="n/a")
    return file


def copy_run(root, **entities):
    """Copy the run under other entities (session, run, task)."""
    folder = root / "sub-01"
    session = entities.get("session")
    place = folder / f"ses-{session}" / "eeg" if session else folder / "eeg"
    place.mkdir(parents=True, exist_ok=True)
    old = "sub-01_task-speller_run-1"
    prefix = f"sub-01_ses-{session}" if session else "sub-01"
    new = f"{prefix}_task-{entities.get('task', 'speller')}_run-{entities.get('run', 1)}"
    for file in (folder / "eeg").glob(f"{old}_*"):
        copied = place / file.name.replace(old, new)
        copied.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))


def test_reads_a_run(bids, assert_annotated):
    (recording,) = load(bids)
    assert (recording.subject, recording.session, recording.run) == ("01", "1", "1")
    assert recording.electrodes == ["Fz", "Cz", "Oz"]
    flashes = recording.flashes
    assert flashes["sample"].tolist() == (100 + 50 * np.arange(24)).tolist()
    assert flashes["target"].tolist() == [k % 6 == 0 for k in range(24)]
    assert flashes[["code", "character", "repetition"]].isna().all(axis=None)
    assert recording.layout is None
    # Events that are no flashes stay; the flashes are there once.
    assert sorted(set(recording.raw.annotations.description)) == ["nontarget", "start", "target"]


def test_codes_and_numbers_are_read(bids, assert_annotated):
    def add(table):
        flash = table["trial_type"] != "start"
        number = flash.cumsum() - 1
        table["trial_type"] = table["trial_type"].replace("NonTarget", "non-target")
        table["stimulus_code"] = (number % 12 + 1).where(flash)
        table["character"] = 1
        table["repetition"] = (number // 12 + 1).where(flash)
        return table

    change_events(bids, add)
    (recording,) = load(bids, layout=ROWS)
    assert recording.flashes["code"].tolist() == [*range(1, 13)] * 2
    assert recording.flashes["repetition"].tolist() == [1] * 12 + [2] * 12
    assert spelled_text(recording.flashes, recording.layout) == "A"
    with pytest.raises(RecordingError, match=r"flash codes \[5, 6.*\] found"):
        load(bids, layout=["AB", "CD"])


def test_onset_decides(bids):
    change_events(bids, lambda t: t.assign(sample=t["sample"] + 5))
    with pytest.warns(DataWarning, match=r"24 samples are not at their onsets.*'onset' decides"):
        (recording,) = load(bids)
    assert recording.flashes["sample"].iloc[0] == 100
    change_events(bids, lambda t: t.drop(columns="sample"))
    assert load(bids)[0].flashes["sample"].iloc[0] == 100


def test_kinds_in_other_words_and_columns(bids):
    words = {"Target": "oddball_with_response", "NonTarget": "standard", "start": "start"}
    change_events(bids, lambda t: t.assign(value=t["trial_type"].map(words), trial_type="stimulus"))
    with pytest.raises(RecordingError, match=r"'stimulus' \(25\); value: 'standard' \(20\)"):
        load(bids)
    assert recognise(bids) == {"target": ["oddball_with_response"], "nontarget": ["standard"]}
    (recording,) = load(bids, target=["oddball*"], nontarget=["standard"])
    assert recording.flashes["target"].tolist() == [k % 6 == 0 for k in range(24)]


def test_options_on_channels(bids):
    (recording,) = load(bids, rename={"Oz": "POz"}, drop=["cz"], microvolts_per_unit=2e6)
    assert recording.electrodes == ["Fz", "POz"]
    (plain,) = load(bids)
    np.testing.assert_allclose(
        recording.raw.get_data(), 2 * plain.raw.get_data(picks=["Fz", "Oz"]), rtol=1e-12
    )


def test_free_spelling(bids):
    def hide(table):
        flash = table["trial_type"] != "start"
        return table.assign(
            stimulus_code=((flash.cumsum() - 1) % 12 + 1).where(flash), trial_type="flash"
        )

    change_events(bids, hide)
    (recording,) = load(bids, target="unknown", layout=ROWS)
    assert recording.flashes["target"].isna().all()
    assert recording.flashes["code"].tolist() == [*range(1, 13)] * 2


def test_runs_and_sessions_in_order(bids):
    copy_run(bids, run=2)
    copy_run(bids, session="b", run=1)
    copy_run(bids, session="a", run=1)
    found = [(r.session, r.run) for r in load(bids)]
    assert found == [("1", "1"), ("1", "2"), ("a", "1"), ("b", "1")]


def test_run_10_is_the_last(bids):
    for run in (10, 2):
        copy_run(bids, run=run)
    assert [r.run for r in load(bids)] == ["1", "2", "10"]


def test_tasks(bids):
    copy_run(bids, task="rest")
    with pytest.raises(RecordingError, match=r"tasks \['rest', 'speller'\] found"):
        load(bids)
    assert len(load(bids, task="speller")) == 1
    with pytest.raises(RecordingError, match="no task 'spell', there are"):
        load(bids, task="spell")


def test_runs_are_read_one_at_a_time(bids):
    copy_run(bids, run=2)
    recordings = open_recordings("bids", bids)
    assert next(recordings).run == "1"
    (bids / "sub-01/eeg/sub-01_task-speller_run-2_eeg.eeg").unlink()
    with pytest.raises(RecordingError, match=r"run-2_eeg\.vhdr: MNE cannot read this file"):
        next(recordings)


def test_a_data_set_without_optional_files(bids):
    (bids / "participants.tsv").unlink()
    for file in bids.rglob("*coordsystem.json"):
        file.unlink()
    assert len(load(bids)) == 1


def test_folders_that_are_no_data_set(bids, tmp_path):
    with pytest.raises(RecordingError, match="no such file or folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match=r"no dataset_description\.json here"):
        load(bids / "sub-01")
    shutil.rmtree(bids / "sub-01")
    with pytest.raises(RecordingError, match="no EEG recordings"):
        load(bids)


def test_unknown_subject(bids):
    assert len(load(bids, subjects=[1])) == 1
    with pytest.raises(RecordingError, match=r"subjects \['2'\] not found, there are \['01'\]"):
        load(bids, subjects=["2"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(trial_type="go"), r"trial_type: 'go' \(25\) found"),
        (lambda t: t.drop(columns="trial_type"), "expected the kinds Target and NonTarget"),
        (lambda t: t[t["trial_type"] == "Target"], r"trial_type: 'Target' \(4\) found, expected"),
        (lambda t: t[t["trial_type"] == "NonTarget"], r"trial_type: 'NonTarget' \(20\) found"),
        (lambda t: t.drop(columns="sample").assign(onset=t["onset"] * 10), "outside the signal"),
        (lambda t: t.assign(stimulus_code="A1"), "flash table cannot be read"),
        (lambda t: t.assign(sample="n/a", onset="n/a"), "found for flash 1, expected seconds"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*annotation.*outside")
def test_wrong_events(bids, change, message):
    change_events(bids, change)
    with pytest.raises(RecordingError, match=message):
        load(bids)


def test_no_events(bids):
    events_of(bids).unlink()
    with pytest.raises(RecordingError, match=r"no events\.tsv belongs to it"):
        load(bids)


def test_a_recording_without_events_is_left_out_by_name(bids):
    copy_run(bids, run=2)
    (bids / "sub-01/eeg/sub-01_task-speller_run-2_events.tsv").unlink()
    with pytest.warns(DataWarning, match=r"1 of 2 recordings have no events.tsv .*run-2_eeg"):
        (recording,) = load(bids)
    assert recording.run == "1"


@pytest.mark.filterwarnings("ignore:.*annotation.*outside")
def test_onsets_in_milliseconds(bids):
    change_events(bids, lambda t: t.drop(columns="sample").assign(onset=1000 * t["onset"]))
    with pytest.raises(RecordingError, match=r"events.tsv: .* they look like milliseconds"):
        load(bids)


def test_a_table_for_all_recordings_of_a_task(bids):
    events_of(bids).rename(bids / "task-speller_events.tsv")
    assert recognise(bids) is not None
    assert len(load(bids)[0].flashes) == 24


def test_other_options_are_guessed_where_the_marks_are_said(bids):
    words = {"Target": 7, "NonTarget": 9}
    change_events(bids, lambda t: t.assign(value=t["trial_type"].map(words), trial_type="go"))
    assert recognise(bids) is None
    assert complete(bids, {"target": [7], "nontarget": [9]}) is not None
    assert complete(bids, {"target": [8], "nontarget": [9]}) is None
    assert complete(bids, {"drop": ["Oz"]}) is None
    copy_run(bids, task="rest")
    assert complete(bids, {"target": [7], "nontarget": [9]})["task"] == "rest"


def test_empty_events(bids):
    events_of(bids).write_text("", encoding="utf-8")
    with pytest.raises(RecordingError):
        load(bids)


def test_a_header_that_is_something_else(bids):
    header = next(bids.rglob("*.vhdr"))
    header.write_text("<html></html>", encoding="utf-8")
    with pytest.raises(RecordingError, match="MNE cannot read this file") as caught:
        load(bids)
    assert str(header) in str(caught.value)


def test_real_recordings(data_root, assert_annotated):
    with pytest.warns(DataWarning, match=r"sub-04.*\['Oz', 'PO8'\] have up to \d{4} times"):
        recordings = load(data_root / "bnci2015-003-bids", layout=ROWS)
    places = [(r.subject, r.run) for r in recordings]
    assert places == [(s, r) for s in ("03", "04", "05") for r in ("1", "2")]
    for recording in recordings:
        found = summarise_recording(recording)
        assert (found["n_flashes"], found["n_targets"], found["n_characters"]) == (900, 150, 5)
        interval = 171.875 if recording.subject == "04" else 187.5
        assert found["onset_interval_range_ms"] == [interval, interval]
        assert found["electrodes"] == ["Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8"]
        assert 0.5 < found["amplitude_microvolts"] < 10
        repetitions = recording.flashes.groupby(["character", "repetition"])
        assert set(repetitions.size()) == {12}
        assert set(repetitions["target"].sum()) == {2}
        assert_annotated(recording)
    spelled = [spelled_text(r.flashes, r.layout) for r in recordings]
    assert spelled == ["?????", "LUKAS", "LUKAS", "LUKAS", "LUKAS", "WATER"]
    assert recordings[0].flashes["code"].isna().all()


@pytest.mark.parametrize(
    ("stated", "reference"), [("average", "average"), (" Cz ", "Cz"), ("n/a", ""), (None, "")]
)
def test_the_stated_reference_is_kept(bids, stated, reference):
    (file,) = bids.glob("sub-01/eeg/*_eeg.json")
    about = json.loads(file.read_text()) | ({"EEGReference": stated} if stated else {})
    file.write_text(json.dumps(about))
    assert load(bids)[0].reference == reference
