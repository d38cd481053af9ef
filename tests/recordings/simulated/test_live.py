"""EEG that comes while it is watched is that of the study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import welch

from p300.recordings.simulated.eeg import draw_subject, simulate_eeg
from p300.recordings.simulated.live import BLOCK, LiveEeg
from p300.recordings.simulated.study import ELECTRODES

SFREQ = 240.0
SECONDS = 600


def subject():
    return draw_subject(np.random.default_rng(4), ELECTRODES, hard=False)


def live(seed=1):
    return LiveEeg(np.random.default_rng(seed), subject(), SFREQ)


def taken(eeg, n_samples, sizes=(12,)):
    pieces, n = [], 0
    while n < n_samples:
        for size in sizes:
            pieces.append(eeg.take(min(size, n_samples - n)))
            n += pieces[-1].shape[1]
    return np.hstack(pieces)


@pytest.fixture(scope="module")
def both():
    n = round(SECONDS * SFREQ)
    nothing = np.empty(0), np.empty(0, dtype=bool)
    once = simulate_eeg(np.random.default_rng(2), subject(), *nothing, n, SFREQ)
    return once, taken(live(), n)


def test_its_spectrum_is_that_of_the_study(both):
    frequency, once = welch(both[0], SFREQ, nperseg=4096)
    _, coming = welch(both[1], SFREQ, nperseg=4096)
    for low, high in ((0.3, 1), (1, 4), (4, 8), (8, 12), (12, 30), (30, 48), (49, 51), (55, 100)):
        band = (frequency >= low) & (frequency < high)
        ratio = coming[:, band].mean(axis=1) / once[:, band].mean(axis=1)
        assert (np.abs(np.log(ratio)) < 0.35).all(), (low, high, ratio)


def test_electrodes_covary_as_in_the_study(both):
    once, coming = (np.corrcoef(np.diff(one)) for one in both)
    np.testing.assert_allclose(coming, once, atol=0.08)


def test_it_is_as_large_in_the_middle_of_a_fade_as_elsewhere():
    hop = round(BLOCK / 2 * SFREQ)
    power, quiet = np.zeros(4), replace(subject(), mains=np.zeros(8), blinks_per_minute=0.0)
    for seed in range(12):
        eeg = np.diff(LiveEeg(np.random.default_rng(seed), quiet, SFREQ).take(hop))
        power += [np.median(part**2) for part in np.array_split(eeg, 4, axis=1)]
    assert power.max() / power.min() < 1.1


def test_the_size_of_pieces_changes_nothing_but_when_blinks_are_drawn():
    still = replace(subject(), blinks_per_minute=0.0)
    signals = [
        taken(LiveEeg(np.random.default_rng(1), still, SFREQ), 20_000, sizes)
        for sizes in ((1, 7, 64), (12,), (20_000,))
    ]
    for signal in signals[1:]:
        np.testing.assert_allclose(signal, signals[0], atol=1e-12)


def test_responses_are_those_of_the_study():
    onsets = 1.0 + np.arange(300) * 1.5
    one, nothing = subject(), np.zeros((8, 1))
    who = replace(one, background=nothing, alpha=nothing, drift=0.0, blinks_per_minute=0.0,
                  mains=np.zeros(8))  # fmt: skip
    n, window = round(460 * SFREQ), np.arange(round(0.8 * SFREQ))
    for target in (True, False):
        eeg = LiveEeg(np.random.default_rng(1), who, SFREQ)
        pieces, shown = [], list(onsets)
        while eeg.n_samples < n:
            while shown and shown[0] < (eeg.n_samples + 8) / SFREQ:
                assert eeg.flash(shown.pop(0), target=target) == 0
            pieces.append(eeg.take(8))
        coming = np.hstack(pieces)
        once = simulate_eeg(np.random.default_rng(2), who, onsets, np.full(300, target), n, SFREQ)
        at = np.round(onsets * SFREQ).astype(int)[:, None] + window
        means = [signal[:, at].mean(axis=1) for signal in (coming, once)]
        np.testing.assert_allclose(*means, atol=4e-7)
        assert (np.abs(means[0]).max() > 2e-6) == target


def test_a_flash_that_is_told_too_late_is_told_so():
    eeg = live()
    eeg.take(480)
    assert eeg.flash(2.0, target=True) == 0
    assert eeg.flash(2.5, target=True) == 0
    assert eeg.flash(1.8, target=False) == pytest.approx(0.2 - 0.04, abs=0.05)
    assert eeg.flash(1.8, target=False) < eeg.flash(1.7, target=False)
