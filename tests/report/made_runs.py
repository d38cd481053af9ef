"""Finished run folders with made-up scores, as the runner writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from p300.detectors import DETECTORS
from p300.evaluation.metrics import summarise_scores
from p300.files import write_json
from p300.recordings.layout import MATRIX_6X6, Layout
from p300.runs import RunFolder
from p300.speller import PAPER_TIMING, SpellerModel, decide, gather_selections
from p300.speller.curves import spelling_metrics, subject_rates
from p300.speller.evidence import LikelihoodRatio

ELECTRODES = ["Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8"]
CONFIG = {
    "name": "speller_study",
    "description": "A made-up study.",
    "seed": 2011,
    "preprocessing": {
        "sfreq": None, "order": "subsample_first", "low": 0.1, "high": 20.0,
        "filter": "butterworth", "filter_order": 4, "phase": "zero", "tmin": 0.0, "tmax": 0.65,
        "normaliser": "window_zscore", "electrodes": None, "reference": None,
        "bad_electrodes": "interpolate",
    },
}  # fmt: skip


def make_scores(
    subjects: list[str],
    detectors: list[str],
    protocols: list[str],
    datasets: list[str],
    repeats: int = 1,
    n_flashes: int = 240,
) -> pd.DataFrame:
    """Two runs a subject; the separation of the classes differs between subjects."""
    rng = np.random.default_rng(0)
    parts = []
    for dataset in datasets:
        for protocol in protocols:
            for subject_number, subject in enumerate(subjects):
                for run in ("1", "2"):
                    fold = f"sub-{subject}" + (f"_run-{run}" if protocol != "cross_subject" else "")
                    target = np.tile(np.repeat([True, False], [1, 5]), n_flashes // 6)
                    noise = rng.normal(size=n_flashes)
                    for k, detector in enumerate(detectors):
                        gap = 1.7 - 0.35 * (subject_number % 4) - 0.1 * k
                        gap -= 0.4 * (protocol == "cross_subject")
                        for repeat in range(repeats):
                            own = 0.9 * noise + 0.44 * rng.normal(size=n_flashes)
                            score = gap * (own + gap * (target - 0.5)) + np.log(0.2)
                            parts.append(
                                pd.DataFrame(
                                    {
                                        "experiment": "speller_study", "protocol": protocol,
                                        "calibration_characters": None,
                                        "fold": fold, "detector": detector,
                                        "seed": 100 * repeat + subject_number,
                                        "dataset": dataset, "subject": subject, "session": "1",
                                        "run": run, "character": 1,
                                        "repetition": np.arange(n_flashes) // 12 + 1,
                                        "code": np.arange(n_flashes) % 12 + 1,
                                        "target": target, "score": score,
                                        "threshold": np.log(0.2),
                                    }
                                )
                            )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def make_fits(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """The detector "slda" does not iterate and has no spatial filters, the others do."""
    rng = np.random.default_rng(1)
    keys = ["dataset", "protocol", "fold", "detector", "seed"]
    fits = []
    for key, part in scores.groupby(keys, sort=False):
        named = dict(zip(keys, key, strict=True))
        iterates = named["detector"] != "slda"
        n_passes = int(rng.integers(12, 25))
        passes = np.arange(1, n_passes + 1)
        train = 0.42 + 0.27 * np.exp(-passes / 6) + rng.normal(0, 0.004, n_passes)
        valid = 0.5 + 0.2 * np.exp(-passes / 5) + 6e-5 * passes**2 + rng.normal(0, 0.008, n_passes)
        patterns = rng.normal(size=(10, len(ELECTRODES))) + np.linspace(0, 2, len(ELECTRODES))
        fits.append(
            {
                "id": "__".join([f"{len(fits):03d}", *map(str, key)]), **named,
                "seed": int(named["seed"]), "calibration_characters": None,
                "n_train": 5 * len(part), "n_test": len(part),
                "n_train_targets": 5 * int(part["target"].sum()),
                "fit_seconds": 3.2, "score_seconds": 0.1,
                "n_parameters": 31092 if iterates else 129, "threshold": float(np.log(0.2)),
                "history": [
                    {"pass": int(p), "train_loss": float(t), "validation_loss": float(v)}
                    for p, t, v in zip(passes, train, valid, strict=True)
                ] if iterates else [],
                "best_pass": int(np.argmin(valid)) + 1 if iterates else None,
                "versions": {"p300": "0.1.0", "torch": "2.6.0"},
                "electrodes": ELECTRODES,
                "spatial_filters": patterns.tolist() if iterates else None,
                "spatial_patterns": patterns.tolist() if iterates else None,
                "warnings": ["the loss was still falling"] if iterates and len(fits) < 3 else [],
            }
        )  # fmt: skip
    return fits


def make_averages(subjects: list[str], datasets: list[str], gains: list[float]) -> pd.DataFrame:
    times = np.arange(83) / 128
    rng = np.random.default_rng(2)
    parts = []
    for dataset in datasets:
        for subject, gain in zip(subjects, gains, strict=True):
            for kind, n in (("target", 80), ("nontarget", 400)):
                for k, electrode in enumerate(ELECTRODES):
                    p300 = 6 * np.exp(-(((times - 0.35) / 0.08) ** 2)) * (0.6 + 0.1 * k)
                    ssvep = 0.8 * np.sin(2 * np.pi * 5.7 * times + k)
                    noise = np.convolve(rng.normal(0, 0.8, 90), np.ones(8) / 8, "valid")
                    curve = (kind == "target") * p300 + ssvep + noise
                    parts.append(
                        pd.DataFrame(
                            {
                                "dataset": dataset, "subject": subject, "kind": kind,
                                "electrode": electrode, "time": times,
                                "microvolts": gain * curve, "n": n,
                            }
                        )
                    )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def make_manifest(subjects: list[str], datasets: list[str]) -> dict[str, Any]:
    recordings = [
        {
            "recording": f"{dataset}/sub-{subject}/ses-1/run-{run}",
            "source": f"/data/{dataset}/s{subject}.mat", "electrodes": ELECTRODES,
            "bad_electrodes": ["P4"] if (subject, run) == (subjects[0], "2") else [],
            "sfreq": 256.0, "seconds": 301.4, "amplitude_microvolts": 2.31, "n_flashes": 240,
            "n_targets": 40, "target_share": 1 / 6, "n_characters": 5, "has_codes": True,
            "onset_interval_ms": 175.8, "onset_interval_range_ms": [171.9, 179.7],
            "irregular_onsets": 0.0, "sha256": "0123456789abcdef" * 4,
            "preprocessing": {
                "source_sfreq": 256.0, "sfreq": 128.0, "filter_sfreq": 128.0,
                "realised_low": 0.1, "realised_high": 20.0,
            },
        }
        for dataset in datasets for subject in subjects for run in ("1", "2")
    ]  # fmt: skip
    return {
        "p300": "0.1.0", "created": "2025-01-31T12:34:56+00:00", "python": "3.11.9",
        "packages": {"numpy": "2.1.0", "torch": "2.6.0"},
        "contents": dict.fromkeys(datasets, "0123456789abcdef"),
        "machine": {"system": "Linux", "processor": "x86_64", "cores": 2},
        "threads_per_worker": 1, "jobs": 2, "seed": 2011, "recordings": recordings,
        "warnings": [f"{datasets[0]}/sub-{subjects[0]}/ses-1/run-2: electrodes ['P4'] are flat"],
    }  # fmt: skip


def make_run(
    folder: Path,
    *,
    subjects: list[str],
    detectors: list[str],
    protocols: list[str],
    datasets: list[str],
    repeats: int = 1,
    gains: list[float] | None = None,
) -> Path:
    """Write a finished run folder."""
    scores = make_scores(subjects, detectors, protocols, datasets, repeats)
    averages = make_averages(subjects, datasets, gains or [1.0] * len(subjects))
    run = RunFolder(folder)
    run.keep_prepared({}, averages, make_manifest(subjects, datasets))
    write_folds(run, scores, make_fits(scores))
    run.write_metrics(summarise_scores(scores))
    run.config_file.write_text(make_config(detectors))
    return folder


def make_config(detectors: list[str], **more: Any) -> str:
    """A config whose detectors are the package's, or "slda" under another name it may have."""
    possible = [name for name in detectors if not {"/", "\\"} & set(name)] or ["slda"]
    named = {name: {} if name in DETECTORS else {"detector": "slda"} for name in possible}
    datasets = {"simulated": [{"source": "simulated"}]}
    config = CONFIG | {"datasets": datasets, "detectors": named} | more
    return yaml.safe_dump(config, sort_keys=False)


