"""What a finished run left in its folder, read back without any model."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from p300.adaptation.base import Adaptation
from p300.adaptation.registry import make_adaptation
from p300.columns import CHARACTERS, Decoded, label_protocols
from p300.detectors.catalogue import DETECTORS
from p300.errors import RunError, RunWarning
from p300.evaluation.protocols import PROTOCOLS, Protocol
from p300.recordings.layout import Layout
from p300.report.hidden_folders import common_folder
from p300.runs import RunFolder
from p300.signal.alignment import Alignment, make_alignment
from p300.signal.positions import Positions
from p300.speller.curves import rates_of

Kept = TypeVar("Kept")

MEAN = "mean"
"""In the column ``subject`` of the metrics: the mean over subjects."""


@dataclass(frozen=True, eq=False)
class RunResults:
    """The contents of a finished run folder.

    In all tables ``protocol`` is what the report calls it: its name, with the number of calibration
    characters where it has one (:func:`p300.columns.label_protocols`), so that what was tested
    alike is grouped by one column.

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
        Tidy: one row a data set, protocol, detector, subject (or :data:`MEAN`) and figure.
    fits
        One row a fitted detector; without rows where the run stored none.
    averages
        Target and non-target averages, tidy; None where the run stored none.
    characters
        Spelled characters whose truth is known, columns of :data:`p300.columns.CHARACTERS`; None
        where there are none.
    post_hoc
        The same as decoded again at the end, without rows where nothing was.
    layouts
        Data set -> stimulus layout, of all data sets in ``characters``.
    positions
        Data set -> positions of its electrodes; without those that the run stored none of, for
        which the names' in the 10-05 system hold.
    epoch_images
        Data set -> its target epochs in the order of time, columns
        :data:`p300.columns.EPOCH_IMAGES`; without those that the run stored none of.
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
    post_hoc: pd.DataFrame = field(default_factory=CHARACTERS.empty)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    positions: Mapping[str, Positions] = field(default_factory=dict)
    epoch_images: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def unique(self, column: str) -> list[str]:
        """Return the different values of a column of the metrics, in the order of the file."""
        return [str(value) for value in self.metrics[column].unique()]

    @property
    def name(self) -> str:
        """Name of the experiment, or of the folder where the experiment has none."""
        return str(self.config.get("name") or self.folder.resolve().name)

    @property
    def one_subject(self) -> bool:
        """Whether no data set has several subjects, so that there is nothing to average over."""
        return bool(self.scores.groupby("dataset")["subject"].nunique().max() == 1)

    @property
    def private_folders(self) -> tuple[str, ...]:
        """Folders that a page does not name: those of the recordings and of the run."""
        read = [str(r.get("source", "")) for r in self.manifest.get("recordings", [])]
        return (common_folder(read), str(self.folder.resolve().parent))

    def protocol(self, label: str) -> Protocol | None:
        """Return the record of what the tables call ``label``; None where there is none."""
        names = self.scores.loc[self.scores["protocol"] == label, "protocol_name"]
        return PROTOCOLS.get(str(names.iloc[0])) if len(names) else None

    @cached_property
    def rates(self) -> pd.DataFrame:
        """Accuracy and rates of every subject, as the run has measured them.

        As :func:`p300.speller.curves.subject_rates`; without rows where nothing was spelled, and
        without those of what was decoded again, which :attr:`all_rates` has too.
        """
        return self.all_rates[self.all_rates["decoded"] == Decoded.INSTANT]

    @cached_property
    def all_rates(self) -> pd.DataFrame:
        """The same, and the accuracy of what was decoded again at the end."""
        return rates_of(self.metrics)

    def settings(self, label: str) -> dict[str, Any]:
        """Return all settings of a detector that the experiment calls ``label``."""
        return (self.config.get("detectors") or {}).get(label) or {}

    def fits_of(self, label: str) -> pd.DataFrame:
        """Return the fits of a detector."""
        return self.fits[self.fits["detector"] == label] if len(self.fits) else self.fits

    def fits_under(self, protocol: str) -> pd.DataFrame:
        """Return the fits of a protocol, as the tables call it."""
        return self.fits[self.fits["protocol"] == protocol] if len(self.fits) else self.fits

    def subjects_measured(self) -> dict[str, int]:
        """Return how many subjects of each data set have figures."""
        single = self.metrics[self.metrics["subject"] != MEAN]
        counts = single.groupby("dataset", sort=False)["subject"].nunique()
        return {str(name): int(n) for name, n in counts.items()}

    def detector_name(self, label: str) -> str:
        """Return the name in the registry of a detector that the experiment calls ``label``."""
        return str(self.settings(label).get("detector", label))

    def alignment(self, label: str) -> Alignment:
        """Return the alignment of a detector that the experiment calls ``label``."""
        given = self.settings(label).get("alignment")
        return make_alignment(given, f"detectors.{label}.alignment")

    def adaptation(self, label: str) -> Adaptation[Any]:
        """Return how a detector that the experiment calls ``label`` adapts to tested subjects."""
        name = self.detector_name(label)
        default = DETECTORS[name].adaptation if name in DETECTORS else "none"
        given = self.settings(label).get("adaptation", default)
        return make_adaptation(given, f"detectors.{label}.adaptation")

    def sources(self, dataset: str) -> set[str]:
        """Return the kinds of source that a data set was read from."""
        sources = (self.config.get("datasets") or {}).get(dataset) or []
        return {str(source.get("source")) for source in sources}


