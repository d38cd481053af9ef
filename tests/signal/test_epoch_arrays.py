"""Room for epochs: what lies on disk does not fill the memory."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from p300.signal.epoch_arrays import gather_epochs
from p300.stored.arrays import map_npy


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="asks the system what is mapped")
def test_a_mapped_file_that_is_read_stays_out_of_memory(tmp_path):
    X = np.arange(2**23, dtype=np.float32).reshape(-1, 8, 64)
    np.save(tmp_path / "X.npy", X)
    mapped = map_npy(tmp_path / "X.npy", 3)
    for _ in range(2):
        np.testing.assert_array_equal(gather_epochs(mapped, np.arange(len(X))), X)
        assert resident(tmp_path / "X.npy") < X.nbytes / 8


def resident(file):
    """Return the bytes of a mapped file that are in memory."""
    (about,) = (part for part in mappings() if part.splitlines()[0].endswith(str(file)))
    return 1024 * int(re.search(r"^Rss:\s+(\d+) kB", about, re.M)[1])


def mappings():
    return re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text())
