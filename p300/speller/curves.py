"""Curves and tables from decisions: accuracy, rates, kinds of errors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.columns import GROUP, METRIC_ROWS, Decoded
from p300.errors import SpellerError
from p300.evaluation.intervals import summarise_mean
from p300.evaluation.metric_at import BEST, CHOSEN, DYNAMIC, FIXED, POSTERIOR, SUM
from p300.recordings.layout import Layout
from p300.speller.rates import bits_per_minute, symbols_per_minute
from p300.speller.selections import NOTHING, Floats

RULE = ["rule", "stopping", "decoded"]
POINT = [*GROUP, *RULE, "repetitions", "subject"]
"""Columns that name one subject's speller at one rule and number of repetitions."""

FIXED_METRICS = {
    "characters": "accuracy",
    "bits_per_minute": "bits_per_minute",
    "symbols_per_minute": "symbols_per_minute",
    "seconds": "seconds",
    "false_activations_per_minute": "false_activations_per_minute",
}
"""Metric -> column of :func:`subject_rates` that holds it, for fixed numbers of repetitions."""

ALL_METRICS = FIXED_METRICS | {
    "mean_repetitions": "mean_repetitions", "forced": "forced", "errors": "errors",
}  # fmt: skip
"""The same where the number of repetitions is not fixed."""

AGAIN_METRICS = {"characters": "accuracy"}
"""The same of what is decoded again at the end; no rates, which are about what stands at once."""


_OF_ATTENDED = ["accuracy", "mean_repetitions", "seconds", "forced", "errors"]


