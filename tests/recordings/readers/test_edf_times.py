from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings

SFREQ, SECONDS = 100, 30
SAMPLES = 120 + 40 * np.arange(66)
TARGETS = np.arange(66) % 5 == 0
NAMES = np.where(TARGETS, "target", "nontarget")
MARKS = {"target": ["target"], "nontarget": ["nontarget"]}
GAPS = {10: 5.0, 22: 1.25}
"""Record -> seconds that pass before it."""
ROOM = 120


def begin(record, gaps=GAPS):
    """Give the time at which a record begins, in seconds."""
    return record + sum(late for k, late in gaps.items() if record >= k)


def write(path, *, kind=b"EDF+D", gaps=GAPS, start=0.0, status=None, more=(), change=None):
    """Write a recording of records of 1 s, each with its time and its annotations.

    ``more`` are (time, duration, text), ``change`` changes the annotations of a record, as bytes.
    """
    width = 2 if kind.startswith(b"EDF") else 3
    volts = 10 * np.random.default_rng(2).normal(size=(4, SFREQ * SECONDS))
    rows = [np.round(100 * volts), *([] if status is None else [status[np.newaxis]])]
    words = np.vstack(rows).astype("<i4")
    labels = ["Fz", "Cz", "Pz", "Oz", *([] if status is None else ["Status"])]
    labels.append(f"{kind[:3].decode()} Annotations")
    limit = 2 ** (8 * width - 1)
    scale = ["320", f"{limit // 100}"][width == 3]
    fields = [
        (16, labels),
        (80, [""] * len(labels)),
        (8, ["uV"] * len(labels)),
        (8, [f"-{scale}"] * len(labels)),
        (8, [scale] * len(labels)),
        (8, [str(-limit)] * len(labels)),
        (8, [str(limit - 1)] * len(labels)),
        (80, [""] * len(labels)),
        (8, [str(SFREQ)] * (len(labels) - 1) + [str(ROOM)]),
        (32, [""] * len(labels)),
    ]
    about = "".join(text.ljust(size) for size, texts in fields for text in texts).encode()
    head = b"0       " if width == 2 else b"\xffBIOSEMI"
    head += b"X X X X".ljust(80) + b"Startdate 01-JAN-2020 X X X".ljust(80) + b"01.01.2010.20.30"
    head += str(256 + len(about)).encode().ljust(8) + kind.ljust(44)
    head += str(SECONDS).encode().ljust(8) + b"1".ljust(8) + str(len(labels)).encode().ljust(4)
    content = [head, about]
    for record in range(SECONDS):
        first = SFREQ * record
        block = np.ascontiguousarray(words[:, first : first + SFREQ])
        content.append(block.view(np.uint8).reshape(-1, 4)[:, :width].tobytes())
        late = start + begin(record, gaps) - record
        tals = b"%+.6f\x14\x14\x00" % (record + late)
        here = (first <= SAMPLES) & (first + SFREQ > SAMPLES)
        for at, name in zip(SAMPLES[here] / SFREQ, NAMES[here], strict=True):
            tals += b"%+.6f\x14%s\x14\x00" % (at + late, name.encode())
        for at, lasts, text in more:
            if record == int(at):
                tals += b"%+.6f\x15%g\x14%s\x14\x00" % (at, lasts, text.encode())
        if change is not None:
            tals = change(tals)
        content.append(tals[: width * ROOM].ljust(width * ROOM, b"\x00"))
    path.write_bytes(b"".join(content))
    return path


def load(path, **options):
    (recording,) = open_recordings("annotated", path, **(MARKS | options))
    return recording


@pytest.mark.parametrize("kind", [b"EDF+D", b"BDF+D"])
@pytest.mark.parametrize("start", [0.0, 0.4375])
def test_annotations_are_placed_by_the_times_of_the_records(
    tmp_path, kind, start, assert_annotated
):
    path = tmp_path / f"sub-1.{kind[:3].decode().lower()}"
    recording = load(write(path, kind=kind, start=start))
    assert recording.flashes["sample"].tolist() == SAMPLES.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    assert recording.segments() == [(0, 1000), (1000, 2200), (2200, 3000)]
    assert_annotated(recording)


