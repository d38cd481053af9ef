"""Runs on epochs that came cut: the scores of the recordings that they are of, or a reason."""

from __future__ import annotations

import warnings

import mne
import numpy as np
import pandas as pd
import pytest
from own_recordings import save_epochs

from p300.errors import DataWarning, ProtocolError, StudyError
from p300.pipeline import run_experiment
from p300.recordings import open_recordings
from p300.runs import RunFolder
from p300.runs.config import parse_experiment
from p300.runs.plan import preview
from p300.runs.runner import prepare_run
from p300.signal.preprocessing import Preprocessing, cut_epochs

pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),  # within MNE
    pytest.mark.filterwarnings("ignore:.*no layout known:p300.errors.DataWarning"),
    pytest.mark.filterwarnings("ignore:.*are not applied to them:p300.errors.DataWarning"),
]

SIZES = {"n_subjects": 3, "characters_per_run": 3, "repetitions": 4}
CONFIG = """
name: r
datasets: {{study: [{source}]}}
preprocessing: {{tmax: 0.6}}
detectors: {{slda: {{}}}}
protocols: {protocols}
"""
ROWS = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
BOTH = "{cross_subject: {}, within_subject: {}}"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The simulated study as -epo.fif, one file a run."""
    folder = tmp_path_factory.mktemp("data")
    for recording in open_recordings("simulated", **SIZES):
        file = folder / f"sub-{recording.subject}_run-{recording.run}-epo.fif"
        save_epochs(recording, file, tmin=-0.1, tmax=0.8)
    return folder


def experiment(source, protocols=BOTH, *overrides):
    return parse_experiment(CONFIG.format(source=source, protocols=protocols), overrides)


def test_the_scores_are_those_of_the_recordings(data, tmp_path):
    sizes = ", ".join(f"{name}: {n}" for name, n in SIZES.items())
    runs = {
        "recorded": experiment(f"{{source: simulated, {sizes}}}"),
        "cut": experiment(f"{{source: epochs, path: ., layout: {ROWS}}}"),
    }
    scores, characters = {}, {}
    for name, one in runs.items():
        report = run_experiment(one, tmp_path / name, data=data)
        scores[name] = RunFolder(tmp_path / name).scores()
        characters[name] = RunFolder(tmp_path / name).characters()
    pd.testing.assert_frame_equal(scores["cut"], scores["recorded"], check_exact=True)
    pd.testing.assert_frame_equal(characters["cut"], characters["recorded"], check_exact=True)
    text = report.read_text(encoding="utf-8")
    assert "epochs at 120 Hz; " not in text
    assert "Filter unknown: the epochs came cut." in text
    (warning,) = [w for w in RunFolder(tmp_path / "cut").manifest()["warnings"] if "cut" in w]
    assert "low, high, filter, filter_order, phase and order" in warning
    assert len(preview(runs["cut"], data)) == len(preview(runs["recorded"], data))


def save_arrays(folder, *, labels=("1", "2", "3"), n_runs=3, **changed):
    """One file for all subjects, some runs each, with neither onsets nor characters."""
    rng = np.random.default_rng(0)
    n = 60 * len(labels)
    y = np.arange(n) % 3 == 0
    X = 1e-5 * rng.standard_normal((n, 4, 100))
    X[y, 1] += 4e-6
    runs = np.repeat(np.arange(n_runs), 60 // n_runs)
    named = {
        "X": X, "y": y, "electrodes": ["Fz", "Cz", "Pz", "Oz"], "sfreq": 120.0, "tmin": 0.0,
        "subject": np.repeat(labels, 60), "run": np.tile(runs, len(labels)),
    }  # fmt: skip
    named |= changed
    np.savez(folder / "all.npz", **{name: v for name, v in named.items() if v is not None})


@pytest.mark.parametrize("protocol", ["cross_subject", "within_subject"])
def test_epochs_without_onsets_have_scores_where_nothing_can_leak(tmp_path, protocol):
    save_arrays(tmp_path)
    run_experiment(
        experiment("{source: epochs, path: all.npz}", f"{{{protocol}: {{}}}}"),
        tmp_path / "run",
        data=tmp_path,
    )
    scores = RunFolder(tmp_path / "run").scores()
    assert sorted(scores["subject"].unique()) == ["1", "2", "3"]
    assert np.isfinite(scores["score"]).all()


def test_one_run_without_onsets_is_too_little_to_learn_from(tmp_path):
    save_arrays(tmp_path, n_runs=2)
    one = experiment("{source: epochs, path: all.npz}", "{within_subject: {}}")
    with pytest.raises(ProtocolError, match=r"learns from one run only.*the onsets of the"):
        preview(one, tmp_path)


def test_one_run_without_onsets_is_not_divided(tmp_path):
    save_arrays(tmp_path, run=None)
    one = experiment("{source: epochs, path: all.npz}", "{within_subject: {}}")
    for refused in (
        lambda: preview(one, tmp_path),
        lambda: run_experiment(one, tmp_path / "run", data=tmp_path),
    ):
        with pytest.raises(ProtocolError, match="within_subject: sub-1 has one run; the onsets of"):
            refused()
    timed = experiment(
        "{source: epochs, path: all.npz, onset_interval: 0.5}", "{within_subject: {}}"
    )
    assert len(preview(timed, tmp_path)) == 15


def test_the_same_epochs_under_two_subjects(data, tmp_path):
    for name in ("sub-1_run-1-epo.fif", "sub-2_run-1-epo.fif"):
        (tmp_path / name).symlink_to(data / name)
    epochs = mne.read_epochs(data / "sub-1_run-1-epo.fif", verbose="error")
    scaled = mne.EpochsArray(
        3 * epochs.get_data(), epochs.info, epochs.events, epochs.tmin, epochs.event_id,
        raw_sfreq=240.0, baseline=None, verbose="error",
    )  # fmt: skip
    scaled.save(tmp_path / "sub-3_run-1-epo.fif", verbose="error")
    one = experiment("{source: epochs, path: .}", "{cross_subject: {}}")
    with pytest.raises(StudyError, match="the same signal is there twice") as caught:
        prepare_run(one, tmp_path / "run", data=tmp_path)
    assert "sub-1/" in str(caught.value)
    assert "sub-3/" in str(caught.value)
    assert "sub-2/" not in str(caught.value)


def test_a_window_that_the_epochs_do_not_hold(tmp_path, data):
    one = experiment("{source: epochs, path: .}", BOTH, "preprocessing.tmax=1.0")
    with pytest.raises(
        Exception, match=r"from -0\.1 to 0\.8 s, .* set preprocessing\.tmin to 0 and"
    ):
        preview(one, data)


def test_settings_are_named_once_a_data_set(data):
    recordings = list(open_recordings("epochs", data, dataset="d"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        for recording in recordings:
            cut_epochs(recording, Preprocessing())
    assert len({str(w.message) for w in caught if "not applied" in str(w.message)}) == 1
