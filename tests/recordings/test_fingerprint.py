"""Copies are found whatever was done to them; different people are never taken for one."""

from __future__ import annotations

from dataclasses import replace

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_recordings import study

from p300.recordings.fingerprint import FEWEST_STRETCHES, Fingerprint, find_shared, fingerprint

SFREQ = 240.0


def recorded(signal, sfreq=SFREQ):
    """A recording of which only the signal matters, [electrode, sample]."""
    info = mne.create_info(len(signal), sfreq, "eeg", verbose="error")
    return replace(ORIGINAL, raw=mne.io.RawArray(signal, info, verbose="error"))


ORIGINAL = study(characters_per_run=3)[0]
SIGNAL = ORIGINAL.raw.get_data()
SECOND = round(SFREQ)


def in_16_bits(signal, volts):
    """As EDF keeps a signal whose physical range is from -volts to volts."""
    unit = 2 * volts / 2**16
    return unit * np.round(signal / unit)


def found(*signals):
    return find_shared([fingerprint(recorded(signal)) for signal in signals])


COPIES = {
    "itself": SIGNAL,
    "scaled": -1e3 * SIGNAL,
    "scaled by electrode": SIGNAL * np.array([[2.0], [-1], [5], [0.1], [7], [-3], [1], [11]]),
    "single precision": SIGNAL.astype(np.float32).astype(float),
    "EDF of 2 mV": in_16_bits(SIGNAL, 2e-3),
    "EDF of 10 mV": in_16_bits(SIGNAL, 1e-2),
    "other order": SIGNAL[::-1],
    "three electrodes": SIGNAL[[6, 1, 3]],
    "the middle": SIGNAL[:, 5 * SECOND + 7 : 20 * SECOND],
    "the end in an EDF, turned round": -in_16_bits(SIGNAL[::-1, 12 * SECOND + 1 :], 2e-3),
    "a dead electrode among others": np.vstack([np.zeros_like(SIGNAL[:3]), SIGNAL]),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_found(copy):
    (pair,) = found(SIGNAL, copy)
    assert (pair.first, pair.second) == (0, 1)
    seconds = min(SIGNAL.shape[1], copy.shape[1]) / SFREQ
    assert FEWEST_STRETCHES <= pair.stretches <= seconds / 1.28 + 1


@settings(max_examples=20, deadline=None)
@given(
    start=st.integers(0, 10 * SECOND),
    other=st.integers(0, 10 * SECOND),
    factors=st.lists(st.floats(0.01, 100), min_size=8, max_size=8),
)
def test_two_cuts_that_overlap_are_found(start, other, factors):
    signal = SIGNAL * np.array(factors)[:, None]
    assert found(SIGNAL[:, start : start + 20 * SECOND], signal[:, other : other + 20 * SECOND])


def test_cuts_that_do_not_overlap_are_two_recordings():
    middle = SIGNAL.shape[1] // 2
    assert found(SIGNAL[:, :middle], SIGNAL[:, middle:]) == []


def test_each_pair_once():
    pairs = [(pair.first, pair.second) for pair in found(SIGNAL, 2 * SIGNAL, SIGNAL[:, 1:])]
    assert pairs == [(0, 1), (0, 2), (1, 2)]
    assert found() == found(SIGNAL) == []


def test_words_in_common_count_where_they_are_equally_far_apart():
    words = np.arange(1000, dtype=np.uint64)
    times = np.random.default_rng(2).permutation(10**6)[:1000]
    one = Fingerprint(words, times, 5)
    (pair,) = find_shared([one, Fingerprint(words, times + 12345, 5)])
    assert pair.stretches > 800
    assert find_shared([one, Fingerprint(words, times[::-1], 5)]) == []


def test_people_of_a_simulated_study_are_different():
    prints = [fingerprint(one) for one in study(8, 2)]
    assert find_shared(prints) == []
    # Far from it: two recordings share words by chance in one stretch or two.
    assert all(one.stretches > 4 * FEWEST_STRETCHES for one in prints)


def noise(seed, n_electrodes=4, seconds=60):
    """Noise with the spectrum of EEG in volts, another person for each seed."""
    random = np.random.default_rng(seed)
    spectrum = np.fft.rfft(random.standard_normal((n_electrodes, seconds * SECOND)))
    frequencies = np.fft.rfftfreq(seconds * SECOND, 1 / SFREQ)
    return 1e-4 * np.fft.irfft(spectrum / np.maximum(frequencies, 0.3) ** 0.9)


TIME = np.arange(60 * SECOND) / SFREQ
RESPONSES = np.convolve(
    np.isin(np.arange(len(TIME)), np.random.default_rng(1).choice(len(TIME), 200)),
    4e-5 * np.sin(2 * np.pi * np.arange(0, 0.4, 1 / SFREQ) / 0.4),
)[: len(TIME)]

ALIKE = {
    "mains": 1e-4 * np.sin(2 * np.pi * 50 * TIME),
    "nothing but mains": 1e-1 * np.sin(2 * np.pi * 60.01 * TIME),
    "flashes at the same times, responses of one shape": RESPONSES,
    "a steady response": 1e-3 * np.sin(2 * np.pi * 5.7 * TIME),
    "a square wave": 1e-3 * (TIME % 1 < 0.5),
    "a drift": 1e-2 * TIME,
}


@pytest.mark.parametrize("common", ALIKE.values(), ids=ALIKE)
def test_what_recordings_have_in_common_does_not_make_them_one(common):
    assert found(*(noise(seed) + common for seed in range(8))) == []


@pytest.mark.parametrize("mains", [50, 50.02, 60])
def test_a_copy_is_found_under_ten_times_as_much_mains(mains):
    recording = noise(0) + 1e-4 * np.sin(2 * np.pi * mains * TIME)
    assert found(recording, noise(1), 3 * recording[:, 500:]) != []


def test_dead_electrodes_and_coarse_steps_do_not_match():
    dead = [np.vstack([np.zeros((6, 60 * SECOND)), noise(seed, 1)]) for seed in range(6)]
    assert found(*dead) == []
    assert found(*(in_16_bits(noise(seed), 0.2) for seed in range(6))) == []


def test_what_is_too_regular_or_short_to_compare_says_so():
    wave = 1e-4 * np.sin(2 * np.pi * 8 * TIME)
    assert fingerprint(recorded(np.vstack([wave, 2 * wave]))).stretches < FEWEST_STRETCHES
    assert fingerprint(recorded(SIGNAL[:, : 4 * SECOND])).stretches < FEWEST_STRETCHES
    assert fingerprint(recorded(SIGNAL[:, :100])).stretches == 0


@pytest.mark.parametrize("sfreq", [100.0, 250.0, 1000.0, 2048.0])
def test_any_rate(sfreq):
    random = np.random.default_rng(3)
    rough = random.standard_normal((4, round(20 * sfreq)))
    smooth = np.array([np.convolve(row, np.ones(round(sfreq / 40)), "same") for row in rough])
    rounded = np.round(50 * smooth[:, 333:] / smooth.std()).astype(float)
    prints = [fingerprint(recorded(part, sfreq)) for part in (smooth, 2 * smooth[:, 333:], rounded)]
    pairs = find_shared(prints)
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 1), (0, 2), (1, 2)]
    assert all(pair.stretches >= 10 for pair in pairs)


def test_memory_is_small():
    kept = fingerprint(ORIGINAL)
    assert kept.words.nbytes + kept.times.nbytes < 0.02 * SIGNAL.nbytes
    assert len(np.unique(kept.words)) == len(kept.words)


def test_a_word_that_comes_again_is_kept_once():
    again = fingerprint(recorded(np.hstack([SIGNAL, SIGNAL])))
    assert again.times.max() < SIGNAL.shape[1] + 2 * SECOND
