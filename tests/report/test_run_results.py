from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from p300.files import read_json, write_json
from p300.report import write_report
from p300.report.prose import describe_alignment, describe_preprocessing, listed, span
from p300.report.run_results import read_run, repeats


def test_what_was_written_is_read(finished_run: Path) -> None:
    results = read_run(finished_run)
    assert results.name == "speller_study"
    assert results.unique("protocol") == ["within_subject", "cross_subject"]
    assert len(results.scores) == 2 * 2 * 3 * 2 * 240
    assert results.scores["target"].mean() == pytest.approx(1 / 6)
    assert results.averages is not None
    assert set(results.fits["detector"]) == {"cnn1", "slda"}


def test_fits_come_in_the_order_of_the_metrics(own_run: Path) -> None:
    files = sorted((own_run / "fits").iterdir())
    for number, file in enumerate(reversed(files)):
        fit = read_json(file)
        file.unlink()
        write_json(file.with_name(f"a{number:03d}.json"), {**fit, "id": f"a{number:03d}"})
    fits = read_run(own_run).fits
    assert list(fits["protocol"].unique()) == ["within_subject", "cross_subject"]
    assert list(fits["detector"].unique()) == ["cnn1", "slda"]


def test_an_alignment_is_told_with_its_detector(own_run: Path) -> None:
    config = yaml.safe_load((own_run / "config.yaml").read_text())
    prefix = {"method": "euclidean", "mode": "prefix", "characters": 2}
    config["detectors"] = {"slda": {"alignment": prefix}}
    (own_run / "config.yaml").write_text(yaml.safe_dump(config))
    results = read_run(own_run)
    assert describe_alignment(results.alignment("cnn1")) == "No alignment."
    told = describe_alignment(results.alignment("slda"))
    assert "(euclidean)" in told
    assert "by a prefix, by the first 2 characters, without labels" in told
    text = (write_report(own_run)).read_text(encoding="utf-8")
    assert told in text


def test_repeats_counts_seeds_of_one_fold(finished_run: Path) -> None:
    results = read_run(finished_run)
    assert repeats(results.scores) == 1
    again = results.fits.assign(seed=results.fits["seed"] + 1000)
    assert repeats(results.fits) == 1
    assert repeats(pd.concat([results.fits, again])) == 2


def test_preprocessing_is_told_in_its_order() -> None:
    settings = {
        "sfreq": 120.0, "order": "subsample_first", "low": 0.1, "high": 20, "filter": "fir",
        "phase": "causal", "tmin": 0.1, "tmax": 0.8, "normaliser": "none",
        "electrodes": ["Cz", "Pz"], "reference": "average", "bad_electrodes": "drop",
    }  # fmt: skip
    text = describe_preprocessing(settings, [])
    steps = ["Drop bad", "Re-reference to average", "Subsample to 120 Hz", "FIR, causal"]
    steps += ["electrodes Cz, Pz", "from 100 to 800 ms"]
    assert np.all(np.diff([text.index(step) for step in steps]) > 0)
    assert "variance" not in text
    filtered = describe_preprocessing({**settings, "order": "filter_first"}, [])
    assert filtered.index("Bandpass") < filtered.index("Subsample")


def test_what_the_settings_came_to_is_told() -> None:
    done = {"sfreq": 128.0, "realised_low": 0.1, "realised_high": 19.98}
    text = describe_preprocessing({"low": 0.1, "high": 20}, [{"preprocessing": done}])
    assert "epochs at 128 Hz and −3 dB points at 0.10 and 19.98 Hz" in text


def test_spans_and_lists() -> None:
    assert span([3.0, 1200.4, 7.0], "ms") == "3–1,200 ms"
    assert span([5, 5]) == "5"
    assert span([]) == "–"
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"