def write_folds(run: RunFolder, scores: pd.DataFrame, fits: list[dict[str, Any]]) -> None:
    """Write the fits and scores of all folds, and the table of all scores."""
    keys = ["dataset", "protocol", "fold", "detector", "seed"]
    parts = [part for _, part in scores.groupby(keys, sort=False)]
    for fit, part in zip(fits, parts, strict=True):
        run.write_fold(fit, part, None)
    run.join_scores([fit["id"] for fit in fits])


def spelled_scores(
    subjects: list[str],
    detectors: list[str],
    dataset: str = "speller",
    layout: Layout = MATRIX_6X6,
    text: str = "P3_SPELLER_9",
    n_repetitions: int = 15,
    gap: float = 1.3,
    seeds: tuple[int, ...] = (7,),
) -> pd.DataFrame:
    """Scores of one test run a subject that spells ``text``; later subjects are harder."""
    rng = np.random.default_rng(3)
    codes = np.array(sorted(layout.groups))
    lit = [{int(c) for c in layout.codes_of(symbol)} for symbol in text]
    n_flashes = len(text) * n_repetitions * len(codes)
    flashes = pd.DataFrame(
        {
            "character": np.repeat(np.arange(len(text)) + 1, n_repetitions * len(codes)),
            "repetition": np.tile(np.repeat(np.arange(n_repetitions) + 1, len(codes)), len(text)),
            "code": np.tile(codes, len(text) * n_repetitions),
        }
    )
    target = np.array([c in lit[k - 1] for k, c in flashes[["character", "code"]].to_numpy()])
    parts = []
    for number, subject in enumerate(subjects):
        for detector in detectors:
            for seed in seeds:
                d = gap - 0.25 * number
                score = d * (rng.normal(size=n_flashes) + d * (target - 0.5)) + np.log(0.2)
                where = {
                    "experiment": "speller_study", "protocol": "within_subject",
                    "calibration_characters": None,
                    "fold": f"sub-{subject}_ses-1_run-2", "detector": detector, "seed": seed,
                    "dataset": dataset, "subject": subject, "session": "1", "run": "2",
                    "target": target, "score": score, "threshold": np.log(0.2),
                }  # fmt: skip
                parts.append(flashes.assign(**where))
    return pd.concat(parts, ignore_index=True)


