"""How long something took, again and again: percentiles of a histogram, which does not grow."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

WIDTH = 0.01
"""Of a bin, as a share of what is in it."""

LEAST, MOST = 1e-6, 1e6
"""Seconds that are told apart; less is taken for nothing."""

_STEP = math.log1p(WIDTH)


class Latencies:
    """Durations in logarithmic bins, some 2,800 of either sign at most; the worst is exact.

    Below zero are those of stamps that are ahead of the clock, as of a recording played faster
    than time.
    """

    def __init__(self) -> None:
        self._bins: Counter[int] = Counter()
        self._n, self._worst = 0, -math.inf

    def __len__(self) -> int:
        return self._n

    def add(self, seconds: float) -> None:
        """Take a duration."""
        self._n += 1
        self._worst = max(self._worst, seconds)
        size = min(abs(seconds), MOST)
        number = 0 if size < LEAST else 1 + int(math.log(size / LEAST) / _STEP)
        self._bins[number if seconds > 0 else -number] += 1

    def quantile(self, share: float) -> float:
        """Return the least duration that so large a share does not exceed, to half a bin.

        Parameters
        ----------
        share
            More than 0, at most 1.
        """
        left = math.ceil(share * self._n)
        for number in sorted(self._bins):
            left -= self._bins[number]
            if left <= 0:
                return min(_middle(number), self._worst)
        return self._worst

    def to_dict(self) -> dict[str, Any] | None:
        """Return median, 99 %, worst and number JSON-ready; None where there was nothing."""
        if not self._n:
            return None
        median, most = self.quantile(0.5), self.quantile(0.99)
        return {"median": median, "p99": most, "worst": self._worst, "n": self._n}


def _middle(number: int) -> float:
    """Return the middle of a bin."""
    if not number:
        return 0.0
    return math.copysign(LEAST * math.exp((abs(number) - 0.5) * _STEP), number)
