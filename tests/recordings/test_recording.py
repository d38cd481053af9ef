from __future__ import annotations

import json
from datetime import UTC, datetime

import mne
import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import (
    FLASH_COLUMNS,
    MATRIX_6X6,
    SEGMENT_EDGE,
    Layout,
    build_recording,
    finish_recording,
    summarise_recording,
)

ELECTRODES = ["fz", "CZ", "po7"]


def table(n=10, every=100, **columns):
    k = np.arange(n)
    return pd.DataFrame({"sample": 50 + every * k, "target": k % 5 == 0, **columns})


@pytest.fixture
def build(eeg):
    def make(flashes=None, signal=None, electrodes=ELECTRODES, **more):
        volts = eeg(3, 1200) * 1e-6 if signal is None else signal
        shown = table() if flashes is None else flashes
        named = {"sfreq": 250.0, "dataset": "demo", "subject": "1", "source": "file.x", **more}
        return build_recording(volts, electrodes, flashes=shown, **named)

    return make


def test_a_recording_knows_its_place(build):
    recording = build(session="2", run="3", layout=MATRIX_6X6)
    assert recording.name == "demo/sub-1/ses-2/run-3"
    assert recording.electrodes == ["Fz", "Cz", "PO7"]
    assert recording.sfreq == 250
    assert "3 electrodes, 250 Hz, 5 s, 10 flashes" in repr(recording)


def test_electrodes_have_positions(build):
    positions = build().raw.get_montage().get_positions()["ch_pos"]
    assert list(positions) == ["Fz", "Cz", "PO7"]
    assert np.isfinite(list(positions.values())).all()
    assert positions["Fz"][1] > positions["Cz"][1] > positions["PO7"][1]


def test_flash_tables_are_completed(build):
    flashes = build(table()[::-1]).flashes
    assert {name: str(kind) for name, kind in flashes.dtypes.items()} == FLASH_COLUMNS
    assert flashes["sample"].is_monotonic_increasing
    assert flashes["code"].isna().all()


def test_flashes_are_annotations(build, assert_annotated):
    recording = build(table(code=np.arange(10) + 1))
    assert_annotated(recording)
    assert list(recording.raw.annotations.description[:2]) == ["target/1", "nontarget/2"]


@pytest.mark.parametrize("first_sample", [0, 1000])
@pytest.mark.parametrize("date", [None, datetime(2011, 3, 1, tzinfo=UTC)])
def test_flashes_count_from_the_first_sample(eeg, first_sample, date, assert_annotated):
    info = mne.create_info(["Fz", "Cz", "Pz"], 250.0, "eeg")
    raw = mne.io.RawArray(eeg(3, 1200) * 1e-6, info, first_samp=first_sample, verbose="error")
    raw.set_meas_date(date)
    # Onsets of a Raw with a date count from the date, others from its first sample.
    first = raw.first_time if date else 0.0
    raw.set_annotations(mne.Annotations([first + 1.0], [0.5], ["BAD_move"], orig_time=date))
    was = raw.annotations.onset
    assert was == pytest.approx(raw.first_time + 1.0)
    recording = finish_recording(raw, table(), dataset="d", subject="1", segment_starts=[0, 700])
    texts = recording.raw.annotations.description
    assert recording.raw.annotations.onset[texts == "BAD_move"] == pytest.approx(was)
    assert recording.segments() == [(0, 700), (700, 1200)]
    recording.raw.annotations.delete(np.flatnonzero(texts == "BAD_move"))
    assert_annotated(recording)


@pytest.mark.parametrize("date", [None, datetime(2011, 3, 1, tzinfo=UTC)])
def test_joins_of_cropped_recordings_divide_them(eeg, date):
    info = mne.create_info(["Fz", "Cz", "Pz"], 250.0, "eeg")
    parts = [mne.io.RawArray(eeg(3, 1000) * 1e-6, info, verbose="error") for _ in range(3)]
    joined = mne.concatenate_raws([p.set_meas_date(date).crop(1.6) for p in parts], verbose="error")
    assert joined.first_samp == 400
    recording = finish_recording(joined, table(), dataset="d", subject="1")
    assert recording.segments() == [(0, 600), (600, 1200), (1200, 1800)]
    assert (recording.raw.annotations.description == "BAD boundary").sum() == 2


def test_segments(build):
    assert build().segments() == [(0, 1200)]
    recording = build(segment_starts=[0, 400, 801])
    assert recording.segments() == [(0, 400), (400, 801), (801, 1200)]
    assert (recording.raw.annotations.description == SEGMENT_EDGE).sum() == 2


def test_targets_may_be_unknown(build, assert_annotated):
    recording = build(table().drop(columns="target"))
    assert recording.flashes["target"].isna().all()
    assert set(recording.raw.annotations.description) == {"flash"}
    assert_annotated(recording)
    assert summarise_recording(recording)["n_targets"] is None


