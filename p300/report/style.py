"""How the figures look: colours, axes, names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's palette without yellow and black, then four of Tol's "muted"; all can be told
# apart with any common colour blindness. https://jfly.uni-koeln.de/color
PALETTE = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00",
    "#56B4E9", "#332288", "#999933", "#882255", "#44AA99",
)  # fmt: skip
INK, GREY, LIGHT = "#1f2933", "#66717d", "#b8c0c8"
TARGET, NONTARGET = "#D55E00", "#66717d"

WIDTH = 9.6
"""Width of a full figure in inches, as wide as the report's column."""

_FONT = 9.5


def detector_colours(detectors: Iterable[str]) -> dict[str, str]:
    """Return each detector its colour, the same whatever order or table they come in."""
    names = sorted({str(name) for name in detectors})
    return {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(names)}


def label(name: object, length: int = 24) -> str:
    """Make a name from outside safe and short enough for a figure.

    matplotlib reads text between dollar signs as mathematics.
    """
    text = str(name)
    short = text if len(text) <= length else text[: length - 1] + "…"
    return short.replace("$", r"\$")


def new_figure(width: float, height: float) -> Figure:
    """Make a figure that no global state of pyplot knows, of a size in inches.

    Notebooks show it.
    """
    from p300.report.notebook_figure import NotebookFigure

    return NotebookFigure(figsize=(width, height), layout="constrained", facecolor="white")


def panels(
    n_rows: int,
    n_columns: int,
    *,
    width: float,
    height: float,
    share: bool = True,
    ratios: Sequence[float] = (1.0,),
) -> tuple[Figure, list[list[Axes]]]:
    """Make a grid of styled axes.

    Parameters
    ----------
    width, height
        Of a panel, in inches.
    share
        Whether all axes have the same limits.
    ratios
        Heights of the axes that stand on each other in a panel, so that the grid has
        ``len(ratios)`` rows of axes a row of panels.
    """
    figure = new_figure(min(WIDTH, width * n_columns), height * n_rows)
    figure.set_layout_engine("constrained", h_pad=0.07, w_pad=0.05)
    axes = figure.subplots(
        n_rows * len(ratios), n_columns, sharex=share, sharey=share, squeeze=False,
        height_ratios=list(ratios) * n_rows,
    )  # fmt: skip
    for ax in axes.flat:
        tidy(ax)
    return figure, [list(row) for row in axes]


def tidy(ax: Axes) -> None:
    """Take away what carries no data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(LIGHT)
    ax.tick_params(labelsize=_FONT, color=LIGHT, labelcolor=INK, length=3)
    ax.xaxis.label.set(fontsize=_FONT, color=INK)
    ax.yaxis.label.set(fontsize=_FONT, color=INK)


def title(ax: Axes, name: str, detail: str = "", colour: str = INK) -> None:
    """Head a panel with a name and, in grey under it, a detail."""
    ax.set_title(
        name, loc="left", fontsize=_FONT + 1, fontweight="bold", color=colour,
        pad=18 if detail else 6,
    )  # fmt: skip
    if detail:
        ax.annotate(
            detail, (0, 1), (0, 5), xycoords="axes fraction", textcoords="offset points",
            fontsize=_FONT - 0.5, color=GREY, va="bottom",
        )  # fmt: skip


def legend(ax: Axes) -> None:
    """Add a legend without a frame."""
    ax.legend(frameon=False, fontsize=_FONT - 0.5, labelcolor=INK)


def legend_above(figure: Figure, *axes: Axes) -> None:
    """Add a legend of what any of some panels shows above all panels."""
    from matplotlib.lines import Line2D

    shown: dict[str, Artist] = {}
    for ax in axes:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            shown.setdefault(name, handle)
    names, handles = list(shown), list(shown.values())
    # Lines that stand for a kind of line, not for a detector, must not have a detector's colour.
    for k, handle in enumerate(handles):
        if isinstance(handle, Line2D):
            handles[k] = grey = Line2D([], [])
            grey.update_from(handle)
            grey.set(color=GREY, markeredgecolor=GREY)
    n_columns = max(1, min(len(names), int(figure.get_figwidth() / 2)))
    figure.legend(
        handles, names, loc="outside upper left", ncols=n_columns, frameon=False,
        fontsize=_FONT - 0.5, labelcolor=INK,
    )  # fmt: skip
