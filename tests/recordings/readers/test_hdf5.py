"""Formats that are HDF5: EEGLAB's files of MATLAB 7.3, and those of g.tec's recorder."""

from __future__ import annotations

import sys
import time

import hdf5_writer
import numpy as np
import pytest

from p300.errors import RecordingError
from p300.recordings import open_recordings
from p300.recordings.readers.mnefile import find_recordings, open_recording

h5py = pytest.importorskip("h5py")
pytest.importorskip("pymatreader")

NAMES = ["Fz", "Cz", "Pz"]
CHANNELS = [*((name, "EEG") for name in NAMES), ("left", "EOG"), ("in", "TRIG"), ("arm", "ACC")]


def noise(k=3, n=500):
    return 10 * np.random.default_rng(2).normal(size=(k, n))


def marks(raw):
    samples = (raw.annotations.onset * raw.info["sfreq"]).round(2).tolist()
    return list(zip(samples, raw.annotations.description.tolist(), strict=True))


@pytest.fixture
def save_set(tmp_path):
    def write(events=((0, "a"), (7, "b"), (499, "a")), **more):
        path = tmp_path / "a.set"
        hdf5_writer.eeglab(path, noise(), NAMES, 250, events, **more)
        return path

    return write


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("struct", [False, True])
@pytest.mark.parametrize(
    "events",
    [
        [(0, "target"), (7, "b"), (250.5, "b"), (499, "a")],
        [(0, 1), (7, 12), (499, 1)],
        [(3, "only")],
    ],
)
def test_eeglab_to_the_sample(save_set, beside, struct, events):
    raw = open_recording(save_set(events, beside=beside, struct=struct))
    assert (raw.ch_names, raw.info["sfreq"], raw.n_times) == (NAMES, 250, 500)
    np.testing.assert_allclose(raw.get_data(), 1e-6 * noise(), atol=1e-11)
    assert marks(raw) == [(sample, str(kind)) for sample, kind in events]


@pytest.mark.parametrize("kind", [float, int])
def test_numbers_are_called_as_in_files_of_version_5(save_set, tmp_path, kind):
    from scipy.io import savemat

    events = [(0, 1), (7, 12), (499, 1)]
    old = tmp_path / "old.set"
    eeg = {
        "nbchan": 3, "trials": 1, "pnts": 500, "srate": 250.0, "xmin": 0.0, "xmax": 2.0,
        "data": noise(),
        "chanlocs": np.array([(n,) for n in NAMES], dtype=[("labels", object)]),
        "event": np.array(
            [(kind(name), at + 1.0) for at, name in events],
            dtype=[("type", object), ("latency", object)],
        ),
    }  # fmt: skip
    savemat(old, {"EEG": eeg}, appendmat=False)
    assert marks(open_recording(old)) == marks(open_recording(save_set(events)))


def test_a_signal_beside_that_is_cut_short(save_set):
    path = save_set(beside=True)
    fdt = path.with_suffix(".fdt")
    fdt.write_bytes(fdt.read_bytes()[:-400])
    with pytest.raises(RecordingError, match=r"a\.set.*cut short"):
        list(open_recordings("annotated", path, target=["b"], nontarget=["a"]))


@pytest.mark.parametrize("package", ["h5py", "pymatreader"])
def test_without_the_extra_the_command_is_told(save_set, monkeypatch, package):
    path = save_set()
    monkeypatch.setitem(sys.modules, package, None)
    told = rf"MATLAB 7\.3 \(HDF5\) found, which the package {package} reads.*p300\[formats\]'"
    with pytest.raises(RecordingError, match=told):
        open_recording(path)


@pytest.fixture
def save_gtec(tmp_path):
    def write(name="a.hdf5", signal=None, given=((0, 1, 1), (7, 2, 4), (7, 3, 8), (499, 1, 1)),
              **more):  # fmt: skip
        path = tmp_path / name
        types = {1: "Start", 2: "Digital In 3", 3: "Digital In 4"}
        values = noise(6) if signal is None else signal
        hdf5_writer.gtec(path, values, CHANNELS, 256, given, types, **more)
        return path

    return write


def test_gtec_to_the_sample(save_gtec):
    raw = open_recording(save_gtec())
    names = [*(name for name, _ in CHANNELS), "AsynchronData"]
    assert (raw.ch_names, raw.info["sfreq"], raw.n_times) == (names, 256, 500)
    assert raw.get_channel_types() == ["eeg"] * 3 + ["eog", "stim", "misc", "stim"]
    volts = noise(6) * np.array([[1e-6]] * 4 + [[1]] * 2)
    np.testing.assert_allclose(raw.get_data()[:6], volts, rtol=1e-6)
    assert marks(raw) == [
        (0, "Start/1"), (7, "Digital In 3/4"), (7, "Digital In 4/8"), (499, "Start/1"),
    ]  # fmt: skip
    row = raw.get_data()[6]
    assert (np.flatnonzero(row).tolist(), row[[0, 7, 499]].tolist()) == ([0, 7, 499], [1, 12, 1])


