"""Small studies that tests make up: a few electrodes of noise with a P300 after targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from p300.recordings import MATRIX_6X6, Recording, build_recording
from p300.signal.epochs import Epochs
from p300.signal.preprocessing import preprocess

ELECTRODES = ["Fz", "Cz", "Pz", "Oz"]
SFREQ = 240.0


def make_flashes(
    n_characters: int = 4, repetitions: int = 4, seed: int = 0, interval: int = 42
) -> pd.DataFrame:
    """A flash table of a 6x6 speller; 12 flashes a repetition, 2.5 s before each character."""
    rng = np.random.default_rng(seed)
    rows, sample = [], 0
    for character in range(1, n_characters + 1):
        sample += 600
        targets = {int(rng.integers(1, 7)), int(rng.integers(7, 13))}
        for repetition in range(1, repetitions + 1):
            for code in rng.permutation(np.arange(1, 13)):
                rows.append((sample, int(code) in targets, int(code), character, repetition))
                sample += interval
    columns = ["sample", "target", "code", "character", "repetition"]
    return pd.DataFrame(rows, columns=columns)


def make_recording(
    subject: str = "1",
    run: str = "1",
    *,
    session: str = "1",
    amplitude: float = 6e-6,
    seed: int = 0,
    electrodes: list[str] | None = None,
    sfreq: float = SFREQ,
    **flash_options: int,
) -> Recording:
    """Noise of 10 microvolts with a bump of ``amplitude`` volts 300 ms after each target."""
    names = electrodes or ELECTRODES
    words = [seed, int(subject), int(run), int(session)]
    rng = np.random.default_rng(words)
    flashes = make_flashes(seed=int(rng.integers(1 << 30)), **flash_options)
    n_samples = int(flashes["sample"].iloc[-1]) + int(2 * sfreq)
    signal = 1e-5 * rng.standard_normal((len(names), n_samples))
    bump = amplitude * np.exp(-0.5 * ((np.arange(156) - 72) / 14) ** 2)
    for sample in flashes.loc[flashes["target"], "sample"]:
        signal[1:3, sample : sample + 156] += bump
    return build_recording(
        signal,
        names,
        sfreq,
        flashes,
        dataset="made",
        subject=subject,
        session=session,
        run=run,
        layout=MATRIX_6X6,
        source=f"made-{subject}-{run}",
    )


def make_epochs(n_subjects: int = 3, n_runs: int = 2, **options: float) -> Epochs:
    """Preprocessed epochs of several subjects and runs."""
    return preprocess(
        make_recording(str(subject), str(run), **options)
        for subject in range(1, n_subjects + 1)
        for run in range(1, n_runs + 1)
    )


def endless_oddball(n_subjects):
    """Flashes without characters that follow each other without a pause."""
    epochs = make_epochs(n_subjects, 1, n_characters=6)
    runs, onset = epochs.units("run"), np.empty(len(epochs))
    for run in np.unique(runs):
        onset[runs == run] = 0.175 * np.arange((runs == run).sum())
    X = epochs.X.copy()
    X[:, 0, 0] = onset + 1000 * runs
    return replace(epochs, X=X, flashes=epochs.flashes.assign(onset=onset, character=None))


def flash_table(subjects=3, sessions=1, runs=2, characters=4, spacing=0.175):
    """Return a flash table: 24 flashes a character, every sixth a target."""
    rows = [
        (f"{s}", f"{e}", f"{r}", c, k % 6 == 0, 10.0 + c * 10 + k * spacing)
        for s in range(subjects) for e in range(sessions) for r in range(runs)
        for c in range(characters) for k in range(24)
    ]  # fmt: skip
    columns = ["subject", "session", "run", "character", "target", "onset"]
    return pd.DataFrame(rows, columns=columns).assign(dataset="made")
