"""Spoil what is stored in a thousand ways: it works with finite scores, or an error names it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random

from campaigns.stored_mutations import spoil
from campaigns.stored_specimens import Specimen, make_specimens
from campaigns.tried import MIB, Tried, outcome_of

MEMORY = 800 * MIB
"""Bytes that using something stored may take beyond what the imports have."""

SECONDS = 60


def stored_files(place: Path, seed: int, tries: Iterable[int]) -> Iterator[Tried]:
    """Yield what came of spoilt detectors, epochs and runs."""
    os.environ["P300_CACHE"] = str(place / "cache")
    yield from spoilt_copies(list(make_specimens(place)), seed, tries)


def spoilt_copies(
    specimens: Sequence[Specimen], seed: int, tries: Iterable[int], seconds: int = SECONDS
) -> Iterator[Tried]:
    """Yield what came of spoilt copies of specimens, in turn."""
    for k in tries:
        random, specimen = Random(f"{seed}-{k}"), specimens[k % len(specimens)]
        use = random.choice(sorted(specimen.uses))
        with tempfile.TemporaryDirectory() as place:
            folder, outside = Path(place) / "stored", Path(place) / "outside"
            outside.mkdir()
            shutil.copytree(specimen.folder, folder)
            spoilt = spoil(folder, random, outside)
            before = listed(outside)
            found = outcome_of(
                lambda use=specimen.uses[use], folder=folder: use(folder),
                seconds=seconds,
                memory=MEMORY,
            )
            if listed(outside) != before:
                found = "written outside"
        yield Tried(k, f"{specimen.name}, {use}: {spoilt}", found)


def listed(folder: Path) -> list[tuple[str, int]]:
    """Tell the files of a folder and when each was changed."""
    return sorted((str(f), f.lstat().st_mtime_ns) for f in folder.rglob("*"))
