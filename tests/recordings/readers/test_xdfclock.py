"""Stamps that jitter, lose samples, wait in chunks or jump back; which sample is when."""

from __future__ import annotations

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.xdfclock import even_clock, span

RATE, N = 256.0, 20_000
LINE = 1000 + np.arange(N) / RATE


def packets(sd, size=12, seed=0):
    """Give jitter that the samples of a packet share, in s."""
    jitter = np.random.default_rng(seed).normal(0, sd, N // size + 1)
    return np.repeat(jitter, size)[:N]


@pytest.mark.parametrize(
    "jitter",
    [
        0 * LINE,
        np.random.default_rng(1).normal(0, 0.003, N),
        packets(0.02),
        np.where(np.arange(N) % 5000 < 200, 0.2 * (1 - np.arange(N) % 5000 / 200), 0),  # waits
    ],
    ids=["none", "samples", "packets", "chunks that wait"],
)
@pytest.mark.parametrize("rate", [256.0, 256.5, 250.0])
def test_jitter_comes_and_goes(jitter, rate):
    clock = even_clock(1000 + np.arange(N) / rate + jitter, 256, "x")
    assert clock.starts == [0]
    assert clock.sfreq == pytest.approx(rate, rel=1e-4)
    assert np.abs(clock.times - 1000 - np.arange(N) / rate).max() < 0.011
    assert (np.diff(clock.times) > 0).all()


@pytest.mark.parametrize("since", [-900, 0, 1.7e9])
def test_nearest_sample_to_the_sample(since):
    clock = even_clock(LINE + since, 256, "x")
    at = np.array([0, 1, 777, N - 1])
    for away in (-0.4, 0, 0.4):
        assert clock.nearest(clock.times[at] + away / RATE).tolist() == at.tolist()
    beyond = [clock.times[0] - 1 / RATE, clock.times[-1] + 1 / RATE, 0, np.nan, -np.inf, np.inf]
    assert clock.nearest(np.array(beyond)).tolist() == [-1] * 6


@pytest.mark.parametrize("jitter", [0.0, 0.003])
@pytest.mark.parametrize("lost", [10, 26, 60, 300, 10_000])
def test_lost_samples_divide(lost, jitter):
    kept = np.delete(np.arange(N + lost), np.arange(6000, 6000 + lost))
    true = 1000 + kept / RATE
    stamps = true + np.random.default_rng(2).normal(0, jitter, N)
    clock = even_clock(stamps, 256, "x")
    assert len(clock.starts) == 2
    assert abs(clock.starts[1] - 6000) <= (0 if jitter == 0 else 2)
    assert clock.sfreq == pytest.approx(RATE, rel=1e-4)
    assert np.abs(clock.times - true).max() < 0.0025
    if lost >= 300:  # a marker in the break has no sample
        assert clock.nearest(np.array([1000 + 6100 / RATE])).tolist() == [-1]


def test_several_losses_close_together():
    lost = np.concatenate([np.arange(a, a + 24) for a in (5000, 5200, 5300, 9000)])
    kept = np.delete(np.arange(N), lost)
    clock = even_clock(1000 + kept / RATE, 256, "x")
    assert clock.starts == [0, 5000, 5176, 5252, 8928]
    assert np.abs(clock.times - 1000 - kept / RATE).max() < 1e-6


@pytest.mark.parametrize("jitter", [0.0, 0.003])
@pytest.mark.parametrize("back", [0.05, 0.2, 3.0, 30.0, 900.0])
def test_a_clock_that_jumps_back_is_refused(back, jitter):
    stamps = LINE + np.random.default_rng(2).normal(0, jitter, N)
    stamps[8000:] -= back
    ranges = r"stamped 1000\.\d+ to 1031\.\d+ s before it, \d+\.\d+ to \d+\.\d+ s from there on"
    with pytest.raises(RecordingError, match=f"^x has a clock that.*{ranges}") as e:
        even_clock(stamps, 256, "x")
    at = int(str(e.value).split("at sample ")[1].split()[0])
    assert abs(at - 8000) <= (0 if jitter == 0 else 3)


def test_a_jump_back_near_an_end_is_refused():
    for place in (3, 100, N - 3):
        stamps = LINE.copy()
        stamps[place:] -= 5
        with pytest.raises(RecordingError, match=f"jumps back by .* at sample {place} of"):
            even_clock(stamps, 256, "x")


def test_a_first_chunk_that_waited_is_no_jump():
    stamps = LINE.copy()
    stamps[:64] += 0.2
    clock = even_clock(stamps, 256, "x")
    assert clock.starts == [0]
    assert np.abs(clock.times - LINE).max() < 0.005


def test_stamps_that_wander_are_told():
    stamps = LINE + 0.04 * np.sin(np.linspace(0, 2 * np.pi, N))
    with pytest.warns(DataWarning, match=r"^x has time stamps that wander by up to [234]\d ms"):
        even_clock(stamps, 256, "x")


@pytest.mark.parametrize("stamps", [[5.0] * 500, [0.0] * 500, np.arange(500.0)[::-1], [np.nan] * 9,
                                    [0, 1, np.inf], [0, 1e308, -1e308]])  # fmt: skip
def test_stamps_that_are_no_clock(stamps):
    with (
        np.errstate(all="ignore"),
        pytest.raises(RecordingError, match=r"^x has .*(do not rise|jumps back)"),
    ):
        even_clock(np.array(stamps, dtype=float), 256, "x")


def test_few_stamps():
    for n in (0, 1):
        with pytest.raises(RecordingError, match=f"has {n} samples"):
            even_clock(LINE[:n], 256, "x")
    assert even_clock(LINE[:2], 256, "x").sfreq == pytest.approx(RATE)
    assert span(LINE[:2]) == "1000.000 to 1000.004 s"
