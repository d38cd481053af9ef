"""OpenViBE's own files, and stimulations that are no speller's."""

from __future__ import annotations

import numpy as np
import ov_writer as ov
import pytest
import test_openvibe as speller

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.openvibe import LABEL_00, recognise

ROWS, RATE, NAMES = speller.ROWS, 256, ("Fz", "Cz", "Pz")


def noise(n=4000):
    return 10 * np.random.default_rng(3).normal(size=(3, n))


@pytest.fixture
def save(tmp_path):
    def write(events, name="sub-1.ov", **more):
        path = tmp_path / name
        path.write_bytes(ov.recording(noise(), NAMES, RATE, events, **more))
        return path

    return write


def load(path, **options):
    return list(open_recordings("openvibe", path, **options))


def test_a_file_gives_what_its_gdf_gives(save, tmp_path, assert_annotated):
    path = save(speller.flashes())
    (tmp_path / "gdf").mkdir()
    gdf = tmp_path / "gdf" / "sub-1.gdf"
    gdf.write_bytes(speller.gdf(speller.flashes()))
    (found,), (other,) = load(path, layout=ROWS), load(gdf, layout=ROWS)
    assert spelled_text(found.flashes, found.layout) == "BC"
    assert found.flashes.equals(other.flashes)
    assert (found.sfreq, found.electrodes) == (RATE, list(NAMES))
    np.testing.assert_allclose(found.raw.get_data(), 1e-6 * noise()[:, : found.raw.n_times])
    assert_annotated(found)
    assert recognise(path) == {}
    assert recognise(tmp_path) == {}


def test_lost_blocks_are_edges_of_segments(save):
    with pytest.warns(DataWarning) as caught:
        (recording,) = load(save(speller.flashes(lead=None), lost=[5]))
    assert "stimulations are left out, the file lacks the signal" in str(caught[0].message)
    assert recording.segments()[:2] == [(0, 250), (250, recording.raw.n_times)]


def test_the_option_stream(save, tmp_path):
    path = save(speller.flashes())
    assert len(load(path, stream=1)) == 1
    with pytest.raises(RecordingError, match=r"no such stream.*option 'stream'"):
        load(path, stream=2)
    gdf = tmp_path / "sub-2.gdf"
    gdf.write_bytes(speller.gdf(speller.flashes()))
    with pytest.raises(RecordingError, match=r"option 'stream' given, which is for \.ov files"):
        load(gdf, stream=1)


def test_other_sources_read_its_stimulations_too(save):
    path = save([e for e in speller.flashes(lead=None) if e[1] in (0x8205, 0x8206)])
    (recording,) = open_recordings("annotated", path, target=[str(0x8205)], nontarget=[str(0x8206)])
    assert recording.flashes["sample"].tolist() == load(path)[0].flashes["sample"].tolist()
    assert recording.flashes["target"].sum() == 12


def imagery():
    """Give left and right hands as labels, every eight seconds, with cue and feedback."""
    at = 100 + 8 * RATE * np.arange(20)
    labels = LABEL_00 + 1 + np.arange(20) % 2
    cues = [(int(a + d), code) for a in at for d, code in ((0, 768), (750, 781))]
    return cues + [(int(a), int(label)) for a, label in zip(at, labels, strict=True)]


def flicker():
    """Give the frequency looked at as a label, four of them, a trial every three seconds."""
    at = 50 + 3 * RATE * np.arange(16)
    return [(int(a), LABEL_00 + 1 + k % 4) for k, a in enumerate(at)]


def once():
    """Give twelve labels in a row, each once: a menu, not a speller."""
    return [(50 + 40 * k, LABEL_00 + 1 + k) for k in range(12)]


@pytest.mark.parametrize("events", [imagery(), flicker(), once()])
@pytest.mark.parametrize("ending", ["ov", "gdf"])
def test_labels_of_other_tasks_are_no_flashes(tmp_path, events, ending):
    path, n = tmp_path / f"sub-1.{ending}", max(sample for sample, _ in events) + 500
    content = (
        ov.recording(noise(n), NAMES, RATE, events) if ending == "ov" else speller.gdf(events, n=n)
    )
    path.write_bytes(content)
    assert recognise(path) is None
    with pytest.raises(RecordingError, match=r"something else than a speller.*source 'annotated'"):
        load(path)


@pytest.mark.parametrize("labels", [True, False])
def test_slow_flashes_with_target_marks_are_flashes(tmp_path, labels):
    codes = [1 + k % 4 for k in range(24)]
    events = [(50 + 500 * k, LABEL_00 + code) for k, code in enumerate(codes) if labels]
    events += [(50 + 500 * k, 0x8205 if code == 2 else 0x8206) for k, code in enumerate(codes)]
    path = tmp_path / "sub-1.gdf"
    path.write_bytes(speller.gdf(events, n=13_000))
    assert recognise(path) == {}
    (recording,) = load(path)
    assert recording.flashes["target"].sum() == 6
