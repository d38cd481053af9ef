"""Spoil what is stored in a thousand ways: it works with finite scores, or an error names it.

``P300_CACHE=$(mktemp -d) PYTHONPATH=tests python -m campaigns.stored_files --seed 1 --minutes 10``
"""

from __future__ import annotations

import argparse
import resource
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from campaigns.stored_mutations import spoil
from campaigns.stored_specimens import Specimen, make_specimens

from p300.errors import P300Error

MOST_MEMORY = 800 * 2**20
"""Bytes that using something stored may take beyond what the imports have."""

LONGEST_MESSAGE = 2000


class OutOfTime(BaseException):
    """No handler of errors takes it for one."""


@dataclass(frozen=True)
class Tried:
    """What came of using something that was spoilt."""

    specimen: str
    use: str
    spoilt: str
    outcome: str
    """``worked``, ``refused``, or what went wrong."""

    @property
    def held(self) -> bool:
        return self.outcome in ("worked", "refused")


@contextmanager
def bounds(seconds: int) -> Iterator[None]:
    """Let the block have so much time, and :data:`MOST_MEMORY`."""

    def stop(*_: object) -> None:
        raise OutOfTime

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY, hard))
    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def outcome(specimen: Specimen, use: str, folder: Path, seconds: int) -> str:
    """Use what was spoilt."""
    try:
        with bounds(seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers = np.asarray(specimen.uses[use](folder), dtype=np.float64)
    except P300Error as error:
        return _manners(error)
    except OutOfTime:
        return f"more than {seconds} s"
    except Exception as error:
        where = [Path(frame.filename).name for frame in traceback.extract_tb(error.__traceback__)]
        return f"{type(error).__name__} in {' < '.join(reversed(where[-4:]))}: {str(error)[:80]}"
    return "worked" if np.isfinite(numbers).all() else "not finite"


def _manners(error: BaseException) -> str:
    """Refuse messages that nobody can read, and errors that come from memory that ran out."""
    message = str(error)
    if (
        not ((message and message.isprintable()) or "\n" in message)
        or len(message) > LONGEST_MESSAGE
    ):
        return f"message {message[:80]!r}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return f"out of memory: {message[:120]}"
        cause = cause.__cause__ or cause.__context__
    return "refused"


def campaign(
    specimens: Sequence[Specimen],
    seed: int,
    *,
    tries: int | None = None,
    minutes: float | None = None,
    seconds: int = 60,
) -> Iterator[Tried]:
    """Yield what came of spoilt copies of specimens, in turn, until tries or minutes are up."""
    started, k = time.monotonic(), 0
    while k != tries and (minutes is None or time.monotonic() - started < 60 * minutes):
        random, specimen = Random(f"{seed}-{k}"), specimens[k % len(specimens)]
        use = random.choice(sorted(specimen.uses))
        with tempfile.TemporaryDirectory() as place:
            folder, outside = Path(place) / "stored", Path(place) / "outside"
            outside.mkdir()
            shutil.copytree(specimen.folder, folder)
            spoilt = spoil(folder, random, outside)
            before = listed(outside)
            found = outcome(specimen, use, folder, seconds)
            if listed(outside) != before:
                found = "written outside"
        yield Tried(specimen.name, use, f"{seed}-{k} {spoilt}", found)
        k += 1


def listed(folder: Path) -> list[tuple[str, int]]:
    """Tell the files of a folder and when each was changed."""
    return sorted((str(f), f.lstat().st_mtime_ns) for f in folder.rglob("*"))


def tell(tried: Sequence[Tried]) -> str:
    """Return the table of tried, held, failed, and what failed."""
    rows = Counter((t.specimen, t.use) for t in tried)
    lines = ["| stored | use | tried | worked | refused | failed |", "|---|---|---|---|---|---|"]
    for specimen, use in sorted(rows):
        own = [t.outcome for t in tried if (t.specimen, t.use) == (specimen, use)]
        worked, refused = own.count("worked"), own.count("refused")
        failed = len(own) - worked - refused
        lines.append(f"| {specimen} | {use} | {len(own)} | {worked} | {refused} | {failed} |")
    lines += [f"{t.specimen}, {t.use}: {t.spoilt}: {t.outcome}" for t in tried if not t.held]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        tried = []
        for one in campaign(list(make_specimens(Path(place))), given.seed, minutes=given.minutes):
            tried.append(one)
            if not one.held:
                print(f"{one.specimen}, {one.use}: {one.spoilt}: {one.outcome}", flush=True)
        print(tell(tried))


if __name__ == "__main__":
    main()
