"""Oddballs of BCI2000, and what the options say about marks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bci2000_files import NO_MATRIX, STATES, dat, load, oddball, speller

from p300.errors import DataWarning, RecordingError


@pytest.fixture
def save(tmp_path):
    def write(states=None, name="run.dat", **more):
        path = tmp_path / name
        path.write_bytes(dat(speller() if states is None else states, **more))
        return path

    return write


@pytest.mark.parametrize(
    ("codes", "parameters", "reason"),
    [
        ((1, 2), {}, "2 flash codes found, a matrix has 3 at least"),
        ((1, 2, 3, 4), {}, "40 of 40 sequences hold a single flash"),
        (
            (1, 2, 3, 4),
            NO_MATRIX,
            "none of the parameters TargetDefinitions, .* of a speller found",
        ),
    ],
)
@pytest.mark.parametrize("marked", [True, False])
def test_a_flash_of_an_oddball_is_no_character(save, codes, parameters, reason, marked):
    states = oddball(codes=codes)
    if not marked:
        states["StimulusType"][:] = 0
    end = "unknown$" if marked else r"no targets are marked \(StimulusType is 0\).*'nontarget'$"
    path = save(states, parameters=parameters)
    with pytest.warns(DataWarning, match=f"{path}: {reason}: taken for an oddball.*{end}") as said:
        (recording,) = load(path)
    assert len(said) == 1
    shown = recording.flashes
    assert shown["sample"].tolist() == list(range(100, 2500, 60))
    assert set(shown["code"]) == set(codes)
    assert shown[["character", "repetition"]].isna().all(axis=None)
    assert recording.layout is None
    expected = [k % 5 == 2 for k in range(40)] if marked else [pd.NA] * 40
    assert shown["target"].tolist() == expected


@pytest.mark.filterwarnings("ignore:.*taken for an oddball")
def test_options_say_which_codes_are_targets(save):
    states = oddball(codes=(1, 2, 3, 4))
    marked = load(save(states))[0].flashes
    states["StimulusType"][:] = 0
    path = save(states)
    (recording,) = load(path, target=[2], nontarget=[1, 4])
    assert recording.flashes["target"].tolist() == [
        code == 2 for code in marked["code"] if code != 3
    ]
    (recording,) = load(path, target="unknown", code={1: 7, 2: 8})
    assert recording.flashes["target"].isna().all()
    assert set(recording.flashes["code"]) == {7, 8}
    with pytest.raises(RecordingError, match=r"'1' \(.*expected targets \[9\]"):
        load(path, target=[9], nontarget=[1])


def test_an_oddball_without_phases(save):
    places = {name: place for name, place in STATES.items() if name != "PhaseInSequence"}
    with pytest.warns(DataWarning, match="2 flash codes found"):
        (recording,) = load(save(oddball(), places=places))
    assert recording.flashes["character"].isna().all()


@pytest.mark.filterwarnings("ignore:.*repetitions do not have 5 flashes")
@pytest.mark.filterwarnings("ignore:.*the targets spell")
def test_a_sequence_cut_short_does_not_make_an_oddball(save):
    states = speller("B%A")
    first = int(np.flatnonzero(states["PhaseInSequence"] == 2)[0])
    for held in states.values():
        held[first + 40 : first + 400] = 0  # one flash of the first character
    (recording,) = load(save(states, text="B%A"))
    assert recording.flashes["character"].value_counts().to_dict() == {1: 1, 2: 10, 3: 10}
    assert recording.layout is not None


@pytest.mark.filterwarnings("ignore:.*no text to copy")
def test_the_matrix_and_the_targets_that_the_user_says(save):
    path = save()
    (recording,) = load(path)
    assert recording.layout is not None
    rows = [list("".join(row)) for row in zip(*[iter(recording.layout.symbols)] * 2, strict=True)]
    (said,) = load(path, layout=[["<", *rows[0][1:]], *rows[1:]], target="unknown")
    assert said.layout.symbols[0] == "<"
    assert said.flashes["target"].isna().all()
    assert said.flashes["code"].equals(recording.flashes["code"])
