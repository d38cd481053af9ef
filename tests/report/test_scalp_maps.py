from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from p300.recordings.montage import standard_positions
from p300.report.scalp_maps import HEAD, draw_scalp_maps, flattened, interpolated

ELECTRODES = ["Fz", "Cz", "Pz", "Oz", "PO7", "PO8", "C3", "C4"]


def places(names: list[str]) -> np.ndarray:
    return flattened(np.array([standard_positions()[name] for name in names]))


def value_at(image: np.ndarray, point: np.ndarray, radius: float) -> float:
    column, row = np.round((point + radius) / (2 * radius) * (len(image) - 1)).astype(int)
    return float(image[row, column])


def test_the_way_from_the_vertex_is_rolled_out() -> None:
    up, right, front, below = np.eye(3)[2], np.eye(3)[0], np.eye(3)[1], np.array([0, -0.6, -0.8])
    x, y = flattened(0.09 * np.array([up, right, front, below])).T
    np.testing.assert_allclose(x, [0, 0.09, 0, 0], atol=1e-12)
    beyond = 0.09 * math.acos(-0.8) / (math.pi / 2)
    np.testing.assert_allclose(y, [0, 0, 0.09, -beyond], atol=1e-12)


def test_left_is_left_and_the_nose_is_up() -> None:
    left, right, front, back = places(["C3", "C4", "Fz", "Oz"])
    assert left[0] < -0.02 < 0.02 < right[0]
    assert back[1] < 0 < front[1]


def test_images_go_through_the_values_at_the_electrodes() -> None:
    points, values = places(ELECTRODES), np.random.default_rng(0).normal(size=(3, 8))
    images = interpolated(points, values, HEAD)
    for image, row in zip(images, values, strict=True):
        found = [value_at(image, point, HEAD) for point in points]
        np.testing.assert_allclose(found, row, atol=0.3)
        assert np.corrcoef(found, row)[0, 1] > 0.99


def test_maps_drawn_together_are_those_drawn_alone() -> None:
    points, values = places(ELECTRODES), np.random.default_rng(0).normal(size=(3, 8))
    together = interpolated(points, values, HEAD)
    for k in range(3):
        alone = interpolated(points, values[[k]], HEAD)[0]
        np.testing.assert_allclose(alone, together[k], atol=1e-4)


@pytest.mark.parametrize(
    "names", [["Cz"], ["Cz", "Pz"], ["Fz", "Cz", "Pz"], ["TP9", "AF7", "AF8", "TP10"]]
)
def test_few_electrodes_fill_the_head(names: list[str]) -> None:
    points = places(names)
    edge = np.linspace(-HEAD, HEAD, 64)
    inside = np.hypot(*np.meshgrid(edge, edge)) <= HEAD
    image = interpolated(points, np.ones((1, len(names))), HEAD)[0]
    np.testing.assert_allclose(image[inside], 1.0, atol=1e-6)


def test_electrodes_at_one_place_can_be_drawn() -> None:
    table = pd.DataFrame([[1.0, -1.0]], columns=["A", "B"])
    at = {"A": (0.0, 0.01, 0.09), "B": (0.0, 0.01, 0.09)}
    draw_scalp_maps(table, "Weight", "RdBu_r", (-1, 0, 1), at).canvas.draw()


def test_electrodes_below_the_outline_are_on_the_map() -> None:
    table = pd.DataFrame([[1.0, 0.0]], columns=["Cz", "lobe"])
    at = {"Cz": standard_positions()["Cz"], "lobe": (0.08, 0.0, -0.05)}
    ax = draw_scalp_maps(table, "Weight", "YlOrBr", (0, 0.5, 1), at).axes[0]
    left, right, low, high = ax.images[0].get_extent()
    shown = np.asarray(ax.collections[-1].get_offsets())
    assert np.hypot(*shown.T).max() <= right == high == -left == -low
    assert right > HEAD
