"""Conduct campaigns, each in a process of its own: one that dies or hangs is a finding, too."""

from __future__ import annotations

import importlib
import itertools
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from campaigns.tried import Tried

CAMPAIGNS = {
    "stored files": ("campaigns.stored_files:stored_files", 4),
    "loaders": ("campaigns.loaders:loaders", 5),
    "hostile configs": ("campaigns.hostile_configs:hostile_configs", 3),
    "kills": ("campaigns.kills:kills", 8),
    "cluster": ("campaigns.cluster:cluster", 4),
    "full disk": ("campaigns.full_disk:full_disk", 6),
}
"""Name -> module and function, and its share of the minutes."""

SILENCE = 900.0
"""Seconds without a word after which a campaign hangs; each has shorter bounds of its own."""

GRACE = 30.0
_END = None


def conducted(
    name: str,
    seed: int,
    seconds: float,
    *,
    tries: Iterable[int] | None = None,
    campaigns: Mapping[str, tuple[str, int]] = CAMPAIGNS,
    silence: float = SILENCE,
) -> Iterator[Tried]:
    """Yield what comes of a campaign until its time is over, or of given tries."""
    where, numbers, first = campaigns[name][0], tries, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        given = itertools.count(first) if numbers is None else [k for k in numbers if k >= first]
        if given == []:
            return
        last = first - 1
        with _at_work(where, seed, given) as news:
            for one in _heard(news, until, silence):
                if isinstance(one, Tried):
                    last = one.number
                    yield one
                elif one is _END:
                    return
                else:
                    yield Tried(last + 1, "(seed and number tell what)", one)
                    if last < first:  # nothing was tried, and nothing will be
                        return
                    first = last + 2


def _heard(news: Connection, until: float, silence: float) -> Iterator[Tried | str | None]:
    """Yield what a process tells, that it is at its end, or what became of it."""
    while time.monotonic() < until:
        if not news.poll(silence):
            yield f"silent for {silence:.0f} s"
            return
        try:
            one = news.recv()
        except EOFError:
            yield "the process died"
            return
        yield one
        if isinstance(one, str):
            return
    yield _END


@contextmanager
def _at_work(where: str, seed: int, tries: Iterable[int]) -> Iterator[Connection]:
    """Let a process carry out tries; it is told to end, and has time to clear up."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as place:
        given = (where, seed, tries, place, sender, sys.path)
        process = context.Process(target=_carry_out, args=given)
        process.start()
        sender.close()
        try:
            yield receiver
        finally:
            process.terminate()
            process.join(GRACE)
            process.kill()
            process.join()
            receiver.close()


def _carry_out(
    where: str, seed: int, tries: Iterable[int], place: str, news: Connection, path: Sequence[str]
) -> None:
    """Carry out tries and tell what came of each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # left to the parent, which ends this process
    signal.signal(signal.SIGTERM, _end)
    sys.path[:] = path
    os.environ["P300_CACHE"] = str(Path(place) / "own-cache")
    module, _, function = where.partition(":")
    campaign: Any = getattr(importlib.import_module(module), function)
    try:
        for one in campaign(Path(place), seed, tries):
            news.send(one)
        news.send(_END)
    except Exception as error:
        news.send(f"the campaign itself: {type(error).__name__}: {error}")


def _end(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: clearing up is not to be interrupted
    raise SystemExit(0)
