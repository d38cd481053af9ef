"""What is stored of a start: it follows as it is evaluated, and nothing damaged is taken for it."""

import numpy as np
import pytest
from fed_sessions import fitted, somebody
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score

from p300.adaptation.storage import load_adapting, save_adapting
from p300.errors import DetectorError, TrainingWarning
from p300.evaluation.fold import evaluate_epochs
from p300.evaluation.method import Method
from p300.files import read_json, write_json
from p300.recordings import open_recordings
from p300.signal.preprocessing import preprocess
from p300.speller.fitted import Fitted

ALONE = {"detector": "slda", "covariance": "toeplitz", "adaptation": "self_started"}
WITH_OTHERS = (
    "{detector: slda, covariance: toeplitz, n_windows: 8, alignment: euclidean, "
    "adaptation: {method: self_started, others: true}}"
)
ABOUT, ARRAYS = "adaptation.json", "adaptation.safetensors"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    made = tmp_path_factory.mktemp("alone") / "one"
    return fitted(made, "{detector: slda, covariance: toeplitz, adaptation: self_started}")


@pytest.fixture(scope="module")
def with_others(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("others") / "one", WITH_OTHERS)


@pytest.fixture
def copied(with_others, tmp_path):
    """The adaptation of a stored detector, copied; the detector."""
    stored = Fitted.load(with_others)
    save_adapting(stored.adapting, tmp_path)
    return tmp_path, stored.stored.detector


def ordinary():
    """Somebody who responds as those do of whom the detector has learned."""
    options = {"n_subjects": 4, "n_runs": 1, "characters_per_run": 4, "repetitions": 5}
    return next(iter(open_recordings("simulated", **options)))


def test_what_is_stored_follows_as_it_is_evaluated(alone):
    found = Fitted.load(alone)
    people = open_recordings(
        "simulated", n_subjects=4, n_runs=1, characters_per_run=4, repetitions=5
    )
    epochs = preprocess(list(people), found.stored.settings)
    method = Method.read("alone", ALONE)
    evaluated = evaluate_epochs(epochs, {"alone": method}, "cross_subject")
    last = somebody()
    scores = found.score(last)
    expected = evaluated.loc[evaluated["subject"] == last.subject, "score"]
    np.testing.assert_allclose(scores["score"], expected, rtol=1e-7, atol=1e-9)
    first = scores["character"] == 1
    assert scores.loc[first, "score"].nunique() == 1
    assert scores.loc[first, "score_post_hoc"].nunique() > 1
    target = scores["target"].astype(bool)
    assert roc_auc_score(target, scores["score_post_hoc"]) > roc_auc_score(target, scores["score"])


def test_what_others_show_is_stored_to_the_last_bit(with_others, tmp_path):
    stored = Fitted.load(with_others)
    prior = stored.adapting.prior
    assert prior.readout is not None
    save_adapting(stored.adapting, tmp_path)
    again = load_adapting(tmp_path, stored.stored.detector)
    for name in ("nontarget", "target", "covariance"):
        np.testing.assert_array_equal(
            getattr(again.prior.readout, name), getattr(prior.readout, name)
        )
    np.testing.assert_array_equal(again.prior.difference, prior.difference)
    assert again.prior.variance == prior.variance
    assert again.prior.structure == prior.structure == again.prior.readout.structure
    assert again.calibration == stored.adapting.calibration
    assert read_json(tmp_path / ABOUT)["adaptation"] == "self_started"


def test_the_first_character_is_scored_by_what_others_show(with_others):
    found, one = Fitted.load(with_others), ordinary()
    scores = found.score(one)
    first = scores["character"] == 1
    target = scores["target"].astype(bool)
    assert roc_auc_score(target[first], scores.loc[first, "score"]) > 0.8
    plain = found.stored.score(one)  # by who knows nothing but the others
    np.testing.assert_allclose(scores.loc[first, "score"], plain.loc[first, "score"], atol=1e-4)


def test_a_person_who_is_the_opposite_is_named(with_others):
    found, one = Fitted.load(with_others), ordinary()
    one.raw.load_data().apply_function(lambda x: -x)
    with pytest.warns(TrainingWarning, match="/1: the flashes say the opposite"):
        scores = found.score(one)
    later = scores["character"] > 2
    target = scores["target"].astype(bool)
    assert roc_auc_score(target[later], scores.loc[later, "score"]) > 0.6


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("variance", 0.0),
        ("variance", "much"),
        ("calibration", [1.0]),
        ("calibration", ["1", 0]),
        ("adaptation", "labelled"),
        ("adaptation", "self_calibrated"),
    ],
)
def test_a_planted_start_is_named(key, value, copied):
    folder, detector = copied
    write_json(folder / ABOUT, {**read_json(folder / ABOUT), key: value})
    named = "strength" if value == "self_calibrated" else key
    with pytest.raises(DetectorError, match=rf"adaptation\.json: {named}.*train"):
        load_adapting(folder, detector)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: {**a, "covariance": -a["covariance"]}, "positive definite"),
        (lambda a: {**a, "covariance": np.nan * a["covariance"]}, "covariance holds NaN"),
        (lambda a: {**a, "difference": 2 * a["difference"]}, "difference is not that of"),
        (lambda a: {**a, "difference": a["difference"][:-1]}, "expected"),
        (lambda a: {k: v for k, v in a.items() if k != "target"}, "expected"),
        (lambda a: {k: v for k, v in a.items() if k != "difference"}, "expected"),
        (lambda a: {"difference": a["difference"]}, "difference is not that of"),
        (lambda a: {"difference": a["difference"][None]}, "expected"),
        (
            lambda a: {**a, "target": a["target"] + 1e200, "difference": a["difference"] + 1e200},
            "difference is not that of|not finite|infs or NaNs",
        ),
    ],
)
def test_a_start_that_cannot_be_is_refused(change, message, copied):
    folder, detector = copied
    arrays = change(load_file(folder / ARRAYS))
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / ARRAYS)
    with pytest.raises(DetectorError, match=message) as caught:
        load_adapting(folder, detector)
    assert str(caught.value).startswith(str(folder / ARRAYS))
    assert "train" in str(caught.value)


def test_a_variance_that_nothing_can_be_divided_by_is_refused(copied):
    folder, detector = copied
    write_json(folder / ABOUT, {**read_json(folder / ABOUT), "variance": 1e-320})
    with pytest.raises(DetectorError, match=r"not finite|infs or NaNs"):
        load_adapting(folder, detector)


@pytest.mark.parametrize("lost", [ABOUT, ARRAYS])
def test_half_a_start_is_not_taken_for_none(lost, copied):
    folder, detector = copied
    (folder / lost).unlink()
    with pytest.raises(DetectorError, match=f"{lost} is damaged"):
        load_adapting(folder, detector)
