"""Runs whose detectors adapt to the tested person, end to end."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
import yaml
from studies import make_epochs

from p300.adaptation.transfer import learn_transfer
from p300.errors import ConfigError, DataWarning, DetectorError, ProtocolError
from p300.evaluation.fold import fit_and_score_fold
from p300.evaluation.leaks import Fold
from p300.evaluation.method import Method
from p300.files import read_json
from p300.runs.config import parse_experiment
from p300.runs.plan import plan_dataset
from p300.runs.runner import score_folds
from p300.speller.run import spell_run

SMALL = {
    "datasets": {
        "simulated": [
            {"source": "simulated", "n_subjects": 4, "characters_per_run": 3, "repetitions": 5}
        ]
    }
}
ALIGNED = {"detector": "slda", "alignment": "euclidean"}
DETECTORS = {
    "as is": ALIGNED,
    "self": {**ALIGNED, "adaptation": "self_calibrated"},
    "labelled": {**ALIGNED, "adaptation": "labelled"},
    "scratch": {**ALIGNED, "adaptation": "from_scratch"},
}

pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


def experiment(detectors, protocols, **changes):
    return parse_experiment(
        yaml.safe_dump({**SMALL, "detectors": detectors, "protocols": protocols, **changes})
    )


@pytest.fixture(scope="module")
def few_shot(tmp_path_factory):
    run = tmp_path_factory.mktemp("adapted") / "run"
    protocols = {"few_shot": {"characters": [0, 1, 3]}}
    return score_folds(experiment(DETECTORS, protocols), run)


def test_each_number_of_characters_is_measured(few_shot):
    scores = pd.read_parquet(few_shot / "scores.parquet")
    assert set(scores["protocol"]) == {"few_shot"}
    assert set(scores["calibration_characters"]) == {"0", "1", "3"}
    assert set(scores["run"]) == {"2"}
    by_number = scores.groupby("calibration_characters")["detector"].unique()
    assert set(by_number["3"]) == set(DETECTORS)
    # Two characters at least are needed to learn from them alone.
    assert set(by_number["1"]) == set(DETECTORS) - {"scratch"}


def test_without_calibration_characters_all_are_the_same(few_shot):
    scores = pd.read_parquet(few_shot / "scores.parquet")
    assert scores["score_post_hoc"].isna().all()  # nothing is learned while testing
    none = scores[scores["calibration_characters"] == "0"].groupby("detector")["score"]
    np.testing.assert_array_equal(none.get_group("self"), none.get_group("labelled"))
    # The detector itself is calibrated in another way, but ranks nearly alike.
    assert np.corrcoef(none.get_group("self"), none.get_group("as is"))[0, 1] > 0.98


def test_fits_tell_how_they_adapted(few_shot):
    fits = [read_json(path) for path in (few_shot / "fits").glob("*.json")]
    assert {fit["method"]["adaptation"] for fit in fits if fit["detector"] == "as is"} == {"none"}
    kinds = {fit["detector"]: fit["adaptation"] for fit in fits}
    assert kinds["as is"] == {}
    assert kinds["self"]["strength"]["targets"] > 0
    from_scratch = next(fit for fit in fits if fit["detector"] == "scratch")
    assert from_scratch["n_train"] == 3 * 5 * 12
    # Adapted scores are calibrated in another way than the detector: its own would mislead.
    assert all("calibration" not in fit for fit in fits)


def test_characters_of_a_person_train_the_speller_where_they_are_enough(tmp_path):
    protocols, changes = {"few_shot": {"characters": [2, 3]}}, {"spelling": {"dynamic": True}}
    asked = experiment({"scratch": DETECTORS["scratch"]}, protocols, **changes)
    run = score_folds(asked, tmp_path / "run")
    training = {path.stem: pd.read_parquet(path) for path in (run / "training_scores").iterdir()}
    assert sorted(training) == [
        f"simulated.few_shot-3.sub-{s}.scratch.repeat-0" for s in range(1, 5)
    ]
    assert all(len(table) == 3 * 5 * 12 for table in training.values())
    with pytest.warns(DataWarning, match="4 folds have no training scores"):
        spell_run(run, asked.spelling)
    characters = pd.read_parquet(run / "characters.parquet")
    by_number = characters.groupby("calibration_characters")["stopping"]
    dynamic = by_number.agg(lambda kinds: set(kinds) - {"fixed"})
    assert not dynamic["2"]
    assert dynamic["3"]


def test_what_is_learned_once_is_told_with_every_fold_that_uses_it(tmp_path, monkeypatch):
    calls = []

    def slowly(detector, *args, **options):
        calls.append(detector.n_windows)
        time.sleep(0.2)
        return learn_transfer(detector, *args, **options)

    monkeypatch.setattr("p300.adaptation.ways.self_calibrated.learn_transfer", slowly)
    detectors = {f"self {n}": {**DETECTORS["self"], "n_windows": n} for n in (4, 8)}
    asked = experiment(detectors, {"few_shot": {"characters": [0, 1]}})
    run = score_folds(asked, tmp_path / "run")
    # Once a subject and detector, for both numbers of characters.
    assert calls == [4, 8] * 4
    fits = [read_json(path) for path in (run / "fits").glob("*.json")]
    assert len(fits) == 2 * 2 * 4
    assert all(fit["fit_seconds"] > 0.2 for fit in fits)


def test_prequential_self_calibration_with_training_scores(tmp_path):
    detectors = {"self": DETECTORS["self"]}
    changes = {"spelling": {"dynamic": True}}
    run = score_folds(experiment(detectors, {"cross_subject": {}}, **changes), tmp_path / "run")
    (first, *_) = sorted((run / "training_scores").glob("*.parquet"))
    training = pd.read_parquet(first)
    assert len(training) == 3 * 2 * 3 * 5 * 12
    fit = read_json(run / "fits" / f"{first.stem}.json")
    assert fit["adaptation"]["fell_back"] == [[]]


@pytest.mark.parametrize("kind", ["labelled", "from_scratch"])
def test_labels_are_not_to_be_had_across_subjects(kind, tmp_path):
    asked = experiment({"x": {**ALIGNED, "adaptation": kind}}, {"cross_subject": {}})
    with pytest.raises(ProtocolError, match="needs a protocol with calibration characters"):
        score_folds(asked, tmp_path / "run")


def test_a_detector_without_a_last_layer_cannot_adapt(tmp_path):
    asked = experiment(
        {"x": {"detector": "erpcov_mdm", "adaptation": "self_calibrated"}}, {"cross_subject": {}}
    )
    with pytest.raises(DetectorError, match="no last linear layer"):
        score_folds(asked, tmp_path / "run")


def test_a_typo_is_told():
    with pytest.raises(ConfigError, match="adaptation: 'self' found, expected one of none"):
        experiment({"x": {**ALIGNED, "adaptation": "self"}}, {"cross_subject": {}})


def test_a_data_set_without_codes_among_several_leaves_out_what_needs_them():
    sources = dict.fromkeys(("one", "two"), SMALL["datasets"]["simulated"])
    asked = experiment(DETECTORS, {"cross_subject": {}}, datasets=sources)
    flashes = make_epochs(3, 1).flashes.assign(dataset="one")
    tasks = list(plan_dataset(asked, "one", flashes, 0.65, {}))
    assert {task.detector for task in tasks} == set(DETECTORS)
    unknown = flashes.assign(code=flashes["code"].mask(flashes["code"] > 0))
    with pytest.warns(DataWarning, match="labelled, self cannot adapt and are left out"):
        tasks = list(plan_dataset(asked, "one", unknown, 0.65, {}))
    assert {task.detector for task in tasks} == {"as is", "scratch"}


NETWORK = {"detector": "cnn1", "max_passes": 3}


@pytest.mark.filterwarnings("ignore:.*raise max_passes")
def test_fine_tuning_uses_the_characters_where_there_are_some(tmp_path):
    protocols = {"cross_subject": {"detectors": ["tuned"]}, "few_shot": {"characters": [0, 2]}}
    detectors = {
        "plain": NETWORK,
        "tuned": {**NETWORK, "adaptation": "fine_tuned"},
        "same": {"detector": "finetuned", "max_passes": 3},
    }
    run = score_folds(experiment(detectors, protocols), tmp_path / "run")
    scores = pd.read_parquet(run / "scores.parquet")
    assert set(scores.loc[scores["protocol"] == "cross_subject", "detector"]) == {"tuned"}
    found = dict(list(scores.groupby(["calibration_characters", "detector"])["score"]))
    for number in ("0", "2"):
        np.testing.assert_array_equal(found[number, "tuned"], found[number, "same"])
    plain = found["0", "plain"]
    np.testing.assert_array_equal(found["0", "tuned"], plain)
    np.testing.assert_array_equal(found["2", "plain"], plain)
    assert not np.allclose(found["2", "tuned"], plain)


def test_a_protocol_names_detectors_that_there_are():
    with pytest.raises(ConfigError, match=r"few_shot.detectors: 'slad' is not among .* 'slda'"):
        experiment({"slda": {}}, {"few_shot": {"detectors": ["slad"]}})


def test_settings_of_a_way_are_read_written_out_and_told_apart():
    few = Method.read("slda", {"adaptation": {"method": "self_calibrated", "subjects": 4}})
    every = Method.read("slda", {"adaptation": {"method": "self_calibrated", "subjects": "all"}})
    plain = Method.read("slda", {"adaptation": "self_calibrated"})
    assert few.settings()["adaptation"] == {"method": "self_calibrated", "subjects": 4}
    assert plain.settings()["adaptation"] == {"method": "self_calibrated", "subjects": 10}
    assert Method.read("slda", {"adaptation": plain.settings()["adaptation"]}).adaptation == (
        plain.adaptation
    )
    assert len({one.learns_like for one in (few, every, plain)}) == 3
    assert few.adaptation != plain.adaptation


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"method": "self_calibrated", "subjects": 2}, "adaptation.subjects: 2 .* 3"),
        ({"method": "self_calibrated", "subjects": True}, "adaptation.subjects: True"),
        ({"method": "self_calibrated", "subject": 5}, "'subject'.*did you mean 'subjects'"),
        ({"method": "none", "subjects": 5}, "'subjects'"),
        ({"subjects": 5}, "None found, expected one of none, self_calibrated"),
    ],
)
def test_settings_that_a_way_does_not_have_are_refused(given, told):
    with pytest.raises(ConfigError, match=told):
        Method.read("slda", {"adaptation": given})


def test_a_fold_draws_by_its_own_seed_who_is_treated_as_new():
    study = make_epochs(5, 1, n_characters=3, repetitions=2)
    tested = study.flashes["subject"] == "5"
    fold = Fold("5", np.flatnonzero(~tested), np.flatnonzero(tested), "subject", "subject")
    method = Method.read("slda", {"adaptation": {"method": "self_calibrated", "subjects": 3}})
    drawn = set()
    for seed in range(6):
        scored = fit_and_score_fold(study, fold, method, seed, score_training=True)
        drawn.add(frozenset(scored.scored_training()["subject"]))
    assert {len(subjects) for subjects in drawn} == {3}
    assert len(drawn) > 1
