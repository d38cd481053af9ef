"""The paper's experiment from files as they are handed out to the report, with fewer characters."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from p300.commands.main import app
from p300.recordings import MATRIX_6X6
from p300.recordings.formats.bci2_iib import MICROVOLTS_PER_UNIT

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
SEVEN = ("cnn1", "cnn2a", "cnn2b", "cnn3", "mcnn1", "mcnn2", "mcnn3")
TEST_STRINGS = {"A": "WQ", "B": "ME"}
SAMPLES_A_CHARACTER = 7794
"""Of BCI Competition III II: 15 repetitions of 12 flashes, 42 samples apart, and 234 after them."""

# With five characters to learn from, some networks learn nothing.
pytestmark = pytest.mark.filterwarnings("ignore:.*calibration slope")


def p300_command(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def record(text, rng):
    """Spell a text: signal [character, sample, electrode] in uV, flash codes, marks of targets."""
    shape = (len(text), SAMPLES_A_CHARACTER)
    signal = 10 * rng.standard_normal((*shape, 64), dtype=np.float32)
    codes, targets = np.zeros((2, *shape), dtype=np.float32)
    bump = 12 * np.exp(-0.5 * ((np.arange(156) - 72) / 14) ** 2)
    for k, symbol in enumerate(text):
        shown = np.concatenate([rng.permutation(12) + 1 for _ in range(15)])
        for at, code in zip(range(0, 42 * len(shown), 42), shown, strict=True):
            codes[k, at : at + 24] = code
            if code in MATRIX_6X6.codes_of(symbol):
                targets[k, at : at + 24] = 1
                signal[k, at : at + 156, 10:21] += bump[:, np.newaxis]
    return signal, codes, targets


def save(path, variables):
    from scipy.io import savemat

    savemat(path, variables, appendmat=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """`p300 run configs/cecotti2011.yaml` on four written files; gives the run folder."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "bci3-ii").mkdir()
    rng = np.random.default_rng(0)
    for subject, test in TEST_STRINGS.items():
        for kind, text in (("Train", "P3BCI"), ("Test", test)):
            signal, codes, targets = record(text, rng)
            stored = {"Signal": signal, "Flashing": np.sign(codes), "StimulusCode": codes}
            if kind == "Train":
                stored |= {"StimulusType": targets, "TargetChar": text}
            save(folder / "bci3-ii" / f"Subject_{subject}_{kind}.mat", stored)
    strings = json.dumps({"true_strings": TEST_STRINGS})
    shortened = [f"--set=detectors.{name}.max_passes=2" for name in SEVEN]
    p300_command(
        "run", CONFIGS / "cecotti2011.yaml", "--data", folder, "--out", folder / "run", *shortened,
        "--jobs", 2, f"--set=datasets.bci3_ii=[{{source: bci3_ii, path: bci3-ii, {strings[1:]}]",
    )  # fmt: skip
    return folder / "run"


def test_all_seven_are_tested_on_the_test_files_alone(run):
    scores = pd.read_parquet(run / "scores.parquet")
    assert set(scores["detector"]) == set(SEVEN)
    assert set(scores["run"]) == {"2"}
    assert len(scores) == len(SEVEN) * 2 * 2 * 180
    assert (scores.groupby("detector")["target"].mean() == 1 / 6).all()


def test_characters_are_counted_after_1_to_15_repetitions(run):
    characters = pd.read_parquet(run / "characters.parquet")
    of_cnn1 = characters[(characters["detector"] == "cnn1") & (characters["rule"] == "sum")]
    assert of_cnn1.groupby("repetitions").size().to_dict() == dict.fromkeys(range(1, 16), 4)
    shown = of_cnn1[of_cnn1["repetitions"] == 15].sort_values(["subject", "character"])
    assert "".join(shown["true_symbol"]) == "WQME"


def test_the_report_shows_the_published_figures_beside(run):
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Beside the paper" in page
    # Table of the paper: CNN-1 on subjects A and B, true positives, recognition rate.
    for published in ("2,021", "2,035", "70.37", "78.19", "MCNN-3"):
        assert published in page, published


def test_a_run_without_stimulus_type_is_scored_by_its_word(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "bci2-iib").mkdir()
    for name, text, number in (("AAS010R01", "CAT", 1), ("AAS012R03", "HAM", 3)):
        signal, codes, targets = record(text, rng)
        blank = np.zeros((len(text), 600))
        states = {"Flashing": np.sign(codes), "StimulusCode": codes}
        if name == "AAS010R01":
            states["StimulusType"] = targets
        stored = {
            k: np.hstack([blank, v]).reshape(-1, 1).astype(np.uint8) for k, v in states.items()
        }
        waiting = rng.normal(0, 10, (len(text), 600, 64))
        volts = np.concatenate([waiting, signal], axis=1).reshape(-1, 64)
        stored["signal"] = (volts / MICROVOLTS_PER_UNIT).astype(np.int16)
        stored["runnr"] = np.full_like(stored["Flashing"], number)
        save(tmp_path / "bci2-iib" / f"{name}.mat", stored)
    small = (
        "--data",
        tmp_path,
        "--set=detectors={slda: {}}",
        "--set=protocols.within_subject.test_runs=last",
    )
    p300_command("run", CONFIGS / "bci2_iib.yaml", *small, "--out", tmp_path / "run", "--jobs", 1)
    characters = pd.read_parquet(tmp_path / "run" / "characters.parquet")
    last = characters[(characters["repetitions"] == 15) & (characters["rule"] == "sum")]
    assert "".join(last["true_symbol"]) == "HAM"
    assert last["correct"].all()

    # A word that is not known: nothing to score it by, but flashes are scored all the same.
    p300_command(
        "train",
        CONFIGS / "bci2_iib.yaml",
        *small[:3],
        "--detector",
        "slda",
        "--out",
        tmp_path / "model",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        said = p300_command(
            "predict", tmp_path / "model", tmp_path / "bci2-iib" / "AAS012R03.mat",
            "--source", "bci2_iib", "--option", "words={12/3: UNKNOWN}",
            "--out", tmp_path / "scores.csv",
        )  # fmt: skip
    assert "Warning: " in said
    assert "the known text" in said
    scored = pd.read_csv(tmp_path / "scores.csv")
    assert len(scored) == 3 * 180
    assert scored["target"].isna().all()
