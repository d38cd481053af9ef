"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

# One thread a test process, as in a run's workers: several of them would slow each other down.
os.environ["OMP_NUM_THREADS"] = "1"

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep preprocessed epochs apart from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("P300_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of real recordings; skips without it unless P300_REQUIRE_DATA is 1."""
    root = Path(os.environ.get("P300_DATA") or REPOSITORY.parent / "shared" / "data").resolve()
    if not root.is_dir():
        if os.environ.get("P300_REQUIRE_DATA") == "1":
            pytest.fail(f"{root}: real recordings are required (P300_REQUIRE_DATA=1)")
        pytest.skip(f"no real recordings at {root}; set P300_DATA to test with them")
    return root


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Learn as on a graphics card; gives the number of networks of each batched model."""
    from p300.detectors import fitting
    from p300.detectors.training import jobs

    batched: list[int] = []

    def faster(trained: Sequence[jobs.TrainingJob], _: object) -> bool:
        batched.append(sum(len(job.learners) for job in trained))
        return batched[-1] > 1

    monkeypatch.setattr(fitting, "trains_together", lambda: True)
    monkeypatch.setattr(jobs, "batching_is_faster", faster)
    return batched
