"""What the commands print: tables, letters, progress."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from p300.commands.tables import output, print_table, wrapped
from p300.commands.telling import Telling, lines_shown, telling
from p300.errors import printable
from p300.showing import shown_by

if TYPE_CHECKING:
    from pathlib import Path

    from p300.parameters import Parameter
    from p300.report.comparison import Comparison
    from p300.runs import RunFolder
    from p300.runs.config import Experiment
    from p300.runs.progress import Progress
    from p300.speller import Decision


def print_letters(spelled: Iterable[Decision]) -> list[Decision]:
    """Print letters as they are decided and what they read as at the end; return them."""
    decisions: list[Decision] = []
    for decision in spelled:
        print_letter(decision, decisions[-1] if decisions else None)
        decisions.append(decision)
    say("")
    _print_read_again(decisions)
    return decisions


def print_letter(decision: Decision, before: Decision | None) -> None:
    """Print one letter with its posterior and the repetitions it took; a heading for each run."""
    from rich.markup import escape

    console = output()
    run = (decision.dataset, decision.subject, decision.session, decision.run)
    if before is None or run != (before.dataset, before.subject, before.session, before.run):
        dataset, subject, session, name = run
        heading = printable(f"\n{dataset}/sub-{subject}/ses-{session}/run-{name}")
        console.print(heading, style="bold", markup=False, emoji=False)
    truth = decision.true_symbol
    colour = "default" if truth is None else "green" if truth == decision.symbol else "red"
    console.print(
        f"  [bold {colour}]{escape(printable(decision.symbol or '(nothing)'))}[/]  "
        f"p = {decision.posterior:.3f} after {decision.repetitions} repetitions"
        + (", forced: no more were shown" if decision.forced else "")
        + (
            f", meant {escape(printable(truth or 'nothing'))}"
            if truth not in (None, decision.symbol)
            else ""
        )
    )


def _print_read_again(decisions: Sequence[Decision]) -> None:
    """Print the text of each run as spelled and as read at the end, where they differ."""
    texts: dict[tuple[str, str, str, str], tuple[list[str], list[str]]] = {}
    for one in decisions:
        spelled, read = texts.setdefault((one.dataset, one.subject, one.session, one.run), ([], []))
        spelled.append(one.symbol)
        read.append(one.symbol if one.post_hoc is None else one.post_hoc)
    for (dataset, subject, session, run), (spelled, read) in texts.items():
        if read != spelled:
            between = " " if max(map(len, spelled + read)) > 1 else ""
            say(f"{dataset}/sub-{subject}/ses-{session}/run-{run}")
            say(f"  as spelled (instant):           {between.join(spelled)}")
            say(f"  as read at the end (post-hoc):  {between.join(read)}\n")


def print_means(folder: RunFolder) -> None:
    """Print the few numbers that matter: mean ROC-AUC and balanced accuracy with intervals."""
    from p300.columns import label_protocols
    from p300.evaluation.intervals import FEWEST
    from p300.evaluation.metrics import HEADLINE, METRICS

    metrics = label_protocols(folder.metrics())
    shown = (HEADLINE, METRICS["balanced_accuracy"])
    means = metrics[metrics["subject"] == "mean"]
    means = means[means["metric"].isin([metric.name for metric in shown])]
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in means.to_dict("records"):
        key = (row["dataset"], row["protocol"], row["detector"])
        text = f"{row['value']:.3f}"
        if not math.isnan(row["low"]):
            text += f" [{row['low']:.3f}, {row['high']:.3f}]"
        lines.setdefault(key, {"n": str(row["n"])})[row["metric"]] = text
    print_table(
        ["data set", "protocol", "detector", "subjects", *(f"{m.title} [95 %]" for m in shown)],
        [[*key, m["n"], *(m[metric.name] for metric in shown)] for key, m in lines.items()],
    )
    if means["low"].isna().any():
        say(f"No 95 % interval below {FEWEST} subjects.")


def print_comparison(comparison: Comparison) -> None:
    """Print the differences of detectors, also over all data sets, and what to keep in mind."""
    from p300.report.sections import comparison as parts

    say(f"{parts.figure_name(comparison.figure)}, differences over subjects")
    print_table(
        ["data set", "protocol", *(name.lower() for name in parts.COLUMNS)],
        [
            [row["dataset"], row["protocol"], *parts.comparison_cells(row)]
            for row in comparison.table.to_dict("records")
        ],
    )
    if len(comparison.combined):
        say("\nAll data sets together (Stouffer)")
        print_table(
            [name.lower() for name in parts.COMBINED],
            [parts.combined_cells(row) for row in comparison.combined.to_dict("records")],
        )
    for note in comparison.notes:
        say(f"Note: {note}")


def print_plan(experiment: Experiment, data: Path) -> None:
    """Print the resolved config and the folds of an experiment."""
    from p300.runs.plan import preview

    say(experiment.to_yaml())
    tasks = preview(experiment, data)
    rows = [
        [task.dataset, task.protocol_label, task.fold.name, task.detector,
         str(len(task.fold.train)), str(len(task.fold.test))]
        for task in tasks
    ]  # fmt: skip
    print_table(["data set", "protocol", "fold", "detector", "train", "test"], rows)
    say(f"{len(tasks)} folds to fit.")


def print_parameters(parameters: Iterable[Parameter]) -> None:
    """Print each parameter with its default and range, and below it what it is for."""
    for each in parameters:
        default = "" if each.is_required else f" = {each.default!r}"
        say(wrapped(f"{each.name}{default}  ({each.values})", indent="      ", first="  "))
        if each.sentence:
            say(wrapped(each.sentence, indent="      "))


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show a progress bar a stage on a terminal's standard error, and warnings above it.

    A quiet command has the warnings alone, a verbose one also the lines of the log.
    """
    from rich.console import Console

    from p300.runs.progress import silent, terminal_bars

    if telling() is Telling.QUIET:
        yield silent
        return
    console = Console(stderr=True)

    def show(line: str) -> None:
        console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def show_plainly(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    with shown_by(show), lines_shown(show_plainly), terminal_bars(console) as advance:
        yield advance


def note(text: str) -> None:
    """Say on standard error what is good to know; a quiet command does not."""
    if telling() is not Telling.QUIET:
        say(text, err=True)


def say(text: str = "", colour: str | None = None, *, err: bool = False) -> None:
    """Print text; what a terminal would act upon in it is shown as escapes."""
    typer.secho(printable(text), fg=colour, err=err)
