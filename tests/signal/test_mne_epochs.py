"""Epochs of MNE and ours: there and back the same, and what cannot be told is asked for."""

from __future__ import annotations

import warnings

import mne
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import make_epochs, make_recording

from p300.columns import FLASHES
from p300.errors import DataWarning, EpochsError, RecordingError
from p300.recordings import MATRIX_6X6, Layout
from p300.recordings.montage import standard_positions
from p300.signal.epochs import Epochs, concatenate
from p300.signal.preprocessing import Preprocessing, preprocess

ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
within_mne = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

PLACE = {"dataset": "mine", "subject": "7", "session": "1", "run": "2"}


def in_volts(**options) -> Epochs:
    return preprocess(make_recording(**options), Preprocessing(normaliser="none"))


def assert_same(one: Epochs, other: Epochs, places: float = 0.0) -> None:
    assert one.X.dtype == np.float32
    np.testing.assert_array_equal(one.X, other.X)
    pd.testing.assert_frame_equal(one.flashes, other.flashes)
    assert (one.electrodes, one.sfreq, one.tmin) == (other.electrodes, other.sfreq, other.tmin)
    assert dict(one.preprocessing) == dict(other.preprocessing)
    assert dict(one.layouts) == dict(other.layouts)
    assert set(one.positions) == set(other.positions)
    for name, place in one.positions.items():
        np.testing.assert_allclose(place, other.positions[name], rtol=0, atol=places)


NUMBERS = st.none() | st.integers(0, 40)


@st.composite
def some_epochs(draw) -> Epochs:
    """Any epochs: values, places, columns that are not known, in any order, of several people."""
    n_epochs, n_times = draw(st.integers(1, 8)), draw(st.integers(1, 12))
    names = draw(st.lists(st.sampled_from(["Fz", "Cz", "Pz", "Oz", "A1"]), min_size=1, unique=True))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.sampled_from([1e-30, 1e-6, 1e3]))
    rate = draw(st.sampled_from([100.0, 120.0, 256.0, 239.99]))
    label = st.sampled_from(["1", "02", "é <b>", "run/3"])
    rows = []
    for k in range(n_epochs):
        sample = draw(st.integers(0, 10**6))
        rows.append(
            {
                "dataset": draw(label), "subject": draw(label), "session": "1", "run": draw(label),
                "character": draw(NUMBERS), "repetition": draw(NUMBERS), "code": draw(NUMBERS),
                "target": draw(st.sampled_from([True, False, None])), "sample": sample,
                "onset": draw(st.sampled_from([sample / 240, float("nan"), k / 7])),
            }
        )  # fmt: skip
    flashes = pd.DataFrame(rows).convert_dtypes()
    placed = draw(st.lists(st.sampled_from(names), unique=True))
    return Epochs(
        (size * rng.standard_normal((n_epochs, len(names), n_times))).astype(np.float32),
        FLASHES.read(flashes.astype({"onset": "float64"}), "made"),
        tuple(names),
        rate,
        draw(st.integers(-40, 40)) / rate,
        {"normaliser": "none", "low": 0.1},
        draw(st.sampled_from([{}, {"02": MATRIX_6X6}, {"1": Layout.single_cell("ABC")}])),
        {name: standard_positions()[name] for name in placed},
    )


@settings(deadline=None, max_examples=60)
@given(some_epochs())
def test_there_and_back_is_the_identity(epochs):
    assert_same(Epochs.from_mne(epochs.to_mne()), epochs, places=1e-12)


@within_mne
def test_a_file_of_mne_keeps_all_of_it(tmp_path):
    epochs = concatenate([in_volts(subject="1"), in_volts(subject="2", run="3")])
    epochs.to_mne().save(tmp_path / "all-epo.fif", verbose="error")
    read = mne.read_epochs(tmp_path / "all-epo.fif", verbose="error")
    assert_same(Epochs.from_mne(read), epochs, places=1e-7)  # FIF has places in float32


