"""Stored detectors of strangers: what cannot be one is refused when it is loaded."""

from __future__ import annotations

import json
import shutil
import warnings

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from studies import make_epochs

from p300 import load_detector, make_detector, save_detector
from p300.detectors.storage import ABOUT, WEIGHTS
from p300.errors import DetectorError

FEW = {"max_passes": 1}


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(2, 1)


@pytest.fixture(scope="module")
def made(epochs, tmp_path_factory):
    place = tmp_path_factory.mktemp("made")
    for name, options in {
        "slda": {}, "cnn1": FEW, "eegnet": {**FEW, "n_members": 2, "picks": ("Cz", "Pz", "Oz"),
                                            "electrodes": epochs.electrodes},
    }.items():  # fmt: skip
        detector = make_detector(name, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one pass is few
            detector.fit(epochs.X, epochs.y, groups=epochs.groups("character"))
        save_detector(detector, place / name, epochs)
    return place


@pytest.fixture
def folder(made, tmp_path, request):
    return shutil.copytree(made / request.param, tmp_path / "stored")


every = pytest.mark.parametrize("folder", ["slda", "cnn1", "eegnet"], indirect=True)


def spoil(folder, change):
    arrays = {name: array.copy() for name, array in load_file(folder / WEIGHTS).items()}
    change(arrays)
    save_file(arrays, folder / WEIGHTS)


def tell(folder, key, value):
    about = json.loads((folder / ABOUT).read_text())
    inner = about
    *outer, last = key.split(".")
    for one in outer:
        inner = inner[one]
    inner[last] = value
    (folder / ABOUT).write_text(json.dumps(about))


@every
def test_every_weight_that_is_not_finite_is_named(folder):
    for name, array in load_file(folder / WEIGHTS).items():
        if array.dtype.kind != "f":
            continue
        kept = (folder / WEIGHTS).read_bytes()
        spoil(folder, lambda arrays, name=name: arrays[name].fill(np.nan))
        with pytest.raises(DetectorError, match=f"array {name} holds NaN or infinite values"):
            load_detector(folder)
        (folder / WEIGHTS).write_bytes(kept)
    assert load_detector(folder)


@pytest.mark.parametrize("folder", ["slda", "eegnet"], indirect=True)  # cnn1's layers saturate
def test_weights_that_score_beyond_all_numbers_are_refused(folder):
    def grow(arrays):
        for array in arrays.values():
            if array.dtype.kind == "f":
                array.fill(np.finfo(array.dtype).max)

    spoil(folder, grow)
    with pytest.raises(DetectorError, match=r"scores of \w+ are not finite"):
        load_detector(folder)


def test_scores_that_overflow_are_an_error_where_they_arise(epochs):
    detector = make_detector("slda").fit(epochs.X, epochs.y)
    assert np.isfinite(detector.decision_function(epochs.X)).all()
    detector.coef_ = np.full_like(detector.coef_, 1e308)
    with pytest.raises(DetectorError, match=r"\d+ of 384 scores of slda are not finite"):
        detector.decision_function(epochs.X)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("folder", ["cnn1"], indirect=True)
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("parameters.n_filters", 1024, r"network\.\S+: \(.*\) found, expected \(1024"),
        ("state.input_shape", [4, 2**15], r"network\.\S+: \(.*\) found, expected"),
        ("state.input_shape", [4, 2**16], r"state.input_shape.1: 65536 found"),
        ("parameters.max_passes", "many", "max_passes"),
        ("parameters.unknown", 1, "unknown key 'unknown'"),
        ("name", "../cnn1", "unknown detector"),
        ("preprocessing.tmax", 1e9, "tmax"),
        ("sfreq", 2, "too low for a band|samples at 2 Hz"),
        ("positions", {"Cz": [1e999, 0, 0]}, "Infinity found"),
        ("positions", {"Cz": [0, 0]}, r"positions\.Cz"),
        ("alignment", {"method": "none", "mode": "x"}, "mode"),
    ],
)
def test_a_description_that_is_not_that_of_the_weights_is_refused(folder, key, value, message):
    tell(folder, key, value)
    with pytest.raises(DetectorError, match=message) as caught:
        load_detector(folder)
    assert str(caught.value).startswith(str(folder / ABOUT))
    assert "train the detector anew" in str(caught.value)


@pytest.mark.parametrize("folder", ["eegnet"], indirect=True)
@pytest.mark.parametrize("picked", [[0, 0, 1], [-1, 1, 2], [0, 1, 4], [[0, 1, 2]], [0.5, 1, 2]])
def test_picked_electrodes_are_different_ones_that_there_are(folder, picked):
    spoil(folder, lambda arrays: arrays.update(picked=np.array(picked)))
    with pytest.raises(DetectorError, match=r"picked, expected different ones of 4|is damaged"):
        load_detector(folder)


@pytest.mark.parametrize("folder", ["slda"], indirect=True)
def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path):
    (folder / WEIGHTS).rename(tmp_path / "weights")
    (folder / WEIGHTS).symlink_to(tmp_path / "weights")
    with pytest.raises(DetectorError, match=rf"{WEIGHTS} is damaged \(a link out of its folder"):
        load_detector(folder)
