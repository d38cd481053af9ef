from __future__ import annotations

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import MATRIX_6X6, open_recordings
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.bci3_ii import TRUE_STRINGS

N_SAMPLES = 2 * 12 * 42 + 234


@pytest.fixture
def variables(eeg):
    """Make the variables of a file, two repetitions a character, the first flash at sample 0."""

    def make(text="WQ", *, labelled=True, **changes):
        random = np.random.default_rng(3)
        signal = eeg(64, len(text) * N_SAMPLES).T.reshape(len(text), N_SAMPLES, 64)
        codes, types = np.zeros((2, len(text), N_SAMPLES))
        for k, symbol in enumerate(text):
            shown = np.concatenate([random.permutation(12) + 1 for _ in range(2)])
            for at, code in enumerate(shown):
                codes[k, 42 * at : 42 * at + 24] = code
                types[k, 42 * at : 42 * at + 24] = code in MATRIX_6X6.codes_of(symbol)
        stored = {
            "Signal": signal.astype(np.float32),
            "Flashing": (codes > 0).astype(np.float32),
            "StimulusCode": codes.astype(np.float32),
        }
        if labelled:
            stored |= {"StimulusType": types.astype(np.float32), "TargetChar": text}
        return {**stored, **changes}

    return make


def load(path, **options):
    return list(open_recordings("bci3_ii", path, **options))


def test_reads_a_training_file(save_mat, variables, assert_annotated):
    (recording,) = load(save_mat("Subject_A_Train.mat", variables()))
    assert (recording.subject, recording.session, recording.run) == ("A", "1", "1")
    assert spelled_text(recording.flashes, recording.layout) == "WQ"
    samples = recording.flashes["sample"].to_numpy()
    assert samples[[0, 1, 24]].tolist() == [0, 42, N_SAMPLES]
    assert recording.flashes["repetition"].tolist() == np.tile(np.repeat([1, 2], 12), 2).tolist()
    assert_annotated(recording)


def test_characters_stay_apart(save_mat, variables):
    (recording,) = load(save_mat("Subject_A_Train.mat", variables("ABC")))
    assert recording.segments() == [(k * N_SAMPLES, (k + 1) * N_SAMPLES) for k in range(3)]
    stored = variables("ABC")["Signal"]
    signal = recording.raw.get_data()
    for k, (first, end) in enumerate(recording.segments()):
        np.testing.assert_allclose(signal[:, first:end], stored[k].T * 1e-6, rtol=1e-6)


def test_one_character(save_mat, variables):
    (recording,) = load(save_mat("Subject_A_Train.mat", variables("Z")))
    assert spelled_text(recording.flashes, recording.layout) == "Z"
    assert recording.segments() == [(0, N_SAMPLES)]


def test_runs_are_in_the_order_of_recording(save_mat, variables, tmp_path):
    for name in ("subject_b_test.MAT", "Subject_B_Train.mat", "Subject_A_Test.mat"):
        save_mat(name, variables())
    assert [(r.subject, r.run) for r in load(tmp_path)] == [("A", "2"), ("B", "1"), ("B", "2")]
    assert {r.subject for r in load(tmp_path, subjects=["A"])} == {"A"}


def test_a_labelled_test_file_needs_no_text(save_mat, variables):
    stored = variables("AB")
    del stored["TargetChar"]
    (recording,) = load(save_mat("Subject_A_Test.mat", stored))
    assert spelled_text(recording.flashes, recording.layout) == "AB"


def test_true_strings_label_the_test_run(save_mat, variables):
    path = save_mat("Subject_B_Test.mat", variables("MERM", labelled=False))
    (recording,) = load(path, true_strings={"B": "MERM"})
    assert spelled_text(recording.flashes, recording.layout) == "MERM"
    with pytest.warns(DataWarning, match="4 characters found, the known text"):
        (unknown,) = load(path)
    assert unknown.flashes["target"].isna().all()


def test_a_file_that_ends_within_a_flash(save_mat, variables):
    stored = variables("AB")
    for name in ("Flashing", "StimulusCode", "StimulusType"):
        stored[name][0, -5:] = stored[name][1, 0]
    with pytest.warns(DataWarning, match="repetitions do not have 12 flashes"):
        (recording,) = load(save_mat("Subject_A_Train.mat", stored))
    assert {N_SAMPLES - 5, N_SAMPLES} <= set(recording.flashes["sample"])


def test_target_characters_are_compared(save_mat, variables):
    path = save_mat("Subject_A_Train.mat", variables(TargetChar="WX"))
    with pytest.warns(DataWarning, match="targets spell 'WQ', expected 'WX'"):
        load(path)


def test_true_strings_are_whole():
    assert {subject: len(text) for subject, text in TRUE_STRINGS.items()} == {"A": 100, "B": 100}
    assert set("".join(TRUE_STRINGS.values())) <= set(MATRIX_6X6.symbols)


def test_absent_files_tell_where_to_register(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RecordingError, match=r"Register at https://www\.bbci\.de"):
            load(path)


def test_damaged_files(save_mat, variables, spoil):
    path = save_mat("Subject_A_Train.mat", variables())
    words = spoil(path)
    with pytest.raises(RecordingError, match=words):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Signal": np.ones((64, 2, 1242))}, "axes look swapped"),
        ({"Signal": np.ones((1242, 64))}, r"expected \[characters, samples, 64 electrodes\]"),
        ({"Flashing": np.zeros((2, 10))}, r"expected \[2 characters, 1242 samples\]"),
        ({"Flashing": np.zeros((2, 1242))}, "no flashes"),
        ({"StimulusType": np.zeros((2, 1242))}, "none of 48 flashes is a target"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*targets spell '[?]*'")
def test_wrong_content(save_mat, variables, changes, message):
    path = save_mat("Subject_A_Train.mat", variables(**changes))
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_name_that_does_not_tell(save_mat, variables):
    with pytest.raises(RecordingError, match="cannot tell the subject and the run"):
        load(save_mat("mine.mat", variables()))


def test_wrong_units_nan_and_flat(save_mat, variables):
    good = variables()["Signal"]
    with pytest.raises(RecordingError, match="cannot be EEG in volts"):
        load(save_mat("Subject_A_Train.mat", variables(Signal=good * 1e-6)))
    flat = good.copy()
    flat[..., 61] = 0
    with pytest.warns(DataWarning, match=r"\['Oz'\] are flat"):
        load(save_mat("Subject_A_Train.mat", variables(Signal=flat)))
    good[1, 5, 10] = np.nan
    with pytest.raises(RecordingError, match=r"\['Cz'\], first at sample 1247"):
        load(save_mat("Subject_A_Train.mat", variables(Signal=good)))
