"""Positions of electrodes: montages of MNE, files of positions, what a recording tells."""

from __future__ import annotations

import math

import mne
import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, PreprocessingError, RecordingError
from p300.recordings import build_recording
from p300.recordings.electrode_names import unplaced_electrodes
from p300.recordings.montage import (
    load_montage,
    positions_of,
    standard_montage,
    standard_positions,
)
from p300.recordings.recording import finish_recording
from p300.signal.preprocessing import preprocess

CHANNELS = ["A", "B", "C", "D"]
NAMED = {"dataset": "demo", "subject": "1", "source": "file.x"}
FLASHES = pd.DataFrame({"sample": 50 + 100 * np.arange(10), "target": np.arange(10) % 5 == 0})


@pytest.fixture
def build(eeg):
    def make(electrodes, *, flat=None, **options):
        volts = eeg(len(electrodes), 1500) * 1e-6
        if flat is not None:
            volts[flat] = 0
        return build_recording(volts, electrodes, 250.0, FLASHES, **NAMED, **options)

    return make


def test_names_of_no_system_have_no_positions(build):
    with pytest.warns(DataWarning, match=r"file\.x: electrodes \['EEG1'\].*'electrodes'") as said:
        recording = build(["EEG1", "fz", "Cz"])
    assert len(said) == 1
    assert recording.electrodes == ["EEG1", "Fz", "Cz"]
    assert list(recording.positions) == ["Fz", "Cz"]
    assert unplaced_electrodes(recording) == ["EEG1"]
    with pytest.warns(DataWarning, match="positions are unknown"):
        assert build(["EEG1", "EEG2", "EEG3"]).positions == {}


def test_known_names_need_no_warning(build):
    recording = build(["PZ", "Oz"])
    assert recording.electrodes == ["Pz", "Oz"]
    assert recording.positions == {name: standard_positions()[name] for name in ("Pz", "Oz")}
    with pytest.raises(RecordingError, match=r"\['Pz', 'pz'\] name one electrode twice"):
        build(["Pz", "pz"])


def test_positions_are_what_mne_places_names_at():
    raw = mne.io.RawArray(
        np.zeros((3, 9)), mne.create_info(["Fz", "T7", "A1"], 100.0, "eeg"), verbose="error"
    )
    raw.set_montage(standard_montage())
    for channel in raw.info["chs"]:
        assert standard_positions()[channel["ch_name"]] == tuple(channel["loc"][:3])
    places = standard_positions()
    assert places["Fz"][1] > places["Cz"][1] > places["Pz"][1]
    assert places["T7"][0] < 0 < places["T8"][0]


@pytest.mark.filterwarnings("ignore:.*no names of the 10-05 system", "ignore:.*are flat")
def test_interpolation_needs_positions(build):
    recording = build(["EEG1", "Fz", "Cz", "Pz", "Oz", "P3"], flat=2)
    with pytest.raises(PreprocessingError, match=r"\['Cz'\] cannot be interpolated.*\['EEG1'\]"):
        preprocess(recording)


def finish(eeg, names, own, unit=1.0, **options):
    """Make a recording of a Raw that has positions of its own."""
    info = mne.create_info(names, 250.0, "eeg")
    raw = mne.io.RawArray(eeg(len(names), 1500) * 1e-6, info, verbose="error")
    for channel in raw.info["chs"]:
        if channel["ch_name"] in own:
            channel["loc"][:3] = unit * np.array(own[channel["ch_name"]])
    return finish_recording(raw, FLASHES, **NAMED, **options)


def test_positions_of_a_file_place_names_of_no_system(eeg):
    own = {"Fz": (0.0, 0.06, 0.08), "E.one": (0.01, 0.02, 0.11), "E.two": (0.05, 0.02, 0.09)}
    recording = finish(eeg, ["Fz", "Cz", "E.one", "E.two"], own)
    assert recording.positions["E.one"] == pytest.approx(own["E.one"])
    assert recording.positions["Fz"] == standard_positions()["Fz"]
    every = {**own, "x": (0.0, -0.05, 0.09)}
    recording = finish(eeg, ["E.one", "E.two", "x"], every)
    assert unplaced_electrodes(recording) == []


@pytest.mark.parametrize("unit", [0.1, 10.0, 1000.0, 0.0, np.nan])
def test_positions_on_no_head_are_not_believed(eeg, unit):
    own = {"E.one": (0.01, 0.02, 0.11), "E.two": (0.05, 0.02, 0.09)}
    with pytest.warns(DataWarning, match=r"\['E.one', 'E.two'\].*positions are unknown"):
        recording = finish(eeg, ["Fz", "Cz", "E.one", "E.two"], own, unit)
    assert list(recording.positions) == ["Fz", "Cz"]


def test_own_positions_go_before_a_guessed_cap(eeg):
    names = [f"E{k + 1}" for k in range(32)]
    own = {name: (0.0, 0.01 * math.cos(k), 0.1) for k, name in enumerate(names)}
    recording = finish(eeg, names, own)
    assert recording.positions["E7"] == pytest.approx(own["E7"])
    del own["E7"]
    with pytest.warns(DataWarning, match="GSN-HydroCel-32"):
        assert finish(eeg, names, own).positions["E9"] != pytest.approx(own["E9"])


def test_a_montage_by_name_in_any_case_and_by_either_name_of_mne():
    for name in ("biosemi128", "BioSemi128"):
        assert load_montage(name, "file.x").ch_names[0] == "A1"
    for name in ("standard_1005", "colin27_1005"):
        assert "Fz" in load_montage(name, "file.x").ch_names
    with pytest.raises(RecordingError, match=r"file\.x: montage 'biosemi182' .* 'biosemi1[26]"):
        load_montage("biosemi182", "file.x")
    with pytest.raises(RecordingError, match="artinis-octamon' is none"):
        load_montage("artinis-octamon", "file.x")


def test_a_montage_places_its_names_and_renames_nothing_else(build):
    with pytest.warns(DataWarning, match=r"\['Fz'\] are no names of the montage biosemi128"):
        recording = build(["a1", "C3", "Fz"], montage="biosemi128")
    assert recording.electrodes == ["A1", "C3", "Fz"]
    places = positions_of(load_montage("biosemi128", ""), "")
    assert recording.positions == {name: pytest.approx(places[name]) for name in ("A1", "C3")}
    assert build(["B1", "A1"], montage="biosemi64").electrodes == ["Fpz", "Fp1"]


SFP = """FidNz 0 9 -2
FidT9 -8 0 -3
FidT10 8 0 -3
X1 0 0 9
X2 0 5 7
X3 5 0 7
"""


def test_a_montage_from_a_file_of_positions(build, tmp_path):
    file = tmp_path / "net.sfp"
    file.write_text(SFP)
    recording = build(["x1", "X2", "X3"], montage=str(file))
    assert recording.electrodes == ["X1", "X2", "X3"]
    assert recording.positions["X2"][1] > recording.positions["X1"][1]
    assert 0.08 < recording.positions["X1"][2] < 0.15


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("bad.sfp", "no positions", "MNE cannot read this file"),
        ("empty.elc", "", "MNE cannot read this file"),
        ("mm.csv", "ch_name,x,y,z\nX1,0,0,95\nX2,0,60,70\n", r"up to 95 m .* check the unit"),
        ("away.xyz", None, r"no file of positions .*away\.xyz"),
    ],
)
def test_files_that_hold_no_head_are_refused(tmp_path, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(RecordingError, match=message):
        load_montage(str(tmp_path / name), "file.x")
