"""ONNX graphs: they give what the detector gives, or nothing is written."""

from __future__ import annotations

import hashlib
import json
import warnings

import numpy as np
import pytest
from scipy.signal import sosfiltfilt
from sklearn.linear_model import LogisticRegression
from studies import make_epochs, make_recording

from p300 import Preprocessing, load_detector, make_detector, preprocess, save_detector
from p300.detectors import DETECTORS, EstimatorDetector
from p300.detectors.sharing import check, onnx_file, parts
from p300.detectors.sharing.description import describe_filter
from p300.detectors.sharing.onnx_file import export_onnx
from p300.errors import DetectorError
from p300.signal.alignment import (
    Alignment,
    make_alignment,
)
from p300.signal.domain_covariance import epoch_covariances, reference, whitener
from p300.signal.epoch_arrays import zscored

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

VOLTS = Preprocessing(normaliser="none")
REFUSED = {"xdawn_ts": "eigenvalues", "erpcov_mdm": "eigenvalues", "sparse_coding": "step by step"}
"""With the reason, as docs/export.md has it."""
QUICK = ("slda", "xdawn_lda", "logistic", "perceptron", "cnn1", *REFUSED)
LONGER = {"max_passes": 40, "patience": 40}
"""For networks whose log-odds hardly vary after one pass: nothing could be compared then."""
OPTIONS = {
    "cnn2a": {"picks": ("Cz", "Pz")},
    "cnn2b": {"picks": 2},
    **{name: {"n_members": 2} for name in ("mcnn1", "mcnn2", "mcnn3")},
    **dict.fromkeys(("lstm", "lenet", "autoencoder", "dbn"), LONGER),
}


@pytest.fixture(scope="module")
def volts():
    return preprocess((make_recording(str(s)) for s in (1, 2)), VOLTS)


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(2, 1)


def stored(name, epochs, folder, alignment="none", **options):
    if DETECTORS[name].network:
        options = {"max_passes": 1, **OPTIONS.get(name, {}), **options}
    if isinstance(options.get("picks"), tuple):
        options["electrodes"] = epochs.electrodes
    detector = make_detector(name, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one pass is few
        detector.fit(epochs.X, epochs.y, groups=epochs.groups("character"))
    return load_detector(save_detector(detector, folder, epochs, make_alignment(alignment)))


def run(file, **given):
    return onnxruntime.InferenceSession(file.read_bytes()).run(["log_odds"], given)[0]


def agree(made, known, X, read):
    found = run(made.model, epochs=X)
    expected = known.detector.decision_function(read)
    assert np.abs(expected - expected.mean()).max() > 1e-2  # there is something to agree on
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name, info in DETECTORS.items()
        if name not in ("braindecode", "estimator")  # other libraries': see below
        if info.alone is None
    ],
)
def test_every_detector_is_exported_or_refused_with_a_reason(name, epochs, volts, tmp_path):
    known = stored(name, epochs, tmp_path / "d")
    if name in REFUSED:
        with pytest.raises(DetectorError, match=f"{name} cannot be exported.*{REFUSED[name]}"):
            export_onnx(known, tmp_path / "d" / "model.onnx")
        assert sorted(file.name for file in (tmp_path / "d").glob("model*")) == []
        return
    made = export_onnx(known, tmp_path / "d" / "model.onnx")
    assert made.difference <= 1e-4
    agree(made, known, volts.X, epochs.X)  # the graph itself brings volts to what is read
    for n in (1, 3):
        assert run(made.model, epochs=volts.X[:n]).shape == (n,)


@pytest.mark.parametrize("name", ["slda", "xdawn_lda", "cnn1"])
def test_volts_are_read_as_they_are_where_nothing_normalises(name, volts, tmp_path):
    known = stored(name, volts, tmp_path / "d")
    agree(export_onnx(known, tmp_path / "m.onnx"), known, volts.X, volts.X)


@pytest.mark.parametrize("windows", [5, 16, 78])
def test_windows_that_do_not_divide_the_epoch(windows, epochs, volts, tmp_path):
    known = stored("slda", epochs, tmp_path / "d", n_windows=windows)
    agree(export_onnx(known, tmp_path / "m.onnx"), known, volts.X, epochs.X)


