"""How often right recordings are doubted, how often a fault is told, and what asking costs.

Prints tables: warnings of simulated studies without a fault and of real recordings; for each fault
planted into one subject of ten studies, in how many the warning names that subject and the fault
(an ordinary subject and a hard one, small late responses, in turn); and the share of processor time
that the comparison takes where a study is prepared. Without a name all of them, in minutes;
``real`` wants the recordings under ``P300_DATA``.

    python benchmarks/doubts.py [clean] [real] [faults [verbose]] [cost]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.commands.finding import find_data, open_found
from p300.errors import DataWarning
from p300.recordings import Recording, build_recording, open_recordings
from p300.runs import dataset_epochs, preparation
from p300.runs.config import parse_experiment
from p300.signal.plausibility.doubts import find_doubts, warn_of_doubts
from p300.signal.plausibility.impression import Impression, take_impression
from p300.signal.preprocessing import Preprocessing, cut_epochs

Floats = npt.NDArray[np.float64]
Change = Callable[[Recording], Recording]

CAPS = (
    None,
    ["Fz", "Cz", "Pz", "Oz"],
    ["Cz", "Pz", "PO7", "PO8", "Oz", "P3", "P4", "Fz", "C3", "C4", "FCz", "CPz", "POz", "O1", "O2",
     "P7", "P8", "F3", "F4", "T7", "T8", "F7", "F8", "FC1"],
)  # fmt: skip
"""Electrodes of the clean studies; None are the eight of the simulation."""

STUDIES, PLANTED = 20, 10
SETTINGS = Preprocessing()


def clean_study(seed: int) -> tuple[str, list[Recording]]:
    """Return a study of 3 to 8 subjects, and how it was made.

    Caps and lengths change with the seed; every other one has twice the background: that of another
    study is added, so that responses stand out half as much.
    """
    n_subjects, cap = 3 + seed % 6, CAPS[seed % 3]
    characters, repetitions, n_runs = ((5, 15, 2), (2, 6, 1), (3, 10, 1), (4, 8, 2))[seed % 4]
    size: dict[str, Any] = {
        "n_subjects": n_subjects, "electrodes": cap, "characters_per_run": characters,
        "repetitions": repetitions, "n_runs": n_runs,
    }  # fmt: skip
    recordings = list(open_recordings("simulated", seed=seed, **size))
    if noisy := seed % 2 == 1:
        others = open_recordings("simulated", seed=10_000 + seed, **size)
        recordings = [
            rebuilt(one, signal=one.raw.get_data() + other.raw.get_data())
            for one, other in zip(recordings, others, strict=True)
        ]
    told = f"{n_subjects} subjects, {len(recordings[0].electrodes)} electrodes, {n_runs} x "
    told += f"{characters} characters x {repetitions} repetitions{', twice the EEG' * noisy}"
    return told, recordings


def rebuilt(
    recording: Recording,
    *,
    signal: Floats | None = None,
    sfreq: float | None = None,
    flashes: pd.DataFrame | None = None,
) -> Recording:
    """Return a recording as from a file with something else in it, all of its checks included."""
    return build_recording(
        recording.raw.get_data() if signal is None else signal,
        recording.electrodes,
        recording.sfreq if sfreq is None else sfreq,
        recording.flashes if flashes is None else flashes,
        dataset=recording.dataset, subject=recording.subject, run=recording.run,
        layout=recording.layout, source=recording.source,
    )  # fmt: skip


def of_signal(function: Callable[[Floats], Floats]) -> Change:
    """Return a fault of the signal, [electrode, sample]."""
    return lambda one: rebuilt(one, signal=function(one.raw.get_data()))


def late_by(seconds: float) -> Change:
    """Return a shift of all onsets."""

    def change(one: Recording) -> Recording:
        sample = one.flashes["sample"] + round(one.sfreq * seconds)
        inside = (sample >= 0) & (sample < one.raw.n_times - 0.8 * one.sfreq)
        return rebuilt(one, flashes=one.flashes.assign(sample=sample)[inside])

    return change


def at_rate(factor: float) -> Change:
    """Return a rate that is stated wrong; samples are as they were."""
    return lambda one: rebuilt(one, sfreq=one.sfreq * factor, flashes=one.flashes[:-12])


def labels_of(symbol_of: Callable[[Sequence[str], int], str]) -> Change:
    """Return labels of other symbols: a function of the text and the number of a character."""

    def change(one: Recording) -> Recording:
        table, layout = one.flashes, one.layout
        assert layout is not None
        rows = [rows for _, rows in table.groupby("character")]
        text = [str(layout.symbol_at(r.loc[r["target"], "code"].tolist())) for r in rows]
        wanted = [layout.codes_of(symbol_of(text, k)) for k in range(len(text))]
        number = table["character"].rank(method="dense").astype(int) - 1
        marked = [c in wanted[k] for c, k in zip(table["code"], number, strict=True)]
        return rebuilt(one, flashes=table.assign(target=pd.array(marked, "boolean")))

    return change


def transposed(text: Sequence[str], k: int) -> str:
    """Return the symbol at the row and column of another, swapped."""
    symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789_"
    row, column = divmod(symbols.index(text[k]), 6)
    return symbols[6 * column + row]


def codes_off(step: int) -> Change:
    """Return codes that are too high, the highest becoming the lowest; targets stay."""

    def change(one: Recording) -> Recording:
        codes = (one.flashes["code"] - 1 + step) % 12 + 1
        return rebuilt(one, flashes=one.flashes.assign(code=codes))

    return change


def labels_off(step: int) -> Change:
    """Return targets of the codes beside the right ones."""

    def change(one: Recording) -> Recording:
        table = one.flashes
        lit = table[table["target"]].groupby("character")["code"].unique()
        beside = {c: {(code - 1 + step) % 12 + 1 for code in codes} for c, codes in lit.items()}
        shown = zip(table["character"], table["code"], strict=True)
        marked = pd.array([code in beside[c] for c, code in shown], "boolean")
        return rebuilt(one, flashes=table.assign(target=marked))

    return change


def swapped_marks(one: Recording) -> Recording:
    """Call targets non-targets and the other way round."""
    return rebuilt(one, flashes=one.flashes.assign(target=~one.flashes["target"]))


def clipped(signal: Floats) -> Floats:
    """Saturate one electrode at 1.5 standard deviations, some 20 µV."""
    limit = 1.5 * signal[2].std()
    return np.concatenate([signal[:2], np.clip(signal[2:3], -limit, limit), signal[3:]])


def bridged(signal: Floats) -> Floats:
    """Give one electrode the signal of another but for gain, offset and 16-bit steps."""
    copy = np.round((0.98 * signal[3] + 5e-6) / 1e-7) * 1e-7
    return np.concatenate([signal[:2], copy[None], signal[3:]])


def silent(signal: Floats) -> Floats:
    """Make one electrode 0 V, as a reference is."""
    return np.concatenate([signal[:1], np.zeros_like(signal[:1]), signal[2:]])


FAULTS: dict[str, tuple[Change, str]] = {
    "average reference": (of_signal(lambda x: x - x.mean(axis=0)), "average reference"),
    "reference electrode at 0 V": (of_signal(silent), "is 0 V throughout"),
    "rate doubled": (at_rate(2.0), "240 Hz by the signal"),
    "rate halved": (at_rate(0.5), "240 Hz by the signal"),
    "polarity inverted": (of_signal(np.negative), "upside down"),
    "onsets 60 ms early": (late_by(-0.06), "the responses come"),
    "onsets 100 ms early": (late_by(-0.1), "the responses come"),
    "onsets 150 ms early": (late_by(-0.15), "the responses come"),
    "onsets 200 ms early": (late_by(-0.2), "the responses come"),
    "onsets 100 ms late": (late_by(0.1), "the responses come"),
    "onsets 150 ms late": (late_by(0.15), "the responses come"),
    "targets and non-targets swapped": (swapped_marks, "more than are not"),
    "labels of the next character": (
        labels_of(lambda text, k: [*text, "A"][k + 1]), "are those of the next character"),
    "labels of the previous character": (
        labels_of(lambda text, k: ["A", *text][k]), "are those of the previous character"),
    "rows for columns": (labels_of(transposed), "have rows for columns"),
    "labels one code too high": (labels_off(1), "too high"),
    "labels one code too low": (labels_off(-1), "too low"),
    "codes one too high, targets right": (codes_off(1), "no symbol of the layout"),
    "one electrode clipped at 1.5 sd": (of_signal(clipped), "clipped"),
    "one electrode a copy of another": (of_signal(bridged), "the same signal as"),
}  # fmt: skip
"""What is planted -> how, and what the warning says."""


def look(recording: Recording) -> Impression:
    """Take an impression as a run does."""
    return take_impression(recording, cut_epochs(recording, SETTINGS))


def count_clean(seeds: Sequence[int]) -> dict[int, tuple[str, list[str]]]:
    """Return how each clean study was made and what was doubted of it."""
    found = {}
    for seed in seeds:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            told, recordings = clean_study(seed)
            said = find_doubts([look(one) for one in recordings])
        found[seed] = told, said + [str(w.message) for w in caught]
    return found


def count_told(name: str, subject: str, seeds: Sequence[int]) -> tuple[int, int, list[str]]:
    """Plant a fault into both runs of a subject.

    Returns
    -------
    In how many studies it was told by name, in how many other subjects were named, and the wrong
    or missing words.
    """
    change, words = FAULTS[name]
    told = wrong = 0
    astray = []
    for seed in seeds:
        recordings, seen = planted_study(seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", DataWarning)
            looks = [
                look(change(one)) if one.subject == subject else impression
                for one, impression in zip(recordings, seen, strict=True)
            ]
            said = find_doubts(looks) + [str(w.message) for w in caught]
        right = [text for text in said if words in text and f"/sub-{subject}" in text]
        others = [text for text in said if f"/sub-{subject}" not in text]
        told += bool(right)
        wrong += bool(others)
        astray += [f"seed {seed}: {t}" for t in others or ([] if right else said or ["nothing"])]
    return told, wrong, astray


_STUDIES: dict[int, tuple[list[Recording], list[Impression]]] = {}


def planted_study(seed: int) -> tuple[list[Recording], list[Impression]]:
    """Return the recordings of five subjects, and the impressions of them without a fault."""
    if seed not in _STUDIES:
        recordings = list(open_recordings("simulated", seed=seed, n_subjects=5))
        _STUDIES[seed] = recordings, [look(one) for one in recordings]
    return _STUDIES[seed]


def _rows(verbose: bool) -> Iterator[str]:
    seeds = range(100, 100 + PLANTED)
    for name in FAULTS:
        cells = []
        for subject in ("2", "4"):
            told, wrong, astray = count_told(name, subject, seeds)
            cells += [str(told), str(wrong)]
            if verbose:
                print(*(f"  sub-{subject} {text[:300]}" for text in astray), sep="\n")
        yield f"| {name} | {' | '.join(cells)} |"


def count_real(folder: Path) -> Iterator[str]:
    """Count what is doubted of recordings beside each other, folder by folder."""
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always", DataWarning)
            looks = [look(one) for found in find_data(place) for one in open_found(found)]
        said = find_doubts(looks)
        yield "\n".join([f"| {place.name}: {len(looks)} recordings | {len(said)} |", *said])


def measure_cost() -> Iterator[tuple[float, float]]:
    """Prepare a simulated study of eight subjects; processor seconds of the comparison, and all."""
    spent = 0.0

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal spent
            begin = time.process_time()
            try:
                return function(*arguments)
            finally:
                spent += time.process_time() - begin

        return call

    dataset_epochs.take_impression = timed(take_impression)
    dataset_epochs.warn_of_doubts = timed(warn_of_doubts)
    experiment = parse_experiment(COST)
    for _ in range(5):
        with tempfile.TemporaryDirectory() as cache:
            os.environ["P300_CACHE"] = cache
            spent, begin = 0.0, time.process_time()
            preparation.prepare(experiment, data=Path())
            yield spent, time.process_time() - begin


COST = """
name: cost
datasets: {simulated: {source: simulated, n_subjects: 8}}
detectors: {slda: {}}
protocols: {cross_subject: {}}
"""


def main() -> None:
    """Print the tables asked for."""
    wanted = sys.argv[1:] or ["clean", "real", "faults", "cost"]
    if "clean" in wanted:
        print("| clean study | warnings |\n|---|---|")
        for seed, (told, said) in count_clean(range(STUDIES)).items():
            print(f"| seed {seed}: {told} | {len(said)} |", flush=True)
            print(*said, sep="\n", end="\n" if said else "")
    if "real" in wanted:
        print("| recordings | warnings |\n|---|---|")
        for row in count_real(Path(os.environ["P300_DATA"])):
            print(row, flush=True)
    if "faults" in wanted:
        print(f"| fault, {PLANTED} studies | ordinary: told | others named | hard: told | "
              "others named |\n|---|---|---|---|---|")  # fmt: skip
        for row in _rows("verbose" in wanted):
            print(row, flush=True)
    if "cost" in wanted:
        print("| comparison, s | all, s | share |\n|---|---|---|")
        for spent, whole in measure_cost():
            print(f"| {spent:.3f} | {whole:.2f} | {100 * spent / whole:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
