from __future__ import annotations

import edfio
import mne
import numpy as np
import pytest

from p300.errors import RecordingError
from p300.recordings import open_recordings, recognise_source
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.annotated import recognise

SFREQ, N_SAMPLES = 250.0, 6000
ONSETS = 200 + 50 * np.arange(96)  # two characters, four repetitions of twelve codes each
ONSETS[48:] += 500
CODES = np.tile(np.arange(1, 13), 8)
TARGETS = np.isin(CODES, (2, 9))  # column 2, row 3: the letter N
ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
NAMES = np.where(TARGETS, "Stimulus/rare", "Stimulus/standard")


def marks(names=NAMES, onsets=ONSETS):
    return mne.Annotations(onsets / SFREQ, 0.0, names)


@pytest.fixture
def make_raw():
    """Make a recording of three electrodes and a stimulus channel."""

    def make(annotations=None, stim=None, first=0):
        signal = 1e-5 * np.random.default_rng(3).normal(size=(4, N_SAMPLES))
        signal[3] = 0 if stim is None else stim
        info = mne.create_info(["Fz", "Cz", "Pz", "STI"], SFREQ, ["eeg"] * 3 + ["stim"])
        raw = mne.io.RawArray(signal, info, first_samp=first, verbose="error")
        return raw.set_annotations(annotations)

    return make


@pytest.fixture
def save_fif(make_raw, tmp_path):
    def save(annotations=None, stim=None, first=0, name="sub-03_ses-2_run-1_raw.fif"):
        path = tmp_path / name
        make_raw(annotations, stim, first).save(path, verbose="error", overwrite=True)
        return path

    return save


def held(values, length=20):
    """Give a stimulus channel whose values are held a while."""
    channel = np.zeros(N_SAMPLES)
    for onset, value in zip(ONSETS, values, strict=True):
        channel[onset : onset + length] = value
    return channel


def load(path, **options):
    return list(open_recordings("annotated", path, **options))


def assert_same_flashes(recording):
    assert recording.flashes["sample"].tolist() == ONSETS.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()


@pytest.mark.parametrize("first", [0, 700])
def test_annotations_become_flashes(save_fif, assert_annotated, first):
    others = mne.Annotations([0.1, 3.0], [0, 1], ["New Segment/", "BAD_jump"])
    path = save_fif(marks() + others, first=first)
    (recording,) = load(path, target=["Stimulus/rare"], nontarget=["Stimulus/s*"], drop=["STI"])
    assert (recording.subject, recording.session, recording.run) == ("03", "2", "1")
    assert recording.electrodes == ["Fz", "Cz", "Pz"]
    assert_same_flashes(recording)
    assert recording.flashes["code"].isna().all()
    kept = set(recording.raw.annotations.description)
    assert kept == {"target", "nontarget", "New Segment/", "BAD_jump"}


def test_codes_from_the_names_of_marks(save_fif, assert_annotated):
    names = [f"{'T' if t else 'N'}/flash {c}" for t, c in zip(TARGETS, CODES, strict=True)]
    path = save_fif(marks(names))
    found = {"target": ["T/*"], "nontarget": ["N/*"]}
    (recording,) = load(path, code=r"flash (\d+)", layout=ROWS, **found)
    assert_same_flashes(recording)
    assert recording.flashes["code"].tolist() == CODES.tolist()
    assert recording.flashes["repetition"].max() == 4
    assert spelled_text(recording.flashes, recording.layout) == "NN"
    assert_annotated(recording)
    with pytest.raises(RecordingError, match=r"flash codes \[5, .*found, the layout has"):
        load(path, code=r"flash (\d+)", layout=["AB", "CD"], **found)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (r"(\d+", "unterminated|missing"),
        (r"\w+", "no such group"),
        (r"(.)", "gives no flash code to mark 'Stimulus/"),
        (r"code(\d)", "gives no flash code to mark 'Stimulus/"),
        ({"Stimulus/rare": 1}, "gives no flash code to mark 'Stimulus/standard'"),
    ],
)
def test_codes_that_do_not_follow(save_fif, code, message):
    path = save_fif(marks())
    with pytest.raises(RecordingError, match=message) as caught:
        load(path, target=["*rare"], nontarget=["*standard"], code=code)
    assert str(path) in str(caught.value)


def test_a_stimulus_channel(save_fif, assert_annotated):
    # 20 + code for targets, 40 + code for the others; 99 begins and ends the run.
    channel = held(np.where(TARGETS, 20, 40) + CODES)
    channel[[50, -50]] = 99
    path = save_fif(stim=channel)
    (recording,) = load(
        path,
        stim_channel="STI",
        target=[22, 29],
        nontarget=["4?", "5?"],
        code={20 * k + c: c for k in (1, 2) for c in range(1, 13)},
        layout=ROWS,
    )
    assert_same_flashes(recording)
    assert spelled_text(recording.flashes, recording.layout) == "NN"
    assert recording.electrodes == ["Fz", "Cz", "Pz"]
    assert_annotated(recording)


