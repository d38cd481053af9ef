"""Writers of small files of epochs, from the same description as those of continuous recordings."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mne
import numpy as np
import numpy.typing as npt
from specimen_files import Content, annotate, save_mat

from p300.errors import DataWarning
from p300.recordings import Recording, open_recordings
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import Preprocessing, cut_epochs

BEFORE, N_TIMES, SFREQ = 10, 100, 250.0
TMIN = -BEFORE / SFREQ
EVERYTHING = Preprocessing(tmin=TMIN, tmax=TMIN + N_TIMES / SFREQ, normaliser="none")


def load(path: Path, **options: Any) -> list[Recording]:
    return list(open_recordings("epochs", path, **options))


def epochs_of(recording: Recording, settings: Preprocessing = EVERYTHING) -> Epochs:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of the filter
        return cut_epochs(recording, settings)


def cut(content: Content) -> npt.NDArray[np.float64]:
    """Cut an epoch after each flash, [epoch, electrode, time]; beyond the signal its ends go on."""
    at = content.samples[:, np.newaxis] + np.arange(N_TIMES) - BEFORE
    return np.take(content.signal, at, axis=1, mode="clip").transpose(1, 0, 2)


def write_fif(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1-epo.fif"
    info = mne.create_info(list(content.electrodes), SFREQ, "eeg", verbose="error")
    events = np.stack([content.samples, 0 * content.samples, 1 + content.targets], axis=1)
    kinds = {"NonTarget": 1, "Target": 2}
    present = {name: kind for name, kind in kinds.items() if kind in events[:, 2]}
    epochs = mne.EpochsArray(
        cut(content), info, events.astype(np.int64), TMIN, present, baseline=None, verbose="error"
    )
    epochs.save(path, verbose="error")
    return path


def write_set(folder: Path, content: Content, without: str = "") -> Path:
    """Write an EEGLAB file whose epochs hold their neighbours' events too, as real ones do."""
    X = cut(content)
    rows: list[tuple[Any, ...]] = []
    n_epochs, shown = len(X), []
    for k, sample in enumerate(content.samples):
        first = len(rows)
        for j, other in enumerate(content.samples):
            if -BEFORE <= other - sample < N_TIMES - BEFORE:
                latency = k * N_TIMES + BEFORE + other - sample + 1.0
                rows.append((annotate(content)[j], latency, k + 1.0, j + 1.0))
        shown.append((np.array([kind for kind, *_ in rows[first:]], dtype=object),))
    fields = [(name, object) for name in ("type", "latency", "epoch", "urevent")]
    urevents = list(zip(annotate(content), content.samples + 1.0, strict=True))
    eeg = {
        "setname": "a study",
        "nbchan": len(content.electrodes),
        "trials": n_epochs,
        "pnts": N_TIMES,
        "srate": SFREQ,
        "xmin": TMIN,
        "xmax": TMIN + (N_TIMES - 1) / SFREQ,
        "data": (1e6 * X.transpose(1, 2, 0)).astype(np.float32),
        "chanlocs": np.array([(n,) for n in content.electrodes], dtype=[("labels", object)]),
        "event": np.array(rows, dtype=fields),
        "urevent": np.array(urevents, dtype=[("type", object), ("latency", object)]),
        "epoch": np.array(shown, dtype=[("eventtype", object)]),
    }
    kept = {name: value for name, value in eeg.items() if name != without}
    return save_mat(folder / "sub-1.set", {"EEG": kept}, "")


def arrays(content: Content, without: str) -> dict[str, Any]:
    named = {
        "X": cut(content),
        "y": content.targets.astype(np.uint8),
        "sample": content.samples,
        "electrodes": np.array(content.electrodes),
        "sfreq": SFREQ,
        "tmin": TMIN,
    }
    return {name: value for name, value in named.items() if name != without}


def write_npz(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1.npz"
    np.savez(path, **arrays(content, without))
    return path


def write_mat(folder: Path, content: Content, without: str = "") -> Path:
    named = arrays(content, without)
    if "electrodes" in named:
        named["electrodes"] = np.array(content.electrodes, dtype=object)
    return save_mat(folder / "sub-1.mat", named, "")
