from __future__ import annotations

from datetime import UTC, datetime

import mne
import numpy as np
import pandas as pd
import pytest

from p300.recordings import SEGMENT_EDGE, content_hash, finish_recording
from p300.recordings.annotations import add_annotations, is_pause

N, SFREQ = 3000, 250.0


def record(marks=(), first=0, date=None, **more):
    """A recording of 12 s, flashes every 100 samples from 100 on, with (onset, duration, mark)."""
    info = mne.create_info(["Fz", "Cz", "Pz"], SFREQ, "eeg")
    volts = 1e-5 * np.random.default_rng(5).normal(size=(3, N))
    raw = mne.io.RawArray(volts, info, first_samp=first, verbose="error").set_meas_date(date)
    onsets, durations, names = zip(*marks, strict=True) if marks else ((), (), ())
    add_annotations(raw, onsets, durations, names)
    k = np.arange(28)
    flashes = pd.DataFrame({"sample": 100 + 100 * k, "target": k % 5 == 0})
    return finish_recording(raw, flashes, dataset="made", subject="1", source="x", **more)


@pytest.mark.parametrize(
    "mark",
    [
        "EDGE boundary",
        "BAD boundary",
        "boundary",
        "Boundary",
        " BOUNDARY",
        "New Segment/",
        "New Segment/LostSamples: 5",
        "new segment",
        "BAD_ACQ_SKIP",
    ],
)
@pytest.mark.parametrize(
    ("first", "date"), [(0, None), (900, None), (900, datetime(2020, 1, 1, tzinfo=UTC))]
)
def test_marks_of_pauses_divide_a_recording(mark, first, date):
    recording = record([(4.0, 0.0, mark)], first, date)
    assert recording.segments() == [(0, 1000), (1000, N)]
    assert recording.bad_stretches() == []


@pytest.mark.parametrize("mark", ["boundary condition", "segment", "New", "BAD_movement", "EDGE"])
def test_other_marks_do_not(mark):
    assert not is_pause(mark)
    assert record([(4.0, 1.0, mark)]).segments() == [(0, N)]


def test_pauses_between_samples_at_the_ends_and_doubled():
    assert record([(999.5 / SFREQ, 0, "boundary")]).segments() == [(0, 1000), (1000, N)]
    both = [(4.0, 0, "BAD boundary"), (4.0, 0, "EDGE boundary"), (999.5 / SFREQ, 0, "boundary")]
    assert record(both).segments() == [(0, 1000), (1000, N)]
    ends = [(0.0, 0, "New Segment/"), ((N - 1) / SFREQ, 0, "boundary")]
    assert record(ends).segments() == [(0, N - 1), (N - 1, N)]


def test_a_boundary_lasts_what_was_cut_out_not_what_follows():
    # EEGLAB: the samples that a boundary's duration counts are not in the recording any more.
    recording = record([(4.0, 3.0, "boundary"), (6.0, np.nan, "boundary")])
    assert recording.segments() == [(0, 1000), (1000, 1500), (1500, N)]


def test_what_was_not_stored_belongs_to_no_segment():
    skipped = [(4.0, 2.0, "BAD_ACQ_SKIP"), (10.0, 2.0, "BAD_ACQ_SKIP")]
    assert record(skipped).segments() == [(0, 1000), (1500, 2500)]


def test_starts_of_segments_and_pauses_go_together():
    recording = record([(4.0, 0.0, "New Segment/")], segment_starts=[0, 1000, 2000])
    assert recording.segments() == [(0, 1000), (1000, 2000), (2000, N)]
    assert (recording.raw.annotations.description == SEGMENT_EDGE).sum() == 2


@pytest.mark.parametrize("first", [0, 900])
def test_bad_stretches_are_told_in_seconds_of_the_recording(first):
    marks = [(8.0, 1.0, "bad blink"), (4.0, 2.5, "BAD_movement"), (5.0, 1.0, "badly"), (6, 1, "ok")]
    told = record(marks, first).bad_stretches()
    assert [mark for _, _, mark in told] == ["BAD_movement", "badly", "bad blink"]
    assert [tuple(one[:2]) for one in told] == [
        pytest.approx((4.0, 6.5)), pytest.approx((5.0, 6.0)), pytest.approx((8.0, 9.0))
    ]  # fmt: skip


def test_what_a_recording_is_depends_on_its_pauses_and_bad_stretches():
    hashes = {
        content_hash(record(marks))
        for marks in ([], [(4.0, 0.0, "boundary")], [(4.0, 1.0, "BAD_x")], [(4.0, 2.0, "BAD_x")])
    }
    assert len(hashes) == 4
    assert content_hash(record([(4.0, 1.0, "a note")])) == content_hash(record())
