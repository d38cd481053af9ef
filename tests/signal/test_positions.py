"""Where electrodes are goes with the epochs, into files, joined sets and stored detectors."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from studies import make_flashes, make_recording

from p300.detectors import load_detector, save_detector
from p300.detectors.registry import make_detector
from p300.errors import DataWarning, EpochsError
from p300.recordings import build_recording
from p300.recordings.montage import load_montage, positions_of, standard_positions
from p300.signal.epochs import Epochs, concatenate
from p300.signal.preprocessing import Preprocessing, cut_epochs
from p300.signal.separability import measure_responses

RAW = Preprocessing(normaliser="none")
BIOSEMI = ["A1", "C3", "C4", "D7"]
NAMED = ["Fz", "C3", "C4", "Pz"]


def record(names, seed=0, subject="1", **options):
    signal = 1e-5 * np.random.default_rng(seed).standard_normal((len(names), 8000))
    flashes = make_flashes(2, 2)
    return build_recording(
        signal, names, 240.0, flashes, dataset="made", subject=subject, **options
    )


@pytest.fixture
def biosemi():
    return cut_epochs(record(BIOSEMI, montage="biosemi128"), RAW)


def test_epochs_tell_where_the_recording_places_its_electrodes(biosemi):
    places = positions_of(load_montage("biosemi128", ""), "")
    assert biosemi.positions == {name: pytest.approx(places[name]) for name in BIOSEMI}
    assert biosemi.positions["C3"] != pytest.approx(standard_positions()["C3"], abs=0.05)
    assert list(biosemi.pick(["D7", "C3"]).positions) == ["C3", "D7"]
    assert biosemi.select([0, 1]).positions == biosemi.positions
    assert measure_responses(biosemi).positions == biosemi.positions


def test_electrodes_without_a_place_have_none():
    with pytest.warns(DataWarning, match="'x1'"):
        epochs = cut_epochs(record(["Fz", "Cz", "Pz", "x1"]), RAW)
    assert list(epochs.positions) == ["Fz", "Cz", "Pz"]


@pytest.mark.filterwarnings("ignore:.*interpolated", "ignore:.*head digitization points")
def test_interpolated_electrodes_have_the_place_they_were_interpolated_at():
    wanted = ("Fz", "P3", "Pz")
    options = Preprocessing(electrodes=wanted, missing_electrodes="interpolate", normaliser="none")
    epochs = cut_epochs(record(["Fz", "Cz", "C3", "C4", "Pz"]), options)
    assert epochs.positions == {name: standard_positions()[name] for name in wanted}


@pytest.mark.filterwarnings("ignore:.*head digitization points")
def test_bad_electrodes_are_interpolated_by_the_places_of_the_cap():
    names = ["A1", "A2", "A3", "B1", "C1", "D1"]
    recording = record(names, montage="biosemi128")
    recording.raw._data[0] = recording.raw._data[1]
    recording.raw.info["bads"] = ["A2"]
    near = cut_epochs(recording, RAW)
    # A1 and A2 are neighbours at the vertex on this cap, on opposite ears in the 10-05 system.
    assert np.corrcoef(near.X[:, 0].ravel(), near.X[:, 1].ravel())[0, 1] > 0.6


def test_positions_are_stored_with_epochs_and_earlier_files_have_those_of_the_names(
    biosemi, tmp_path
):
    stored = biosemi.save(tmp_path / "epochs")
    assert Epochs.load(stored).positions == biosemi.positions
    about = json.loads((stored / "epochs.json").read_text())
    del about["positions"]
    (stored / "epochs.json").write_text(json.dumps(about))
    assert Epochs.load(stored).positions == {n: standard_positions()[n] for n in ("A1", "C3", "C4")}
    (stored / "epochs.json").write_text(json.dumps({**about, "positions": {"A1": [1.0, "x"]}}))
    with pytest.raises(EpochsError, match=r"epochs\.json: positions\.A1"):
        Epochs.load(stored)


def test_joined_epochs_have_the_places_that_all_know(biosemi):
    first = cut_epochs(record(NAMED), RAW)
    other = cut_epochs(record(NAMED, 1, "2"), RAW)
    assert concatenate([first, other]).positions == first.positions
    blind = replace(other, positions={n: p for n, p in other.positions.items() if n != "C3"})
    assert list(concatenate([first, blind]).positions) == ["Fz", "C4", "Pz"]


def test_one_name_at_two_places_is_not_one_electrode(biosemi):
    names = ["A1", "C3", "C4"]
    other = cut_epochs(record(names, 1, "2"), RAW)
    message = r"\['A1', 'C3'\] are at different places, A1 by 1\d cm.*electrodes or rename"
    with pytest.raises(EpochsError, match=message):
        concatenate([biosemi.pick(names), other])


def test_a_stored_detector_is_not_applied_to_electrodes_elsewhere(tmp_path):
    names = ["A1", "C3", "C4"]
    recording = record(names)
    epochs = cut_epochs(recording, Preprocessing())
    detector = make_detector("slda").fit(epochs.X, epochs.y, groups=epochs.groups("character"))
    stored = load_detector(save_detector(detector, tmp_path / "stored", epochs))
    assert stored.positions == epochs.positions
    assert len(stored.score(recording))
    with pytest.raises(EpochsError, match=r"the detector and made/sub-1.*different places"):
        stored.score(record(names, montage="biosemi128"))


def test_recordings_of_the_study_are_placed_by_their_names():
    epochs = cut_epochs(make_recording(), RAW)
    assert epochs.positions == {n: standard_positions()[n] for n in epochs.electrodes}
