"""Epochs that came cut: the window, whole parts of their rate, and what is not done to them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, PreprocessingError
from p300.recordings import content_hash, summarise_recording
from p300.recordings.epoched import build_epoched
from p300.recordings.places import Place
from p300.recordings.quality import describe_flashing, electrode_quality
from p300.report.prose import describe_preprocessing
from p300.signal.preprocessing import Preprocessing, cut_epochs, describe, preprocess
from p300.signal.sampling import held_window

ELECTRODES = ["Fz", "Cz", "P3", "Pz", "P4"]
N_TIMES, FIRST = 120, -20


def noise(n_epochs=60, sfreq=100.0, seed=0, low=True):
    """Epochs of 10 uV, [epoch, electrode, time]; slow, unless they are white."""
    X = np.random.default_rng(seed).standard_normal((n_epochs, len(ELECTRODES), 4 * N_TIMES))
    if low:
        X = np.apply_along_axis(np.convolve, 2, X, np.hanning(40), "same") / 3
    return 1e-5 * X[:, :, N_TIMES : 2 * N_TIMES]


def make(X=None, *, onset_sfreq=100.0, tmin=FIRST / 100, sfreq=100.0, subject="1", **columns):
    X = noise() if X is None else X
    flashes = pd.DataFrame(
        {"sample": 500 + 30 * np.arange(len(X)), "target": np.arange(len(X)) % 6 == 0} | columns
    )
    return build_epoched(
        X, ELECTRODES, sfreq, tmin, flashes, onset_sfreq=onset_sfreq, dataset="d",
        place=Place(subject), source="x.npz",
    )  # fmt: skip


def cut(recording, **settings):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*are not applied to them", DataWarning)
        return cut_epochs(recording, Preprocessing(normaliser="none", **settings))


def test_the_window_is_cut_to_the_sample():
    X = noise()
    epochs = cut(make(X), tmin=-0.1, tmax=0.65)
    assert (epochs.sfreq, epochs.tmin, epochs.X.shape[2]) == (100.0, -0.1, 75)
    np.testing.assert_allclose(epochs.X, X[:, :, 10:85], rtol=1e-6)
    assert epochs.flashes["sample"].tolist() == (500 + 30 * np.arange(60)).tolist()
    np.testing.assert_allclose(epochs.flashes["onset"], 5 + 0.3 * np.arange(60))


def test_nothing_but_the_normaliser_changes_them():
    recording = make()
    with pytest.warns(DataWarning, match="data set d: epochs that came cut, their filter is unkn"):
        epochs = preprocess(recording, Preprocessing(low=5.0, high=8.0))
    np.testing.assert_allclose(epochs.X.mean(axis=2), 0, atol=1e-5)
    np.testing.assert_allclose(epochs.X.std(axis=2), 1, atol=1e-4)
    done = describe(recording, Preprocessing())
    assert (done["sfreq"], done["realised_low"], done["realised_high"]) == (100.0, None, None)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"tmax": 1.01}, r"\.tmax to 1$"),
        ({"tmax": 1.2}, r"from -0\.2 to 1 s, .*\.tmin to 0 and preprocessing\.tmax to 1$"),
        ({"tmin": -0.3}, r"preprocessing\.tmin to -0\.2 and preprocessing\.tmax to 0\.65"),
        ({"tmin": 1.5, "tmax": 2.0}, r"preprocessing\.tmin to -0\.2 and preprocessing\.tmax to 1$"),
    ],
)
def test_a_window_that_is_not_there(window, message):
    with pytest.raises(PreprocessingError, match=message):
        cut(make(), **window)


@pytest.mark.parametrize("first", [-20, 0, 7, 100])
def test_the_window_that_is_held(first):
    recording = make(tmin=first / 100)
    low, high = held_window(recording)
    assert (low, high) == (first / 100, (first + N_TIMES) / 100)
    assert cut(recording, tmin=low, tmax=high).X.shape[2] == N_TIMES


def test_a_whole_part_of_the_rate():
    X = noise()
    epochs = cut(make(X), sfreq=50.0)
    np.testing.assert_allclose(epochs.X, X[:, :, 20:84:2], rtol=1e-6)
    for sfreq in (60.0, 200.0):
        with pytest.raises(PreprocessingError, match=r"set preprocessing\.sfreq to one of 100"):
            cut(make(X), sfreq=sfreq)


def test_what_subsampling_folds_down_is_named():
    with pytest.warns(DataWarning, match=r"x\.npz .* (49|5\d) % of the power .* above 25 Hz"):
        cut(make(noise(low=False)), sfreq=50.0)
    # A sine on the slow noise: a hundredth of its power is the most that is taken as it is.
    slow, time = noise(), np.arange(N_TIMES)
    spread = (slow - slow.mean(axis=2, keepdims=True)).std()
    fast = np.sin(2 * np.pi * 0.4 * time) * np.sqrt(2) * spread
    for share, told in ((0.003, False), (0.03, True)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            cut(make(slow + np.sqrt(share) * fast), sfreq=50.0)
        assert any("folded down" in str(w.message) for w in caught) is told


def test_reference_and_bad_electrodes_apply():
    X = noise()
    epochs = cut(make(X), reference="average", electrodes=("Cz",), tmin=-0.2, tmax=1.0)
    expected = X[:, 1] - X.mean(axis=1)
    np.testing.assert_allclose(epochs.X[:, 0], expected, rtol=1e-4, atol=1e-10)
    X[:, 2] = 0
    with pytest.warns(DataWarning, match=r"\['P3'\] are flat"):
        recording = make(X)
    assert cut(recording, bad_electrodes="drop").electrodes == ("Fz", "Cz", "Pz", "P4")
    with pytest.warns(DataWarning, match="interpolating"):  # MNE finds five electrodes few
        assert cut(recording).X[:, 2].std() > 1e-6


def test_unknown_onsets_are_nowhere_made_up():
    recording = make(onset_sfreq=None)
    assert recording.flashes["sample"].tolist() == list(range(60))
    assert cut(recording).flashes["onset"].isna().all()
    assert summarise_recording(recording)["onset_interval_ms"] is None
    assert len(describe_flashing(recording).intervals) == 0
    assert summarise_recording(make(onset_sfreq=100.0))["onset_interval_ms"] == 300.0
    assert content_hash(recording) != content_hash(make(onset_sfreq=100.0))
    assert content_hash(make(tmin=0.0)) != content_hash(make(tmin=0.1))


def test_epochs_without_their_flash():
    recording = make(tmin=0.1)
    assert not (recording.raw.annotations.description == "target").any()
    assert len(recording.segments()) == 60
    at = make().raw.annotations
    first = at.onset[at.description == "target"][0]
    assert first == pytest.approx(0.2)


def test_noise_is_measured_within_epochs():
    time = np.arange(N_TIMES) / 200
    rng = np.random.default_rng(0)
    X = 1e-5 * rng.standard_normal((60, 5, N_TIMES))
    X += 1e-5 * np.sin(2 * np.pi * 50 * time + rng.uniform(0, 6, (60, 1, 1)))
    X += 1e-3 * rng.standard_normal((60, 5, 1))  # steps where epochs meet
    table = electrode_quality(make(X, sfreq=200.0, tmin=0.0))
    assert (table["line_50"] > 10).all()
    assert (table["drift"] > 5e-4).all()


def test_the_report_says_that_the_filter_is_unknown():
    settings = {**Preprocessing().model_dump(mode="json")}
    mine = [{"preprocessing": describe(make(), Preprocessing())}]
    text = describe_preprocessing(settings, mine)
    assert text.endswith("came to epochs at 100 Hz. Filter unknown: the epochs came cut.")
    assert "Bandpass" not in text
    filtered = {"sfreq": 100.0, "realised_low": 0.1, "realised_high": 20.0}
    text = describe_preprocessing(settings, [*mine, {"preprocessing": filtered}])
    assert "Bandpass" in text
    assert "0.10 and 20.00 Hz. Filter unknown: the epochs of 1 recording came cut." in text


def test_epochs_of_any_order_keep_their_flash():
    X = noise()
    backwards = make(X, sample=(500 + 30 * np.arange(60))[::-1])
    np.testing.assert_allclose(cut(backwards).X, X[::-1, :, 20:85], rtol=1e-6)
    # The columns in the order of the epochs.
    assert backwards.flashes["target"].tolist() == (np.arange(60) % 6 == 0)[::-1].tolist()