def test_marks_without_pauses_between_them(save_fif):
    # A port that rests at 255 and goes from value to value.
    channel = held(np.where(TARGETS, 1, 2))
    channel[channel == 0] = 255
    (recording,) = load(save_fif(stim=channel), stim_channel="STI", target=[1], nontarget=[2])
    assert_same_flashes(recording)


def test_wrong_stimulus_channels(save_fif):
    path = save_fif(stim=held(TARGETS + 0.5))
    with pytest.raises(RecordingError, match=r"no channel 'Status'.* 'STI' may hold triggers"):
        load(path, stim_channel="Status", target=[1], nontarget=[2])
    with pytest.raises(RecordingError, match="'STI' holds NaN or fractions"):
        load(path, stim_channel="STI", target=[1], nontarget=[2])


def test_marks_that_are_not_there(save_fif):
    path = save_fif(marks())
    for options in ({}, {"target": ["odd"], "nontarget": ["Std"]},
                    {"target": ["*rare"], "nontarget": ["Std"]}):  # fmt: skip
        with pytest.raises(
            RecordingError, match=r"'Stimulus/standard' \(80\), 'Stimulus/rare' \(16"
        ):
            load(path, **options)
    with pytest.raises(RecordingError, match="meant by 'target' and by 'nontarget'"):
        load(path, target=["*rare"], nontarget=["Stimulus/*"])
    with pytest.raises(RecordingError, match="no marks found, expected targets"):
        load(save_fif(), target=["1"], nontarget=["2"])


def test_a_folder_of_recordings(save_fif, tmp_path):
    with pytest.raises(RecordingError, match="no recordings in this folder"):
        load(tmp_path)
    for name in ("sub-2_raw.fif", "sub-1_raw.fif"):
        save_fif(marks(), name=name)
    (tmp_path / "notes.txt").write_text("-", encoding="utf-8")
    wanted = {"target": ["*rare"], "nontarget": ["*standard"]}
    assert [r.subject for r in load(tmp_path, **wanted)] == ["1", "2"]
    assert [r.subject for r in load(tmp_path, subjects=[2], **wanted)] == ["2"]
    save_fif(marks(), name="copy_sub-2_raw.fif")
    with pytest.raises(RecordingError, match="are both subject, session and run"):
        load(tmp_path, **wanted)


def test_edf_annotations(make_raw, tmp_path):
    path = tmp_path / "sub-9.edf"
    raw = make_raw(marks(np.where(TARGETS, "T", "N"))).drop_channels("STI")
    mne.export.export_raw(path, raw, verbose="error")
    (recording,) = load(path, target=["T"], nontarget=["N"])
    assert_same_flashes(recording)
    assert recording.subject == "9"


def test_a_bdf_status_channel(tmp_path):
    path = tmp_path / "sub-9.bdf"
    random = np.random.default_rng(4)
    signals = [
        edfio.BdfSignal(
            10 * random.normal(size=N_SAMPLES), SFREQ, label=name, physical_dimension="uV"
        )
        for name in ("Fz", "Cz")
    ]
    # Bits 16 to 23 belong to the amplifier, a new epoch and the battery, say.
    status = held(np.where(TARGETS, 5, 3)) + 2**16 + 2**20
    whole = (-(2**23), 2**23 - 1)
    signals.append(
        edfio.BdfSignal(status, SFREQ, label="Status", physical_range=whole, digital_range=whole)
    )
    edfio.Bdf(signals).write(path)
    (recording,) = load(path, stim_channel="Status", target=[5], nontarget=[3])
    assert_same_flashes(recording)
    assert recording.electrodes == ["Fz", "Cz"]
    assert recognise(path) == {"target": [5], "nontarget": [3], "stim_channel": "Status"}


