"""Disks that fill up at any moment: an error that says so, and with more room the same scores."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from campaigns.small_run import PATIENCE, SmallRun, shortcomings, undisturbed
from campaigns.tried import Tried
from sessions import all_end

KIB = 1024
SMALLEST, ROOM = 32 * KIB, 64 * KIB * KIB


def full_disk(place: Path, seed: int, tries: Iterable[int]) -> Iterator[Tried]:
    """Yield what came of runs on disks that were too small, and were enlarged."""
    if why := _no_mount():
        yield Tried(0, "tmpfs", f"left out: {why}")
        return
    usual, expected = undisturbed(place / "undisturbed")
    sizes = {"cache": size(usual.cache), "run": size(usual.run)}
    sizes["report"] = sizes["run"]
    sizes["cache and run"] = sizes["cache"] + sizes["run"]
    for k in tries:
        random = Random(f"{seed}-{k}")
        full = sorted(sizes)[k % len(sizes)]
        needed = int(random.uniform(0, 1.1) * sizes[full])
        jobs = random.choice(["1", "2"])
        with _disk(place / "disk", SMALLEST + needed) as disk:
            small = _on_disk(place / "small", disk, full, usual)
            if full == "report":
                _evaluated(usual.run, small.run, disk, random)
            wrong = _tried(small, jobs)
            said = "" if not small.said() else small.said()[-1][:100]
            _enlarge(disk, ROOM)
            refused = bool(said)
            wrong = wrong or small.finish("run", "--jobs", jobs)
            wrong = wrong or shortcomings(small, expected, report=True)
        what = f"{full} on a disk of {SMALLEST + needed} bytes, --jobs {jobs} ({said})"
        yield Tried(k, what, wrong or ("refused" if refused else "worked"))
        shutil.rmtree(small.folder)


def size(folder: Path) -> int:
    """Give the bytes that the files of a folder take on a disk."""
    return sum(-(-f.stat().st_size // 4096) * 4096 for f in folder.rglob("*") if f.is_file())


def _on_disk(folder: Path, disk: Path, full: str, usual: SmallRun) -> SmallRun:
    """Give places for a run of which some are on a disk; what is not is of the undisturbed run."""
    run = folder / "run" if full == "cache" else disk / "run"
    cache = usual.cache if full in ("run", "report") else disk / "cache"
    return SmallRun(folder, run, cache)


def _evaluated(whole: Path, run: Path, disk: Path, random: Random) -> None:
    """Put a run without its report on a disk that then has room for a part of it."""
    _enlarge(disk, ROOM)
    shutil.copytree(whole, run, ignore=shutil.ignore_patterns("report.html", "figures"))
    _enlarge(disk, SMALLEST + size(run) + int(random.uniform(0, 1.1) * (size(whole) - size(run))))


def _tried(small: SmallRun, jobs: str) -> str:
    """Start a run that may find the disk full; tell what was wrong with how it ended."""
    with small.started("run", "--jobs", jobs) as process:
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return "hangs on a full disk"
        if not all_end(process.pid):
            return "processes are left"
    said = small.said()
    errors = [line for line in said if line.startswith("Error: ")]
    if status == 0 and not errors:
        return ""
    if status != 1 or len(errors) != 1 or any("Traceback" in line for line in said):
        return f"ended with {status}, said {said[-4:]}"
    return ""


@contextmanager
def _disk(place: Path, size: int) -> Iterator[Path]:
    """Give a small disk of its own."""
    place.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
        place.rmdir()


def _enlarge(disk: Path, size: int) -> None:
    _mount("-o", f"remount,size={size}", str(disk))


def _mount(*how: str) -> None:
    subprocess.run(["mount", *how], check=True, capture_output=True)


def _no_mount() -> str:
    """Tell why no disk can be mounted."""
    try:
        with tempfile.TemporaryDirectory() as place, _disk(Path(place) / "disk", SMALLEST):
            return ""
    except (OSError, subprocess.CalledProcessError):
        return "no right to mount a tmpfs"
