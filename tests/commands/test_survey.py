from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import test_xdf
from own_recordings import save_annotated, save_gtec, save_with_table, study
from specimen_files import make_content, write_bids

from p300.commands.finding import find_data
from p300.commands.survey import find_one, survey
from p300.errors import EpochsError, RecordingError, StudyError
from p300.recordings import Layout

WORDS = {True: "oddball", False: "standard"}
OTHER_WORDS = {True: "S 10", False: "S 20"}


def save_folder(folder, subjects=2):
    folder.mkdir(parents=True)
    for recording in study(subjects):
        save_annotated(recording, folder / f"sub-{recording.subject}_raw.fif", WORDS)
    return folder


def test_a_folder_is_one_data_set(tmp_path):
    folder = save_folder(tmp_path / "my study")
    (found,) = find_data(folder)
    assert (found.name, found.path, found.source) == ("my_study", folder, "annotated")
    assert found.options == {"target": ["oddball"], "nontarget": ["standard"]}
    assert set(found.guessed) == {"target", "nontarget"}


def test_subfolders_of_several_formats(tmp_path):
    save_folder(tmp_path / "a" / "eeg")
    (tmp_path / "b" / "eeg").mkdir(parents=True)
    save_gtec(study(sfreq=250.0, onset_interval=0.2)[0], tmp_path / "b" / "eeg" / "S1.mat")
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    found = find_data(tmp_path)
    assert [(one.name, one.source) for one in found] == [
        ("eeg", "annotated"),
        ("b_eeg", "gtec_br41n"),
    ]
    with pytest.raises(RecordingError, match=r"several data sets found.*gtec_br41n"):
        find_one(tmp_path)
    assert find_one(tmp_path / "b").name == "eeg"


def test_files_that_nothing_reads_do_not_divide_a_folder(tmp_path):
    save_annotated(study()[0], tmp_path / "sub-1_raw.fif", WORDS)
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    (found,) = find_data(tmp_path)
    assert (found.source, found.path, found.files) == ("annotated", tmp_path, None)


def test_hidden_folders_are_not_searched(tmp_path):
    save_folder(tmp_path / ".old", 1)
    assert find_data(tmp_path) == []


def test_whatever_lies_beside_its_subjects_bids_is_one_data_set(tmp_path):
    write_bids(tmp_path, make_content(("Fz", "Cz", "Pz", "Oz")))
    save_annotated(study()[0], tmp_path / "sub-1_raw.fif", WORDS)
    rows = ["timestamps,TP9,AF7,AF8,TP10,Marker", *(f"{k / 256},1,2,3,4,0" for k in range(9))]
    (tmp_path / "muse.csv").write_text("\n".join(rows) + "\n")
    assert [(one.source, one.path) for one in find_data(tmp_path)] == [("bids", tmp_path)]


def test_a_folder_of_numbered_folders_is_one_data_set(tmp_path):
    for recording in study(2):
        (tmp_path / f"Subject_{recording.subject}").mkdir()
        name = f"Subject_{recording.subject}/train_2022_raw.fif"
        save_annotated(recording, tmp_path / name, WORDS)
    assert find_one(tmp_path).path == tmp_path
    found = survey(find_one(tmp_path))
    assert found.recordings[["subject", "run", "certain"]].to_numpy().tolist() == [
        ["1", "1", False], ["2", "1", False],
    ]  # fmt: skip
    assert any("guessed: Subject_1/train_2022_raw.fif is subject 1" in w for w in found.warnings)


@pytest.mark.parametrize(("name", "words"), [("Subject_3", OTHER_WORDS), ("anna", WORDS)])
def test_folders_that_are_called_or_read_otherwise_stay_apart(tmp_path, name, words):
    for folder, said in (("Subject_1", WORDS), ("Subject_2", WORDS), (name, words)):
        (tmp_path / folder).mkdir()
        save_annotated(study()[0], tmp_path / folder / "x_raw.fif", said)
    assert {one.path.name for one in find_data(tmp_path)} == {"Subject_1", "Subject_2", name}


def test_one_signal_under_two_names_is_refused_before_a_config_is_written(tmp_path):
    for label in ("1", "2"):
        save_annotated(study()[0], tmp_path / f"sub-{label}_raw.fif", WORDS)
    with pytest.raises(StudyError, match=r"same signal .*sub-1_raw\.fif .*sub-2_raw\.fif"):
        survey(find_one(tmp_path))


def test_a_flash_table_is_tried_before_annotations(tmp_path):
    recording = study()[0]
    save_annotated(recording, tmp_path / "one_raw.fif", WORDS)
    table = recording.flashes[["sample", "target"]]
    table.to_csv(tmp_path / "one_raw_flashes.csv", index=False)
    (found,) = find_data(tmp_path / "one_raw.fif")
    assert found.source == "flash_table"
    assert found.others == ("annotated",)


