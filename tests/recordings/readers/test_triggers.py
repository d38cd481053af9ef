from __future__ import annotations

import warnings

import edfio
import mne
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, recognise_source
from p300.recordings.readers.triggers import Triggers

SFREQ = 512.0
ONSETS = 600 + 200 * np.arange(50)
TARGETS = np.arange(50) % 5 == 2
LENGTH = 11_000


def held(high=17, low=16, length=20):
    values = np.zeros(LENGTH)
    for onset, target in zip(ONSETS, TARGETS, strict=True):
        values[onset : onset + length] = high if target else low
    return values


@pytest.fixture
def save(tmp_path):
    def write(values, kind="stim"):
        signal = 1e-5 * np.random.default_rng(3).normal(size=(4, LENGTH))
        signal[3] = values
        info = mne.create_info(["Fz", "Cz", "Pz", "STI"], SFREQ, ["eeg"] * 3 + [kind])
        path = tmp_path / "sub-1_raw.fif"
        mne.io.RawArray(signal, info, verbose="error").save(path, verbose="error", overwrite=True)
        return path

    return write


def load(path, target=17, nontarget=16, *, stim_channel="STI", **options):
    """Load, check the flashes, and return what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (recording,) = open_recordings(
            "annotated", path, stim_channel=stim_channel, target=[target], nontarget=[nontarget],
            **options,
        )  # fmt: skip
    assert recording.flashes["sample"].tolist() == ONSETS.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    return " ".join(str(w.message) for w in caught)


def test_a_clean_channel_gives_no_warning(save):
    assert load(save(held())) == ""


def test_bits_that_rise_one_after_another(save):
    values = held()
    values[ONSETS[TARGETS]] = 16
    said = load(save(values))
    assert "bits that rise or fall one after another are no marks: 16 (10)" in said


def test_bits_that_fall_one_after_another(save):
    values = held()
    values[ONSETS[TARGETS] + 20] = 16
    assert "rise or fall one after another are no marks: 16 (10)" in load(save(values))


def test_a_bit_on_its_way_from_code_to_code(save):
    values = np.repeat(np.where(TARGETS, 1, 2 + 2 * (np.arange(50) % 2)), 200)  # no gaps
    values = np.concatenate([np.zeros(600), values, np.zeros(LENGTH - 600 - len(values))])
    values[ONSETS[TARGETS]] += values[ONSETS[TARGETS] - 1]  # 3 or 5 before the 1
    with pytest.warns(DataWarning, match=r"are no marks: 3 \(5\), 5 \(5\)"):
        (recording,) = open_recordings(
            "annotated", save(values), stim_channel="STI", target=[1], nontarget=[2, 4]
        )
    assert recording.flashes["sample"].tolist() == ONSETS.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()


def test_marks_of_a_single_sample_are_marks(save):
    assert load(save(held(length=1))) == ""


def test_a_value_that_is_left_when_a_bit_ends(save):
    values = held()
    for onset in ONSETS[TARGETS]:
        values[onset + 20 : onset + 60] = 16
    assert "values that are left when others end are no marks: 16 (10)" in load(save(values))


def test_a_button_in_the_same_channel(save):
    values = held(2, 1)
    for onset in ONSETS[TARGETS]:
        values[onset + 8 : onset + 150] += 256
    assert "258 (10) are left aside" in load(save(values), 2, 1)
    values = held(2, 1)
    for onset in ONSETS[TARGETS]:
        values[onset - 8 : onset + 150] += 256  # pressed before the flash
    path = save(values)
    with pytest.raises(RecordingError, match=r"'256' \(10\), '258' \(10\)"):
        load(path, 2, 1)
    assert load(path, 2, 1, mask=3) == ""


def test_a_shortest_duration(save):
    values = held()
    values[100] = values[300] = 17  # too brief
    said = load(save(values), shortest=0.01)
    assert "values held for less than 0.01 s are no marks: 17 (2)" in said


def test_negative_words(save):
    values = held(2, 1)
    path = save(np.where(values > 0, values - 2**15, 0))
    assert "negative words are read as their absolute values" in load(path, 32766, 32767)
    assert load(path, 2, 1, mask=0x7FFF) == ""
    found = dict(recognise_source(path))["annotated"]
    assert found == {"target": [2], "nontarget": [1], "stim_channel": "STI", "mask": 0x7FFF}


def test_bits_that_are_always_set_tell_nothing(save):
    values = held(2, 1) + 0xFF00
    values[:4] = 0  # before the amplifier began
    path = save(values)
    assert dict(recognise_source(path))["annotated"] == {
        "target": [2], "nontarget": [1], "stim_channel": "STI", "mask": 0xFF,
    }  # fmt: skip
    load(path, 2, 1, mask=0xFF)
    named = {"target": [0xFF02], "nontarget": [0xFF01]}
    assert dict(recognise_source(path, named))["annotated"] == {"stim_channel": "STI"}


def test_a_trigger_channel_that_holds_fractions_is_named(save):
    path = save(held(1.5, 0.5))
    with pytest.raises(RecordingError, match=r"'STI' holds no whole numbers .0, 0.5, 1.5.: write"):
        list(open_recordings("annotated", path))


@pytest.mark.parametrize("kind", ["eeg", "misc", "stim"])
def test_channels_that_may_hold_triggers_are_named(save, kind):
    path = save(held(), kind)
    with pytest.raises(RecordingError, match=r"no channel 'TRIG'.* 'STI' may hold triggers"):
        list(open_recordings("annotated", path, stim_channel="TRIG", target=[1], nontarget=[2]))
    assert load(path) == ""


@pytest.mark.parametrize(("label", "unit", "largest"), [
    ("MarkerValueInt", "uV", 32767), ("TRIG", "uV", 255), ("TRIGGER", "", 32767),
    ("STATUS", "", 255),
])  # fmt: skip
def test_a_marker_channel_of_edf_in_any_unit(tmp_path, label, unit, largest):
    random = np.random.default_rng(1)
    signals = [
        edfio.EdfSignal(10 * random.normal(size=10_752), SFREQ, label=name, physical_dimension="uV")
        for name in ("Fz", "Cz", "Pz")
    ]
    low = -32768 if largest > 255 else 0
    signals.append(
        edfio.EdfSignal(
            held(2, 1)[:10_752], SFREQ, label=label, physical_dimension=unit,
            physical_range=(low, largest),
        )
    )  # fmt: skip
    path = tmp_path / "sub-1.edf"
    edfio.Edf(signals).write(path)
    found = dict(recognise_source(path))["annotated"]
    assert (found["stim_channel"], found["target"], found["nontarget"]) == (label, [2], [1])
    (recording,) = open_recordings("annotated", path, **found)
    assert recording.flashes["sample"].tolist() == ONSETS.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    assert recording.electrodes == ["Fz", "Cz", "Pz"]


def read(*runs, sfreq=SFREQ, **options):
    """Return samples and marks of a channel of (value, samples) from sample 100 on."""
    values = np.concatenate([np.zeros(100), *(np.full(n, value) for value, n in runs), [0]])
    info = mne.create_info(["Fz", "STI"], sfreq, ["eeg", "stim"])
    raw = mne.io.RawArray(np.stack([values * 0, values]), info, verbose="error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        marks = Triggers("STI", **options).read(raw, "file")
    return list(zip(marks["sample"], marks["mark"].astype(int), strict=True))


def test_bits_settle_within_5_ms_and_two_samples():
    assert read((16, 2), (17, 20)) == [(100, 17)]
    assert read((16, 3), (17, 20)) == [(100, 16), (103, 17)]
    assert read((16, 3), (17, 20), sfreq=2048) == [(100, 16), (103, 17)]
    assert read((16, 2), (17, 20), sfreq=250) == [(100, 16), (102, 17)]  # 8 ms


def test_short_marks_side_by_side_are_marks():
    assert read((16, 1), (17, 2)) == [(100, 16), (101, 17)]
    assert read((16, 1), (17, 3)) == [(100, 17)]


def test_short_values_of_other_bits_are_marks():
    assert read((4, 1), (1, 20)) == [(100, 4), (101, 1)]


def test_a_code_of_other_bits_that_follows_is_a_mark():
    apart = [(5, 20), (0, 20)] * 3
    assert read(*apart, (5, 20), (2, 20))[-1] == (240, 2)
    assert read(*apart, (5, 20), (4, 20))[-1] == (220, 5)


def test_what_is_held_for_the_shortest_duration_is_a_mark():
    assert read((3, 8), (0, 50), (1, 7), (0, 50), (2, 9), shortest=1 / 64) == [(100, 3), (215, 2)]


def test_a_channel_that_counts_holds_no_triggers(save):
    with pytest.raises(RecordingError, match="none may hold triggers"):
        load(save(np.arange(LENGTH), "misc"), stim_channel="TRIG")


@given(
    codes=st.lists(st.integers(1, 255), min_size=2, max_size=12, unique=True),
    held_for=st.integers(10, 60),
    bits=st.integers(0, 2**8 - 1),
)
def test_any_codes_that_settle_bit_by_bit_begin_at_their_first_bit(codes, held_for, bits):
    values = np.zeros(100 + 100 * len(codes))
    for k, code in enumerate(codes):
        values[100 + 100 * k : 100 + 100 * k + held_for] = code
        partly = code & bits
        if partly:
            values[100 + 100 * k] = partly
    info = mne.create_info(["Fz", "STI"], SFREQ, ["eeg", "stim"])
    raw = mne.io.RawArray(np.stack([values * 0, values]), info, verbose="error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        marks = Triggers("STI").read(raw, "file")
    assert marks["mark"].tolist() == [str(code) for code in codes]
    assert marks["sample"].tolist() == [100 + 100 * k for k in range(len(codes))]
