"""Averages of epochs, and what of single epochs is kept beside them.

Reports show responses from these tables alone, without the epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.columns import AVERAGES, EPOCH_IMAGES

if TYPE_CHECKING:
    from p300.signal.epochs import Epochs

MOST_LINES = 100
"""Lines, about, that the target epochs of a subject are kept in: an image has no more pixels for
them."""

_WHOSE = ["dataset", "subject"]
_WHERE = ["electrode", "time"]


def average_epochs(epochs: Epochs) -> pd.DataFrame:
    """Average target and non-target epochs of every subject.

    Parameters
    ----------
    epochs
        In volts, i.e. before a normaliser; what is not labelled is left out.

    Returns
    -------
    Columns :data:`p300.columns.AVERAGES`.
    """
    grouped = (
        epochs.flashes.reset_index(drop=True)
        .dropna(subset="target")
        .groupby([*_WHOSE, "target"], sort=True)
    )
    parts = []
    for (dataset, subject, target), group in grouped:
        kind = epochs.X[group.index.to_numpy()]
        # Electrode by electrode: the distances from the mean are in double precision.
        deviation = [kind[:, k].std(axis=0, dtype=np.float64) for k in range(kind.shape[1])]
        parts.append(
            pd.DataFrame(
                {
                    "dataset": dataset,
                    "subject": subject,
                    "kind": "target" if target else "nontarget",
                    "electrode": np.repeat(epochs.electrodes, len(epochs.times)),
                    "time": np.tile(epochs.times, len(epochs.electrodes)),
                    "microvolts": 1e6 * kind.mean(axis=0, dtype=np.float64).ravel(),
                    "deviation": 1e6 * np.ravel(deviation),
                    "n": len(group),
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=AVERAGES.names)


def pool_averages(
    parts: Sequence[pd.DataFrame], electrodes: Sequence[str], times: npt.NDArray[np.float64]
) -> pd.DataFrame:
    """Return the averages of recordings together, as if their epochs had been averaged at once.

    Parameters
    ----------
    parts
        Of each recording, from :func:`average_epochs`.
    electrodes
        To keep, in this order; all recordings have them.
    times
        [time], of all recordings but for rounding.
    """
    place = {name: k for k, name in enumerate(electrodes)}
    whole = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    whole["time"] = np.tile(times, len(whole) // len(times))
    whole = whole[whole["electrode"].isin(place)]
    keys = [*_WHOSE, "kind", *_WHERE]
    by_key = whole.assign(sum=whole["microvolts"] * whole["n"]).groupby(keys, sort=False)
    n = by_key["n"].transform("sum")
    mean = by_key["sum"].transform("sum") / n
    share = whole["n"] / n
    squares = share * (whole["deviation"] ** 2 + (whole["microvolts"] - mean) ** 2)
    pooled = (
        whole.assign(microvolts=share * whole["microvolts"], deviation=squares)
        .groupby(keys, sort=False, as_index=False)[["microvolts", "deviation", "n"]]
        .sum()
    )
    pooled["deviation"] **= 0.5
    return pooled.sort_values(
        [*_WHOSE, "kind", "electrode"],
        key=lambda column: column.map(place) if column.name == "electrode" else column,
        kind="stable",
        ignore_index=True,
    )


def with_both_kinds(averages: pd.DataFrame) -> pd.DataFrame:
    """Return averages without the subjects that have of one kind, target or non-target, alone."""
    kinds = averages.groupby(_WHOSE)["kind"].transform("nunique")
    return averages[kinds == 2]


def subject_r_squared(averages: pd.DataFrame) -> pd.DataFrame:
    """Return how much of the variance of single epochs the class explains, signed, by subject.

    :func:`p300.signal.separability.signed_r_squared` of all epochs of a subject, from their means
    and standard deviations: the squared point-biserial correlation is the variance between the
    classes, n1 n2 / (n1 + n2)^2 (m1 - m2)^2, over that of all epochs together, which is the same
    and (n1 s1^2 + n2 s2^2) / (n1 + n2) within the classes. Its sign is that of target minus
    non-target (Blankertz et al., NeuroImage 56:814-825, 2011, doi:10.1016/
    j.neuroimage.2010.06.048).

    Parameters
    ----------
    averages
        Columns :data:`p300.columns.AVERAGES`, with deviations.

    Returns
    -------
    Columns dataset, subject, electrode, time, r_squared (-1 to 1; 0 where the signal is constant);
    without subjects that lack one of the classes.
    """
    target, nontarget = (averages[averages["kind"] == kind] for kind in ("target", "nontarget"))
    both = target.merge(nontarget, on=[*_WHOSE, *_WHERE], suffixes=("", "_other"))
    share = both["n"] / (both["n"] + both["n_other"])
    difference = both["microvolts"] - both["microvolts_other"]
    between = share * (1 - share) * difference**2
    within = share * both["deviation"] ** 2 + (1 - share) * both["deviation_other"] ** 2
    total = between + within
    explained = np.sign(difference) * between / total.where(total > 0, 1.0)
    return both[[*_WHOSE, *_WHERE]].assign(r_squared=explained)


def mean_over_subjects(r_squared: pd.DataFrame) -> pd.DataFrame:
    """Return the mean over subjects of one data set, [electrode, time], labelled by both.

    Parameters
    ----------
    r_squared
        From :func:`subject_r_squared`.
    """
    mean = r_squared.pivot_table(index="electrode", columns="time", values="r_squared")
    return mean.reindex(r_squared["electrode"].unique())


def best_electrodes(mean: pd.DataFrame, n: int) -> list[str]:
    """Return the electrodes whose signed r squared is furthest from zero at some time.

    Parameters
    ----------
    mean
        [electrode, time], from :func:`mean_over_subjects`.
    n
        Electrodes to return, at most; the best one first.
    """
    furthest = mean.abs().max(axis=1)
    return [str(name) for name in furthest.sort_values(ascending=False, kind="stable").index[:n]]


def image_targets(epochs: Epochs, electrode: str, n_targets: int) -> pd.DataFrame:
    """Return the target epochs of a run at one electrode, in the order of time, as lines.

    Neighbours are averaged where a subject has more than :data:`MOST_LINES`.

    Parameters
    ----------
    epochs
        Labelled, of one recording, in volts.
    electrode
        One of theirs.
    n_targets
        Target epochs of the subject in all recordings, which share the lines.

    Returns
    -------
    Columns :data:`p300.columns.EPOCH_IMAGES`.
    """
    targets = epochs.pick([electrode]).select(epochs.y == 1)
    if not len(targets):
        return EPOCH_IMAGES.empty()
    order = np.argsort(targets.flashes["sample"].to_numpy(), kind="stable")
    n_lines = max(1, round(len(targets) * MOST_LINES / max(n_targets, MOST_LINES)))
    lines = np.array_split(order, n_lines)
    first = targets.flashes.iloc[0]
    return pd.DataFrame(
        {
            **{name: str(first[name]) for name in ("dataset", "subject", "session", "run")},
            "electrode": electrode,
            "line": np.repeat(np.arange(n_lines), len(targets.times)),
            "time": np.tile(targets.times, n_lines),
            "microvolts": np.concatenate([1e6 * targets.X[rows, 0].mean(axis=0) for rows in lines]),
            "n": np.repeat([len(rows) for rows in lines], len(targets.times)),
        }
    )
