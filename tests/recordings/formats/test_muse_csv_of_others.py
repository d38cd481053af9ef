"""Muse tables as muse-lsl, EEG-ExPy and spreadsheets write them."""

from __future__ import annotations

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, recognise_source

N = 2560
K = np.arange(N)
MUSE = ("TP9", "AF7", "AF8", "TP10")
FLASHES = np.arange(50, N, 100)
TARGETS = FLASHES // 100 % 5 == 0
MARKER = np.zeros(N, dtype=int)
MARKER[FLASHES] = np.where(TARGETS, 2, 1)
STAMPS = 1622937600.0 + K / 256


def lines(*, title="Marker", aux=True, electrodes=MUSE, late=0, marker=MARKER, stamps=STAMPS):
    """Return the rows; the first ``late`` ones lack the field of the marker."""
    titles = ["timestamps", *electrodes, *(["Right AUX"] if aux else []), *([title] * bool(title))]
    noise = 10 * np.random.default_rng(4).normal(size=(N, len(electrodes)))
    rows = [",".join(titles)]
    for k in K:
        fields = [f"{stamps[k]:.3f}", *(f"{value:.3f}" for value in noise[k])]
        fields += [*(["0.000"] if aux else []), *([str(marker[k])] if k >= late else [])]
        rows.append(",".join(fields))
    return rows


def with_comma(rows):
    return [row.replace(",", ";").replace(".", ",") for row in rows]


@pytest.fixture
def put(tmp_path):
    def write(rows, encoding="utf-8", name="recording_2021-06-17-15.40.21.csv"):
        path = tmp_path / "subject0000" / "session000" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(("\n".join(rows) + "\n").encode(encoding))
        return tmp_path

    return write


def load(path, **options):
    return list(open_recordings("muse_csv", path, **options))


def assert_exact(recording, electrodes=MUSE):
    assert recording.electrodes == list(electrodes)
    assert recording.sfreq == 256
    assert recording.segments() == [(0, N)]
    assert recording.flashes["sample"].tolist() == FLASHES.tolist()
    assert recording.flashes["target"].tolist() == TARGETS.tolist()
    noise = 10 * np.random.default_rng(4).normal(size=(N, len(electrodes)))
    np.testing.assert_allclose(recording.raw.get_data(), 1e-6 * noise.T, atol=6e-10)


HEADSET = ("Fz", "C3", "Cz", "C4", "Pz", "PO7", "Oz", "PO8")


@pytest.mark.parametrize(
    ("rows", "encoding"),
    [
        (lines(), "utf-8"),
        (lines(), "utf-8-sig"),
        (lines(), "utf-16"),
        (lines(title="", late=12), "utf-8"),
        (lines(title="", late=0), "utf-8"),
        (lines(late=12), "utf-8"),
        (lines(title="Marker0"), "utf-8"),
        (lines(title="stim"), "utf-8"),
        (lines(aux=False), "utf-8"),
        (lines(marker=1.0 * MARKER), "utf-8"),
        (with_comma(lines()), "utf-8"),
        (['"timestamps","TP9","AF7","AF8","TP10","Right AUX","Marker"', *lines()[1:]], "utf-8"),
        ([f"{k}," * (k >= 0) + row for k, row in enumerate(lines(), -1)], "utf-8"),
    ],
)
def test_however_it_is_written(put, rows, encoding):
    if rows[1].startswith("0,1622"):
        rows = ["," + rows[0], *rows[1:]]
    folder = put(rows, encoding)
    (recording,) = load(folder)
    assert_exact(recording)
    assert (recording.subject, recording.session) == ("0", "0")
    assert recognise_source(folder) == [("muse_csv", {})]


def test_other_headsets(put):
    (recording,) = load(put(lines(title="stim", aux=False, electrodes=HEADSET)))
    assert_exact(recording, HEADSET)


