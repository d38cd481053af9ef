from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bci2000_files import STATES, UNNAMED, dat, encode, load, speller
from hypothesis import given
from hypothesis import strategies as st

from p300.errors import DataWarning, RecordingError
from p300.recordings import summarise_recording
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.bci2000 import recognise
from p300.recordings.readers.bci2000file import decode, read_header, read_samples


@pytest.fixture
def save(tmp_path):
    def write(states=None, name="run.dat", **more):
        path = tmp_path / name
        path.write_bytes(dat(speller() if states is None else states, **more))
        return path

    return write


@pytest.mark.parametrize("sample_type", ["float32", "int16", "int32"])
def test_reads_a_file(save, sample_type, assert_annotated):
    (recording,) = load(save(sample_type=sample_type))
    shown = recording.flashes
    assert (recording.subject, recording.session, recording.run) == ("S one", "2", "3")
    assert (recording.sfreq, recording.electrodes) == (250, ["Fz", "Cz", "Pz"])
    assert shown["sample"].iloc[[0, 1, 10]].tolist() == [200, 240, 800]
    assert shown["code"].tolist() == [3, 1, 5, 2, 4] * 4
    assert shown["character"].tolist() == [1] * 10 + [2] * 10
    assert shown["repetition"].tolist() == ([1] * 5 + [2] * 5) * 2
    assert recording.layout.symbols == ("A", "B", "C", "D", " ", "%")
    assert recording.layout.shape == (2, 3)
    assert spelled_text(shown, recording.layout) == "B%"
    units = 100 * np.random.default_rng(2).normal(size=(len(speller()["StimulusCode"]), 3)).T
    volts = recording.raw.get_data()
    rounding = 1e-11 if sample_type == "float32" else 1e-7
    assert np.abs(volts - (units - 10) * 0.1e-6).max() <= rounding
    assert_annotated(recording)


def test_early_versions_count_columns_first(save):
    (recording,) = load(save(speller(columns_first=True)))
    assert recording.layout.groups[1] == {"A", "D"}
    assert spelled_text(recording.flashes, recording.layout) == "B%"


def test_targets_follow_from_the_text(save):
    states = speller()
    marked = load(save(states))[0].flashes["target"].tolist()
    states["StimulusType"][:] = 0
    with pytest.warns(DataWarning, match="no targets are marked; .* from the text 'B%', .* rows"):
        assert load(save(states))[0].flashes["target"].tolist() == marked
    free = {"parameters": {"InterpretMode": "1"}}
    for unknown in (free, {"text": ""}):
        with pytest.warns(DataWarning, match="codes of rows or of columns come first"):
            assert load(save(states, **unknown))[0].flashes["target"].isna().all()
    with pytest.warns(DataWarning, match="2 characters found, the known text 'BAD' has 3"):
        assert load(save(states, text="BAD"))[0].flashes["target"].isna().all()


def test_a_contradicting_text_is_reported(save):
    with pytest.warns(DataWarning, match="the targets spell 'B%', expected 'AA'"):
        load(save(text="AA"))


def test_flashing_tells_onsets(save):
    states = speller()
    states["PhaseInSequence"] = np.where(np.arange(len(states["StimulusCode"])) % 40 < 8, 1, 0)
    places = {**STATES, "Flashing": STATES["PhaseInSequence"]}
    del places["PhaseInSequence"]
    (recording,) = load(save(states, places=places))
    assert recording.flashes["sample"].iloc[:2].tolist() == [200, 240]
    assert recording.flashes["character"].tolist() == [1] * 10 + [2] * 10


@pytest.mark.parametrize("names", [(), ("Fz", "Cz"), ("Fz", "Fz", "Cz")])
def test_unnamed_channels(save, names):
    path = save(names=names)
    with pytest.warns(DataWarning, match=r"\['EEG1', 'EEG2', 'EEG3'\] are no names"):
        (recording,) = load(path)
    assert recording.electrodes == ["EEG1", "EEG2", "EEG3"]
    (named,) = load(path, drop=["EEG2"], electrodes=["Pz", "oz"])
    assert named.electrodes == ["Pz", "Oz"]
    rows = recording.raw.get_data()
    np.testing.assert_array_equal(named.raw.get_data(), rows[[0, 2]])


def test_names_in_another_code_page(save):
    path = save(names=("Fz", "Cz", "Größe"), encoding="latin-1")
    with pytest.warns(DataWarning, match="'Größe'"):
        assert load(path)[0].electrodes == ["Fz", "Cz", "Größe"]


def test_places_of_files(save, tmp_path):
    save(name="a.dat")
    save(name="sub-2_run-1.DAT")
    (tmp_path / "notes.txt").write_text("-", encoding="utf-8")
    assert [(r.subject, r.run) for r in load(tmp_path)] == [("2", "1"), ("S one", "3")]
    assert [r.subject for r in load(tmp_path, subjects=["2"])] == ["2"]
    assert recognise(tmp_path) == {}
    save(name="b.dat")
    with pytest.raises(RecordingError, match=r"a\.dat and b\.dat are both subject"):
        load(tmp_path)