@pytest.mark.parametrize("kind", [b"EDF+C", b"EDF+D"])  # some programs write D without a pause
@pytest.mark.parametrize("start", [0.0, 0.4375])
def test_recordings_without_a_pause_are_one_segment(tmp_path, kind, start):
    recording = load(write(tmp_path / "sub-1.edf", kind=kind, gaps={}, start=start))
    assert recording.flashes["sample"].tolist() == SAMPLES.tolist()
    assert recording.segments() == [(0, 3000)]


def test_marks_where_nothing_was_recorded_are_left_out_by_number(tmp_path):
    path = write(tmp_path / "sub-1.edf", more=[(12.0, 0, "target"), (15.0, 0, "a note")])
    with pytest.warns(DataWarning, match=r"1 of 68 annotations lie where .*'target' at 12 s"):
        recording = load(path)
    assert recording.flashes["sample"].tolist() == SAMPLES.tolist()
    note = recording.raw.annotations.onset[recording.raw.annotations.description == "a note"]
    assert note == pytest.approx(10.0)


def test_stretches_end_with_what_was_recorded(tmp_path):
    path = write(tmp_path / "sub-1.edf", more=[(9.0, 4.0, "BAD_x")])  # 1 s, then a pause of 5 s
    (bad,) = load(path).bad_stretches()
    assert bad[:2] == pytest.approx((9.0, 10.0))
    path = write(tmp_path / "sub-1.edf", more=[(12.0, 3.5, "BAD_x")])  # begins in the pause
    (bad,) = load(path).bad_stretches()
    assert bad[:2] == pytest.approx((10.0, 10.5))


def test_texts_that_end_with_their_record_are_completed(tmp_path):
    def overflow(tals):  # the last four bytes of the third record do not fit in
        begun, rest = tals.split(b"\x00", 1)
        fill = 2 * ROOM + 4 - len(tals) if tals.startswith(b"+2.0") else 0
        return begun + b"\x00" * (1 + fill) + rest

    path = write(tmp_path / "sub-1.edf", gaps={}, change=overflow)
    with pytest.warns(DataWarning, match="1 annotations are cut off .* 'nontarg' for 'nontarget'"):
        recording = load(path)
    assert recording.flashes["target"].tolist() == TARGETS.tolist()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"+7.000000\x14\x14", b"?7.000000\x14\x14", "record 8 of 30 does not begin with its time"),
        (
            b"+7.000000\x14\x14",
            b"+2.000000\x14\x14",
            "record 8 starts at 2 s, before",
        ),
        (b"EDF Annotations", b"EDF Notes      ", "no channel of annotations"),
    ],
)
def test_records_without_sound_times_are_refused(tmp_path, old, new, message):
    path = write(tmp_path / "sub-1.edf")
    content = path.read_bytes()
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))


def biosemi(*, epochs=(0,), lost=(), speed=0):
    """Words of BioSemi's status channel: triggers, new epochs, CMS in range but where it is not."""
    words = np.full(SFREQ * SECONDS, 1 << 20 | 1 << 23)
    for at, target in zip(SAMPLES, TARGETS, strict=True):
        words[at : at + 10] |= 5 if target else 3
    for at in epochs:
        words[at : at + 40] |= 1 << 16
    for first, last in lost:
        words[first:last] &= ~(1 << 20)
    words[1500:] |= speed
    return words


STIM = {"stim_channel": "Status", "target": [5], "nontarget": [3]}


def test_new_epochs_of_biosemi_divide_a_recording(tmp_path):
    words = biosemi(epochs=(0, 1203))
    path = write(tmp_path / "sub-1.bdf", kind=b"BDF+C", gaps={}, status=words)
    recording = load(path, **STIM)
    assert recording.flashes["sample"].tolist() == SAMPLES.tolist()
    assert recording.segments() == [(0, 1203), (1203, 3000)]


