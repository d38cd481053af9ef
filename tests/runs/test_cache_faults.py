"""A cache that others have changed, that killed processes left, that has no room."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from p300.errors import DataWarning, NoRoomError
from p300.files import read_json
from p300.runs import cache as cached
from p300.runs.cache import CHECKSUMS, LOCK, new_entry, remove_leftovers
from p300.runs.config import parse_experiment
from p300.runs.preparation import prepare
from p300.signal import epoch_arrays
from p300.signal.epochs import Epochs

CONFIG = """
datasets: {a: {source: simulated, n_subjects: 2, n_runs: 1, characters_per_run: 2}}
detectors: {slda: {}}
"""

pytestmark = pytest.mark.timeout(60)  # nobody waits at the end of a pipe


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache for each test."""
    monkeypatch.setenv("P300_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def prepared():
    return prepare(parse_experiment(CONFIG), data=Path()).folders["a"]


@pytest.fixture
def entry():
    return prepared()


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def no_checksums(entry):
    (entry / CHECKSUMS).write_text("{}")
    flip(entry / "X.npy")


def one_checksum(entry):
    stored = read_json(entry / CHECKSUMS)
    (entry / CHECKSUMS).write_text(json.dumps({"X.npy": stored["X.npy"]}))
    flip(entry / "averages.parquet")


def another_name(entry):
    stored = read_json(entry / CHECKSUMS)
    (entry / CHECKSUMS).write_text(json.dumps({**stored, "../../outside": stored["X.npy"]}))


def a_link(entry):
    outside = entry.parent.parent.parent / "outside"
    (entry / "X.npy").rename(outside)
    (entry / "X.npy").symlink_to(outside)


def a_pipe(entry):
    (entry / "flashes.parquet").unlink()
    os.mkfifo(entry / "flashes.parquet")


def a_pipe_of_checksums(entry):
    (entry / CHECKSUMS).unlink()
    os.mkfifo(entry / CHECKSUMS)


def checksums_without_end(entry):
    (entry / CHECKSUMS).write_text("[" * 100_000)


def checksums_that_are_a_list(entry):
    (entry / CHECKSUMS).write_text("[]")


def the_entry_is_a_link(entry):
    outside = entry.parent.parent.parent / "outside"
    entry.rename(outside)
    entry.symlink_to(outside)


def the_entry_is_a_pipe(entry):
    shutil.rmtree(entry)
    os.mkfifo(entry)


def the_group_is_a_link(entry):
    outside = entry.parent.parent.parent / "outside"
    entry.parent.rename(outside)
    entry.parent.symlink_to(outside)


CHANGES = [
    no_checksums, one_checksum, another_name, a_link, a_pipe, a_pipe_of_checksums,
    checksums_without_end, checksums_that_are_a_list, the_entry_is_a_link, the_entry_is_a_pipe,
    the_group_is_a_link,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_changed_entry_is_named_and_made_anew(entry, tmp_path, change):
    whole = np.array(Epochs.load(entry).X)
    change(entry)
    outside = tmp_path / "outside"
    before = sorted(outside.rglob("*")) if outside.is_dir() else outside.exists()
    with pytest.warns(DataWarning, match="this entry of the cache is damaged") as caught:
        assert prepared() == entry
    named = [str(w.message) for w in caught if "entry of the cache" in str(w.message)]
    assert named[0].startswith(str(entry.parent))
    np.testing.assert_array_equal(Epochs.load(entry).X, whole)
    assert not any(path.is_symlink() for path in (entry.parent, entry, *entry.iterdir()))
    # What lay outside has not been touched.
    assert (sorted(outside.rglob("*")) if outside.is_dir() else outside.exists()) == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert prepared() == entry


def test_files_that_are_not_of_an_entry_are_not_looked_at(entry):
    os.mkfifo(entry / "more")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert prepared() == entry


BUILDING = """
import time
from pathlib import Path
from p300.runs.cache import new_entry
with new_entry(Path({parent!r})) as folder:
    (folder / "X.npy").write_bytes(bytes(1000))
    print("building", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def building(entry):
    """Another process that builds an entry."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUILDING.format(parent=str(entry.parent))],
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert process.stdout.readline() == b"building\n"
    yield process
    process.kill()
    process.communicate()


def half_built(entry):
    return [path for path in entry.parent.iterdir() if path.name.startswith(".")]


def test_what_a_killed_process_left_is_removed_by_the_next_start(entry, building):
    assert len(half_built(entry)) == 1
    building.send_signal(signal.SIGKILL)
    building.wait()
    prepared()
    assert half_built(entry) == []


def test_what_another_process_builds_stays(entry, building):
    there = half_built(entry)
    for folder in (*there, there[0] / LOCK):
        os.utime(folder, (0, 0))  # however long it takes
    prepared()
    assert half_built(entry) == there


def test_a_folder_without_a_lock_is_removed_a_day_later(entry):
    for name, age in ((".00000000.tmp", 25 * 3600), (".11111111.tmp", 3600)):
        folder = entry.parent / name
        folder.mkdir()
        os.utime(folder, (time.time() - age,) * 2)
    (entry.parent / ".mine").mkdir()
    remove_leftovers()
    assert sorted(p.name for p in half_built(entry)) == [".11111111.tmp", ".mine"]
    assert entry.is_dir()


def test_a_builder_whose_folder_was_taken_away_takes_another(tmp_path, monkeypatch):
    """Between the making of a folder and of its lock another process may have removed both."""
    open_file, taken = os.open, []

    def slow(file, *args, **kwargs):
        opened = open_file(file, *args, **kwargs)
        if Path(file).name == LOCK and not taken:
            taken.append(Path(file).parent)
            shutil.rmtree(taken[0])
        return opened

    monkeypatch.setattr(cached.os, "open", slow)
    with new_entry(tmp_path) as folder:
        assert folder.is_dir()
        assert taken
        assert folder not in taken


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


WRITERS = ["np.save", "Path.write_text", "pd.DataFrame.to_parquet", "writing_epochs"]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_names_the_cache_and_what_is_needed(cache, monkeypatch, writer):
    if writer == "writing_epochs":
        monkeypatch.setattr("p300.runs.dataset_epochs.writing_epochs", full)
    else:
        owner = {"np": "numpy", "Path": "pathlib.Path", "pd": "pandas"}[writer.split(".")[0]]
        monkeypatch.setattr(f"{owner}.{writer.split('.', 1)[1]}", full)
    with pytest.raises(NoRoomError, match="MB are needed at least") as caught:
        prepared()
    said = str(caught.value)
    assert said.startswith(f"{cache}: no room for epochs in the cache, ")
    assert "P300_CACHE" in said
    assert "0.0 MB are needed" not in said or writer != "np.save"
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_epochs_on_disk_take_their_room_first(cache, monkeypatch):
    monkeypatch.setattr(epoch_arrays, "IN_MEMORY", 1000)
    assert epoch_arrays.empty_epochs(10, 8, 100).shape == (10, 8, 100)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(NoRoomError, match=r"0\.0 MB are needed at least.*P300_CACHE"):
        epoch_arrays.empty_epochs(10, 8, 100)


def test_a_file_system_that_cannot_take_room_first(cache, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(epoch_arrays, "IN_MEMORY", 1000)
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert epoch_arrays.empty_epochs(10, 8, 100).shape == (10, 8, 100)
