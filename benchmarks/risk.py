"""Stopping by risk beside the other thresholds, on the scores of a run that is there.

    p300 run CONFIG --set spelling.dynamic=true --out RUN
    python benchmarks/risk.py RUN

The tables of ``docs/speller.md`` are from ``configs/bnci2015_003.yaml`` and from the simulated
study with ``{source: simulated, rests: 5, characters_per_run: 10, seed: 7}``, within subjects.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from p300.columns import FOLD
from p300.errors import DataWarning
from p300.recordings.layout import has_codes
from p300.runs import RunFolder
from p300.speller.curves import subject_rates
from p300.speller.decisions import decide
from p300.speller.model import fit_speller
from p300.speller.rates import Timing, mean_timing, subject_timings
from p300.speller.selections import NOTHING, gather_selections

COSTS = (10, 30, 100, 300)
"""Seconds that a wrong symbol costs."""

FIGURES = [
    "accuracy", "errors", "mean_repetitions", "symbols_per_minute", "false_activations_per_minute",
]  # fmt: skip

ASKED: dict[str, dict[str, Any]] = {
    "target_error: 0.05": {"target_error": 0.05},
    "target_error: null": {"target_error": None},
    **{f"error_seconds: {cost}": {"error_seconds": float(cost)} for cost in COSTS},
}


def decisions(
    folder: RunFolder, timings: dict[str, Timing], rests: bool, **asked: Any
) -> pd.DataFrame:
    """Decide the characters of every fold by dynamic stopping.

    Parameters
    ----------
    rests
        Whether training characters that nobody attended are used.
    asked
        Settings of :func:`p300.speller.fit_speller`.
    """
    ids = {tuple(fit[key] for key in FOLD): fit["id"] for fit in folder.fits()}
    tables = []
    for _, fold in folder.scores().groupby(FOLD, sort=False, dropna=False):
        named = {key: None if pd.isna(v := fold[key].iloc[0]) else v for key in FOLD}
        training = folder.training_scores(ids[tuple(named.values())])
        if training is None:
            raise SystemExit(f"{folder.path}: no training scores; run with spelling.dynamic=true")
        if not rests:
            place = ["subject", "session", "run", "character"]
            training = training[
                training.groupby(place, dropna=False)["target"].transform("any").astype(bool)
            ]
        layout = folder.layout(str(named["dataset"]))
        if layout is None:
            raise SystemExit(f"{folder.path}: no layout, nothing can be spelled")
        timing = mean_timing(timings, training["subject"].unique())
        model = fit_speller(training, layout, timing=timing, **asked)
        decided = decide(gather_selections(fold[has_codes(fold)], layout), model)
        tables.append(decided[decided["stopping"] == "dynamic"].assign(**named))
    table = pd.concat(tables, ignore_index=True)
    taken = zip(table["subject"], table["repetitions"], strict=True)
    return table.assign(seconds=[float(timings[str(s)].seconds(n)) for s, n in taken])


def rows(name: str, table: pd.DataFrame, n_symbols: dict[str, int]) -> Iterator[str]:
    """Yield the row of each protocol."""
    for protocol, own in table.groupby("protocol", sort=False):
        mean = subject_rates(own, n_symbols)[FIGURES].mean()
        spelled = own["symbol"] != NOTHING
        wrong = int((spelled & ~own["correct"].astype(bool)).sum())
        useful = max(int((spelled & (own["true_symbol"] != NOTHING)).sum()), 1)
        cells = [
            str(protocol), name, f"{100 * mean['accuracy']:.1f}", f"{100 * mean['errors']:.1f}",
            f"{mean['mean_repetitions']:.1f}", f"{mean['symbols_per_minute']:.2f}",
            f"{mean['false_activations_per_minute']:.2f}",
            *(f"{(cost * wrong + own['seconds'].sum()) / useful:.1f}" for cost in COSTS),
        ]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table of a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("run", type=Path)
    folder = RunFolder(parser.parse_args().run)
    warnings.simplefilter("ignore", DataWarning)
    (dataset,) = folder.scores()["dataset"].unique()
    timings = subject_timings(str(dataset), folder.flashes(str(dataset)))
    layout = folder.layout(str(dataset))
    n_symbols = {str(dataset): 0 if layout is None else len(layout.symbols)}
    head = ["protocol", "settings", "right (%)", "wrong (%)", "repetitions", "correct symbols/min",
            "false activations/min", *(f"cost at {cost} s" for cost in COSTS)]  # fmt: skip
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for name, asked in ASKED.items():
        for row in rows(name, decisions(folder, timings, True, **asked), n_symbols):
            print(row)
    for cost in (30, 100):
        for nobody in (0.0, 1 / 3):
            asked = {"error_seconds": float(cost), "nobody": nobody}
            name = f"error_seconds: {cost}, nobody: {nobody:.3g}, no rests in training"
            for row in rows(name, decisions(folder, timings, False, **asked), n_symbols):
                print(row)


if __name__ == "__main__":
    main()
