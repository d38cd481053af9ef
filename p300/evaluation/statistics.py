"""Comparing detectors: paired tests over subjects, effect sizes, corrections, combination.

The subject is the unit: folds and seeds are averaged within a subject before anything is compared,
and every test, interval and effect size is about the differences of the subjects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.arguments import did_you_mean
from p300.errors import RunError
from p300.evaluation.intervals import mean_interval, mean_test
from p300.evaluation.metrics import HEADLINE, METRICS

Floats = npt.NDArray[np.float64]

GROUP = ["dataset", "protocol"]
COMPARISON_COLUMNS = (
    "dataset", "protocol", "metric", "first", "second", "mean_first", "mean_second", "difference",
    "low", "high", "p", "p_holm", "test", "effect", "share_better", "n",
)  # fmt: skip
COMBINED_COLUMNS = (
    "protocol", "metric", "first", "second", "z", "p", "p_holm", "n_datasets", "n",
)  # fmt: skip
# What figures of merit differ by beyond these decimals is rounding, and must not break ties.
_DECIMALS = 12


def paired_effect(differences: npt.ArrayLike) -> float | None:
    """Return the mean difference in standard deviations of the differences, corrected for few.

    Cohen's d_z = mean / SD (n - 1 in the denominator) is too large on average with few subjects;
    Hedges' exact factor J(n - 1) takes that away (J. Educ. Stat. 6:107-128, 1981, eq. 6e; Lakens,
    Front. Psychol. 4:863, 2013).

    Parameters
    ----------
    differences
        One a subject.

    Returns
    -------
    None below three subjects and where all differences are equal.
    """
    from scipy.special import gammaln

    found = np.asarray(differences, dtype=np.float64)
    freedom = len(found) - 1
    if freedom < 2 or np.ptp(found) == 0:
        return None
    correction = np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2)
    return float(correction * found.mean() / found.std(ddof=1))


def holm(p_values: npt.ArrayLike) -> Floats:
    """Correct p values for how many they are (Holm, Scand. J. Statist. 6:65-70, 1979).

    Calling a difference real where the corrected p is below .05 keeps the chance of one or more
    false alarms among all of them below 5 %, however they depend on each other.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def stouffer(
    p_values: npt.ArrayLike, differences: npt.ArrayLike, n_subjects: npt.ArrayLike
) -> tuple[float, float]:
    """Combine the tests of one comparison on several data sets.

    z is the sum of w z_i over the root of the sum of w^2, with z_i the normal quantile of the
    two-sided p of data set i, carrying the sign of its difference, and weights w the square root
    of its number of subjects (Stouffer et al. 1949; weights: Liptak 1958). The data sets must not
    share subjects.

    Parameters
    ----------
    p_values, differences, n_subjects
        Two-sided p, mean difference and number of subjects, [data set].

    Returns
    -------
    z, positive where the first is larger, and its two-sided p.
    """
    from scipy.special import ndtr, ndtri

    p, weight = np.asarray(p_values, dtype=np.float64), np.sqrt(np.asarray(n_subjects, dtype=float))
    z = -ndtri(p / 2) * np.sign(np.asarray(differences, dtype=np.float64))
    combined = float(weight @ z / np.sqrt(weight @ weight))
    return combined, float(2 * ndtr(-abs(combined)))


def compare_subjects(
    first: pd.Series[float], second: pd.Series[float], *, smaller_is_better: bool = False
) -> dict[str, Any]:
    """Compare one figure of two detectors, paired over subjects.

    Parameters
    ----------
    first, second
        The figure, one value a subject; the index is the subject, the same in both.
    smaller_is_better
        Whether less is better.

    Returns
    -------
    ``mean_first``, ``mean_second``; ``difference`` (first minus second) with ``low`` and ``high``,
    its 95 % interval (None below six subjects), and ``p`` and ``test``, which agree with it: both
    from :mod:`p300.evaluation.intervals`; ``effect`` from :func:`paired_effect`; ``share_better``,
    the share of subjects in whom the first is better, ties counting half; ``n`` subjects.

    Raises
    ------
    RunError
        When a subject is missing in one of the two.
    """
    one, other = first.dropna(), second.dropna()
    alone = sorted(set(one.index) ^ set(other.index))
    if alone or one.empty:
        raise RunError(
            f"subjects {alone} have a figure of only one of two detectors"
            if alone
            else "no subject has a figure of both detectors"
        )
    difference = np.round((one - other.reindex(one.index)).to_numpy(dtype=np.float64), _DECIMALS)
    low, high = mean_interval(difference) or (None, None)
    p, test = mean_test(difference)
    gain = -difference if smaller_is_better else difference
    return {
        "mean_first": float(one.mean()),
        "mean_second": float(other.mean()),
        "difference": float(difference.mean()),
        "low": low,
        "high": high,
        "p": p,
        "test": test,
        "effect": paired_effect(difference),
        "share_better": float(np.mean((gain > 0) + 0.5 * (gain == 0))),
        "n": len(difference),
    }


