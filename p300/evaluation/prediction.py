"""Fitted detectors: trained on a whole data set, applied to new recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from p300.config import Experiment
from p300.detectors import load_detector, make_detector, save_detector
from p300.errors import ConfigError, DetectorError, RecordingError
from p300.evaluation.folds import seed_of
from p300.evaluation.runner import read_recordings
from p300.preprocessing import preprocess
from p300.recordings import open_recordings


def fit_on_all(
    experiment: Experiment,
    label: str,
    folder: str | Path,
    *,
    data: str | Path = ".",
    dataset: str | None = None,
) -> Path:
    """Fit one detector on all labelled flashes of a data set and store it.

    Parameters
    ----------
    experiment
        Names data, preprocessing and the detector.
    label
        Label of the detector in the experiment.
    folder
        Where to; must not exist.
    data
        Folder that the sources' paths are seen from.
    dataset
        By default the experiment's first.

    Raises
    ------
    ConfigError
        When the experiment has no such detector or data set.
    """
    dataset = dataset or next(iter(experiment.datasets))
    for name, known in ((label, experiment.detectors), (dataset, experiment.datasets)):
        if name not in known:
            raise ConfigError(f"{name!r} is not in the config, which has: {', '.join(known)}")
    if Path(folder).exists():
        raise DetectorError(f"{folder}: exists already; remove it or choose another name")
    epochs = preprocess(read_recordings(experiment, dataset, Path(data)), experiment.preprocessing)
    epochs = epochs.select(epochs.flashes["target"].notna().to_numpy(dtype=bool))
    name, parameters = experiment.detector_call(label)
    detector = make_detector(name, **parameters)
    if "seed" in detector.get_params():
        detector.set_params(seed=seed_of(experiment.seed, dataset, "all"))
    several = epochs.flashes["subject"].nunique() > 2
    detector.fit(epochs.X, epochs.y, groups=epochs.units("subject" if several else "character"))
    return save_detector(detector, folder, epochs)


def predict_recordings(
    folder: str | Path,
    path: str | Path,
    source: str,
    subjects: Sequence[str] | None = None,
    options: Sequence[str] = (),
) -> pd.DataFrame:
    """Score every flash of recordings with a stored detector.

    Parameters
    ----------
    folder
        Of the detector.
    path, source, subjects
        The recordings, as in :func:`p300.recordings.open_recordings`.
    options
        Options of the source as ``key=value``, value in YAML.

    Returns
    -------
    One row a flash; see :meth:`p300.detectors.StoredDetector.score`.
    """
    stored = load_detector(folder)
    parsed: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise ConfigError(f"--option {option!r}: expected KEY=VALUE")
        parsed[key.strip()] = yaml.safe_load(value)
    tables = [
        stored.score(recording)
        for recording in open_recordings(source, path, subjects=subjects, **parsed)
    ]
    if not tables:
        raise RecordingError(f"{path}: no recordings found")
    return pd.concat(tables, ignore_index=True)
