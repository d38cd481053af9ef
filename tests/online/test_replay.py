"""The script of a replay: what comes when, the same every time."""

import numpy as np
import pandas as pd
import pytest
from studies import make_recording

from p300.errors import OnlineError
from p300.online.markers import End, Flash, read_marker
from p300.online.replay import Away, Chunk, Faults, Message, choose_run, write_script


@pytest.fixture(scope="module")
def recording():
    return make_recording(n_characters=3, repetitions=2)


def of(script, kind):
    return [step for step in script.steps if isinstance(step, kind)]


def flashes(script):
    return [m for m in of(script, Message) if isinstance(read_marker(m.text), Flash)]


def test_without_faults_it_is_the_recording(recording):
    script = write_script(recording, chunk=16)
    chunks = of(script, Chunk)
    whole = np.concatenate([chunk.values for chunk in chunks]).T
    np.testing.assert_array_equal(whole, recording.raw.get_data())
    stamps = np.concatenate([chunk.stamps for chunk in chunks])
    np.testing.assert_allclose(stamps, np.arange(len(stamps)) / recording.sfreq)
    assert {len(chunk.values) for chunk in chunks[:-1]} == {16}
    shown = flashes(script)
    times = recording.flashes["sample"].to_numpy() / recording.sfreq
    np.testing.assert_allclose([message.stamp for message in shown], times)
    assert [read_marker(m.text).code for m in shown] == recording.flashes["code"].tolist()
    ends = [read_marker(m.text) for m in of(script, Message) if m not in shown]
    assert ends == [End(1), End(2), End(3)]
    assert [step.due for step in script.steps] == sorted(step.due for step in script.steps)


def test_markers_are_lost_doubled_and_late_in_the_shares_asked_for(recording):
    n = len(recording.flashes)
    assert not flashes(write_script(recording, Faults(lost=1.0)))
    assert len(flashes(write_script(recording, Faults(doubled=1.0)))) == 2 * n
    late = flashes(write_script(recording, Faults(late=1.0, delay=2.0)))
    np.testing.assert_allclose([m.due - m.stamp for m in late], 2.0)
    some = len(flashes(write_script(recording, Faults(lost=0.5))))
    assert 0.3 * n < some < 0.7 * n


def test_offset_drift_and_jitter_are_in_the_stamps(recording):
    early = flashes(write_script(recording, Faults(offset=0.05)))
    np.testing.assert_allclose([m.due - m.stamp for m in early], 0.05)
    fast = of(write_script(recording, Faults(drift=1000.0)), Chunk)
    seconds = fast[-1].stamps[-1] * recording.sfreq
    np.testing.assert_allclose(seconds, (recording.raw.n_times - 1) / 1.001)
    shaken = of(write_script(recording, Faults(jitter=0.004)), Chunk)
    off = np.array([chunk.stamps[-1] - chunk.due for chunk in shaken])
    assert 0.003 < off.std() < 0.005


def test_what_drops_out_is_not_played_and_a_stream_can_go_away(recording):
    script = write_script(recording, Faults(dropouts=((2.0, 0.5),), disconnects=((4.0, 1.0),)))
    stamps = np.concatenate([chunk.stamps for chunk in of(script, Chunk)])
    for start, stop in ((2.0, 2.5), (4.0, 5.0)):
        assert not ((stamps >= start) & (stamps < stop)).any()
    assert len(stamps) == recording.raw.n_times - round(1.5 * recording.sfreq)
    assert of(script, Away) == [Away(4.0, 1.0)]


def test_electrodes_come_in_another_order_with_their_names(recording):
    script = write_script(recording, Faults(shuffled=True, seed=2))
    assert script.electrodes != tuple(recording.electrodes)
    rows = [recording.electrodes.index(name) for name in script.electrodes]
    first = of(script, Chunk)[0]
    np.testing.assert_array_equal(first.values.T, recording.raw.get_data()[rows, :8])


def test_the_same_seed_is_the_same_script(recording):
    faults = Faults(lost=0.2, doubled=0.2, jitter=0.001, seed=4)
    one, other = (write_script(recording, faults) for _ in range(2))
    assert [m.text for m in flashes(one)] == [m.text for m in flashes(other)]


def test_recordings_without_codes_cannot_be_played():
    recording = make_recording()
    recording.flashes["code"] = pd.NA
    with pytest.raises(OnlineError, match="whose flashes all have codes"):
        write_script(recording)


def test_a_run_is_chosen_by_its_name():
    runs = [make_recording(run=name) for name in ("1", "2")]
    assert choose_run(runs, None).run == "1"
    assert choose_run(runs, "2").run == "2"
    with pytest.raises(OnlineError, match=r"run '3' found, there are: made/sub-1"):
        choose_run(runs, "3")
