from __future__ import annotations

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, summarise_recording
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.bci2_iib import ELECTRODES, MICROVOLTS_PER_UNIT, WORDS


@pytest.fixture
def variables(speller, eeg):
    """Make the variables of a run."""

    def make(text="CAT", *, run=1, labelled=True, **changes):
        shown = speller(text)
        column = shown.codes[:, np.newaxis].astype(np.uint8)
        signal = (eeg(64, shown.n_samples).T / MICROVOLTS_PER_UNIT).astype(np.int16)
        stored = {
            "signal": signal,
            "Flashing": (column > 0).astype(np.uint8),
            "StimulusCode": column,
            "runnr": np.full_like(column, run),
        }
        if labelled:
            stored["StimulusType"] = shown.targets[:, np.newaxis].astype(np.uint8)
        return {name: v for name, v in {**stored, **changes}.items() if v is not None}

    return make


def load(path, **options):
    return list(open_recordings("bci2_iib", path, **options))


def test_reads_a_labelled_run(save_mat, variables, assert_annotated):
    (recording,) = load(save_mat("AAS010R01.mat", variables()))
    assert (recording.subject, recording.session, recording.run) == ("1", "10", "1")
    assert spelled_text(recording.flashes, recording.layout) == "CAT"
    expected = variables()["signal"].T * MICROVOLTS_PER_UNIT * 1e-6
    np.testing.assert_allclose(recording.raw.get_data(), expected)
    assert recording.electrodes == ELECTRODES
    assert_annotated(recording)


def test_names_in_any_case_and_order(save_mat, variables, tmp_path):
    for name, text, run in (("x_aas011r02.MAT", "HAT", 2), ("AAS010R02.mat", "DOG", 2)):
        save_mat(name, variables(text, run=run))
    assert [(r.session, r.run) for r in load(tmp_path)] == [("10", "2"), ("11", "2")]


def test_a_file_named_otherwise_takes_its_run_from_the_content(save_mat, variables):
    (recording,) = load(save_mat("mine.mat", variables("AB", run=3)))
    assert (recording.session, recording.run) == ("1", "3")
    (other,) = load(save_mat("other.mat", variables("AB", runnr=None)))
    assert (other.session, other.run) == ("1", "1")


def test_the_test_session_is_labelled_by_its_words(save_mat, variables):
    (recording,) = load(save_mat("AAS012R01.mat", variables("FOOD", labelled=False)))
    assert spelled_text(recording.flashes, recording.layout) == "FOOD"
    (labelled,) = load(
        save_mat("AAS012R02.mat", variables("AB", run=2, labelled=False)), words={"12/2": "AB"}
    )
    assert spelled_text(labelled.flashes, labelled.layout) == "AB"
    assert labelled.flashes["target"].sum() == 2 * 2 * 2


def test_words_of_another_length_label_nothing(save_mat, variables):
    path = save_mat("AAS012R01.mat", variables("FO", labelled=False))
    with pytest.warns(DataWarning, match="2 characters found, the known text 'FOOD' has 4"):
        (recording,) = load(path)
    assert recording.flashes["target"].isna().all()


def test_an_unknown_run_without_labels_has_no_targets(save_mat, variables, assert_annotated):
    (recording,) = load(save_mat("AAS013R01.mat", variables(labelled=False)))
    assert recording.flashes["target"].isna().all()
    assert_annotated(recording)


def test_targets_that_contradict_the_word(save_mat, variables):
    path = save_mat("AAS010R01.mat", variables("DOG"))
    with pytest.warns(DataWarning, match="targets spell 'DOG', expected 'CAT'"):
        (recording,) = load(path)
    assert spelled_text(recording.flashes, recording.layout) == "DOG"


def test_a_name_that_contradicts_the_content(save_mat, variables):
    with pytest.warns(DataWarning, match="runnr is 5, the name says run 1"):
        load(save_mat("AAS010R01.mat", variables(run=5)))


def test_one_run_in_two_files(save_mat, variables, tmp_path):
    for name in ("AAS010R01.mat", "copy of AAS010R01.mat"):
        save_mat(name, variables())
    with pytest.raises(RecordingError, match="both session 10, run 1"):
        load(tmp_path)


