from __future__ import annotations

import contextlib
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p300.errors import DataWarning, RecordingError
from p300.recordings.readers.matfile import (
    check_mat,
    check_shape,
    find_mat_files,
    mat_shapes,
    numbers,
    read_mat,
    state_vector,
)

VARIABLES = {
    "s1": {"train": np.arange(22.0).reshape(11, 2), "test": np.ones((11, 3), np.int16)},
    "y": np.arange(80, dtype=np.int16).reshape(10, 8),
    "text": "ABC",
    "z": np.array([[1 + 2j, 3]]),
}


@pytest.mark.parametrize("compressed", [True, False])
def test_reads_what_matlab_stored(save_mat, compressed):
    path = save_mat("a.mat", VARIABLES, compressed=compressed)
    assert mat_shapes(path) == {"s1": (1, 1), "y": (10, 8), "text": (1,), "z": (1, 2)}
    found = read_mat(path, ["s1", "y", "text", "absent"])
    assert set(found) == {"s1", "y", "text"}
    np.testing.assert_array_equal(found["s1"]["train"], VARIABLES["s1"]["train"])
    assert found["y"].dtype == np.int16
    np.testing.assert_array_equal(found["y"], VARIABLES["y"])
    assert found["text"].tolist() == ["ABC"]


def test_axes_of_one_are_kept(save_mat):
    path = save_mat("a.mat", {"Signal": np.ones((1, 5, 3), np.float32)})
    assert mat_shapes(path)["Signal"] == (1, 5, 3)
    assert read_mat(path, ["Signal"])["Signal"].shape == (1, 5, 3)


def test_cells_beside_the_wanted_do_no_harm(save_mat):
    cell = np.empty((1, 2), dtype=object)
    cell[0, 0], cell[0, 1] = "a", np.ones(3)
    path = save_mat("a.mat", {"cell": cell, "y": np.ones((4, 8))})
    assert mat_shapes(path)["y"] == (4, 8)


def test_damaged_files_are_named(save_mat, spoil):
    path = save_mat("a.mat", VARIABLES)
    words = spoil(path)
    with pytest.raises(RecordingError, match=words) as caught:
        mat_shapes(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecordingError, match="no such file"):
        mat_shapes(tmp_path / "nothing.mat")


@pytest.mark.parametrize("compressed", [True, False])
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_no_damage_gives_another_error(save_mat, compressed, seed):
    path = save_mat("a.mat", VARIABLES, compressed=compressed)
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(chance.choice([1, 1, 2, 6])):
        content[chance.randrange(128, len(content))] = chance.choice([0, 1, 15, 255])
    if chance.random() < 0.3:
        content = content[: chance.randrange(len(content))]
    path.write_bytes(content)
    # Nothing but a RecordingError may come out, least of all a crash of the interpreter.
    with contextlib.suppress(RecordingError):
        names = list(mat_shapes(path))
        assert set(read_mat(path, names)) <= set(names)


@pytest.mark.parametrize("at", [9, 0xFF09, 14, 16, 200])
def test_impossible_kinds_do_not_reach_scipy(save_mat, at):
    # scipy looks up the kind of an element in a table without bounds.
    path = save_mat("a.mat", {"y": np.ones((4, 8))}, compressed=False)
    content = path.read_bytes()
    tag = (9).to_bytes(4, "little") + (256).to_bytes(4, "little")
    assert content.count(tag) == 1
    spoiled = at.to_bytes(4, "little") + tag[4:]
    path.write_bytes(content.replace(tag, spoiled))
    if at == 9:
        assert mat_shapes(path) == {"y": (4, 8)}
    else:
        with pytest.raises(RecordingError, match="damaged"):
            mat_shapes(path)


def test_other_versions_do_not_reach_scipy(save_mat):
    path = save_mat("a.mat", VARIABLES)
    content = path.read_bytes()
    for at in range(4):
        path.write_bytes(content[:at] + b"\0" + content[at + 1 :])
        with pytest.raises(RecordingError, match="not a MATLAB file"):
            mat_shapes(path)


def test_objects_are_left_alone(save_mat):
    from scipy.sparse import csc_array

    path = save_mat("a.mat", {"odd": csc_array(np.eye(3)), "y": np.ones((4, 8))})
    assert mat_shapes(path) == {"y": (4, 8)}
    assert list(read_mat(path, ["odd", "y"])) == ["y"]
    with pytest.raises(RecordingError, match="array of class 5"):
        check_mat(path)


def test_files_are_found_by_content(save_mat, tmp_path):
    wanted = save_mat("anything.MAT", {"y": np.ones((3, 2))})
    other = save_mat("S1.mat", {"x": 1})
    (tmp_path / "notes.txt").write_text("y", encoding="utf-8")
    with pytest.warns(DataWarning, match=r"S1\.mat: left out, it holds x"):
        found = find_mat_files(tmp_path, holds=lambda shapes: "y" in shapes, expected="y")
    assert [file for file, _ in found] == [wanted]
    with pytest.raises(RecordingError, match=r"x \(1, 1\) found.*expected y"):
        find_mat_files(other, holds=lambda shapes: "y" in shapes, expected="y")


def test_empty_and_missing_folders(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RecordingError, match="expected a thing"):
            find_mat_files(path, holds=bool, expected="a thing")


def test_shape_messages():
    check_shape((11, 500), (11, None), axes="[11, samples]", where="x")
    with pytest.raises(RecordingError, match=r"x has shape \(500, 11\).*axes look swapped"):
        check_shape((500, 11), (11, None), axes="[11, samples]", where="x")
    with pytest.raises(RecordingError, match=r"\(11,\)") as caught:
        check_shape((11,), (11, None), axes="[11, samples]", where="x")
    assert "swapped" not in str(caught.value)
    with pytest.raises(RecordingError):
        check_shape((11, 0), (11, None), axes="[11, samples]", where="x")


@pytest.mark.parametrize("value", [None, "text", {"a": 1}, np.array(["a"]), np.array([1j])])
def test_only_real_numbers_pass(value):
    with pytest.raises(RecordingError, match="here"):
        numbers(value, where="here")


def test_state_vectors():
    assert state_vector(np.array([[0.0], [2.0]]), 2, where="x").tolist() == [0, 2]
    with pytest.raises(RecordingError, match="expected one for each of 3 samples"):
        state_vector(np.zeros((2, 1)), 3, where="x")
    for wrong in (0.5, np.nan):
        with pytest.raises(RecordingError, match="whole numbers"):
            state_vector(np.array([0, wrong]), 2, where="x")
