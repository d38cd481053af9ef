"""An even clock from uneven stamps: jitter goes, gaps and jumps stay."""

import numpy as np
import pytest

from p300.online.stamps import Stamps

SFREQ = 256.0


def even(seconds=60.0, start=100.0):
    return start + np.arange(round(seconds * SFREQ)) / SFREQ


def shaken(stamps, spread, chunk=8, seed=0):
    number = np.arange(len(stamps)) // chunk
    return stamps + spread * np.random.default_rng(seed).standard_normal(number.max() + 1)[number]


def smoothed(stamps, **options):
    found = Stamps(SFREQ, 30.0)
    for at in range(0, len(stamps), 64):
        assert found.push(stamps[at : at + 64]) is None
    return found


def test_even_stamps_stay_what_they_are():
    found = smoothed(even())
    assert abs(found.last - even()[-1]) < 1e-9
    assert abs(found.line.slope()[0]) < 1e-12
    assert found.jitter < 1e-3


@pytest.mark.parametrize("spread", [0.002, 0.008])
def test_jitter_of_chunks_is_smoothed_away(spread):
    found = smoothed(shaken(even(), spread))
    off = [found.nearest(t) - round((t - 100.0) * SFREQ) for t in even(59.0)[40 * 256 :: 97]]
    assert np.abs(off).max() <= (1 if spread > 0.004 else 0.6)


def test_a_rate_that_is_off_is_followed():
    stamps = 100.0 + (even() - 100.0) * (1 - 1e-4)
    found = smoothed(stamps)
    assert abs(found.last - stamps[-1]) < 1e-3
    assert abs(found.line.slope()[0] + 1e-4) < 1e-9


@pytest.mark.parametrize("seconds", [0.02, 0.5, -0.5, -200.0])
def test_missing_samples_and_jumps_are_noticed_where_they_are(seconds):
    stamps = even()
    stamps[5000:] += seconds
    found = Stamps(SFREQ, 30.0)
    broken = found.push(stamps)
    assert broken is not None
    assert broken.at == 5000
    assert abs(broken.seconds - seconds) < 1e-3
    assert found.n_samples == 5000


def test_pieces_of_any_size_give_the_same():
    stamps = shaken(even(20.0), 0.004)
    whole, pieces = smoothed(stamps), Stamps(SFREQ, 30.0)
    for at in range(0, len(stamps), 37):
        pieces.push(stamps[at : at + 37])
    assert whole.last == pieces.last
    assert whole.nearest(110.003) == pieces.nearest(110.003)


def test_the_nearest_sample_is_told_when_the_next_one_is_there():
    found = smoothed(even(2.0))
    period = 1 / SFREQ
    assert found.nearest(100.0 + 10.4 * period) == 10
    assert found.nearest(100.0 + 10.6 * period) == 11
    assert found.nearest(100.0 - 0.4 * period) == 0
    assert found.nearest(100.0 - 0.6 * period) is None
    assert found.nearest(found.last) is None


def test_long_ago_is_forgotten():
    found = Stamps(SFREQ, 1.0)
    found.push(even(10.0))
    assert found.nearest(102.0) is None
    assert found.nearest(109.5) == round(9.5 * SFREQ)
