from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from p300 import Epochs, evaluate_epochs
from p300.detectors import make_detector
from p300.errors import EpochsError
from p300.signal.from_moabb import from_moabb

ELECTRODES, SFREQ, TMIN = ["Fz", "Cz", "Pz", "Oz"], 32.0, -0.2
TOLD = {"electrodes": ELECTRODES, "sfreq": SFREQ, "tmin": TMIN}


def paradigm_output(subjects=(1, 2, 3), n=24):
    """Give what a paradigm returns: microvolts, Target and NonTarget, who and where."""
    random = np.random.default_rng(5)
    places = [(s, "0", run) for s in subjects for run in ("0train", "1test")]
    metadata = pd.DataFrame(np.repeat(places, n, axis=0), columns=["subject", "session", "run"])
    metadata["subject"] = metadata["subject"].astype(int)
    y = np.where(random.random(len(metadata)) < 0.25, "Target", "NonTarget")
    X = 10 * random.normal(size=(len(y), len(ELECTRODES), 24))
    X[y == "Target", :, 12:18] += 12
    return X, y, metadata


def as_mne(X, **changes):
    info = mne.create_info([*ELECTRODES, "EOG"], SFREQ, ["eeg"] * 4 + ["eog"])
    volts = 1e-6 * np.concatenate([X, X[:, :1]], axis=1)
    return mne.EpochsArray(volts, info, tmin=TMIN, verbose="error")


def test_arrays_are_microvolts_and_the_metadata_say_who():
    X, y, metadata = paradigm_output()
    epochs = Epochs.from_moabb(X, y, metadata, **TOLD, dataset="mine")
    np.testing.assert_allclose(epochs.X, 1e-6 * X, rtol=1e-6)
    assert epochs.electrodes == tuple(ELECTRODES)
    assert (epochs.sfreq, epochs.tmin) == (SFREQ, TMIN)
    assert set(epochs.positions) == set(ELECTRODES)
    flashes = epochs.flashes
    assert flashes["target"].tolist() == (y == "Target").tolist()
    assert flashes["subject"].tolist() == metadata["subject"].astype(str).tolist()
    assert flashes[["dataset", "session"]].drop_duplicates().to_numpy().tolist() == [["mine", "0"]]
    assert flashes[["onset", "code", "character", "repetition"]].isna().all(axis=None)
    assert (flashes.groupby(["subject", "run"])["sample"].diff().dropna() == 1).all()


def test_epochs_of_mne_tell_electrodes_rate_and_time_in_volts():
    X, y, metadata = paradigm_output()
    of_array, of_mne = from_moabb(X, y, metadata, **TOLD), from_moabb(as_mne(X), y, metadata)
    np.testing.assert_allclose(of_mne.X, of_array.X, rtol=1e-6)
    assert of_mne.electrodes == of_array.electrodes  # the EOG is left out
    assert (of_mne.sfreq, of_mne.tmin) == pytest.approx((SFREQ, round(TMIN * SFREQ) / SFREQ), 0.05)
    pd.testing.assert_frame_equal(of_mne.flashes, of_array.flashes)
    with pytest.raises(EpochsError, match=r"sfreq passed, and told by the epochs of MNE too"):
        from_moabb(as_mne(X), y, metadata, sfreq=64.0)


@pytest.mark.parametrize("labels", [lambda y: (y == "Target").astype(int), lambda y: y == "Target"])
def test_labels_that_an_encoder_made(labels):
    X, y, metadata = paradigm_output()
    flashes = from_moabb(X, labels(y), metadata, **TOLD).flashes
    assert flashes["target"].tolist() == (y == "Target").tolist()


def test_volts_in_an_array_must_be_said():
    X, y, metadata = paradigm_output()
    with pytest.raises(EpochsError, match=r"9\.\de-12 V found.*microvolts_per_unit"):
        from_moabb(1e-6 * X, y, metadata, **TOLD)
    told = from_moabb(1e-6 * X, y, metadata, **TOLD, microvolts_per_unit=1e6)
    np.testing.assert_allclose(told.X, 1e-6 * X, rtol=1e-6)
    with pytest.raises(EpochsError, match=r"deviation is [\d.]+ V found"):
        from_moabb(as_mne(1e6 * X), y, metadata)


