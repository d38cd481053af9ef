"""Alignment: what is brought together, what a tested domain may know, and that it holds."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from studies import make_epochs, make_recording

from p300 import Method, evaluate_epochs, load_detector, make_detector, save_detector
from p300.commands.stored_detectors import fit_on_all
from p300.errors import ConfigError, DetectorError, EpochsError
from p300.files import read_json
from p300.pipeline import evaluate
from p300.runs.config import parse_experiment
from p300.signal.alignment import (
    Alignment,
    align,
    make_alignment,
)
from p300.signal.domain_covariance import epoch_covariances, reference, whitener
from p300.signal.preprocessing import Preprocessing, preprocess

EUCLIDEAN = Alignment("euclidean")
VOLTS = Preprocessing(normaliser="none")
WHITENING = ("euclidean", "riemannian")


@pytest.fixture(scope="module")
def epochs():
    """Two subjects with a session of two runs each, in volts."""
    recordings = [
        make_recording(str(subject), str(run), n_characters=3, amplitude=1e-5)
        for subject in (1, 2)
        for run in (1, 2)
    ]
    return preprocess(recordings, VOLTS)


@pytest.fixture(scope="module")
def domain(epochs):
    return epochs.select(epochs.flashes["subject"] == "1")


def random_mixing(seed, n=4, condition=5.0):
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return (left * np.geomspace(1, condition, n)) @ right


def mixed(epochs, mixing):
    return replace(epochs, X=(mixing @ epochs.X).astype(np.float32))


def inner_products(X):
    """What a rotation of the electrodes leaves as it is: [epoch, time, time]."""
    return X.transpose(0, 2, 1) @ X


@pytest.mark.parametrize("method", WHITENING)
@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_the_mean_covariance_becomes_one_whatever_the_mixing(domain, method, seed):
    aligned = align(mixed(domain, random_mixing(seed)), Alignment(method))
    mean = epoch_covariances(aligned.X).mean(axis=0)
    # The geometric mean of windows lies below the arithmetic one, by as much in all directions.
    np.testing.assert_allclose(mean / np.diag(mean).mean(), np.eye(4), atol=0.06)
    assert np.diag(mean).mean() == pytest.approx(1, abs=0.02 if method == "euclidean" else 0.2)


@pytest.mark.parametrize("method", WHITENING)
@given(seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_mixed_electrodes_are_unmixed_up_to_a_rotation(domain, method, seed):
    plain = inner_products(align(domain, Alignment(method)).X)
    unmixed = inner_products(align(mixed(domain, random_mixing(seed)), Alignment(method)).X)
    assert np.linalg.norm(unmixed - plain) < 0.01 * np.linalg.norm(plain)


@pytest.mark.parametrize("mode", ["offline", "running"])
@pytest.mark.parametrize("method", [*WHITENING, "scaling"])
def test_units_change_nothing(domain, method, mode):
    alignment = Alignment(method, mode)
    plain = align(domain, alignment).X
    for scale in (1e3, 1e-3, np.array([1, 1e3, 1e-3, 1])[:, None]):
        scaled = replace(domain, X=(domain.X * scale).astype(np.float32))
        np.testing.assert_allclose(align(scaled, alignment).X, plain, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("method", [*WHITENING, "scaling"])
def test_a_few_huge_windows_do_not_own_the_reference(domain, method):
    drifting = domain.X.copy()
    drift = np.linspace(0, 5e-3, drifting.shape[2], dtype=np.float32)  # 5 mV on two electrodes
    drifting[::20, :2] += drift
    usual = np.arange(len(domain)) % 20 != 0
    plain = align(domain, Alignment(method)).X[usual]
    disturbed = align(replace(domain, X=drifting), Alignment(method)).X[usual]
    ratio = disturbed.std(axis=(0, 2)) / plain.std(axis=(0, 2))
    np.testing.assert_allclose(ratio, 1, atol=0.15)
    correlation = np.corrcoef(disturbed.ravel(), plain.ravel())[0, 1]
    assert correlation > 0.98


@pytest.mark.parametrize("method", WHITENING)
@pytest.mark.parametrize("n_windows", [1, 3, 200])
def test_an_average_reference_and_flat_electrodes_stay_tame(domain, method, n_windows):
    few = domain.select(np.arange(n_windows))
    referenced = replace(few, X=few.X - few.X.mean(axis=1, keepdims=True))
    flat = referenced.X.copy()
    flat[:, 2] = 0
    for X in (referenced.X, flat, np.zeros_like(flat)):
        aligned = align(replace(few, X=X), Alignment(method)).X
        assert np.isfinite(aligned).all()
        assert np.abs(aligned).max() < 20
    assert np.abs(align(replace(few, X=flat), Alignment(method)).X[:, 2]).max() < 1e-6


def test_each_domain_is_aligned_by_itself(epochs, domain):
    other = epochs.flashes["subject"].to_numpy() == "2"
    X = epochs.X.copy()
    X[other] = random_mixing(1) @ X[other] * 1e3
    aligned = align(replace(epochs, X=X), EUCLIDEAN).X
    np.testing.assert_array_equal(aligned[~other], align(domain, EUCLIDEAN).X)


@pytest.mark.parametrize("method", [*WHITENING, "scaling"])
def test_labels_are_not_used(domain, method):
    unlabelled = replace(domain, flashes=domain.flashes.assign(target=pd.NA))
    np.testing.assert_array_equal(
        align(unlabelled, Alignment(method)).X, align(domain, Alignment(method)).X
    )
    assert not {"y", "target"} & set(inspect.signature(reference).parameters)


@pytest.mark.parametrize("method", WHITENING)
def test_a_prefix_knows_nothing_behind_it(domain, method):
    alignment = Alignment(method, "prefix", characters=2)
    first = (domain.flashes["run"] == "1") & (domain.flashes["character"] <= 2)
    changed = domain.X.copy()
    changed[~first.to_numpy()] *= -7
    plain, other = align(domain, alignment).X, align(replace(domain, X=changed), alignment).X
    np.testing.assert_array_equal(other[first], plain[first])
    np.testing.assert_allclose(other[~first], -7 * plain[~first], rtol=1e-4, atol=1e-4)
    alone = align(domain.select(first), Alignment(method)).X
    np.testing.assert_array_equal(plain[first], alone)


@pytest.mark.parametrize("method", WHITENING)
@given(cut=st.integers(1, 280))
@settings(max_examples=10, deadline=None)
def test_running_knows_no_window_that_is_still_to_come(domain, method, cut):
    alignment = Alignment(method, "running")
    later = np.arange(len(domain)) >= cut
    changed = domain.X.copy()
    changed[later] = random_mixing(3) @ changed[later] * 50
    plain, other = align(domain, alignment).X, align(replace(domain, X=changed), alignment).X
    np.testing.assert_array_equal(other[~later], plain[~later])
    assert np.abs(other[later] - plain[later]).max() > 1


def test_running_goes_by_time_not_by_place_in_the_table(domain):
    alignment = Alignment("euclidean", "running")
    order = np.random.default_rng(0).permutation(np.flatnonzero(domain.flashes["run"] == "1"))
    plain = align(domain.select(np.sort(order)), alignment).X
    shuffled = align(domain.select(order), alignment).X
    np.testing.assert_array_equal(shuffled, plain[np.argsort(np.argsort(order))])


def test_running_ends_where_offline_is(domain):
    covariances = epoch_covariances(domain.X)
    whole = whitener(reference(covariances, domain.X.shape[2])) @ domain.X[-1]
    running = align(domain, Alignment("euclidean", "running")).X[-1]
    np.testing.assert_allclose(running, whole, atol=0.15 * np.abs(whole).max())


def test_no_alignment_leaves_everything(domain):
    assert align(domain, Alignment()) is domain


def test_a_prefix_that_cannot_be_is_refused(domain):
    with pytest.raises(EpochsError, match="made/1/1: 6 characters found, a prefix of 6 leaves"):
        align(domain, Alignment("euclidean", "prefix", 6))
    unknown = replace(domain, flashes=domain.flashes.assign(character=pd.NA))
    with pytest.raises(EpochsError, match="characters of some flashes are not known"):
        align(unknown, Alignment("euclidean", "prefix", 1))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("euclid", r"alignment.method: 'euclid' \(str\) found"),
        ({"method": "euclidean", "mod": "offline"}, "unknown key 'mod', did you mean 'mode'"),
        ({"method": "euclidean", "mode": "prefix"}, "prefix needs the number of characters"),
        (
            {"method": "euclidean", "mode": "prefix", "characters": 0},
            r"alignment.characters: 0 \(int\) found",
        ),
        ({"method": "euclidean", "characters": 2}, "the other modes take none"),
        ({"mode": "prefix", "characters": -3}, "greater than or equal to 1"),
        ({"mode": "prefix", "characters": True}, r"True \(bool\) found"),
        ({"mode": "prefix", "characters": float("nan")}, r"nan \(float\) found"),
        (["euclidean"], "expected a method or keys and values"),
    ],
)
def test_what_is_wrong_is_named(given, message):
    with pytest.raises(ConfigError, match=message):
        make_alignment(given)
    with pytest.raises(ConfigError, match=r"detectors\.ea\.alignment|alignment with mode"):
        parse_experiment(
            "datasets: {s: {source: simulated}}\n"
            f"detectors: {{ea: {{detector: slda, alignment: {given!r}}}}}"
        )


def test_alignments_have_names():
    prefix = {"method": "riemannian", "mode": "prefix", "characters": 2}
    given = [None, "none", "euclidean", {"method": "scaling", "mode": "running"}, prefix]
    names = [make_alignment(one).name for one in given]
    assert names == ["none", "none", "euclidean", "scaling running", "riemannian prefix 2"]


def test_a_subject_with_mixed_electrodes_is_brought_back():
    recordings = [make_recording(s, r, n_characters=3, amplitude=4e-6) for s in "12" for r in "12"]
    epochs = preprocess(recordings, VOLTS)
    last = epochs.flashes["subject"].to_numpy() == "2"
    # Symmetric and on white noise: nothing is left to rotate after whitening.
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((4, 4)))[0]
    X = epochs.X.copy()
    X[last] = (rotation * [1, 5, 20, 40]) @ rotation.T @ X[last]
    foreign, auc = replace(epochs, X=X), {}
    for alignment in (Alignment(), EUCLIDEAN):
        scores = evaluate_epochs(foreign, {"slda": Method(make_detector("slda"), alignment)})
        mine = scores[scores["subject"] == "2"]
        auc[alignment.name] = roc_auc_score(mine["target"].astype(bool), mine["score"])
    assert auc["euclidean"] > auc["none"] + 0.05


CONFIG = """
name: aligned
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 4}}
detectors:
  slda: {}
  slda_ea: {detector: slda, alignment: euclidean}
  slda_prefix: {detector: slda, alignment: {method: scaling, mode: prefix, characters: 1}}
