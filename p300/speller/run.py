"""Spell a finished run: from its score tables to characters and their figures."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
import yaml

from p300.errors import DataWarning
from p300.evaluation.metrics import METRIC_COLUMNS
from p300.files import finished_files, read_json, written_whole
from p300.recordings.layout import Layout, has_codes
from p300.speller.curves import spelling_metrics, subject_rates
from p300.speller.decisions import decide
from p300.speller.language import LanguageModel, refuse_random_text
from p300.speller.model import fit_speller
from p300.speller.rates import USUAL_PAUSE, Timing, mean_timing, subject_timings
from p300.speller.selections import gather_selections, warn_uncoded
from p300.speller.settings import Spelling

STATED_PAUSES = {"bci3_ii": USUAL_PAUSE}
"""Pauses of sources that store each character on its own, so that the onsets do not tell them."""

FOLD = ["dataset", "protocol", "fold", "detector", "seed"]

CHARACTER_COLUMNS = (
    "dataset", "protocol", "detector", "fold", "seed", "subject", "session", "run", "character",
    "rule", "stopping", "repetitions", "symbol", "true_symbol", "correct", "posterior", "seconds",
    "forced", "tie",
)  # fmt: skip
"""Columns of ``characters.parquet``; see :data:`p300.speller.decisions.DECISION_COLUMNS`.
``seconds`` is what the selection took, the pause included."""


def spell_run(run: str | Path, settings: Spelling | None = None) -> pd.DataFrame:
    """Spell all characters of a finished run and write ``characters.parquet``.

    Parameters
    ----------
    run
        Run folder with ``config.yaml``, ``epochs/``, ``fits/``, ``scores.parquet`` and
        ``training_scores/`` (cross-fitted scores of each fold's training epochs).
    settings
        By default those of :class:`Spelling`.

    Returns
    -------
    Rows for ``metrics.json``; see :func:`p300.speller.curves.spelling_metrics`. None where no data
    set can be spelled.

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
    run, settings = Path(run), settings or Spelling()
    language = LanguageModel.load(settings.language_model) if settings.language_model else None
    scores = pd.read_parquet(run / "scores.parquet")
    datasets = [str(name) for name in scores["dataset"].unique()]
    sources = _sources(run)
    if language is not None:
        for dataset in datasets:
            refuse_random_text(dataset, sources[dataset], settings.random_text)
    known = {name: _read_flashes(run / "epochs" / name, name) for name in sources}
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
        characters = _spell_folds(run, table, layout, alike, timings, settings, language)
        parts.append(characters)
        n_symbols[dataset] = len(layout.symbols)
    columns = list(CHARACTER_COLUMNS)
    nothing = pd.DataFrame(columns=columns)
    characters = pd.concat(parts, ignore_index=True)[columns] if parts else nothing
    with written_whole(run / "characters.parquet") as temporary:
        characters.to_parquet(temporary, index=False)
    if characters.empty:
        return pd.DataFrame(columns=METRIC_COLUMNS)
    return spelling_metrics(subject_rates(characters, n_symbols), n_symbols)


def _read_flashes(folder: Path, dataset: str) -> tuple[pd.DataFrame, Layout | None]:
    """Give all flashes of a data set and its layout, if it is known."""
    layouts = read_json(folder / "epochs.json")["layouts"]
    layout = Layout.from_dict(layouts[dataset]) if dataset in layouts else None
    return pd.read_parquet(folder / "flashes.parquet"), layout


def _sources(run: Path) -> dict[str, list[str]]:
    """Give the names of the sources of each data set."""
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    return {name: [s["source"] for s in sources] for name, sources in config["datasets"].items()}


def _stated_pause(sources: Iterable[str]) -> float | None:
    """Give the pause that is known of one of the sources, if any."""
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


def _persons(table: pd.DataFrame) -> pd.Series[str]:
    """Give the subject of each row as DATASET/SUBJECT."""
    names: pd.Series[str] = table["dataset"].astype(str) + "/" + table["subject"].astype(str)
    return names


def _spell_folds(
    run: Path,
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
    fits = [read_json(path) for path in finished_files(run / "fits", ".json")]
    ids = {tuple(fit[key] for key in FOLD): fit["id"] for fit in fits}
    tables, without = [], []
    for labels, fold in scores.groupby(FOLD, sort=False):
        path = run / "training_scores" / f"{ids[labels]}.parquet"
        model = None
        training = pd.read_parquet(path) if path.is_file() else fold.iloc[:0]
        training = training[training["dataset"].isin(alike)]
        if len(training):
            model = fit_speller(
                training,
                layout,
                target_error=settings.target_error,
                timing=mean_timing(timings, _persons(training).unique()),
                where=f"fold {ids[labels]}",
            )
        else:
            without.append(ids[labels])
        decided = decide(gather_selections(fold, layout), model, language=language)
        tables.append(decided.assign(**{key: fold[key].iloc[0] for key in FOLD}))
    if without and settings.dynamic:
        warnings.warn(
            f"{run}: {len(without)} folds have no training scores on the same layout (first: "
            f"{without[0]}); they are spelled by the sum of probabilities only",
            DataWarning,
            stacklevel=3,
        )
    characters = pd.concat(tables, ignore_index=True)
    parts = [
        rows.assign(seconds=timings[str(person)].seconds(rows["repetitions"]))
        for person, rows in characters.groupby(_persons(characters), sort=False)
    ]
    return pd.concat(parts).sort_index()
