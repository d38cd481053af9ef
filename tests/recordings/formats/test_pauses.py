"""Pauses in the formats that MNE reads: one recording, stopped once, as each tells it."""

from __future__ import annotations

import mne
import numpy as np
import pytest
from specimen_files import make_content, write_bids, write_set, write_vhdr, write_with_table

from p300.recordings import open_recordings

EDGE = 400  # between the flashes at 388 and 400, of which one begins exactly there
CONTENT = make_content(("Fz", "Cz", "Pz", "Oz"))
NAMED = {"target": ["Target"], "nontarget": ["NonTarget"]}
SEGMENTS = [(0, EDGE), (EDGE, CONTENT.n_samples)]


def load(source, path, **options):
    (recording,) = open_recordings(source, path, **options)
    assert recording.flashes["sample"].tolist() == CONTENT.samples.tolist()
    return recording


def stopped_vhdr(folder, *, stem="sub-1"):
    path = write_vhdr(folder, CONTENT, stem=stem)
    marks = path.with_suffix(".vmrk")
    rows = [
        f"Mk{90 + k}=New Segment,,{at + 1},1,0,2020010112000000000{k}\n"
        for k, at in enumerate((0, EDGE))
    ]
    marks.write_text(marks.read_text() + "".join(rows))
    return path


def test_brainvision(tmp_path):
    recording = load(
        "annotated",
        stopped_vhdr(tmp_path),
        target=["Stimulus/Target"],
        nontarget=["Stimulus/NonTarget"],
    )
    assert recording.segments() == SEGMENTS


def test_brainvision_with_a_flash_table(tmp_path):
    path = write_with_table(tmp_path, CONTENT, write=lambda folder, *_: stopped_vhdr(folder))
    assert load("flash_table", path).segments() == SEGMENTS


def test_bids_knows_the_pauses_of_its_files(tmp_path):
    root = write_bids(tmp_path, CONTENT)
    stopped_vhdr(root / "sub-01" / "eeg", stem="sub-01_task-speller_run-1_eeg")
    recording = load("bids", root)
    assert recording.segments() == SEGMENTS
    assert (recording.raw.annotations.description == "New Segment/").sum() == 2


def test_bad_stretches_told_twice_are_there_once(tmp_path):
    root = write_bids(tmp_path, CONTENT)
    events = next(root.rglob("*_events.tsv"))
    last = len(events.read_text().splitlines()[0].split("\t")) - 4
    row = ["1.6", "0.4", "400", "Bad Interval/x", *["n/a"] * last]
    events.write_text(events.read_text() + "\t".join(row) + "\n")
    path = stopped_vhdr(root / "sub-01" / "eeg", stem="sub-01_task-speller_run-1_eeg")
    marks = path.with_suffix(".vmrk")
    marks.write_text(marks.read_text() + "Mk95=Bad Interval,x,401,100,0\n")
    found = load("bids", root).bad_stretches()
    assert [one.mark for one in found] == ["Bad Interval/x"]


@pytest.mark.parametrize("kind", ["boundary", "Boundary", -99])
def test_eeglab(tmp_path, kind):
    from scipy.io import loadmat, savemat

    path = write_set(tmp_path, CONTENT)
    eeg = loadmat(path, simplify_cells=True)["EEG"]
    kinds = [event["type"] for event in eeg["event"]]
    options = NAMED
    if kind == -99:  # old files number all events
        kinds = [1 + (name == "Target") for name in kinds]
        options = {"target": [2], "nontarget": [1]}
    events = [(name, at + 1.0, 0.0) for name, at in zip(kinds, CONTENT.samples, strict=True)]
    events = sorted([*events, (kind, EDGE + 0.5, 250.0)], key=lambda event: event[1])
    fields = [("type", object), ("latency", object), ("duration", object)]
    savemat(path, {"EEG": eeg | {"event": np.array(events, dtype=fields)}}, appendmat=False)
    assert load("annotated", path, **options).segments() == SEGMENTS


def test_joined_fif(tmp_path):
    info = mne.create_info(list(CONTENT.electrodes), 250.0, "eeg", verbose="error")
    marks = np.where(CONTENT.targets, "Target", "NonTarget")
    parts = []
    for first, last in SEGMENTS:
        raw = mne.io.RawArray(CONTENT.signal[:, first:last], info, verbose="error")
        here = (CONTENT.samples >= first) & (CONTENT.samples < last)
        onsets = (CONTENT.samples[here] - first) / 250
        parts.append(raw.set_annotations(mne.Annotations(onsets, 0.0, marks[here])))
    path = tmp_path / "sub-1_raw.fif"
    mne.concatenate_raws(parts, verbose="error").save(path, verbose="error")
    recording = load("annotated", path, **NAMED)
    assert recording.segments() == SEGMENTS
    assert recording.bad_stretches() == []


def test_skips_of_an_acquisition_in_fif(tmp_path):
    info = mne.create_info(list(CONTENT.electrodes), 250.0, "eeg", verbose="error")
    signal = CONTENT.signal.copy()
    raw = mne.io.RawArray(signal, info, verbose="error")
    marks = np.where(CONTENT.targets, "Target", "NonTarget")
    raw.set_annotations(mne.Annotations(CONTENT.samples / 250, 0.0, marks))
    raw.annotations.append(EDGE / 250, 100 / 250, "BAD_ACQ_SKIP")
    path = tmp_path / "sub-1_raw.fif"
    raw.save(path, buffer_size_sec=0.4, verbose="error")
    recording = load("annotated", path, **NAMED)
    assert recording.segments() == [(0, EDGE), (EDGE + 100, CONTENT.n_samples)]
    assert not recording.raw.get_data()[:, EDGE : EDGE + 100].any()
