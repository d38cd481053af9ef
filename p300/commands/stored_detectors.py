"""Fitted detectors: trained on a whole data set, applied to new recordings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from p300.adaptation.starting import Start
from p300.adaptation.storage import STORED, save_adapting
from p300.adaptation.transfer import Transfer
from p300.arguments import parse_options
from p300.detectors import load_detector, save_detector
from p300.detectors.catalogue import RECOMMENDED
from p300.detectors.sharing.card import CARD, write_card
from p300.errors import (
    ConfigError,
    DataWarning,
    DetectorError,
    RecordingError,
    SpellerError,
    TrainingWarning,
)
from p300.evaluation.fold import fit_and_score_fold, seed_of
from p300.evaluation.leaks import everything
from p300.files import write_json
from p300.recordings import Layout, Recording, open_recordings
from p300.recordings.damage import GIVEN_UP, marked_characters
from p300.recordings.layout import has_codes
from p300.runs.config import Experiment
from p300.runs.preparation import cached_epochs
from p300.signal.epochs import Epochs
from p300.speller import Decision, LanguageModel, fit_speller, spell
from p300.speller.fitted import SPELLER, Fitted
from p300.speller.rates import mean_timing, subject_timings
from p300.threads import one_thread

_GO_ON = " or ".join(STORED.values())


def choose_detector(experiment: Experiment, dataset: str | None, data: Path) -> str:
    """Return the label of the detector to train where nobody names one.

    It is ``recommended`` where the config has it and the data set flash codes and a layout, else
    the config's first that can be stored.

    Raises
    ------
    ConfigError
        When the experiment has no such data set, or all its detectors need more than there is.
    """
    epochs = _prepared(experiment, dataset, data)
    spells = _can_spell(epochs)
    fitting = [
        label
        for label, method in experiment.methods.items()
        if not method.adaptation.needs_labels and (spells or not method.adaptation.needs_codes)
    ]
    if not fitting:
        raise ConfigError(
            f"no detector of the config ({', '.join(experiment.methods)}) can be trained on this "
            "data set alone: each needs characters of the subject that it is applied to, or flash "
            "codes; add one without, such as slda"
        )
    return RECOMMENDED if RECOMMENDED in fitting else fitting[0]


def fit_on_all(
    experiment: Experiment,
    label: str,
    folder: str | Path,
    *,
    data: str | Path = ".",
    dataset: str | None = None,
) -> Path:
    """Fit one detector on all labelled flashes of a data set and store it.

    Where the data set has a layout and flash codes, a speller is fitted to cross-fitted scores and
    stored with it. A detector with the adaptation ``self_calibrated`` or ``self_started`` goes on
    adapting to whoever it is applied to.

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
        When the experiment has no such detector or data set, or the detector's adaptation needs
        characters of the subject that it is applied to.

    Warns
    -----
    TrainingWarning
        Naming an adaptation that cannot go on in a stored detector.
    """
    dataset = dataset or next(iter(experiment.datasets))
    _check_known(label, experiment.detectors)
    method = experiment.methods[label]
    if method.adaptation.needs_labels:
        raise ConfigError(
            f"detectors.{label}.adaptation: {method.adaptation.name!r} needs characters of the "
            f"subject that the detector is applied to; train it with none, {_GO_ON}"
        )
    if Path(folder).exists():
        raise DetectorError(f"{folder}: exists already; remove it or choose another name")
    epochs = _prepared(experiment, dataset, Path(data))
    layout, can_spell = epochs.layouts.get(dataset), _can_spell(epochs)
    if method.adaptation.needs_codes and not can_spell:
        raise ConfigError(
            f"detectors.{label}.adaptation: {dataset} has no flash codes, and nothing else "
            "ties the flashes of a character together; train it without"
        )
    seed = seed_of(experiment.seed, dataset, "all")
    fold = everything(epochs.flashes)
    result = fit_and_score_fold(epochs, fold, method, seed, score_training=can_spell)
    sources = {dataset: sorted({source.source for source in experiment.datasets[dataset]})}
    folder = save_detector(result.scored.detector, folder, epochs, method.alignment, sources)
    if isinstance(result.learned, Transfer | Start):
        save_adapting(result.learned, folder)
        write_card(load_detector(folder), folder / CARD, adaptation=method.adaptation.name)
    elif method.adaptation.about:
        warnings.warn(
            f"{label} is stored without its adaptation {method.adaptation.name!r}: a stored "
            f"detector has no calibration characters to adapt to; only {_GO_ON} goes on",
            TrainingWarning,
            stacklevel=2,
        )
    scored = result.scored_training()
    if layout is not None and scored is not None:
        _store_speller(experiment, scored, layout, folder)
    return folder


def _check_known(name: str, known: Mapping[str, object]) -> None:
    if name not in known:
        raise ConfigError(f"{name!r} is not in the config, which has: {', '.join(known)}")


def _prepared(experiment: Experiment, dataset: str | None, data: Path) -> Epochs:
    """Return the epochs of a data set, of the first where none is named."""
    dataset = dataset or next(iter(experiment.datasets))
    _check_known(dataset, experiment.datasets)
    return Epochs.load(cached_epochs(experiment, dataset, data))


def _can_spell(epochs: Epochs) -> bool:
    return bool(epochs.layouts) and bool(has_codes(epochs.flashes).any())


def _store_speller(
    experiment: Experiment, training: pd.DataFrame, layout: Layout, folder: Path
) -> None:
    """Fit a speller to scored training flashes and store it beside the detector."""
    dataset = str(training["dataset"].iloc[0])
    timings = subject_timings(dataset, training, experiment.spelling.pause)
    speller = fit_speller(
        training,
        layout,
        target_error=experiment.spelling.target_error,
        error_seconds=experiment.spelling.error_seconds,
        nobody=experiment.spelling.nobody,
        timing=mean_timing(timings, timings),
    )
    write_json(folder / SPELLER, {"layout": layout.to_dict(), **speller.to_dict()})


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
    One row a flash; see :meth:`p300.detectors.storage.StoredDetector.score`. A detector that
    goes on learning scores each character by what it knew before it, and in the column
    score_post_hoc by what it knew at the end; it begins every recording anew.
    """
    fitted = Fitted.load(folder)
    tables = [fitted.score(recording) for recording in _open(path, source, subjects, options)]
    if not tables:
        raise RecordingError(f"{path}: no recordings found")
    return pd.concat(tables, ignore_index=True)


