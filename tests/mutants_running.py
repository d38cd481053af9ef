"""What breaks the promises about an alignment that runs."""

from __future__ import annotations

from mutant import Mutant

TESTS = ("tests/signal/test_running_alignment.py",)
FILE = "signal/running_alignment.py"

RUNNING = (
    Mutant(
        "its memory does not grow with the session",
        FILE,
        "        if len(self._kept) >= EXACT:\n",
        "        if len(self._kept) >= 10**9:\n",
        TESTS,
    ),
    Mutant(
        "nor do medians",
        FILE,
        "if len(self._variances) > self.MOST:",
        "if False:",
        TESTS,
    ),
    Mutant(
        "later epochs count by their shape",
        FILE,
        "self._sum += covariance / size",
        "self._sum += covariance",
        TESTS,
    ),
    Mutant(
        "later epochs count as those before",
        FILE,
        "1 / len(self._sizes))",
        "1 / 1000)",
        TESTS,
    ),
    Mutant(
        "the reference is as large as the median epoch",
        FILE,
        "return found * float(np.median(self._sizes))",
        "return found",
        TESTS,
    ),
    Mutant(
        "flat epochs do not count",
        FILE,
        "            if not covariance.diagonal().any():\n",
        "            if False:\n",
        TESTS,
    ),
    Mutant(
        "a reference is renewed when there are a tenth more epochs",
        FILE,
        "self._next = next_stage(self._n)",
        "self._next = self._n + 1",
        TESTS,
    ),
)
