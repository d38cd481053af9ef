"""What is stored, valid, to be spoilt: detectors, a run folder, epochs; and how each is used."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from p300.commands.stored_detectors import fit_on_all, predict_recordings, spell_recordings
from p300.pipeline import evaluate
from p300.report import compare_runs, write_report
from p300.report.run_results import read_run
from p300.runs.config import Experiment, parse_experiment
from p300.runs.preparation import cached_epochs
from p300.signal.epochs import Epochs
from p300.speller.run import spell_run

CONFIG = """
name: stored
datasets: {simulated: {source: simulated, n_subjects: 3, characters_per_run: 3, repetitions: 3}}
detectors:
  linear: {detector: slda, adaptation: self_calibrated}
  network: {detector: cnn1, max_passes: 1}
  ensemble: {detector: eegnet, max_passes: 1, n_members: 2, picks: [Fz, Cz, Pz, Oz]}
protocols: {cross_subject: {detectors: [linear, network]}}
"""
RECORDING = ("n_subjects=1", "n_runs=1", "characters_per_run=2", "repetitions=2", "seed=5")

Use = Callable[[Path], Any]


@dataclass(frozen=True)
class Specimen:
    """Something stored, and what is done with it: each use gives numbers that must be finite."""

    name: str
    folder: Path
    uses: dict[str, Use]


def predicted(folder: Path) -> Any:
    return predict_recordings(folder, "", "simulated", options=RECORDING)["score"]


def spelled(folder: Path) -> Any:
    decisions = spell_recordings(folder, "", "simulated", options=RECORDING)
    return [decision.posterior for decision in decisions]


def loaded(folder: Path) -> Any:
    epochs = Epochs.load(folder)
    return [*epochs.select(np.arange(min(5, len(epochs)))).averages()["n"], epochs.times.sum()]


def read(folder: Path) -> Any:
    return read_run(folder).scores["score"]


def compared(folder: Path) -> Any:
    compare_runs([folder], "roc_auc", None)
    return [0.0]


def reported(folder: Path) -> Any:
    assert write_report(folder).stat().st_size
    return [0.0]


def respelled(folder: Path) -> Any:
    return spell_run(folder)["value"].dropna()


def resumed(folder: Path) -> Any:
    for file in ("scores.parquet", "characters.parquet", "metrics.json"):
        (folder / file).unlink(missing_ok=True)
    evaluate(experiment(), folder, jobs=1)
    return pd.read_parquet(folder / "scores.parquet")["score"]


def experiment() -> Experiment:
    return parse_experiment(CONFIG)


def make_specimens(place: Path) -> Iterator[Specimen]:
    """Yield what is stored, made in an empty folder; the cache is that of ``P300_CACHE``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label in experiment().detectors:
            folder = fit_on_all(experiment(), label, place / label)
            yield Specimen(label, folder, {"predict": predicted, "spell": spelled})
        epochs = shutil.copytree(cached_epochs(experiment(), "simulated", place), place / "epochs")
        for other in ("averages.parquet", "epoch_images.parquet", "made_of.json", "checksums.json"):
            (epochs / other).unlink()
        yield Specimen("epochs", epochs, {"load": loaded})
        run = evaluate(experiment(), place / "run", jobs=1)
    uses = {"read": read, "compare": compared, "spell": respelled, "resume": resumed}
    yield Specimen("run", run, {**uses, "report": reported})