def test_an_ensemble_on_some_electrodes(epochs, volts, tmp_path):
    known = stored("cnn1", epochs, tmp_path / "d", n_members=2, picks=("Oz", "Cz"))
    agree(export_onnx(known, tmp_path / "m.onnx"), known, volts.X, epochs.X)


def test_an_estimator_of_another_library_is_refused():
    detector = EstimatorDetector(LogisticRegression())
    with pytest.raises(DetectorError, match=r"LogisticRegression is another library's.*skl2onnx"):
        parts.log_odds_part(detector)


def test_a_network_that_torch_cannot_translate_is_refused(epochs, tmp_path, monkeypatch):
    import torch

    known = stored("cnn1", epochs, tmp_path / "d")

    def refuse(*given, **options):
        raise torch.onnx.OnnxExporterError("no such operator")

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(DetectorError, match=r"cnn1 cannot be exported.*no such operator"):
        export_onnx(known, tmp_path / "m.onnx")
    assert not list(tmp_path.glob("m.onnx*"))


def test_a_flat_electrode_becomes_zero_as_everywhere(epochs, volts, tmp_path):
    known = stored("slda", epochs, tmp_path / "d")
    X = volts.X[:5].copy()
    X[:, 1] = 3e-5
    made = export_onnx(known, tmp_path / "m.onnx")
    np.testing.assert_allclose(
        run(made.model, epochs=X), known.detector.decision_function(zscored(X)[0]), atol=1e-4
    )


@pytest.mark.parametrize("method", ["euclidean", "riemannian", "scaling"])
def test_the_matrix_of_an_alignment_is_an_input(method, epochs, volts, tmp_path):
    known = stored("slda", epochs, tmp_path / "d", alignment=method)
    made = export_onnx(known, tmp_path / "m.onnx")
    recording = make_recording("2")
    about = json.loads(made.description.read_text())
    assert about["alignment"]["input"] == "mixing"
    assert about["alignment"]["method"] == method
    own = preprocess(recording, VOLTS)
    read = zscored(own.X)[0]
    mixing = whitener(reference(epoch_covariances(read), read.shape[2], method))
    found = run(made.model, epochs=own.X, mixing=mixing.astype(np.float32))
    np.testing.assert_allclose(found, known.score(recording)["score"], atol=1e-4, rtol=1e-4)


def spoilt(detector):
    """As the part of a graph, but that one weight is off."""
    detector.coef_ = detector.coef_.copy()
    detector.coef_[0, 3] += 0.01 * np.abs(detector.coef_).max()
    return parts.log_odds_part(detector)


def test_a_graph_that_gives_something_else_is_not_written(epochs, tmp_path, monkeypatch):
    known = stored("slda", epochs, tmp_path / "d")
    other = stored("slda", epochs, tmp_path / "e").detector
    monkeypatch.setattr(onnx_file, "log_odds_part", lambda _: spoilt(other))
    with pytest.raises(DetectorError, match=r"log-odds that are off by .*nothing was written"):
        export_onnx(known, tmp_path / "m.onnx")
    assert not list(tmp_path.glob("*m.onnx*"))


@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_what_is_compared_varies_whatever_the_unit(unit, volts, tmp_path, monkeypatch):
    from dataclasses import replace

    other = replace(volts, X=(volts.X * unit).astype(np.float32))
    known = stored("slda", other, tmp_path / "d")
    size = check.amplitude(known.detector)
    tried = np.concatenate(list(check.tried_epochs(known.detector, size)))
    assert known.detector.decision_function(tried).std() > 0.1
    spoils = stored("slda", other, tmp_path / "e").detector
    monkeypatch.setattr(onnx_file, "log_odds_part", lambda _: spoilt(spoils))
    with pytest.raises(DetectorError, match="off by"):
        export_onnx(known, tmp_path / "m.onnx")