protocols: {cross_subject: {}}
"""
QUIET = pytest.mark.filterwarnings("ignore:.*calibration slope")


@QUIET
def test_a_run_carries_the_alignment(tmp_path):
    experiment = parse_experiment(CONFIG)
    assert experiment.methods["slda_ea"].alignment == EUCLIDEAN
    assert parse_experiment(experiment.to_yaml()) == experiment
    run = evaluate(experiment, tmp_path / "run")
    scores = pd.read_parquet(run / "scores.parquet").pivot_table(
        index=["subject", "run", "character", "repetition", "code"],
        columns="detector",
        values="score",
    )
    assert (scores["slda"] != scores["slda_ea"]).mean() > 0.9
    rows = pd.DataFrame(read_json(run / "metrics.json")["rows"])
    named = rows.groupby("detector")["alignment"].unique().map(list).to_dict()
    assert named == {
        "slda": ["none"], "slda_ea": ["euclidean"], "slda_prefix": ["scaling prefix 1"],
    }  # fmt: skip
    fit = read_json(next((run / "fits").glob("*slda_prefix*")))
    assert fit["method"]["alignment"] == {"method": "scaling", "mode": "prefix", "characters": 1}


@QUIET
def test_subjects_outside_a_fold_do_not_change_it():
    few = make_epochs(3, 1, n_characters=3)
    methods = {"slda": Method(make_detector("slda"), EUCLIDEAN)}
    scores = evaluate_epochs(few, methods, "within_subject")
    alone = few.select(few.flashes["subject"] == "2")
    own = evaluate_epochs(alone, methods, "within_subject")
    mine = scores[scores["subject"] == "2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, own)


@QUIET
def test_a_stored_detector_aligns_new_recordings(tmp_path):
    experiment = parse_experiment(CONFIG)
    stored = load_detector(fit_on_all(experiment, "slda_ea", tmp_path / "d"))
    assert stored.alignment == EUCLIDEAN
    few = make_epochs(2, 1)
    detector = make_detector("slda").fit(align(few, EUCLIDEAN).X, few.y)
    again = load_detector(save_detector(detector, tmp_path / "e", few, EUCLIDEAN))
    table = again.score(make_recording("1", "1"))
    own = few.select(few.flashes["subject"] == "1")
    expected = detector.decision_function(align(own, EUCLIDEAN).X)
    np.testing.assert_allclose(table["score"], expected, atol=1e-5)


def test_a_stored_alignment_of_another_version_is_named(tmp_path):
    few = make_epochs(1, 1)
    detector = make_detector("slda").fit(few.X, few.y)
    folder = save_detector(detector, tmp_path / "d", few, EUCLIDEAN)
    about = folder / "detector.json"
    about.write_text(about.read_text().replace('"euclidean"', '"hyperbolic"'))
    with pytest.raises((ConfigError, DetectorError), match="hyperbolic"):
        load_detector(folder)
