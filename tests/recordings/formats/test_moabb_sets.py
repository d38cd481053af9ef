"""The data sets of MOABB that are described, in the layout of its loaders."""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from types import ModuleType, SimpleNamespace

import mne
import moabb_raws as made
import numpy as np
import pytest

from p300.errors import DataWarning
from p300.recordings import open_recordings
from p300.recordings.flashes import spelled_text
from p300.recordings.layout import MATRIX_6X6
from p300.recordings.moabb_sets import MOABB_SETS

PAGE = Path(__file__).parents[3] / "docs" / "recordings.md"
STIM_IDS = {"Target": 2, "NonTarget": 1}
EVENT_IDS = {
    "BI2013a": {"Target": 33285, "NonTarget": 33286},
    "Lee2019_ERP": {"Target": 1, "NonTarget": 2},
    "Huebner2017": {"Target": 10002, "NonTarget": 10001},
    "Huebner2018": {"Target": 10002, "NonTarget": 10001},
}
SPELLED = [name for name, one in MOABB_SETS.items() if one.layouts]
LOST = [name for name, one in MOABB_SETS.items() if one.lost]


def raw_of(name):
    electrodes, sfreq = MOABB_SETS[name].electrodes, MOABB_SETS[name].sfreq
    if name.startswith("BNCI2014"):
        return made.bnci2014(electrodes)
    if name == "BNCI2015_003":
        return made.bnci2015_003(electrodes)
    if name.startswith("BI"):
        ids = EVENT_IDS.get(name, STIM_IDS)
        return made.brain_invaders(electrodes, sfreq, ids["Target"], ids["NonTarget"])
    if name.startswith("Huebner"):
        return made.huebner()
    return made.lee2019() if name == "Lee2019_ERP" else made.bigp3bci()


@pytest.fixture
def give(monkeypatch):
    """Let MOABB have one data set of a name, which gives a raw of its loader."""

    def install(name, raw, interval=None):
        ids = EVENT_IDS.get(name, STIM_IDS)
        interval = interval or ([-0.2, 0.7] if name.startswith("Huebner") else [0, 1.0])
        marked = made.annotate(raw, ids, interval)

        class Source:
            subject_list = (1,)

            def get_data(self, subjects):
                return {1: {"0": {"0": marked}}}

        Source.__name__, Source.interval = name, interval
        utils = ModuleType("moabb.datasets.utils")
        utils.dataset_search = lambda paradigm: [Source()]
        for module in ("moabb", "moabb.datasets"):
            monkeypatch.setitem(sys.modules, module, ModuleType(module))
        monkeypatch.setitem(sys.modules, "moabb.datasets.utils", utils)

    return install


def load(name):
    """Give the recording of a data set, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        (recording,) = open_recordings("moabb", name=name)
    return recording, [str(one.message) for one in caught if one.category is DataWarning]


@pytest.mark.parametrize("name", SPELLED)
def test_data_sets_with_codes_spell_letters(name, give):
    give(name, raw_of(name))
    recording, warned = load(name)
    assert not warned
    assert recording.layout == MATRIX_6X6
    assert recording.flashes["sample"].tolist() == made.ONSETS.tolist()
    assert recording.flashes["code"].tolist() == made.CODES.tolist()
    assert spelled_text(recording.flashes, recording.layout) == made.SYMBOLS
    assert set(recording.electrodes) == set(MOABB_SETS[name].electrodes)


@pytest.mark.parametrize("name", [n for n in LOST if not n.startswith("Mainsah2025_")])
def test_data_sets_whose_codes_are_dropped_say_so_by_name(name, give):
    raw = raw_of(name)
    begin = raw.first_samp
    give(name, raw)
    recording, warned = load(name)
    (message,) = warned
    assert message == (
        f"moabb {name}: flashes can be detected, but not spelled: {MOABB_SETS[name].lost}"
    )
    assert recording.layout is None
    assert recording.flashes[["code", "character", "repetition"]].isna().all(axis=None)
    assert recording.flashes["sample"].tolist() == (made.ONSETS - begin).tolist()
    assert recording.flashes["target"].tolist() == made.TARGETS.tolist()
    assert not {"x_Optic", "EMG1"} & set(recording.electrodes)


def test_all_studies_of_bigp3bci_are_described(give):
    studies = [name for name in LOST if name.startswith("Mainsah2025_")]
    assert len(studies) == 20
    give("Mainsah2025_S2", made.bigp3bci())
    recording, (message,) = load("Mainsah2025_S2")
    assert "StimulusCode" in message
    assert recording.flashes["target"].tolist() == made.TARGETS.tolist()


def test_single_symbols_that_flash(give):
    codes = np.arange(48) % 36 + 1
    electrodes = MOABB_SETS["BNCI2015_003"].electrodes
    give("BNCI2015_003", made.bnci2015_003(electrodes, codes))
    recording, _ = load("BNCI2015_003")
    assert recording.layout.symbol_at([1]) == "A"
    assert len(recording.layout.groups) == 36


def test_codes_that_no_layout_has_are_left_out_with_a_warning(give):
    electrodes = MOABB_SETS["BNCI2015_003"].electrodes
    give("BNCI2015_003", made.bnci2015_003(electrodes, np.minimum(made.CODES, 11)))
    recording, (message,) = load("BNCI2015_003")
    assert re.search(r"codes \[1, .*11\] found, expected 1 to 12 or 1 to 36; .*spelled", message)
    assert recording.flashes["code"].isna().all()
    assert recording.flashes["target"].tolist() == made.TARGETS.tolist()


def test_what_is_not_as_described_is_said(give):
    raw = made.bnci2014(["Fz", "Cz", "Pz", "Oz", "P3", "P4", "PO7", "O2"])
    give("BNCI2014_008", raw)
    _, (message,) = load("BNCI2014_008")
    assert "expected ['PO8'] among them" in message
    other = made.brain_invaders(MOABB_SETS["BI2014b"].electrodes, 256)
    give("BI2014b", other)
    _, warned = load("BI2014b")
    assert any("256 Hz found, expected 512" in message for message in warned)


def test_the_page_has_what_is_known_of_each():
    text = PAGE.read_text(encoding="utf-8").split("### Data sets of MOABB")[1].split("\n## ")[0]
    for name, one in MOABB_SETS.items():
        label = "Mainsah2025_A" if name.startswith("Mainsah") else name
        row = next(line for line in text.splitlines() if line.startswith("| ") and label in line)
        assert f"{one.sfreq:g} Hz" in row
        assert one.licence in row
        assert ("| letters" in row) == bool(one.layouts)
        assert ("| no letters" in row) == bool(one.lost)


@pytest.fixture(scope="module")
def real():
    """Give the real MOABB."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("moabb", exc_type=ImportError)
        from moabb.datasets.utils import dataset_search
    return dataset_search


