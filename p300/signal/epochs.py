"""Epochs: epochs of EEG after each flash, with one row of the flash table each."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.columns import FLASHES
from p300.errors import DataWarning, EpochsError
from p300.files import write_json, written_whole
from p300.recordings.layout import Layout
from p300.signal.averages import average_epochs
from p300.signal.elsewhere import Elsewhere
from p300.signal.epoch_arrays import gather_epochs
from p300.signal.positions import Positions, join_positions, restore_positions
from p300.signal.sampling import same_rate
from p300.stored import StoredFolder

EPOCH_COLUMNS = (
    "dataset", "subject", "session", "run", "character", "repetition", "code", "target",
    "sample", "onset",
)  # fmt: skip
"""Columns of ``Epochs.flashes``; ``onset`` is in seconds from the start of the recording,
NaN where epochs came cut and nobody knows it."""

MINIMUM_ELECTRODES = 3

_REMEDY = "not a folder of saved epochs (X.npy, flashes.parquet, epochs.json) as they were saved"


@dataclass(frozen=True, eq=False)
class Epochs(Elsewhere):
    """Windows of EEG, the epochs, and the flashes that they follow.

    Parameters
    ----------
    X
        float32 [epoch, electrode, time]; volts, or z-scores after a normaliser.
    flashes
        One row an epoch, columns :data:`EPOCH_COLUMNS`.
    electrodes
        Names of the electrodes.
    sfreq
        Sampling rate of X in Hz.
    tmin
        Time of the first sample from the flash, in seconds.
    preprocessing
        The settings that made X, JSON-ready, so that new recordings can be treated alike.
    layouts
        Data set -> stimulus layout, where it is known.
    positions
        Electrode -> x, y, z in head coordinates, in metres; of those whose place is known.
    """

    X: npt.NDArray[np.float32]
    flashes: pd.DataFrame
    electrodes: tuple[str, ...]
    sfreq: float
    tmin: float = 0.0
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    positions: Positions = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.X.ndim != 3 or self.X.shape[1] != len(self.electrodes):
            raise EpochsError(
                f"X of shape {self.X.shape} found, expected [epoch, "
                f"{len(self.electrodes)} electrodes, time]"
            )
        if len(self.X) != len(self.flashes):
            raise EpochsError(f"{len(self.X)} epochs but {len(self.flashes)} rows of flashes")
        missing = [column for column in EPOCH_COLUMNS if column not in self.flashes.columns]
        if missing:
            raise EpochsError(f"flash columns {missing} are missing, expected {EPOCH_COLUMNS}")

    def __repr__(self) -> str:
        return (
            f"<Epochs: {len(self)} epochs x {len(self.electrodes)} electrodes x "
            f"{self.X.shape[2]} samples at {self.sfreq:g} Hz, "
            f"{self.flashes['subject'].nunique()} subjects>"
        )

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Time of each sample from the flash in seconds, [time]."""
        return self.tmin + np.arange(self.X.shape[2]) / self.sfreq

    @property
    def duration(self) -> float:
        """Length of an epoch in seconds."""
        return float(self.X.shape[2] / self.sfreq)

    def select(self, rows: npt.ArrayLike) -> Epochs:
        """Return the epochs at the given positions or where a boolean mask is true.

        Where they are many they lie in a temporary file, see
        :func:`p300.signal.epoch_arrays.empty_epochs`.
        """
        index = np.asarray(rows)
        if index.dtype == bool:
            index = np.flatnonzero(index)
        flashes = self.flashes.iloc[index].reset_index(drop=True)
        return replace(self, X=gather_epochs(self.X, index), flashes=flashes)

    def pick(self, electrodes: Sequence[str]) -> Epochs:
        """Return the same epochs with the named electrodes only, in that order.

        Raises
        ------
        EpochsError
            When one of them is not there.
        """
        missing = [name for name in electrodes if name not in self.electrodes]
        if missing:
            raise EpochsError(f"electrodes {missing} are not among {list(self.electrodes)}")
        rows = [self.electrodes.index(name) for name in electrodes]
        if rows == list(range(len(self.electrodes))):
            return self
        places = {name: place for name, place in self.positions.items() if name in electrodes}
        return replace(self, X=self.X[:, rows], electrodes=tuple(electrodes), positions=places)

    def averages(self) -> pd.DataFrame:
        """Average target and non-target epochs of every subject.

        Returns
        -------
        Columns :data:`p300.columns.AVERAGES`: dataset, subject, kind ("target" or "nontarget"),
        electrode, time (s), microvolts, deviation (standard deviation over epochs), n (epochs
        averaged). Meaningful for epochs in volts, i.e. before a normaliser.
        """
        return average_epochs(self)

    def save(self, folder: str | Path) -> Path:
        """Write the epochs to a new folder: X.npy, flashes.parquet and epochs.json.

        Raises
        ------
        EpochsError
            When the folder exists.
        """
        folder = Path(folder)
        if folder.exists():
            raise EpochsError(f"{folder}: exists already; remove it or choose another name")
        with written_whole(folder) as temporary:
            temporary.mkdir()
            np.save(temporary / "X.npy", np.ascontiguousarray(self.X), allow_pickle=False)
            self.save_tables(temporary)
        return folder

    def save_tables(self, folder: Path) -> None:
        """Write all but X to a folder: flashes.parquet and epochs.json."""
        self.flashes.to_parquet(folder / "flashes.parquet", index=False)
        write_json(
            folder / "epochs.json",
            {
                "electrodes": list(self.electrodes),
                "sfreq": self.sfreq,
                "tmin": self.tmin,
                "preprocessing": dict(self.preprocessing),
                "layouts": {name: layout.to_dict() for name, layout in self.layouts.items()},
                "positions": {name: list(place) for name, place in self.positions.items()},
            },
        )

    @classmethod
    def load(cls, folder: str | Path) -> Epochs:
        """Open saved epochs; X stays on disk (memory-mapped) until it is used.

        Raises
        ------
        EpochsError
            When the folder does not hold saved epochs.
        """
        from p300.signal.records import EpochsRecord

        stored = StoredFolder(Path(folder), EpochsError, _REMEDY)
        about = stored.record("epochs.json", EpochsRecord)
        X = stored.memory_mapped("X.npy", 3)
        return cls(
            X=X,
            flashes=stored.table("flashes.parquet", FLASHES, n_rows=len(X)),
            electrodes=tuple(about.electrodes),
            sfreq=about.sfreq,
            tmin=about.tmin,
            preprocessing=about.preprocessing,
            layouts={name: record.layout() for name, record in about.layouts.items()},
            positions=restore_positions(about.positions, about.electrodes),
        )


