"""A grid of panels, one for every data set, protocol and detector of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from p300.report.style import WIDTH, detector_colours, label, panels, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Key = tuple[str, str, str]

_MOST_IN_ONE_ROW = 4
_MOST_COLUMNS = 5


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel: whose it is, its rows of the table, where to draw and in which colour.

    ``strip`` is a low panel under it, where one was asked for; ``place`` is (row, column).
    """

    dataset: str
    protocol: str
    detector: str
    table: pd.DataFrame
    colour: str
    place: tuple[int, int]
    ax: Axes
    strip: Axes | None


def detector_panels(
    table: pd.DataFrame,
    *,
    height: float,
    share: bool = True,
    strip: float = 0.0,
    colours: Mapping[str, str] | None = None,
) -> tuple[Figure, list[Panel]]:
    """Make one panel for every data set, protocol and detector of a table.

    Parameters
    ----------
    table
        Columns dataset, protocol and detector.
    height
        Of a panel of 2.4 inches width, in inches.
    share
        Whether all panels have the same axes; not with strips.
    strip
        Height of a strip under each panel, as a share of the panel; 0 for none.
    colours
        Detector -> colour; by default those of the detectors in the table.
    """
    keys = ["dataset", "protocol", "detector"]
    parts = {
        (str(dataset), str(protocol), str(detector)): part
        for (dataset, protocol, detector), part in table.groupby(keys, sort=False)
    }
    rows = _break_rows(list(parts))
    n_columns = max(map(len, rows))
    width = min(3.2, WIDTH / n_columns)
    ratios = (1.0, strip) if strip else (1.0,)
    figure, axes = panels(
        len(rows), n_columns, width=width, height=height * width / 2.4,
        share=share and not strip, ratios=ratios,
    )  # fmt: skip
    several = len(table["dataset"].unique()) > 1
    colours = colours or detector_colours(table["detector"].unique())
    grid = []
    for k, line in enumerate(rows):
        upper, lower = axes[len(ratios) * k], axes[len(ratios) * (k + 1) - 1]
        for column, key in enumerate(line):
            dataset, protocol, detector = key
            detail = f"{protocol}, {dataset}" if several else protocol
            name, detail = label(detector, int(8 * width)), label(detail, int(12 * width))
            title(upper[column], name, detail, colours[detector])
            below = lower[column] if strip else None
            place = (k, column)
            panel = Panel(*key, parts[key], colours[detector], place, upper[column], below)
            grid.append(panel)
        for ax in {*upper[len(line) :], *lower[len(line) :]}:
            ax.remove()
    return figure, grid


def _break_rows(keys: list[Key]) -> list[list[Key]]:
    """Break panels into rows.

    Up to four panels of a data set stand in one row; beyond that each protocol has rows of its
    own, of at most five detectors. With one detector its protocols share the rows.
    """
    datasets = _grouped(keys, 1)
    if max(map(len, datasets)) <= _MOST_IN_ONE_ROW:
        return datasets
    several_detectors = len({detector for *_, detector in keys}) > 1
    rows = []
    for group in _grouped(keys, 2) if several_detectors else datasets:
        n_rows = -(-len(group) // _MOST_COLUMNS)
        length = -(-len(group) // n_rows)
        rows += [group[start : start + length] for start in range(0, len(group), length)]
    return rows


def _grouped(keys: list[Key], depth: int) -> list[list[Key]]:
    """Put together the keys that begin alike."""
    groups: dict[tuple[str, ...], list[Key]] = {}
    for key in keys:
        groups.setdefault(key[:depth], []).append(key)
    return list(groups.values())


def label_outside(grid: list[Panel], x: str, y: str) -> None:
    """Label the axes at the left and the lower end of each column of a grid."""
    lowest = {panel.place[1]: panel.place[0] for panel in grid}
    for panel in grid:
        row, column = panel.place
        if column == 0:
            panel.ax.set_ylabel(y)
        if x and row == lowest[column]:
            panel.ax.set_xlabel(x)
            panel.ax.tick_params(labelbottom=True)