def test_brainvision_markers(tmp_path, eeg):
    path = tmp_path / "sub-4_run-2.vhdr"
    (0.1 * eeg(2, N_SAMPLES).T / 0.1).astype("<f4").tofile(path.with_suffix(".eeg"))
    path.write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=sub-4_run-2.eeg\nMarkerFile=sub-4_run-2.vmrk\nDataFormat=BINARY\n"
        "DataOrientation=MULTIPLEXED\nNumberOfChannels=2\nSamplingInterval=4000\n\n"
        "[Binary Infos]\nBinaryFormat=IEEE_FLOAT_32\n\n[Channel Infos]\n"
        "Ch1=Cz,,1,µV\nCh2=Pz,,1,µV\n",
        encoding="utf-8",
    )
    rows = [
        f"Mk{k}=Stimulus,S{'  1' if t else '  2'},{onset + 1},1,0"
        for k, (onset, t) in enumerate(zip(ONSETS, TARGETS, strict=True), start=1)
    ]
    path.with_suffix(".vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=sub-4_run-2.eeg\n\n[Marker Infos]\n" + "\n".join(rows) + "\n",
        encoding="utf-8",
    )
    guess = {"target": ["Stimulus/S  1"], "nontarget": ["Stimulus/S  2"]}
    assert recognise(path) == guess
    (recording,) = load(path, **guess)
    assert_same_flashes(recording)
    assert (recording.subject, recording.run) == ("4", "2")


@pytest.mark.parametrize(
    ("target", "nontarget"),
    [
        ("Target", "NonTarget"),
        ("visual/target", "visual/non-target"),
        ("oddball", "something"),
        ("Deviant tone", "Standard tone"),
        ("infrequent", "frequent"),
        ("S 12", "S 11"),
    ],
)
def test_recognises_marks(save_fif, target, nontarget):
    names = np.where(TARGETS, target, nontarget)
    seldom = mne.Annotations([0.0, 0.1, 0.2], 0.0, ["start", "pause", "end"])
    path = save_fif(marks(names) + seldom)
    assert recognise(path) == {"target": [target], "nontarget": [nontarget]}
    assert recognise(path.parent) == recognise(path)
    assert ("annotated", recognise(path)) in recognise_source(path)
    assert_same_flashes(load(path, **recognise(path))[0])


def test_recognises_what_this_project_writes(save_fif, tmp_path):
    names = [f"{'target' if t else 'nontarget'}/{c}" for t, c in zip(TARGETS, CODES, strict=True)]
    options = recognise(save_fif(marks(names)))
    assert options == {
        "target": ["target/*"],
        "nontarget": ["nontarget/*"],
        "code": r"(\d+)$",
        "layout": ROWS,
    }
    (recording,) = load(tmp_path, **options)
    assert spelled_text(recording.flashes, recording.layout) == "NN"


def test_recognises_nothing_where_nothing_is(save_fif, tmp_path):
    assert recognise(tmp_path) is None
    assert recognise(tmp_path / "nowhere.edf") is None
    assert recognise(save_fif()) is None
    assert recognise(save_fif(marks(np.where(np.arange(96) % 2, "a", "b")))) is None
    assert recognise(save_fif(marks(["a"] * 95 + ["b"]))) is None
    assert recognise(save_fif(marks(["a"] * 96))) is None


@pytest.mark.parametrize("ending", [".fif", ".fif.gz", ".edf", ".bdf", ".vhdr", ".set", ".gdf",
                                    ".cnt", ".mff", ".lay", ".nxe", ".txt"])  # fmt: skip
@pytest.mark.parametrize("content", [b"", b"<html></html>" * 50, bytes(range(256)) * 8])
def test_never_raises_on_any_content(tmp_path, ending, content):
    path = tmp_path / f"sub-1{ending}"
    path.write_bytes(content)
    assert recognise(path) is None
    assert recognise(tmp_path) is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_never_raises_on_damaged_recordings(save_fif, make_raw, tmp_path):
    # Cut anywhere; a FIF file whose chain of tags is bent can keep MNE busy for ever.
    fif = save_fif(marks())
    edf = tmp_path / "sub-1.edf"
    mne.export.export_raw(edf, make_raw(marks()).drop_channels("STI"), verbose="error")
    random = np.random.default_rng(11)
    for path in (fif, edf):
        content = path.read_bytes()
        for _ in range(20):
            spoilt = bytearray(content[: random.integers(1, len(content))])
            if path is edf:
                for place in random.integers(0, min(len(spoilt), 3000), size=12):
                    spoilt[place] = random.integers(256)
            path.write_bytes(spoilt)
            found = recognise(path)
            assert found is None or {"target", "nontarget"} <= set(found)


@pytest.mark.filterwarnings("ignore:.*times the amplitude")
def test_a_real_recording_reads_as_its_events_table_tells(data_root):
    root = data_root / "bnci2015-003-bids"
    path = root / "sub-04/eeg/sub-04_task-speller_run-2_eeg.vhdr"
    guess = recognise(path)
    assert guess == {"target": ["Stimulus/S  2"], "nontarget": ["Stimulus/S  1"]}
    (found,) = load(path, **guess)
    _, expected = open_recordings("bids", root, subjects=["04"])
    assert found.flashes[["sample", "target"]].equals(expected.flashes[["sample", "target"]])
    np.testing.assert_array_equal(found.raw.get_data(), expected.raw.get_data())
