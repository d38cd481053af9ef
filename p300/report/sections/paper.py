"""The tables of Cecotti & Gräser (2011), beside what they published."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from p300.report.page import Block, Row, Section, Table, Text
from p300.report.panels import Key
from p300.report.prose import NONE, count
from p300.report.published.classes import PROTOCOLS_OF, TRAIN_TO_TEST
from p300.report.published.paper import (
    PAPER_NAMES,
    PAPER_YEAR,
    SOURCE,
    STAND_IN,
    compare,
    published,
)
from p300.report.run_results import RunResults
from p300.report.sections.published import is_tested_alike
from p300.speller import PAPER_TIMING, accuracy_curve, bits_per_minute, wilson_interval

_N_SYMBOLS = 36
_MOST_OPEN_SUBJECTS = 3
_STANDS_IN = (
    " BCI Competition II data set IIb stands in for those data: it comes from the same laboratory, "
    "with the same matrix, montage, rate and timing."
)
_COUNTS = ["tp", "tn", "fp", "fn"]


def paper(results: RunResults) -> Section | None:
    """Show the paper's tables; None where none of its classifiers was run on its data.

    Its data are BCI Competition III, data set II, or what stands in for them
    (:data:`p300.report.published.paper.STAND_IN`).
    """
    labels = {
        label: PAPER_NAMES[name]
        for label in results.unique("detector")
        if (name := results.detector_name(label)) in PAPER_NAMES
    }
    blocks: list[Block] = []
    for dataset, protocol in _paper_experiments(results, list(labels)):
        blocks += _experiment(results, dataset, protocol, labels)
    return Section("Beside the paper", tuple(blocks)) if blocks else None


def published_curves(results: RunResults) -> dict[Key, dict[int, float]]:
    """Return what the paper published of this run's detectors on its data, by repetitions.

    Returns
    -------
    (data set, protocol, detector) -> percentages, the mean of the run's subjects.
    """
    found: dict[Key, dict[int, float]] = {}
    where = ["dataset", "protocol", "detector"]
    for (dataset, protocol, label), own in results.scores.groupby(where, sort=False):
        name = PAPER_NAMES.get(results.detector_name(str(label)))
        if name is None or not _is_the_papers(results, str(dataset), str(protocol)):
            continue
        subjects = [_published_by_subject(name, str(one)) for one in own["subject"].unique()]
        if curve := {
            n: sum(each[n] for each in subjects) / len(subjects)
            for n in subjects[0]
            if all(n in each for each in subjects)
        }:
            found[str(dataset), str(protocol), str(label)] = curve
    return found


def _is_the_papers(results: RunResults, dataset: str, protocol: str) -> bool:
    """Return whether a data set is the paper's, tested as there."""
    return SOURCE in results.sources(dataset) and is_tested_alike(
        results, dataset, protocol, PROTOCOLS_OF[TRAIN_TO_TEST]
    )


def _paper_experiments(results: RunResults, detectors: list[str]) -> Iterator[tuple[str, str]]:
    """Return data sets and protocols of these detectors: within the subject, as in the paper."""
    scores = results.scores[results.scores["detector"].isin(detectors)]
    for dataset, group in scores.groupby("dataset", sort=False):
        if not results.sources(str(dataset)) & {SOURCE, STAND_IN}:
            continue
        protocols = [str(name) for name in group["protocol"].unique()]
        within = [name for name in protocols if _is_within(results, name)]
        for protocol in within or protocols:
            yield str(dataset), protocol


def _is_within(results: RunResults, protocol: str) -> bool:
    """Return whether a detector has learned from the tested subject alone, as in the paper."""
    known = results.protocol(protocol)
    return known is not None and not known.learns_from_others


def _experiment(
    results: RunResults, dataset: str, protocol: str, labels: dict[str, str]
) -> Iterator[Block]:
    """Return the tables of one data set and protocol."""
    scores = _select(results.scores, dataset, protocol)
    compared = _is_the_papers(results, dataset, protocol)
    where = f"{protocol}, {dataset}"
    yield Text(_describe_comparison(dataset, protocol, results.sources(dataset), compared))
    yield _detection_table(count_detections(scores), labels, compared, where)
    rates = results.rates
    if rates.empty or dataset not in set(rates["dataset"]):
        return
    rates = _select(rates, dataset, protocol)
    rates = rates[(rates["rule"] == "sum") & (rates["stopping"] == "fixed")]
    curve = accuracy_curve(rates)
    yield _character_table(curve, labels, compared, where)
    yield _rate_table(rates, labels, compared, where)


