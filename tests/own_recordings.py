"""Files of simulated studies as somebody else may have them: with annotations, tables, as .mat."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from p300.recordings import Recording, open_recordings


def study(n_subjects: int = 1, n_runs: int = 1, **options: int) -> list[Recording]:
    """Two characters a run, six repetitions, by default."""
    sizes = {"characters_per_run": 2, "repetitions": 6, **options}
    return list(open_recordings("simulated", n_subjects=n_subjects, n_runs=n_runs, **sizes))


def save_annotated(recording: Recording, path: Path, words: dict[bool, str]) -> None:
    """Write a recording as FIF, its flashes as annotations in the words of a lab."""
    import mne

    flashes, raw = recording.flashes, recording.raw.copy()
    names = [words[bool(target)] for target in flashes["target"]]
    marks = mne.Annotations(flashes["sample"] / recording.sfreq, 0.0, names)
    raw.set_annotations(marks).save(path, verbose="error")


def save_with_table(recording: Recording, path: Path, columns: list[str]) -> None:
    """Write a recording as FIF without marks, with a table of its flashes beside it."""
    recording.raw.copy().set_annotations(None).save(path, verbose="error")
    table = recording.flashes[columns]
    table.to_csv(path.with_name(f"{path.stem}_flashes.csv"), index=False)


def save_gtec(recording: Recording, path: Path) -> None:
    """Write a recording as g.tec's MATLAB file: signal in microvolts, marks held 36 samples."""
    from scipy.io import savemat

    signal = 1e6 * recording.raw.get_data().T
    marks = np.zeros(len(signal), np.int16)
    shown = recording.flashes[["sample", "target"]]
    for sample, target in shown.itertuples(index=False):
        marks[sample : sample + 36] = 1 if target else -1
    savemat(path, {"y": signal, "trig": marks, "fs": np.uint8(recording.sfreq)})


def save_epochs(
    recording: Recording, file: Path, *, onsets: bool = True, **settings: float
) -> None:
    """Write the epochs of a recording as MNE does, filtered by the usual settings."""
    import mne

    from p300.signal.preprocessing import Preprocessing, cut_epochs

    epochs = cut_epochs(recording, Preprocessing(normaliser="none", **settings))
    info = mne.create_info(list(epochs.electrodes), epochs.sfreq, "eeg", verbose="error")
    samples = epochs.flashes["sample"].to_numpy() if onsets else np.arange(len(epochs))
    events = np.stack([samples, 0 * samples, 1 + epochs.y], axis=1).astype(np.int64)
    known = epochs.flashes[["code", "character", "repetition"]].astype("int64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # within MNE
        made = mne.EpochsArray(
            epochs.X.astype(float), info, events, epochs.tmin, {"NonTarget": 1, "Target": 2},
            metadata=known, raw_sfreq=recording.sfreq, baseline=None, verbose="error",
        )  # fmt: skip
        made.save(file, verbose="error")