def repeats(table: pd.DataFrame) -> int:
    """Return how often each fold was fitted, each time with another seed.

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
        When a file is missing, cannot be read, or holds something else than it should.

    Warns
    -----
    RunWarning
        When records of fits are not there.
    """
    run = RunFolder(folder)
    run.check_finished()
    metrics, spelled = label_protocols(run.metrics()), _read_characters(run)
    both = CHARACTERS.empty() if spelled is None else label_protocols(spelled)
    decoded = {kind: own.reset_index(drop=True) for kind, own in both.groupby("decoded")}
    results = RunResults(
        folder=folder,
        config=run.experiment().model_dump(mode="json"),
        config_text=run.config_text(),
        manifest=run.manifest(),
        scores=label_protocols(run.scores()),
        metrics=metrics,
        fits=_read_fits(run, metrics),
        averages=run.averages(),
        characters=decoded.get(Decoded.INSTANT),
        post_hoc=decoded.get(Decoded.POST_HOC, CHARACTERS.empty()),
        layouts={} if spelled is None else _read_layouts(run, spelled),
        positions=_read_stored(run.positions, metrics),
        epoch_images=_read_stored(run.epoch_images, metrics),
    )
    _warn_of_missing(results)
    if spelled is not None and results.rates.empty:
        raise RunError(
            f"{run.metrics_file}: no figures of the characters in {run.characters_file.name} "
            f"found; remove {run.metrics_file.name} and start again with p300 run"
        )
    return results


def _warn_of_missing(results: RunResults) -> None:
    """Say of how many folds there is no record, which the report then cannot tell of."""
    keys = ["dataset", "protocol", "fold", "detector", "seed"]
    told = set(map(tuple, results.fits[keys].to_numpy())) if len(results.fits) else set()
    folds = list(map(tuple, results.scores[keys].drop_duplicates().to_numpy()))
    if missing := [fold for fold in folds if fold not in told]:
        warnings.warn(
            f"{results.folder}: no record of how {len(missing)} of {len(folds)} folds were fitted "
            f"(first: {', '.join(map(str, missing[0]))}); what is told of fits leaves them out",
            RunWarning,
            stacklevel=3,
        )


def _read_characters(run: RunFolder) -> pd.DataFrame | None:
    """Read the characters whose truth is known, None where it is known of none."""
    table = run.characters()
    if table is None:
        return None
    known = table.dropna(subset="correct").astype({"correct": bool})
    return known if len(known) else None


def _read_layouts(run: RunFolder, characters: pd.DataFrame) -> dict[str, Layout]:
    """Read the layouts on which characters were spelled."""
    layouts = {}
    for dataset in map(str, characters["dataset"].unique()):
        file, layout = run.epochs_file(dataset), None
        if file.is_file():
            layout = run.layout(dataset)
        if layout is None:
            raise RunError(
                f"{file}: no layout of {dataset} found; its characters were spelled on it. Put it "
                f"back, or take {run.characters_file.name} away to report without characters"
            )
        layouts[dataset] = layout
    return layouts


def _read_stored(read: Callable[[str], Kept | None], metrics: pd.DataFrame) -> dict[str, Kept]:
    """Read what the run may have stored of each data set."""
    stored = {name: read(name) for name in map(str, metrics["dataset"].unique())}
    return {name: kept for name, kept in stored.items() if kept is not None}


def _read_fits(run: RunFolder, metrics: pd.DataFrame) -> pd.DataFrame:
    """Read all fits, in the order in which the metrics have their detectors and protocols."""
    stored = run.fits()
    if not stored:
        return pd.DataFrame()

    def order(column: pd.Series[Any]) -> pd.Series[Any]:
        return column.map({name: k for k, name in enumerate(metrics[column.name].unique())})

    fits = label_protocols(pd.DataFrame(stored))
    return fits.sort_values(["dataset", "protocol", "detector"], key=order, kind="stable")