def test_people_are_kept_apart_and_runs_stay_whole():
    epochs = from_moabb(*paradigm_output(), **TOLD)
    scores = evaluate_epochs(epochs, {"slda": make_detector("slda")})
    assert len(scores) == len(epochs)
    assert scores["subject"].nunique() == 3
    # Nobody knows which epochs of a run share samples: a run is one unit at every level.
    assert len(np.unique(epochs.units("character"))) == len(np.unique(epochs.units("run"))) == 6
    assert epochs.groups("character").ndim == 1


def test_what_does_not_belong_together():
    X, y, metadata = paradigm_output()
    with pytest.raises(EpochsError, match=r"not tell its sfreq, tmin; pass sfreq=.*return_epochs"):
        from_moabb(X, y, metadata, electrodes=ELECTRODES)
    with pytest.raises(EpochsError, match=r"143 labels and 144 rows"):
        from_moabb(X, y[1:], metadata, **TOLD)
    with pytest.raises(EpochsError, match=r"columns \['subject', 'run'\] found"):
        from_moabb(X, y, metadata.drop(columns="session"), **TOLD)
    with pytest.raises(EpochsError, match=r"labels \['left_hand'\] found, expected Target"):
        from_moabb(X, np.where(y == "Target", y, "left_hand"), metadata, **TOLD)
    with pytest.raises(EpochsError, match=r"X of 4 electrodes found, and 3 names"):
        from_moabb(X, y, metadata, **{**TOLD, "electrodes": ELECTRODES[:3]})
    with pytest.raises(EpochsError, match=r"several filters has an axis more"):
        from_moabb(X[..., None], y, metadata, **TOLD)
    with pytest.raises(EpochsError, match=r"NaN or infinite samples found in 1 of 144 epochs"):
        from_moabb(np.where(np.arange(len(X)) == 3, np.nan, X.T).T, y, metadata, **TOLD)
    with pytest.raises(EpochsError, match=r"X is a dict, expected an array or mne.Epochs"):
        from_moabb({}, y, metadata)
    eog = as_mne(X).pick("EOG")
    with pytest.raises(EpochsError, match=r"types \['eog'\] found, expected EEG"):
        from_moabb(eog, y, metadata)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what MOABB and what it imports warn of
def test_a_paradigm_of_the_real_moabb():
    pytest.importorskip("moabb", exc_type=ImportError)
    from moabb.datasets.fake import FakeDataset
    from moabb.paradigms import P300

    source = FakeDataset(
        ["Target", "NonTarget"], paradigm="p300", n_subjects=2, n_sessions=1, n_runs=2,
        n_events=40, duration=60, channels=("Fz", "Cz", "Pz"), seed=1,
    )  # fmt: skip
    source.interval = [-0.2, 0.8]
    paradigm = P300(resample=64)
    X, y, metadata = paradigm.get_data(source)
    tmin = paradigm.tmin + source.interval[0]
    of_array = from_moabb(X, y, metadata, electrodes=source.channels, sfreq=64, tmin=tmin)
    of_mne = from_moabb(*paradigm.get_data(source, return_epochs=True))
    # The array is the epochs without their last sample, times a million.
    n_times = of_array.X.shape[2]
    np.testing.assert_allclose(of_mne.X[:, :, :n_times], of_array.X, rtol=1e-4, atol=1e-9)
    assert of_mne.tmin == pytest.approx(of_array.tmin, abs=0.5 / 64)
    assert of_array.flashes["target"].tolist() == (y == "Target").tolist()
    assert of_array.flashes.groupby(["subject", "run"]).ngroups == 4
    pd.testing.assert_frame_equal(of_mne.flashes, of_array.flashes)