def test_run_10_is_the_last(save, tmp_path):
    for run in (10, 2, 1):
        save(name=f"{run}.dat", parameters={"SubjectRun": f"{run:02d}"})
    assert [r.run for r in load(tmp_path)] == ["1", "2", "10"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"NumMatrixRows": "2 2 2", "NumMatrixColumns": "2 3 3"},
        {"TargetDefinitions": None},
        {"NumMatrixColumns": "1 9"},
        {"NumMatrixColumns": f"1 {'9' * 6000}"},
    ],
)
def test_an_unknown_matrix(save, parameters):
    with pytest.warns(DataWarning, match="the layout is taken as unknown"):
        (recording,) = load(save(parameters=parameters))
    assert recording.layout is None
    assert recording.flashes["code"].notna().all()


def test_codes_beyond_the_matrix(save):
    states = speller()
    states["StimulusCode"] *= 3
    with pytest.warns(DataWarning, match="flash codes up to 15 found"):
        assert load(save(states))[0].layout is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"length": 999999}, "cut short or damaged: the header should have 999999 bytes"),
        ({"length": 10}, "cut short or damaged"),
        ({"length": "x"}, "not a BCI2000 file"),
        ({"places": {"StimulusType": (1, 0, 0)}}, "expected StimulusCode among them"),
        ({"places": {"StimulusCode": (8, 2, 1)}}, "state definition .* within 3 bytes"),
        ({"places": {"StimulusCode": (64, 0, 0)}}, "state definition"),
        ({"parameters": {"SamplingRate": None}}, "parameter SamplingRate: '' found"),
        ({"parameters": {"SamplingRate": "fast"}}, "parameter SamplingRate: 'fast' found"),
        ({"parameters": {"SamplingRate": "1e999"}}, "parameter SamplingRate"),
        ({"parameters": {"SamplingRate": "0Hz"}}, "sampling rate 0"),
        ({"parameters": {"SourceChGain": None}}, "SourceChGain: 0 values found, expected one"),
        ({"parameters": {"SourceChGain": "3 1 1 1ohm"}}, "parameter SourceChGain: '1ohm' found"),
        ({"parameters": {"SourceChGain": "3 1V 1V 1V"}}, "cannot be EEG in volts"),
        ({"parameters": {"SourceChOffset": "99999 0 0 0"}}, "expected a number of values"),
        ({"parameters": {"TargetDefinitions": "900 { a b } x y"}}, "expected a number of values"),
        ({"parameters": {"TargetDefinitions": "9 { a b c d e f g h i } x"}}, "expected 9 x 9"),
        ({"said": 10**9}, "no whole sample of 4000000003 bytes"),
    ],
)
@pytest.mark.filterwarnings(UNNAMED)
def test_wrong_content(save, more, message):
    path = save(**more)
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>\n" * 40, b"\x00\xff" * 300])
def test_files_that_are_none(tmp_path, content):
    path = tmp_path / "run.dat"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"is empty|not a BCI2000 file"):
        load(path)
    assert recognise(path) is None


@pytest.mark.filterwarnings(UNNAMED)
def test_a_file_cut_short(save):
    path = save()
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    with pytest.warns(DataWarning, match=r"the last sample is cut short \(10 bytes\)"):
        load(path)
    header = read_header(path).n_bytes
    for end in (1, 50, header // 2, header - 1):
        path.write_bytes(content[:end])
        with pytest.raises(RecordingError, match=r"not a BCI2000 file|cut short"):
            load(path)
        assert recognise(path) is None
    path.write_bytes(content[:header])
    with pytest.raises(RecordingError, match="0 bytes after the header are no whole sample"):
        load(path)


def test_no_flashes_and_no_targets(save):
    states = speller()
    states["StimulusCode"][:] = 0
    with pytest.raises(RecordingError, match="no flashes, StimulusCode is 0 throughout"):
        load(save(states))


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"])))
def test_words_are_decoded(word):
    assert decode(encode(word)) == word


@given(st.integers(1, 32), st.integers(0, 15), st.data())
def test_states_lie_anywhere(length, first, data):
    from p300.recordings.readers.bci2000file import State, _read_state

    values = np.array(data.draw(st.lists(st.integers(0, 2**length - 1), min_size=1, max_size=5)))
    bits = np.zeros((len(values), 48), np.uint8)
    bits[:, first : first + length] = (values[:, None] >> np.arange(length)) & 1
    vectors = np.packbits(bits, axis=1, bitorder="little")
    assert _read_state(vectors, State(first, length)).tolist() == values.tolist()


@pytest.mark.filterwarnings(UNNAMED)
def test_real_recording(data_root: Path, assert_annotated):
    folder = data_root / "bci2000-speller"
    assert recognise(folder) == {}
    (recording,) = load(folder, drop=["EEG9", "EEG10"])
    found = summarise_recording(recording)
    assert (found["n_flashes"], found["n_targets"], found["n_characters"]) == (1050, 150, 5)
    assert found["electrodes"] == [f"EEG{k}" for k in range(1, 9)]
    assert found["sfreq"] == 256
    assert found["onset_interval_range_ms"] == [187.5, 187.5]
    assert 0.5 < found["amplitude_microvolts"] < 5
    assert recording.flashes["repetition"].max() == 15
    assert recording.layout.shape == (6, 8)
    assert spelled_text(recording.flashes, recording.layout) == "AH71K"
    _, states = read_samples(read_header(folder / "bp2calib.dat"), ["Running", "StimulusBegin"])
    begins = np.flatnonzero(np.diff(states["StimulusBegin"], prepend=0) > 0)
    assert recording.flashes["sample"].tolist() == begins.tolist()
    assert states["Running"].all()
    assert_annotated(recording)
