"""Arrays that one process derives and others read."""

from __future__ import annotations

import numpy as np
import pytest

from p300.errors import StoredFileError
from p300.signal.kept import Kept


def derived(value, made):
    def derive():
        made.append(value)
        return {"n": np.array(3), "sums": np.full((2, 2), value)}

    return derive


def sums(arrays):
    return arrays["sums"].reshape(2, 2)


def test_what_is_written_is_read_and_not_derived_again(tmp_path):
    made = []
    first = Kept(tmp_path, writes=True).within("a").once("sums-1", derived(0.1, made), sums)
    for kept in (Kept(tmp_path), Kept(tmp_path, writes=True)):
        again = kept.within("a").once("sums-1", derived(0.2, made), sums)
        np.testing.assert_array_equal(again, first)
    assert made == [0.1]
    other = Kept(tmp_path).within("b").once("sums-1", derived(0.3, made), sums)
    assert made == [0.1, 0.3]
    assert other[0, 0] == 0.3


def test_who_may_not_write_leaves_nothing(tmp_path):
    made = []
    for _ in range(2):
        Kept(tmp_path / "none").once("sums-1", derived(0.1, made), sums)
    assert len(made) == 2
    assert not (tmp_path / "none").exists()


def test_what_is_not_finite_is_derived_by_everybody(tmp_path):
    made = []
    for _ in range(2):
        Kept(tmp_path, writes=True).once("sums-1", derived(np.nan, made), sums)
    assert len(made) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [{}, {"sums": np.zeros(3)}, None])
def test_a_file_of_something_else_is_named(tmp_path, content):
    kept = Kept(tmp_path, writes=True)
    if content is None:
        (tmp_path / "sums-1.safetensors").write_bytes(b"no arrays")
    else:
        kept.once("sums-1", lambda: content, lambda arrays: arrays)
    with pytest.raises(StoredFileError, match=r"sums-1\.safetensors is damaged"):
        kept.once("sums-1", derived(0.1, []), sums)