def test_characters_without_a_target_are_told(build):
    codes = [*range(1, 13)] * 2 + [3, 4]
    flashes = table(26).assign(code=codes, character=[1] * 12 + [2] * 12 + [3] * 2)
    flashes["sample"] = 40 * np.arange(26)
    flashes["target"] = [code in (1, 7) for code in codes[:12]] + [False] * 14
    with pytest.warns(DataWarning, match=r"1 of 3 characters have no target \(first: character 2"):
        build(flashes, layout=MATRIX_6X6)  # the third is only cut short
    build(flashes.assign(code=pd.NA), layout=MATRIX_6X6)  # nobody knows what was to be attended


@pytest.mark.parametrize(
    ("flashes", "message"),
    [
        (table(0), "no flashes found"),
        (table(20), "8 flashes lie outside the signal"),
        (table().assign(sample=-1), "10 flashes lie outside"),
        (table().assign(sample=7), "9 flashes share a sample"),
        (table().assign(target=True), "all 10 flashes are targets"),
        (table().assign(target=False), "none of 10 flashes is a target"),
        (table().assign(target=[None] * 4 + [True, False] * 3), "4 of 10 flashes lack a target"),
        (table().drop(columns="sample"), "expected at least 'sample'"),
        (table().assign(sample="soon"), "cannot be read"),
        (table().assign(sample=np.arange(10) + 0.5), "cannot be read"),
        (table().assign(code="A"), "cannot be read"),
    ],
)
def test_impossible_flashes(build, flashes, message):
    with pytest.raises(RecordingError, match=message) as caught:
        build(flashes)
    assert "file.x" in str(caught.value)


def test_impossible_signals(build, eeg):
    good = eeg(3, 1200) * 1e-6
    with pytest.raises(RecordingError, match="3600 NaN or infinite"):
        build(signal=good * np.nan)
    holed = good.copy()
    holed[1, 44] = np.inf
    with pytest.raises(RecordingError, match=r"1 NaN or infinite .*\['Cz'\], first at sample 44"):
        build(signal=holed)
    with pytest.raises(RecordingError, match="all 3 electrodes are flat"):
        build(signal=np.ones((3, 1200)))
    with pytest.raises(RecordingError, match=r"shape \(1200, 3\) found"):
        build(signal=good.T)
    with pytest.raises(RecordingError, match="the axes look swapped"):
        build(signal=good[:, :2])
    with pytest.raises(RecordingError, match="sampling rate 0"):
        build(sfreq=0)


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_impossible_units(build, eeg, factor):
    with pytest.raises(RecordingError, match="cannot be EEG in volts"):
        build(signal=eeg(3, 1200) * 1e-6 * factor)


def test_unusual_units_are_reported(build, eeg):
    with pytest.warns(DataWarning, match="is unusual for EEG"):
        build(signal=eeg(3, 1200) * 1e-9)


def test_flat_electrodes_are_reported_and_marked(build, eeg):
    signal = eeg(3, 1200) * 1e-6
    signal[2] = 1e-5
    with pytest.warns(DataWarning, match=r"electrodes \['PO7'\] are flat"):
        recording = build(signal=signal)
    assert recording.raw.info["bads"] == ["PO7"]


def test_coarse_steps_are_not_flat(build, eeg):
    signal = eeg(3, 1200) * 1e-6
    signal[0] = np.repeat(signal[0, ::10], 10)
    assert build(signal=signal).raw.info["bads"] == []


def test_unknown_electrodes_get_a_hint(build):
    with pytest.warns(DataWarning, match=r"\['PO77'\] are no names .*'PO77' .* 'PO7'"):
        build(electrodes=["Fz", "Cz", "PO77"])
    with pytest.raises(RecordingError, match="name one electrode twice"):
        build(electrodes=["Fz", "Cz", "CZ"])


def test_the_summary_is_json(build):
    found = json.loads(json.dumps(summarise_recording(build(table(character=1)))))
    assert found["n_flashes"] == 10
    assert found["n_targets"] == 2
    assert found["target_share"] == pytest.approx(0.2)
    assert found["n_characters"] == 1
    assert found["onset_interval_ms"] == 400
    assert found["irregular_onsets"] == 0
    # White noise of 10 uV: its first difference has a standard deviation of 10 sqrt(2).
    assert found["amplitude_microvolts"] == pytest.approx(10 * np.sqrt(2), rel=0.1)


def test_irregular_onsets_are_counted(build):
    shown = table()
    shown.loc[4, "sample"] += 9
    found = summarise_recording(build(shown))
    assert found["irregular_onsets"] == pytest.approx(2 / 9)
    assert found["onset_interval_range_ms"] == pytest.approx([364, 436])


def test_codes_that_the_layout_lacks_are_refused_whatever_the_source(build):
    layout = Layout.row_column(["AB", "CD"])
    codes = [1, 2, 3, 4, 1, 2, 3, 4, 5, 7]
    with pytest.raises(RecordingError, match=r"flash codes \[5, 7\] found, the layout has"):
        build(table(code=codes), layout=layout)
    assert build(table(code=[1, 2, 3, 4, 1, 2, 3, 4, 1, 2]), layout=layout).layout == layout
