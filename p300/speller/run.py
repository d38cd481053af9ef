"""Spell a finished run: from its score tables to characters and their figures."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from p300.columns import CHARACTERS, FOLD, REMEDY
from p300.errors import DataWarning, RunError
from p300.recordings.layout import Layout, has_codes
from p300.runs import RunFolder
from p300.runs.spelling import Spelling
from p300.speller.curves import spelling_metrics, subject_rates
from p300.speller.decisions import decide
from p300.speller.language import LanguageModel, refuse_random_text
from p300.speller.model import fit_speller
from p300.speller.rates import USUAL_PAUSE, Timing, mean_timing, subject_timings
from p300.speller.selections import gather_selections, warn_uncoded

STATED_PAUSES = {"bci3_ii": USUAL_PAUSE}
"""Pauses of sources that store each character on its own, so that the onsets do not tell them."""


def spell_run(run: str | Path, settings: Spelling | None = None) -> pd.DataFrame:
    """Spell all characters of a scored run, keep them in its folder, and measure them.

    Parameters
    ----------
    run
        Run folder with its config, epochs, fits, scores and, where the posterior is to be learned,
        cross-fitted scores of each fold's training epochs.
    settings
        By default those of :class:`Spelling`.

    Returns
    -------
    Rows of metrics; see :func:`p300.speller.curves.spelling_metrics`. None where no data set can
    be spelled.

    Raises
    ------
    SpellerError
        When a language model is asked for on random letters, or the tables are wrong; see
        :func:`~p300.speller.selections.gather_selections`.

    Warns
    -----
    DataWarning
        Naming data sets without a layout, runs without codes, folds without training scores on the
        same layout (only the sum of probabilities is decided there) and pauses that could not be
        measured.
    """
    folder, settings = RunFolder(run), settings or Spelling()
    language = LanguageModel.load(settings.language_model) if settings.language_model else None
    scores = folder.scores()
    datasets = [str(name) for name in scores["dataset"].unique()]
    described = folder.experiment().datasets.items()
    sources = {name: [source.source for source in own] for name, own in described}
    if language is not None:
        for dataset in datasets:
            refuse_random_text(dataset, sources[dataset], settings.random_text)
    known = {name: (folder.flashes(name), folder.layout(name)) for name in sources}
    timings = _measure_timings(known, sources, settings.pause)
    parts, n_symbols = [], {}
    for dataset in datasets:
        flashes, layout = known[dataset]
        table = scores[scores["dataset"] == dataset]
        table = table[has_codes(table)]
        if layout is None or table.empty:
            warnings.warn(
                f"data set {dataset}: {'no layout' if layout is None else 'no flash codes'} known; "
                "its characters are not spelled",
                DataWarning,
                stacklevel=2,
            )
            continue
        warn_uncoded(flashes)
        alike = [name for name, (_, other) in known.items() if other == layout]
        characters = _spell_folds(folder, table, layout, alike, timings, settings, language)
        parts.append(characters)
        n_symbols[dataset] = len(layout.symbols)
    characters = pd.concat(parts, ignore_index=True) if parts else CHARACTERS.empty()
    folder.write_characters(characters)
    return spelling_metrics(subject_rates(characters, n_symbols), n_symbols)


def _stated_pause(sources: Iterable[str]) -> float | None:
    """Return the pause that is known of one of the sources, if any."""
    return next((STATED_PAUSES[s] for s in sources if s in STATED_PAUSES), None)


def _measure_timings(
    known: Mapping[str, tuple[pd.DataFrame, Layout | None]],
    sources: Mapping[str, Iterable[str]],
    pause: float | None,
) -> dict[str, Timing]:
    """Measure the timing of each subject (DATASET/SUBJECT) of the data sets that can be spelled."""
    timings = {}
    for dataset, (flashes, layout) in known.items():
        if layout is not None and has_codes(flashes).any():
            stated = pause if pause is not None else _stated_pause(sources[dataset])
            for subject, timing in subject_timings(dataset, flashes, stated).items():
                timings[f"{dataset}/{subject}"] = timing
    return timings


def _subjects_of(table: pd.DataFrame) -> pd.Series[str]:
    """Return the subject of each row as DATASET/SUBJECT."""
    names: pd.Series[str] = table["dataset"].astype(str) + "/" + table["subject"].astype(str)
    return names


def _spell_folds(
    folder: RunFolder,
    scores: pd.DataFrame,
    layout: Layout,
    alike: list[str],
    timings: Mapping[str, Timing],
    settings: Spelling,
    language: LanguageModel | None,
) -> pd.DataFrame:
    """Decide the characters of every fold of a data set; each fold fits its own speller.

    A speller learns from the training scores of data sets with the same layout (``alike``).
    """
    ids = {tuple(fit[key] for key in FOLD): fit["id"] for fit in folder.fits()}
    tables, without = [], []
    for _, fold in scores.groupby(FOLD, sort=False, dropna=False):
        named = {key: None if pd.isna(v := fold[key].iloc[0]) else v for key in FOLD}
        fit = ids.get(tuple(named.values()))
        if fit is None:
            told = ", ".join(f"{value}" for value in named.values() if value is not None)
            raise RunError(f"{folder.path}: fits has no record of the fold {told}; {REMEDY}")
        model, training = None, folder.training_scores(fit)
        if training is not None:
            training = training[training["dataset"].isin(alike)]
        if training is not None and len(training):
            model = fit_speller(
                training,
                layout,
                target_error=settings.target_error,
                error_seconds=settings.error_seconds,
                nobody=settings.nobody,
                timing=mean_timing(timings, _subjects_of(training).unique()),
                where=f"fold {fit}",
            )
        else:
            without.append(fit)
        decided = decide(gather_selections(fold, layout), model, language=language)
        tables.append(decided.assign(**named))
    if without and settings.dynamic:
        warnings.warn(
            f"{folder.path}: {len(without)} folds have no training scores on the same layout "
            f"(first: {without[0]}); they are spelled by the sum of probabilities only",
            DataWarning,
            stacklevel=3,
        )
    characters = pd.concat(tables, ignore_index=True)
    parts = [
        rows.assign(seconds=timings[str(subject)].seconds(rows["repetitions"]))
        for subject, rows in characters.groupby(_subjects_of(characters), sort=False)
    ]
    return pd.concat(parts).sort_index()
