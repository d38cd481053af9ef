"""The folds that a run would fit, counted before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from p300.errors import PreprocessingError
from p300.runs.config import parse_experiment
from p300.runs.plan import plan, preview
from p300.runs.preparation import cached_epochs

STUDY = """
datasets: {simulated: {source: simulated, n_subjects: 2, characters_per_run: 3, repetitions: 5}}
detectors: {slda: {}}
"""


@pytest.mark.filterwarnings("ignore:.*flashes are left out")
@pytest.mark.parametrize("tmax", [0.65, 3.0])
def test_a_preview_counts_the_epochs_of_the_run(tmax, tmp_path, monkeypatch):
    monkeypatch.setenv("P300_CACHE", str(tmp_path))
    experiment = parse_experiment(STUDY + f"preprocessing: {{tmax: {tmax}}}")
    counted = preview(experiment, Path())
    done = plan(experiment, {"simulated": cached_epochs(experiment, "simulated", Path())})
    assert [task.id for task in counted] == [task.id for task in done]
    for before, after in zip(counted, done, strict=True):
        assert before.fold.train.tolist() == after.fold.train.tolist()
        assert before.fold.test.tolist() == after.fold.test.tolist()


def test_a_preview_refuses_what_the_run_would():
    experiment = parse_experiment(STUDY + "preprocessing: {sfreq: 100}")
    with pytest.raises(PreprocessingError, match="cannot be subsampled to 100 Hz"):
        preview(experiment, Path())
