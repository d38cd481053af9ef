"""A run's folder: the only place that knows which files are in it and what they hold."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from p300.columns import (
    AVERAGES,
    CHARACTERS,
    EPOCH_IMAGES,
    FLASHES,
    METRIC_ROWS,
    REMEDY,
    SCORES,
)
from p300.errors import ConfigError, RunError, StoredFileError
from p300.files import (
    check_inside,
    finished_files,
    is_temporary,
    remove_temporaries,
    safe_name,
    write_json,
    written_whole,
)
from p300.runs.checked_files import not_empty, write_table, write_text
from p300.runs.config import LARGEST_CONFIG, Experiment, parse_experiment
from p300.runs.differences import tell_differences
from p300.runs.records import FitRecord, Manifest
from p300.signal.records import PreparedRecord
from p300.stored import StoredFolder

if TYPE_CHECKING:
    import pandas as pd

    from p300.columns import Schema
    from p300.recordings.layout import Layout
    from p300.recordings.montage import Position


LARGEST_METRICS = 2**28
"""Bytes; of the metrics those of some hundred thousand rows."""


class RunFolder:
    """The files of a run, by what they hold.

    Each file is written whole and once, and checked when it is read: what is damaged or was put
    there by somebody else is named in a :class:`~p300.errors.RunError`.

    Parameters
    ----------
    path
        The folder; need not exist.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.yaml"
        self.manifest_file = self.path / "manifest.json"
        self.averages_file = self.path / "averages.parquet"
        self.scores_file = self.path / "scores.parquet"
        self.characters_file = self.path / "characters.parquet"
        self.metrics_file = self.path / "metrics.json"
        self.report_file = self.path / "report.html"
        self.log_file = self.path / "run.log"
        self._fits = self.path / "fits"
        self._stored = StoredFolder(self.path, RunError, REMEDY)

    def fit_file(self, fold: str) -> Path:
        """Return the place of the record of a fold's fit; ``fold`` is the id of its task."""
        return self._fits / f"{safe_name(fold)}.json"

    def fold_scores_file(self, fold: str) -> Path:
        """Return the place of the score table of a fold."""
        return self.path / "scores" / f"{safe_name(fold)}.parquet"

    def training_scores_file(self, fold: str) -> Path:
        """Return the place of the cross-fitted scores of a fold's training epochs."""
        return self.path / "training_scores" / f"{safe_name(fold)}.parquet"

    def flashes_file(self, dataset: str) -> Path:
        """Return the place of the flashes of a data set."""
        return self.path / "epochs" / safe_name(dataset) / "flashes.parquet"

    def epochs_file(self, dataset: str) -> Path:
        """Return the place of what is known of a data set's epochs: electrodes, layouts."""
        return self.path / "epochs" / safe_name(dataset) / "epochs.json"

    def epoch_images_file(self, dataset: str) -> Path:
        """Return the place of the target epochs of a data set at its best electrode."""
        return self.path / "epochs" / safe_name(dataset) / "epoch_images.parquet"

    def figure_file(self, name: str, kind: str = "png") -> Path:
        """Return the place of a figure of the report."""
        return self.path / "figures" / f"{safe_name(name)}.{kind}"

    def methods_file(self, name: str) -> Path:
        """Return the place of a text to paste, such as ``methods.tex`` or ``references.bib``."""
        return self.path / "methods" / safe_name(name)

    # Whose folder it is.

    def check_owner(self, experiment: Experiment) -> None:
        """Check that a run of an experiment can begin or go on here, and write nothing.

        What a killed writer left under a temporary name is removed.

        Raises
        ------
        RunError
            When the folder belongs to another experiment or is not a run folder.
        """
        self._check_folders()
        if not self.config_file.exists():
            self._check_free()
        else:
            if different := tell_differences(experiment, self.experiment()):
                raise RunError(
                    f"{self.path}: this run folder belongs to another config (different: "
                    f"{different}); name another folder with --out, or remove this one"
                )
        if self.path.exists():
            remove_temporaries(self.path)

    def _check_folders(self) -> None:
        """Refuse folders in this one that are elsewhere: nothing is read or written there."""
        inner = [place for place in self.path.glob("*") if place.is_dir()]
        for place in [*inner, *(self.path / "epochs").glob("*")]:
            try:
                check_inside(place, self.path)
            except StoredFileError as error:
                raise RunError(f"{error}; {REMEDY}") from error

    def _check_free(self) -> None:
        """Refuse a folder in which somebody else keeps files."""
        if not self.path.exists():
            return
        if not self.path.is_dir() or not all(map(is_temporary, self.path.iterdir())):
            raise RunError(
                f"{self.path}: exists but is not a run folder (it has no {self.config_file.name}); "
                "name another folder with --out"
            )

    def claim(self, experiment: Experiment) -> None:
        """Make the folder that of an experiment, if it is not yet.

        Raises
        ------
        RunError
            As :meth:`check_owner`.
        """
        self.check_owner(experiment)
        if not self.config_file.exists():
            write_text(self.config_file, experiment.to_yaml())

    def experiment(self) -> Experiment:
        """Return the resolved experiment."""
        try:
            return parse_experiment(
                self.config_text(), where=str(self.config_file), name=self.config_file.stem
            )
        except ConfigError as error:
            raise RunError(f"{error}; {REMEDY}") from error

    def config_text(self) -> str:
        """Return the resolved experiment as it stands in the file."""
        return self._stored.text(self.config_file.name, LARGEST_CONFIG)

    # What was prepared.

    def is_prepared(self) -> bool:
        """Return whether the manifest is there, which is written when all has been prepared."""
        return self.manifest_file.is_file()

    def keep_prepared(
        self, entries: Mapping[str, Path], averages: pd.DataFrame, manifest: Mapping[str, Any]
    ) -> None:
        """Write what can be told of epochs without their signal; the manifest comes last.

        Parameters
        ----------
        entries
            Data set -> folder of its saved epochs.
        averages
            Of all data sets, columns :data:`p300.columns.AVERAGES`.
        manifest
            See :class:`p300.runs.records.Manifest`.
        """
        for dataset, entry in entries.items():
            told = (self.flashes_file, self.epochs_file, self.epoch_images_file)
            for file in (place(dataset) for place in told):
                with written_whole(file) as temporary:
                    shutil.copyfile(entry / file.name, temporary)
        write_table(self.averages_file, averages, AVERAGES)
        write_json(self.manifest_file, manifest)

    def manifest(self) -> dict[str, Any]:
        """Return the manifest."""
        content = self._stored.json(self.manifest_file.name)
        self._stored.check(self.manifest_file.name, content, Manifest)
        return content

    def add_to_manifest(self, **about: Any) -> None:
        """Keep more about a run, such as who fits its folds."""
        write_json(self.manifest_file, {**self.manifest(), **about})

    def averages(self) -> pd.DataFrame | None:
        """Return target and non-target averages, None where the run kept none."""
        file = self.averages_file
        return not_empty(self._table(file, AVERAGES), file) if self._has(file) else None

    def epoch_images(self, dataset: str) -> pd.DataFrame | None:
        """Return target epochs in the order of time, None where the run kept none."""
        file = self.epoch_images_file(dataset)
        return self._table(file, EPOCH_IMAGES) if self._has(file) else None

    def flashes(self, dataset: str) -> pd.DataFrame:
        """Return the flashes of a data set's epochs."""
        return self._table(self.flashes_file(dataset), FLASHES)

    def layout(self, dataset: str) -> Layout | None:
        """Return the stimulus layout of a data set, None where it is not known."""
        layouts = self._prepared(dataset).layouts
        return layouts[dataset].layout() if dataset in layouts else None

    def positions(self, dataset: str) -> dict[str, Position] | None:
        """Return the positions of a data set's electrodes, None where the run kept none."""
        return self._prepared(dataset).positions if self._has(self.epochs_file(dataset)) else None

    def _prepared(self, dataset: str) -> PreparedRecord:
        return self._stored.record(self._name(self.epochs_file(dataset)), PreparedRecord)

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self.path))

    def _has(self, file: Path) -> bool:
        return self._stored.has(self._name(file))

    def _table(self, file: Path, schema: Schema, n_rows: int | None = None) -> pd.DataFrame:
        return self._stored.table(self._name(file), schema, n_rows)

    # Folds.

    def is_scored(self, fold: str) -> bool:
        """Return whether a fold is done: its scores are written last."""
        return self.fold_scores_file(fold).is_file()

    def write_fold(
        self, fit: Mapping[str, Any], scores: pd.DataFrame, training_scores: pd.DataFrame | None
    ) -> None:
        """Write how a fold was fitted, the scores of its training epochs, and its scores.

        Parameters
        ----------
        fit
            See :class:`p300.runs.records.FitRecord`.
        scores
            Of the tested epochs, columns :data:`p300.columns.SCORES`.
        training_scores
            The same of the training epochs, None where they were not scored.
        """
        fold = fit["id"]
        write_json(self.fit_file(fold), fit)
        if training_scores is not None:
            write_table(self.training_scores_file(fold), training_scores, SCORES)
        write_table(self.fold_scores_file(fold), scores, SCORES)

    def fits(self) -> list[dict[str, Any]]:
        """Return how each fold was fitted, in the order of the files' names."""
        return [self._read_fit(file) for file in finished_files(self._fits, ".json")]

    def _read_fit(self, file: Path) -> dict[str, Any]:
        record = self._stored.record(self._name(file), FitRecord)
        if self.fit_file(record.id) != file:
            raise RunError(
                f"{file}: a fit of the fold {record.id!r} found, expected that of its file's name; "
                f"{REMEDY}"
            )
        return record.model_dump(by_alias=True)

    def training_scores(self, fold: str) -> pd.DataFrame | None:
        """Return the scores of a fold's training epochs, None where they were not scored."""
        file = self.training_scores_file(fold)
        return self._table(file, SCORES) if self._has(file) else None

    def join_scores(self, folds: Sequence[str]) -> None:
        """Write the score tables of all folds, in their order, as one."""
        import pandas as pd

        tables = [self._fold_scores(fold) for fold in folds]
        write_table(self.scores_file, pd.concat(tables, ignore_index=True), SCORES)

    def _fold_scores(self, fold: str) -> pd.DataFrame:
        """Return the score table of a fold, as long as the record of its fit says."""
        n_test = self._read_fit(self.fit_file(fold))["n_test"]
        return self._table(self.fold_scores_file(fold), SCORES, n_test)

    # What came out.

    def scores(self) -> pd.DataFrame:
        """Return the score table of all folds."""
        return not_empty(self._table(self.scores_file, SCORES), self.scores_file)

    def write_characters(self, characters: pd.DataFrame) -> None:
        """Write the spelled characters; without rows where nothing could be spelled."""
        write_table(self.characters_file, characters, CHARACTERS)

    def characters(self) -> pd.DataFrame | None:
        """Return the spelled characters, None where there are none."""
        file = self.characters_file
        table = self._table(file, CHARACTERS) if self._has(file) else CHARACTERS.empty()
        return None if table.empty else table

    def write_metrics(self, metrics: pd.DataFrame) -> None:
        """Write all metrics of a run."""
        table = METRIC_ROWS.read(metrics, "metrics").astype(object)
        rows = table.where(table.notna(), None).to_dict("records")
        write_json(self.metrics_file, {"rows": rows})

    def metrics(self) -> pd.DataFrame:
        """Return all metrics of a run."""
        import pandas as pd

        rows = self._stored.json(self.metrics_file.name, LARGEST_METRICS).get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise RunError(
                f"{self.metrics_file}: no rows of metrics found, expected a list of objects under "
                f"'rows'; {REMEDY}"
            )
        table = METRIC_ROWS.read(pd.DataFrame(rows), str(self.metrics_file))
        return not_empty(table, self.metrics_file)

    def is_finished(self) -> bool:
        """Return whether all folds are scored, spelled and measured."""
        files = (self.scores_file, self.characters_file, self.metrics_file)
        return all(file.is_file() for file in files)

    def check_finished(self) -> None:
        """Refuse a folder that lacks what a report needs.

        Raises
        ------
        RunError
            Naming the files that are missing.
        """
        self._check_folders()
        needed = (self.config_file, self.manifest_file, self.metrics_file, self.scores_file)
        missing = [file.name for file in needed if not file.is_file()]
        if missing:
            there = sorted(p.name for p in self.path.iterdir()) if self.path.is_dir() else []
            raise RunError(
                f"{self.path} is not a finished run folder: found {', '.join(there) or 'nothing'}; "
                f"expected {', '.join(file.name for file in needed)}; missing "
                f"{', '.join(missing)}. Start it again with p300 run"
            )

    def write_report(
        self, page: str, figures: Mapping[str, bytes], lines: Mapping[str, bytes] | None = None
    ) -> None:
        """Write the report, and its figures (name -> PNG, name -> PDF) beside it."""
        for kind, drawn in (("png", figures), ("pdf", lines or {})):
            for name, content in drawn.items():
                with written_whole(self.figure_file(name, kind)) as temporary:
                    temporary.write_bytes(content)
        write_text(self.report_file, page)

    def write_texts(self, texts: Mapping[str, str]) -> None:
        """Write texts to paste, file name -> text."""
        for name, text in texts.items():
            write_text(self.methods_file(name), text)