def test_a_graph_of_one_number_of_epochs_is_not_written(epochs, tmp_path, monkeypatch):
    from p300.detectors.sharing import graph

    known = stored("slda", epochs, tmp_path / "d")
    monkeypatch.setattr(graph, "BATCH", 1)
    with pytest.raises(DetectorError, match=r"(?s)onnxruntime: .*nothing was written"):
        export_onnx(known, tmp_path / "m.onnx")
    assert not list(tmp_path.glob("*m.onnx*"))


def test_the_json_tells_what_must_be_known(epochs, tmp_path):
    known = stored("slda", epochs, tmp_path / "d", alignment="euclidean")
    made = export_onnx(known, tmp_path / "m.onnx", adaptation="self_calibrated")
    about = json.loads(made.description.read_text(encoding="utf-8"))
    assert made.description.name == "m.onnx.json"
    assert about["electrodes"] == list(epochs.electrodes)
    assert about["sfreq"] == epochs.sfreq
    assert about["inputs"]["epochs"]["shape"][1:] == list(epochs.X.shape[1:])
    assert about["inputs"]["epochs"]["unit"] == "V"
    assert about["window"]["n_samples"] == epochs.X.shape[2]
    assert about["normaliser"] == {"name": "window_zscore", "in_graph": True}
    assert about["adaptation"] == {"name": "self_calibrated", "in_graph": False}
    assert about["calibration"]["slope"] == known.detector.calibration_.slope
    assert about["classes"] == {"0": "non-target", "1": "target"}
    assert about["sha256"] == hashlib.sha256(made.model.read_bytes()).hexdigest()
    assert about["versions"]["onnx"]


@pytest.mark.slow
def test_the_same_detector_gives_the_same_file(epochs, tmp_path):
    known = stored("cnn1", epochs, tmp_path / "d")
    files = [export_onnx(known, tmp_path / f"{k}.onnx").model.read_bytes() for k in (1, 2)]
    assert files[0] == files[1]
    assert b"site-packages" not in files[0]  # nor from where it was made
    assert b".py" not in files[0]


@pytest.mark.parametrize("phase", ["zero", "causal"])
def test_the_sections_are_those_of_the_filter(phase):
    settings = Preprocessing(normaliser="none", phase=phase)
    about = describe_filter(settings, 120.0)
    assert about["minus_3_db"] == pytest.approx([0.1, 20], rel=0.05)
    assert about["online"] == (phase == "causal")
    impulse = np.zeros(24_000)
    impulse[12_000] = 1.0
    if phase == "causal":
        return
    gain = np.abs(np.fft.rfft(sosfiltfilt(np.array(about["sections"]), impulse)))
    at = np.interp([0.1, 5.0, 20.0], np.fft.rfftfreq(24_000, 1 / 120), gain)
    np.testing.assert_allclose(at, [2**-0.5, 1, 2**-0.5], atol=0.02)


def test_a_filter_before_subsampling_has_no_sections_without_the_recording():
    about = describe_filter(Preprocessing(order="filter_first"), 120.0)
    assert about["sections"] is None
    assert about["minus_3_db"] == [0.1, 20.0]
    fir = describe_filter(Preprocessing(filter="fir"), 120.0)
    assert fir["sections"] is None
    assert fir["minus_3_db"][1] > 20  # there the edges are those of the passband


def test_every_alignment_is_described():
    for method in ("euclidean", "riemannian", "scaling"):
        from p300.detectors.sharing.description import describe_alignment

        for mode, characters in (("offline", None), ("prefix", 2), ("running", None)):
            about = describe_alignment(Alignment(method, mode, characters))
            assert about["method"] == method
            assert "no labels" in about["needs"]
    assert describe_alignment(Alignment()) is None


def test_missing_packages_are_named(epochs, tmp_path, monkeypatch):
    known = stored("slda", epochs, tmp_path / "d")
    monkeypatch.setattr(onnx_file, "PACKAGES", ("onnx", "not_there_at_all"))
    with pytest.raises(DetectorError, match=r"needs not_there_at_all.*p300\[onnx\]"):
        export_onnx(known, tmp_path / "m.onnx")
