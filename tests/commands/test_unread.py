from __future__ import annotations

import re
import shlex

import mne
import numpy as np
import pandas as pd
import pytest
import specimen_tables
from own_recordings import save_annotated, save_gtec, save_with_table, study
from specimen_files import make_content

from p300.arguments import parse_options
from p300.commands.finding import find_data
from p300.commands.survey import find_one, survey_place
from p300.commands.unread import MOST_TOLD, find_unread
from p300.errors import RecordingError
from p300.recordings import open_recordings

WORDS = {True: "oddball", False: "standard"}
FOREIGN = {True: "go", False: "stay"}


def save_marks(path, words, every=0):
    """Save a recording whose marks say nothing of themselves: every second or third is another."""
    recording = study()[0]
    save_annotated(recording, path, words)
    raw = mne.io.read_raw_fif(path, preload=True, verbose="error")
    if every:
        rare = np.arange(len(raw.annotations)) % every == 0
        names = np.where(rare, words[True], words[False])
        raw.annotations.description = names
    raw.save(path, overwrite=True, verbose="error")
    return path


def test_files_of_several_formats_in_one_folder_are_a_data_set_each(tmp_path):
    first, second = study(2, sfreq=250.0, onset_interval=0.2)
    save_annotated(first, tmp_path / "sub-1_raw.fif", WORDS)
    save_annotated(second, tmp_path / "sub-2_raw.fif", WORDS)
    save_gtec(first, tmp_path / "S1.mat")
    found = find_data(tmp_path)
    assert sorted((one.source, [f.name for f in one.files]) for one in found) == [
        ("annotated", ["sub-1_raw.fif", "sub-2_raw.fif"]), ("gtec_br41n", ["S1.mat"]),
    ]  # fmt: skip
    surveyed = survey_place(tmp_path)
    assert {one.found.source: len(one.recordings) for one in surveyed.surveys} == {
        "annotated": 2, "gtec_br41n": 1,
    }  # fmt: skip
    assert not surveyed.failed
    assert not surveyed.unread


def command_that_goes_on(place):
    """Return the message of ``init``, and the words of the command in it."""
    with pytest.raises(RecordingError) as caught:
        survey_place(place)
    (line,) = (line for line in str(caught.value).splitlines() if "go on:" in line)
    return str(caught.value), shlex.split(line.split("go on:")[1])


@pytest.mark.parametrize(
    "words",
    [FOREIGN, {True: "a, b", False: 'it\'s #1: "x"'}, {True: "[\\S 1]", False: "~ä\t"}],
    ids=["words", "signs", "backslash"],
)
def test_the_marks_and_the_command_that_names_them(tmp_path, words):
    file = save_marks(tmp_path / "my study_raw.fif", words, every=3)
    message, command = command_that_goes_on(tmp_path)
    assert f"{words[False]!r} (96), {words[True]!r} (48) found" in message
    assert command[:4] == ["p300", "init", str(file), "--source"]
    options = parse_options(command[6::2])
    assert options == {"target": [words[True]], "nontarget": [words[False]]}
    found = find_one(file, command[4], options)
    assert found.guessed == ()


def test_codes_without_targets_are_spelled(tmp_path):
    file = save_marks(tmp_path / "a_raw.fif", FOREIGN)
    raw = mne.io.read_raw_fif(file, preload=True, verbose="error")
    raw.annotations.description = [f"flash_{1 + k % 12}" for k in range(len(raw.annotations))]
    raw.save(file, overwrite=True, verbose="error")
    with pytest.raises(
        RecordingError, match=r"p300 spell DETECTOR .*target=unknown.*code="
    ) as told:
        survey_place(tmp_path)
    assert "is an example" in str(told.value)


def test_the_command_for_a_file_that_is_recognised_by_its_format(tmp_path):
    recording = study()[0]
    table = pd.DataFrame(1e6 * recording.raw.get_data().T, columns=recording.electrodes)
    event = np.zeros(len(table), dtype=int)
    event[recording.flashes["sample"]] = recording.flashes["code"]
    table = table.assign(time=np.arange(len(table)) / recording.sfreq, event=event)
    table.to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(RecordingError) as caught:
        survey_place(tmp_path / "a.csv")
    (command,) = (line for line in str(caught.value).splitlines() if "go on:" in line)
    words = shlex.split(command.split("go on:")[1])
    assert words[:6] == ["p300", "spell", "DETECTOR", str(tmp_path / "a.csv"), "--source", "table"]
    options = parse_options(words[7::2])
    (read,) = open_recordings("table", tmp_path / "a.csv", **options)
    assert read.flashes["code"].tolist() == recording.flashes["code"].tolist()


def test_a_bids_data_set_is_one_and_says_what_its_events_are(tmp_path):
    folder = tmp_path / "sub-1" / "eeg"
    folder.mkdir(parents=True)
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    rows = "".join(f"{k}\t0\t{'go' if k % 2 else 'stay'}\n" for k in range(20))
    events = folder / "sub-1_task-x_events.tsv"
    events.write_text("onset\tduration\ttrial_type\n" + rows, encoding="utf-8")
    info = mne.create_info(["Fz", "Cz", "Pz"], 250.0, "eeg")
    raw = mne.io.RawArray(1e-5 * np.random.default_rng(1).normal(size=(3, 6000)), info)
    mne.export.export_raw(folder / "sub-1_task-x_eeg.edf", raw, verbose="error")
    with pytest.raises(RecordingError) as caught:
        survey_place(tmp_path)
    told = str(caught.value).splitlines()
    assert re.search(r"sub-1_task-x_events.tsv: trial_type: '\w+' \(10\), '\w+' \(10\)", told[1])
    assert f"p300 init {tmp_path} --source bids --option 'target=[" in told[2]


