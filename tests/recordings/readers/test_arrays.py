"""Named arrays of archives: headers first, nothing unpickled, no room for what is not there."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from p300.errors import RecordingError
from p300.recordings.readers.arrays import array_shapes, read_arrays


def header(shape, dtype="<f8"):
    stream = io.BytesIO()
    described = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, described)
    return stream.getvalue()


def write(path, content, kind=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", kind) as archive:
        archive.writestr("X.npy", content)
    return path


def test_shapes_and_values(tmp_path):
    path = tmp_path / "a.npz"
    X, names = np.arange(24.0).reshape(2, 3, 4), np.array(["Fz", "Cz"])
    np.savez_compressed(path, X=X, names=names, objects=np.array([{}], dtype=object), n=3)
    assert array_shapes(path) == {"X": (2, 3, 4), "names": (2,), "n": ()}
    found = read_arrays(path, ["X", "names", "nothing"])
    assert list(found) == ["X", "names"]
    assert (found["X"] == X).all()
    with pytest.raises(RecordingError, match=f"{path}: the NumPy archive is damaged"):
        read_arrays(path, ["objects"])  # numpy refuses to unpickle, if anyone asked


@pytest.mark.parametrize(
    "content",
    [
        header((10**9, 8, 100)) + bytes(800),  # hundreds of gigabytes
        header((2, 8)) + bytes(129),
        header((-1, 8)) + bytes(800),
        header((2, 8)),
        b"\x93NUMPY\x09\x00",
        header((10**7,)) + bytes(8 * 10**7),  # nothing but zeros, a thousand times smaller
    ],
)
def test_archives_that_promise_more_than_they_hold(tmp_path, content):
    path = write(tmp_path / "a.npz", content)
    with pytest.raises(RecordingError, match=f"{path}: the NumPy archive is damaged or cut short"):
        array_shapes(path)


def test_other_files(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(RecordingError, match="no such file"):
        array_shapes(path)
    np.save(tmp_path / "b.npy", np.zeros(3))
    (tmp_path / "b.npy").rename(path)
    with pytest.raises(RecordingError, match=r"not a NumPy archive \(it begins with"):
        array_shapes(path)