def concatenate(parts: Sequence[Epochs]) -> Epochs:
    """Put epochs of several recordings into one, on the electrodes that all of them have.

    Raises
    ------
    EpochsError
        As :func:`common_electrodes`, :func:`join_layouts` and :func:`join_positions`.
    """
    common = common_electrodes(parts)
    return replace(
        parts[0],
        X=np.concatenate([part.pick(common).X for part in parts]),
        flashes=pd.concat([part.flashes for part in parts], ignore_index=True),
        electrodes=common,
        layouts=join_layouts((part.flashes, part.layouts) for part in parts),
        positions=join_positions(parts, common),
    )


def join_layouts(
    parts: Iterable[tuple[pd.DataFrame, Mapping[str, Layout]]],
) -> dict[str, Layout]:
    """Return the one layout of each data set.

    A layout says how flash codes are read: recordings without codes may have another or none.

    Parameters
    ----------
    parts
        The flash table of each recording or data set, columns :data:`EPOCH_COLUMNS`, and its
        layouts.

    Raises
    ------
    EpochsError
        When recordings of one data set have codes on different layouts, or only some have one.
    """
    uncoded: dict[str, Layout] = {}
    coded: dict[str, tuple[str, Layout | None]] = {}
    for flashes, layouts in parts:
        uncoded |= layouts
        for dataset, rows in flashes[flashes["code"].notna()].groupby("dataset", sort=False):
            own, where = layouts.get(str(dataset)), _recording_of(rows)
            first, shown = coded.setdefault(str(dataset), (where, own))
            if own != shown:
                raise EpochsError(
                    f"{first} has {_describe(shown)}, {where} {_describe(own)}, expected one "
                    "layout for all recordings of a data set; name it with the sources' option "
                    "layout if it was the same one, else make them two data sets"
                )
    joined = uncoded | {name: shown for name, (_, shown) in coded.items()}
    return {name: layout for name, layout in joined.items() if layout is not None}