def _describe_comparison(dataset: str, protocol: str, sources: set[str], compared: bool) -> str:
    """Describe how the tables came about and whether there is anything to compare them with."""
    method = (
        f"The tables of Cecotti & Gräser (2011) for {dataset}, {protocol}. A flash is called a "
        "P300 when its score exceeds the log-odds of the training target share; the recognition "
        "rate is the share of flashes called rightly, its interval is Wilson's (95 %)."
    )
    if not compared:
        return (
            f"{method} Nothing was published on it by the paper, whose figures are on BCI "
            "Competition III data set II, each subject's training run to test run; these are this "
            f"run's own.{_STANDS_IN if STAND_IN in sources else ''}"
        )
    return (
        f"{method} ✓: the published value lies within the 95 % "
        "interval of this run; ▲: above it; ▼: below it. The interval tells what another test set "
        "of this size might give; the published value, from the same characters, varies too, so a "
        "value just outside is no proof of a difference. Published bit rates follow from the "
        "published percentages with T = 2.5 + 2.1 n s."
    )


def _select(table: pd.DataFrame, dataset: str, protocol: str) -> pd.DataFrame:
    return table[(table["dataset"] == dataset) & (table["protocol"] == protocol)]


def count_detections(scores: pd.DataFrame) -> pd.DataFrame:
    """Count detections at the threshold of each fold.

    Parameters
    ----------
    scores
        Score table of one data set and protocol, with the column threshold.

    Returns
    -------
    One row a detector and subject: tp, tn, fp, fn; the mean over seeds of the sums over folds.
    """
    detected, target = scores["score"] > scores["threshold"], scores["target"]
    counted = scores[["detector", "subject", "fold", "seed"]].assign(
        tp=detected & target, tn=~detected & ~target, fp=detected & ~target, fn=~detected & target
    )
    folds = counted.groupby(["detector", "subject", "fold", "seed"], sort=False)[_COUNTS].sum()
    over_seeds = folds.groupby(["detector", "subject", "fold"], sort=False).mean()
    return over_seeds.groupby(["detector", "subject"], sort=False).sum().reset_index()


def _detection_table(
    counts: pd.DataFrame, labels: dict[str, str], compared: bool, where: str
) -> Table:
    known = published("detection")
    rows = []
    for subject in sorted(counts["subject"].unique()):
        rows.append(Row((f"Subject {subject}",), "head"))
        of_subject = counts[counts["subject"] == subject].set_index("detector")
        for label, name in labels.items():
            if label not in of_subject.index:
                continue
            own = {key: float(of_subject.loc[label, key]) for key in _COUNTS}
            low, high = _recognition_interval(own)
            cells = _detection_cells(own)
            cells[4] += f" ({low:.2f}–{high:.2f})"
            rows.append(Row((_named(label, name), *cells)))
            theirs = known[(known["method"] == name) & (known["subject"] == subject)]
            if compared and len(theirs):
                figures = {key: float(theirs[key].iloc[0]) for key in _COUNTS}
                cells = _detection_cells(figures)
                cells[4] += f" {compare(_recognition(figures), low, high)}"
                rows.append(Row((f"published {PAPER_YEAR}", *cells), "range"))
    columns = (
        "Classifier", "TP", "TN", "FP", "FN", "Recognition (%)", "Recall", "Precision", "F",
    )  # fmt: skip
    return Table(columns, tuple(rows), f"Detection of single flashes: {where}")


def _named(label: str, name: str) -> str:
    """Write the paper's name, and the experiment's own where it says more."""
    return name if PAPER_NAMES.get(label) == name else f"{name} ({label})"


def _recognition(counts: dict[str, float]) -> float:
    return 100 * (counts["tp"] + counts["tn"]) / sum(counts.values())


def _recognition_interval(counts: dict[str, float]) -> tuple[float, float]:
    low, high = wilson_interval(counts["tp"] + counts["tn"], sum(counts.values()))
    return 100 * float(low), 100 * float(high)


