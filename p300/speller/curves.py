"""Curves and tables from decisions: accuracy, rates, confusion, kinds of errors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import SpellerError
from p300.evaluation.intervals import summarise_mean
from p300.recordings.layout import Layout
from p300.speller.rates import bits_per_minute, symbols_per_minute
from p300.speller.selections import Floats

GROUP = ["dataset", "protocol", "detector"]
RULE = ["rule", "stopping"]


def wilson_interval(right: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Give the 95 % interval of a share (Wilson, JASA 22:209-212, 1927).

    Parameters
    ----------
    right
        How many were right; need not be whole where repeats are averaged.
    n
        Of how many, at least 1.
    """
    from scipy.special import ndtri

    z2 = float(ndtri(0.975)) ** 2
    k, total = np.asarray(right, dtype=np.float64), np.asarray(n, dtype=np.float64)
    share = k / total
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = np.sqrt(z2 * (share * (1 - share) / total + z2 / (4 * total**2))) / (1 + z2 / total)
    # Rounding must not put the share itself outside: it lies at the very end where all are right.
    return np.clip(centre - spread, 0.0, share), np.clip(centre + spread, share, 1.0)


def subject_rates(characters: pd.DataFrame, n_symbols: Mapping[str, int]) -> pd.DataFrame:
    """Measure each subject's speller for every rule and number of repetitions.

    The characters of a subject's folds are taken together; repeats (seeds) are measured on their
    own and averaged.

    Parameters
    ----------
    characters
        Decisions with the columns dataset, protocol, detector, seed and seconds besides
        :data:`~p300.speller.decisions.DECISION_COLUMNS`. Characters whose truth is not known are
        left out.
    n_symbols
        Data set -> number of symbols of its layout.

    Returns
    -------
    One row a dataset, protocol, detector, rule, stopping, repetitions (NA unless fixed) and
    subject: accuracy, n (characters), mean_repetitions, seconds (mean of a selection), forced
    (share), bits_per_minute, symbols_per_minute.
    """
    known = characters.dropna(subset="correct").copy()
    known["mean_repetitions"] = known["repetitions"].astype(np.float64)
    known["accuracy"] = known["correct"].astype(np.float64)
    known["forced"] = known["forced"].astype(np.float64)
    fixed = known["stopping"] == "fixed"
    known["repetitions"] = known["repetitions"].astype("Int64").where(fixed)
    keys = [*GROUP, *RULE, "repetitions", "subject"]
    # Every fold has a seed of its own, so repeats are counted within the character.
    character = [*GROUP, "subject", "session", "run", "character"]
    known["repeat"] = known.groupby(character)["seed"].rank(method="dense")
    grouped = known.groupby([*keys, "repeat"], sort=False, dropna=False)
    measured = grouped[["accuracy", "mean_repetitions", "seconds", "forced"]].mean()
    measured["n"] = grouped.size()
    measured = measured.reset_index()
    p, t = measured["accuracy"], measured["seconds"]
    measured["bits_per_minute"] = bits_per_minute(p, t, measured["dataset"].map(n_symbols))
    measured["symbols_per_minute"] = symbols_per_minute(p, t)
    averaged = measured.drop(columns="repeat").groupby(keys, sort=False, dropna=False).mean()
    return averaged.astype({"n": np.int64}).reset_index()


def accuracy_curve(rates: pd.DataFrame) -> pd.DataFrame:
    """Give characters right against repetitions, with 95 % intervals.

    Parameters
    ----------
    rates
        From :func:`subject_rates`; dynamic stopping, which has no axis of repetitions, is left out.

    Returns
    -------
    One row a dataset, protocol, detector, rule, repetitions and subject: value, low, high and n.
    ``subject`` is a subject or "pooled" (all characters as one sample; intervals of Wilson, n
    characters), or "mean" (mean over subjects, n of them, and its interval). The pooled interval
    is about these subjects' characters, the other one about other people.
    """
    keys = [*GROUP, "rule", "repetitions"]
    fixed = rates[rates["stopping"] == "fixed"]
    curve = fixed[[*keys, "subject", "accuracy", "n"]].rename(columns={"accuracy": "value"})
    right = (curve["value"] * curve["n"]).groupby([curve[k] for k in keys], sort=False).sum()
    by_point = curve.groupby(keys, sort=False)
    pooled = pd.DataFrame({"n": by_point["n"].sum(), "value": right}).reset_index()
    pooled["value"] /= pooled["n"]
    curve = pd.concat([curve, pooled.assign(subject="pooled")], ignore_index=True)
    curve["low"], curve["high"] = wilson_interval(curve["value"] * curve["n"], curve["n"])
    means = [
        {
            **dict(zip(keys, labels, strict=True)),
            "subject": "mean",
            **summarise_mean(point["value"]),
        }
        for labels, point in by_point
    ]
    columns = [*keys, "subject", "value", "low", "high", "n"]
    curve = pd.concat([curve, pd.DataFrame(means)], ignore_index=True)[columns]
    return curve.astype({"low": np.float64, "high": np.float64})


