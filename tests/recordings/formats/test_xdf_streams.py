"""Streams of an XDF file that are in doubt, clocks that are not one, rates not as stated."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from test_xdf import CHANNELS, START, chunk, header, load, samples, speller

from p300.errors import DataWarning, RecordingError

N, RATE = 3000, 250
TIMES = START + np.arange(N) / RATE
SHOWN = speller(form="{kind}")
WORDS = [text for _, text in SHOWN]
FIRST = [250, 300, 350]  # samples of the first flashes


def stream(number, times, rows, *, name="Marks", form="string", rate=0, **more):
    kind = more.pop("kind", "Markers")
    head = header(number, name=name, kind=kind, n=len(rows[0]), rate=rate, form=form, **more)
    parts = [samples(number, times[k : k + 500], rows[k : k + 500], form)
             for k in range(0, len(times), 500)]  # fmt: skip
    return head, b"".join(parts) + chunk(6, b"<info></info>", number)


def eeg(times=TIMES, number=1, rate=RATE, **more):
    signal = 10 * np.random.default_rng(6).normal(size=(max(len(times), 1), 3))
    named = {"name": "Amp", "kind": "EEG", "channels": CHANNELS, **more}
    return stream(number, times, signal, form="float32", rate=rate, **named)


def markers(marks=SHOWN, number=7, **more):
    rows = [[text] if isinstance(text, str | int | float) else text for _, text in marks]
    return stream(number, [time for time, _ in marks], rows or [[""]], **more)


@pytest.fixture
def save(tmp_path):
    def write(*streams, offsets=()):
        path = tmp_path / "sub-1.xdf"
        heads, parts = zip(*streams, strict=True)
        clocks = [chunk(4, struct.pack("<dd", *pair), number) for number, *pair in offsets]
        version = chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
        path.write_bytes(b"".join([b"XDF:", version, *heads, *parts, *clocks]))
        return path

    return write


def shift(marks, by):
    return [(time + by, text) for time, text in marks]


def first_samples(recording):
    return recording.flashes["sample"].iloc[:3].tolist()


@pytest.mark.parametrize(
    ("eeg_shift", "marks", "ranges"),
    [
        (1.7e9, SHOWN, r"EEG is stamped 1700005000\.000 to 1700005011\.996 s, the flashes 5001\."),
        (0, [(0.0, text) for text in WORDS], r"5000\.000 to 5011\.996 s, .* 0\.000 to 0\.000 s"),
        (0, shift(SHOWN, 20), r"no EEG was recorded at 24 of 24 flashes"),
        (
            0,
            shift(SHOWN, 8.9),
            r"at 13 of 24 .* flashes 5009\.900 to 5016\.\d+ s.*source flash_table",
        ),
    ],
)
def test_clocks_that_are_not_one(save, eeg_shift, marks, ranges):
    path = save(eeg(TIMES + eeg_shift), markers(marks))
    with pytest.raises(RecordingError, match=ranges) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_half_of_the_flashes_without_eeg_are_left_out(save):
    with pytest.warns(DataWarning, match=r"12 of 24 flashes are left out.*5000\.000 to .*5015"):
        (recording,) = load(save(eeg(), markers(shift(SHOWN, 8))))
    assert len(recording.flashes) == 12


def test_an_eeg_clock_that_jumps_back(save):
    stamps = TIMES - 4 * (np.arange(N) >= 1500)
    with pytest.raises(RecordingError, match=r"EEG has a clock that jumps back.*sample 1500 of"):
        load(save(eeg(stamps), markers()))


def test_a_restarted_computer_whose_offsets_were_measured(save):
    late = np.arange(N) >= 1500
    stamps = TIMES - 4900 * late
    pairs = [(1, at, 0.0) for at in START + np.arange(0, 6, 0.5)]
    pairs += [(1, at, 4900.0) for at in START - 4900 + np.arange(6, 12, 0.5)]
    (recording,) = load(save(eeg(stamps), markers(), offsets=pairs))
    assert recording.segments() == [(0, N)]
    expected = [round((time - START) * RATE) for time, _ in SHOWN]
    assert recording.flashes["sample"].tolist() == expected


def test_a_marker_clock_that_jumps_back(save):
    back = [*SHOWN[:14], *shift(SHOWN[14:], -3)]
    ranges = (f"{times[0][0]:.3f} to {times[-1][0]:.3f} s" for times in (back[:14], back[14:]))
    message = r"markers jumps back by 2\.\d+ s at marker 15: flashes are stamped {} before it, {} "
    with pytest.raises(RecordingError, match=message.format(*ranges)):
        load(save(eeg(), markers(back)))
    begin = (START + 11, "begin")  # what is no flash, or has no EEG, does not matter
    (recording,) = load(save(eeg(), markers([begin, *SHOWN])))
    assert first_samples(recording) == FIRST
    with pytest.warns(DataWarning, match="1 of 24 flashes are left out"):
        load(save(eeg(), markers([*SHOWN[:5], (0.0, SHOWN[5][1]), *SHOWN[6:]])))
    swapped = [*SHOWN[:2], (SHOWN[2][0] - 0.21, SHOWN[2][1]), *SHOWN[3:]]  # a little out of order
    (recording,) = load(save(eeg(), markers(swapped)))
    assert first_samples(recording) == [250, 298, 300]


def test_a_stream_without_samples_is_no_candidate(save):
    path = save(eeg(), markers(), markers([], number=8), eeg([], number=9))
    (recording,) = load(path)
    assert first_samples(recording) == FIRST
    for markers_, eeg_ in (("Marks", "Amp"), (7, 1), ("7", "1"), ("Markers", "EEG")):
        assert len(load(path, markers=markers_, eeg=eeg_)) == 1
    with pytest.raises(RecordingError, match=r"none that fits has samples.*'markers': markers=7"):
        load(path, markers=8)


def test_streams_are_chosen_by_number_name_type_or_source_id(save):
    other = shift(SHOWN, 0.1)
    path = save(
        eeg(source="amp-1"), eeg(number=4, source="amp-2"),
        markers(source="left"), markers(other, number=8, source="right"),
    )  # fmt: skip
    for wanted in (7, "7", "left"):
        (recording,) = load(path, eeg="amp-1", markers=wanted)
        assert first_samples(recording) == FIRST
    (recording,) = load(path, eeg=4, markers="right")
    assert first_samples(recording) == [275, 325, 375]
    with pytest.raises(RecordingError, match=r"several fit.*'eeg': eeg=1 or eeg=4$"):
        load(path)
    listed = r"7: 'Marks' \(type 'Markers', source id 'left', 1 x string, 24 samples\)"
    with pytest.raises(RecordingError, match=f"{listed}.*several fit.*markers=7 or markers=8\\. "):
        load(path, eeg=1)


def test_a_name_is_meant_before_a_number(save):
    path = save(eeg(), markers(name="8"), markers(shift(SHOWN, 0.1), number=8, name="x"))
    assert first_samples(load(path, markers="8")[0]) == FIRST
    assert first_samples(load(path, markers=8)[0]) == [275, 325, 375]


def test_the_only_stream_with_both_kinds_of_flash_is_taken(save):
    keys = [(START + k, "space") for k in range(9)]
    path = save(eeg(), markers(keys, number=3, name="Keys"), markers())
    with pytest.warns(DataWarning, match="channel 1 of stream 7: 'Marks'.*, the only one with"):
        (recording,) = load(path)
    assert first_samples(recording) == FIRST
    path = save(eeg(), markers(keys, number=3), markers(keys))
    counts = r"several fit.*markers=3 or markers=7\. Of the .* stream 7 has 'space' \(9\)$"
    with pytest.raises(RecordingError, match=counts):
        load(path)


def test_unknown_targets(save):
    """A session of free spelling: codes, but nobody knows the text."""
    marks = [(time, text.replace("non", "").replace("target", "flash"))
             for time, text in speller()]  # fmt: skip
    path = save(eeg(), markers([(START, "begin"), *marks]))
    (recording,) = load(path, target="unknown", layout=["AB", "CD"])
    assert recording.flashes["target"].isna().all()
    assert recording.flashes["code"].tolist() == [3, 1, 4, 2] * 6
    assert recording.flashes["character"].tolist() == [1] * 12 + [2] * 12


def test_markers_of_several_channels(save):
    rows = [(time, ["screen", text]) for time, text in SHOWN]
    with pytest.warns(DataWarning, match="from channel 2 of stream 7"):
        (recording,) = load(save(eeg(), markers(rows)))
    assert first_samples(recording) == FIRST
    assert len(load(save(eeg(), markers([(t, r[::-1]) for t, r in rows])))) == 1


@pytest.mark.parametrize(("form", "kinds"), [("int32", (1000001, 1000002)), ("double64", (4, 5))])
def test_numeric_markers(save, form, kinds):
    marks = [(time, kinds[text == "target"]) for time, text in SHOWN]
    named = {"target": [str(kinds[1])], "nontarget": [str(kinds[0])]}
    (recording,) = load(save(eeg(), markers(marks, form=form)), **named)
    assert recording.flashes["target"].tolist() == [text == "target" for text in WORDS]


def test_triggers_that_are_held_are_one_flash_each(save):
    held = np.zeros((N, 1))
    for time, text in SHOWN:
        at = round((time - START) * RATE)
        held[at : at + 20] = 1 + (text == "target")
    triggers = stream(5, TIMES, held, form="float32", rate=RATE, name="STI", kind="Trigger")
    (recording,) = load(save(eeg(), triggers), markers="STI")
    assert len(recording.flashes) == 24
    assert first_samples(recording) == FIRST


@pytest.mark.parametrize(
    ("real", "taken"), [(250.2, 250), (250.6, 250), (248, 250), (125.01, 125), (32.4, 32.4)]
)
def test_a_rate_that_is_not_as_stated(save, real, taken):
    path = save(eeg(START + np.arange(N) / real), markers())
    if real == 250.2:
        (recording,) = load(path)
    else:
        with pytest.warns(
            DataWarning, match=f"stated at 250 Hz comes at {real:g}.*{taken:g} Hz is"
        ):
            (recording,) = load(path)
    assert recording.sfreq == pytest.approx(taken, rel=1e-4)
    expected = [round((time - START) * real) for time, _ in SHOWN[:3]]
    assert np.abs(np.subtract(first_samples(recording), expected)).max() <= (real == 32.4)


def test_a_rate_that_is_no_eegs(save):
    with pytest.raises(RecordingError, match="stated at 250 Hz comes at 10 Hz by its time stamps"):
        load(save(eeg(START + np.arange(300) / 10), markers()))


@pytest.mark.parametrize(
    ("texts", "enough"),
    [
        (["1"] * 10 + ["2"] * 10, True),
        (["1"] * 11 + ["2"] * 9, False),
        (["1"] * 10 + ["2"] * 11, False),
        (["nontarget"] * 10 + ["target"] * 2, True),
        (["nontarget"] * 10 + ["target"], False),
        (["nontarget"] * 98 + ["target"] * 2, True),
        (["nontarget"] * 99 + ["target"] * 2, False),
    ],
)
def test_a_guess_of_targets_needs_enough_of_both_kinds(save, texts, enough):
    marks = [(START + 0.5 + 0.1 * k, text) for k, text in enumerate(texts)]
    path = save(eeg(), markers(marks))
    if enough:
        assert load(path)[0].flashes["target"].sum() == texts.count(texts[-1])
    else:
        found = (
            rf"'{texts[0]}' \({texts.count(texts[0])}\).* found.*options 'target' and 'nontarget'"
        )
        with pytest.raises(RecordingError, match=found):
            load(path)
        assert len(load(path, target=[texts[-1]], nontarget=[texts[0]])) == 1
