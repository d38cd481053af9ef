"""What the commands about recordings print."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from p300.commands.tables import print_table
from p300.commands.terminal import say

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from p300.commands.inspect_recording import Inspected
    from p300.commands.survey import Survey, Surveyed
    from p300.signal.separability import Responses

_NOTHING = "–"
_WINDOW = 0.1
_CLEAR = 3.0


def print_surveys(surveys: Sequence[Survey]) -> None:
    """Print what was recognised: one row a data set, then what deserves a look."""
    columns = [
        "data set", "source", "subjects", "sessions", "recordings", "minutes", "electrodes", "Hz",
        "flashes", "targets", "characters", "codes", "matrix", "onset (ms)",
    ]  # fmt: skip
    print_table(columns, [_survey_cells(one) for one in surveys])
    for one in surveys:
        say(f"\n{one.found.name}: {', '.join(map(str, one.found.paths))}")
        names = list(dict.fromkeys(n for row in one.recordings["electrodes"] for n in row))
        say(f"  electrodes: {', '.join(names)}")
        unplaced = {name for row in one.recordings["unplaced"] for name in row}
        if unplaced:
            say(f"  no known positions: {', '.join(n for n in names if n in unplaced)}")
        bad = [name for row in one.recordings["bad"] for name in row]
        if bad:
            counted = ", ".join(f"{n} ({bad.count(n)})" for n in dict.fromkeys(bad))
            say(f"  bad, by the file or its signal, in recordings: {counted}")
        subjects = one.recordings.groupby("subject", sort=False).size()
        say("  recordings: " + ", ".join(f"{name} ({n})" for name, n in subjects.items()))
        for key, value in one.found.options.items():
            said = "guessed" if key in one.found.guessed else "given"
            say(f"  {said}: {key} = {value!r}", "yellow" if said == "guessed" else None)
        if one.found.others:
            say(f"  could also be read as: {', '.join(one.found.others)}")
        for warning in one.warnings:
            say(f"  Warning: {warning}", "yellow")


def print_unread(found: Surveyed) -> None:
    """Print the data sets and files that are in no config: why, and the command that goes on."""
    for name, reason in found.failed.items():
        say(f"\nNot in the config: data set {name}: {reason}", "red")
    for one in found.unread:
        say(f"\nNot in the config: {one.reason}", "yellow")
        if one.command:
            say(f"  go on: {one.command}")
    if found.others:
        held = ", ".join(f"{n} {kind}" for kind, n in found.others.most_common(6))
        say(f"\nNot in the config: {held}, no formats known here")


def _survey_cells(one: Survey) -> list[str]:
    import numpy as np

    table, flashes = one.recordings, one.flashes
    known = flashes["target"].dropna().astype(bool)
    runs = flashes.groupby(["subject", "session", "run"], sort=False)["onset"]
    interval = 1e3 * float(runs.diff().median())
    counts = {len(names) for names in table["electrodes"]}
    characters = flashes.groupby(["subject", "session", "run"])["character"].nunique().sum()
    sessions = table.groupby("subject")["session"].nunique()
    coded = flashes["code"].notna()
    return [
        one.found.name,
        one.found.source,
        str(table["subject"].nunique()),
        _span(sessions),
        str(len(table)),
        f"{table['seconds'].sum() / 60:.1f}",
        _span(counts),
        _span(table["sfreq"]),
        f"{len(flashes):,}",
        f"{100 * known.mean():.1f} %" if len(known) else "unknown",
        str(characters) if characters else "unknown",
        "all" if coded.all() else "some" if coded.any() else "unknown",
        _matrix(one.layout),
        f"{interval:.0f}" if np.isfinite(interval) else _NOTHING,
    ]


def print_inspected(inspected: Sequence[Inspected], average: Responses | None) -> None:
    """Print recordings, electrodes and separability, and in words what deserves a look."""
    _print_flashing(inspected)
    say("")
    _print_electrodes(inspected)
    if average is None:
        say("\nNo targets are known: no averages, no separability.")
    else:
        say("")
        _print_separability(average)
    for line in _remarks(inspected):
        say(line, "yellow")


def _print_flashing(inspected: Sequence[Inspected]) -> None:
    columns = [
        "recording", "s", "Hz", "electrodes", "flashes", "targets", "characters", "repetitions",
        "codes", "matrix", "onset (ms)", "jitter", "irregular", "pauses",
    ]  # fmt: skip
    rows = []
    for one in inspected:
        f = one.flashing
        share = f.target_share
        rows.append(
            [
                one.name,
                f"{one.seconds:.0f}",
                f"{one.sfreq:g}",
                str(len(one.electrodes)),
                f"{f.n_flashes:,}",
                f"{100 * share:.1f} %" if share is not None else "unknown",
                str(f.n_characters or "unknown"),
                str(f.n_repetitions or "unknown"),
                f"{f.codes[0]}–{f.codes[-1]} ({len(f.codes)})" if f.codes else "unknown",
                _matrix(one.layout),
                _interval(f.usual, f.inside),
                f"{1e3 * f.inside.std():.1f}" if len(f.inside) else _NOTHING,
                str(int(f.irregular.sum())),
                f"{len(f.pauses)} of {f.usual_pause:.1f} s" if len(f.pauses) else "none",
            ]
        )
    print_table(columns, rows)


def _print_electrodes(inspected: Sequence[Inspected]) -> None:
    """Print one row an electrode: medians over the recordings, and its faults in any."""
    table = _all_electrodes(inspected)
    rows = []
    for name, group in table.groupby("electrode", sort=False):
        rows.append(
            [
                str(name),
                "10-05" if group["placed"].all() else "unknown",
                f"{1e6 * group['amplitude'].median():.1f}",
                f"{1e6 * group['drift'].median():.1f}",
                _decibels(group["line_50"].median()),
                _decibels(group["line_60"].median()),
                _faults(group),
            ]
        )
    print_table(
        [
            "electrode",
            "position",
            "1–30 Hz (µV)",
            "drift (µV)",
            "50 Hz (dB)",
            "60 Hz (dB)",
            "faults",
        ],
        rows,
    )


def _print_separability(average: Responses) -> None:
    """Print the mean signed r squared in windows of 100 ms, and the peak of each electrode."""
    import numpy as np

    starts = np.arange(0, average.times[-1], _WINDOW)
    inside = [(average.times >= t) & (average.times < t + _WINDOW) for t in starts]
    say("Signed r² of single flashes, x 1000: mean in windows from ... ms, and the peak")
    rows = []
    for name, r_squared in zip(average.electrodes, average.r_squared, strict=True):
        peak = int(np.abs(r_squared).argmax())
        rows.append(
            [
                name,
                *(f"{1e3 * r_squared[window].mean():+.1f}" for window in inside),
                f"{1e3 * r_squared[peak]:+.1f} at {1e3 * average.times[peak]:.0f} ms",
            ]
        )
    print_table(["electrode", *(f"{1e3 * t:.0f}" for t in starts), "peak"], rows)


def _remarks(inspected: Sequence[Inspected]) -> list[str]:
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


def _matrix(layout: object) -> str:
    shape, symbols = getattr(layout, "shape", None), getattr(layout, "symbols", ())
    if shape:
        return f"{shape[0]}x{shape[1]}"
    return f"{len(symbols)} symbols" if symbols else "unknown"


def _interval(usual: float, inside: npt.NDArray[np.float64]) -> str:
    if not len(inside):
        return _NOTHING
    low, high = (f"{1e3 * end:.0f}" for end in (inside.min(), inside.max()))
    return f"{1e3 * usual:.0f}" + (f" ({low}–{high})" if low != high else "")


def _span(values: Iterable[float]) -> str:
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"


def _decibels(value: float) -> str:
    return _NOTHING if math.isnan(value) else f"{round(value):+d}"
