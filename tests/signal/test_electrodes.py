"""Electrodes: re-referenced, interpolated where they are bad or missing, picked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies import make_flashes, make_recording

from p300.errors import DataWarning, PreprocessingError
from p300.recordings import build_recording
from p300.signal.preprocessing import Preprocessing, cut_epochs, preprocess

RAW = {"normaliser": "none"}
FEW_POINTS = "ignore:.*MNE warns. Only . head digitization points"


def noise(n_samples, seed=0):
    return 1e-5 * np.random.default_rng(seed).standard_normal((4, n_samples))


def test_average_reference_sums_to_zero():
    epochs = preprocess(make_recording(), Preprocessing(reference="average", **RAW))
    np.testing.assert_allclose(epochs.X.sum(axis=1), 0, atol=1e-10)


def dipole_field(names, seed=3):
    """Electrodes that see two sources at the back of the head by how near they are."""
    from p300.recordings.montage import standard_positions

    rng = np.random.default_rng(seed)
    sources = 1e-5 * rng.standard_normal((2, 6000))
    places = np.array([standard_positions()[name] for name in names])
    at = np.array([standard_positions()["P3"], standard_positions()["CPz"]]) * 0.5
    near = 1 / np.linalg.norm(places[:, None] - at, axis=2) ** 2
    return near / near.max() @ sources


def test_missing_electrodes_are_interpolated_from_those_recorded():
    all_names = ["Fz", "FCz", "C3", "Cz", "C4", "CP3", "CP4", "P7", "P3", "Pz", "P4", "P8", "Oz"]
    field = dipole_field(all_names)
    flashes = make_flashes(2, 2)
    kept = [name for name in all_names if name not in ("Pz", "CP3")]
    rows = [all_names.index(name) for name in kept]
    full, sparse = (
        build_recording(signal, names, 240.0, flashes, dataset="made", subject="1")
        for signal, names in ((field, all_names), (field[rows], kept))
    )
    wanted = ("Pz", "P3", "CP3", "Oz")
    target = Preprocessing(electrodes=wanted, missing_electrodes="interpolate", **RAW)
    with pytest.warns(DataWarning, match=r"\['Pz', 'CP3'\] were not recorded .* from 11 others"):
        guessed = cut_epochs(sparse, target)
    measured = cut_epochs(full, Preprocessing(electrodes=wanted, **RAW))
    assert guessed.electrodes == wanted
    np.testing.assert_array_equal(guessed.X[:, [1, 3]], measured.X[:, [1, 3]])
    for k in (0, 2):
        assert np.corrcoef(guessed.X[:, k].ravel(), measured.X[:, k].ravel())[0, 1] > 0.95


def test_electrodes_without_positions_interpolate_nothing():
    with pytest.warns(DataWarning, match="positions are unknown"):
        recording = build_recording(
            noise(8000), ["E1", "E2", "E3", "E4"], 240.0, make_flashes(2, 2), dataset="made",
            subject="1",
        )  # fmt: skip
    options = Preprocessing(electrodes=("Cz", "E1"), missing_electrodes="interpolate")
    with pytest.raises(PreprocessingError, match=r"positions of .* unknown"):
        cut_epochs(recording, options)


@pytest.mark.filterwarnings(FEW_POINTS)
def test_a_target_montage_brings_recordings_with_different_electrodes_together():
    one = make_recording("1", electrodes=["Fz", "Cz", "Pz", "Oz", "P3"])
    other = make_recording("2", electrodes=["Fz", "Cz", "P4", "Pz", "C3"])
    montage = ("Fz", "P3", "P4", "Pz")
    options = Preprocessing(electrodes=montage, missing_electrodes="interpolate")
    with pytest.warns(DataWarning, match="interpolated"):
        assert preprocess([one, other], options).electrodes == montage
    with pytest.raises(PreprocessingError, match=r"\['P4'\] not found"):
        preprocess([one, other], Preprocessing(electrodes=montage))


@pytest.mark.filterwarnings(FEW_POINTS)
def test_signals_still_on_disk_are_re_referenced_and_interpolated(tmp_path):
    import mne

    recording = make_recording(electrodes=["Fz", "Cz", "P3", "P4", "Oz"])
    recording.raw.save(tmp_path / "made_raw.fif", fmt="double", verbose="error")
    on_disk = mne.io.read_raw_fif(tmp_path / "made_raw.fif", preload=False, verbose="error")
    options = Preprocessing(
        electrodes=("Fz", "Pz"), missing_electrodes="interpolate", reference="average"
    )
    with pytest.warns(DataWarning, match="interpolated"):
        there, here = (
            cut_epochs(replace(recording, raw=r), options) for r in (on_disk, recording.raw)
        )
    np.testing.assert_allclose(there.X, here.X, atol=1e-10)


def test_a_named_reference_is_taken_away():
    recording = make_recording()
    plain = cut_epochs(recording, Preprocessing(**RAW))
    pair = cut_epochs(recording, Preprocessing(reference=("Fz", "Oz"), **RAW))
    expected = plain.X - plain.X[:, [0, 3]].mean(axis=1, keepdims=True)
    np.testing.assert_allclose(pair.X, expected, atol=1e-10)


def flat_recording():
    names = ["Fz", "Cz", "C3", "C4", "Pz", "Oz"]
    flashes = make_flashes(2, 2)
    signal = 1e-5 * np.random.default_rng(1).standard_normal((6, 8000))
    signal[1] = 0.0
    with pytest.warns(DataWarning, match=r"\['Cz'\] are flat"):
        return build_recording(signal, names, 240.0, flashes, dataset="made", subject="1")


@pytest.mark.filterwarnings(FEW_POINTS)
@pytest.mark.parametrize(("choice", "n"), [("drop", 5), ("interpolate", 6), ("keep", 6)])
def test_flat_electrodes_are_treated_as_set(choice, n):
    epochs = cut_epochs(flat_recording(), Preprocessing(bad_electrodes=choice, **RAW))
    assert len(epochs.electrodes) == n
    if choice != "drop":
        assert (epochs.X[:, 1].std() > 0) == (choice == "interpolate")


def test_a_reference_that_was_dropped_is_refused():
    options = {"bad_electrodes": "drop", "reference": ("Cz", "Pz")}
    message = r"reference \['Cz'\] was dropped as bad, \['Fz', .* are left; name another"
    with pytest.raises(PreprocessingError, match=message):
        cut_epochs(flat_recording(), Preprocessing(**options))


def test_what_mne_says_of_interpolated_electrodes_names_the_recording():
    with pytest.warns(DataWarning, match=r"made/sub-1/.*interpolating \['Cz'\]: MNE warns: Only 6"):
        cut_epochs(flat_recording(), Preprocessing(**RAW))
