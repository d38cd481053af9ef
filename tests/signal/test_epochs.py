"""Epochs: selection, combination, storage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from studies import make_epochs, make_recording

from p300.errors import EpochsError
from p300.recordings import MATRIX_6X6, Layout
from p300.signal.epochs import Epochs, concatenate, join_layouts
from p300.signal.preprocessing import Preprocessing, preprocess
from p300.signal.units import STRETCH


def test_units_number_what_belongs_together():
    epochs = make_epochs()
    assert len(np.unique(epochs.units("subject"))) == 3
    assert len(np.unique(epochs.units("run"))) == 6
    assert len(np.unique(epochs.units("character"))) == 3 * 2 * 4
    for label in np.unique(epochs.units("character")):
        inside = epochs.flashes[epochs.units("character") == label]
        assert len(inside[["subject", "run", "character"]].drop_duplicates()) == 1


def test_saved_epochs_come_back_the_same_and_stay_on_disk(tmp_path):
    epochs = make_epochs(2, 1)
    loaded = Epochs.load(epochs.save(tmp_path / "epochs"))
    assert isinstance(loaded.X, np.memmap)
    np.testing.assert_array_equal(loaded.X, epochs.X)
    pd.testing.assert_frame_equal(loaded.flashes, epochs.flashes)
    assert loaded.electrodes == epochs.electrodes
    assert (loaded.sfreq, loaded.tmin) == (epochs.sfreq, epochs.tmin)
    assert Preprocessing.model_validate(loaded.preprocessing) == Preprocessing()
    assert loaded.layouts["made"].symbols == epochs.layouts["made"].symbols


def test_saving_over_a_folder_is_refused(tmp_path):
    with pytest.raises(EpochsError, match="exists already"):
        make_epochs(1, 1).save(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "no X", "text"])
def test_a_folder_that_does_not_hold_epochs_is_named(tmp_path, damage):
    folder = tmp_path / "epochs"
    if damage != "missing":
        make_epochs(1, 1).save(folder)
    if damage == "no X":
        (folder / "X.npy").unlink()
    if damage == "text":
        (folder / "X.npy").write_text("not an array")
    with pytest.raises(EpochsError, match="not a folder of saved epochs"):
        Epochs.load(folder)


def test_unknown_targets_have_no_y():
    epochs = make_epochs(1, 1)
    flashes = epochs.flashes.assign(target=pd.array([pd.NA] * len(epochs), dtype="boolean"))
    unlabelled = Epochs(epochs.X, flashes, epochs.electrodes, epochs.sfreq)
    assert not unlabelled.labelled
    with pytest.raises(EpochsError, match=r"the targets of 192 of 192 flashes are not known"):
        _ = unlabelled.y


def test_averages_show_the_target_response_in_microvolts():
    averages = preprocess(
        make_recording(amplitude=2e-5, repetitions=15), Preprocessing(normaliser="none")
    ).averages()
    wide = averages.pivot_table(index=["electrode", "time"], columns="kind", values="microvolts")
    difference = (wide["target"] - wide["nontarget"])["Pz"]
    assert difference.idxmax() == pytest.approx(0.3, abs=0.05)
    assert 10 < difference.max() < 30
    assert set(averages["n"]) == {4 * 15 * 2, 4 * 15 * 10}


def test_epochs_and_rows_must_match():
    epochs = make_epochs(1, 1)
    with pytest.raises(EpochsError, match="191 rows of flashes"):
        Epochs(epochs.X, epochs.flashes.iloc[1:], epochs.electrodes, 120.0)
    with pytest.raises(EpochsError, match="expected"):
        Epochs(epochs.X[:, :2], epochs.flashes, epochs.electrodes, 120.0)
    with pytest.raises(EpochsError, match="no epochs"):
        concatenate([])


def test_epochs_made_with_other_settings_do_not_mix():
    one = preprocess(make_recording("1"))
    other = preprocess(make_recording("2"), Preprocessing(phase="causal"))
    with pytest.raises(EpochsError, match="otherwise"):
        concatenate([one, other])


LETTERS = Layout.single_cell("ABCDEFGHIJKL")


@pytest.mark.parametrize(
    ("layout", "found"),
    [
        (LETTERS, "a layout of 12 codes for 12 symbols .A B C D E F G H I J K L."),
        (None, "flash codes without a layout"),
    ],
)
def test_a_data_set_has_one_layout(layout, found):
    one, other = make_recording("1"), replace(make_recording("2", "3"), layout=layout)
    message = f"made/sub-1/ses-1/run-1 has .* 36 symbols .*, made/sub-2/ses-1/run-3 {found}"
    with pytest.raises(EpochsError, match=message):
        preprocess([one, other])
    assert preprocess([one, make_recording("2")]).layouts == {"made": MATRIX_6X6}


@pytest.mark.parametrize("layout", [LETTERS, None])
def test_recordings_without_codes_have_no_say_in_the_layout(layout):
    flashes = make_recording().flashes.assign(code=pd.NA, dataset="made")
    coded = make_epochs(1, 1)
    uncoded = (flashes, {"made": layout} if layout else {})
    for parts in (
        [uncoded, (coded.flashes, coded.layouts)],
        [(coded.flashes, coded.layouts), uncoded],
    ):
        assert join_layouts(parts) == {"made": MATRIX_6X6}
    assert join_layouts([uncoded, (coded.flashes, {})]) == {}


def test_data_sets_may_have_different_layouts():
    one = make_epochs(1, 1)
    parts = [(one.flashes, one.layouts), (one.flashes.assign(dataset="b"), {"b": LETTERS})]
    assert join_layouts(parts) == {"made": MATRIX_6X6, "b": LETTERS}


def test_stretches_stand_for_characters_that_are_unknown():
    known = make_epochs(n_subjects=2, n_runs=1)
    unknown = replace(known, flashes=known.flashes.assign(character=pd.NA))
    stretches = unknown.units("character")
    onset = known.flashes["onset"].to_numpy()
    for stretch in np.unique(stretches):
        rows = stretches == stretch
        assert np.ptp(onset[rows]) < STRETCH
        assert len(known.flashes.loc[rows, "subject"].unique()) == 1
    assert len(np.unique(stretches)) == sum(
        len(np.unique(onsets // STRETCH)) for _, onsets in known.flashes.groupby("subject")["onset"]
    )
    # In a run where characters are known they stay what they are.
    mixed = known.flashes.assign(
        character=known.flashes["character"].where(known.flashes["subject"] == "1")
    )
    first = (known.flashes["subject"] == "1").to_numpy()
    found = replace(known, flashes=mixed).units("character")
    assert found[first].tolist() == known.units("character")[first].tolist()
