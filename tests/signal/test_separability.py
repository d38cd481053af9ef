from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from studies import make_recording

from p300.commands.inspect_recording import SETTINGS
from p300.signal.preprocessing import cut_epochs
from p300.signal.separability import mean_responses, measure_responses, signed_r_squared


def test_is_the_squared_correlation_with_its_sign():
    rng = np.random.default_rng(0)
    y = rng.random(400) < 0.2
    X = rng.normal(size=(400, 3, 5)).astype(np.float32)
    X[y, 0] += 1
    X[y, 1] -= 1
    found = signed_r_squared(X, y)
    for electrode in range(3):
        for time in range(5):
            r = np.corrcoef(X[:, electrode, time].astype(float), y)[0, 1]
            assert found[electrode, time] == pytest.approx(np.sign(r) * r**2, rel=1e-4)
    assert (found[0] > 0.05).all()
    assert (found[1] < -0.05).all()


@given(seed=st.integers(0, 1000), scale=st.floats(1e-6, 1e3), offset=st.floats(-10, 10))
def test_does_not_depend_on_units_and_turns_with_the_classes(seed, scale, offset):
    rng = np.random.default_rng(seed)
    y = np.arange(40) % 4 == 0
    X = rng.normal(size=(40, 2, 3)).astype(np.float32)
    found = signed_r_squared(X, y)
    assert (np.abs(found) <= 1).all()
    np.testing.assert_allclose(
        signed_r_squared((scale * (X + offset)).astype(np.float32), y), found, atol=1e-3
    )
    np.testing.assert_allclose(signed_r_squared(X, ~y), -found, atol=1e-12)


def test_perfect_separation_constants_and_one_class():
    y = np.array([1, 0, 1, 0])
    X = np.zeros((4, 2, 1), dtype=np.float32)
    X[:, 0, 0] = y
    np.testing.assert_allclose(signed_r_squared(X, y), [[1.0], [0.0]])
    with pytest.raises(ValueError, match="4 targets of 4"):
        signed_r_squared(X, np.ones(4))


def responses(**options):
    return measure_responses(cut_epochs(make_recording(n_characters=8, **options), SETTINGS))


def test_finds_where_and_when_targets_differ():
    found = responses()
    best = [found.electrodes[k] for k in found.best_electrodes(2)]
    assert sorted(best) == ["Cz", "Pz"]
    row = found.electrodes.index("Cz")
    peak = int(found.r_squared[row].argmax())
    assert found.times[peak] == pytest.approx(0.3, abs=0.03)
    difference = found.target[row, peak] - found.nontarget[row, peak]
    assert difference == pytest.approx(6e-6, rel=0.3)
    assert 0 < found.target_error[row, peak] < difference / 3
    assert (found.n_targets, found.n_nontargets) == (64, 320)


def test_standard_errors_are_those_of_the_mean():
    epochs = cut_epochs(make_recording(), SETTINGS)
    found, targets = measure_responses(epochs), epochs.X[epochs.y == 1].astype(float)
    expected = targets.std(axis=0, ddof=1) / np.sqrt(len(targets))
    np.testing.assert_allclose(found.target_error, expected, rtol=1e-4)
    np.testing.assert_allclose(found.target, targets.mean(axis=0), rtol=1e-3, atol=1e-10)


def test_recordings_are_averaged_on_common_electrodes():
    one, two = responses(run="1"), responses(run="2", electrodes=["Oz", "Cz", "Pz"])
    mean = mean_responses([one, two])
    assert mean.electrodes == ("Cz", "Pz", "Oz")
    rows = [one.electrodes.index(n) for n in mean.electrodes]
    others = [two.electrodes.index(n) for n in mean.electrodes]
    np.testing.assert_allclose(mean.r_squared, (one.r_squared[rows] + two.r_squared[others]) / 2)
    np.testing.assert_allclose(mean.target, (one.target[rows] + two.target[others]) / 2)
    assert mean.n_targets == one.n_targets + two.n_targets
    assert mean.n_recordings == 2
    assert (mean.target_error < np.maximum(one.target_error[rows], two.target_error[others])).all()


def test_standardised_responses_have_no_unit():
    found = responses()
    loud = replace(found, target=1000 * found.target, scale=1000 * found.scale)
    np.testing.assert_allclose(loud.standardised().target, found.standardised().target)
    assert found.standardised().unit == "SD"
    np.testing.assert_allclose(found.standardised().scale, 1)


def test_nothing_to_measure_without_targets():
    epochs = cut_epochs(make_recording(), SETTINGS)
    unknown = epochs.flashes.assign(target=np.nan).astype({"target": "boolean"})
    assert measure_responses(replace(epochs, flashes=unknown)) is None
