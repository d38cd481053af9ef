"""Epochs that came cut, from the command line: init, inspect, run, train, predict and spell."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import yaml
from own_recordings import save_epochs, study
from typer.testing import CliRunner

from p300.commands.main import app
from p300.errors import DataWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning"),  # within MNE
    pytest.mark.filterwarnings("ignore:.*calibration slope"),
    pytest.mark.filterwarnings("ignore::p300.errors.DataWarning"),
]
ROWS = "layout=[ABCDEF, GHIJKL, MNOPQR, STUVWX, YZ1234, 56789_]"


def p300_command(*arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("P300_DATA", raising=False)
    (tmp_path / "study").mkdir()
    return tmp_path


def save_study(n_subjects=3, **options):
    for recording in study(n_subjects, characters_per_run=3):
        name = f"study/sub-{recording.subject}_run-{recording.run}-epo.fif"
        save_epochs(recording, Path(name), **options)


def test_init_and_run(workplace):
    save_study(tmax=0.5)
    begun = p300_command("init", "study")
    assert begun.exit_code == 0, begun.output
    config = yaml.safe_load(Path("study.yaml").read_text(encoding="utf-8"))
    ((source,),) = config["datasets"].values()
    assert source["source"] == "epochs"
    # The usual window ends later than the epochs do.
    assert (config["preprocessing"]["tmin"], config["preprocessing"]["tmax"]) == (0.0, 0.5)
    assert set(config["protocols"]) == {"within_subject", "cross_subject"}
    seen = p300_command("run", "study.yaml", "--dry-run")
    assert seen.exit_code == 0, seen.output
    finished = p300_command("run", "study.yaml", "--jobs", 1, "--set", "detectors={slda: {}}")
    assert finished.exit_code == 0, finished.output
    report = Path("reports/study/report.html").read_text(encoding="utf-8")
    assert "Filter unknown: the epochs came cut" in report


def test_init_says_why_one_run_without_onsets_cannot_be_divided(workplace):
    save_study(1, onsets=False)
    begun = p300_command("init", "study")
    assert begun.exit_code != 0
    assert "taken for the order of the epochs" in begun.output
    assert "nobody can tell which epochs share samples" in begun.output
    begun = p300_command("init", "study", "--option", "onset_interval=0.175")
    assert begun.exit_code != 0
    assert "'onset_interval'" in begun.output


def test_init_tells_what_arrays_lack(workplace):
    X = 1e-5 * np.random.default_rng(0).standard_normal((60, 4, 100))
    np.savez("study/sub-1.npz", X=X, y=np.arange(60) % 3 == 0)
    begun = p300_command("init", "study")
    assert begun.exit_code != 0
    assert "option 'axes'" in begun.output
    options = ["electrodes=[Fz, Cz, Pz, Oz]", "onset_interval=0.4"]
    flags = [word for option in options for word in ("--option", option)]
    begun = p300_command("init", "study", *flags)
    assert "does not tell sfreq" in begun.output
    begun = p300_command("init", "study", *flags, "--option", "sfreq=125")
    assert begun.exit_code == 0, begun.output
    text = Path("study.yaml").read_text(encoding="utf-8")
    assert "tmin: 0.0  # guessed: check" in text


def test_inspect(workplace):
    save_study(1, tmin=-0.1, tmax=0.5)
    seen = p300_command("inspect", "study/sub-1_run-1-epo.fif")
    assert seen.exit_code == 0, seen.output
    assert "175" in seen.output
    assert Path("inspect.png").is_file()


def test_train_predict_and_spell(workplace):
    save_study(2, tmax=0.8)
    begun = p300_command("init", "study", "--option", ROWS)
    assert begun.exit_code == 0, begun.output
    trained = p300_command("train", "study.yaml", "--detector", "slda")
    assert trained.exit_code == 0, trained.output
    for command in ("predict", "spell"):
        arguments = ["detector", "study/sub-1_run-1-epo.fif", "--source", "epochs"]
        with warnings.catch_warnings():
            warnings.simplefilter("always", DataWarning)
            done = p300_command(command, *arguments, "--option", ROWS)
        assert done.exit_code == 0, done.output
        assert "their filter is unknown" in done.stderr.replace("\n", " ")