def test_what_the_user_says_overrides_what_is_guessed(tmp_path):
    folder = save_folder(tmp_path / "study", subjects=1)
    (found,) = find_data(folder, options={"target": ["standard"], "nontarget": ["oddball"]})
    assert found.options == {"target": ["standard"], "nontarget": ["oddball"]}
    assert found.guessed == ()
    (named,) = find_data(folder, "annotated", {"target": ["odd*"], "nontarget": ["stan*"]})
    assert (named.source, named.guessed) == ("annotated", ())
    with pytest.raises(RecordingError, match="did you mean 'target'"):
        find_data(folder, "annotated", {"targets": ["x"]})


def test_a_survey_keeps_what_the_recordings_say(tmp_path):
    for recording in study(2, 2):
        name = f"sub-{recording.subject}_run-{recording.run}_raw.fif"
        columns = ["sample", "target", "code", "character", "repetition"]
        save_with_table(recording, tmp_path / name, columns)
    steps = []
    found = survey(find_one(tmp_path), lambda *step: steps.append(step))
    assert found.recordings["subject"].tolist() == ["1", "1", "2", "2"]
    assert found.recordings["run"].tolist() == ["1", "2", "1", "2"]
    assert set(found.recordings["sfreq"]) == {240.0}
    assert len(found.flashes) == 4 * 2 * 6 * 12
    assert found.layout is not None
    assert found.warnings == ()
    assert [done for _, done, _ in steps] == [1, 2, 3, 4]


def test_warnings_are_kept_and_errors_raised(tmp_path):
    recording = study()[0]
    save_with_table(recording, tmp_path / "one_raw.fif", ["sample", "target"])
    (tmp_path / "two_raw.fif").write_bytes((tmp_path / "one_raw.fif").read_bytes())
    found = survey(find_one(tmp_path))
    assert len(found.warnings) == 1
    assert "two_raw.fif: left out" in found.warnings[0]
    (tmp_path / "one_raw.fif").write_bytes(b"damaged")
    with pytest.raises(RecordingError, match=r"one_raw\.fif"):
        survey(find_one(tmp_path))


def test_codes_on_different_layouts_are_refused_before_a_config_is_written(tmp_path, monkeypatch):
    first, second = (replace(one, dataset="study") for one in study(2, 1))
    other = replace(second, layout=Layout.row_column(["ABCDEF", "123456"]))
    monkeypatch.setattr("p300.commands.survey.open_found", lambda _: iter([first, other]))
    save_folder(tmp_path / "study")
    with pytest.raises(EpochsError, match="expected one layout for all recordings"):
        survey(find_one(tmp_path / "study"))


def test_microvolts_stored_as_volts_are_guessed(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    recordings = study(2)
    for recording in recordings:
        recording.raw.apply_function(lambda x: 1e6 * x)
        save_annotated(recording, folder / f"sub-{recording.subject}_raw.fif", WORDS)
        recording.raw.apply_function(lambda x: 1e-6 * x)
    one = survey(find_one(folder))
    assert one.found.options["microvolts_per_unit"] == 1
    assert "microvolts_per_unit" in one.found.guessed
    said = find_one(folder, options={"microvolts_per_unit": 1e6})
    with pytest.raises(RecordingError, match="option 'microvolts_per_unit'"):
        survey(said)
    # Where others are in volts nothing is guessed.
    save_annotated(recordings[0], folder / "sub-3_raw.fif", WORDS)
    with pytest.raises(RecordingError, match=r"sub-1_raw.fif .* option 'microvolts_per_unit'"):
        survey(find_one(folder))


def test_volts_in_a_table_are_guessed(tmp_path):
    recording = study()[0]
    table = pd.DataFrame(recording.raw.get_data().T, columns=recording.electrodes)
    mark = np.zeros(len(table), dtype=int)
    mark[recording.flashes["sample"]] = 1 + recording.flashes["target"].astype(int)
    table.assign(time=np.arange(len(table)) / recording.sfreq, event=mark).to_csv(
        tmp_path / "a.csv"
    )
    found = survey(find_one(tmp_path)).found
    assert (found.source, found.options["microvolts_per_unit"]) == ("table", 1e6)


KINDS = ["33" if k % 5 == 2 else "44" for k in range(75)]


def save_xdf(folder):
    marks = [(test_xdf.START + 1 + 0.12 * k, kind) for k, kind in enumerate(KINDS)]
    (folder / "sub-1.xdf").write_bytes(test_xdf.xdf(marks))


def save_muse(folder):
    table = pd.DataFrame(1e-5 * np.random.default_rng(1).normal(size=(3000, 4)) * 1e6)
    table.columns = ["TP9", "AF7", "AF8", "TP10"]
    table.insert(0, "timestamps", 1.6e9 + np.arange(3000) / 256)
    table["Marker"] = 0
    table.loc[100 + 30 * np.arange(75), "Marker"] = [int(kind) for kind in KINDS]
    table.to_csv(folder / "sub-1.csv", index=False)


@pytest.mark.parametrize("save", [save_xdf, save_muse])
def test_marks_that_only_the_content_tells_are_guessed(tmp_path, save):
    save(tmp_path)
    found = survey(find_one(tmp_path)).found
    assert found.options == {"target": [33], "nontarget": [44]}
    assert found.guessed == ("target", "nontarget")
    with pytest.raises(RecordingError, match=r"'44' \(60\)"):
        survey(find_one(tmp_path, options={"target": ["x"], "nontarget": ["y"]}))
