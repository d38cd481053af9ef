"""Tables laid out as programs write them, from the public descriptions of their formats."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, recognise_source

N = 2000
K = np.arange(N)
FLASHES = np.arange(50, N, 30)
TARGETS = FLASHES // 30 % 5 == 0
MARKER = np.zeros(N, dtype=int)
MARKER[FLASHES] = np.where(TARGETS, 2, 1)
SIGNAL = (10 * np.random.default_rng(4).normal(size=(N, 8))).round(4)
CAP = ["Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8"]
START = datetime(2024, 5, 31, 12)
KINDS = {"target": [2], "nontarget": [1]}


@pytest.fixture
def put(tmp_path):
    def write(rows, name, separator=","):
        path = tmp_path / name
        lines = [row if isinstance(row, str) else separator.join(map(str, row)) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def load(path, **options):
    (recording,) = open_recordings("table", path, **options)
    return recording


def assert_exact(recording, sfreq, names=CAP, n=N):
    assert recording.electrodes == list(names)
    assert recording.sfreq == sfreq
    assert recording.flashes["sample"].tolist() == FLASHES.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    np.testing.assert_allclose(recording.raw.get_data(), 1e-6 * SIGNAL[:n, : len(names)].T)
    assert recording.segments() == [(0, n)]


def openbci(*, marker="Marker Channel", step=1, sfreq=250, rows=K):
    """Return a file of the OpenBCI GUI 5 for a Cyton."""
    exg = [f"EXG Channel {k}" for k in range(8)]
    other = ["Other"] * 7
    titles = ["Sample Index", *exg, "Accel Channel 0", "Accel Channel 1", "Accel Channel 2"]
    titles += [*other, "Analog Channel 0", "Timestamp", marker, "Timestamp (Formatted)"]
    head = ["%OpenBCI Raw EXG Data", "%Number of channels = 8", f"%Sample Rate = {sfreq} Hz"]
    head += ["%Board = OpenBCI_GUI$BoardCytonSerial", ", ".join(titles)]
    jitter = 0.01 * np.random.default_rng(1).random(N)
    for k in rows:
        stamp = 1717150000 + k / sfreq + jitter[k]
        shown = (START + timedelta(seconds=k / sfreq)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        fields = [float(step * k % 256), *SIGNAL[k], 0.1, 0.2, 0.9, *[0.0] * 8]
        head.append(", ".join(map(str, [*fields, stamp, float(MARKER[k]), shown])))
    return head


@pytest.mark.parametrize("marker", ["Marker Channel", "Other"])
@pytest.mark.parametrize(("step", "sfreq"), [(1, 250), (2, 125)])
def test_openbci(put, marker, step, sfreq):
    path = put(openbci(marker=marker, step=step, sfreq=sfreq), "OpenBCI-RAW-2024-05-31.txt")
    assert recognise_source(path) == [("table", KINDS)]
    assert_exact(load(path, electrodes=CAP, **KINDS), sfreq)
    with pytest.warns(DataWarning, match=r"'EXG Channel 0', .* the option 'electrodes'"):
        load(path, **KINDS)


def test_openbci_lost_samples(put):
    rows = np.delete(K, [600, *range(1200, 1210)])
    path = put(openbci(rows=rows), "OpenBCI-RAW-2024-05-31.txt")
    with pytest.warns(DataWarning, match="about 11 samples are missing in 2 gaps"):
        recording = load(path, electrodes=CAP, **KINDS)
    assert recording.segments() == [(0, 600), (600, 1199), (1199, N - 11)]


def old_openbci(*, milliseconds, rows=K):
    head = ["%OpenBCI Raw EEG Data", "%Number of channels = 8", "%Sample Rate = 250.0 Hz"]
    head += ["%First Column = SampleIndex", "%Last Column = Timestamp "]
    head += ["%Other Columns = EEG data in microvolts followed by Accel Data (in G)"]
    for k in rows:
        clock = (START + timedelta(milliseconds=4 * int(k))).strftime("%H:%M:%S.%f")[:-3]
        stamp = [f"{1717150000000 + 4 * k}"] if milliseconds else []
        row = [str(k % 256), *(f"{value:.4f}" for value in SIGNAL[k]), "0.10", str(MARKER[k])]
        head.append(", ".join([*row, "0.90", clock, *stamp]))
    return head


@pytest.mark.parametrize("milliseconds", [True, False])
def test_openbci_before_5(put, milliseconds):
    path = put(old_openbci(milliseconds=milliseconds), "OpenBCI-RAW-2019-05-31_12-00-00.txt")
    assert recognise_source(path) == [("table", {})]
    with pytest.raises(RecordingError, match=r"table of OpenBCI GUI before 5 .* 'marker'"):
        load(path)
    assert_exact(load(path, electrodes=CAP, marker=11, **KINDS), 250)


def test_openbci_before_5_lost_samples(put):
    path = put(old_openbci(milliseconds=False, rows=np.delete(K, 600)), "OpenBCI-RAW-1.txt")
    with pytest.warns(DataWarning, match="about 1 samples are missing in 1 gaps"):
        recording = load(path, electrodes=CAP, marker=11, **KINDS)
    assert recording.segments() == [(0, 600), (600, N - 1)]
    # The counter, which begins anew after 255, does not notice all that are lost.
    rows = np.delete(K, range(1200, 1456))
    path = put(old_openbci(milliseconds=True, rows=rows), "OpenBCI-RAW-2.txt")
    with pytest.warns(DataWarning, match="about 256 samples are missing in 1 gaps"):
        recording = load(path, electrodes=CAP, marker=11, **KINDS)
    assert recording.segments() == [(0, 1200), (1200, N - 256)]


LONG = [
    *(f"{kind} {axis}" for kind in ("Accelerometer", "Gyroscope") for axis in "XYZ"),
    "Battery Level", "Counter", "Validation Indicator", "Trigger",
]  # fmt: skip
SHORT = [*(f"{kind}{axis}" for kind in ("ACC ", "GYR ") for axis in "XYZ")]
SHORT += ["BAT", "CNT", "VALID", "STATUS"]


def unicorn(*, lost=(), titles=LONG):
    rows = [[*(f"EEG {k}" for k in range(1, 9)), *titles]]
    for k in K:
        valid = 0 if k in lost else 1
        rows.append([*SIGNAL[k], *[0.5] * 6, 66.667, float(308202 + k), float(valid), MARKER[k]])
    return rows


@pytest.mark.parametrize("titles", [LONG, SHORT])
@pytest.mark.parametrize("separator", [",", ";"])
def test_unicorn(put, separator, titles):
    path = put(unicorn(titles=titles), "UnicornRecorder_2024.csv", separator)
    assert recognise_source(path) == [("table", {"electrodes": CAP, **KINDS})]
    assert_exact(load(path, electrodes=CAP, **KINDS), 250)


def test_unicorn_lost_samples(put):
    path = put(unicorn(lost=(700, 701, 1500)), "UnicornRecorder_2024.csv")
    with pytest.warns(DataWarning, match="3 samples are marked as lost and filled in"):
        recording = load(path, electrodes=CAP, **KINDS)
    assert recording.segments() == [(0, 700), (700, 702), (702, 1500), (1500, 1501), (1501, N)]


MUSE = ["TP9", "AF7", "AF8", "TP10"]


def mind_monitor(*, interval=1 / 256, late=-0.3):
    titles = ["TimeStamp", *(f"{band}_{name}" for band in ("Delta", "Alpha") for name in MUSE)]
    titles += [*(f"RAW_{name}" for name in MUSE), "AUX_RIGHT", "HeadBandOn", "Battery", "Elements"]
    rows = [titles]

    def stamp(seconds):
        return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

    for k in K:
        if MARKER[k]:
            # A marker comes between samples, in a row of its own; here near its sample.
            event = f"/Marker/{MARKER[k]}"
            rows.append([stamp((k + late) * interval), *[""] * (len(titles) - 2), event])
        if k % 500 == 99:
            blink = "/muse/elements/blink"
            rows.append([stamp((k - 0.3) * interval), *[""] * (len(titles) - 2), blink])
        sample = [stamp(k * interval), *[0.5] * 8, *SIGNAL[k, :4], 800, 1, 90, ""]
        rows.insert(len(rows) - int(late > 0 and MARKER[k] > 0), sample)
    return rows


@pytest.mark.parametrize("late", [-0.3, 0.2])
def test_mind_monitor(put, late):
    path = put(mind_monitor(late=late), "mindMonitor_2024-05-31.csv")
    kinds = {"target": ["/Marker/2"], "nontarget": ["/Marker/1"]}
    assert recognise_source(path) == [("table", kinds)]
    assert_exact(load(path, **kinds), 256, MUSE)
    slow = put(mind_monitor(interval=1.0), "mindMonitor_2024-06-01.csv")
    with pytest.raises(RecordingError, match=r"expected 0.00390625 s as the rate of 256 Hz says"):
        load(slow, **kinds)


def openvibe(*, labels=False):
    """Return a table of OpenViBE: 256 Hz, epochs of 32 samples, events with their own dates."""
    rows = [["Time:256Hz", "Epoch", *CAP, "Event Id", "Event Date", "Event Duration"]]
    for k in K:
        ids, dates = [], []
        if MARKER[k]:
            ids = [33285 if MARKER[k] == 2 else 33286]
            if labels:
                ids = [33025 + int((k - 50) // 30 % 12), *ids, 32779]
        if k == 10:
            ids = [32769, 32773]
        dates = [f"{k / 256:.10f}"] * len(ids)
        events = [":".join(map(str, ids)), ":".join(dates), ":".join(["0"] * len(ids))]
        rows.append([f"{k / 256:.10f}", k // 32, *SIGNAL[k], *events])
    return rows


@pytest.mark.parametrize("separator", [",", ";"])
def test_openvibe(put, separator):
    path = put(openvibe(), "record-[2024.05.31-12.00.00].csv", separator)
    assert recognise_source(path) == [("table", {})]
    assert_exact(load(path), 256)
    assert_exact(load(path, target=[33285], nontarget=[33286]), 256)


def test_openvibe_labels_are_codes(put):
    rows = openvibe(labels=True)
    path = put(rows[: 50 + 30 * 24], "record.csv")
    recording = load(path, layout=["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"])
    assert recording.flashes["code"].tolist() == [k % 12 + 1 for k in range(24)]
    assert recording.flashes["sample"].tolist() == FLASHES[:24].tolist()
    assert recording.layout.codes_of("B") == {1, 8}


def test_openvibe_faults(put):
    rows = openvibe()
    rows[51][-3] = "33285:33286"
    with pytest.raises(RecordingError, match=r"events and .* dates found"):
        load(put(rows, "a.csv"))
    rows[51][-3] = "hit"
    with pytest.raises(RecordingError, match=r"'hit' \(1\).* 'target' and 'nontarget'"):
        load(put(rows, "b.csv"))
    rows[51][-3:-1] = ["33285", "-4.0"]
    with pytest.raises(RecordingError, match="1 flashes lie outside the signal"):
        load(put(rows, "c.csv"))


def test_kaggle(put):
    """The INRIA BCI challenge of 2015 (https://www.kaggle.com/c/inria-bci-challenge/data)."""
    rows = [["Time", *CAP, "EOG", "FeedBackEvent"]]
    rows += [[k / 200, *SIGNAL[k], 50, int(MARKER[k] > 0)] for k in K]
    path = put(rows, "Data_S02_Sess01.csv")
    ((source, options),) = recognise_source(path)
    assert (source, options) == ("table", {"eeg": CAP, "time": "Time", "marker": "FeedBackEvent"})
    with pytest.raises(RecordingError, match=r"'1' \(65\) found, .* say 'target: unknown'"):
        load(path, **options)
    recording = load(path, target="unknown", code="(1)", **options)
    assert recording.sfreq == 200
    assert recording.flashes["sample"].tolist() == FLASHES.tolist()
