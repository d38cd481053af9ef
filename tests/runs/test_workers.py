"""Folds on workers: the same scores whoever fits them, and whoever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from p300.errors import ConfigError, RunError, RunWarning
from p300.runs import RunFolder, workers
from p300.runs.config import parse_experiment
from p300.runs.runner import score_folds
from p300.runs.workers import Workers, map_folds

CONFIG = """
name: small
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 5}}
detectors: {cnn1: {max_passes: 2}, slda: {}}
protocols: {cross_subject: {}}
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    run = score_folds(parse_experiment(CONFIG), tmp_path_factory.mktemp("run") / "alone")
    return pd.read_parquet(run / "scores.parquet")


def kill_one_after_the_first_fold(find_workers):
    """Give a progress callback that kills a worker once; it tells whom."""
    killed = []

    def progress(stage, done, total):
        if stage == "fitting" and done == 1 and not killed:
            killed.append(find_workers()[0])
            os.kill(killed[0], signal.SIGKILL)

    return progress, killed


def loky_workers():
    psutil = pytest.importorskip("psutil")
    children = psutil.Process().children(recursive=True)
    found = [p for p in children if "popen_loky_posix" in " ".join(p.cmdline())]
    # Joblib keeps idle workers of earlier tests: those that fit are the youngest.
    return [p.pid for p in sorted(found, key=lambda p: p.create_time(), reverse=True)]


def test_a_killed_process_changes_no_score(alone, tmp_path):
    progress, killed = kill_one_after_the_first_fold(loky_workers)
    with pytest.warns(RunWarning, match="a worker process was killed"):
        run = score_folds(parse_experiment(CONFIG), tmp_path / "run", jobs=2, progress=progress)
    assert len(killed) == 1
    scores = pd.read_parquet(run / "scores.parquet")
    pd.testing.assert_frame_equal(scores, alone, check_exact=True)


@pytest.mark.filterwarnings("default::ResourceWarning")
def test_a_killed_worker_of_a_cluster_changes_no_score(alone, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = list(client.run(os.getpid).values())
        assert len(set(pids) - {os.getpid()}) == 2
        progress, killed = kill_one_after_the_first_fold(lambda: pids)
        run = score_folds(
            parse_experiment(CONFIG),
            tmp_path / "run",
            cluster=cluster.scheduler_address,
            progress=progress,
        )
    assert len(killed) == 1
    scores = pd.read_parquet(run / "scores.parquet")
    pd.testing.assert_frame_equal(scores, alone, check_exact=True)


def kill_myself(group, run, derived):
    os.kill(os.getpid(), signal.SIGKILL)


class Named:
    """A task of which only the name matters."""

    def __init__(self, name):
        self.id = name


@pytest.fixture
def one_by_one(monkeypatch):
    """Take tasks of which nothing but the name is known each alone."""
    monkeypatch.setattr(workers, "shares_of", lambda tasks: [])
    monkeypatch.setattr(workers, "groups_of", lambda tasks: [(task,) for task in tasks])


@pytest.mark.usefixtures("one_by_one")
def test_a_fold_that_kills_every_worker_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "run_group", kill_myself)
    with (
        pytest.warns(RunWarning, match="is done again"),
        pytest.raises(RunError, match="killed again and again over fold deadly"),
    ):
        list(map_folds([Named("deadly"), Named("next")], tmp_path, Workers(jobs=2)))


@pytest.mark.usefixtures("one_by_one")
def test_deaths_count_against_the_fold_that_ran(monkeypatch, tmp_path):
    """A worker is killed over each fold of a group once: none of them is to blame."""
    monkeypatch.setattr(workers, "groups_of", lambda tasks: [tuple(tasks), (Named("other"),)])
    monkeypatch.setattr(workers, "run_group", kill_myself_once_a_task)
    group = [Named(str(k)) for k in range(5)]
    with pytest.warns(RunWarning, match="is done again"):
        done = list(map_folds(group, tmp_path, Workers(jobs=2)))
    assert sorted(done) == ["0", "1", "2", "3", "4", "other"]


def kill_myself_once_a_task(group, run, derived):
    for task in group:
        begun = run / f"{task.id}.begun"
        if not begun.exists() and task.id != "other":
            begun.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        scored = RunFolder(run).fold_scores_file(task.id)
        scored.parent.mkdir(exist_ok=True)
        scored.touch()


def test_an_interrupt_ends_all_processes_and_leaves_a_run_that_goes_on(alone, tmp_path):
    psutil = pytest.importorskip("psutil")
    config, run = tmp_path / "small.yaml", tmp_path / "run"
    config.write_text(CONFIG)
    # Where the tests run in the background, interrupts are ignored, and so they are by a run that
    # is started there (nohup); this one is to be a run in the foreground.
    code = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from p300.__main__ import main\n"
        "main()\n"
    )
    command = ["-c", code, "evaluate", config, "--out", run, "--jobs", "2"]
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", *map(str, command)], stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not list((run / "scores").glob("[!.]*.parquet")):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "goes on where it stopped" in said
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert not (run / "metrics.json").exists()
    score_folds(parse_experiment(CONFIG), run)
    scores = pd.read_parquet(run / "scores.parquet")
    pd.testing.assert_frame_equal(scores, alone, check_exact=True)


@pytest.mark.usefixtures("one_by_one")
def test_a_cluster_that_does_not_answer_is_named(tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(RunError, match="--cluster nonsense: no Dask scheduler answers there"):
        list(map_folds([Named("a")], tmp_path, Workers(cluster="nonsense")))


@pytest.mark.usefixtures("one_by_one")
def test_workers_with_several_threads_are_refused(tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(1)
        with pytest.raises(RunError, match=r"workers with \[2\] threads found, expected one each"):
            list(map_folds([Named("a")], tmp_path, Workers(cluster=cluster.scheduler_address)))


@pytest.mark.usefixtures("one_by_one")
def test_without_dask_a_cluster_tells_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'p300\[cluster\]'"):
        list(map_folds([Named("a")], tmp_path, Workers(cluster="tcp://here:8786")))
