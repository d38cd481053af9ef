"""What every detector of the registry must do."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator
from studies import ELECTRODES, make_epochs, make_recording

from p300.detectors import (
    DETECTORS,
    detector_parameters,
    load_detector,
    make_detector,
    save_detector,
)
from p300.detectors.splits import held_out_parts, validation_split
from p300.errors import DetectorError, PreprocessingError
from p300.files import read_json, write_json

QUICK = {
    "cnn1": {"max_passes": 12},
    "cnn2a": {"max_passes": 12, "picks": ("Cz", "Pz", "Oz"), "electrodes": tuple(ELECTRODES)},
    "cnn2b": {"max_passes": 12, "picks": 3},
    "cnn3": {"max_passes": 12},
    "mcnn1": {"max_passes": 12, "n_members": 2},
    "mcnn2": {"max_passes": 20, "n_members": 2},
    "mcnn3": {"max_passes": 12, "n_members": 2},
    "eegnet": {"max_passes": 8, "kernel": 16, "n_temporal": 4},
    "eeg_inception": {"max_passes": 8, "n_maps": 2, "kernels": (8, 4), "learning_rate": 5e-3},
    "bn3": {"max_passes": 10},
    "oclnn": {"max_passes": 12},
    "sepconv1d": {"max_passes": 12},
    "stepnet": {"max_passes": 12},
    "slda": {},
    "xdawn_lda": {},
    "xdawn_ts": {},
    "erpcov_mdm": {},
    "estimator": {
        "steps": {
            "windows": {"estimator": "p300.steps:WindowMeans"},
            "scale": {"estimator": "sklearn.preprocessing:StandardScaler"},
            "logistic": {
                "estimator": "sklearn.linear_model:LogisticRegression",
                "parameters": {"C": 0.3, "class_weight": "balanced"},
            },
        }
    },
    "perceptron": {},
    "logistic": {},
    "sparse_coding": {"n_atoms": 32},
    "mlp": {"max_passes": 12},
    "lstm": {"max_passes": 12},
    "lenet5": {"max_passes": 8},
    "lenet": {"max_passes": 8},
    "small_cnn": {"max_passes": 8},
    "autoencoder": {"max_passes": 20, "pretraining": 5},
    "dbn": {"max_passes": 20, "pretraining": 5},
    "gan_augmented": {"max_passes": 12},
    "finetuned": {"max_passes": 12},
}


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(2, 2, amplitude=1e-5, n_characters=5)


def quick(name):
    return make_detector(name, **QUICK[name])


def fitted(name, epochs):
    return quick(name).fit(epochs.X, epochs.y, groups=epochs.units("character"))


pytestmark = pytest.mark.filterwarnings("ignore:.*raise max_passes")


# Models of braindecode are other people's, and it need not be installed.
ALONE = [name for name, info in DETECTORS.items() if name != "braindecode" and info.alone is None]


@pytest.mark.parametrize("name", ALONE)
class TestEveryDetector:
    def test_follows_scikit_learns_contract(self, name):
        with warnings.catch_warnings():
            # scikit-learn's own checks feed two-dimensional data, and say so.
            warnings.filterwarnings("ignore", message="Can't test estimator")
            check_estimator(quick(name))
        assert clone(quick(name)).parameters() == quick(name).parameters()
        assert clone(quick(name)).get_params().keys() == quick(name).get_params().keys()
        assert detector_parameters(name)

    def test_finds_the_response_in_another_run(self, name, epochs):
        first = epochs.select(epochs.flashes["run"] == "1")
        second = epochs.select(epochs.flashes["run"] == "2")
        detector = fitted(name, first)
        assert roc_auc_score(second.y, detector.decision_function(second.X)) > 0.8
        probability = detector.predict_proba(second.X)
        np.testing.assert_allclose(probability.sum(axis=1), 1)
        # Calibrated: the mean probability is near the target share, not near one half.
        assert probability[:, 1].mean() == pytest.approx(1 / 6, abs=0.05)
        said = detector.predict(second.X)
        np.testing.assert_array_equal(said, probability[:, 1] > first.y.mean())

    def test_shuffled_labels_give_chance(self, name):
        weak = make_epochs(1, 2, amplitude=3e-6, n_characters=5)
        first = weak.select(weak.flashes["run"] == "1")
        second = weak.select(weak.flashes["run"] == "2")
        aucs = []
        for seed in range(8):
            y = np.random.default_rng(seed).permutation(first.y)
            detector = quick(name)
            if "seed" in detector.get_params():
                # Initial weights alone may tell targets apart by chance, the same ones each time.
                detector.set_params(seed=seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it may well notice that it learned nothing
                detector.fit(first.X, y, groups=first.units("character"))
            aucs.append(roc_auc_score(second.y, detector.decision_function(second.X)))
        assert abs(np.mean(aucs) - 0.5) < 0.12

    def test_the_same_seed_gives_the_same_scores_bit_for_bit(self, name, epochs):
        one, other = fitted(name, epochs), fitted(name, epochs)
        assert (one.decision_function(epochs.X) == other.decision_function(epochs.X)).all()

    def test_scoring_does_not_depend_on_what_is_scored_with_it(self, name, epochs):
        detector = fitted(name, epochs)
        alone = np.concatenate([detector.decision_function(x[None]) for x in epochs.X[:5]])
        np.testing.assert_allclose(alone, detector.decision_function(epochs.X)[:5], atol=1e-4)

    def test_stored_and_loaded_it_scores_the_same(self, name, epochs, tmp_path):
        detector = fitted(name, epochs)
        stored = load_detector(save_detector(detector, tmp_path / "d", epochs))
        assert stored.electrodes == epochs.electrodes
        assert stored.detector.parameters() == detector.parameters()
        assert type(stored.detector) is type(detector)
        assert stored.detector.history() == ([], None)
        np.testing.assert_array_equal(
            stored.detector.decision_function(epochs.X), detector.decision_function(epochs.X)
        )
        table = stored.score(make_recording("1", "2", amplitude=1e-5, n_characters=5))
        run = (epochs.flashes["subject"] == "1") & (epochs.flashes["run"] == "2")
        np.testing.assert_allclose(
            table["score"], detector.decision_function(epochs.X[run.to_numpy()]), atol=1e-5
        )

    def test_bad_input_is_refused(self, name, epochs):
        detector = quick(name)
        X, y = epochs.X[:100], epochs.y[:100]
        bad = X.copy()
        bad[3, 1, 4] = np.nan
        for windows, labels, message in (
            (X[0], y, "expected .epoch, electrode, time."),
            (bad, y, "NaN or infinite"),
            (X, y[:50], "100 epochs but labels of shape"),
            (X, y + 1, "expected 1 .target. and 0"),
            (X, np.zeros(100, int), "all 100 training epochs are non-targets"),
            (X[:, :, :5], y, "samples"),
        ):
            with pytest.raises(DetectorError, match=message):
                detector.fit(windows, labels)
        with pytest.raises(DetectorError, match=r"3 electrodes x 78 .* fitted on 4 x 78"):
            fitted(name, epochs).decision_function(epochs.X[:, :3])


def test_early_stopping_keeps_the_best_weights(epochs):
    detector = make_detector("cnn1", max_passes=200, patience=3)
    detector.fit(epochs.X, epochs.y, groups=epochs.units("character"))
    passes, best = detector.history()
    losses = [p["validation_loss"] for p in passes]
    assert best == int(np.argmin(losses)) + 1
    assert len(passes) == best + 3


def test_scoring_never_touches_the_training_generator(epochs):
    import torch

    detector = fitted("cnn1", epochs)
    before = torch.random.get_rng_state()
    detector.decision_function(epochs.X)
    fitted("cnn1", epochs)
    assert torch.equal(before, torch.random.get_rng_state())


def test_validation_takes_whole_groups():
    y = np.tile([1, 0, 0, 0], 30).astype(np.uint8)
    groups = np.repeat(np.arange(10), 12)
    learn, validate = validation_split(y, groups, 0.15, np.random.default_rng(0))
    assert not set(groups[learn]) & set(groups[validate])
    assert len(learn) + len(validate) == len(y)
    assert len(np.unique(groups[validate])) == 2
    learn, validate = validation_split(y, None, 0.15, np.random.default_rng(0))
    assert validate.tolist() == list(range(102, 120))
    with pytest.raises(DetectorError, match="one group"):
        validation_split(y, np.zeros(120), 0.15, np.random.default_rng(0))


def test_held_out_parts_are_stretches_of_whole_groups():
    groups = np.repeat([7, 3, 9, 1, 5], 4)
    parts = held_out_parts(20, groups, 3)
    assert sorted(np.concatenate([held for _, held in parts]).tolist()) == list(range(20))
    assert [sorted(set(groups[held])) for _, held in parts] == [[3, 7], [1, 9], [5]]
    for rest, held in parts:
        assert sorted([*rest, *held]) == list(range(20))


def test_names_and_parameters_are_checked(epochs):
    with pytest.raises(DetectorError, match="unknown detector 'ccnn1', did you mean 'cnn1'"):
        make_detector("ccnn1")
    with pytest.raises(DetectorError, match="unknown key 'max_pass', did you mean 'max_passes'"):
        make_detector("cnn1", max_pass=5)
    with pytest.raises(DetectorError, match=r"detectors.cnn1.max_passes: 'many' \(str\) found"):
        make_detector("cnn1", max_passes="many")
    assert make_detector("cnn1", n_filters=3).network_options == {"n_filters": 3}


def test_a_recording_without_a_needed_electrode_is_refused(epochs, tmp_path):
    stored = load_detector(save_detector(fitted("slda", epochs), tmp_path / "d", epochs))
    other = make_recording(electrodes=[*ELECTRODES[:3], "O1"])
    with pytest.raises(PreprocessingError, match=r"electrodes \['Oz'\] not found"):
        stored.score(other)


def lose_a_key(folder):
    about = read_json(folder / "detector.json")
    del about["state"]["calibration"]
    write_json(folder / "detector.json", about)


def keep_a_list_only(folder):
    write_json(folder / "detector.json", ["slda"])


def ask_for_more_maps(folder):
    about = read_json(folder / "detector.json")
    about["parameters"]["n_filters"] = 3
    write_json(folder / "detector.json", about)


def take_other_weights(folder):
    save_file({"picked": np.arange(4)}, folder / "weights.safetensors")


def cut_the_longest(folder):
    arrays = load_file(folder / "weights.safetensors")
    longest = max(arrays, key=lambda name: arrays[name].size)
    arrays[longest] = np.ascontiguousarray(arrays[longest][..., :-1])
    save_file(arrays, folder / "weights.safetensors")


@pytest.mark.parametrize(
    "damage",
    [lose_a_key, keep_a_list_only, ask_for_more_maps, take_other_weights, cut_the_longest],
)
@pytest.mark.parametrize("name", ["slda", "xdawn_ts", "erpcov_mdm", "sparse_coding", "cnn1"])
def test_a_damaged_detector_is_named(epochs, tmp_path, name, damage):
    if damage is ask_for_more_maps and name != "cnn1":
        pytest.skip("has none")
    folder = save_detector(fitted(name, epochs), tmp_path / "d", epochs)
    damage(folder)
    with pytest.raises(DetectorError, match=r"d/detector\.json( is damaged|: list found|: state)"):
        load_detector(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("input_shape", [4, 10**11]),
        ("input_shape", [4000, 4000]),
        ("input_shape", [4, 0]),
        ("threshold", float("nan")),
        ("threshold", 10**400),
        ("calibration", [float("nan"), 0.0]),
        ("calibration", [1e308, 1e308]),
        ("electrodes", ["Cz"]),
        ("electrodes", ["Cz"] * 4),
        ("preprocessing", {"low": -1}),
        ("sfreq", 1e12),
        ("name", "sldaa"),
    ],
)
def test_a_damaged_description_is_named(epochs, tmp_path, key, value):
    folder = save_detector(fitted("slda", epochs), tmp_path / "d", epochs)
    about = read_json(folder / "detector.json")
    (about if key in about else about["state"])[key] = value
    (folder / "detector.json").write_text(json.dumps(about))
    with pytest.raises(DetectorError, match=r"d/detector\.json( is damaged|: \w+.* found: )"):
        load_detector(folder)


@pytest.mark.parametrize("damage", ["missing", "truncated", "format"])
def test_a_folder_that_does_not_hold_a_detector_is_named(epochs, tmp_path, damage):
    folder = tmp_path / "d"
    if damage != "missing":
        save_detector(fitted("slda", epochs), folder, epochs)
    if damage == "truncated":
        weights = folder / "weights.safetensors"
        weights.write_bytes(weights.read_bytes()[:20])
    if damage == "format":
        text = (folder / "detector.json").read_text()
        (folder / "detector.json").write_text(text.replace('"format": 2', '"format": 1'))
    told = {
        "missing": "d: not a stored",
        "truncated": r"d/weights\.safetensors is damaged",
        "format": "d: stored in format 1, this version reads 2",
    }[damage]
    with pytest.raises(DetectorError, match=told):
        load_detector(folder)
    with pytest.raises(DetectorError, match="exists already"):
        save_detector(fitted("slda", epochs), tmp_path, epochs)