def spelling_metrics(rates: pd.DataFrame, n_symbols: Mapping[str, int]) -> pd.DataFrame:
    """Give the figures of a speller as rows of ``metrics.json``.

    Parameters
    ----------
    rates
        From :func:`subject_rates`.
    n_symbols
        As there.

    Returns
    -------
    Columns dataset, protocol, alignment ("none"), detector, subject ("mean" for the mean over
    subjects), metric, value, low, high, n. For :data:`REPORTED` numbers of repetitions
    ``characters@5``, ``bits_per_minute@5`` and ``symbols_per_minute@5`` of the sum of
    probabilities, with ``posterior_`` in front those of the posterior, with ``dynamic_`` those of
    dynamic stopping (without @), which also has ``dynamic_repetitions``, ``dynamic_seconds`` and
    ``dynamic_forced``; with ``chosen_`` the same of the sum after the number of repetitions chosen
    on training characters. Only in the mean: ``bits_per_minute_of_means@5``, the rate of the mean
    accuracy and time, beside the mean of the subjects' rates; ``best_fixed_bits_per_minute``, the
    sum's highest mean rate over all numbers of repetitions, seen with hindsight, and
    ``best_fixed_repetitions``, where it is; ``dynamic_gain_bits_per_minute``, by how much dynamic
    stopping exceeds that, and ``dynamic_gain_over_chosen_bits_per_minute``, by how much it exceeds
    the chosen number. Intervals are 95 %: Wilson for the characters of a subject,
    :func:`~p300.evaluation.intervals.mean_interval` for a mean over subjects.
    """
    columns = ["dataset", "protocol", "alignment", "detector", "subject", "metric", "value",
               "low", "high", "n"]  # fmt: skip
    if rates.empty:
        return pd.DataFrame(columns=columns)
    parts = [
        pd.DataFrame(_group_rows(table, n_symbols[str(labels[0])])).assign(
            **dict(zip(GROUP, map(str, labels), strict=True)), alignment="none"
        )
        for labels, table in rates.groupby(GROUP, sort=False)
    ]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


REPORTED = (1, 2, 3, 5, 10, 15)
"""Numbers of repetitions of which ``metrics.json`` holds figures; the curve has all."""

_FIGURES = {
    "accuracy": "characters",
    "bits_per_minute": "bits_per_minute",
    "symbols_per_minute": "symbols_per_minute",
}
_STOPPED = {**_FIGURES, "mean_repetitions": "repetitions", "seconds": "seconds", "forced": "forced"}


def _group_rows(table: pd.DataFrame, n_symbols: int) -> list[dict[str, object]]:
    """Give the rows of one data set, protocol and detector."""
    rows: list[dict[str, object]] = []
    for (rule, stopping, n), point in table.groupby(
        [*RULE, "repetitions"], sort=False, dropna=False
    ):
        fixed = stopping == "fixed"
        if fixed and n not in REPORTED:
            continue
        prefix = f"{stopping}_" if not fixed else "" if rule == "sum" else "posterior_"
        suffix = f"@{n}" if fixed else ""
        for column, figure in (_FIGURES if fixed else _STOPPED).items():
            metric = f"{prefix}{figure}{suffix}"
            rows += _subject_rows(point, column, metric)
            rows.append({"subject": "mean", "metric": metric, **summarise_mean(point[column])})
        of_means = bits_per_minute(point["accuracy"].mean(), point["seconds"].mean(), n_symbols)
        metric = f"{prefix}bits_per_minute_of_means{suffix}"
        rows.append(
            {"subject": "mean", "metric": metric, "value": float(of_means), "n": len(point)}
        )
    return rows + _best_fixed(table)


