"""What the commands about recordings print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from p300.commands.inspected_tables import (
    NO_TARGETS,
    electrodes_table,
    flashing_table,
    matrix_words,
    remarks,
    separability_table,
)
from p300.commands.tables import print_table
from p300.commands.terminal import say
from p300.report.prose import NONE

if TYPE_CHECKING:
    from p300.commands.inspect_recording import Inspected
    from p300.commands.survey import Survey, Surveyed
    from p300.signal.separability import Responses


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
        matrix_words(one.layout),
        f"{interval:.0f}" if np.isfinite(interval) else NONE,
    ]


def print_inspected(inspected: Sequence[Inspected], average: Responses | None) -> None:
    """Print recordings, electrodes and separability, and in words what deserves a look."""
    tables = [flashing_table(inspected), electrodes_table(inspected)]
    if average is not None:
        tables.append(separability_table(average))
    for k, table in enumerate(tables):
        if k:
            say("")
        if table.caption:
            say(table.caption)
        print_table(list(table.columns), [list(row.cells) for row in table.rows])
    if average is None:
        say(f"\n{NO_TARGETS}")
    for line in remarks(inspected):
        say(line, "yellow")


def _span(values: Iterable[float]) -> str:
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"
