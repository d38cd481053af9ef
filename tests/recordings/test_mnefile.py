from __future__ import annotations

from pathlib import Path

import pytest

from p300.errors import RecordingError
from p300.recordings.mnefile import place_files


def test_places_are_in_the_order_of_their_numbers():
    names = [f"sub-{s}_ses-{n}_run-{r}.edf" for s in (10, 9) for n in (10, 2) for r in (1, 10, 2)]
    found = place_files([Path(name) for name in names], None, Path("folder"))
    assert [place for _, place in found] == [
        (s, n, r) for s in ("9", "10") for n in ("2", "10") for r in ("1", "2", "10")
    ]
    assert found[0][0].name == "sub-9_ses-2_run-1.edf"


def test_one_file_a_place():
    files = [Path("sub-1.edf"), Path("sub-1_run-1.edf")]
    with pytest.raises(RecordingError, match=r"sub-1\.edf and sub-1_run-1\.edf are both"):
        place_files(files, None, Path("folder"))
