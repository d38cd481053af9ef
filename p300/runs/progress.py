"""What is told of a run while it goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from p300.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how much of it is done and how much there is (0: not known)."""

SECONDS_BETWEEN = 0.2
"""Seconds between two changes of what a notebook shows."""


def silent(stage: str, done: int, total: int) -> None:
    """Report no progress."""


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show a progress bar a stage: in a notebook under its cell, else on standard error.

    Standard error that is no terminal gets the bars when all is done.
    """
    if in_notebook():
        yield NotebookBars().advance
        return
    from rich.console import Console

    with terminal_bars(Console(stderr=True)) as advance:
        yield advance


@contextmanager
def terminal_bars(console: Console) -> Iterator[Progress]:
    """Show a progress bar a stage on a console."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    stages: dict[str, Any] = {}

    def advance(stage: str, done: int, total: int) -> None:
        if stage not in stages:
            for earlier in bars.tasks:  # a stage of unknown length ends when the next begins
                if earlier.total is None:
                    bars.update(earlier.id, total=earlier.completed)
            stages[stage] = bars.add_task(stage, total=total or None)
        bars.update(stages[stage], completed=done)

    with bars:
        yield advance


def in_notebook() -> bool:
    """Return whether this code runs in a kernel of Jupyter, which shows HTML and is no terminal."""
    ipython = sys.modules.get("IPython")  # who runs it has imported it
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


@dataclass
class NotebookBars:
    """Progress bars of a notebook: HTML that every front end shows, without widgets."""

    stages: dict[str, tuple[int, int]] = field(default_factory=dict)
    begun: dict[str, float] = field(default_factory=dict)
    shown: float = 0.0
    handle: Any = None

    def advance(self, stage: str, done: int, total: int) -> None:
        """Take note of progress; a :data:`Progress`."""
        now = time.monotonic()
        new = stage not in self.stages
        self.begun.setdefault(stage, now)
        self.stages[stage] = (done, total)
        if new or (total and done >= total) or now - self.shown >= SECONDS_BETWEEN:
            self.shown = now
            self._show()

    def _show(self) -> None:
        from IPython.display import HTML, display

        if self.handle is None:
            self.handle = display(HTML(self.html()), display_id=True)
        else:
            self.handle.update(HTML(self.html()))

    def html(self) -> str:
        """Return the bars; a stage of unknown length has none until the next begins."""
        now = time.monotonic()
        rows = []
        for k, (stage, (done, total)) in enumerate(self.stages.items()):
            over = total or (done if k + 1 < len(self.stages) else 0)
            bar = f'<progress value="{done}" max="{over}"></progress>' if over else "<progress>"
            of = f"{done}/{over}" if over else f"{done}"
            seconds = f"{now - self.begun[stage]:.0f} s" if k + 1 == len(self.stages) else ""
            name = escape(printable(stage))
            rows.append(f"<tr><td>{name}</td><td>{bar}</td><td>{of}</td><td>{seconds}</td></tr>")
        return f"<table>{''.join(rows)}</table>"
