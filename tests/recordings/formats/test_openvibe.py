from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import Layout, open_recordings, summarise_recording
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.openvibe import NONTARGET, TARGET, TRIAL_START, VISUAL_START, recognise

ROWS = ["AB", "CD"]
LABEL = 0x8100
RATE = 250
UNNAMED = "ignore:.*are no names of the 10-05 system"


def gdf(events, *, n=4000, names=("Fz", "Cz", "Pz"), version="1.25", **more):
    """Write GDF: a record a sample, float64 in uV."""
    k, first = len(names), version.startswith("1")
    signal = 10 * np.random.default_rng(3).normal(size=(n, k)) if n else np.empty((0, k))
    head = bytearray(256)
    head[:8] = f"GDF {version}".encode()
    length = 256 * (k + 1)
    head[184:192] = struct.pack("<q", length) if first else struct.pack("<H6x", length // 256)
    head[236:252] = struct.pack("<qII", more.get("n_records", n), 1, RATE)
    head[252:256] = struct.pack("<I" if first else "<Hxx", more.get("n_channels", k))
    ranges = [(-1e3, "<f8"), (1e3, "<f8"), *([(-1000, "<i8"), (1000, "<i8")] if first else [])]
    ranges += [] if first else [(-1e3, "<f8"), (1e3, "<f8")]
    unit = b"uV".ljust(8) * k if first else b"uV".ljust(6) * k + struct.pack("<H", 4275) * k
    channels = [b"".join(name.encode().ljust(16) for name in names), b" " * 80 * k, unit]
    channels += [np.full(k, value, kind).tobytes() for value, kind in ranges]
    channels += [b"\0" * 80 * k, np.ones(k, "<u4").tobytes()]
    channels += [np.full(k, more.get("kind", 17), "<u4").tobytes(), b"\0" * 32 * k]
    samples, codes = (
        (np.array(column) for column in zip(*events, strict=True)) if events else ((), ())
    )
    count = more.get("n_events", len(events))
    start = b"\x01" + (
        b"\0\0\0" + struct.pack("<I", count)
        if first
        else count.to_bytes(3, "little") + struct.pack("<f", RATE)
    )
    table = np.asarray(samples, "<u4") + np.uint32(1)
    parts = [bytes(head), *channels, signal.astype("<f8").tobytes()]
    return b"".join([*parts, start, table.tobytes(), np.asarray(codes, "<u2").tobytes()])


def flashes(text="BC", *, repetitions=3, lead=10, cut=None, marks=True, shift=0):
    """Give the stimulations of a 2x2 speller whose flashes begin a while after their labels."""
    layout = Layout.row_column(ROWS, columns_first=False)
    events, at = [], 100
    for symbol in text:
        events.append((at, TRIAL_START))
        for _ in range(repetitions):
            for code in (3, 1, 4, 2):
                kind = TARGET if code in layout.codes_of(symbol) else NONTARGET
                events.append((at, LABEL + code))
                if marks:
                    events.append((at + shift, kind))
                if lead is not None and len(events) != cut:
                    events += [(at + lead, VISUAL_START), (at + lead + 20, VISUAL_START + 1)]
                at += 40
        at += 300
    return events


@pytest.fixture
def save(tmp_path):
    def write(events=None, name="sub-1_ses-2_run-3.gdf", **more):
        path = tmp_path / name
        path.write_bytes(gdf(flashes() if events is None else events, **more))
        return path

    return write


def load(path, **options):
    return list(open_recordings("openvibe", path, **options))


@pytest.mark.parametrize("version", ["1.25", "2.20"])
def test_reads_a_file(save, version, assert_annotated):
    path = save(version=version)
    (recording,) = load(path, layout=ROWS)
    shown = recording.flashes
    assert (recording.subject, recording.session, recording.run) == ("1", "2", "3")
    assert (recording.sfreq, recording.electrodes) == (RATE, ["Fz", "Cz", "Pz"])
    assert shown["sample"].iloc[[0, 1, 12]].tolist() == [110, 150, 890]
    assert shown["code"].tolist() == [3, 1, 4, 2] * 6
    assert shown["character"].tolist() == [1] * 12 + [2] * 12
    assert shown["repetition"].tolist() == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3] * 2
    assert spelled_text(shown, recording.layout) == "BC"
    expected = 1e-5 * np.random.default_rng(3).normal(size=(4000, 3)).T
    np.testing.assert_allclose(recording.raw.get_data(), expected, atol=1e-12)
    assert_annotated(recording)


@pytest.mark.parametrize("lead", [None, 0])
@pytest.mark.parametrize("shift", [-1, 0, 2])
def test_flashes_that_begin_with_their_label(save, lead, shift):
    (recording,) = load(save(flashes(lead=lead, shift=shift)), layout=ROWS)
    assert recording.flashes["sample"].iloc[:3].tolist() == [100, 140, 180]
    assert spelled_text(recording.flashes, recording.layout) == "BC"


def test_labels_that_announce_are_no_flashes(save):
    events = [(20, LABEL + 1), (20, LABEL + 4), *flashes()]
    with pytest.warns(DataWarning, match="2 of 26 flashes are left out, nothing was shown"):
        (recording,) = load(save(events))
    assert len(recording.flashes) == 24


def test_without_labels_marks_are_flashes(save):
    events = [e for e in flashes(lead=None) if e[1] in (TARGET, NONTARGET)]
    (recording,) = load(save(events))
    assert recording.flashes["code"].isna().all()
    assert recording.flashes["target"].sum() == 12
    assert recording.flashes["character"].tolist() == [1] * 12 + [2] * 12


