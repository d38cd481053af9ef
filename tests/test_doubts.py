"""What is doubtful about recordings beside each other is said wherever a person looks."""

from __future__ import annotations

import pytest
from own_recordings import save_with_table, study

from p300.commands.inspect_recording import inspect_data
from p300.commands.survey import find_one, survey
from p300.errors import DataWarning
from p300.runs import RunFolder
from p300.runs.config import parse_experiment
from p300.runs.runner import prepare_run

CONFIG = """
name: doubts
datasets: {data: {source: flash_table, path: data}}
detectors: {slda: {}}
protocols: {cross_subject: {}}
"""


@pytest.fixture
def data(tmp_path):
    """Three subjects, the second of them with an average reference."""
    folder = tmp_path / "data"
    folder.mkdir()
    for recording in study(3):
        if recording.subject == "2":
            recording.raw.apply_function(lambda x: x - x.mean(axis=0), channel_wise=False)
        columns = ["sample", "target", "code", "character", "repetition"]
        save_with_table(recording, folder / f"sub-{recording.subject}_raw.fif", columns)
    return folder


def doubts(texts):
    return [str(text) for text in texts if "average reference" in str(text)]


def test_runs_inspection_and_survey_say_the_same(data, tmp_path):
    found = find_one(data)
    (said,) = doubts(survey(found).warnings)
    assert said.startswith(f"{data / 'sub-2_raw.fif'} (data/sub-2/ses-1/run-1): ")
    with pytest.warns(DataWarning) as caught:
        inspect_data(found)
    assert doubts(w.message for w in caught) == [said]
    run = tmp_path / "run"
    with pytest.warns(DataWarning) as caught:
        prepare_run(parse_experiment(CONFIG), run, data=tmp_path)
    assert doubts(w.message for w in caught) == [said]
    assert doubts(RunFolder(run).manifest()["warnings"]) == [said]
    with pytest.warns(DataWarning) as caught:  # from the cache
        prepare_run(parse_experiment(CONFIG), tmp_path / "again", data=tmp_path)
    assert doubts(w.message for w in caught) == [said]
