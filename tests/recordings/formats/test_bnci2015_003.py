from __future__ import annotations

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, summarise_recording
from p300.recordings.flashes import spelled_text


@pytest.fixture
def rows(speller, eeg):
    """Make the 11 x samples array of a run."""

    def make(text="AB", codes=None):
        run = speller(text)
        seconds = np.arange(run.n_samples) / 256
        shown = run.codes if codes is None else codes(run)
        return np.vstack([seconds, eeg(8, run.n_samples), shown, run.targets])

    return make


def load(path, **options):
    return list(open_recordings("bnci2015_003", path, **options))


def test_reads_both_runs(save_mat, rows, assert_annotated):
    path = save_mat("s4.mat", {"s4": {"train": rows("LU"), "test": rows("WA")}})
    train, test = load(path)
    assert (train.subject, train.run, test.run) == ("04", "1", "2")
    assert spelled_text(train.flashes, train.layout) == "LU"
    assert spelled_text(test.flashes, test.layout) == "WA"
    np.testing.assert_allclose(train.raw.get_data(), rows("LU")[1:9] * 1e-6)
    assert_annotated(train)


def test_the_struct_names_the_subject(save_mat, rows, tmp_path):
    for name, subject in (("a.mat", 10), ("b.mat", 2)):
        save_mat(name, {f"s{subject}": {"train": rows(), "test": rows()}})
    assert [r.subject for r in load(tmp_path)] == ["02", "02", "10", "10"]
    assert {r.subject for r in load(tmp_path, subjects=["2"])} == {"02"}
    with pytest.raises(RecordingError, match=r"subjects \['3'\] not found"):
        load(tmp_path, subjects=["3"])


def test_one_subject_in_two_files(save_mat, rows, tmp_path):
    for name in ("s2.mat", "s2 copy.mat"):
        save_mat(name, {"s2": {"train": rows(), "test": rows()}})
    with pytest.raises(RecordingError, match=r"subject 02 is in s2 copy\.mat and in s2\.mat"):
        load(tmp_path)


def test_target_marks_without_codes(save_mat, rows):
    marks_only = rows(codes=lambda run: (run.codes > 0) + run.targets)
    first, second = load(save_mat("s3.mat", {"s3": {"train": marks_only, "test": rows()}}))
    assert first.flashes["code"].isna().all()
    assert second.flashes["code"].notna().all()
    columns = ["sample", "target", "character", "repetition"]
    assert first.flashes[columns].equals(second.flashes[columns])


def test_single_character_flashes(save_mat, eeg):
    codes = np.zeros(200 + 2 * 36 * 10, dtype=int)
    order = np.random.default_rng(0).permutation(36) + 1
    codes[200::10] = np.tile(order, 2)
    targets = codes == 3
    run = np.vstack([np.arange(len(codes)) / 256, eeg(8, len(codes)), codes, targets])
    recording = load(save_mat("s1.mat", {"s1": {"train": run, "test": run}}))[0]
    assert spelled_text(recording.flashes, recording.layout) == "C"
    assert recording.flashes["repetition"].max() == 2


def test_damaged_files(save_mat, rows, spoil, tmp_path):
    save_mat("s1.mat", {"s1": {"train": rows(), "test": rows()}})
    words = spoil(save_mat("s2.mat", {"s2": {"train": rows(), "test": rows()}}))
    with pytest.raises(RecordingError, match=words):
        next(open_recordings("bnci2015_003", tmp_path))


def cleared(row):
    def change(run):
        run[row] = 0
        return run

    return change


def with_nan(run):
    run[3, 40:42] = np.nan
    return run


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (np.transpose, "axes look swapped"),
        (lambda run: run[:8], r"shape \(8, \d+\), expected \[11 rows, samples\]"),
        (lambda run: np.roll(run, 1, axis=0), "first row should be time"),
        (cleared(9), "no flashes"),
        (cleared(10), "none of 48 flashes is a target"),
        (with_nan, r"2 NaN or infinite samples found in \['P3'\]"),
        (cleared(slice(1, 9)), "flat"),
        (lambda run: run * np.r_[1, [1e-6] * 8, 1, 1][:, None], "cannot be EEG in volts"),
        (lambda run: run * np.r_[1, [1e6] * 8, 1, 1][:, None], "cannot be EEG in volts"),
        (lambda run: "text", "expected an array of real numbers"),
    ],
)
def test_wrong_content(save_mat, rows, change, message):
    path = save_mat("s5.mat", {"s5": {"train": change(rows()), "test": rows()}})
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_missing_run(save_mat, rows):
    path = save_mat("s5.mat", {"s5": {"train": rows()}})
    with pytest.raises(RecordingError, match=r"s5\.test is missing"):
        load(path)


def test_a_flat_electrode_is_named(save_mat, rows):
    run = rows()
    run[4] = 5.0
    path = save_mat("s5.mat", {"s5": {"train": run, "test": rows()}})
    with pytest.warns(DataWarning, match=r"electrodes \['Pz'\] are flat"):
        first = load(path)[0]
    assert first.raw.info["bads"] == ["Pz"]


def test_files_of_other_sources(save_mat, tmp_path):
    path = save_mat("S1.mat", {"y": np.ones((5, 8))})
    with pytest.raises(RecordingError, match=r"y \(5, 8\) found.*struct sN"):
        load(path)
    with pytest.raises(RecordingError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_real_recordings(data_root, assert_annotated):
    words = []
    for recording in load(data_root / "bnci2015-003"):
        found = summarise_recording(recording)
        assert (found["n_flashes"], found["n_targets"], found["n_characters"]) == (900, 150, 5)
        assert found["onset_interval_range_ms"] == [78.125, 78.125]
        assert found["electrodes"] == ["Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8"]
        assert 0.5 < found["amplitude_microvolts"] < 3
        blocks = recording.flashes.groupby(["character", "repetition"])["code"]
        assert (blocks.nunique() == 12).all()
        assert len(blocks) == 75
        assert_annotated(recording)
        words.append((recording.subject, spelled_text(recording.flashes, recording.layout)))
    assert words == [(s, w) for s in ("06", "07", "08") for w in ("LUKAS", "WATER")]
