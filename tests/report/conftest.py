"""Finished run folders for the tests of reports."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_runs import make_run, make_spelled_run, spelled_scores


@pytest.fixture(scope="session")
def spelled_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two subjects of the competition, three detectors, two of them the paper's."""
    scores = spelled_scores(["A", "B"], ["cnn1", "mcnn1", "slda"])
    return make_spelled_run(tmp_path_factory.mktemp("spelled") / "run", scores)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three subjects, two protocols, two detectors; only to be read."""
    return make_run(
        tmp_path_factory.mktemp("finished") / "run",
        subjects=["3", "4", "5"],
        detectors=["cnn1", "slda"],
        protocols=["within_subject", "cross_subject"],
        datasets=["bnci2015_003"],
    )


@pytest.fixture
def own_run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may change."""
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


@pytest.fixture
def build_run(tmp_path: Path) -> Callable[..., Path]:
    """Make another run folder; arguments of :func:`make_run` but the folder."""

    def build(**contents: Any) -> Path:
        return make_run(tmp_path / "other", **contents)

    return build
