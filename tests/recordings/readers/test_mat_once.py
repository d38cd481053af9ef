from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from p300.errors import RecordingError
from p300.recordings.readers import matfile


def test_a_file_is_checked_once_while_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    original = matfile.check_elements
    monkeypatch.setattr(
        matfile, "check_elements", lambda path: (checked.append(path), original(path))
    )
    file = tmp_path / "a.mat"
    savemat(file, {"x": np.ones((2, 3))})
    for _ in range(3):
        assert matfile.mat_shapes(file) == {"x": (2, 3)}
    assert len(checked) == 1
    savemat(file, {"y": np.ones((5, 3))})
    assert matfile.mat_shapes(file) == {"y": (5, 3)}
    file.write_bytes(file.read_bytes()[:-8])
    for _ in range(2):
        with pytest.raises(RecordingError, match="damaged or cut short"):
            matfile.mat_shapes(file)
    file.unlink()
    with pytest.raises(RecordingError, match="no such file"):
        matfile.mat_shapes(file)
