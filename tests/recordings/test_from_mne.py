"""A Raw of MNE as a recording."""

from __future__ import annotations

from dataclasses import replace

import mne
import numpy as np
import pandas as pd
import pytest
from studies import make_recording

from p300.errors import RecordingError
from p300.recordings import MATRIX_6X6, Recording
from p300.recordings.marks import MarksNotToldError

KINDS = {"target": ["target/*"], "nontarget": ["nontarget/*"], "code": r"/(\d+)"}
ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
OWN = {"dataset": "mine", "subject": "anna"}


def test_annotations_tell_flashes_codes_and_letters():
    made = make_recording()
    read = Recording.from_mne(made.raw, **OWN, run="2", layout=ROWS, **KINDS)
    pd.testing.assert_frame_equal(read.flashes, made.flashes)
    np.testing.assert_array_equal(read.raw.get_data(), made.raw.get_data())
    assert read.name == "mine/sub-anna/ses-1/run-2"
    assert read.layout == MATRIX_6X6


def test_events_tell_the_same_also_of_a_part():
    made = make_recording()
    part = made.raw.copy().crop(tmin=2.0)
    events, event_id = mne.events_from_annotations(part, verbose="error")
    part.set_annotations(None)
    read = Recording.from_mne(part, **OWN, events=events, event_id=event_id, **KINDS)
    whole = made.flashes["sample"].to_numpy()
    np.testing.assert_array_equal(read.flashes["sample"], whole - 480)
    assert read.flashes["code"].tolist() == made.flashes["code"].tolist()


def test_numbers_without_names_are_marks():
    made = make_recording()
    events = np.zeros((len(made.flashes), 3), dtype=int)
    events[:, 0] = made.flashes["sample"]
    events[:, 2] = 10 + made.flashes["target"]
    bare = made.raw.copy().set_annotations(None)
    read = Recording.from_mne(bare, **OWN, events=events, target=[11], nontarget=[10])
    assert read.flashes["target"].tolist() == made.flashes["target"].tolist()
    assert read.flashes["code"].isna().all()


def test_a_trigger_channel_tells_and_is_no_electrode():
    made = make_recording()
    bare = made.raw.copy().set_annotations(None)
    triggers = np.zeros((1, bare.n_times))
    for sample, target in zip(made.flashes["sample"], made.flashes["target"], strict=True):
        triggers[0, sample : sample + 10] = 1 + int(target)
    info = mne.create_info(["STI"], made.sfreq, "stim")
    bare.add_channels([mne.io.RawArray(triggers, info, verbose="error")], force_update_info=True)
    read = Recording.from_mne(bare, **OWN, stim_channel="STI", target=[2], nontarget=[1])
    assert read.flashes["sample"].tolist() == made.flashes["sample"].tolist()
    assert read.electrodes == made.electrodes


def test_the_raw_stays_as_it_is():
    raw = make_recording().raw
    before, marks = raw.get_data(), list(raw.annotations.description)
    read = Recording.from_mne(raw, **OWN, rename={"Fz": "FCz"}, **KINDS)
    read.raw._data[:] = 0
    assert read.electrodes[0] == "FCz"
    assert raw.ch_names[0] == "Fz"
    np.testing.assert_array_equal(raw.get_data(), before)
    assert list(raw.annotations.description) == marks


def test_what_cannot_be_told_is_asked_for():
    raw = make_recording().raw
    events, event_id = mne.events_from_annotations(raw, verbose="error")
    with pytest.raises(MarksNotToldError, match="options 'target' and 'nontarget'"):
        Recording.from_mne(raw, **OWN)
    with pytest.raises(RecordingError, match="unknown key 'tarjet', did you mean 'target'"):
        Recording.from_mne(raw, **OWN, tarjet=["1"])
    with pytest.raises(RecordingError, match="event_id without events"):
        Recording.from_mne(raw, **OWN, event_id=event_id, **KINDS)
    with pytest.raises(RecordingError, match="'stim_channel' found, expected one of them"):
        Recording.from_mne(raw, **OWN, events=events, stim_channel="STI", **KINDS)
    with pytest.raises(RecordingError, match=r"events of shape \(3,\) and type float64"):
        Recording.from_mne(raw, **OWN, events=[1.0, 2, 3], **KINDS)
    late = events + np.array([raw.n_times, 0, 0])
    with pytest.raises(RecordingError, match="outside of the signal"):
        Recording.from_mne(raw, **OWN, events=late, event_id=event_id, **KINDS)


def test_notebooks_show_a_recording_and_text_is_only_text():
    hostile = replace(make_recording(), subject="<script>x</script>")
    shown = hostile._repr_html_()
    assert "Fz, Cz, Pz, Oz" in shown
    assert "192 flashes, 32 targets, 12 codes, 4 characters" in shown
    assert "<script" not in shown