def same(one, other):
    """Compare signals, channels and kinds."""
    assert one.ch_names == other.ch_names
    assert one.get_channel_types() == other.get_channel_types()
    np.testing.assert_allclose(one.get_data(), other.get_data(), rtol=1e-6, atol=1e-12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what MOABB and what it imports warn of
class TestTheLoadersOfMoabb:
    """What the real loaders make of files of the same content is what is tested above."""

    def test_each_described_set_is_one_of_its_p300_data_sets(self, real):
        there = {type(source).__name__: source for source in real(paradigm="p300")}
        assert set(MOABB_SETS) <= set(there)
        for name in MOABB_SETS:
            assert dict(there[name].event_id) == EVENT_IDS.get(name, STIM_IDS)
            assert type(there[name]).__module__.startswith(
                f"moabb.datasets.{MOABB_SETS[name].loader}"
            )

    @pytest.mark.parametrize("name", ["BNCI2014_008", "Lee2019_ERP", "Huebner2017", "BI2012"])
    def test_annotations(self, real, name):
        from moabb.datasets.preprocessing import SetRawAnnotations

        ids = EVENT_IDS.get(name, STIM_IDS)
        interval = [-0.2, 0.7]
        ours = made.annotate(raw_of(name), ids, interval).annotations
        theirs = SetRawAnnotations(ids, interval).transform(raw_of(name)).annotations
        np.testing.assert_allclose(theirs.onset, ours.onset)
        assert theirs.description.tolist() == ours.description.tolist()

    def test_bnci2014(self, real):
        from moabb.datasets.bnci.base import _convert_run_p300_sl

        electrodes = MOABB_SETS["BNCI2014_008"].electrodes
        run = SimpleNamespace(
            channels=list(electrodes), X=made.signal(8).T, y=made.held(1 + made.TARGETS),
            y_stim=made.held(made.CODES), classes=["NonTarget", "Target"],
            classes_stim=[f"Col{k}" for k in range(1, 7)] + [f"Row{k}" for k in range(1, 7)],
        )  # fmt: skip
        raw, _ = _convert_run_p300_sl(run)
        same(raw, made.bnci2014(electrodes))

    def test_bnci2015_003(self, real, monkeypatch, tmp_path):
        from moabb.datasets.bnci import bnci_2015
        from scipy.io import savemat

        rows = np.vstack(
            [np.arange(made.N_SAMPLES) / 256, made.signal(8), made.held(made.CODES),
             made.held(made.TARGETS)]
        )  # fmt: skip
        savemat(tmp_path / "s1.mat", {"s1": {"train": rows, "test": rows}})
        monkeypatch.setattr(bnci_2015, "data_path", lambda *_, **__: [str(tmp_path / "s1.mat")])
        sessions = bnci_2015._load_data_003_2015(1)
        assert list(sessions) == ["0"]
        assert list(sessions["0"]) == ["0train", "1test"]
        same(sessions["0"]["0train"], made.bnci2015_003(MOABB_SETS["BNCI2015_003"].electrodes))

    @pytest.mark.parametrize("name", ["BI2012", "BI2013a", "BI2014a", "BI2014b", "BI2015a"])
    def test_brain_invaders(self, real, name, tmp_path):
        from moabb.datasets import braininvaders
        from scipy.io import savemat

        described, ids = MOABB_SETS[name], EVENT_IDS.get(name, STIM_IDS)
        eeg = made.signal(len(described.electrodes))
        marks = made.held(np.where(made.TARGETS, ids["Target"], ids["NonTarget"]), lit=1)
        time = np.arange(made.N_SAMPLES)[None]
        variable, file, rows = {
            "BI2012": ("training", "training.mat", [time, eeg[:2], 0 * eeg[:1], eeg[2:],
                                                    marks * (marks == 2), marks * (marks == 1)]),
            "BI2013a": ("data", "Session1/subject_1.mat", [1e-6 * eeg, marks]),
            "BI2014a": ("samples", "subject_01.mat", [time, eeg, marks]),
            "BI2014b": ("samples", "group_01_sujet_01.mat", [time, eeg, eeg, marks]),
            "BI2015a": ("DATA", "subject_01_session_01.mat", [
                time, eeg, marks * (marks == 2), marks * (marks == 1)]),
        }[name]  # fmt: skip
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        savemat(path, {variable: np.vstack(rows).T})
        source = getattr(braininvaders, name)()
        source.data_path = lambda subject: [str(path)]
        (session,) = source._get_single_subject_data(1).values()
        (raw,) = session.values()
        expected = made.brain_invaders(
            described.electrodes, described.sfreq, ids["Target"], ids["NonTarget"]
        )
        same(raw, expected)

    def test_lee2019(self, real):
        from moabb.datasets import Lee2019_ERP

        eeg = made.signal(5)
        kinds = ((1, "target"), (2, "nontarget"))
        data = {
            "fs": np.array([[1000]]),
            "class": [(np.array(k), np.array(name)) for k, name in kinds],
            "chan": np.array([["Fp1"], ["Cz"], ["Pz"], ["Oz"]], dtype=object),
            "EMG_index": np.array([["EMG1"]], dtype=object),
            "x": eeg[:4].T, "EMG": eeg[4:].T, "t": made.ONSETS[None],
            "y_dec": np.where(made.TARGETS, 1, 2)[None],
        }  # fmt: skip
        same(Lee2019_ERP()._get_single_run(data), made.lee2019())

    def test_bigp3bci(self, real, tmp_path):
        from moabb.datasets.mainsah2025 import Mainsah2025

        expected = made.bigp3bci()
        names = [n for n in expected.ch_names if n != "STI"]
        other = {
            "StimulusBegin": made.held(1),
            "StimulusType": made.held(made.TARGETS),
            "StimulusCode": made.held(made.CODES),
        }
        info = mne.create_info([*(f"EEG_{n}" for n in names), *other], 256, "eeg")
        volts = np.vstack([1e-6 * made.signal(len(names)), *(1e-6 * v for v in other.values())])
        volts = volts[:, : 256 * (made.N_SAMPLES // 256)]
        raw = mne.io.RawArray(volts, info, verbose="error")
        mne.export.export_raw(tmp_path / "one.edf", raw, physical_range="channelwise")
        # Marks have no unit in the real files: MNE reads them as they are.
        content = (tmp_path / "one.edf").read_bytes()
        n_channels = int(content[252:256])
        for k in range(n_channels):
            at = 256 + 96 * n_channels + 8 * k  # beyond names and transducers
            if content[256 + 16 * k : 272 + 16 * k].decode().strip() in other:
                assert content[at : at + 8].strip() == b"uV"
                content = content[:at] + b" " * 8 + content[at + 8 :]
        (tmp_path / "one.edf").write_bytes(content)
        found = Mainsah2025._load_edf(str(tmp_path / "one.edf"))
        assert found.ch_names == expected.ch_names
        n_times = found.n_times
        np.testing.assert_array_equal(found.get_data("STI"), expected.get_data("STI")[:, :n_times])
        np.testing.assert_allclose(
            found.get_data("eeg"), expected.get_data("eeg")[:, :n_times], atol=2e-9
        )

    def test_huebner(self, real):
        """Marks of a flash: start of an event (21), symbols lit, the optical marker."""
        from moabb.datasets import huebner_llp

        rows = []
        for onset, target in zip(made.ONSETS.tolist(), made.TARGETS.tolist(), strict=True):
            lit = [107 if target else 7, 12]
            rows += [(onset - 5, 0, 21), *((onset - 4, 0, k) for k in lit), (onset, 0, 500)]
        rows.append((rows[-1][0] + 50, 0, 10))
        (onsets,), (marks,) = huebner_llp._extract_target_non_target_description(np.array(rows))
        assert onsets.tolist() == made.ONSETS.tolist()
        assert marks.tolist() == made.TARGETS.astype(int).tolist()