def test_only_subject_one(save_mat, variables):
    path = save_mat("AAS010R01.mat", variables())
    assert len(load(path, subjects=["01"])) == 1
    with pytest.raises(RecordingError, match=r"subjects \['2'\] not found"):
        load(path, subjects=["2"])


def test_the_unit_is_an_option(save_mat, variables):
    path = save_mat("AAS010R01.mat", variables())
    one, two = (load(path, microvolts_per_unit=u)[0].raw.get_data() for u in (0.01, 0.02))
    np.testing.assert_allclose(two, 2 * one)
    with pytest.raises(RecordingError, match="cannot be EEG in volts"):
        load(path, microvolts_per_unit=1e6)


def test_damaged_files(save_mat, variables, spoil):
    path = save_mat("AAS010R01.mat", variables())
    words = spoil(path)
    with pytest.raises(RecordingError, match=words):
        load(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signal": np.ones((64, 1800), np.int16)}, "axes look swapped"),
        ({"signal": np.ones((1800, 8), np.int16)}, "64 electrodes"),
        ({"Flashing": np.zeros((5, 1))}, "expected one for each of"),
        ({"Flashing": None}, "expected the variables signal"),
        ({"StimulusType": "yes"}, "expected an array of real numbers"),
    ],
)
def test_wrong_content(save_mat, variables, changes, message):
    path = save_mat("AAS010R01.mat", variables(**changes))
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Flashing", "no flashes"),
        ("StimulusType", "none of 72 flashes is a target"),
        ("StimulusCode", r"flash codes \[0\] found"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*repetitions do not have 12 flashes")
def test_silent_stimulus_channels(save_mat, variables, name, message):
    path = save_mat("mine.mat", variables(**{name: np.zeros_like(variables()["Flashing"])}))
    with pytest.raises(RecordingError, match=message):
        load(path)


def test_a_flat_electrode_is_named(save_mat, variables):
    signal = variables()["signal"]
    signal[:, 63] = 16
    with pytest.warns(DataWarning, match=r"\['Iz'\] are flat"):
        load(save_mat("AAS010R01.mat", variables(signal=signal)))


def test_words_fit_the_published_sessions():
    assert sum(len(word) for place, word in WORDS.items() if place.startswith("12/")) == 31
    assert sum(len(word) for place, word in WORDS.items() if not place.startswith("12/")) == 42


def test_real_recordings(data_root, assert_annotated):
    recordings = load(data_root / "bci2-iib")
    spelled = [spelled_text(r.flashes, r.layout) for r in recordings]
    assert spelled == ["CAT", "DOG", "HAT", "HAT"]
    for recording in recordings:
        found = summarise_recording(recording)
        assert (found["n_flashes"], found["n_targets"], found["n_characters"]) == (540, 90, 3)
        assert found["onset_interval_range_ms"] == [175, 175]
        assert 1 < found["amplitude_microvolts"] < 10
        blocks = recording.flashes.groupby(["character", "repetition"])["code"]
        assert len(blocks) == 45
        assert (blocks.nunique() == 12).all()
        assert_annotated(recording)


def test_real_recordings_have_ordinary_blinks(data_root):
    # The size of a unit is an assumption; blinks are some 100 uV in everybody.
    recording = load(data_root / "bci2-iib" / "AAS010R01.mat")[0]
    frontal = recording.raw.copy().load_data(verbose="error").pick(["Fpz"])
    frontal.filter(0.5, 20, verbose="error")
    assert 50e-6 < np.percentile(np.abs(frontal.get_data()), 99.9) < 300e-6


def test_words_label_a_real_recording(data_root, save_mat):
    from scipy.io import loadmat

    stored = loadmat(data_root / "bci2-iib" / "AAS010R02.mat")
    kept = {k: stored[k] for k in ("signal", "Flashing", "StimulusCode")}
    (unlabelled,) = load(save_mat("aas010r02.mat", kept))
    (labelled,) = load(data_root / "bci2-iib" / "AAS010R02.mat")
    assert unlabelled.flashes.equals(labelled.flashes)


@pytest.mark.parametrize("run", [np.inf, np.nan, -1.0, 1e300])
def test_a_number_of_a_run_that_is_none(save_mat, variables, run):
    column = np.full((1, 4), run)
    with pytest.raises(RecordingError, match=r"runnr is .*, expected a number from 0 to 999"):
        load(save_mat("AAS010R01.mat", {**variables(), "runnr": column}))