def wilson_interval(right: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the 95 % interval of a share (Wilson, JASA 22:209-212, 1927).

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
        Decisions with the columns dataset, protocol, calibration_characters, detector, seed and
        seconds besides
        :data:`~p300.speller.decisions.DECISION_COLUMNS`. Characters whose truth is not known are
        left out; those at which nobody attended count for false activations alone.
    n_symbols
        Data set -> number of symbols of its layout.

    Returns
    -------
    One row a :data:`POINT` (repetitions are NA unless fixed): accuracy, n (characters),
    mean_repetitions, seconds (mean of a selection), forced and errors (shares; what is neither
    right nor an error is nothing, which bits take for an error), bits_per_minute,
    symbols_per_minute, false_activations_per_minute (symbols spelled where nobody attended, a
    minute of such time; NaN where there is none).
    """
    known = characters.dropna(subset="correct").copy()
    known["mean_repetitions"] = known["repetitions"].astype(np.float64)
    known["accuracy"] = known["correct"].astype(np.float64)
    known["forced"] = known["forced"].astype(np.float64)
    spelled = (known["symbol"] != NOTHING).to_numpy(dtype=bool)
    resting = (known["true_symbol"] == NOTHING).to_numpy(dtype=bool)
    known["errors"] = np.where(spelled, 1 - known["accuracy"], 0.0)
    known["false"] = (spelled & resting).astype(np.float64)
    known["idle"] = known["seconds"].where(resting, 0.0)
    known.loc[resting, _OF_ATTENDED] = np.nan
    fixed = known["stopping"] == FIXED
    known["repetitions"] = known["repetitions"].astype("Int64").where(fixed)
    # Every fold has a seed of its own, so repeats are counted within the character.
    character = [*GROUP, "subject", "session", "run", "character"]
    known["repeat"] = known.groupby(character, dropna=False)["seed"].rank(method="dense")
    grouped = known.groupby([*POINT, "repeat"], sort=False, dropna=False)
    measured = grouped[_OF_ATTENDED].mean()
    measured["n"] = grouped["accuracy"].count()
    idle = grouped[["false", "idle"]].sum()
    measured["false_activations_per_minute"] = 60 * idle["false"] / idle["idle"]
    measured = measured[measured["n"] > 0].reset_index()
    p, t = measured["accuracy"], measured["seconds"]
    measured["bits_per_minute"] = bits_per_minute(p, t, measured["dataset"].map(n_symbols))
    measured["symbols_per_minute"] = symbols_per_minute(p, t, measured["errors"])
    averaged = measured.drop(columns="repeat").groupby(POINT, sort=False, dropna=False).mean()
    return averaged.astype({"n": np.int64}).reset_index()


def accuracy_curve(rates: pd.DataFrame) -> pd.DataFrame:
    """Return characters right against repetitions, with 95 % intervals (Wilson).

    Parameters
    ----------
    rates
        From :func:`subject_rates`; dynamic stopping, which has no axis of repetitions, is left out.

    Returns
    -------
    One row a data set, protocol, calibration_characters, detector, rule, decoded, repetitions and
    subject: value, low, high and n characters. ``subject`` is a subject or "pooled", all characters
    as one sample. The intervals are about these subjects' characters, not about other subjects.
    """
    keys = [*GROUP, "rule", "decoded", "repetitions"]
    fixed = rates[rates["stopping"] == FIXED]
    curve = fixed[[*keys, "subject", "accuracy", "n"]].rename(columns={"accuracy": "value"})
    right = curve.assign(right=curve["value"] * curve["n"])
    pooled = right.groupby(keys, sort=False, dropna=False, as_index=False)[["right", "n"]].sum()
    pooled = pooled.assign(subject="pooled", value=pooled["right"] / pooled["n"])
    curve = pd.concat([curve, pooled.drop(columns="right")], ignore_index=True)
    curve["low"], curve["high"] = wilson_interval(curve["value"] * curve["n"], curve["n"])
    return curve[[*keys, "subject", "value", "low", "high", "n"]]


def spelling_metrics(rates: pd.DataFrame, n_symbols: Mapping[str, int]) -> pd.DataFrame:
    """Return the figures of a speller as rows of metrics.

    Parameters
    ----------
    rates
        From :func:`subject_rates`.
    n_symbols
        As there.

    Returns
    -------
    Columns of :data:`p300.columns.METRIC_ROWS`: :data:`FIXED_METRICS` of every subject and their
    mean after every fixed number of repetitions, :data:`ALL_METRICS` with dynamic stopping and
    after the number chosen on training characters; of what was decoded again at the end
    :data:`AGAIN_METRICS` alone. Only in the mean: ``bits_per_minute_of_means``,
    the rate of the mean accuracy and time, beside the mean of the subjects' rates;
    ``bits_per_minute`` with the stopping "best", the sum's highest mean rate over all numbers of
    repetitions, seen with hindsight; ``bits_per_minute_gain_over_best`` and
    ``bits_per_minute_gain_over_chosen``, by how much dynamic stopping exceeds that and the chosen
    number. Intervals are 95 %: Wilson for the
    characters of a subject, :func:`~p300.evaluation.intervals.mean_interval` for a mean over
    subjects.
    """
    if rates.empty:
        return METRIC_ROWS.empty()
    parts = [
        {**dict(zip(GROUP, labels, strict=True)), "alignment": "none", **row}
        for labels, table in rates.groupby(GROUP, sort=False, dropna=False)
        for row in _group_rows(table, n_symbols[str(labels[0])])
    ]
    rows = pd.DataFrame(parts)
    return METRIC_ROWS.read(rows.reindex(columns=METRIC_ROWS.names), "metrics of characters")


def rates_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return what :func:`subject_rates` had measured, from the metrics of a run.

    Parameters
    ----------
    metrics
        Columns of :data:`p300.columns.METRIC_ROWS`; those of single flashes are left out.
    """
    single = metrics[metrics["subject"] != "mean"]
    rates = single.loc[single["metric"] == "characters", [*POINT, "n"]]
    for metric, column in ALL_METRICS.items():
        own = single.loc[single["metric"] == metric, [*POINT, "value"]]
        rates = rates.merge(own.rename(columns={"value": column}), how="left", on=POINT)
    fixed = rates["stopping"] == FIXED
    repetitions = rates["repetitions"].astype("Float64").astype("float64")
    rates["mean_repetitions"] = rates["mean_repetitions"].where(~fixed, repetitions)
    return rates


def _mean(values: pd.Series) -> dict[str, object]:
    """Return mean, interval and number of a figure of several subjects."""
    return {"subject": "mean", **summarise_mean(values.to_numpy(dtype=np.float64))}


def _group_rows(table: pd.DataFrame, n_symbols: int) -> list[dict[str, object]]:
    """Return the rows of one data set, protocol and detector."""
    rows: list[dict[str, object]] = []
    points = table.groupby([*RULE, "repetitions"], sort=False, dropna=False)
    for (rule, stopping, decoded, n), point in points:
        at = {"rule": rule, "stopping": stopping, "decoded": decoded, "repetitions": n}
        again, metrics = decoded == Decoded.POST_HOC, ALL_METRICS
        if again or stopping == FIXED:
            metrics = AGAIN_METRICS if again else FIXED_METRICS
        for metric, column in metrics.items():
            if point[column].isna().all():  # false activations, where somebody always attends
                continue
            rows += [{**at, "metric": metric, **row} for row in _subject_rows(point, column)]
            rows.append({**at, "metric": metric, **_mean(point[column])})
        if again:
            continue
        of_means = bits_per_minute(point["accuracy"].mean(), point["seconds"].mean(), n_symbols)
        mean = {"subject": "mean", "value": float(of_means), "n": len(point)}
        rows.append({**at, "metric": "bits_per_minute_of_means", **mean})
    return rows + _best_fixed(table[table["decoded"] == Decoded.INSTANT])


def _subject_rows(point: pd.DataFrame, column: str) -> list[dict[str, object]]:
    """Return one figure of each subject."""
    rows = point[["subject", "n"]].assign(value=point[column])
    if column == "accuracy":
        rows["low"], rows["high"] = wilson_interval(point[column] * point["n"], point["n"])
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.to_numpy(dtype=object)]


