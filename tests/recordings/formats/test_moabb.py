from __future__ import annotations

import sys
from types import ModuleType

import mne
import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, source_module

SFREQ, N_SAMPLES = 128.0, 3000
ONSETS = 150 + 20 * np.arange(96)
ONSETS[48:] += 300
CODES = np.tile(np.arange(1, 13), 8)
TARGETS = np.isin(CODES, (2, 9))


class FakeOddball:
    """What MOABB's data sets offer; annotations begin where epochs do, as in MOABB 1.2 to 1.7."""

    paradigm = "p300"
    event_id = {"Target": 2, "NonTarget": 1}  # noqa: RUF012 - as MOABB has it
    subject_list = [1, 2]  # noqa: RUF012
    interval = [-0.2, 0.8]  # noqa: RUF012
    flash_channel: str | None = "Flash stim"

    def get_data(self, subjects):
        return {number: {"0": {"0train": self.raw(), "1test": self.raw()}} for number in subjects}

    def raw(self):
        signal = 1e-5 * np.random.default_rng(3).normal(size=(5, N_SAMPLES))
        signal[3:] = 0
        for onset, target, code in zip(ONSETS, TARGETS, CODES, strict=True):
            signal[3, onset : onset + 8] = 1 + target
            signal[4, onset : onset + 8] = code + 2
        names = ["Fz", "EEG 2", "EOG", "Target stim", self.flash_channel or "more"]
        info = mne.create_info(names, SFREQ, ["eeg"] * 3 + ["stim"] * 2)
        raw = mne.io.RawArray(signal, info, verbose="error")
        begins = (ONSETS + int(self.interval[0] * SFREQ)) / SFREQ
        kinds = np.where(TARGETS, "Target", "NonTarget")
        other = mne.Annotations([1.0], [0.5], ["BAD_artifact"])
        return raw.set_annotations(mne.Annotations(begins, 1.0, kinds) + other)


class NoCodes(FakeOddball):
    flash_channel = None


class NoMarks(FakeOddball):
    def raw(self):
        return super().raw().set_annotations(None)


class Unreachable(FakeOddball):
    def get_data(self, subjects):
        raise OSError("no route to host")


@pytest.fixture
def moabb(monkeypatch):
    """Put a small MOABB in the place of the real one."""
    utils = ModuleType("moabb.datasets.utils")
    there = [FakeOddball(), NoCodes(), NoMarks(), Unreachable()]
    utils.dataset_search = lambda paradigm: [d for d in there if d.paradigm == paradigm]
    for name, module in (
        ("moabb", ModuleType("moabb")),
        ("moabb.datasets", ModuleType("moabb.datasets")),
        ("moabb.datasets.utils", utils),
    ):
        monkeypatch.setitem(sys.modules, name, module)


def load(name="FakeOddball", **options):
    options = {"rename": {"EEG 2": "Cz"}, "drop": ["EOG"], **options}
    return list(open_recordings("moabb", name=name, **options))


def test_reads_subjects_sessions_and_runs(moabb, assert_annotated):
    recordings = load(dataset="mine")
    places = [(r.dataset, r.subject, r.session, r.run) for r in recordings]
    assert places == [("mine", s, "0", run) for s in "12" for run in ("0train", "1test")]
    first = recordings[0]
    assert first.electrodes == ["Fz", "Cz"]
    assert first.flashes["sample"].tolist() == ONSETS.tolist()
    assert first.flashes["target"].tolist() == TARGETS.tolist()
    assert first.flashes["code"].tolist() == CODES.tolist()
    assert first.flashes["character"].tolist() == [1] * 48 + [2] * 48
    assert first.flashes["repetition"].max() == 4
    assert "BAD_artifact" in first.raw.annotations.description
    others = first.raw.annotations.description == "BAD_artifact"
    first.raw.annotations.delete(np.flatnonzero(others))
    assert_annotated(first)


def test_what_is_wanted(moabb):
    assert [r.run for r in load(subjects=[2], sessions=["0"], runs=["1test"])] == ["1test"]
    with pytest.raises(RecordingError, match=r"subjects \['3'\] not found"):
        load(subjects=[3])
    with pytest.raises(RecordingError, match=r"subject 1: sessions \['4'\] not found.*\['0'\]"):
        load(sessions=["4"])
    with pytest.raises(RecordingError, match=r"session 0: runs \['test'\] not found"):
        load(runs=["test"])


def test_data_sets_without_codes(moabb):
    recording = load("NoCodes")[0]
    assert recording.flashes["sample"].tolist() == ONSETS.tolist()
    assert recording.flashes[["code", "character"]].isna().all(axis=None)


def test_what_cannot_be_read(moabb):
    with pytest.raises(RecordingError, match=r"set 'FakeOdball', did you mean 'FakeOddball'\?"):
        load("FakeOdball")
    with pytest.raises(RecordingError, match=r"has no P300 data set ''\. There are: FakeOddball"):
        load("")
    with pytest.raises(RecordingError, match="expected Target and NonTarget"):
        load("NoMarks")
    with pytest.raises(RecordingError, match=r"subject 1: MOABB cannot load it.*no route to host"):
        load("Unreachable")
    with pytest.warns(DataWarning, match=r"\['EEG 2'\] are no names"):
        load(rename={})


def test_without_moabb(monkeypatch):
    monkeypatch.setitem(sys.modules, "moabb.datasets.utils", None)
    with pytest.raises(RecordingError, match=r"needs the library MOABB.*p300\[moabb\]"):
        load()
    assert source_module("moabb").INFO.title


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")  # MOABB asks MNE for names of yesterday
def test_the_real_moabb():
    """Of its own data sets one needs no download."""
    pytest.importorskip("moabb", exc_type=ImportError)
    options = {"subjects": [2], "runs": ["0block0rep0"], "rename": {}, "drop": []}
    (recording,) = load("FakeVirtualRealityDataset", **options)
    assert recording.electrodes == ["C3", "Cz", "C4"]
    assert 0 < recording.flashes["target"].mean() < 1
    assert len(recording.flashes) == 60
