from __future__ import annotations

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, summarise_recording


@pytest.fixture
def variables(eeg):
    """Make the variables of a file: two characters of two repetitions."""

    def make(**changes):
        trig = np.zeros((4000, 1), np.int16)
        onsets = np.r_[200 + 40 * np.arange(32), 2200 + 40 * np.arange(32)]
        for k, onset in enumerate(onsets):
            trig[onset : onset + 36] = 1 if k % 16 in (3, 9) else -1
        return {"y": eeg(8, 4000).T, "trig": trig, "fs": np.uint8(250), **changes}

    return make


def load(path, **options):
    return list(open_recordings("gtec_br41n", path, **options))


def test_reads_a_file(save_mat, variables, assert_annotated):
    (recording,) = load(save_mat("S1.mat", variables()))
    flashes = recording.flashes
    assert (recording.subject, recording.sfreq, recording.layout) == ("1", 250.0, None)
    assert flashes["sample"].iloc[[0, 1, 32]].tolist() == [200, 240, 2200]
    assert flashes["code"].isna().all()
    assert flashes["character"].tolist() == [1] * 32 + [2] * 32
    assert flashes.groupby(["character", "repetition"])["target"].sum().tolist() == [2] * 4
    np.testing.assert_allclose(recording.raw.get_data(), variables()["y"].T * 1e-6)
    assert_annotated(recording)


def test_names_give_the_subjects(save_mat, variables, tmp_path):
    for name in ("S10.mat", "s2.mat", "pilot.mat"):
        save_mat(name, variables())
    with pytest.warns(DataWarning, match=r"guessed: pilot\.mat is subject pilot, run 1"):
        found = load(tmp_path)
    assert [(r.subject, r.certain) for r in found] == [("2", True), ("10", True), ("pilot", False)]
    (tmp_path / "pilot.mat").unlink()
    assert [r.subject for r in load(tmp_path, subjects=["02"])] == ["2"]
    found = load(tmp_path, subject=r"^[sS](?P<subject>\d)(?P<run>\d?)")
    assert [(r.subject, r.run) for r in found] == [("1", "0"), ("2", "1")]
    save_mat("S02.mat", variables())
    with pytest.raises(RecordingError, match=r"s2\.mat are both subject, session and run \('2'"):
        load(tmp_path)


def test_damaged_files(save_mat, variables, spoil):
    path = save_mat("S1.mat", variables())
    words = spoil(path)
    with pytest.raises(RecordingError, match=words):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": np.ones((8, 4000))}, "axes look swapped"),
        ({"y": np.ones((4000, 16))}, r"expected \[samples, 8 electrodes\]"),
        ({"trig": np.zeros((4000, 1))}, "no flashes"),
        ({"trig": np.zeros((4010, 1))}, "expected one for each of 4000 samples"),
        ({"trig": np.arange(4000)}, "expected 1, -1 and 0"),
        ({"trig": -(np.arange(4000) % 40 < 36).astype(int)}, "none of 100 flashes is a target"),
        ({"fs": np.array([250, 250])}, "expected one number"),
        ({"fs": 0}, "sampling rate 0.0 Hz"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*repetitions do not have 16 flashes")
def test_wrong_content(save_mat, variables, changes, message):
    path = save_mat("S1.mat", variables(**changes))
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_wrong_units_and_nan(save_mat, variables):
    good = variables()["y"]
    with pytest.raises(RecordingError, match="cannot be EEG in volts"):
        load(save_mat("S1.mat", variables(y=good * 1e-6)))
    good[17, 4] = np.nan
    with pytest.raises(RecordingError, match=r"1 NaN or infinite samples found in \['Pz'\]"):
        load(save_mat("S2.mat", variables(y=good)))


def test_a_flat_electrode_is_named(save_mat, variables):
    signal = variables()["y"]
    signal[:, 1] = 0
    with pytest.warns(DataWarning, match=r"\['C3'\] are flat"):
        load(save_mat("S1.mat", variables(y=signal)))


def test_a_lost_flash_is_reported(save_mat, variables):
    trig = variables()["trig"]
    trig[200:240] = 0
    with pytest.warns(DataWarning, match="1 of 4 repetitions do not have 16 flashes"):
        load(save_mat("S1.mat", variables(trig=trig)))


def test_real_recordings(data_root, assert_annotated):
    recordings = load(data_root / "gtec-br41n")
    assert [r.subject for r in recordings] == ["1", "2"]
    for recording in recordings:
        found = summarise_recording(recording)
        assert (found["n_flashes"], found["n_targets"], found["n_characters"]) == (1200, 150, 5)
        assert found["electrodes"] == ["Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"]
        assert found["sfreq"] == 250
        assert found["onset_interval_ms"] == pytest.approx(176)
        assert 0.5 < found["amplitude_microvolts"] < 5
        blocks = recording.flashes.groupby(["character", "repetition"])["target"]
        assert len(blocks) == 75
        assert (blocks.sum() == 2).all()
        assert_annotated(recording)
