from __future__ import annotations

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, recognise_source, source_module
from p300.recordings.flashes import spelled_text

ALS, HEALTHY = "bnci2014_008", "bnci2014_009"
ROWS_FIRST = [*(f"Row{k}" for k in range(1, 7)), *(f"Col{k}" for k in range(1, 7))]


def cell(values, shape=(1, -1)):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made.reshape(shape)


@pytest.fixture
def run(speller, eeg):
    """Make a struct as the files hold it: the state of each sample, trials counted from 1."""

    def make(source=ALS, text="LU", rows_first=True, **changes):
        electrodes = source_module(source).ELECTRODES
        shown = speller(text, interval=64, held=32, pause=600)
        codes = shown.codes
        if rows_first:  # The maker counts the columns first: 1-6 become 7-12 and the reverse.
            codes = np.where(codes > 6, codes - 6, codes + 6) * (codes > 0)
        scale = 10 if source == HEALTHY else 1
        starts = shown.onsets[:: len(shown.onsets) // len(text)]
        fields = {
            "channels": cell(electrodes),
            "X": scale * eeg(len(electrodes), shown.n_samples).T,
            "y": ((codes > 0) + shown.targets).astype(np.uint8)[:, None],
            "y_stim": codes.astype(np.uint8)[:, None],
            "trial": (starts + 1).astype(np.float64)[None],
            "classes": cell(["NonTarget", "Target"]),
            "classes_stim": cell(ROWS_FIRST if rows_first else ROWS_FIRST[6:] + ROWS_FIRST[:6]),
            "gender": "male",
            "age": "56",
            **changes,
        }
        return {name: value for name, value in fields.items() if value is not None}

    return make


def load(source, path, **options):
    return list(open_recordings(source, path, **options))


@pytest.mark.parametrize("rows_first", [True, False])
def test_als_speller(save_mat, run, rows_first, assert_annotated):
    stored = run(rows_first=rows_first)
    (recording,) = load(ALS, save_mat("A03.mat", {"data": stored}))
    assert (recording.subject, recording.session, recording.run) == ("03", "1", "1")
    assert recording.electrodes == ["Fz", "Cz", "Pz", "Oz", "P3", "P4", "PO7", "PO8"]
    assert recording.sfreq == 256
    assert spelled_text(recording.flashes, recording.layout) == "LU"
    assert recording.flashes["repetition"].max() == 2
    np.testing.assert_allclose(recording.raw.get_data(), stored["X"].T * 1e-6)
    assert_annotated(recording)


@pytest.mark.parametrize("container", ["cell", "struct array"])
def test_three_sessions(save_mat, run, container):
    runs = [run(HEALTHY, text) for text in ("WA", "TE", "RS")]
    if container == "cell":
        stored = cell(runs)
    else:
        stored = np.array([tuple(r.values()) for r in runs], [(name, object) for name in runs[0]])
    recordings = load(HEALTHY, save_mat("A07S.mat", {"data": stored}))
    assert [(r.subject, r.session) for r in recordings] == [("07", k) for k in "123"]
    assert [spelled_text(r.flashes, r.layout) for r in recordings] == ["WA", "TE", "RS"]
    assert len(recordings[0].electrodes) == 16
    np.testing.assert_allclose(recordings[2].raw.get_data(), runs[2]["X"].T * 1e-7)
    (first, *_) = load(HEALTHY, recordings[0].source.split(": data")[0], microvolts_per_unit=0.2)
    np.testing.assert_allclose(first.raw.get_data(), runs[0]["X"].T * 2e-7)


def test_trials_are_characters(save_mat, run):
    """The file tells where a character begins, whatever the pauses are."""
    stored = run(text="LUKAS")
    stored["trial"] = stored["trial"][:, [0, 2, 4]] - 20  # a cue before the first flash
    (recording,) = load(ALS, save_mat("A01.mat", {"data": stored}))
    assert recording.flashes["character"].value_counts().to_dict() == {1: 48, 2: 48, 3: 24}


def test_a_folder_of_subjects(save_mat, run, tmp_path):
    for name in ("A10.mat", "a02.mat"):
        save_mat(name, {"data": run()})
    assert [r.subject for r in load(ALS, tmp_path)] == ["02", "10"]
    assert [r.subject for r in load(ALS, tmp_path, subjects=[10])] == ["10"]
    save_mat("A02S.mat", {"data": run()})
    with pytest.raises(RecordingError, match=r"A02S\.mat and a02\.mat are both subject 02"):
        load(ALS, tmp_path)


def test_each_is_recognised_as_itself(save_mat, run, tmp_path):
    als = save_mat("A01.mat", {"data": run()})
    assert ([name for name, _ in recognise_source(als)]) == [ALS]
    other = save_mat("other.mat", {"data": np.ones((1, 9)), "x": 1})
    assert recognise_source(other) == []
    healthy = save_mat("A01S.mat", {"data": cell([run(HEALTHY)] * 3)})
    assert recognise_source(healthy) == [(HEALTHY, {})]
    als.unlink()
    assert recognise_source(tmp_path) == [(HEALTHY, {})]
    with pytest.raises(RecordingError, match="is it another data set"):
        load(ALS, save_mat("A01.mat", {"data": run(HEALTHY)}))
    with pytest.raises(RecordingError, match="holds 3 structs"):
        load(ALS, healthy)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": None}, "expected structs with channels, X, y"),
        ({"channels": np.ones((1, 8))}, "channels is ndarray, expected texts"),
        ({"channels": cell(["Fz"] * 8)}, "is it another data set"),
        ({"X": np.ones((8, 100))}, "axes look swapped"),
        ({"X": "text"}, "expected an array of real numbers"),
        ({"y": np.ones((10, 1))}, "y has 10 values"),
        ({"trial": np.array([[2000]])}, r"\d+ flashes before the first trial"),
    ],
)
def test_wrong_content(save_mat, run, changes, message):
    path = save_mat("A01.mat", {"data": run(**changes)})
    with pytest.raises(RecordingError, match=message) as caught:
        load(ALS, path)
    assert str(path) in str(caught.value)


