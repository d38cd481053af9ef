"""What a finished run left in its folder, read back without any model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from p300.adaptation.base import Adaptation
from p300.adaptation.registry import make_adaptation
from p300.alignment import Alignment, make_alignment
from p300.detectors.registry import DETECTORS
from p300.errors import RunError
from p300.files import finished_files
from p300.recordings.layout import Layout
from p300.speller import spelling_metrics, subject_rates
from p300.speller.run import CHARACTER_COLUMNS

REQUIRED_FILES = ("config.yaml", "manifest.json", "metrics.json", "scores.parquet")
"""Files without which a folder is not a finished run."""

SCORE_COLUMNS = (
    "protocol", "fold", "detector", "seed", "dataset", "subject", "run", "target", "score",
    "threshold",
)  # fmt: skip
METRIC_COLUMNS = ("dataset", "protocol", "detector", "subject", "metric", "value", "low", "high")
FIT_COLUMNS = ("dataset", "protocol", "fold", "detector", "seed", "n_train", "n_test")
AVERAGE_COLUMNS = ("dataset", "subject", "kind", "electrode", "time", "microvolts")

MEAN = "mean"
"""In the column ``subject`` of the metrics: the mean over subjects."""


@dataclass(frozen=True, eq=False)
class RunResults:
    """The contents of a finished run folder.

    Parameters
    ----------
    folder
        Where it was read.
    config
        The resolved experiment; ``config_text`` is the same as it stands in the file.
    manifest
        Versions, machine, seeds, recordings with their hashes, warnings.
    scores
        Score table, one row a tested epoch.
    metrics
        Tidy: one row a data set, protocol, detector, subject (or :data:`MEAN`) and metric.
    fits
        One row a fitted detector; without rows where the run stored none.
    averages
        Target and non-target averages, tidy; None where the run stored none.
    characters
        Spelled characters, columns :data:`p300.speller.run.CHARACTER_COLUMNS`, those whose truth is
        known; None where the run stored none.
    layouts
        Data set -> stimulus layout, of all data sets in ``characters``.
    """

    folder: Path
    config: dict[str, Any]
    config_text: str
    manifest: dict[str, Any]
    scores: pd.DataFrame
    metrics: pd.DataFrame
    fits: pd.DataFrame
    averages: pd.DataFrame | None
    characters: pd.DataFrame | None = None
    layouts: Mapping[str, Layout] = field(default_factory=dict)

    def unique(self, column: str) -> list[str]:
        """Give the different values of a column of the metrics, in the order of the file."""
        return [str(value) for value in self.metrics[column].unique()]

    @property
    def name(self) -> str:
        """Name of the experiment, or of the folder where the experiment has none."""
        return str(self.config.get("name") or self.folder.resolve().name)

    @cached_property
    def rates(self) -> pd.DataFrame:
        """Accuracy and rates of every subject: :func:`p300.speller.curves.subject_rates`.

        Without rows where nothing was spelled.
        """
        if self.characters is None:
            return pd.DataFrame()
        return subject_rates(self.characters, self._n_symbols)

    @cached_property
    def spelling(self) -> pd.DataFrame:
        """Figures of the spellers: :func:`p300.speller.curves.spelling_metrics`.

        Without rows where nothing was spelled.
        """
        return spelling_metrics(self.rates, self._n_symbols) if len(self.rates) else self.rates

    @property
    def _n_symbols(self) -> dict[str, int]:
        return {dataset: len(layout.symbols) for dataset, layout in self.layouts.items()}

    def detector_name(self, label: str) -> str:
        """Give the name in the registry of a detector that the experiment calls ``label``."""
        settings = (self.config.get("detectors") or {}).get(label) or {}
        return str(settings.get("detector", label))

    def alignment(self, label: str) -> Alignment:
        """Give the alignment of a detector that the experiment calls ``label``."""
        settings = (self.config.get("detectors") or {}).get(label) or {}
        return make_alignment(settings.get("alignment"), f"detectors.{label}.alignment")

    def adaptation(self, label: str) -> Adaptation[Any]:
        """Return how a detector that the experiment calls ``label`` adapts to tested subjects."""
        settings = (self.config.get("detectors") or {}).get(label) or {}
        name = self.detector_name(label)
        default = DETECTORS[name].adaptation if name in DETECTORS else "none"
        return make_adaptation(settings.get("adaptation", default), f"detectors.{label}.adaptation")

    def sources(self, dataset: str) -> set[str]:
        """Give the kinds of source that a data set was read from."""
        sources = (self.config.get("datasets") or {}).get(dataset) or []
        return {str(source.get("source")) for source in sources}


def repeats(table: pd.DataFrame) -> int:
    """Tell how often each fold was fitted, each time with another seed.

    Parameters
    ----------
    table
        Score table or fits.
    """
    keys = ["dataset", "protocol", "fold", "detector"]
    return int(table.groupby(keys)["seed"].nunique().max())


def read_run(folder: Path) -> RunResults:
    """Read a finished run folder.

    Raises
    ------
    RunError
        When a file is missing, cannot be read, or lacks a column.
    """
    _check_files(folder)
    config_text = (folder / "config.yaml").read_text(encoding="utf-8")
    averages, characters = folder / "averages.parquet", folder / "characters.parquet"
    spelled = _read_characters(characters) if characters.is_file() else None
    metrics = _read_metrics(folder / "metrics.json")
    return RunResults(
        folder=folder,
        config=_read_config(folder / "config.yaml", config_text),
        config_text=config_text,
        manifest=_read_json(folder / "manifest.json"),
        scores=_read_scores(folder / "scores.parquet"),
        metrics=metrics,
        fits=_read_fits(folder / "fits", metrics),
        averages=_read_table(averages, AVERAGE_COLUMNS) if averages.is_file() else None,
        characters=spelled,
        layouts={} if spelled is None else _read_layouts(folder, spelled),
    )


def _check_files(folder: Path) -> None:
    missing = [name for name in REQUIRED_FILES if not (folder / name).is_file()]
    if missing:
        there = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        raise RunError(
            f"{folder} is not a finished run folder: found {', '.join(there) or 'nothing'}; "
            f"expected {', '.join(REQUIRED_FILES)}; missing {', '.join(missing)}. "
            "Start it again with p300 run"
        )


def _damaged(path: Path, error: Exception) -> RunError:
    return RunError(f"{path} is damaged ({error}); start it again with p300 run")


def _read_config(path: Path, text: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _damaged(path, error) from error
    if not isinstance(config, dict):
        raise RunError(f"{path}: {type(config).__name__} found, expected settings by name")
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(path, error) from error
    if not isinstance(content, dict):
        raise RunError(f"{path}: {type(content).__name__} found, expected a JSON object")
    return content


def _read_table(path: Path, columns: Iterable[str], *, may_be_empty: bool = False) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    return table if may_be_empty and table.empty else _check_table(table, columns, path)


def _check_table(table: pd.DataFrame, columns: Iterable[str], path: Path) -> pd.DataFrame:
    lacking = [name for name in columns if name not in table.columns]
    if lacking or table.empty:
        raise RunError(
            f"{path}: {len(table)} rows with columns {list(table.columns)} found, expected at "
            f"least one row and the columns {list(columns)}"
        )
    return table


def _read_scores(path: Path) -> pd.DataFrame:
    scores = _read_table(path, SCORE_COLUMNS)
    if scores["target"].isna().any():
        raise RunError(f"{path}: epochs without a target mark found, expected tested epochs only")
    return scores.astype({"subject": str, "target": bool, "score": float})


def _read_metrics(path: Path) -> pd.DataFrame:
    metrics = pd.DataFrame(_read_json(path).get("rows", []))
    metrics = _check_table(metrics, METRIC_COLUMNS, path)
    return metrics.astype({"subject": str, "value": float, "low": float, "high": float})


def _read_characters(path: Path) -> pd.DataFrame | None:
    """Read the characters whose truth is known, None where it is known of none.

    The table is empty where no data set has codes and a layout.
    """
    table = _read_table(path, CHARACTER_COLUMNS, may_be_empty=True)
    if table.empty:
        return None
    known = table.astype({"subject": str}).dropna(subset="correct").astype({"correct": bool})
    return known if len(known) else None


def _read_layouts(folder: Path, characters: pd.DataFrame) -> dict[str, Layout]:
    """Read the layouts on which characters were spelled."""
    layouts = {}
    for dataset in map(str, characters["dataset"].unique()):
        path = folder / "epochs" / dataset / "epochs.json"
        if not path.is_file():
            raise RunError(
                f"{path} not found; it holds the layout on which the characters of {dataset} were "
                "spelled. Put it back, or take characters.parquet away to report without characters"
            )
        try:
            layouts[dataset] = Layout.from_dict(_read_json(path)["layouts"][dataset])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path, error) from error
    return layouts


def _read_fits(folder: Path, metrics: pd.DataFrame) -> pd.DataFrame:
    """Read all fits, in the order in which the metrics have their detectors and protocols."""
    stored = [_read_json(path) for path in finished_files(folder, ".json")]
    if not stored:
        return pd.DataFrame()

    def order(column: pd.Series[Any]) -> pd.Series[Any]:
        return column.map({name: k for k, name in enumerate(metrics[column.name].unique())})

    fits = _check_table(pd.DataFrame(stored), FIT_COLUMNS, folder)
    return fits.sort_values(["dataset", "protocol", "detector"], key=order, kind="stable")
