"""What folds share of each subject: derived once, and all that they see of other subjects."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from p300.detectors import make_detector
from p300.detectors.base import Detector
from p300.detectors.catalogue import DETECTORS
from p300.errors import P300Error, RunWarning
from p300.runs import RunFolder
from p300.runs.config import parse_experiment
from p300.runs.derived import derive_share, derived_folder, shares_of
from p300.runs.plan import plan
from p300.runs.preparation import cached_epochs
from p300.runs.runner import score_folds
from p300.runs.tasks import run_task, shared_epochs

CONFIG = """
name: small
datasets: {simulated: {source: simulated, n_subjects: 4, characters_per_run: 4, repetitions: 5}}
detectors:
  recommended: {detector: slda, alignment: {method: euclidean, mode: running},
                adaptation: self_calibrated}
  slda: {alignment: euclidean}
  slda_unaligned: {detector: slda}
  xdawn_ts: {alignment: euclidean}
  cnn1: {max_passes: 1}
protocols: {cross_subject: {}, within_subject: {}}
"""
LINEAR = CONFIG.replace("  cnn1: {max_passes: 1}\n", "").replace(", within_subject: {}", "")
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


def planned(tmp_path, config=CONFIG):
    """Return the tasks of a config, on a copy of its epochs."""
    experiment = parse_experiment(config)
    entry = cached_epochs(experiment, "simulated", Path())
    folder = shutil.copytree(entry, tmp_path / "settings" / "content")
    return plan(experiment, {"simulated": folder})


def scores_of(task, run, derived=None):
    shared_epochs.cache_clear()
    run_task(task, run, derived=derived)
    return RunFolder(run).fits()[0], pd.read_parquet(RunFolder(run).fold_scores_file(task.id))


def test_what_is_shared_is_derived_once_for_each_subject(tmp_path):
    shares = shares_of(planned(tmp_path))
    # Aligned and plain window means, sums of signals; nothing of networks or within subjects.
    assert len(shares) == 3 * 4
    assert sorted(share.subject for share in shares) == sorted(3 * [0, 1, 2, 3])


@pytest.mark.parametrize("name", [name for name, info in DETECTORS.items() if not info.alone])
def test_the_registry_says_which_detectors_share(name):
    if name not in ("braindecode", "estimator"):  # these have to be told what they are of
        shares = type(make_detector(name)).share is not Detector.share
        assert DETECTORS[name].shares == shares


def test_folds_see_sums_of_other_subjects_and_not_their_epochs(tmp_path):
    tasks = planned(tmp_path, LINEAR.replace("  xdawn_ts: {alignment: euclidean}\n", ""))
    derived = tmp_path / "derived"
    for share in shares_of(tasks):
        shared_epochs.cache_clear()
        derive_share(share, derived)
    whole = [scores_of(task, tmp_path / f"whole{k}") for k, task in enumerate(tasks)]
    X = np.load(tasks[0].epochs / "X.npy")
    for k, task in enumerate(tasks):
        spoilt = X.copy()
        spoilt[task.fold.train] = 7.0
        np.save(task.epochs / "X.npy", spoilt)
        fit, scores = scores_of(task, tmp_path / f"spoilt{k}", derived)
        pd.testing.assert_frame_equal(scores, whole[k][1], check_exact=True)
        assert fit["threshold"] == whole[k][0]["threshold"]


def test_a_damaged_file_is_named(tmp_path):
    tasks = planned(tmp_path, LINEAR)
    derived = tmp_path / "derived"
    derive_share(shares_of(tasks)[0], derived)
    (sums,) = derived.rglob("16-window-means-sums-0.safetensors")
    sums.write_bytes(sums.read_bytes()[:-1])
    other = next(task for task in tasks if 0 not in task.fold.test)
    with pytest.raises(P300Error, match=r"means-sums-0\.safetensors is damaged"):
        scores_of(other, tmp_path / "run", derived)


def test_a_derived_folder_left_behind_is_removed(tmp_path):
    experiment = parse_experiment(LINEAR)
    folder = RunFolder(tmp_path / "run")
    folder.claim(experiment)
    with derived_folder(folder.path) as derived:
        derived.mkdir()
        left = shutil.copytree(derived, derived.with_name(".derived.0123abcd.tmp"))
    assert not derived.exists()
    assert left.exists()
    folder.check_owner(experiment)
    assert not left.exists()


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    run = score_folds(parse_experiment(LINEAR), tmp_path_factory.mktemp("run") / "alone")
    return pd.read_parquet(run / "scores.parquet")


def kill_one_while_summing(pids):
    """Give a progress callback that kills a worker once."""
    killed = []

    def progress(stage, done, total):
        assert stage != "summing" or total == 12
        if stage == "summing" and done == 2 and not killed:
            killed.append(pids()[0])
            os.kill(killed[0], signal.SIGKILL)

    return progress, killed


def test_a_process_killed_while_summing_changes_no_score(alone, tmp_path):
    psutil = pytest.importorskip("psutil")

    def workers():
        found = psutil.Process().children(recursive=True)
        loky = [p for p in found if "popen_loky_posix" in " ".join(p.cmdline())]
        return [p.pid for p in sorted(loky, key=lambda p: p.create_time(), reverse=True)]

    progress, killed = kill_one_while_summing(workers)
    with pytest.warns(RunWarning, match="what was running is done again"):
        run = score_folds(parse_experiment(LINEAR), tmp_path / "run", jobs=2, progress=progress)
    assert len(killed) == 1
    scores = pd.read_parquet(run / "scores.parquet")
    pd.testing.assert_frame_equal(scores, alone, check_exact=True)
    assert not list(run.glob(".derived*"))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_worker_of_a_cluster_killed_while_summing_changes_no_score(alone, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        pids = list(client.run(os.getpid).values())
        progress, killed = kill_one_while_summing(lambda: pids)
        address = cluster.scheduler_address
        run = score_folds(
            parse_experiment(LINEAR), tmp_path / "run", cluster=address, progress=progress
        )
    assert len(killed) == 1
    scores = pd.read_parquet(run / "scores.parquet")
    pd.testing.assert_frame_equal(scores, alone, check_exact=True)
