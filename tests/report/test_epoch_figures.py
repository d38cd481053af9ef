"""Figures of epochs show what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from studies import make_epochs, make_recording

from p300 import plot_averages, plot_image, plot_topographies
from p300.errors import EpochsError
from p300.signal.epochs import Epochs, concatenate
from p300.signal.preprocessing import Preprocessing, preprocess

VOLTS = Preprocessing(normaliser="none")


@pytest.fixture(scope="module")
def one() -> Epochs:
    return preprocess(make_recording(amplitude=2e-5, repetitions=8), VOLTS)


@pytest.fixture(scope="module")
def six() -> Epochs:
    recordings = (make_recording(str(k), amplitude=k * 5e-6, n_characters=2) for k in range(1, 7))
    return preprocess(recordings, VOLTS)


def line(figure: Figure, panel: int, name: str) -> np.ndarray:
    (found,) = (ln for ln in figure.axes[panel].get_lines() if ln.get_label() == name)
    return np.asarray(found.get_ydata(), dtype=float)


def band(figure: Figure, panel: int, kind: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of a band, [time]."""
    path = figure.axes[panel].collections[kind].get_paths()[0].vertices
    times = np.unique(path[:, 0])
    ends = [np.sort(path[path[:, 0] == t, 1])[[0, -1]] for t in times]
    return tuple(np.array(ends).T)


def test_averages_of_one_person_have_bands_over_epochs(one):
    figure = plot_averages(one, ["Pz"])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Pz", ""]
    own = 1e6 * one.X[one.y == 1, 2].astype(float)
    np.testing.assert_allclose(line(figure, 0, "target"), own.mean(axis=0), rtol=1e-5)
    low, high = band(figure, 0, 1)
    error = own.std(axis=0, ddof=1) / np.sqrt(len(own))
    np.testing.assert_allclose(high - low, 2 * 1.96 * error, rtol=1e-4)
    other = 1e6 * one.X[one.y == 0, 2].astype(float)
    low, high = band(figure, 1)
    both = np.hypot(error, other.std(axis=0, ddof=1) / np.sqrt(len(other)))
    np.testing.assert_allclose(high - low, 2 * 1.96 * both, rtol=1e-4)
    assert figure.axes[0].get_ylabel() == "Response (µV)"


def test_averages_of_people_have_bands_over_people(six):
    figure = plot_averages(six, ["Cz", "Pz"])
    means = [
        1e6 * six.X[(six.units("subject") == k) & (six.y == 1), 2].mean(axis=0) for k in range(6)
    ]
    np.testing.assert_allclose(line(figure, 1, "target"), np.mean(means, axis=0), rtol=1e-4)
    low, high = band(figure, 1, 1)
    # The interval of six is from the least to the greatest.
    np.testing.assert_allclose(
        [low, high], [np.min(means, axis=0), np.max(means, axis=0)], rtol=1e-3
    )
    pooled = plot_averages(six, ["Cz", "Pz"], over="epochs")
    assert not np.allclose(band(pooled, 1, 1)[0], low)


def test_people_of_one_name_in_two_data_sets_are_two(six):
    parts = [six.select(six.flashes["subject"] == subject) for subject in "126"]
    renamed = replace(parts[2], flashes=parts[2].flashes.assign(dataset="other", subject="1"))
    figure = plot_averages(concatenate([*parts[:2], renamed]), ["Pz"])
    means = [1e6 * part.X[part.y == 1, 2].mean(axis=0) for part in parts]
    np.testing.assert_allclose(line(figure, 0, "target"), np.mean(means, axis=0), rtol=1e-4)


def test_z_scores_are_not_called_microvolts():
    figure = plot_averages(make_epochs(2, 1), ["Pz"])
    assert "SD" in figure.axes[0].get_ylabel()
    assert np.abs(line(figure, 0, "target")).max() < 3


def test_topographies_are_of_the_peaks_or_of_the_times_asked_for(one):
    peaks = plot_topographies(one)
    at = [int(ax.get_title().removesuffix(" ms")) for ax in peaks.axes if ax.get_title()]
    assert at == sorted(at)
    assert len(at) <= 5
    assert any(abs(time - 300) <= 30 for time in at)
    figure = plot_topographies(one, [0.1, 0.301])
    assert [ax.get_title() for ax in figure.axes if ax.get_title()] == ["100 ms", "300 ms"]
    image = next(ax for ax in figure.axes if ax.get_title() == "300 ms").images[0]
    assert image.get_clim()[0] == -image.get_clim()[1]
    difference = 1e6 * (one.X[one.y == 1].mean(axis=0) - one.X[one.y == 0].mean(axis=0))
    assert image.get_clim()[1] == pytest.approx(np.abs(difference[:, [12, 36]]).max(), rel=0.05)


def test_the_image_is_in_the_order_of_time_run_by_run(one):
    second = preprocess(make_recording(run="2", seed=3), VOLTS)
    both = concatenate([one, second])
    shuffled = both.select(np.random.default_rng(0).permutation(len(one)).tolist()
                           + list(range(len(one), len(both))))  # fmt: skip
    figure = plot_image(shuffled, "Pz", smooth=0)
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    np.testing.assert_allclose(drawn, 1e6 * both.X[both.y == 1, 2], rtol=1e-5)
    (edge,) = [ln for ln in figure.axes[0].get_lines() if len(set(ln.get_ydata())) == 1]
    assert edge.get_ydata()[0] == one.y.sum()
    means = [line.get_ydata() for line in figure.axes[2].get_lines() if len(line.get_ydata()) > 2]
    np.testing.assert_allclose(means[0], 1e6 * both.X[both.y == 1, 2].mean(axis=0), rtol=1e-4)


def test_smoothing_stays_within_a_run(one):
    X = np.zeros_like(one.X)
    half = len(one) // 2
    X[half:] = 1e-6
    runs = np.where(np.arange(len(one)) < half, "1", "2")
    steps = replace(one, X=X, flashes=one.flashes.assign(run=runs))
    drawn = np.asarray(plot_image(steps, "Pz", smooth=5).axes[0].images[0].get_array())
    assert set(np.unique(drawn.round(6))) == {0.0, 1.0}


def test_what_cannot_be_drawn_says_why(one):
    with pytest.raises(EpochsError, match="expected targets and non-targets"):
        plot_averages(one.select(one.y == 1))
    with pytest.raises(EpochsError, match="electrodes \\['Q'\\] are not among"):
        plot_averages(one, ["Q"])
    with pytest.raises(EpochsError, match=r"where Fz, Cz, .* Set a montage"):
        plot_topographies(replace(one, positions={"Pz": one.positions["Pz"]}))
    with pytest.raises(EpochsError, match=r"times \[3.0\] found, expected some from 0 to"):
        plot_topographies(one, [3])


def test_a_notebook_shows_the_figure(one):
    assert plot_image(one)._repr_png_().startswith(b"\x89PNG")
