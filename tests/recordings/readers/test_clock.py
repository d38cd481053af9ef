from __future__ import annotations

import warnings

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.clock import PACKET, read_clock, read_counter, read_gaps

K = np.arange(3000)


def test_even_stamps_tell_rate_and_gaps():
    clock = read_clock(1.6e9 + np.round(K / 256, 3), "here")
    assert (clock.sfreq, clock.starts) == (256, [0])
    assert read_clock(K / 97.65625, "here").sfreq == pytest.approx(97.65625)
    kept = np.delete(K, [*range(700, 730), 1500])
    with pytest.warns(DataWarning, match="here: about 31 samples are missing in 2 gaps"):
        assert read_clock(kept / 256, "here").starts == [0, 700, 1470]
    with pytest.warns(DataWarning, match="about 30 samples are missing in 1 gaps") as caught:
        assert read_clock(np.delete(K, range(700, 730)) / 256, "here").starts == [0, 700]
    assert len(caught) == 1


def packets(n, *, rate=256.0, jitter=0.012, first=5, lost=()):
    """Stamp packets when they come, late by chance, as a Muse's stream does."""
    random = np.random.default_rng(3)
    number = (np.arange(n * PACKET) + PACKET - first) // PACKET
    late = jitter * random.random(number[-1] + 1)
    kept = ~np.isin(number, lost)
    return (np.arange(n * PACKET) / rate + late[number])[kept]


@pytest.mark.parametrize("jitter", [0.006, 0.012, 0.045])
def test_packets_are_smoothed(jitter):
    with pytest.warns(DataWarning, match=r"uneven, or step back, at \d+ edges .* 256 Hz"):
        clock = read_clock(packets(250, jitter=jitter), "here")
    assert (clock.sfreq, clock.starts) == (256, [0])


@pytest.mark.parametrize("jitter", [0.004, 0.006, 0.03])
def test_lost_packets_divide(jitter):
    stamps = packets(250, jitter=jitter, lost=[60, 61, 120])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clock = read_clock(stamps, "here")
    assert any("about 36 samples are missing in 2 gaps" in str(w.message) for w in caught)
    assert clock.sfreq == 256
    assert clock.starts == [0, 5 + 12 * 59, 5 + 12 * 117]


def test_steps_back_within_packets_are_refused():
    stamps = packets(250)
    stamps[100] -= 0.02
    with pytest.raises(RecordingError, match=r"do not rise at \d+ samples"):
        read_clock(stamps, "here")
    with pytest.raises(RecordingError, match="packets of 12 samples have one stamp each"):
        read_clock(np.repeat(K[11::12], 12) / 256, "here")
    with pytest.raises(RecordingError, match=r"a rate of 0\.256 Hz; expected seconds: .* BlueMuse"):
        read_clock(1000 * K / 256, "here")


@pytest.mark.parametrize("unit", [1, 1e3, 1e6])
def test_gaps_at_a_known_rate(unit):
    assert read_gaps(unit * K / 250, 250, "here") == [0]
    kept = np.delete(K, [100, *range(400, 410)])
    with pytest.warns(DataWarning, match="about 11 samples are missing in 2 gaps"):
        assert read_gaps(unit * kept / 250, 250, "here") == [0, 100, 399]


@pytest.mark.parametrize("size", [10, 200])
@pytest.mark.parametrize("unit", [1, 1e3])
def test_stamps_of_blocks_show_pauses_alone(size, unit):
    blocks = K // size * size / 250
    assert read_gaps(unit * np.delete(blocks, 100), 250, "here") == [0]
    with pytest.warns(DataWarning, match="in 1 gaps"):
        assert read_gaps(unit * (blocks + 3 * (K >= 1000)), 250, "here") == [0, 1000]


def test_stamps_of_another_rate():
    with pytest.raises(RecordingError, match=r"expected 0.004 s .* option 'sfreq'"):
        read_gaps(K / 500, 250, "here")
    with pytest.raises(RecordingError, match="jump back after row 1500"):
        read_gaps(K / 250 - 4 * (K >= 1500), 250, "here")
    with pytest.raises(RecordingError, match="no time stamp in row 8"):
        read_gaps(np.where(K == 7, np.nan, K / 250), 250, "here")
    with pytest.raises(RecordingError, match="on average found"):
        read_gaps(np.zeros(100), 250, "here")


@pytest.mark.parametrize(("step", "period"), [(1, 256), (2, 256), (1, 3000), (1, np.inf)])
def test_counters(step, period):
    counter = step * K % period
    assert read_counter(counter, "Counter", "here") == [0]
    with pytest.warns(DataWarning, match="about 11 samples are missing in 2 gaps"):
        found = read_counter(np.delete(counter, [100, *range(400, 410)]), "Counter", "here")
    assert found == [0, 100, 399]


@pytest.mark.parametrize("counter", [np.zeros(100), K // 2 % 100, -K])
def test_columns_that_do_not_count(counter):
    with pytest.warns(DataWarning, match="'Counter' does not count samples one by one"):
        assert read_counter(1.0 * counter, "Counter", "here") == [0]
