"""Epochs of EEGLAB: the event at time 0, onsets of urevents, signals beside, as versions save."""

from __future__ import annotations

import warnings
from pathlib import Path

import mne
import numpy as np
import pytest
import specimen_epochs as writers
import specimen_files as files
from bad_input import bounded_memory
from scipy.io import loadmat, savemat
from specimen_epochs import epochs_of, load
from specimen_files import make_content

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.mnefile import open_recording

EIGHT = ("Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8")
CONTENT = make_content(EIGHT)


def test_eeglab_epochs_are_those_of_mne(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    (recording,) = load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of several events in an epoch
        theirs = mne.read_epochs_eeglab(path, verbose="error")
    np.testing.assert_allclose(epochs_of(recording).X, theirs.get_data(), atol=1e-13)
    # MNE joins the names of all events of an epoch.
    assert any("/" in name for name in theirs.event_id)


def change_set(path: Path, **changed) -> Path:
    """Rewrite a .set file with other fields."""
    eeg = loadmat(path, struct_as_record=True)["EEG"]
    fields = {name: eeg[name][0, 0] for name in eeg.dtype.names} | changed
    savemat(path, {"EEG": {k: v for k, v in fields.items() if v is not None}}, appendmat=False)
    return path


def test_eeglab_epochs_without_urevents_have_no_onsets(tmp_path):
    (recording,) = load(change_set(writers.write_set(tmp_path, CONTENT), urevent=None))
    assert recording.onset_sfreq is None
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-6, atol=1e-13)


def test_eeglab_epochs_beside_the_file(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    data = (1e6 * writers.cut(CONTENT)).astype("<f4").transpose(0, 2, 1)
    change_set(path, data="C:\\there\\old.fdt")
    with pytest.raises(RecordingError, match=r"its signal in sub-1\.fdt has 0 bytes"):
        load(path)
    data.tofile(path.with_suffix(".fdt"))
    (recording,) = load(path)
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-6, atol=1e-13)


def test_eeglab_channels_that_are_no_eeg(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    kinds = ["EEG"] * 7 + ["EOG"]
    chanlocs = np.array(
        list(zip(EIGHT, kinds, strict=True)), dtype=[("labels", object), ("type", object)]
    )
    with pytest.warns(DataWarning, match=r"channels \['PO8'\] are left out"):
        (recording,) = load(change_set(path, chanlocs=chanlocs))
    assert recording.electrodes == list(EIGHT[:7])


def test_eeglab_epochs_without_an_event_at_time_0(tmp_path):
    path = change_set(writers.write_set(tmp_path, CONTENT), xmin=-0.032)
    with pytest.raises(RecordingError, match="48 of 48 epochs have no event at time 0"):
        load(path)


def test_eeglab_fields_on_their_own(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    eeg = loadmat(path)["EEG"]
    savemat(path, {name: eeg[name][0, 0] for name in eeg.dtype.names}, appendmat=False)
    (recording,) = load(path)
    assert recording.flashes["sample"].tolist() == CONTENT.samples.tolist()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"trials": 1e300}, "EEG.data is float32 of shape"),
        ({"nbchan": 9}, "EEG.data is float32 of shape"),
        ({"srate": 0.0}, "epochs at 0 Hz from"),
        ({"srate": -5.0}, "epochs at -5 Hz from"),
        ({"srate": 1e300, "xmin": 1e300}, r"epochs at 1e\+300 Hz from 1e\+300 s on found"),
        ({"xmin": 1e5}, r"a begin within 3600 s of the flash"),
    ],
)
def test_eeglab_numbers_that_no_recording_has(tmp_path, fields, message):
    path = change_set(writers.write_set(tmp_path, CONTENT), **fields)
    with bounded_memory(), pytest.raises(RecordingError, match=message):
        load(path)


def test_eeglab_with_fewer_rows_than_names(tmp_path):
    path = files.write_set(tmp_path, CONTENT)
    change_set(path, data=loadmat(path)["EEG"]["data"][0, 0][:3])
    with pytest.raises(
        RecordingError, match="signals of 3 channels found, expected those of the 8"
    ):
        open_recording(path)