def _subject_rows(point: pd.DataFrame, column: str, metric: str) -> list[dict[str, object]]:
    """Give one figure of each subject."""
    rows = pd.DataFrame({"subject": point["subject"], "metric": metric, "value": point[column]})
    rows["n"] = point["n"]
    if column == "accuracy":
        rows["low"], rows["high"] = wilson_interval(point[column] * point["n"], point["n"])
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.to_numpy(dtype=object)]


def _best_fixed(table: pd.DataFrame) -> list[dict[str, object]]:
    """Compare dynamic stopping with the best fixed number of repetitions of the sum."""
    fixed = table[(table["rule"] == "sum") & (table["stopping"] == "fixed")]
    wide = fixed.pivot_table(index="subject", columns="repetitions", values="bits_per_minute")
    # Only where all subjects have so many repetitions: else the means are of different subjects.
    means = wide.dropna(axis="columns").mean()
    best = int(means.index[int(means.argmax())])
    rows: list[dict[str, object]] = [
        {"subject": "mean", "metric": "best_fixed_bits_per_minute", **summarise_mean(wide[best])},
        {"subject": "mean", "metric": "best_fixed_repetitions", "value": float(best),
         "n": len(wide)},
    ]  # fmt: skip
    by_stopping = table.groupby("stopping")
    rates = {str(k): own.set_index("subject")["bits_per_minute"] for k, own in by_stopping}
    others = {"": wide[best], "_over_chosen": rates.get("chosen")}
    for name, other in others.items():
        if "dynamic" in rates and other is not None:
            gain = {"subject": "mean", "metric": f"dynamic_gain{name}_bits_per_minute"}
            rows.append({**gain, **summarise_mean((rates["dynamic"] - other).dropna())})
    return rows


def confusion(decisions: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Count which symbol was decided for which.

    Parameters
    ----------
    decisions
        Of one rule and number of repetitions, or of dynamic stopping.
    layout
        Fixes the order of rows and columns.

    Returns
    -------
    Counts, true symbols in rows and decided ones in columns, all symbols of the layout.
    """
    known = _known_once(decisions)
    table = pd.crosstab(known["true_symbol"], known["symbol"])
    full = table.reindex(index=layout.symbols, columns=layout.symbols, fill_value=0)
    return full.rename_axis(index="true_symbol", columns="symbol")


def error_kinds(decisions: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Count errors by what was right about them, on a row/column layout.

    Parameters
    ----------
    decisions
        As in :func:`confusion`.
    layout
        Every code must light a whole row or a whole column of its matrix.

    Returns
    -------
    One row a kind (right, right row, right column, neither) and its number ``n``.

    Raises
    ------
    SpellerError
        When the layout has no rows and columns.
    """
    places = _rows_and_columns(layout)
    known = _known_once(decisions)
    true = np.array([places[s] for s in known["true_symbol"]]).reshape(-1, 2)
    decided = np.array([places[s] for s in known["symbol"]]).reshape(-1, 2)
    row, column = (true == decided).T
    kinds = {
        "right": row & column,
        "right row": row & ~column,
        "right column": ~row & column,
        "neither": ~row & ~column,
    }
    return pd.DataFrame({"kind": list(kinds), "n": [int(found.sum()) for found in kinds.values()]})


def _rows_and_columns(layout: Layout) -> dict[str, tuple[int, int]]:
    """Give the row and column of every symbol, if the codes light rows and columns."""
    if layout.shape is not None:
        n_columns = layout.shape[1]
        places = {s: (k // n_columns, k % n_columns) for k, s in enumerate(layout.symbols)}
        lines = {
            frozenset(s for s in layout.symbols if places[s][axis] == line)
            for axis in (0, 1)
            for line in range(layout.shape[axis])
        }
        if lines == set(layout.groups.values()):
            return places
    raise SpellerError(
        "errors by row and column need a layout whose codes light the rows and columns of a "
        f"matrix; this one has {len(layout.groups)} codes for {len(layout.symbols)} symbols "
        f"(shape {layout.shape})"
    )


def _known_once(decisions: pd.DataFrame) -> pd.DataFrame:
    """Give the decisions whose truth is known; refuse several rules or repetitions in one."""
    fixed = decisions["stopping"] == "fixed"
    points = decisions[RULE].assign(n=decisions["repetitions"].where(fixed, 0))
    if len(points.drop_duplicates()) > 1:
        raise SpellerError(
            "decisions of several rules or numbers of repetitions found; select one rule, and one "
            "number of repetitions or dynamic stopping"
        )
    return decisions.dropna(subset="true_symbol")