@pytest.mark.parametrize(
    ("without", "found"),
    [
        ("AsynchronData/Value", ["Start", "Digital In 3", "Digital In 4", "Start"]),
        ("AsynchronData/TypeID", ["0/1", "0/4", "0/8", "0/1"]),
        ("AsynchronData/AsynchronSignalTypes", ["1/1", "2/4", "3/8", "1/1"]),
        ("AsynchronData/Time", []),
    ],
)
def test_gtec_marks_of_which_part_is_missing(save_gtec, without, found):
    raw = open_recording(save_gtec(without=without))
    assert raw.annotations.description.tolist() == found
    assert ("AsynchronData" in raw.ch_names) == (without[14:] not in ("Value", "Time"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"without": "RawData/Samples"}, r"\['RawData/Samples'\] are missing"),
        ({"without": "RawData/AcquisitionTaskDescription"}, "Description'] are missing"),
        ({"signal": noise(5)}, r"samples of shape \(500, 5\) and 6 channels at '256' Hz"),
        ({"given": [(0.5, 1, 1)]}, "whole numbers found in AsynchronData"),
    ],
)
def test_gtec_wrong_content(save_gtec, more, message):
    path = save_gtec(**more)
    with pytest.raises(RecordingError, match=message) as caught:
        open_recording(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    "piece", ["<ChannelProperties>", "<ChannelName", "<ChannelProperties><ChannelName>" + 99 * " "]
)
def test_gtec_texts_without_end_are_searched_once(save_gtec, piece):
    path = save_gtec()
    with h5py.File(path, "a") as file:
        del file["RawData/AcquisitionTaskDescription"]
        text = piece * (400_000 // len(piece)) + "</ChannelProperties>"
        file["RawData/AcquisitionTaskDescription"] = np.array([text.encode()])
    before = time.process_time()
    with pytest.raises(RecordingError, match="expected"):
        open_recording(path)
    assert time.process_time() - before < 2


def test_hdf5_files_of_others_are_no_recordings(save_gtec, tmp_path):
    path = save_gtec("b.h5")
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["layer/kernel"] = noise()
    (tmp_path / "notes.h5").write_text("nothing", encoding="utf-8")
    assert find_recordings(tmp_path) == [path]
    with pytest.raises(RecordingError, match=r"\['layer'\] found.*expected an HDF5 recording"):
        open_recording(tmp_path / "weights.h5")
    with pytest.raises(RecordingError, match="not an HDF5 file"):
        open_recording(tmp_path / "notes.h5")


def test_gtec_without_h5py(save_gtec, monkeypatch, tmp_path):
    path = save_gtec()
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert find_recordings(tmp_path) == [path]
    with pytest.raises(RecordingError, match=r"Recorder found.*pip install 'p300\[formats\]'"):
        open_recording(path)


def huge(file):
    file.create_dataset("RawData/More", shape=(2**40,), dtype="f4", chunks=(2**10,))


def elsewhere(file):
    file["RawData/More"] = h5py.ExternalLink("/etc/other.hdf5", "/x")


def outside(file):
    file.create_dataset("RawData/More", (10,), "u1", external=[("/etc/hostname", 0, 10)])


def around(file):
    file["RawData/More"] = file["RawData"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (huge, r"'More' has \(1099511627776,\) values.*damaged or cut short"),
        (elsewhere, "'More' links elsewhere"),
        (outside, "'More' lies in other files"),
        (around, None),
    ],
)
def test_hdf5_that_is_not_what_it_seems(save_gtec, change, message):
    path = save_gtec()
    with h5py.File(path, "a") as file:
        change(file)
    if message is None:
        assert open_recording(path).n_times == 500
        return
    with pytest.raises(RecordingError, match=message):
        open_recording(path)


def test_files_cut_anywhere(save_gtec, save_set):
    for path in (save_gtec(), save_set()):
        content = path.read_bytes()
        for end in range(1, len(content), len(content) // 40):
            path.write_bytes(content[:end])
            with pytest.raises(RecordingError) as caught:
                open_recording(path)
            assert str(caught.value).startswith(str(path))


def laughs(file):
    """Eight cells, each of which refers ten times to the next."""
    inner = file.create_dataset("#refs#/x0", data=1.0)
    for k in range(1, 9):
        made = file.create_dataset(f"#refs#/x{k}", (10,), h5py.ref_dtype)
        made[:] = [inner.ref] * 10
        inner = made


def in_itself(file):
    made = file.create_dataset("#refs#/x", (1,), h5py.ref_dtype)
    made[0] = made.ref


def groups_within(file):
    file["EEG/again"] = file["EEG"]


def many_references(file):
    file.create_dataset("#refs#/x", (50_000,), h5py.ref_dtype, chunks=(50_000,), compression="gzip")


def texts(file):
    file["#refs#/x"] = np.array(["/EEG"] * 3, dtype=h5py.string_dtype())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (laughs, "stand for 12.,...,... values"),
        (in_itself, "stand for inf values"),
        (groups_within, "stand for inf values"),
        (many_references, "stand for 50,... values"),
        (texts, "'/#refs#/x' is no array of MATLAB"),
    ],
)
def test_values_of_matlab_that_are_without_end(save_set, change, message):
    path = save_set()
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(RecordingError, match=message) as caught:
        open_recording(path)
    assert str(caught.value).startswith(str(path))


def test_bytes_are_counted_over_all_datasets(save_gtec):
    path = save_gtec()
    with h5py.File(path, "a") as file:
        for k in range(100):
            file.create_dataset(f"more/{k}", shape=(200_000,), dtype="f4", chunks=(2**10,))
    with pytest.raises(RecordingError, match="damaged or cut short"):
        open_recording(path)
