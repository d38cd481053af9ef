"""Short campaigns of runs that are killed, or find their disk full."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from campaigns import cluster as cluster_module
from campaigns import full_disk as disk_module
from campaigns import kills as kills_module
from campaigns.small_run import Expected, SmallRun, difference, results, shortcomings

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc"),
]


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    place = tmp_path_factory.mktemp("undisturbed")
    small, began = SmallRun(place, place / "run", place / "cache"), time.monotonic()
    assert small.finish("run", "--jobs", "1") == ""
    return small, Expected(*results(small.run), time.monotonic() - began)


@pytest.fixture(autouse=True)
def once(usual, monkeypatch):
    """Let the campaigns share one undisturbed run."""
    for module in (cluster_module, disk_module, kills_module):
        monkeypatch.setattr(module, "undisturbed", lambda *_: usual)


@pytest.mark.slow
def test_a_killed_run_is_as_one_that_was_not(tmp_path):
    (one,) = kills_module.kills(tmp_path, 1, [0])
    assert "kill at" in one.what
    assert one.outcome == "worked"


@pytest.mark.slow
def test_a_full_disk_is_told_and_with_room_the_run_ends(tmp_path):
    (one,) = disk_module.full_disk(tmp_path, 5, [0])
    assert one.left_out or one.outcome == "refused", one


@pytest.mark.slow
def test_what_is_not_as_it_was_is_told(usual, tmp_path):
    small, expected = usual
    assert difference(small.run, expected) == ""
    assert shortcomings(small, expected, report=True) == ""
    scores, metrics = results(small.run)
    other = Expected(scores.assign(score=scores["score"] + 1e-12), metrics, 1.0)
    assert difference(small.run, other) == "other scores"
    assert difference(small.run, Expected(scores, metrics[1:], 1.0)) == "other metrics"
    left = small.run / "scores" / ".a.parquet.0a1b2c3d.tmp.parquet"
    left.touch()
    report = small.run / "report.html"
    page = report.read_bytes()
    report.write_bytes(page[:-200])
    assert (
        shortcomings(small, expected, report=True) == f"no whole report; left behind: {left.name}"
    )
    left.unlink()
    report.write_bytes(page)


def test_a_run_that_fails_or_says_too_much_is_told(tmp_path, monkeypatch):
    small = SmallRun(tmp_path, tmp_path / "run", tmp_path / "cache")
    tmp_path.joinpath("run").mkdir()
    tmp_path.joinpath("run", "mine.txt").touch()
    assert "evaluate ended with 1: Error: " in small.finish("evaluate")
    assert kills_module._manners(small, "terminate", 1).startswith("ended with 1 (terminate), said")
    assert kills_module._manners(small, "terminate", 143).startswith("ended with 143")
    small._said.write_text(f"{kills_module.TERMINATED}\n", encoding="utf-8")
    assert kills_module._manners(small, "terminate", 143) == ""
    assert kills_module._manners(small, "kill", -9) == ""
    assert kills_module._manners(small, "kill a worker", 1)


@pytest.mark.slow
def test_a_cluster_that_fails_is_told(tmp_path, monkeypatch):
    lost = SimpleNamespace(
        scheduler=SimpleNamespace(address="nonsense"),
        wait_for_workers=lambda _: None,
        run=lambda _: {"worker": 2**30},
    )
    monkeypatch.setattr(cluster_module, "_client", lambda: contextlib.nullcontext(lost))
    monkeypatch.setattr(cluster_module, "undisturbed", _long)
    (one,) = cluster_module.cluster(tmp_path, 1, [0])
    assert one.outcome.startswith("ended with 1 after a worker was killed, said [")
    assert "no Dask scheduler answers there" in one.outcome


def _long(place, *_):
    return SmallRun(place, place / "run", place / "cache"), Expected(None, (), 1000.0)


def test_without_dask_clusters_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr(cluster_module.importlib.util, "find_spec", lambda _: None)
    (one,) = cluster_module.cluster(tmp_path, 1, range(5))
    assert one.outcome == "left out: distributed is not installed"


def test_without_the_right_to_mount_disks_are_left_out(tmp_path, monkeypatch):
    def refused(*_):
        raise PermissionError("mount")

    monkeypatch.setattr(disk_module, "_mount", refused)
    (one,) = disk_module.full_disk(tmp_path, 1, range(5))
    assert one.outcome == "left out: no right to mount a tmpfs"
    assert list(tmp_path.iterdir()) == []