def test_without_trials_pauses_divide_characters(save):
    events = [e for e in flashes() if e[1] != TRIAL_START]
    (recording,) = load(save(events))
    assert recording.flashes["character"].tolist() == [1] * 12 + [2] * 12


def test_targets_may_be_unknown(save):
    (recording,) = load(save(flashes(marks=False)))
    assert recording.flashes["target"].isna().all()
    events = flashes()
    del events[2]  # the first mark
    with pytest.raises(RecordingError, match="1 of 24 flashes lack a target mark"):
        load(save(events))


def test_unnamed_channels(save):
    path = save(names=("Channel 1", "Channel 2", "Cz", "Aux"))
    with pytest.warns(DataWarning, match=r"\['Channel 1', 'Channel 2', 'Cz', 'Aux'\] are no names"):
        (recording,) = load(path)
    assert recording.electrodes == ["Channel 1", "Channel 2", "Cz", "Aux"]
    assert recording.positions == {}
    (recording,) = load(path, drop=["Aux"], electrodes=["pz", "Oz", "Cz"])
    assert recording.electrodes == ["Pz", "Oz", "Cz"]
    with pytest.raises(RecordingError, match=r"names 3 electrodes, the file has 4 channels"):
        load(path, electrodes=["Pz", "Oz", "Cz"])
    with pytest.raises(RecordingError, match=r"no channels \['EOG'\] to drop"):
        load(path, drop=["EOG"])
    with pytest.warns(DataWarning, match=r"\['PO77'\] are no names .*'PO7'"):
        load(path, electrodes=["PO77", "Oz", "Cz", "Fz"])


def test_folders_and_subjects(save, tmp_path):
    for name in ("sub-2.gdf", "sub-1.GDF"):
        save(name=name)
    (tmp_path / "ov_stims.txt").write_text("-", encoding="utf-8")
    assert [r.subject for r in load(tmp_path)] == ["1", "2"]
    assert [r.subject for r in load(tmp_path, subjects=["2"])] == ["2"]
    assert recognise(tmp_path) == {}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"n_records": 2**40}, "cut short, it has"),
        ({"n_records": 0}, "expected a signal"),
        ({"n_records": -1}, "expected a signal"),
        ({"n_channels": 2**31}, "at least one channel"),
        ({"n_channels": 0}, "at least one channel"),
        ({"kind": 99}, r"GDF types \[99\]"),
        ({"n_events": 10**6}, "1000000 events found in an event table of"),
        ({"version": "x.yz"}, "GDF version b'x.yz'"),
        ({"n": 1000}, "flashes lie outside the signal"),
        ({"events": [(5, 769), (9, 770)]}, r"stimulations \[769, 770\] found"),
        ({"events": []}, "no flashes"),
        ({"events": [*flashes(), (110, LABEL + 1), (110, VISUAL_START)]}, "share a sample|lack"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*(left out|repetitions do not)")
def test_wrong_content(save, more, message):
    path = save(**more)
    with pytest.raises(RecordingError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"GDF 1.25", b"<html>not found</html>" * 40])
def test_files_that_are_none(tmp_path, content):
    path = tmp_path / "sub-1.gdf"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"empty|cut short|not a GDF file"):
        load(path)
    assert recognise(path) is None


def test_files_cut_anywhere(save):
    path = save()
    content = path.read_bytes()
    for end in range(1, len(content), len(content) // 40):
        path.write_bytes(content[:end])
        with pytest.raises(RecordingError, match=r"cut short|not a GDF file|no event table"):
            load(path)
        assert recognise(path) is None


def test_a_layout_of_other_codes(save):
    with pytest.raises(RecordingError, match=r"flash codes \[4\] found"):
        load(save(), layout=["AB"])


def test_a_layout_without_codes(save):
    events = [e for e in flashes(lead=None) if e[1] in (TARGET, NONTARGET)]
    (recording,) = load(save(events), layout=ROWS)
    assert recording.flashes["code"].isna().all()


@pytest.mark.filterwarnings(UNNAMED)
def test_real_recording(data_root: Path, assert_annotated):
    folder = data_root / "openvibe-speller"
    assert recognise(folder) == {}
    # Letters and digits in reading order make the targets spell what the BCI2000 recording, of
    # the same task, names in its header; the last symbols are not known.
    rows = ["ABCDEFG", "HIJKLMN", "OPQRSTU", "VWXYZ01", "2345678", "9abcdef", "ghijklm"]
    with pytest.warns(DataWarning, match="1 of 701 flashes are left out"):
        (recording,) = load(folder, layout=rows)
    found = summarise_recording(recording)
    assert (found["n_flashes"], found["n_targets"], found["n_characters"]) == (700, 100, 5)
    assert (found["sfreq"], found["seconds"]) == (256, 198)
    assert found["onset_interval_ms"] == pytest.approx(187.5)
    assert found["electrodes"] == [f"Channel {k}" for k in range(1, 9)]
    assert recording.flashes["repetition"].max() == 10
    assert spelled_text(recording.flashes, recording.layout) == "AH71K"
    assert_annotated(recording)


def test_free_spelling_and_marks_that_the_user_says(save):
    path = save()
    (plain,) = load(path)
    (free,) = load(path, target="unknown")
    assert free.flashes["target"].isna().all()
    assert free.flashes["code"].equals(plain.flashes["code"])
    (said,) = load(path, target=[33285], nontarget=[33286])
    assert said.flashes["target"].sum() == plain.flashes["target"].sum()
    assert len(said.flashes) == len(plain.flashes)
    with pytest.raises(RecordingError, match=r"'33286' \(\d+\).*expected targets \[1\]"):
        load(path, target=[1], nontarget=[2])
