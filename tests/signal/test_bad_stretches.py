"""Epochs that touch stretches marked as bad, and those that pauses cut."""

from __future__ import annotations

import json
import warnings

import mne
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from p300.errors import DataWarning, PreprocessingError
from p300.recordings import build_recording
from p300.recordings.annotations import add_annotations
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import Preprocessing, cut_epochs, kept_flashes, preprocess

SFREQ, N = 250.0, 6000
ONSETS = 300 + 100 * np.arange(50)


def record(*marks, **more):
    """A recording of 24 s with flashes every 400 ms from 1.2 s on and (start, duration, mark)."""
    volts = 1e-5 * np.random.default_rng(1).normal(size=(3, N))
    flashes = pd.DataFrame({"sample": ONSETS, "target": np.arange(50) % 5 == 0})
    recording = build_recording(
        volts, ["Fz", "Cz", "Pz"], SFREQ, flashes, dataset="made", subject="1", source="x", **more
    )
    add_annotations(recording.raw, *zip(*marks, strict=True)) if marks else None
    return recording


def quietly_kept(recording, chosen):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return kept_flashes(recording, chosen)["sample"].tolist()


def test_epochs_that_touch_a_bad_stretch_are_left_out_and_counted():
    recording = record((4.0, 3.0, "BAD_movement"), (6.5, 0.6, "bad blink"), (9.0, 1.0, "noise"))
    # From .65 s before 4 s to 7.1 s: flashes at 3.6, 4.0, ..., 6.8 s.
    said = (
        r"^made/sub-1/ses-1/run-1: 9 of 50 epochs touch stretches marked BAD_movement \(3 s\), bad "
        r"blink \(0.6 s\) and are left out; preprocessing.reject_by_annotation: false keeps them$"
    )
    out = [at for at in ONSETS if 3.35 < at / SFREQ < 7.1]
    assert len(out) == 9
    with pytest.warns(DataWarning, match=said):
        epochs = cut_epochs(recording, Preprocessing())
    assert epochs.flashes["sample"].tolist() == sorted({*ONSETS} - {*out})
    with pytest.warns(DataWarning, match="9 of 50"):
        assert len(kept_flashes(recording, Preprocessing())) == 41


def test_a_setting_keeps_them():
    recording = record((4.0, 3.0, "BAD_movement"))
    assert len(preprocess(recording, Preprocessing(reject_by_annotation=False))) == 50
    with pytest.raises(ValidationError):
        Preprocessing(reject_by_annotation="sometimes")


def test_the_epochs_that_stay_are_the_same():
    recording, chosen = record((4.0, 3.0, "BAD_movement")), Preprocessing(normaliser="none")
    all_ = cut_epochs(recording, chosen.model_copy(update={"reject_by_annotation": False}))
    with pytest.warns(DataWarning, match="are left out"):
        kept = cut_epochs(recording, chosen)
    rows = np.isin(all_.flashes["sample"], kept.flashes["sample"])
    np.testing.assert_array_equal(kept.X, all_.X[rows])


@given(
    start=st.integers(0, N - 2),
    length=st.integers(1, 800),
    tmin=st.sampled_from([-0.2, 0.0, 0.1]),
    first=st.sampled_from([0, 500]),
)
@settings(max_examples=25, deadline=None)
def test_mne_leaves_out_the_same(start, length, tmin, first):
    chosen = Preprocessing(tmin=tmin, tmax=0.6)
    recording = record((start / SFREQ, min(length, N - start) / SFREQ, "BAD_x"))
    kept = quietly_kept(recording, chosen)
    events = np.column_stack([ONSETS, 0 * ONSETS, 0 * ONSETS + 1])
    theirs = mne.Epochs(
        recording.raw, events, tmin=tmin, tmax=0.6, baseline=None, preload=True, verbose="error"
    )
    assert theirs.events[:, 0].tolist() == kept


@pytest.mark.parametrize(("at", "out"), [(300, 1), (375, 1), (376, 0), (299, 0)])
def test_a_mark_without_length_is_one_sample(at, out):
    chosen = Preprocessing(tmax=0.3)  # 75 samples
    assert len(quietly_kept(record((at / SFREQ, 0.0, "BAD")), chosen)) == 50 - out


def test_pauses_are_no_bad_stretches():
    marks = [(1200 / SFREQ, 0.0, mark) for mark in ("BAD boundary", "EDGE boundary", "boundary")]
    with pytest.warns(
        DataWarning, match=r"1 flashes .* beyond the signal or into a pause; there ar"
    ):
        epochs = cut_epochs(record(*marks), Preprocessing())
    # The flash at 1100 lies before the pause; the one at 1200 begins with what follows it.
    assert sorted({*ONSETS} - {*epochs.flashes["sample"]}) == [1100]


def test_what_was_not_stored_is_out_whatever_the_setting():
    recording = record((1200 / SFREQ, 250 / SFREQ, "BAD_ACQ_SKIP"))
    for keep in (True, False):
        kept = quietly_kept(recording, Preprocessing(reject_by_annotation=keep))
        assert sorted({*ONSETS} - {*kept}) == [1100, 1200, 1300, 1400]


def test_many_marks_are_not_all_named():
    marks = [(1.2 + 0.4 * k, 0.1, f"BAD_{k}") for k in range(8)]
    with pytest.warns(DataWarning, match=r"BAD_4 \(0.1 s\) and 3 more and are left out"):
        kept_flashes(record(*marks), Preprocessing())


def test_a_recording_of_which_nothing_is_left_is_refused():
    recording = record((0.0, 24.0, "BAD_all"))
    message = (
        r"50 of 50 epochs touch .* BAD_all \(24 s\), none is left; set preprocessing.reject_by_"
    )
    with pytest.raises(PreprocessingError, match=message):
        cut_epochs(recording, Preprocessing())
    assert len(cut_epochs(recording, Preprocessing(reject_by_annotation=False))) == 50


def test_epochs_stored_without_the_setting_are_read(tmp_path):
    folder = cut_epochs(record(), Preprocessing()).save(tmp_path / "epochs")
    (file,) = folder.glob("*.json")
    about = json.loads(file.read_text())
    del about["preprocessing"]["reject_by_annotation"]
    file.write_text(json.dumps(about))
    stored = Epochs.load(folder)
    assert Preprocessing.model_validate(stored.preprocessing).reject_by_annotation
