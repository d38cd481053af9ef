"""Scalp maps: values of electrodes on the head seen from above, its nose up.

All maps of a figure share their electrodes, and so the triangles between them: they are
interpolated together, which takes about as long as one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import RecordingError
from p300.report import style
from p300.report.prose import listed
from p300.report.style import GREY, INK, WIDTH, label
from p300.signal.positions import Positions, known_positions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    FloatArray = npt.NDArray[np.float64]

HEAD = 0.095
"""Metres from the middle of the head that is drawn to its outline."""

_PIXELS = 64
_CONTOURS = 4
_NOSE = ((-0.208, 0.978), (0.0, 1.15), (0.208, 0.978))
_EAR = (
    (0.994, 0.111), (1.02, 0.155), (1.036, 0.157), (1.06, 0.149), (1.084, 0.111), (1.08, -0.011),
    (1.094, -0.186), (1.064, -0.263), (1.02, -0.277), (0.978, -0.24),
)  # fmt: skip
"""In radii of the head; the ear is the right one."""


def describe_unplaced(electrodes: Iterable[str], positions: Positions | None = None) -> str:
    """Say why there is no scalp map, or nothing where all positions are known."""
    unplaced = [name for name in map(str, electrodes) if name not in known_positions(positions)]
    if not unplaced:
        return ""
    return (
        f"No scalp map: the recordings do not tell where {listed(unplaced)} "
        f"{'was' if len(unplaced) == 1 else 'were'} on the head."
    )


def draw_scalp_maps(
    values: pd.DataFrame,
    name: str,
    colours: str,
    ticks: tuple[float, ...],
    positions: Positions | None = None,
) -> Figure:
    """Draw a scalp map of every row of a table.

    Parameters
    ----------
    values
        [map, electrode], rows named by what stands over the maps.
    name
        Of the values.
    colours
        Name of a matplotlib colour map.
    ticks
        Marks of the colour bar, which reaches from the first to the last.
    positions
        Of the electrodes; by default the 10-05 system's, by their names.

    Raises
    ------
    RecordingError
        When the position of an electrode is unknown; see :func:`describe_unplaced`.
    """
    from matplotlib.colors import Normalize

    unplaced = describe_unplaced(values.columns, positions)
    if unplaced:
        raise RecordingError(unplaced)
    places = known_positions(positions)
    points = flattened(np.array([places[str(name)] for name in values.columns]))
    # Electrodes below the outline, such as on the ears, are on the map as well.
    radius = max(HEAD, 1.01 * float(np.linalg.norm(points, axis=1).max()))
    images = interpolated(points, values.to_numpy(float), radius)
    n_columns = 7 if len(values) > 10 else min(5, len(values))
    n_rows = -(-len(values) // n_columns)
    figure = style.new_figure(
        WIDTH if n_columns > 3 else 2.2 * n_columns + 0.8,
        (1.9 if n_columns < 7 else 1.5) * n_rows + 0.2,
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    for ax in axes.flat[len(values) :]:
        ax.remove()
    used = list(axes.flat[: len(values)])
    limits = Normalize(ticks[0], ticks[-1])
    for ax, title, image in zip(used, values.index, images, strict=True):
        _draw_map(ax, image, radius, points)
        ax.images[0].set(cmap=colours, norm=limits)
        ax.set_title(label(title), fontsize=9, color=GREY, pad=3)
    bar = figure.colorbar(
        used[0].images[0], ax=used, shrink=0.7, aspect=18, pad=0.02, ticks=list(ticks)
    )
    bar.ax.set_yticklabels([f"{tick:g}".replace("-", "−") for tick in ticks])
    bar.ax.tick_params(labelsize=7.5, length=0)
    bar.outline.set_visible(False)
    bar.set_label(name, fontsize=7.5, color=INK)
    return figure


def flattened(places: FloatArray) -> FloatArray:
    """Return where electrodes, [electrode, xyz] in head coordinates, are on a map.

    The way from the vertex down to an electrode is rolled out, so that what is level with the
    middle of the head is as far from the vertex as it is from the middle.
    """
    distance = np.linalg.norm(places, axis=1)
    down = np.arccos(places[:, 2] / np.where(distance > 0, distance, 1.0))
    around = np.arctan2(places[:, 1], places[:, 0])
    along = distance * down / (np.pi / 2)
    return np.column_stack([along * np.cos(around), along * np.sin(around)])


def interpolated(points: FloatArray, values: FloatArray, radius: float) -> FloatArray:
    """Return smooth images that go through values at points.

    Parameters
    ----------
    points
        [point, xy].
    values
        [map, point].
    radius
        Half the edge of the images, around (0, 0).

    Returns
    -------
    [map, y, x]; outside the points values go to the mean of the nearest ones, far outside of the
    circle of this radius there are none (NaN).
    """
    from scipy.interpolate import CloughTocher2DInterpolator
    from scipy.spatial import Delaunay, KDTree

    n = len(points)
    nearest = KDTree(points).query(points, k=[2])[0] if n > 1 else np.array([radius])
    gap = max(float(np.median(nearest)), radius / 10)
    n_around = max(12, round(2 * np.pi / np.arcsin(min(gap / radius, 1.0))))
    angles = np.linspace(0, 2 * np.pi, n_around, endpoint=False)
    ring = (1.1 * radius + gap) * np.column_stack([np.cos(angles), np.sin(angles)])
    triangles = Delaunay(np.concatenate([points, ring]))
    starts, neighbours = triangles.vertex_neighbor_vertices
    beside = [neighbours[starts[k] : starts[k + 1]] for k in range(n, n + n_around)]
    inner = [near[near < n] for near in beside]
    around = [values[:, near if len(near) else slice(None)].mean(axis=1) for near in inner]
    surface = CloughTocher2DInterpolator(triangles, np.concatenate([values.T, around]))
    edge = np.linspace(-radius, radius, _PIXELS)
    return np.moveaxis(surface(*np.meshgrid(edge, edge)), 2, 0)


def _draw_map(ax: Axes, image: FloatArray, radius: float, points: FloatArray) -> None:
    """Draw an image within a circle, its contours, the outline of the head, the electrodes."""
    from matplotlib.patches import Circle

    ax.set_axis_off()
    edge = np.linspace(-radius, radius, image.shape[0])
    circle = Circle((0, 0), radius, transform=ax.transData)
    shown = ax.imshow(
        image, origin="lower", interpolation="bilinear", extent=(-radius, radius, -radius, radius)
    )
    shown.set_clip_path(circle)
    if np.nanmin(image) < np.nanmax(image):
        lines = ax.contour(edge, edge, image, _CONTOURS, colors="k", linewidths=0.5)
        lines.set_clip_path(circle)
    angles = np.linspace(0, 2 * np.pi, 101)
    ear, nose = HEAD * np.array(_EAR), HEAD * np.array(_NOSE)
    outline = [HEAD * np.column_stack([np.cos(angles), np.sin(angles)]), nose, ear, ear * (-1, 1)]
    for line in outline:
        ax.plot(*line.T, color="k", lw=1, clip_on=False)
    ax.scatter(points[:, 0], points[:, 1], s=0.25, edgecolor="k", facecolor="none", zorder=3)
    for artist in ax.get_children():
        artist.set_in_layout(artist is ax.title)  # the others lie within the axes
