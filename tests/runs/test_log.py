"""The log of a run: what happened, of every time that it went on."""

from __future__ import annotations

import logging
import re
import warnings
from pathlib import Path

import pytest

from p300 import evaluate, write_report
from p300.errors import RunError, RunWarning
from p300.runs import RunFolder
from p300.runs.config import parse_experiment
from p300.runs.log import LOGGER, logged
from p300.runs.progress import silent

EXPERIMENT = parse_experiment("""
datasets: {simulated: {source: simulated, n_subjects: 1, characters_per_run: 2, repetitions: 3}}
detectors: {slda: {n_folds: 2}}
protocols: {within_subject: {}}
""")


def lines(folder: Path) -> list[str]:
    """Return the lines, without their time."""
    text = RunFolder(folder).log_file.read_text(encoding="utf-8")
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S+"
    timed = [re.fullmatch(rf"{when} (.*)", line) for line in text.splitlines()]
    assert all(timed)
    return [match[1] for match in timed if match]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.claim(EXPERIMENT)
    return made


@pytest.mark.filterwarnings("ignore:.*calibration slope")
def test_a_run_and_its_report_are_in_it(tmp_path: Path) -> None:
    evaluate(EXPERIMENT, tmp_path / "run")
    write_report(tmp_path / "run")
    told = lines(tmp_path / "run")
    assert told[0].startswith("evaluation begins, p300 ")
    fitted = [line for line in told if line.startswith("fitted ")]
    assert fitted == [f"fitted {fit['id']}" for fit in RunFolder(tmp_path / "run").fits()]
    assert told.index("fitting begins, 0 of 2 done") < told.index(fitted[0])
    assert told.index(fitted[1]) < told.index("fitting: all 2 done")
    assert re.fullmatch(r"report ends after [\d.]+ s", told[-1])


def test_every_time_that_it_goes_on_is_added(folder: RunFolder) -> None:
    for k in range(2):
        with logged(folder, f"part {k}", silent):
            pass
    assert [line.split(",")[0] for line in lines(folder.path)[::2]] == [
        "part 0 begins", "part 1 begins",
    ]  # fmt: skip


def test_a_mistake_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(ValueError, match="a mistake"), logged(folder, "evaluation", silent):
        raise ValueError("a mistake")
    assert not folder.path.exists()


def test_what_came_before_the_folder_is_in_it_too(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with logged(folder, "evaluation", silent) as progress:
        progress("reading", 1, 0)
        assert not folder.path.exists()
        folder.claim(EXPERIMENT)
        progress("fitting", 3, 7)
        assert lines(folder.path)[1:] == ["reading begins", "fitting begins, 3 of 7 done"]


def test_how_it_ended_is_told(folder: RunFolder) -> None:
    with pytest.raises(KeyboardInterrupt), logged(folder, "evaluation", silent):
        raise KeyboardInterrupt
    with pytest.raises(RunError), logged(folder, "evaluation", silent):
        raise RunError("first line\nsecond line")
    assert [line for line in lines(folder.path) if "begins" not in line] == [
        "evaluation is cut off by KeyboardInterrupt",
        "evaluation is cut off by RunError: first line second line",
    ]


def test_warnings_are_logged_and_still_shown(folder: RunFolder) -> None:
    shown: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: shown.append(str(message))
        with logged(folder, "evaluation", silent):
            warnings.warn("odd", RunWarning, stacklevel=1)
            warnings.warn("of a library", UserWarning, stacklevel=1)
    assert shown == ["odd", "of a library"]
    assert lines(folder.path)[1:3] == ["Warning: odd", "Warning (UserWarning): of a library"]


def test_the_logger_is_left_as_it_was(folder: RunFolder) -> None:
    before = LOGGER.level, list(LOGGER.handlers), warnings.showwarning
    with logged(folder, "evaluation", silent):
        assert LOGGER.isEnabledFor(logging.INFO)
    assert (LOGGER.level, list(LOGGER.handlers), warnings.showwarning) == before


def test_a_log_that_is_a_link_to_elsewhere_is_left_alone(folder: RunFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "mine.txt"
    elsewhere.write_text("mine", encoding="utf-8")
    folder.log_file.symlink_to(elsewhere)
    with pytest.raises(RunError, match=r"run\.log.*remove it"), logged(folder, "x", silent):
        pass
    assert elsewhere.read_text(encoding="utf-8") == "mine"
