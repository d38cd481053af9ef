"""What limits the figures of a run: each sentence is there where it holds, and only there."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_runs import make_scores

from p300.columns import label_protocols
from p300.evaluation.metrics import summarise_scores
from p300.report.page import Facts
from p300.report.run_results import RunResults, read_run
from p300.report.sections.limitations import limitations
from p300.report.sections.methods import what_is_what
from p300.runs import RunFolder
from p300.runs.config import parse_experiment

BNCI = {"bnci2015_003": [{"source": "bnci2015_003", "path": "x"}]}
RECOMMENDED = {
    "cnn1": {},
    "slda": {"alignment": {"method": "euclidean", "mode": "running"},
             "adaptation": "self_calibrated"},
}  # fmt: skip


@pytest.fixture(scope="module")
def results(finished_run: Path) -> RunResults:
    return read_run(finished_run)


def changed(results: RunResults, **parts: Any) -> RunResults:
    """The results had the config been another one."""
    config = copy.deepcopy(results.config)
    for key, value in parts.items():
        config[key] = {**config[key], **value} if key == "preprocessing" else value
    read = parse_experiment(json.dumps(config), name="x").model_dump(mode="json")
    return replace(results, config=read)


def scored(results: RunResults, n: int, protocols: list[str], detectors: list[str]) -> RunResults:
    """The results had there been other scores."""
    subjects = [str(k) for k in range(1, n + 1)]
    scores = make_scores(subjects, detectors, protocols, ["bnci2015_003"])
    metrics = summarise_scores(scores)
    return replace(results, scores=label_protocols(scores), metrics=label_protocols(metrics))


def topic(results: RunResults, name: str) -> str:
    """What is said of a topic, "" where it is not there."""
    (facts,) = (block for block in limitations(results).blocks if isinstance(block, Facts))
    return dict(facts.facts).get(name, "")


def test_few_subjects(results: RunResults) -> None:
    three = topic(results, "Subjects")
    assert "has 3 subjects: means have no interval" in three
    assert "a p below 0.25, which is above 0.05" in three
    one = scored(results, 1, ["within_subject"], ["slda"])
    assert "has 1 subject: means have no interval" in topic(one, "Subjects")
    six = scored(results, 6, ["within_subject"], ["slda"])
    assert "Subjects of “bnci2015_003” (6) are few" in topic(six, "Subjects")
    assert "no interval" not in topic(six, "Subjects")
    assert not topic(scored(results, 20, ["within_subject"], ["slda"]), "Subjects")


def test_simulated_data_are_no_people(results: RunResults) -> None:
    simulated = changed(results, datasets={"bnci2015_003": [{"source": "simulated"}]})
    assert "a model and no people" in topic(simulated, "Subjects")
    assert "no people" not in topic(changed(results, datasets=BNCI), "Subjects")


def test_subjects_that_the_config_takes(results: RunResults) -> None:
    source = {"source": "bnci2015_003", "path": "x", "subjects": ["3", "4"]}
    some = changed(results, datasets={"bnci2015_003": [source]})
    assert "the config takes subjects 3 and 4 and no others." in topic(some, "Left out")
    assert "the config takes" not in topic(results, "Left out")


def test_subjects_that_were_not_tested(results: RunResults) -> None:
    lost = (results.scores["protocol"] == "cross_subject") & (results.scores["subject"] == "4")
    less = replace(results, scores=results.scores[~lost])
    told = topic(less, "Left out")
    assert "Under cross_subject, of “bnci2015_003”, subject 4 is not tested." in told
    assert "not tested" not in topic(results, "Left out")


def test_flashes_without_an_epoch(own_run: Path) -> None:
    assert "no epoch" not in topic(read_run(own_run), "Left out")
    file = RunFolder(own_run).flashes_file("bnci2015_003")
    file.parent.mkdir(parents=True, exist_ok=True)
    where = {"dataset": "bnci2015_003", "subject": "3", "session": "1", "run": "1"}
    flash = {"onset": 0.5, "target": True, "code": 1, "character": 1, "repetition": 1}
    table = pd.DataFrame({**where, "sample": range(1400), **flash})
    table.astype({"target": "boolean"}).to_parquet(file, index=False)
    told = topic(read_run(own_run), "Left out")
    assert "Of the 1,440 flashes of “bnci2015_003” 40 have no epoch" in told


def test_warnings_of_recordings(results: RunResults) -> None:
    assert "1 warning was raised" in topic(results, "Left out")
    silent = replace(results, manifest={**results.manifest, "warnings": []})
    assert "raised" not in topic(silent, "Left out")


def test_what_the_files_do_not_tell(results: RunResults) -> None:
    gtec = changed(results, datasets={"bnci2015_003": [{"source": "gtec_br41n", "path": "x"}]})
    assert "in the order that users report" in topic(gtec, "Guessed")
    moabb = {"source": "moabb", "name": "BI2015b"}
    assert "two people play at once" in topic(
        changed(results, datasets={"bnci2015_003": [moabb]}), "Guessed"
    )
    assert not topic(changed(results, datasets=BNCI), "Guessed")


@pytest.mark.parametrize(
    ("treatment", "text"),
    [("interpolate", "interpolated from"), ("drop", "left out, so"), ("keep", "kept although")],
)
def test_bad_electrodes(results: RunResults, treatment: str, text: str) -> None:
    told = topic(changed(results, preprocessing={"bad_electrodes": treatment}), "Repaired")
    assert told.startswith("1 electrode in 1 recording was ")
    assert text in told
    healthy = [{**r, "bad_electrodes": []} for r in results.manifest["recordings"]]
    assert not topic(replace(results, manifest={"recordings": healthy}), "Repaired")


def test_missing_electrodes(results: RunResults) -> None:
    settings = {"electrodes": ["Cz", "CPz"], "missing_electrodes": "interpolate"}
    lacking = changed(results, preprocessing=settings)
    assert "6 recordings lacked electrodes that are used" in topic(lacking, "Repaired")
    assert "lacked" not in topic(results, "Repaired")


def test_what_across_means(results: RunResults) -> None:
    both = topic(results, "What “across” means")
    assert "Under within_subject detectors are trained and tested on the same subject" in both
    assert "Under cross_subject detectors are tested on other subjects of the same data" in both
    alone = topic(scored(results, 3, ["within_subject"], ["slda"]), "What “across” means")
    assert "cross_subject" not in alone
    far = topic(scored(results, 3, ["cross_dataset"], ["slda"]), "What “across” means")
    assert "one person took part in two data sets cannot be known" in far
    assert "took part" not in both


def test_zero_phase_is_not_online(results: RunResults) -> None:
    assert "zero-phase" in topic(results, "Not online")
    assert not topic(changed(results, preprocessing={"phase": "causal"}), "Not online")


def test_alignment_by_all_tested_epochs_is_not_online(results: RunResults) -> None:
    offline = changed(results, detectors={"cnn1": {"alignment": "scaling"}, "slda": {}})
    assert "cnn1 is aligned offline, by all epochs" in topic(offline, "Not online")
    running = changed(results, detectors=RECOMMENDED)
    assert "aligned" not in topic(running, "Not online")


def test_letters_were_not_seen(results: RunResults, spelled_run: Path) -> None:
    assert "nobody saw what was spelled" in topic(read_run(spelled_run), "Not online")
    assert "nobody saw" not in topic(results, "Not online")


def test_the_best_is_seen_on_the_same_figures(results: RunResults, spelled_run: Path) -> None:
    assert "the best one's figure flatters it" in topic(results, "Chosen on the same data")
    one = scored(results, 3, ["within_subject"], ["slda"])
    assert "best one" not in topic(one, "Chosen on the same data")
    spelled = read_run(spelled_run)
    assert "seen with hindsight" in topic(spelled, "Chosen on the same data")
    assert "seen with hindsight" not in topic(results, "Chosen on the same data")


def test_settings_that_were_chosen_on_these_data(results: RunResults) -> None:
    name = "Chosen on the same data"
    own = changed(results, datasets=BNCI, detectors=RECOMMENDED)
    told = topic(own, name)
    assert "settings of cnn1 (training) were chosen by figures of “bnci2015_003”" in told
    assert "settings of slda (detector, alignment and adaptation) were chosen by" in told
    through = {"bnci2015_003": [{"source": "moabb", "name": "BNCI2015_003"}]}
    assert "settings of cnn1 (training)" in topic(changed(results, datasets=through), name)
    others = {"bnci2015_003": [{"source": "bnci2014_009", "path": "x"}]}
    assert "chosen by figures" not in topic(changed(own, datasets=others), name)
    paper = {"cnn1": {"training": "paper"}, "slda": {}}
    assert "chosen by figures" not in topic(changed(own, detectors=paper), name)


def test_settings_were_fixed_and_networks_fitted_once(results: RunResults) -> None:
    told = topic(results, "Settings")
    assert "fixed before the run and not tuned" in told
    assert "cnn1 was fitted once a fold" in told
    again = results.scores.assign(seed=results.scores["seed"] + 1)
    twice = replace(results, scores=pd.concat([results.scores, again]))
    assert "fitted once" not in topic(twice, "Settings")
    linear = changed(results, detectors={"cnn1": {"detector": "slda"}, "slda": {}})
    assert "fitted once" not in topic(linear, "Settings")


def test_what_is_what(results: RunResults, spelled_run: Path) -> None:
    cnn, slda, figures = (dict(block.facts) for block in what_is_what(results).blocks)
    assert cnn["Detector: cnn1"] == "The convolutional network CNN-1."
    assert cnn["Size and time"].startswith("31,092 free parameters, 3.2 s")
    assert "max_passes 100" in cnn["Settings"]
    assert slda["Sees"] == "The means of 16 consecutive pieces of the epoch at every electrode."
    assert slda["Reference"].endswith("doi:10.1016/j.neuroimage.2010.06.048")
    assert slda["Alignment"] == "No alignment."
    assert slda["Adaptation"] == "None."
    assert list(figures) == ["Score", "Mean", "95 % interval of a mean"]
    *_, spelled = what_is_what(read_run(spelled_run)).blocks
    assert "95 % interval of a share (Wilson)" in dict(spelled.facts)  # type: ignore[union-attr]


def test_topics_without_anything_to_say_are_left_out(results: RunResults) -> None:
    assert not topic(results, "Guessed")
    (facts,) = (block for block in limitations(results).blocks if isinstance(block, Facts))
    assert all(text for _, text in facts.facts)