def _recording_of(flashes: pd.DataFrame) -> str:
    row = flashes.iloc[0]
    return f"{row['dataset']}/sub-{row['subject']}/ses-{row['session']}/run-{row['run']}"


def _describe(layout: Layout | None) -> str:
    if layout is None:
        return "flash codes without a layout"
    symbols = " ".join(layout.symbols)
    return f"a layout of {len(layout.groups)} codes for {len(layout.symbols)} symbols ({symbols})"


def common_electrodes(parts: Sequence[Epochs]) -> tuple[str, ...]:
    """Return the electrodes that all parts have, in the first one's order.

    Raises
    ------
    EpochsError
        No parts, rates that are not the same (:func:`p300.signal.sampling.same_rate`), different
        epoch lengths or settings, or fewer than :data:`MINIMUM_ELECTRODES` common electrodes.

    Warns
    -----
    DataWarning
        Naming the electrodes that some parts lack.
    """
    if not parts:
        raise EpochsError("no epochs to concatenate, expected at least one recording")
    first = parts[0]
    for part in parts[1:]:
        if not (same_rate(part.sfreq, first.sfreq) and _samples(part) == _samples(first)):
            raise EpochsError(
                f"{_whose(first)} has {first.X.shape[2]} samples at {first.sfreq:g} Hz from "
                f"{first.tmin:g} s, {_whose(part)} {part.X.shape[2]} at {part.sfreq:g} Hz from "
                f"{part.tmin:g} s; set preprocessing.sfreq to a rate that all recordings can be "
                "subsampled to by a whole factor, or to any below theirs with preprocessing.order "
                "filter_first"
            )
        if dict(part.preprocessing) != dict(first.preprocessing):
            raise EpochsError(f"{_whose(part)} was preprocessed otherwise than {_whose(first)}")
    common = [e for e in first.electrodes if all(e in part.electrodes for part in parts)]
    everywhere = {e for part in parts for e in part.electrodes}
    if len(common) < MINIMUM_ELECTRODES:
        sets = sorted({", ".join(part.electrodes) for part in parts})
        raise EpochsError(
            f"only {len(common)} electrodes ({common}) are common to all recordings, at least "
            f"{MINIMUM_ELECTRODES} are needed; found: {' | '.join(sets)}"
        )
    if len(common) < len(everywhere):
        lacking = sorted(everywhere - set(common))
        warnings.warn(
            f"recordings have different electrodes; the {len(common)} common ones "
            f"({', '.join(common)}) are used, not {', '.join(lacking)}",
            DataWarning,
            stacklevel=3,
        )
    return tuple(common)


def _samples(epochs: Epochs) -> tuple[int, int]:
    """Return the first sample of an epoch from the flash, and how many there are."""
    return round(epochs.tmin * epochs.sfreq), epochs.X.shape[2]


def _whose(epochs: Epochs) -> str:
    row = epochs.flashes.iloc[0] if len(epochs) else None
    return f"{row['dataset']}/sub-{row['subject']}" if row is not None else "an empty part"
