"""From other people to a new one, on small made studies."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.metrics import roc_auc_score
from studies import make_epochs

from p300.adaptation import self_calibration
from p300.adaptation import transfer as transfer_module
from p300.adaptation.readout import STRENGTHS, fit_readout
from p300.adaptation.storage import load_adapting, save_adapting
from p300.adaptation.transfer import OWN_SHARE, features_read, read_features
from p300.adaptation.transfer import learn_transfer as learn_transfer_of
from p300.detectors import fitting, make_detector
from p300.detectors.base import Detector
from p300.detectors.linear.lda import ShrinkageLDA
from p300.detectors.linear.toeplitz import BlockToeplitz
from p300.detectors.meta.picked_electrodes import NamedElectrodes
from p300.errors import DetectorError, TrainingWarning
from p300.files import read_json, write_json
from p300.recordings import MATRIX_6X6
from p300.signal.parts import SharedEpochs, part_of

pytestmark = pytest.mark.filterwarnings("ignore:.*raise max_passes")


def learn_transfer(detector, epochs, *args, **options):
    """What is learned from all of some epochs."""
    return learn_transfer_of(detector, part_of(epochs), *args, **options)


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(4, 2, amplitude=3e-6, n_characters=4, repetitions=4)


@pytest.fixture(scope="module")
def parts(epochs):
    new = (epochs.flashes["subject"] == "4").to_numpy()
    return epochs.select(~new), epochs.select(new)


@pytest.fixture(scope="module")
def transfer(parts):
    return learn_transfer(make_detector("slda"), parts[0], MATRIX_6X6, "subject")


def test_what_a_detector_knows_of_its_covariance_adaptation_goes_by(parts, tmp_path):
    train, new = parts
    detector = make_detector("slda", n_windows=13, covariance="toeplitz")
    found = learn_transfer(detector, train, MATRIX_6X6, "subject")
    structure = BlockToeplitz(4, 13)
    assert found.detector.structure() == found.readout.structure == structure
    adapted = found.self_calibrated(new, MATRIX_6X6)
    assert adapted.structure == structure
    scores = found.score_prequentially(new, MATRIX_6X6).scores
    assert roc_auc_score(new.y, scores) > 0.7
    # With labels: what is learned of the new person alone goes by it too.
    features = read_features(found.detector, new)
    own = fit_readout(features, new.y, structure)
    updated = found.readout.updated(features, new.y.astype(float), found.strength)
    np.testing.assert_allclose(
        found.calibrated(new)(features),
        (1 - OWN_SHARE) * updated(features) + OWN_SHARE * own(features),
    )
    save_adapting(found, tmp_path)
    again = load_adapting(tmp_path, found.detector).score_prequentially(new, MATRIX_6X6).scores
    np.testing.assert_array_equal(again, scores)


def test_on_picked_electrodes_it_is_known_too(parts):
    train, _ = parts
    detector = make_detector("slda", n_windows=13, covariance="toeplitz")
    picked = NamedElectrodes(detector, train.electrodes[:2], electrodes=train.electrodes)
    picked.fit(train.X, train.y, groups=train.units("subject"))
    assert picked.structure() == BlockToeplitz(2, 13)


def test_the_strength_is_one_of_those_tried(transfer):
    assert transfer.strength in STRENGTHS


def test_training_scores_are_as_good_as_those_of_a_new_person(transfer, parts):
    train, new = parts
    assert np.isfinite(transfer.training_scores).all()
    within = roc_auc_score(train.y, transfer.training_scores)
    found = transfer.score_prequentially(new, MATRIX_6X6)
    assert within == pytest.approx(roc_auc_score(new.y, found.scores), abs=0.1)
    assert len(found.sessions) == 1
    # Calibrated: probabilities as large as targets are frequent.
    probability = 1 / (1 + np.exp(-transfer.training_scores))
    assert probability.mean() == pytest.approx(train.y.mean(), abs=0.02)


def test_more_is_known_after_calibration_and_most_with_labels(transfer, parts):
    _, new = parts
    first = new.select(new.flashes["run"] == "1")
    second = new.select(new.flashes["run"] == "2")
    readouts = {
        "as is": transfer.readout,
        "unlabelled": transfer.self_calibrated(first, MATRIX_6X6),
        "labelled": transfer.calibrated(first),
    }
    auc = {k: roc_auc_score(second.y, transfer.score(r, second)) for k, r in readouts.items()}
    assert auc["unlabelled"] > auc["as is"] - 0.02
    assert auc["labelled"] > auc["as is"] - 0.02


def test_labelled_windows_of_one_class_count_for_its_mean_alone(transfer, parts):
    _, new = parts
    nontargets = new.select(new.y == 0)
    features = read_features(transfer.detector, new)
    known = transfer.readout.updated(features[new.y == 0], np.zeros((new.y == 0).sum()),
                                     transfer.strength)  # fmt: skip
    np.testing.assert_allclose(transfer.calibrated(nontargets)(features), known(features))


def test_labels_of_the_new_person_are_not_looked_at(transfer, parts):
    _, new = parts
    scores = transfer.score_prequentially(new, MATRIX_6X6).scores
    flipped = new.flashes.assign(target=~new.flashes["target"].astype(bool))
    blind = type(new)(**{**vars(new), "flashes": flipped})
    found = transfer.score_prequentially(blind, MATRIX_6X6)
    np.testing.assert_array_equal(found.scores, scores)
    seen = transfer.score_prequentially(new, MATRIX_6X6)
    np.testing.assert_array_equal(found.post_hoc, seen.post_hoc)


def test_post_hoc_all_is_scored_by_what_is_known_at_the_end(transfer, epochs, monkeypatch):
    monkeypatch.setattr(self_calibration, "is_worse", lambda gains: False)
    tested = epochs.select(epochs.flashes["subject"].isin(["3", "4"]).to_numpy())
    found = transfer.score_prequentially(tested, MATRIX_6X6)
    for session, subject in zip(found.sessions, "34", strict=True):
        rows = (tested.flashes["subject"] == subject).to_numpy()
        own = tested.select(rows)
        np.testing.assert_allclose(found.post_hoc[rows], transfer.score(session.readout, own))
        # The readout of the end has learned from the session, the scores of its start have not.
        first = rows & (tested.flashes["character"] == 1).to_numpy()
        first &= (tested.flashes["run"] == "1").to_numpy()
        np.testing.assert_allclose(
            found.scores[first], transfer.score(transfer.readout, tested.select(first))
        )
        assert np.abs(found.post_hoc - found.scores)[first].max() > 0.1


def test_a_person_whose_adaptation_fell_back_reads_as_taught_at_the_end(
    transfer, parts, monkeypatch
):
    _, new = parts
    monkeypatch.setattr(self_calibration, "is_worse", lambda gains: len(list(gains)) > 1)
    with pytest.warns(TrainingWarning, match="self-calibration had become worse"):
        found = transfer.score_prequentially(new, MATRIX_6X6)
    np.testing.assert_allclose(found.post_hoc, transfer.score(transfer.readout, new))


def test_the_order_within_a_run_does_not_matter(transfer, parts):
    _, new = parts
    scores = transfer.score_prequentially(new, MATRIX_6X6).scores
    order = np.lexsort((np.random.default_rng(0).random(len(new)), new.units("run")))
    mixed = transfer.score_prequentially(new.select(order), MATRIX_6X6).scores
    np.testing.assert_allclose(mixed, scores[order], atol=1e-9)


def test_of_two_training_persons_each_is_scored_by_the_other(epochs, monkeypatch):
    learned_from = []

    def fit_each(fits):
        for fit in fitting.fit_each(fits):
            learned_from.append(len(fit.part))
            yield fit

    monkeypatch.setattr(transfer_module, "fit_each", fit_each)
    flashes = epochs.flashes
    cut_short = (flashes["subject"] == "2") & (flashes["character"] == flashes["character"].max())
    two = epochs.select((flashes["subject"].isin(["1", "2"]) & ~cut_short).to_numpy())
    learned = learn_transfer(make_detector("slda"), two, MATRIX_6X6, "subject")
    first, second = ((two.flashes["subject"] == name).sum() for name in "12")
    assert first != second
    assert learned_from == [second, first, first + second]
    assert learned.strength.epochs == len(two)
    assert roc_auc_score(two.y, learned.training_scores) > 0.6


def test_each_person_whose_adaptation_fell_back_is_named(transfer, epochs, monkeypatch):
    monkeypatch.setattr(self_calibration, "is_worse", lambda gains: len(gains) > 3)
    tested = epochs.select(epochs.flashes["subject"].isin(["3", "4"]).to_numpy())
    with pytest.warns(TrainingWarning) as caught:
        transfer.score_prequentially(tested, MATRIX_6X6)
    assert [str(w.message).partition(":")[0] for w in caught] == ["made/3", "made/4"]


def test_one_person_counts_as_much_as_was_seen(epochs):
    own = epochs.select((epochs.flashes["subject"] == "1").to_numpy())
    transfer = learn_transfer(make_detector("slda"), own, MATRIX_6X6, "character")
    assert transfer.strength.targets == own.y.sum()
    assert transfer.strength.epochs == len(own)


def test_the_last_layer_of_a_network_adapts(parts):
    train, new = parts
    network = make_detector("cnn1", max_passes=3, seed=1)
    fitted = network.fit(train.X, train.y, groups=train.units("subject"))
    features = features_read(fitted, new.X)
    assert features.shape == (len(new), 100)
    last = fitted.network_.output
    weights = (last.weight[1] - last.weight[0]).detach().numpy()
    bias = float((last.bias[1] - last.bias[0]).detach())
    score = fitted.calibration_(features @ weights + bias)
    np.testing.assert_allclose(score, fitted.decision_function(new.X), atol=1e-4)


def test_detectors_without_a_last_layer_say_so(parts):
    train, new = parts
    fitted = make_detector("erpcov_mdm").fit(train.X, train.y)
    with pytest.raises(DetectorError, match="no last linear layer"):
        read_features(fitted, new)


def test_a_person_without_codes_is_named_and_scored_as_taught(transfer, parts):
    _, new = parts
    unknown = new.flashes.assign(code=new.flashes["code"].mask(new.flashes["code"] > 0))
    uncoded = type(new)(**{**vars(new), "flashes": unknown})
    with pytest.warns(TrainingWarning, match="no flash has a known code"):
        scores = transfer.score_prequentially(uncoded, MATRIX_6X6).scores
    np.testing.assert_allclose(scores, transfer.score(transfer.readout, uncoded))


def test_training_persons_without_codes_are_scored_too(epochs):
    hidden = (epochs.flashes["subject"] == "1").to_numpy()
    flashes = epochs.flashes.assign(code=epochs.flashes["code"].mask(hidden))
    uncoded = type(epochs)(**{**vars(epochs), "flashes": flashes})
    transfer = learn_transfer(make_detector("slda"), uncoded, MATRIX_6X6, "subject")
    assert transfer.strength in STRENGTHS
    assert np.isfinite(transfer.training_scores).all()
    assert roc_auc_score(uncoded.y[hidden], transfer.training_scores[hidden]) > 0.6


@pytest.mark.parametrize("damage", ["weights", "calibration", "list"])
def test_a_damaged_adaptation_is_named(transfer, tmp_path, damage):
    save_adapting(transfer, tmp_path)
    assert load_adapting(tmp_path, transfer.detector) is not None
    if damage == "weights":
        arrays = load_file(tmp_path / "adaptation.safetensors")
        arrays = {name: np.ascontiguousarray(array[..., :-1]) for name, array in arrays.items()}
        save_file(arrays, tmp_path / "adaptation.safetensors")
    else:
        about = {**read_json(tmp_path / "adaptation.json"), "calibration": 1}
        write_json(tmp_path / "adaptation.json", about if damage == "calibration" else [1])
    with pytest.raises(DetectorError, match=r"adaptation\.(json|safetensors)(: | is damaged)"):
        load_adapting(tmp_path, transfer.detector)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("strength", {"targets": -1.0, "epochs": 10.0}),
        ("strength", {"targets": 10.0}),
        ("calibration", [1.0]),
        ("calibration", ["1", 0]),
    ],
)
def test_a_planted_adaptation_is_named(key, value, transfer, tmp_path):
    save_adapting(transfer, tmp_path)
    write_json(
        tmp_path / "adaptation.json", {**read_json(tmp_path / "adaptation.json"), key: value}
    )
    with pytest.raises(DetectorError, match=rf"adaptation\.json: {key}"):
        load_adapting(tmp_path, transfer.detector)


@pytest.mark.parametrize(
    ("name", "factor", "message"),
    [
        ("covariance", np.nan, "array covariance holds NaN"),
        ("covariance", -1.0, "positive definite"),
        ("covariance", 1e307, "not finite|infs or NaNs"),
        ("target", 1e308, "not finite|infs or NaNs"),
    ],
)
def test_a_readout_that_cannot_adapt_is_refused(name, factor, message, transfer, tmp_path):
    save_adapting(transfer, tmp_path)
    arrays = load_file(tmp_path / "adaptation.safetensors")
    save_file({**arrays, name: factor * arrays[name]}, tmp_path / "adaptation.safetensors")
    with pytest.raises(DetectorError, match=message):
        load_adapting(tmp_path, transfer.detector)


@pytest.mark.parametrize("lost", ["adaptation.json", "adaptation.safetensors"])
def test_half_an_adaptation_is_not_taken_for_none(lost, transfer, tmp_path):
    save_adapting(transfer, tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(DetectorError, match=f"{lost} is damaged"):
        load_adapting(tmp_path, transfer.detector)
    (tmp_path / "adaptation.json").unlink(missing_ok=True)
    (tmp_path / "adaptation.safetensors").unlink(missing_ok=True)
    assert load_adapting(tmp_path, transfer.detector) is None


def test_a_part_learns_what_its_epochs_alone_would_teach(epochs, parts, transfer):
    rows = np.flatnonzero((epochs.flashes["subject"] != "4").to_numpy())
    learned = learn_transfer_of(
        make_detector("slda"), SharedEpochs(epochs).part(rows), MATRIX_6X6, "subject"
    )
    np.testing.assert_array_equal(learned.training_scores, transfer.training_scores)
    np.testing.assert_array_equal(learned.readout.covariance, transfer.readout.covariance)
    # From sums over subjects, which a detector that knows nothing of them does not take.
    plain = learn_transfer(FittedAnew(), parts[0], MATRIX_6X6, "subject")
    assert plain.strength == transfer.strength
    np.testing.assert_allclose(plain.training_scores, transfer.training_scores, atol=1e-10)
    np.testing.assert_allclose(plain.detector.coef_, transfer.detector.coef_, atol=1e-10)


class FittedAnew(ShrinkageLDA):
    """Shrinkage LDA without anything shared."""

    fit_part, features_of, sums_of = Detector.fit_part, Detector.features_of, Detector.sums_of


def test_no_more_training_persons_are_treated_as_new_than_wanted(epochs):
    def scored(**options):
        learned = learn_transfer(make_detector("slda"), epochs, MATRIX_6X6, "subject", **options)
        there = np.isfinite(learned.training_scores)
        names = epochs.flashes["subject"].to_numpy()
        assert set(names[there]).isdisjoint(names[~there])
        return frozenset(names[there])

    drawn = {scored(seed=seed, most=3) for seed in range(6)}
    assert {len(names) for names in drawn} == {3}
    assert len(drawn) > 1
    assert scored(seed=1, most=3) == scored(seed=1, most=3)
    assert scored(seed=1, most=None) == scored(seed=1) == {"1", "2", "3", "4"}


def test_persons_with_codes_are_drawn_before_those_without(epochs):
    hidden = (epochs.flashes["subject"] == "1").to_numpy()
    flashes = epochs.flashes.assign(code=epochs.flashes["code"].mask(hidden))
    uncoded = type(epochs)(**{**vars(epochs), "flashes": flashes})
    for seed in range(4):
        learned = learn_transfer(
            make_detector("slda"), uncoded, MATRIX_6X6, "subject", seed=seed, most=3
        )
        assert np.isfinite(learned.training_scores[~hidden]).all()
