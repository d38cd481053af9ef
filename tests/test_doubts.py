"""What is doubtful about recordings beside each other is said wherever a person looks."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest
from own_recordings import save_with_table, study

from p300.commands.inspect_recording import inspect_data
from p300.commands.survey import find_one, survey
from p300.errors import DataWarning
from p300.pipeline import run_experiment
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


def of_signal(function):
    """A fault of the signal, [electrode, sample]."""

    def change(recording):
        raw = recording.raw.copy().load_data(verbose="error")
        return replace(recording, raw=raw.apply_function(function, channel_wise=False))

    return change


def next_labels(recording):
    """Mark the codes of the next character; the last one stays."""
    table = recording.flashes
    lit = table[table["target"]].groupby("character")["code"].unique()
    later = {character: lit.get(character + 1, lit[character]) for character in lit.index}
    shown = zip(table["character"], table["code"], strict=True)
    marked = pd.array([code in later[character] for character, code in shown], "boolean")
    return replace(recording, flashes=table.assign(target=marked))


def clipped_at_low_amplitude(x):
    """Saturate one electrode at some 15 uV."""
    y = x.copy()
    y[2] = np.clip(x[2], -1.5 * x[2].std(), 1.5 * x[2].std())
    return y


def bridged(x):
    """Make one electrode another's copy, but for gain and offset."""
    y = x.copy()
    y[2] = 0.98 * x[3] + 5e-6
    return y


SPELLED = CONFIG.replace(
    "path: data}",
    "path: data, layout: [ABCDEF, GHIJKL, MNOPQR, STUVWX, YZ1234, 56789_]}",
)
PLANTED = {
    "1": (of_signal(np.negative), r"/sub-1, 2 recordings\): the response to targets is .* upside"),
    "2": (next_labels, r"data/sub-2/ses-1/run-1.*the labels are those of the next character"),
    "3": (of_signal(clipped_at_low_amplitude), r"sub-3/.*\['P3'\] are clipped \("),
    "5": (of_signal(bridged), r"sub-5/.* are the same signal as Pz"),
    "6": (of_signal(lambda x: x - x.mean(axis=0)), r"\(average reference\) in .*sub-6/ses-1/run-1"),
}
"""Subject -> what is planted, and the warning."""


@pytest.mark.filterwarnings("ignore:.*calibration slope", "ignore::p300.errors.DataWarning")
def test_each_fault_is_named_in_manifest_report_and_inspection(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for one in study(6, 2, characters_per_run=5, repetitions=15):
        change = PLANTED[one.subject][0] if one.subject in PLANTED else lambda it: it
        recording = change(one)
        columns = ["sample", "target", "code", "character", "repetition"]
        place = folder / f"sub-{recording.subject}_run-{recording.run}_raw.fif"
        save_with_table(recording, place, columns)
    report = run_experiment(parse_experiment(SPELLED), tmp_path / "run", data=tmp_path)
    told = RunFolder(tmp_path / "run").manifest()["warnings"]
    cells = [
        " ".join(unescape(re.sub("<[^>]+>", "", cell)).split())
        for cell in re.findall(r"<td.*?</td>", report.read_text(encoding="utf-8"), re.DOTALL)
    ]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        inspect_data(find_one(folder))
    shown = [str(warning.message) for warning in caught]
    for _, words in PLANTED.values():
        said = [text for text in told if re.search(words, text)]
        assert said, (words, told)
        named = " ".join(said[0].replace(f"{folder}/", "").split())
        assert named in [re.sub(r"…/(?:[\w.-]+/)*", "", cell) for cell in cells]  # no folder
        # Numbers are others where the settings of the epochs are.
        assert any(re.search(words, text) for text in shown), (words, shown)
    clean = [text for text in told if re.search(r"sub-4[^0-9]", text.split(": ")[0])]
    assert clean == []