def compare_detectors(
    metrics: pd.DataFrame,
    metric: str = HEADLINE.name,
    reference: str | None = None,
    *,
    smaller_is_better: bool | None = None,
) -> pd.DataFrame:
    """Compare detectors on every data set and protocol, paired over subjects.

    Parameters
    ----------
    metrics
        Figures of every subject: the rows of ``metrics.json``, or a score table measured by
        :func:`~p300.evaluation.metrics.summarise_scores`. All detectors must have been tested on
        the same epochs; :func:`p300.evaluation.same_epochs.check_same_epochs` makes sure.
    metric
        Which figure; where there are several of a subject, such as characters after ever more
        repetitions, the rows of one are chosen by
        :meth:`p300.evaluation.metric_at.MetricAt.rows`.
    reference
        The detector that all others are compared with; all pairs without one.
    smaller_is_better
        Whether less of the figure is better; needed only where it has no record in
        :data:`~p300.evaluation.metrics.METRICS`, which has those of single flashes.

    Returns
    -------
    One row a data set, protocol and pair, columns :data:`COMPARISON_COLUMNS`: what
    :func:`compare_subjects` gives, and ``p_holm``, corrected over all rows.

    Raises
    ------
    RunError
        When the metric, its direction or the reference is unknown, a subject's figure is missing or
        there are several, or there are no two detectors to compare.
    """
    single = metrics[metrics["subject"] != "mean"]
    rows = single[single["metric"] == metric]
    if rows.empty:
        known = [str(name) for name in single["metric"].unique()]
        raise RunError(
            f"no subject has a figure named {metric!r}{did_you_mean(metric, known)} There are: "
            f"{', '.join(known)}"
        )
    several = rows[rows.duplicated([*GROUP, "detector", "subject"])]
    if len(several):
        first = several.iloc[0]
        raise RunError(
            f"{metric} of {first['detector']}, {first['protocol']}, {first['dataset']}, subject "
            f"{first['subject']} found more than once; choose one rule and number of repetitions "
            "(MetricAt.rows), and one number of calibration characters"
        )
    less = _is_less_better(metric) if smaller_is_better is None else smaller_is_better
    detectors = [str(name) for name in rows["detector"].unique()]
    if reference is not None and reference not in detectors:
        raise RunError(f"no detector is labelled {reference!r}; there are {', '.join(detectors)}")
    compared = [
        {"dataset": dataset, "protocol": protocol, "metric": metric, **pair}
        for (dataset, protocol), part in rows.groupby(GROUP, sort=False)
        for pair in _compare_pairs(
            part, _pairs(detectors, reference), less, f"{dataset}, {protocol}, {metric}"
        )
    ]
    if not compared:
        raise RunError(
            f"nothing to compare: no data set and protocol has two detectors with {metric}"
            + (f", one of them {reference}" if reference is not None else "")
            + f"; there are {', '.join(detectors)}"
        )
    table = pd.DataFrame(compared).astype({"low": float, "high": float, "effect": float})
    return table.assign(p_holm=holm(table["p"]))[list(COMPARISON_COLUMNS)]


def _is_less_better(metric: str) -> bool:
    if metric not in METRICS:
        raise RunError(
            f"whether less of {metric!r} is better is not known here, which knows "
            f"{', '.join(METRICS)}; say it by smaller_is_better=True or False"
        )
    return METRICS[metric].smaller_is_better


def _pairs(detectors: Sequence[str], reference: str | None) -> list[tuple[str, str]]:
    """Return what is compared with what, everywhere in the same order."""
    if reference is None:
        return list(combinations(detectors, 2))
    return [(name, reference) for name in detectors if name != reference]


def _compare_pairs(
    rows: pd.DataFrame, pairs: Sequence[tuple[str, str]], less: bool, where: str
) -> Iterator[dict[str, Any]]:
    """Compare the pairs that one data set and protocol has of one metric."""
    values = {
        str(name): part.set_index("subject")["value"] for name, part in rows.groupby("detector")
    }
    for first, second in pairs:
        if first in values and second in values:
            try:
                found = compare_subjects(values[first], values[second], smaller_is_better=less)
            except RunError as error:
                raise RunError(
                    f"{where}: {first} and {second} cannot be compared: {error}"
                ) from error
            yield {"first": first, "second": second, **found}


def combine_datasets(compared: pd.DataFrame) -> pd.DataFrame:
    """Combine the comparisons that were made on several data sets.

    Parameters
    ----------
    compared
        From :func:`compare_detectors`.

    Returns
    -------
    One row a protocol and pair that at least two data sets have, columns
    :data:`COMBINED_COLUMNS`: z and p from :func:`stouffer`, ``p_holm`` over these rows, ``n``
    subjects of all data sets.
    """
    keys = ["protocol", "metric", "first", "second"]
    rows = []
    for labels, part in compared.groupby(keys, sort=False):
        if len(part) > 1:
            z, p = stouffer(part["p"], part["difference"], part["n"])
            counts = {"n_datasets": len(part), "n": int(part["n"].sum())}
            rows.append({**dict(zip(keys, labels, strict=True)), "z": z, "p": p, **counts})
    table = pd.DataFrame(rows, columns=[*keys, "z", "p", "n_datasets", "n"])
    return table.assign(p_holm=holm(table["p"]))[list(COMBINED_COLUMNS)]
