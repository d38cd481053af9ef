"""Spell a finished run: from its score tables to characters and their figures."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import yaml

from p300.epochs import UNITS, Epochs
from p300.errors import DataWarning
from p300.evaluation.metrics import METRIC_COLUMNS
from p300.files import read_json, written_whole
from p300.recordings.layout import Layout
from p300.speller.curves import spelling_metrics, subject_rates
from p300.speller.decisions import decide
from p300.speller.language import LanguageModel, refuse_random_text
from p300.speller.model import fit_speller
from p300.speller.rates import USUAL_PAUSE, measure_timing
from p300.speller.selections import gather_selections, has_codes, warn_uncoded
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
        Naming data sets without a layout, runs without codes, folds without training scores (only
        the sum of probabilities is decided there) and pauses that could not be measured.
    """
    run, settings = Path(run), settings or Spelling()
    language = LanguageModel.load(settings.language_model) if settings.language_model else None
    scores = pd.read_parquet(run / "scores.parquet")
    datasets = [str(name) for name in scores["dataset"].unique()]
    sources = _sources(run)
    if language is not None:
        for dataset in datasets:
            refuse_random_text(dataset, sources[dataset], settings.random_text)
    parts, n_symbols = [], {}
    for dataset in datasets:
        epochs = Epochs.load(run / "epochs" / dataset)
        layout, flashes = epochs.layouts.get(dataset), epochs.flashes
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
        characters = _spell_folds(run, table, layout, settings, language)
        pause = settings.pause if settings.pause is not None else _stated_pause(sources[dataset])
        parts.append(_add_seconds(characters, flashes, pause))
        n_symbols[dataset] = len(layout.symbols)
    columns = list(CHARACTER_COLUMNS)
    nothing = pd.DataFrame(columns=columns)
    characters = pd.concat(parts, ignore_index=True)[columns] if parts else nothing
    with written_whole(run / "characters.parquet") as temporary:
        characters.to_parquet(temporary, index=False)
    if characters.empty:
        return pd.DataFrame(columns=METRIC_COLUMNS)
    return spelling_metrics(subject_rates(characters, n_symbols), n_symbols)


def _sources(run: Path) -> dict[str, list[str]]:
    """Give the names of the sources of each data set."""
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    return {name: [s["source"] for s in sources] for name, sources in config["datasets"].items()}


def _stated_pause(sources: Iterable[str]) -> float | None:
    """Give the pause that is known of one of the sources, if any."""
    return next((STATED_PAUSES[s] for s in sources if s in STATED_PAUSES), None)


def _spell_folds(
    run: Path,
    scores: pd.DataFrame,
    layout: Layout,
    settings: Spelling,
    language: LanguageModel | None,
) -> pd.DataFrame:
    """Decide the characters of every fold of a data set; each fold fits its own speller."""
    fits = [read_json(path) for path in (run / "fits").glob("*.json")]
    ids = {tuple(fit[key] for key in FOLD): fit["id"] for fit in fits}
    tables, without = [], []
    for labels, fold in scores.groupby(FOLD, sort=False):
        path = run / "training_scores" / f"{ids[labels]}.parquet"
        model = None
        if path.is_file():
            training = pd.read_parquet(path)
            where = f"fold {ids[labels]}"
            model = fit_speller(training, layout, target_error=settings.target_error, where=where)
        else:
            without.append(ids[labels])
        decided = decide(gather_selections(fold, layout), model, language=language)
        tables.append(decided.assign(**{key: fold[key].iloc[0] for key in FOLD}))
    if without and settings.dynamic:
        warnings.warn(
            f"{run}: {len(without)} folds have no training scores (first: "
            f"{without[0]}); they are spelled by the sum of probabilities only",
            DataWarning,
            stacklevel=3,
        )
    return pd.concat(tables, ignore_index=True)


def _add_seconds(
    characters: pd.DataFrame, flashes: pd.DataFrame, pause: float | None
) -> pd.DataFrame:
    """Add how long every selection took, with each subject's own timing.

    Where all runs of a subject hold one character and no pause is given, the usual one is taken.
    """
    parts, unmeasured = [], []
    for subject, rows in characters.groupby("subject", sort=False):
        own = flashes[flashes["subject"] == subject]
        several = own.groupby(UNITS["run"])["character"].nunique().max() > 1
        if pause is None and not several:
            unmeasured.append(str(subject))
        timing = measure_timing(own, pause if pause is not None or several else USUAL_PAUSE)
        parts.append(rows.assign(seconds=timing.seconds(rows["repetitions"])))
    if unmeasured:
        warnings.warn(
            f"data set {characters['dataset'].iloc[0]}: runs of one character (subjects "
            f"{', '.join(unmeasured)}), so the pause between characters cannot be measured; "
            f"{USUAL_PAUSE:g} s are taken (state it in the setting pause)",
            DataWarning,
            stacklevel=3,
        )
    return pd.concat(parts).sort_index()