def spell_recordings(
    folder: str | Path,
    path: str | Path,
    source: str,
    subjects: Sequence[str] | None = None,
    options: Sequence[str] = (),
    language_model: str | Path | None = None,
) -> Iterator[Decision]:
    """Spell recordings with a stored detector, letter by letter.

    Parameters
    ----------
    folder, path, source, subjects, options
        As in :func:`predict_recordings`.
    language_model
        File of n-gram counts; without it all symbols are equally likely beforehand.

    Yields
    ------
    One decision a character.

    Raises
    ------
    SpellerError
        When the detector was trained on data without flash codes, or the recording has none.
    """
    fitted = Fitted.load(folder)
    if fitted.model is None or fitted.layout is None:
        raise SpellerError(
            f"{folder}: this detector cannot spell, it was trained on data without a layout or "
            "flash codes; train it on data that have them"
        )
    language = LanguageModel.load(language_model) if language_model else None
    for recording in _open(path, source, subjects, options):
        layout = recording.layout or fitted.layout
        scores = fitted.score(recording)
        if ended := sorted(marked_characters(recording, GIVEN_UP)):
            warnings.warn(
                f"{recording.name}: characters {ended} were given up in the middle while they were "
                "recorded and are not spelled",
                DataWarning,
                stacklevel=2,
            )
            scores = scores[~scores["character"].isin(ended)]
        if len(scores):
            with one_thread():
                decisions = list(spell(scores, layout, fitted.model, language=language))
            yield from decisions


def _open(
    path: str | Path, source: str, subjects: Sequence[str] | None, options: Sequence[str]
) -> Iterator[Recording]:
    yield from open_recordings(source, path, subjects=subjects, **parse_options(options))
