"""What inspecting recordings found, as tables and in words: for the terminal and for the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from p300.report.page import Row, Table
from p300.report.prose import NONE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from p300.commands.inspect_recording import Inspected
    from p300.signal.separability import Responses

NO_TARGETS = "No targets are known: no averages, no separability."

_WINDOW = 0.1
_CLEAR = 3.0


def flashing_table(inspected: Sequence[Inspected]) -> Table:
    """Return one row a recording: length, rate, flashes, their timing."""
    columns = (
        "recording", "s", "Hz", "electrodes", "flashes", "targets", "characters", "repetitions",
        "codes", "matrix", "onset (ms)", "jitter", "irregular", "pauses",
    )  # fmt: skip
    rows = []
    for one in inspected:
        f = one.flashing
        share = f.target_share
        rows.append(
            (
                one.name,
                f"{one.seconds:.0f}",
                f"{one.sfreq:g}",
                str(len(one.electrodes)),
                f"{f.n_flashes:,}",
                f"{100 * share:.1f} %" if share is not None else "unknown",
                str(f.n_characters or "unknown"),
                str(f.n_repetitions or "unknown"),
                f"{f.codes[0]}–{f.codes[-1]} ({len(f.codes)})" if f.codes else "unknown",
                matrix_words(one.layout),
                _interval(f.usual, f.inside),
                f"{1e3 * f.inside.std():.1f}" if len(f.inside) else NONE,
                str(int(f.irregular.sum())),
                f"{len(f.pauses)} of {f.usual_pause:.1f} s" if len(f.pauses) else "none",
            )
        )
    return Table(columns, tuple(map(Row, rows)))


def electrodes_table(inspected: Sequence[Inspected]) -> Table:
    """Return one row an electrode: medians over the recordings, and its faults in any."""
    table = _all_electrodes(inspected)
    rows = []
    for name, group in table.groupby("electrode", sort=False):
        rows.append(
            (
                str(name),
                "10-05" if group["placed"].all() else "unknown",
                f"{1e6 * group['amplitude'].median():.1f}",
                f"{1e6 * group['drift'].median():.1f}",
                _decibels(group["line_50"].median()),
                _decibels(group["line_60"].median()),
                _faults(group),
            )
        )
    columns = (
        "electrode", "position", "1–30 Hz (µV)", "drift (µV)", "50 Hz (dB)", "60 Hz (dB)", "faults",
    )  # fmt: skip
    return Table(columns, tuple(map(Row, rows)))


def separability_table(average: Responses) -> Table:
    """Return the mean signed r squared in windows of 100 ms, and the peak of each electrode."""
    import numpy as np

    starts = np.arange(0, average.times[-1], _WINDOW)
    inside = [(average.times >= t) & (average.times < t + _WINDOW) for t in starts]
    rows = []
    for name, r_squared in zip(average.electrodes, average.r_squared, strict=True):
        peak = int(np.abs(r_squared).argmax())
        rows.append(
            (
                name,
                *(f"{1e3 * r_squared[window].mean():+.1f}" for window in inside),
                f"{1e3 * r_squared[peak]:+.1f} at {1e3 * average.times[peak]:.0f} ms",
            )
        )
    columns = ("electrode", *(f"{1e3 * t:.0f}" for t in starts), "peak")
    caption = "Signed r² of single flashes, x 1000: mean in windows from ... ms, and the peak"
    return Table(columns, tuple(map(Row, rows)), caption)


def remarks(inspected: Sequence[Inspected]) -> list[str]:
    """Say in words what deserves a look: line noise, faults, irregular flashes."""
    import numpy as np

    table, lines = _all_electrodes(inspected), []
    medians = {f: table[f"line_{f}"].median() for f in (50, 60)}
    mains = max(medians, key=lambda f: np.nan_to_num(medians[f], nan=-np.inf))
    if medians[mains] > _CLEAR:
        worst = table.iloc[int(table[f"line_{mains}"].to_numpy(na_value=-np.inf).argmax())]
        lines.append(
            f"Line noise: {mains} Hz stands {medians[mains]:.0f} dB above its neighbours (median), "
            f"most at {worst['electrode']} ({worst[f'line_{mains}']:.0f} dB)"
        )
    faulty = [
        f"{name} ({_faults(group)})"
        for name, group in table.groupby("electrode", sort=False)
        if _faults(group)
    ]
    if faulty:
        lines.append(f"Bad electrodes: {', '.join(faulty)}")
    for one in inspected:
        odd = np.flatnonzero(one.flashing.irregular)
        if len(odd):
            gaps = ", ".join(f"{1e3 * one.flashing.intervals[k]:.0f} ms" for k in odd[:4])
            lines.append(
                f"Irregular flashes in {one.name}: {len(odd)} intervals far from the median, after "
                f"flash {', '.join(str(k + 1) for k in odd[:4])}{'...' if len(odd) > 4 else ''} "
                f"({gaps})"
            )
    return lines


def _all_electrodes(inspected: Sequence[Inspected]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([one.electrodes for one in inspected], ignore_index=True)


def _faults(group: pd.DataFrame) -> str:
    """Name an electrode's faults, and in how many recordings where it is not in all."""
    faulty = group.loc[group["faults"] != "", "faults"]
    words = "; ".join(dict.fromkeys(faulty))
    return f"{words} in {len(faulty)} of {len(group)}" if 0 < len(faulty) < len(group) else words


def matrix_words(layout: object) -> str:
    """Return rows and columns of a layout, or how many symbols it has."""
    shape, symbols = getattr(layout, "shape", None), getattr(layout, "symbols", ())
    if shape:
        return f"{shape[0]}x{shape[1]}"
    return f"{len(symbols)} symbols" if symbols else "unknown"


def _interval(usual: float, inside: npt.NDArray[np.float64]) -> str:
    if not len(inside):
        return NONE
    low, high = (f"{1e3 * end:.0f}" for end in (inside.min(), inside.max()))
    return f"{1e3 * usual:.0f}" + (f" ({low}–{high})" if low != high else "")


def _decibels(value: float) -> str:
    return NONE if math.isnan(value) else f"{round(value):+d}"
