"""What flashes together, and in which order, in each paradigm of the simulated study."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.errors import RecordingError
from p300.recordings import MATRIX_6X6, Recording, open_recordings
from p300.recordings.simulated.paradigm import PARADIGMS

ORDERS = {"seed": st.integers(0, 2**32 - 1), "repetitions": st.integers(1, 8)}


def simulate(paradigm: str, **options: int) -> list[Recording]:
    small = {"n_subjects": 1, "n_runs": 1, "characters_per_run": 2, "repetitions": 3} | options
    return list(open_recordings("simulated", paradigm=paradigm, **small))


@pytest.mark.parametrize("paradigm", PARADIGMS.values(), ids=PARADIGMS)
@settings(max_examples=30, deadline=None)
@given(**ORDERS)
def test_each_repetition_shows_every_code_once(paradigm, seed, repetitions):
    order = paradigm.draw_order(np.random.default_rng(seed), repetitions)
    assert np.array_equal(
        np.sort(order, axis=1), np.tile(sorted(paradigm.layout.groups), (repetitions, 1))
    )


@pytest.mark.parametrize(("name", "between"), [("checkerboard", 3), ("single_cell", 1)])
@settings(max_examples=30, deadline=None)
@given(**ORDERS)
def test_other_flashes_come_between_two_of_a_symbol(name, between, seed, repetitions):
    paradigm = PARADIGMS[name]
    order = paradigm.draw_order(np.random.default_rng(seed), repetitions).ravel()
    groups = [paradigm.layout.groups[code] for code in order]
    for symbol in paradigm.layout.symbols:
        lit = [k for k, group in enumerate(groups) if symbol in group]
        assert all(later - earlier > between for earlier, later in pairwise(lit))


def test_single_cells_come_in_any_order_from_the_first_to_the_last_repetition():
    paradigm = PARADIGMS["single_cell"]
    orders = [paradigm.draw_order(np.random.default_rng(seed), 40) for seed in range(50)]
    firsts = np.concatenate([order[1:, 0] for order in orders])
    counts = np.bincount(firsts, minlength=37)[1:]
    assert counts.min() > 25  # of 54 on average
    assert counts.max() < 90


@pytest.mark.parametrize(("name", "targets"), [("checkerboard", 2), ("single_cell", 1)])
def test_flashes_of_a_character_spell_one_symbol_of_the_usual_matrix(name, targets):
    (run,) = simulate(name)
    layout = PARADIGMS[name].layout
    assert (run.layout, layout.symbols, layout.shape) == (layout, MATRIX_6X6.symbols, (6, 6))
    for _, flashes in run.flashes.groupby("character"):
        assert set(np.diff(flashes["sample"])) == {42}
        spelt = {
            layout.symbol_at(shown.loc[shown["target"], "code"])
            for _, shown in flashes.groupby("repetition")
        }
        assert len(spelt) == 1
        assert None not in spelt
        assert flashes["target"].sum() == 3 * targets


def test_another_paradigm_has_the_same_people():
    # What they are comes before what they see: the mains' strength is theirs alone.
    (usual,), (other,) = simulate("row_column"), simulate("single_cell", repetitions=1)
    assert (usual.subject, usual.electrodes) == (other.subject, other.electrodes)
    strength = [
        run.raw.copy().filter(45, 55, verbose="error").get_data().std(axis=1)
        for run in (usual, other)
    ]
    np.testing.assert_allclose(*strength, rtol=0.15)


def test_a_paradigm_that_is_not_known_is_refused():
    with pytest.raises(RecordingError, match=r"paradigm.*'rapid'"):
        simulate("rapid")
