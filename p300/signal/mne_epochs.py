"""Epochs of MNE into ours and ours into MNE's; there and back they are the same to float32."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError

from p300.columns import FLASHES
from p300.errors import DataWarning, EpochsError
from p300.recordings.epoched import believed_onsets
from p300.recordings.flashes import check_codes
from p300.recordings.formats.epochs import epoch_flashes
from p300.recordings.layout import Layout
from p300.recordings.marks import NOTHING_SAID, Marks
from p300.recordings.montage import head_montage, raw_positions
from p300.recordings.readers.array_epochs import in_microvolts
from p300.recordings.readers.epochfile import PLACES, epoch_table
from p300.signal.epochs import EPOCH_COLUMNS, Epochs
from p300.signal.records import DescribedEpochs
from p300.signal.units import number_units

if TYPE_CHECKING:
    from mne import BaseEpochs, EpochsArray

_WHERE = "Epochs.from_mne"
_LABELS = ("dataset", *PLACES)
_APART = 10.0
"""Seconds between runs that MNE is to count one after another."""
_REMEDY = "correct epochs.metadata, or leave these columns out and pass what they would tell"


def read_mne(
    epochs: BaseEpochs,
    labels: Mapping[str, str],
    marks: Marks = NOTHING_SAID,
    layout: Layout | None = None,
) -> Epochs:
    """Make epochs of those of MNE, which stay as they are.

    Parameters
    ----------
    epochs
        In volts; EEG channels that are not marked as bad are taken.
    labels
        Those of dataset, subject, session and run that metadata do not tell.
    marks
        What events mean, where metadata do not tell it.
    layout
        The stimulus layout, where it is not said in ``epochs.info``.

    Raises
    ------
    EpochsError
        When somebody's data set, subject, session or run is not told or told twice, or the signal
        is not finite.
    RecordingError
        When nobody said which events are targets, or codes are not in the layout.

    Warns
    -----
    DataWarning
        Naming channels that are left out as bad; of values that cannot be volts; of what is left
        out because onsets are unknown.
    """
    import mne

    if not epochs.preload:  # which of them are good MNE tells when it reads them
        with mne.utils.use_log_level("error"):
            epochs = epochs.copy().load_data()
    metadata = _metadata(epochs)
    rows = np.arange(len(epochs.events))
    if set(EPOCH_COLUMNS) <= set(metadata.columns) and marks == NOTHING_SAID:
        _refuse_twice(labels, list(_LABELS))
        flashes = metadata
    else:
        rows, flashes = _told_by_marks(epochs, metadata, labels, marks)
    flashes = FLASHES.read(flashes, _WHERE, error=EpochsError, remedy=_REMEDY)
    about = _description(epochs)
    preprocessing = {} if about is None else about.preprocessing
    layouts = {} if about is None else {n: own.layout() for n, own in about.layouts.items()}
    if layout is not None:
        check_codes(flashes, layout, _WHERE)
        layouts = dict.fromkeys(flashes["dataset"].unique(), layout)
    electrodes, X = _eeg(epochs)
    if "normaliser" not in preprocessing and in_microvolts(X):
        _warn("values found that cannot be volts, as everything in MNE is; multiply them by 1e-6")
    placed = raw_positions(epochs)
    return Epochs(
        X=X if len(rows) == len(X) and (rows == np.arange(len(X))).all() else X[rows],
        flashes=flashes,
        electrodes=electrodes,
        sfreq=float(epochs.info["sfreq"]),
        tmin=float(epochs.times[0]),
        preprocessing=preprocessing,
        layouts=layouts,
        positions={name: placed[name] for name in electrodes if name in placed},
    )


def _metadata(epochs: BaseEpochs) -> pd.DataFrame:
    table = pd.DataFrame(epochs.metadata).reset_index(drop=True)
    table.columns = [str(name).strip().lower() for name in table.columns]
    return table


def _refuse_twice(labels: Mapping[str, str], told: list[str]) -> None:
    twice = [name for name in labels if name in told]
    if twice:
        raise EpochsError(
            f"{_WHERE}: {', '.join(twice)} passed, and told by epochs.metadata too, expected one "
            "of both: leave the argument out, or the column"
        )


def _told_by_marks(
    epochs: BaseEpochs, metadata: pd.DataFrame, labels: Mapping[str, str], marks: Marks
) -> tuple[npt.NDArray[np.int64], pd.DataFrame]:
    """Return which epochs follow flashes, ascending, and the flash table of these.

    Each run is told on its own, as the source ``epochs`` tells files.
    """
    told = [name for name in _LABELS if name in metadata and metadata[name].notna().all()]
    _refuse_twice(labels, told)
    missing = [name for name in _LABELS if name not in {*told, *labels}]
    if missing:
        raise EpochsError(
            f"{_WHERE}: the {', '.join(missing)} of these epochs is not told; pass "
            f"{', '.join(f'{name}=...' for name in missing)}, or put columns of these names into "
            "epochs.metadata where they are several"
        )
    table, rate = epoch_table(epochs, _WHERE)
    if not marks.named and not marks.unknown and "target" in metadata:
        table["mark"] = _flags(metadata["target"])
    if "dataset" in told:
        table["dataset"] = metadata["dataset"].astype("str")
    table = table.assign(**labels)
    rows, parts = [], []
    runs = number_units(table, _LABELS)
    for run in range(runs.max(initial=-1) + 1):
        own = np.flatnonzero(runs == run)
        shown, flashes = epoch_flashes(table.iloc[own].reset_index(drop=True), marks, _WHERE)
        onset_rate, flashes = believed_onsets(rate, flashes, _WHERE)
        first = table.iloc[own[0]]
        rows.append(own[shown])
        parts.append(
            flashes.reindex(columns=list(EPOCH_COLUMNS)).assign(
                **{name: first[name] for name in _LABELS},
                onset=flashes["sample"] / (onset_rate or np.nan),
            )
        )
    found = np.concatenate(rows) if rows else np.arange(0)
    order = np.argsort(found, kind="stable")
    everything = pd.concat(parts, ignore_index=True) if parts else FLASHES.empty()
    return found[order], everything.iloc[order].reset_index(drop=True)


def _flags(target: pd.Series[bool]) -> pd.Series[str]:
    """Return whether an epoch is of a target as marks that say so by themselves."""
    flags = pd.to_numeric(target, errors="coerce")
    if not flags.isin([0, 1]).all():
        raise EpochsError(
            f"{_WHERE}: column 'target' of epochs.metadata holds "
            f"{target[~flags.isin([0, 1])].iloc[0]!r}, expected True or False for each epoch; or "
            "leave it out and pass target= and nontarget=, the names of the events of both kinds"
        )
    return flags.astype(int).astype("str")


def _eeg(epochs: BaseEpochs) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """Return names and values of the EEG channels that are good, float32 [epoch, electrode, time].

    MNE keeps float64.
    """
    import mne

    kinds = dict(zip(epochs.ch_names, epochs.get_channel_types(), strict=True))
    eeg = [name for name, kind in kinds.items() if kind == "eeg"]
    bad = [name for name in eeg if name in epochs.info["bads"]]
    if bad:
        _warn(
            f"{', '.join(bad)} left out, as epochs.info['bads'] says; epochs.interpolate_bads() "
            "keeps them"
        )
    electrodes = tuple(name for name in eeg if name not in bad)
    if not electrodes:
        raise EpochsError(
            f"{_WHERE}: channels {list(kinds)} of types {sorted(set(kinds.values()))} found, "
            "expected EEG; say which are with epochs.set_channel_types"
        )
    picks = mne.pick_channels(epochs.ch_names, list(electrodes), ordered=True)
    X = epochs.get_data(picks=picks, copy=False, verbose="error").astype(np.float32)
    if not np.isfinite(X).all():
        n_broken = int((~np.isfinite(X)).any(axis=(1, 2)).sum())
        raise EpochsError(
            f"{_WHERE}: NaN or infinite samples found in {n_broken} epochs, expected numbers; drop "
            "these epochs"
        )
    return electrodes, X


def _description(epochs: BaseEpochs) -> DescribedEpochs | None:
    """Return what :func:`write_mne` said of epochs; None where somebody else described them."""
    try:
        return DescribedEpochs.model_validate_json(str(epochs.info.get("description") or ""))
    except ValidationError:
        return None


def write_mne(epochs: Epochs) -> EpochsArray:
    """Make epochs of MNE; see :meth:`p300.signal.epochs.Epochs.to_mne`."""
    import mne

    if not len(epochs):
        raise EpochsError("no epochs found, expected at least one: MNE has no empty ones")
    if abs(epochs.tmin * epochs.sfreq - round(epochs.tmin * epochs.sfreq)) > 1e-2:
        raise EpochsError(
            f"epochs that begin {epochs.tmin:g} s from the flash, between two samples at "
            f"{epochs.sfreq:g} Hz, found; MNE has none such, cut them with another tmin"
        )
    if epochs.preprocessing.get("normaliser", "none") != "none":
        _warn_of_scores(epochs)
    info = mne.create_info(list(epochs.electrodes), epochs.sfreq, "eeg", verbose="error")
    info["description"] = json.dumps(
        {
            "preprocessing": dict(epochs.preprocessing),
            "layouts": {name: layout.to_dict() for name, layout in epochs.layouts.items()},
        }
    )
    names, numbers = _events(epochs.flashes)
    samples, rate = _event_samples(epochs)
    made = mne.EpochsArray(
        epochs.X,
        info,
        np.column_stack([samples, np.zeros_like(samples), numbers]),
        epochs.tmin,
        dict(sorted({*zip(names, numbers.tolist(), strict=True)})),
        metadata=epochs.flashes.reset_index(drop=True),
        baseline=None,
        raw_sfreq=rate,
        verbose="error",
    )
    if epochs.positions:
        montage = head_montage(epochs.positions)
        made.set_montage(montage, on_missing="ignore", verbose="error")
    return made


def _events(flashes: pd.DataFrame) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return what MNE calls each event, and its number.

    The same number for the same name whatever else is there: MNE joins only such epochs.
    """
    target = flashes["target"].astype("boolean")
    kinds = np.where(target.isna(), 3, np.where(target.fillna(False), 2, 1))
    codes = flashes["code"].astype("Int64")
    words = ("nontarget", "target", "flash")
    names = [
        words[kind - 1] + ("" if pd.isna(code) else f"/{code}")
        for kind, code in zip(kinds, codes, strict=True)
    ]
    numbers = (codes + 1).fillna(0).to_numpy().astype(np.int64)
    return names, np.asarray(kinds + 3 * numbers, dtype=np.int64)


