"""What fitted detectors left in a run's fits: choices among them, and who they were tested on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from p300.evaluation.measures import roc_points
from p300.evaluation.protocols import PROTOCOLS
from p300.report.run_results import RunResults

KEYS = ["dataset", "protocol", "fold", "detector", "seed"]


def representative_fits(results: RunResults) -> Iterator[pd.Series]:
    """Give, for each data set and detector with patterns, the fit of median test AUC.

    Fits that learned from several subjects come before those of one, as they show what subjects
    share.
    """
    if "spatial_patterns" not in results.fits:
        return
    able = results.fits[results.fits["spatial_patterns"].notna()]
    for _, group in able.groupby(["dataset", "detector"], sort=False):
        size = group.groupby("protocol")["n_train"].median()
        candidates = group[group["protocol"] == size.idxmax()]
        auc = candidates.apply(lambda fit: _test_auc(results.scores, fit), axis=1)
        ranked = candidates.loc[auc.sort_values(kind="stable").index]
        yield ranked.iloc[(len(ranked) - 1) // 2]


def _test_auc(scores: pd.DataFrame, fit: pd.Series) -> float:
    tested = scores[np.logical_and.reduce([scores[key] == fit[key] for key in KEYS])]
    if tested["target"].nunique() < 2:
        return float("nan")
    false, true = roc_points(tested["target"].to_numpy(bool), tested["score"].to_numpy(float))
    return float(np.trapezoid(true, false))


def learned_from_others(fits: pd.DataFrame) -> pd.Series[bool]:
    """Return which fits have learned from other subjects than the one they were tested on."""
    others = {
        name: known is not None and known.learns_from_others
        for name in fits["protocol_name"].unique()
        for known in [PROTOCOLS.get(str(name))]
    }
    return fits["protocol_name"].map(others).astype(bool)


def fits_of_subjects(results: RunResults, column: str) -> pd.DataFrame:
    """Return the fits that have something, with the column ``subject`` that they were tested on.

    Where a protocol fits each subject on its own, only its fits; what is seen of them belongs to
    the subject. Else those of leave one subject out, which are about all the others.

    Parameters
    ----------
    results
        The run.
    column
        Key of the fits, such as "spatial_filters"; fits in which it is missing or None are left
        out.
    """
    fits = results.fits
    if column not in fits:
        return pd.DataFrame()
    able = fits[fits[column].notna()]
    subjects = results.scores[[*KEYS, "subject"]].drop_duplicates()
    able = able.merge(subjects, on=KEYS, how="left")
    own = ~learned_from_others(able)
    alone = own.groupby(able["dataset"]).transform("any")
    return able[own | ~alone]
