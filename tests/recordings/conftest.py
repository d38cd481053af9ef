"""Makers of small recordings in the layouts of the sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from p300.recordings import MATRIX_6X6


@dataclass(frozen=True)
class Speller:
    """A run of a row/column speller: one value a sample in each vector."""

    codes: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    onsets: npt.NDArray[np.int64]

    @property
    def n_samples(self) -> int:
        return len(self.codes)


@pytest.fixture
def speller() -> Callable[..., Speller]:
    """Make the stimulus channels of a run that spells a text."""

    def make(
        text: str, *, repetitions: int = 2, interval: int = 20, held: int = 8, pause: int = 150
    ) -> Speller:
        random = np.random.default_rng(7)
        codes: list[int] = [0] * pause
        for _symbol in text:
            for _ in range(repetitions):
                for code in random.permutation(np.arange(1, 13)):
                    codes += [int(code)] * held + [0] * (interval - held)
            codes += [0] * pause
        wanted = [MATRIX_6X6.codes_of(symbol) for symbol in text]
        vector = np.array(codes)
        onsets = np.flatnonzero((vector > 0) & (np.roll(vector, 1) == 0))
        per_character = 12 * repetitions
        targets = np.zeros_like(vector)
        for k, onset in enumerate(onsets):
            targets[onset : onset + held] = vector[onset] in wanted[k // per_character]
        return Speller(vector, targets, onsets)

    return make


@pytest.fixture
def eeg() -> Callable[[int, int], npt.NDArray[np.float64]]:
    """Make noise of 10 uV, [electrode, sample], in uV."""

    def make(n_electrodes: int, n_samples: int) -> npt.NDArray[np.float64]:
        return 10 * np.random.default_rng(1).normal(size=(n_electrodes, n_samples))

    return make


@pytest.fixture
def save_mat(tmp_path: Path) -> Callable[..., Path]:
    """Write a MATLAB file into the test's folder."""
    from scipy.io import savemat

    def save(name: str, variables: dict[str, Any], *, compressed: bool = True) -> Path:
        path = tmp_path / name
        savemat(path, variables, do_compression=compressed, appendmat=False)
        return path

    return save


def damage(path: Path, how: str) -> None:
    """Turn a good file into one that cannot be read."""
    content = path.read_bytes()
    if how == "empty":
        path.write_bytes(b"")
    elif how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "text":
        path.write_text("<html>not found</html>\n" * 20, encoding="utf-8")
    elif how == "hdf5":
        path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(128) + b"\x89HDF\r\n\x1a\n")


@pytest.fixture(params=["empty", "cut", "text", "hdf5"])
def spoil(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """Damage a file in one of the usual ways; gives words of the message expected."""
    words = {"empty": "empty", "cut": "cut short", "text": "not a MATLAB file", "hdf5": "7.3"}

    def apply(path: Path) -> str:
        damage(path, request.param)
        return words[request.param]

    return apply


@pytest.fixture
def assert_annotated() -> Callable[[Any], None]:
    """Check with MNE that the flashes of a recording, and nothing else, are annotations."""
    import mne

    def check(recording: Any) -> None:
        events, names = mne.events_from_annotations(
            recording.raw, regexp="^(target|nontarget|flash)", verbose="error"
        )
        flashes = recording.flashes
        assert (events[:, 0] - recording.raw.first_samp).tolist() == flashes["sample"].tolist()
        kinds = {number: name.split("/")[0] for name, number in names.items()}
        if flashes["target"].notna().all():
            marked = [kinds[number] == "target" for number in events[:, 2]]
            assert marked == flashes["target"].tolist()
        others = set(recording.raw.annotations.description) - set(names)
        assert not others - {"EDGE boundary"}

    return check