def _best_fixed(table: pd.DataFrame) -> list[dict[str, object]]:
    """Compare dynamic stopping with the best fixed number of repetitions of the sum."""
    fixed = table[(table["rule"] == SUM) & (table["stopping"] == FIXED)]
    wide = fixed.pivot_table(index="subject", columns="repetitions", values="bits_per_minute")
    # Only where all subjects have so many repetitions: else the means are of different subjects.
    means = wide.dropna(axis="columns").mean()
    best = int(means.index[int(means.argmax())])
    instant = {"decoded": Decoded.INSTANT}
    at = {"rule": SUM, "stopping": BEST, "repetitions": best, **instant}
    rows: list[dict[str, object]] = [{**at, "metric": "bits_per_minute", **_mean(wide[best])}]
    by_stopping = table.groupby("stopping")
    rates = {str(k): own.set_index("subject")["bits_per_minute"] for k, own in by_stopping}
    for name, other in {BEST: wide[best], CHOSEN: rates.get(CHOSEN)}.items():
        if DYNAMIC in rates and other is not None:
            at = {"rule": POSTERIOR, "stopping": DYNAMIC, "repetitions": pd.NA, **instant}
            gain = _mean((rates[DYNAMIC] - other).dropna())
            rows.append({**at, "metric": f"bits_per_minute_gain_over_{name}", **gain})
    return rows


def error_kinds(decisions: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Count errors by what was right about them, on a row/column layout.

    Parameters
    ----------
    decisions
        Instant or post-hoc, of one rule and number of repetitions, or of dynamic stopping.
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
    """Return the row and column of every symbol, if the codes light rows and columns."""
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
    """Return the decisions whose truth is known; refuse several rules or repetitions in one."""
    fixed = decisions["stopping"] == "fixed"
    points = decisions[RULE].assign(n=decisions["repetitions"].where(fixed, 0))
    if len(points.drop_duplicates()) > 1:
        raise SpellerError(
            "decisions of several rules or numbers of repetitions found; select one rule, and one "
            "number of repetitions or dynamic stopping"
        )
    known = decisions.dropna(subset="true_symbol")
    return known[(known["true_symbol"] != NOTHING) & (known["symbol"] != NOTHING)]
