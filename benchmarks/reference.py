"""Make the committed results of finished runs anew, and print the tables that pages quote.

``python benchmarks/reference.py reports/quickstart reports/benchmark`` writes
``reports/reference/NAME`` (config, figures of merit, the pictures that pages show) of each run and
prints its means with their intervals as rows of Markdown.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd

from p300.columns import Decoded
from p300.evaluation.metrics import METRICS
from p300.runs import RunFolder

REFERENCE = Path(__file__).parents[1] / "reports" / "reference"
PICTURES = {
    "benchmark": ("auc_by_subject",),
    "bnci2015_003": ("auc_by_subject", "characters"),
    "family_tree": ("ladder",),
    "new_person": ("calibration_curve",),
    "quickstart": ("auc_by_subject", "characters"),
}
"""Name of a run -> figures of its report that pages show."""
QUOTED = (5, 15)
"""Repetitions after which characters are quoted."""
COLUMNS = ["dataset", "protocol", "calibration_characters", "detector"]


def keep(folder: RunFolder) -> None:
    """Write the committed results of a run: of letters what is quoted, to keep it small."""
    place = REFERENCE / folder.experiment().name
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder.config_file, place / "config.yaml")
    for name in PICTURES.get(place.name, ()):
        shutil.copy(folder.figure_file(name), place / f"{name}.png")
    rows = folder.metrics()
    letters = (rows["metric"] == "characters") & rows["repetitions"].isin(QUOTED)
    kept = rows[rows["metric"].isin(METRICS) | letters]
    kept.round(6).to_csv(place / "results.csv", index=False)


def quote(folder: RunFolder) -> None:
    """Print ROC-AUC with its interval, and characters right by the paper's rule, as Markdown."""
    rows = folder.metrics().fillna({"calibration_characters": ""})
    means = rows[rows["subject"] == "mean"]
    fixed = (means["rule"] == "sum") & (means["stopping"] == "fixed")
    fixed &= means["decoded"] == Decoded.INSTANT
    right = means[fixed & (means["metric"] == "characters")].set_index([*COLUMNS, "repetitions"])
    print(f"\n## {folder.path}")
    for _, row in means[means["metric"] == "roc_auc"].iterrows():
        labels = tuple(row[COLUMNS])
        letters = [
            f"{100 * right['value'][*labels, n]:.0f} %" if (*labels, n) in right.index else ""
            for n in QUOTED
        ]
        print("|", " | ".join([*labels, with_interval(row), *letters]), "|")


def with_interval(row: pd.Series) -> str:
    """Return a mean and its interval, where there is one, without leading zeros."""
    low, high = row["low"], row["high"]
    text = f"{row['value']:.3f}" + (f" [{low:.3f}, {high:.3f}]" if pd.notna(low) else "")
    return text.replace("0.", ".")


def main() -> None:
    """Do both for the runs that are named."""
    for name in sys.argv[1:]:
        folder = RunFolder(name)
        folder.check_finished()
        keep(folder)
        quote(folder)


if __name__ == "__main__":
    main()