def test_a_lost_reference_of_biosemi_is_counted_and_marked(tmp_path):
    words = biosemi(lost=[(400, 600), (2000, 2001)])
    path = write(tmp_path / "sub-1.bdf", kind=b"BDF+C", gaps={}, status=words)
    with pytest.warns(DataWarning, match=r"\(CMS\) was out of range in 2 stretches, 2.01 s in all"):
        recording = load(path, **STIM)
    assert [one.mark for one in recording.bad_stretches()] == ["BAD_CMS_out_of_range"] * 2
    assert recording.bad_stretches()[0][:2] == pytest.approx((4.0, 6.0))
    assert recording.segments() == [(0, 3000)]


@pytest.mark.parametrize(
    "words",
    [
        biosemi(lost=[(0, 3000)]),
        biosemi(epochs=range(0, 3000, 90)),
        biosemi(epochs=(0, 1203), lost=[(400, 600)], speed=1 << 18),
    ],
)
def test_status_channels_of_others_say_nothing(tmp_path, words):
    path = write(tmp_path / "sub-1.bdf", kind=b"BDF+C", gaps={}, status=words)
    recording = load(path, **STIM)
    assert recording.segments() == [(0, 3000)]
    assert recording.bad_stretches() == []


@pytest.mark.parametrize("start", [0.0, 0.4375])
def test_onsets_of_a_flash_table_are_placed_by_the_clock_too(tmp_path, start):
    path = write(tmp_path / "sub-1.edf", start=start)
    clock = SAMPLES / SFREQ + [begin(int(s // SFREQ)) - s // SFREQ for s in SAMPLES]
    table = pd.DataFrame({"onset": [*clock, 12.5], "target": [*TARGETS.astype(int), 0]})
    table.to_csv(tmp_path / "sub-1_flashes.csv", index=False)
    late = int((clock > SAMPLES / SFREQ).sum())
    with pytest.warns(DataWarning, match=f"{late} onsets after a gap .* 1 in a gap are left out"):
        (recording,) = open_recordings("flash_table", path)
    assert recording.flashes["sample"].tolist() == SAMPLES.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    table.iloc[:-1].to_csv(tmp_path / "sub-1_flashes.csv", index=False)
    with pytest.warns(DataWarning, match=f"{late} onsets after a gap .* 0 in a gap are left out"):
        (recording,) = open_recordings("flash_table", path)
    table.iloc[:-1].assign(sample=SAMPLES, onset=SAMPLES / SFREQ).to_csv(
        tmp_path / "sub-1_flashes.csv", index=False
    )
    (recording,) = open_recordings("flash_table", path)
    assert recording.flashes["sample"].tolist() == SAMPLES.tolist()


@pytest.mark.parametrize("start", [0.0, 0.4375])
def test_onsets_of_events_in_bids_are_placed_by_the_clock(tmp_path, start):
    folder = tmp_path / "sub-1" / "eeg"
    folder.mkdir(parents=True)
    (tmp_path / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    about = {"TaskName": "p300", "SamplingFrequency": SFREQ}
    (folder / "sub-1_task-p300_eeg.json").write_text(json.dumps(about))
    channels = pd.DataFrame({"name": ["Fz", "Cz", "Pz", "Oz"], "type": "EEG", "units": "uV"})
    channels.to_csv(folder / "sub-1_task-p300_channels.tsv", sep="\t", index=False)
    write(folder / "sub-1_task-p300_eeg.edf", start=start)
    clock = [begin(int(s // SFREQ)) + s % SFREQ / SFREQ for s in SAMPLES]
    events = pd.DataFrame({"onset": [*clock, 12.5, 34.0], "duration": [*[0.1] * 67, 0.5]})
    events["trial_type"] = [*np.where(TARGETS, "target", "nontarget"), "target", "BAD_x"]
    events.to_csv(folder / "sub-1_task-p300_events.tsv", sep="\t", index=False)
    with pytest.warns(DataWarning, match="placed by the clock, .* 1 in a gap are left out"):
        (recording,) = open_recordings("bids", tmp_path)
    assert recording.flashes["sample"].tolist() == SAMPLES.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    assert len(recording.segments()) == 3
    shown = list(recording.raw.annotations.description)
    assert [shown.count(kind) for kind in ("target", "nontarget")] == [14, 52]
    (bad,) = recording.bad_stretches()
    assert bad[:2] == pytest.approx((27.75, 28.25))