def test_mne_sees_events_metadata_places_and_volts():
    epochs = in_volts()
    made = epochs.to_mne()
    assert made.baseline is None
    assert len(made["target"]) == int(epochs.y.sum())
    assert len(made["nontarget/3"]) == ((epochs.flashes["code"] == 3) & (epochs.y == 0)).sum()
    assert len(made["character == 2"]) == (epochs.flashes["character"] == 2).sum()
    np.testing.assert_array_equal(made.events[:, 0], epochs.flashes["sample"])
    assert np.ravel(made._raw_sfreq) == 240.0
    places = made.get_montage().get_positions()["ch_pos"]
    np.testing.assert_allclose(places["Cz"], epochs.positions["Cz"])
    assert 1e-6 < made.get_data(copy=True).std() < 1e-4


def test_events_of_people_have_the_same_numbers_and_other_samples():
    one, other = in_volts(subject="1"), in_volts(subject="2", seed=1)
    few = other.select((other.flashes["code"] > 3).to_numpy(dtype=bool))
    joined = mne.concatenate_epochs([one.to_mne(), few.to_mne()], verbose="error")
    assert len(joined["target"]) == one.y.sum() + few.y.sum()
    samples = concatenate([in_volts(subject=s) for s in "12"]).to_mne().events[:, 0]
    assert len(np.unique(samples)) == len(samples)


@within_mne
def test_the_source_of_epochs_reads_what_was_written(tmp_path):
    from p300 import open_recordings

    epochs = in_volts()
    path = tmp_path / "own-epo.fif"
    epochs.to_mne().save(path, verbose="error")
    (recording,) = open_recordings("epochs", path)
    columns = ["sample", "target", "code", "character", "repetition"]
    pd.testing.assert_frame_equal(recording.flashes, epochs.flashes[columns])
    np.testing.assert_allclose(recording.onsets, epochs.flashes["onset"])


def test_z_scores_are_handed_over_with_a_warning():
    with pytest.warns(DataWarning, match="z-scores .*'none' keeps volts"):
        made = make_epochs(1, 1).to_mne()
    assert_same(Epochs.from_mne(made), make_epochs(1, 1), places=1e-12)


def test_epochs_that_mne_cannot_have_are_refused():
    epochs = in_volts()
    with pytest.raises(EpochsError, match="expected at least one"):
        epochs.select(np.zeros(len(epochs), dtype=bool)).to_mne()
    between = Epochs(epochs.X, epochs.flashes, epochs.electrodes, 120.0, 0.004)
    with pytest.raises(EpochsError, match="between two samples"):
        between.to_mne()


def foreign(epochs: Epochs | None = None, **metadata) -> mne.EpochsArray:
    """Epochs as others have them: our events, none of our metadata."""
    made = (epochs or in_volts()).to_mne()
    made.info["description"] = "somebody's own words"
    with mne.utils.use_log_level("error"):
        made.metadata = pd.DataFrame(metadata) if metadata else None
    return made


def test_names_of_events_tell_kinds_codes_and_with_them_letters():
    epochs = in_volts()
    read = Epochs.from_mne(foreign(), code=r"/(\d+)", layout=ROWS, **PLACE)
    own = ["character", "repetition", "code", "target", "sample", "onset"]
    pd.testing.assert_frame_equal(read.flashes[own], epochs.flashes[own])
    assert (read.flashes[list(PLACE)] == list(PLACE.values())).all(axis=None)
    assert read.layouts == {"mine": MATRIX_6X6}
    assert read.preprocessing == {}


def test_what_is_not_told_is_asked_for():
    with pytest.raises(EpochsError, match=r"session, run of .* not told; pass session=..., run="):
        Epochs.from_mne(foreign(), dataset="mine", subject="1")
    with pytest.raises(EpochsError, match=r"subject passed, and told by epochs.metadata too"):
        Epochs.from_mne(foreign(subject=["1"] * len(in_volts())), **PLACE)
    with pytest.raises(EpochsError, match="dataset passed, and told"):
        Epochs.from_mne(in_volts().to_mne(), dataset="mine")
    renamed = foreign()
    renamed.event_id = {f"e{number}": number for number in renamed.event_id.values()}
    with pytest.raises(RecordingError, match="options 'target' and 'nontarget'"):
        Epochs.from_mne(renamed, **PLACE)
    with pytest.raises(RecordingError, match=r"flash codes .* the layout has"):
        Epochs.from_mne(foreign(), code=r"/(\d+)", layout=["AB", "CD"], **PLACE)