def test_the_marker_that_begins_is_left_out(put):
    marker = MARKER.copy()
    marker[[3, 7]] = 99
    with pytest.warns(DataWarning, match=r"no flashes are left out: 99 \(2\)"):
        (recording,) = load(put(lines(marker=marker)))
    assert_exact(recording)


def test_other_values_of_the_marker(put):
    marker = np.where(MARKER > 0, 10 + MARKER, 0)
    folder = put(lines(marker=marker))
    with pytest.raises(RecordingError, match=r"holds 11, 12, .* 'target' and 'nontarget'"):
        load(folder)
    (recording,) = load(folder, target=[12], nontarget=[11])
    assert_exact(recording)
    (recording,) = load(folder, target="unknown", code=r"(1)\d")
    assert recording.flashes["target"].isna().all()
    assert recording.flashes["code"].tolist() == [1] * np.count_nonzero(MARKER)
    with pytest.warns(DataWarning, match=r"left out: 12 \(\d+\)"):
        load(put(lines(marker=np.where(K % 300 == 50, 13, marker))), target=[13], nontarget=[11])


def test_several_markers(put):
    rows = lines(title="Marker0")
    put([rows[0] + ",Marker1", *(row + ",0" for row in rows[1:])])
    (recording,) = load(put([rows[0] + ",Marker1", *(row + ",0" for row in rows[1:])]))
    assert_exact(recording)
    folder = put([rows[0] + ",Marker1", *(row + ",1" for row in rows[1:])])
    with pytest.raises(RecordingError, match=r"\['Marker0', 'Marker1'\] found, .* 'marker'"):
        load(folder)
    (recording,) = load(folder, marker="Marker0")
    assert_exact(recording)
    with pytest.raises(RecordingError, match="no column 'Marker3', there are"):
        load(folder, marker="Marker3")


def test_channels_and_unit(put):
    folder = put(lines(electrodes=("TP9", "AF7", "AF8", "X1")))
    with pytest.warns(DataWarning, match=r"electrodes \['X1'\] are no names of the 10-05 system"):
        load(folder)
    (recording,) = load(folder, rename={"X1": "TP10"})
    assert_exact(recording)
    (recording,) = load(folder, drop=["X1"], microvolts_per_unit=2.0)
    assert recording.electrodes == ["TP9", "AF7", "AF8"]
    assert recording.raw.get_data().std() == pytest.approx(2e-5, rel=0.05)


def test_packets_that_arrive_unevenly(put):
    late = 0.02 * np.random.default_rng(2).random(N // 12 + 1)
    with pytest.warns(DataWarning, match=r"edges of packets of 12 samples, .* 256 Hz"):
        (recording,) = load(put(lines(stamps=STAMPS + late[K // 12])))
    assert_exact(recording)


def test_one_bad_file_is_left_out_by_name(put):
    put(lines(), name="a.csv")
    put(lines(stamps=1000 * STAMPS), name="b.csv")
    put(lines()[:1000], name="c.csv")
    folder = put(["sample,target", "1,0"], name="d.csv")
    with pytest.warns(DataWarning) as said:
        found = load(folder)
    texts = [str(warning.message) for warning in said]
    assert [recording.run for recording in found] == ["1", "3"]
    assert len(texts) == 2
    assert "d.csv: left out: columns ['sample', 'target'] found" in texts[0]
    assert "b.csv: left out: time stamps in steps of 3.90625 found" in texts[1]
    with pytest.raises(RecordingError, match=r"b\.csv: time stamps"):
        load(folder / "subject0000" / "session000" / "b.csv")


def test_none_of_several_files_can_be_read(put):
    put(lines(stamps=1000 * STAMPS), name="a.csv")
    folder = put(lines(marker=0 * K), name="b.csv")
    with (
        pytest.warns(DataWarning, match="left out"),
        pytest.raises(RecordingError, match=r"a\.csv: time stamps in steps of"),
    ):
        load(folder)