def _detection_cells(counts: dict[str, float]) -> list[str]:
    """Write TP, TN, FP, FN, recognition rate, recall, precision, F."""
    tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
    shares = ((tp, tp + fn), (tp, tp + fp), (2 * tp, 2 * tp + fp + fn))
    texts = [f"{part / whole:.3f}" if whole else NONE for part, whole in shares]
    return [*(count(counts[key]) for key in _COUNTS), f"{_recognition(counts):.2f}", *texts]


def _subjects(table: pd.DataFrame) -> list[str]:
    return sorted(set(table["subject"]) - {"pooled", "mean"})


def _repetitions(table: pd.DataFrame) -> list[int]:
    return sorted(int(n) for n in table["repetitions"].unique())


def _published_by_subject(name: str, subject: str) -> dict[int, float]:
    """Return the published percentages of a method and subject by repetitions."""
    known = published("results")
    found = known[(known["method"] == name) & (known["subject"] == subject)]
    return dict(zip(found["repetitions"], found["characters_percent"].astype(float), strict=True))


def _character_table(
    curve: pd.DataFrame, labels: dict[str, str], compared: bool, where: str
) -> Table:
    numbers, rows = _repetitions(curve), []
    subjects = _subjects(curve)
    for subject in subjects:
        rows.append(Row((f"Subject {subject}",), "head"))
        for label, name in labels.items():
            mine = curve[(curve["subject"] == subject) & (curve["detector"] == label)]
            points = mine.set_index("repetitions")[["value", "low", "high"]] * 100
            points = points.reindex(numbers)
            theirs = _published_by_subject(name, subject) if compared else {}
            rows += _character_rows(_named(label, name), points, theirs)
    caption = f"Characters right (%) by repetitions, sum of probabilities: {where}"
    columns = ("Classifier", *map(str, numbers))
    return Table(columns, tuple(rows), caption, folded=len(subjects) > _MOST_OPEN_SUBJECTS)


def _character_rows(name: str, points: pd.DataFrame, theirs: dict[int, float]) -> Iterator[Row]:
    """Return the rows of one classifier; ``points`` has value, low, high (%) by repetitions."""
    if points["value"].isna().all():
        return
    yield Row((name, *(count(value) for value in points["value"])))
    spans = [
        NONE if pd.isna(low) else f"{low:.0f}–{high:.0f}"
        for low, high in points[["low", "high"]].to_numpy(float)
    ]
    yield Row(("95 % interval", *spans), "range")
    if theirs:
        marked = [
            f"{theirs[n]:.0f} {compare(theirs[n], low, high)}" if n in theirs else NONE
            for n, low, high in points[["low", "high"]].itertuples()
        ]
        yield Row((f"published {PAPER_YEAR}", *marked), "range")


def _rate_table(rates: pd.DataFrame, labels: dict[str, str], compared: bool, where: str) -> Table:
    numbers, rows = _repetitions(rates), []
    subjects = _subjects(rates)
    for subject in subjects:
        rows.append(Row((f"Subject {subject}",), "head"))
        for label, name in labels.items():
            mine = rates[(rates["subject"] == subject) & (rates["detector"] == label)]
            if mine.empty:
                continue
            own = mine.set_index("repetitions")["bits_per_minute"].reindex(numbers)
            rows.append(Row((_named(label, name), *_rate_cells(own.to_numpy(float)))))
            if compared and (theirs := _published_by_subject(name, subject)):
                share = np.array([theirs.get(n, np.nan) / 100 for n in numbers])
                known = np.isfinite(share)
                rate = np.full(len(numbers), np.nan)
                seconds = PAPER_TIMING.seconds(np.array(numbers))
                rate[known] = bits_per_minute(share[known], seconds[known], _N_SYMBOLS)
                rows.append(Row((f"published {PAPER_YEAR}", *_rate_cells(rate)), "range"))
    caption = f"Bits per minute by repetitions, pause included: {where}"
    columns = ("Classifier", *map(str, numbers))
    return Table(columns, tuple(rows), caption, folded=len(subjects) > _MOST_OPEN_SUBJECTS)


def _rate_cells(rates: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[str]:
    return [f"{rate:.1f}" if np.isfinite(rate) else NONE for rate in rates]
