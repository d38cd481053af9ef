"""Tables of spelled characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from p300.columns import Decoded
from p300.errors import SpellerError
from p300.evaluation.metric_at import BEST, CHOSEN, DYNAMIC, FIXED, POSTERIOR, SUM
from p300.recordings.layout import Layout
from p300.report.letter_curves import Over, interval_over, letter_curve, pooled
from p300.report.page import Line, Row, Spelled, Table
from p300.report.prose import NONE, count, number, percent
from p300.report.run_results import MEAN, RunResults, repeats
from p300.speller import bits_per_minute, error_kinds
from p300.speller.selections import NOTHING

GROUP = ["dataset", "protocol"]
RULES = {"sum": "sum of probabilities", "posterior": "posterior"}
SHOWN = (1, 2, 3, 5, 10, 15)
"""Numbers of repetitions that tables show."""
SPELLED_AFTER = (1, 3, 5, 10, 15)

_MOST_OPEN_TABLES = 3
_LONGEST_LINE = 50
_SHOWN_NOTHING = "·"


def shown_repetitions(rates: pd.DataFrame) -> list[int]:
    """Choose the numbers of repetitions that tables show: the usual ones and the largest."""
    most = int(rates["repetitions"].max())
    return [n for n in SHOWN if n < most] + [most]


def character_headline(results: RunResults) -> Table:
    """Return the characters right after all repetitions of every detector under every protocol."""
    over = interval_over(results.rates)
    curve = letter_curve(results.rates, over)
    last = curve[curve["rule"] == SUM].groupby([*GROUP, "detector"], sort=False).tail(1)
    protocols, datasets = list(last["protocol"].unique()), list(last["dataset"].unique())
    rows = []
    for dataset in datasets:
        if len(datasets) > 1:
            rows.append(Row((dataset,), "head"))
        of_dataset = last[last["dataset"] == dataset]
        for detector, mine in of_dataset.groupby("detector", sort=False):
            cells = {r["protocol"]: _share(r) for r in mine.to_dict("records")}
            rows.append(Row((str(detector), *(cells.get(p, NONE) for p in protocols))))
    caption = f"Characters right (%) after {_repetitions(last)} ({over.short})"
    return Table(("Detector", *protocols), tuple(rows), caption)


def _repetitions(last: pd.DataFrame) -> str:
    numbers = last["repetitions"].unique()
    return f"{numbers[0]} repetitions" if len(numbers) == 1 else "all repetitions"


def _share(point: dict[Any, Any]) -> str:
    """Write a point of an accuracy curve."""
    low, high = 100 * point["low"], 100 * point["high"]
    return f"{100 * point['value']:.0f} ({low:.0f}–{high:.0f})"


def character_tables(results: RunResults) -> Iterator[Table]:
    """Give, for each data set and protocol, the characters right against repetitions."""
    over = interval_over(results.all_rates)
    for (dataset, protocol), rates in results.all_rates.groupby(GROUP, sort=False):
        curve = letter_curve(rates, over)
        shown, rows, named = shown_repetitions(curve), list[Row](), None
        for (detector, rule, decoded), part in curve.groupby(
            ["detector", "rule", "decoded"], sort=False
        ):
            by_number = {r["repetitions"]: _share(r) for r in part.to_dict("records")}
            name, named = "" if detector == named else str(detector), detector
            how = RULES[str(rule)] + (f", {decoded}" if decoded == Decoded.POST_HOC else "")
            cells = [by_number.get(n, NONE) for n in shown]
            rows.append(Row((name, how, *cells)))
        columns = ("Detector", "Rule", *map(str, shown))
        caption = (
            f"Characters right (%) after n repetitions: {protocol}, {dataset} (95 %, {over.value})"
        )
        yield Table(columns, tuple(rows), caption, n_text=2)


def rate_tables(results: RunResults) -> Iterator[Table]:
    """Give, for each data set and protocol, the rates against repetitions."""
    lines = {
        "Sum: mean of the subjects' bit rates": ("bits_per_minute", SUM),
        "Sum: bit rate of the mean accuracy": ("bits_per_minute_of_means", SUM),
        "Sum: mean of bit rates, pause left out": ("no_pause", SUM),
        "Sum: correct symbols a minute": ("symbols_per_minute", SUM),
        "Posterior: mean of the subjects' bit rates": ("bits_per_minute", POSTERIOR),
    }
    if results.one_subject:  # whose rate is the mean and that of the mean alike
        lines = {
            "Sum: bit rate": ("bits_per_minute", SUM),
            "Sum: bit rate, pause left out": ("no_pause", SUM),
            "Sum: correct symbols a minute": ("symbols_per_minute", SUM),
            "Posterior: bit rate": ("bits_per_minute", POSTERIOR),
        }
    means = _means(results)
    means = means[means["stopping"] == FIXED]
    for (dataset, protocol), group in means.groupby(GROUP, sort=False):
        rates = results.rates
        rates = rates[(rates["dataset"] == dataset) & (rates["protocol"] == protocol)]
        shown = [n for n in SHOWN if n <= rates["repetitions"].max()]
        rows = []
        for detector, mine in group.groupby("detector", sort=False):
            n_symbols = len(results.layouts[str(dataset)].symbols)
            without = rates_without_pause(rates[rates["detector"] == detector], n_symbols)
            points = zip(mine["metric"], mine["rule"], mine["repetitions"], strict=True)
            values = dict(zip(points, mine["value"], strict=True))
            values |= {("no_pause", SUM, n): rate for n, rate in without.items()}
            rows.append(Row((str(detector),), "head"))
            for name, line in lines.items():
                cells = [number(values.get((*line, n), np.nan), 1) for n in shown]
                if any(cell != NONE for cell in cells):
                    rows.append(Row((name, *cells)))
        caption = f"Rates after n repetitions: {protocol}, {dataset}"
        yield Table(("Per minute", *map(str, shown)), tuple(rows), caption)


def _means(results: RunResults) -> pd.DataFrame:
    """Return the means over subjects of what is measured of characters."""
    metrics = results.metrics
    instant = metrics["decoded"] == Decoded.INSTANT
    return metrics[(metrics["subject"] == MEAN) & metrics["rule"].notna() & instant]


def timing(rates: pd.DataFrame) -> pd.DataFrame:
    """Find the pause and the length of a repetition in the times of selections.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`.

    Returns
    -------
    One row a data set and subject: pause, repetition (s). Without rows where no subject has two
    numbers of repetitions.
    """
    fixed = rates[rates["stopping"] == "fixed"]
    seconds = fixed.pivot_table(
        index=["dataset", "subject"], columns="repetitions", values="seconds"
    )
    if seconds.shape[1] < 2:
        return pd.DataFrame(columns=["pause", "repetition"], dtype=float)
    first, second = seconds.columns.to_numpy(dtype=float)[:2]
    repetition = (seconds.iloc[:, 1] - seconds.iloc[:, 0]) / (second - first)
    pause = (seconds.iloc[:, 0] - first * repetition).clip(lower=0)
    return pd.DataFrame({"pause": pause, "repetition": repetition})


def rates_without_pause(rates: pd.DataFrame, n_symbols: int) -> dict[int, float]:
    """Return what the mean bit rate of the sum of probabilities would be if no pause were counted.

    Parameters
    ----------
    rates
        From :func:`p300.speller.curves.subject_rates`, of one data set.
    n_symbols
        Of its layout.

    Returns
    -------
    Repetitions -> bits a minute.
    """
    flashed = timing(rates)["repetition"]
    fixed = rates[(rates["rule"] == "sum") & (rates["stopping"] == "fixed")]
    fixed = fixed.join(flashed, on=["dataset", "subject"]).dropna(subset="repetition")
    time = fixed["repetition"] * fixed["repetitions"].astype(float)
    rate = pd.Series(bits_per_minute(fixed["accuracy"], time, n_symbols), index=fixed.index)
    mean = rate.groupby(fixed["repetitions"]).mean()
    return dict(zip(mean.index.astype(int).tolist(), mean.tolist(), strict=True))


def dynamic_tables(results: RunResults) -> Iterator[Table]:
    """Compare, for each data set and protocol, dynamic stopping with the best fixed number."""
    means, risked = _means(results), _risked(results.rates)
    over = interval_over(results.rates)
    columns = (
        "Detector", f"Characters right (%; 95 % {over.value})", "Mean repetitions", "Forced",
        "Bits/min: mean of rates", "Bits/min: rate of means", "Correct symbols/min",
        "Chosen number", "Bits/min with it", "Gain over it",
        "Best number", "Bits/min with the best", "Gain over the best",
        *(("Wrong symbols (%)", "Symbols/min while nobody attends") if risked else ()),
    )  # fmt: skip
    for (dataset, protocol), group in means.groupby(GROUP, sort=False):
        rows = []
        for detector, mine in group.groupby("detector", sort=False):
            if (mine["stopping"] == DYNAMIC).any():
                values = mine[mine["stopping"] != FIXED].set_index(["metric", "stopping"])
                rates = results.rates
                named = {"dataset": dataset, "protocol": protocol, "detector": detector}
                named |= {"stopping": DYNAMIC}
                own = rates[np.logical_and.reduce([rates[k] == v for k, v in named.items()])]
                cells = [str(detector), *_dynamic_cells(values, own, over)]
                rows.append(Row((*cells, *(_risk_cells(own) if risked else ()))))
        if rows:
            caption = (
                f"Dynamic stopping and fixed numbers of repetitions: {protocol}, {dataset} (behind "
                f"characters right: {over.short}; behind gains: 95 % interval over subjects)"
            )
            yield Table(columns, tuple(rows), caption)


def _dynamic_cells(means: pd.DataFrame, rates: pd.DataFrame, over: Over) -> Iterator[str]:
    """Return the cells of a detector; ``means`` by metric and stopping, ``rates`` of dynamic."""
    value = means["value"]
    if over is Over.SUBJECTS:
        yield _share(means.loc[[("characters", DYNAMIC)]].to_dict("records")[0])
    else:
        yield _share(pooled(rates))
    yield number(value["mean_repetitions", DYNAMIC], 1)
    yield percent(value["forced", DYNAMIC])
    yield number(value["bits_per_minute", DYNAMIC], 1)
    yield number(value["bits_per_minute_of_means", DYNAMIC], 1)
    yield number(value["symbols_per_minute", DYNAMIC], 1)
    if ("mean_repetitions", CHOSEN) in value.index:
        yield number(value["mean_repetitions", CHOSEN], 1)
        yield number(value["bits_per_minute", CHOSEN], 1)
        yield _gain(means, CHOSEN)
    else:
        yield from (NONE, NONE, NONE)
    yield count(means["repetitions"]["bits_per_minute", BEST])
    yield number(value["bits_per_minute", BEST], 1)
    yield _gain(means, BEST)


def _risked(rates: pd.DataFrame) -> bool:
    """Return whether nothing was spelled anywhere, or nobody attended."""
    idle = rates["false_activations_per_minute"].notna()
    return bool((idle | (rates["accuracy"] + rates["errors"] < 1 - 1e-9)).any())


def _risk_cells(rates: pd.DataFrame) -> Iterator[str]:
    """Return the mean share of wrong symbols, and of those a minute while nobody attended."""
    yield percent(float(rates["errors"].mean()))
    idle = float(rates["false_activations_per_minute"].mean())
    yield NONE if np.isnan(idle) else number(idle, 2)


def _gain(means: pd.DataFrame, over: str) -> str:
    """Write what dynamic stopping gains over another one, with its interval."""
    place = (f"bits_per_minute_gain_over_{over}", DYNAMIC)
    gain, low, high = (float(means[column][place]) for column in ("value", "low", "high"))
    return _signed(gain) + ("" if np.isnan(low) else f" ({_signed(low)} to {_signed(high)})")


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def error_table(results: RunResults) -> Table | None:
    """Count errors by what was right about them; None without a layout of rows and columns."""
    assert results.characters is not None  # asked for only where characters were spelled
    spelled = results.characters
    spelled = spelled[(spelled["rule"] == "sum") & (spelled["stopping"] == "fixed")]
    shown, rows = shown_repetitions(spelled), []
    for (dataset, protocol), group in spelled.groupby(GROUP, sort=False):
        layout = results.layouts[str(dataset)]
        head = Row((f"{protocol}, {dataset}",), "head")
        try:
            found = [
                Row((str(detector), *_kinds(mine, layout, shown)))
                for detector, mine in group.groupby("detector", sort=False)
            ]
        except SpellerError:  # codes of this layout do not light rows and columns
            continue
        rows += [head, *found]
    caption = "Errors after n repetitions: right row / right column / neither"
    return Table(("Detector", *map(str, shown)), tuple(rows), caption) if rows else None


def _kinds(characters: pd.DataFrame, layout: Layout, shown: Sequence[int]) -> Iterator[str]:
    """Write the numbers of errors of each kind for some numbers of repetitions."""
    n_repeats = repeats(characters)
    for n in shown:
        part = characters[characters["repetitions"] == n]
        if part.empty:
            yield NONE
            continue
        kinds = error_kinds(part, layout).set_index("kind")["n"] / n_repeats
        yield " / ".join(f"{kinds[k]:.0f}" for k in ("right row", "right column", "neither"))


def spelled_texts(results: RunResults) -> list[Spelled]:
    """Return what was spelled in every run, by data set, protocol and detector."""
    assert results.characters is not None  # asked for only where characters were spelled
    both = pd.concat([results.characters, results.post_hoc], ignore_index=True)
    groups = list(both.groupby([*GROUP, "detector"], sort=False))
    folded = len(groups) > _MOST_OPEN_TABLES
    return [
        Spelled(f"{detector}, {protocol}, {dataset}", tuple(_runs(characters)), folded)
        for (dataset, protocol, detector), characters in groups
    ]


def _runs(characters: pd.DataFrame) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """Return the lines of every run, of the first seed of each fold; long texts in pieces."""
    most = int(characters["repetitions"].max())
    shown = [*(n for n in SPELLED_AFTER if n < most), most]
    first = characters.groupby("fold")["seed"].transform("min")
    columns = ["subject", "session", "run", "character", "repetitions"]
    # Several folds may have tested one run (a character each); by character they make one text.
    ordered = characters[characters["seed"] == first].sort_values(columns, kind="stable")
    by_run: dict[tuple[str, str, str], dict[int, list[dict[Any, Any]]]] = {}
    for decided in ordered.to_dict("records"):
        run = by_run.setdefault((decided["subject"], decided["session"], decided["run"]), {})
        run.setdefault(decided["character"], []).append(decided)
    for (subject, session, name), text in by_run.items():
        title, decisions = f"{subject}, session {session}, run {name}", list(text.values())
        for k in range(0, len(decisions), _LONGEST_LINE):
            yield (title if k == 0 else ""), tuple(_lines(decisions[k : k + _LONGEST_LINE], shown))


def _lines(text: Sequence[list[dict[Any, Any]]], shown: Sequence[int]) -> Iterator[Line]:
    """Return the true text, what was spelled after ever more repetitions, and what post-hoc.

    Parameters
    ----------
    text
        What was decided of each character, by the number of repetitions.
    shown
        These numbers.
    """
    wide = " " if max(len(each["symbol"]) for decided in text for each in decided) > 1 else ""
    at_once = [[each for each in decided if each["decoded"] == Decoded.INSTANT] for decided in text]
    again = [[each for each in decided if each["decoded"] == Decoded.POST_HOC] for decided in text]
    fixed = _by_sum(at_once)
    true = [decided[0]["true_symbol"] for decided in fixed if decided]
    yield Line("true", tuple((_shown(symbol) + wide, True) for symbol in true))
    for n in shown:
        # A character with fewer repetitions keeps what was decided after its last one.
        after = [[each for each in decided if each["repetitions"] <= n][-1:] for decided in fixed]
        yield _line(f"{n}", after, wide)
    if read := [decided[-1:] for decided in _by_sum(again) if decided]:
        yield _line(f"{n}, {Decoded.POST_HOC}", read, wide)
    dynamic = [[each for each in decided if each["stopping"] == "dynamic"] for decided in at_once]
    taken = [each["repetitions"] for decided in dynamic for each in decided]
    if taken:
        yield _line("dynamic", dynamic, wide, f"{np.mean(taken):.1f}")


def _by_sum(text: Sequence[list[dict[Any, Any]]]) -> list[list[dict[Any, Any]]]:
    """Return of each character what was decided by the sum of probabilities at fixed numbers."""
    return [
        [each for each in decided if each["rule"] == "sum" and each["stopping"] == "fixed"]
        for decided in text
    ]


def _line(after: str, text: Sequence[list[dict[Any, Any]]], wide: str, note: str = "") -> Line:
    decided = [each for character in text for each in character]
    symbols = tuple((_shown(each["symbol"]) + wide, bool(each["correct"])) for each in decided)
    return Line(after, symbols, note)


def _shown(symbol: str) -> str:
    return _SHOWN_NOTHING if symbol == NOTHING else symbol