def test_metadata_tell_people_runs_and_targets():
    whole = concatenate([in_volts(subject="1"), in_volts(subject="2", seed=1)])
    told = whole.flashes
    made = foreign(whole, subject=told["subject"], run=told["run"], target=told["target"] == True)  # noqa: E712
    read = Epochs.from_mne(made, dataset="mine", session="1")
    assert read.flashes["subject"].tolist() == told["subject"].tolist()
    np.testing.assert_array_equal(read.y, whole.y)
    with pytest.raises(EpochsError, match=r"column 'target' .*'often'.* expected True or False"):
        Epochs.from_mne(foreign(target=["often"] * len(in_volts())), **PLACE)


def test_other_events_are_left_out_and_named():
    made = foreign()
    made.event_id = {"button" if n == "nontarget/1" else n: k for n, k in made.event_id.items()}
    n_buttons = len(made["button"])
    with pytest.warns(DataWarning, match=rf"{n_buttons} of .*left out.*'button'"):
        read = Epochs.from_mne(made, **PLACE)
    kept = made.events[:, 2] != made.event_id["button"]
    np.testing.assert_array_equal(read.X, in_volts().X[kept])


def test_epochs_without_onsets_are_of_no_known_time_and_letter():
    made = foreign()
    made.events[:, 0] = np.arange(len(made.events))
    with pytest.warns(DataWarning, match="onsets"):
        read = Epochs.from_mne(made, code=r"/(\d+)", **PLACE)
    assert read.flashes["onset"].isna().all()
    assert read.flashes["code"].isna().all()


def test_only_good_eeg_is_taken():
    made = foreign()
    made.set_channel_types({"Fz": "eog"}, verbose="error")
    made.info["bads"] = ["Cz"]
    with pytest.warns(DataWarning, match=r"Cz left out.*interpolate_bads"):
        read = Epochs.from_mne(made, **PLACE)
    assert read.electrodes == ("Pz", "Oz")
    assert set(read.positions) == {"Pz", "Oz"}
    none = foreign().set_channel_types(dict.fromkeys(made.ch_names, "misc"), verbose="error")
    with pytest.raises(EpochsError, match=r"types \['misc'\] found, expected EEG"):
        Epochs.from_mne(none, **PLACE)


def test_values_that_cannot_be_volts_or_are_none_are_told():
    made = foreign()
    made._data *= 1e6
    with pytest.warns(DataWarning, match="cannot be volts"):
        Epochs.from_mne(made, **PLACE)
    made._data[0, 0, 0] = np.nan
    with pytest.raises(EpochsError, match="NaN or infinite samples found in 1 epochs"):
        Epochs.from_mne(made, **PLACE)


def test_epochs_of_mne_stay_as_they_are():
    made = foreign()
    before, events = made.get_data(copy=True), made.events.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = Epochs.from_mne(made, **PLACE)
    read.X[:] = 0
    np.testing.assert_array_equal(made.get_data(copy=True), before)
    np.testing.assert_array_equal(made.events, events)
    assert made.metadata is None


def test_epochs_that_are_not_read_yet_are_read_and_the_bad_ones_left_out():
    raw = make_recording().raw
    events, event_id = mne.events_from_annotations(raw, verbose="error")
    late = np.array([[raw.n_times - 10, 0, event_id["nontarget/1"]]])
    lazy = mne.Epochs(
        raw, np.concatenate([events, late]), event_id, 0, 0.5, baseline=None, decim=2,
        verbose="error",
    )  # fmt: skip
    read = Epochs.from_mne(lazy, code=r"/(\d+)", **PLACE)
    assert not lazy.preload
    assert read.X.shape == (len(events), 4, 61)
    assert read.flashes["sample"].tolist() == events[:, 0].tolist()