def spell_scores(scores: pd.DataFrame, layout: Layout = MATRIX_6X6) -> pd.DataFrame:
    """Decide all characters with the timing of the paper, as ``characters.parquet`` has them."""
    model = SpellerModel(LikelihoodRatio(1.0, -float(np.log(0.2))), 1.0, 0.95, 4)
    keys = ["dataset", "protocol", "calibration_characters", "fold", "detector", "seed"]
    parts = [
        decide(gather_selections(part, layout), model).assign(
            **dict(zip(keys, labels, strict=True))
        )
        for labels, part in scores.groupby(keys, sort=False, dropna=False)
    ]
    characters = pd.concat(parts, ignore_index=True)
    return characters.assign(seconds=PAPER_TIMING.seconds(characters["repetitions"]))


def make_spelled_run(
    folder: Path, scores: pd.DataFrame, *, source: str = "bci3_ii", layout: Layout = MATRIX_6X6
) -> Path:
    """Write a finished run folder with characters and with fits that tell what they look at."""
    subjects, detectors = list(scores["subject"].unique()), list(scores["detector"].unique())
    (dataset,) = scores["dataset"].unique()
    characters, n_symbols = spell_scores(scores, layout), {dataset: len(layout.symbols)}
    metrics = [summarise_scores(scores)]
    metrics.append(spelling_metrics(subject_rates(characters, n_symbols), n_symbols))
    run = RunFolder(folder)
    rng = np.random.default_rng(4)
    fits = [{**fit, "sfreq": 120.0} for fit in make_fits(scores)]
    for fit in fits:
        if fit["spatial_filters"] is not None:
            fit["spatial_patterns"] = fit["spatial_filters"] = fit["spatial_filters"][:3]
            fit["temporal_kernels"] = rng.normal(size=(3, 5, 13)).tolist()
            fit["saliency"] = rng.normal(size=(len(ELECTRODES), 78)).tolist()
    write_folds(run, scores, fits)
    write_json(run.epochs_file(dataset), {"layouts": {dataset: layout.to_dict()}})
    run.write_characters(characters)
    run.write_metrics(pd.concat(metrics, ignore_index=True))
    datasets = {dataset: [{"source": source, "path": "x"}]}
    run.config_file.write_text(make_config(detectors, datasets=datasets))
    averages = make_averages(subjects, [dataset], [1.0] * len(subjects))
    run.keep_prepared({}, averages, make_manifest(subjects, [dataset]))
    return folder
