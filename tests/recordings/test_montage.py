from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, PreprocessingError, RecordingError
from p300.recordings import build_recording
from p300.recordings.montage import choose_electrodes, standard_positions, unplaced_electrodes
from p300.signal.preprocessing import preprocess

CHANNELS = ["A", "B", "C", "D"]


@pytest.fixture
def build(eeg):
    def make(electrodes, *, unnamed=True, flat=None):
        shown = pd.DataFrame({"sample": 50 + 100 * np.arange(10), "target": np.arange(10) % 5 == 0})
        volts = eeg(len(electrodes), 1500) * 1e-6
        if flat is not None:
            volts[flat] = 0
        named = {"dataset": "demo", "subject": "1", "source": "file.x", "unnamed": unnamed}
        return build_recording(volts, electrodes, 250.0, shown, **named)

    return make


def test_unnamed_electrodes_have_no_positions(build):
    with pytest.warns(DataWarning, match=r"file\.x: electrodes \['EEG1', 'EEG2'\].*'electrodes'"):
        recording = build(["EEG1", "fz", "EEG2"])
    assert recording.electrodes == ["EEG1", "Fz", "EEG2"]
    places = recording.raw.get_montage().get_positions()["ch_pos"]
    assert [name for name in places if np.isfinite(places[name]).all()] == ["Fz"]
    assert unplaced_electrodes(recording.electrodes) == ["EEG1", "EEG2"]


def test_known_names_need_no_warning(build):
    assert build(["PZ", "Oz"]).electrodes == ["Pz", "Oz"]
    with pytest.raises(RecordingError, match="name one electrode twice"):
        build(["Pz", "pz"])


def test_misspelt_names_stay_errors(build):
    with pytest.raises(RecordingError, match=r"\['PO77'\] found.*'PO7'"):
        build(["PO77", "Fz"], unnamed=False)


@pytest.mark.filterwarnings("ignore:.*no names of the 10-05 system", "ignore:.*are flat")
def test_interpolation_needs_positions(build):
    recording = build(["EEG1", "Fz", "Cz", "Pz", "Oz", "P3"], flat=2)
    with pytest.raises(PreprocessingError, match=r"\['Cz'\] cannot be interpolated.*\['EEG1'\]"):
        preprocess(recording)


def test_standard_positions():
    places = standard_positions()
    assert places["Fz"][1] > places["Cz"][1] > places["Pz"][1]
    assert unplaced_electrodes(["Fz", "T7"]) == []


def test_channels_are_chosen_and_named():
    def choose(**options):
        given = {"drop": None, "electrodes": None, **options}
        return choose_electrodes(CHANNELS, source="file.x", **given)

    assert choose() == {name: name for name in CHANNELS}
    assert choose(drop=["B"]) == {"A": "A", "C": "C", "D": "D"}
    assert choose(drop=["B", "D"], electrodes=["Fz", "Cz"]) == {"A": "Fz", "C": "Cz"}
    for options, message in (
        ({"drop": ["E"]}, r"no channels \['E'\] to drop"),
        ({"drop": CHANNELS}, "no channels are left"),
        ({"electrodes": ["Fz"]}, "names 1 electrodes, the file has 4 channels"),
    ):
        with pytest.raises(RecordingError, match=message):
            choose(**options)
