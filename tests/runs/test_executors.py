"""Folds by somebody else's executor: the same scores, its end is its owner's, no threads."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import pytest

from p300 import run_experiment
from p300.errors import ConfigError, RunError
from p300.runs import RunFolder
from p300.runs.config import parse_experiment
from p300.runs.executors import ExecutorWorkers
from p300.runs.runner import score_folds
from p300.runs.workers import Workers

CONFIG = """
name: small
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 5}}
detectors: {slda: {}}
protocols: {cross_subject: {}}
spelling: {dynamic: false}
"""
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


def two_processes():
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


def shout(word):
    return word.upper()


def die(_):
    os._exit(1)


def fail(word):
    raise ValueError(word)


def test_a_pool_of_processes_gives_the_same_scores_and_goes_on(tmp_path):
    experiment = parse_experiment(CONFIG)
    alone = pd.read_parquet(score_folds(experiment, tmp_path / "alone") / "scores.parquet")
    with two_processes() as executor:
        report = run_experiment(experiment, tmp_path / "run", executor=executor)
        assert executor.submit(shout, "a").result() == "A"
    assert report.is_file()
    scores = pd.read_parquet(tmp_path / "run" / "scores.parquet")
    pd.testing.assert_frame_equal(scores, alone, check_exact=True)
    assert RunFolder(tmp_path / "run").manifest()["jobs"] == "ProcessPoolExecutor"


def test_results_come_with_the_position_of_their_call():
    with two_processes() as executor:
        done = dict(ExecutorWorkers(executor).done(shout, [("a",), ("b",), ("c",)]))
    assert done == {0: "A", 1: "B", 2: "C"}


def test_dead_workers_are_told_of():
    with (
        two_processes() as executor,
        pytest.raises(RunError, match=r"ProcessPoolExecutor died.*new executor"),
    ):
        list(ExecutorWorkers(executor).done(die, [("a",), ("b",)]))


class Job:
    """As submitit's: no future, done at the second look."""

    def __init__(self, call):
        self.call, self.looks, self.cancelled = call, 0, False

    def done(self):
        self.looks += 1
        return self.looks > 1

    def result(self):
        return self.call()

    def cancel(self):
        self.cancelled = True


class Queue:
    """An executor of a batch system."""

    def __init__(self):
        self.jobs = []

    def submit(self, fn, /, *args):
        self.jobs.append(Job(lambda: fn(*args)))
        return self.jobs[-1]


def test_jobs_that_cannot_be_waited_for_are_asked(monkeypatch):
    monkeypatch.setattr("p300.runs.executors.POLLED", 0.001)
    done = dict(ExecutorWorkers(Queue()).done(shout, [("a",), ("b",)]))
    assert done == {0: "A", 1: "B"}


class Waiting:
    """Fails the first call at once, and never begins the others."""

    def __init__(self):
        self.futures = []

    def submit(self, fn, /, *args):
        future = Future()
        if not self.futures:
            future.set_exception(ValueError(*args))
        self.futures.append(future)
        return future


def test_an_error_takes_back_what_has_not_begun():
    executor = Waiting()
    with pytest.raises(ValueError, match="a"):
        list(ExecutorWorkers(executor).done(fail, [("a",), ("b",)]))
    assert executor.futures[1].cancelled()


def test_threads_are_refused_before_a_recording_is_read():
    with ThreadPoolExecutor(1) as executor, pytest.raises(ConfigError, match="are processes"):
        Workers(executor=executor)


def test_what_takes_no_calls_is_refused():
    with pytest.raises(ConfigError, match="has its method submit"):
        Workers(executor="tcp://10.0.0.1:8786")


def test_a_cluster_and_an_executor_are_one_too_many():
    with pytest.raises(ConfigError, match="expected one of them"):
        Workers(cluster="tcp://10.0.0.1:8786", executor=Queue())


def test_dasks_executor_is_one():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        done = dict(ExecutorWorkers(client.get_executor()).done(shout, [("a",), ("b",)]))
    assert done == {0: "A", 1: "B"}