def test_wrong_states(save_mat, run):
    stored = run()
    stored["y"] = np.zeros_like(stored["y"])
    with pytest.raises(RecordingError, match=r"y is \[0\] at flashes"):
        load(ALS, save_mat("A01.mat", {"data": stored}))
    stored = run()
    stored["y_stim"] = stored["y_stim"] * 3
    with pytest.raises(RecordingError, match="found, the layout has"):
        load(ALS, save_mat("A01.mat", {"data": stored}))
    with pytest.raises(RecordingError, match="expected structs with"):
        load(ALS, save_mat("A01.mat", {"data": np.ones((1, 4))}))


@pytest.mark.parametrize("names", [None, cell(["SP1", "SP2"]), cell(ROWS_FIRST[::-1])])
def test_codes_without_rows_and_columns(save_mat, run, names):
    path = save_mat("A01.mat", {"data": run(classes_stim=names)})
    with pytest.warns(DataWarning, match="does not tell rows and columns apart"):
        (recording,) = load(ALS, path)
    assert recording.layout is None
    assert recording.flashes["code"].notna().all()


def test_damaged_files(save_mat, run, spoil):
    path = save_mat("A01.mat", {"data": run()})
    words = spoil(path)
    with pytest.raises(RecordingError, match=words):
        load(ALS, path)
    assert source_module(ALS).recognise(path) is None


def test_damage_inside_cells(save_mat, run):
    """scipy crashes on impossible tags; they are found before it reads."""
    path = save_mat("A01S.mat", {"data": cell([run(HEALTHY, "L")] * 2)}, compressed=False)
    content = path.read_bytes()
    random = np.random.default_rng(5)
    for _ in range(60):
        spoilt = bytearray(content)
        for place in random.integers(128, 2000, size=3):
            spoilt[place] = random.integers(256)
        path.write_bytes(spoilt)
        assert source_module(HEALTHY).recognise(path) in ({}, None)
