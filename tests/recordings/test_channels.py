from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest

from p300.errors import RecordingError
from p300.recordings.channels import Channels

NAMES = ["A", "B", "C", "EOG"]
FILE = Path("x.edf")


def make_raw(kinds="eeg", scale=1e-5):
    signal = scale * np.random.default_rng(1).normal(size=(4, 100))
    info = mne.create_info(NAMES, 128, kinds, verbose="error")
    return mne.io.RawArray(signal, info, verbose="error"), signal


def test_names_in_the_order_of_the_file():
    channels = Channels(electrodes=["Fz", "Cz", "Pz"], drop=["B"])
    assert channels.choose(NAMES, FILE) == {"A": "Fz", "C": "Cz", "EOG": "Pz"}
    assert channels.choose(["C", "B", "A", "1"], FILE) == {"C": "Fz", "A": "Cz", "1": "Pz"}
    assert Channels(rename={"B": "Cz"}).choose(NAMES, FILE, beside=["A"]) == {
        "B": "Cz", "C": "C", "EOG": "EOG",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ["Z"]}, r"x.edf: no channels \['Z'\] to drop, there are"),
        ({"rename": {"Z": "Cz"}}, r"x.edf: no channels \['Z'\] to rename"),
        ({"electrodes": ["Fz"]}, "names 1 electrodes, the file has 4 channels"),
        ({"electrodes": ["Fz", "Cz", "Pz", "Oz", "P3"]}, "names 5 electrodes, the file has 4 cha"),
        ({"drop": NAMES}, "no channels are left"),
    ],
)
def test_channels_that_are_not_there(options, message):
    with pytest.raises(RecordingError, match=message):
        Channels(**options).choose(NAMES, FILE)
    raw, _ = make_raw()
    with pytest.raises(RecordingError, match=message.replace("no channels are left", "x.edf")):
        Channels(**options).keep_eeg(raw, FILE)


def test_the_eeg_of_a_recording():
    raw, signal = make_raw(["eeg", "eeg", "misc", "eog"])
    kept = Channels(electrodes=["Fz", "Cz"]).keep_eeg(raw, FILE)
    assert kept.ch_names == ["Fz", "Cz"]
    np.testing.assert_array_equal(kept.get_data(), signal[:2])


def test_channels_of_no_kind_are_electrodes_when_named_so():
    raw, _ = make_raw("misc")
    with pytest.raises(RecordingError, match="name those that are with the option 'rename'"):
        Channels().keep_eeg(raw, FILE)
    raw, _ = make_raw("misc")
    assert Channels(rename={"A": "Fz", "B": "Cz"}).keep_eeg(raw, FILE).ch_names == ["Fz", "Cz"]


def test_microvolts_that_were_stored_as_volts():
    raw, signal = make_raw(scale=10)
    kept = Channels(microvolts_per_unit=1.0).keep_eeg(raw, FILE)
    np.testing.assert_allclose(kept.get_data(), 1e-6 * signal, rtol=1e-12)
    assert Channels(microvolts_per_unit=2.0).volts([1.0], unit=7).tolist() == [2e-6]
    assert Channels().volts([1.0], unit=1e-3).tolist() == [1e-3]


@pytest.mark.parametrize("options", [{"rename": {"Fz": "Cz"}}, {"electrodes": ["Cz", "Cz", "Pz"]}])
def test_one_name_for_two_channels(options):
    (option,) = options
    with pytest.raises(RecordingError, match=rf"^file: option '{option}' calls .*'Cz'.* all 'Cz'"):
        Channels(**options).choose(["Fz", "Cz", "Pz"], "file")
