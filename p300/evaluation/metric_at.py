"""One figure of the metrics of a run, and how people name it: ``characters@5``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import pandas as pd

from p300.arguments import did_you_mean
from p300.columns import Decoded
from p300.errors import RunError

SUM, POSTERIOR = "sum", "posterior"
"""Rules by which characters are decided."""

FIXED, CHOSEN, DYNAMIC, BEST = "fixed", "chosen", "dynamic", "best"
"""When deciding ends: after a fixed number of repetitions, after the number chosen on training
characters, as soon as the posterior is sure, after the best number, seen with hindsight."""

_AGAIN = f":{Decoded.POST_HOC}"


@dataclass(frozen=True)
class MetricAt:
    """A metric and, where it is about characters, how these were decided.

    Parameters
    ----------
    metric
        Its name.
    rule, stopping, repetitions
        As in :data:`p300.columns.METRIC_ROWS`; all None for a metric of single flashes,
        ``repetitions`` also where ``stopping`` is not "fixed".
    decoded
        At the time, as single flashes are scored, or again at the end.
    """

    metric: str
    rule: str | None = None
    stopping: str | None = None
    repetitions: int | None = None
    decoded: Decoded = Decoded.INSTANT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the shorthand of the command line.

        ``roc_auc`` is about single flashes; ``characters@5`` is after five repetitions by the sum
        of probabilities, ``characters@5:posterior`` by the posterior; ``characters@dynamic`` with
        dynamic stopping and ``characters@chosen`` after the chosen number. Each may end in
        ``:post-hoc``: decoded again at the end of the session.

        Raises
        ------
        RunError
            When what stands after @ is something else.
        """
        metric, at, when = text.partition("@")
        if not at:
            return cls(metric)
        point = when.removesuffix(_AGAIN)
        decoded = Decoded.INSTANT if point == when else Decoded.POST_HOC
        number, _, rule = point.partition(":")
        if number in (DYNAMIC, CHOSEN) and not rule:
            return cls(metric, POSTERIOR if number == DYNAMIC else SUM, number, decoded=decoded)
        if number.isdecimal() and rule in ("", SUM, POSTERIOR):
            return cls(metric, rule or SUM, FIXED, int(number), decoded)
        raise RunError(
            f"{text!r}: {when!r} found after @, expected a number of repetitions such as "
            f"{metric}@5 (or {metric}@5:{POSTERIOR}), {DYNAMIC} or {CHOSEN}, each with {_AGAIN} "
            "behind it for what was decoded again at the end"
        )

    def __str__(self) -> str:
        if self.stopping is None:
            return self.metric
        again = _AGAIN if self.decoded is Decoded.POST_HOC else ""
        if self.stopping != FIXED:
            return f"{self.metric}@{self.stopping}{again}"
        rule = "" if self.rule == SUM else f":{self.rule}"
        return f"{self.metric}@{self.repetitions}{rule}{again}"

    def among(self, metrics: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of this figure, if there are any.

        Parameters
        ----------
        metrics
            Columns of :data:`p300.columns.METRIC_ROWS`.
        """
        wanted = {"metric": self.metric, "rule": self.rule, "stopping": self.stopping,
                  "repetitions": self.repetitions, "decoded": str(self.decoded)}  # fmt: skip
        found = pd.Series(True, index=metrics.index)
        for column, value in wanted.items():
            own = metrics[column]
            found &= own.isna() if value is None else (own == value).fillna(False).astype(bool)
        return metrics[found]

    def rows(self, metrics: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of this figure, of which there must be some; see :meth:`among`.

        Raises
        ------
        RunError
            When there are none; the figures that there are are named.
        """
        found = self.among(metrics)
        if found.empty:
            known = list(map(str, _known(metrics)))
            raise RunError(
                f"no subject has a figure named {str(self)!r}{did_you_mean(str(self), known)} "
                f"There are: {', '.join(known)}"
            )
        return found


def _known(metrics: pd.DataFrame) -> Iterable[MetricAt]:
    """Yield the figures of metrics that the shorthand can name."""
    columns = ["metric", "rule", "stopping", "repetitions", "decoded"]
    for row in metrics[columns].drop_duplicates().itertuples(index=False):
        metric, rule, stopping, n = (None if pd.isna(value) else value for value in row[:4])
        if stopping != BEST:
            yield MetricAt(str(metric), rule, stopping, n, Decoded(str(row[4])))