def test_of_many_files_some_are_looked_into(tmp_path):
    for k in range(MOST_TOLD + 3):
        (tmp_path / f"x{k}.{'edf' if k < 18 else 'xdf'}").write_bytes(b"something")
    unread, others = find_unread(tmp_path, [])
    assert [one.file.name for one in unread[:-1]] == [
        f"x{k}.{'edf' if k < 18 else 'xdf'}" for k in range(MOST_TOLD)
    ]
    assert unread[-1].reason == "3 more files are not looked into: 3 .xdf"
    assert not others


def test_a_trigger_channel_that_may_hold_marks_is_told(tmp_path):
    recording = study()[0]
    signal = np.vstack([recording.raw.get_data(), np.zeros(recording.raw.n_times)])
    samples = recording.flashes["sample"].to_numpy()
    signal[-1, samples] = np.where(np.arange(len(samples)) % 2, 7, 8)
    names = [*recording.electrodes, "Event port"]
    kinds = ["eeg"] * len(recording.electrodes) + ["misc"]
    info = mne.create_info(names, recording.sfreq, kinds)
    mne.io.RawArray(signal, info, verbose="error").save(tmp_path / "a_raw.fif", verbose="error")
    with pytest.raises(RecordingError) as caught:
        find_one(tmp_path)
    message = str(caught.value)
    assert "'Event port' with '" in message
    assert "--option 'stim_channel=Event port' --option 'target=[" in message
    found = find_one(tmp_path, options={"target": [7], "nontarget": [8]})
    assert found.options["stim_channel"] == "Event port"
    assert found.guessed == ("stim_channel",)


def test_naming_the_source_or_the_marks_leaves_other_guesses_on(tmp_path):
    recording = study()[0]
    recording.raw.rename_channels({"Fz": "EEG Fz-REF", "Cz": "EOG left"})
    file = save_marks(tmp_path / "a_raw.fif", FOREIGN, every=2)
    raw = mne.io.read_raw_fif(file, preload=True, verbose="error")
    raw.rename_channels({"Fz": "EOG left"}).save(file, overwrite=True, verbose="error")
    said = {"target": ["go"], "nontarget": ["stay"]}
    for source in (None, "annotated"):
        found = find_one(file, source, said)
        assert found.options["drop"] == ["EOG left"]
        assert found.guessed == ("drop",)
        found = find_one(file, source, said | {"drop": ["Cz"]})
        assert found.options["drop"] == ["Cz"]
        assert found.guessed == ()
    rows = ["timestamps,TP9,AF7,AF8,TP10,Marker", *(f"{k / 256},1,2,3,4,0" for k in range(9))]
    (tmp_path / "muse.csv").write_text("\n".join(rows) + "\n")
    found = find_data(tmp_path, None, said)
    assert [one.source for one in found] == ["annotated", "muse_csv"]


def test_one_data_set_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        save_with_table(study()[0], tmp_path / name / "sub-1_raw.fif", ["sample", "target"])
    table = tmp_path / "bad" / "sub-1_raw_flashes.csv"
    table.write_text("sample,target\n5,1\n999999999,0\n", encoding="utf-8")
    surveyed = survey_place(tmp_path)
    assert [one.found.name for one in surveyed.surveys] == ["good"]
    assert "outside the signal" in surveyed.failed["bad"]


def test_files_that_are_no_recordings_are_counted_and_damage_is_told(tmp_path):
    save_with_table(study()[0], tmp_path / "sub-1_raw.fif", ["sample", "target"])
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.edf").write_bytes(b"something")
    for name in ("a.docx", "b.docx"):
        (tmp_path / "more" / name).write_bytes(b"something")
    with pytest.raises(RecordingError) as caught:
        survey_place(tmp_path / "more")
    assert "- x.edf: not an EDF or BDF file, it begins with b'something'" in str(caught.value)
    assert "2 .docx: no formats known here" in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(RecordingError, match="the folder has no files"):
        survey_place(tmp_path / "empty")
    with pytest.raises(RecordingError, match="no such file"):
        survey_place(tmp_path / "nowhere")


def test_a_text_table_among_other_files_is_known_by_its_content(tmp_path):
    content = make_content(tuple(study()[0].electrodes))
    specimen_tables.write_openbci(tmp_path, content)
    (tmp_path / "readme.txt").write_text("Nothing but words.\n", encoding="utf-8")
    save_annotated(study()[0], tmp_path / "sub-1_raw.fif", WORDS)
    (tmp_path / "x.vhdr").write_text("damaged", encoding="utf-8")
    for part in ("x.eeg", "x.vmrk", "y.eeg"):
        (tmp_path / part).write_bytes(b"")
    surveyed = survey_place(tmp_path)
    held = [*(one.found for one in surveyed.surveys), *surveyed.failed]
    assert len(held) == 2, held
    assert surveyed.others == {".txt": 1, ".eeg": 1}


def test_an_unknown_option_is_told_before_anything_is_read(tmp_path):
    save_marks(tmp_path / "a_raw.fif", WORDS)
    with pytest.raises(RecordingError, match="did you mean 'target'"):
        find_one(tmp_path, options={"targets": ["x"]})