def _event_samples(epochs: Epochs) -> tuple[npt.NDArray[np.int64], float]:
    """Return where MNE is to see the events, [epoch], and the rate at which that counts.

    MNE wants each at another sample, so runs stand one after another. Where samples of the
    recordings count at one rate, they are taken, else those of the epochs; where onsets are not
    known, or an epoch is there twice, the order.
    """
    onset = epochs.flashes["onset"].to_numpy(dtype=np.float64)
    sample = epochs.flashes["sample"].to_numpy(dtype=np.int64)
    order = np.arange(len(onset))
    if not np.isfinite(onset).all():
        return order, epochs.sfreq
    rates = sample[onset > 0] / onset[onset > 0]
    rate = float(np.median(rates)) if len(rates) else 0.0
    if not rate > 0 or np.abs(sample / rate - onset).max() > 1e-6:
        rate, sample = epochs.sfreq, np.round(onset * epochs.sfreq).astype(np.int64)
    # Quotients of onsets have the rounding of a division.
    rate = round(rate, 6)
    runs, begin = epochs.units("run"), 0
    placed = np.empty_like(sample)
    for run in range(runs.max() + 1):
        own = runs == run
        placed[own] = begin + sample[own]
        begin = int(placed[own].max()) + round(_APART * rate)
    return (placed, rate) if len(np.unique(placed)) == len(placed) else (order, epochs.sfreq)


def _warn(text: str) -> None:
    warnings.warn(f"{_WHERE}: {text}", DataWarning, stacklevel=4)


def _warn_of_scores(epochs: Epochs) -> None:
    warnings.warn(
        f"Epochs.to_mne: the values are z-scores ({epochs.preprocessing['normaliser']}), which MNE "
        "takes for volts; the preprocessing's normaliser 'none' keeps volts",
        DataWarning,
        stacklevel=4,
    )
