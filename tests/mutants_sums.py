"""What breaks the promises about sums that the folds of a study share."""

from __future__ import annotations

from mutant import Mutant

SUMS = (
    Mutant(
        "what is tested changes nothing that is learned from sums",
        "detectors/linear/summed.py",
        "there = np.flatnonzero(counts)",
        "there = np.arange(len(self._sizes))",
        ("tests/signal/test_parts.py",),
    ),
    Mutant(
        "sums about zero are not used where they are not precise",
        "detectors/linear/summed.py",
        "return total if total.precise else None",
        "return total",
        ("tests/detectors/linear/test_linear.py", "tests/signal/test_parts.py"),
    ),
    Mutant(
        "no more training subjects are treated as new than wanted",
        "adaptation/transfer.py",
        "if most is None or len(parts) <= most:",
        "if True:",
        ("tests/adaptation/test_transfer.py",),
    ),
    Mutant(
        "domains that are not whole are aligned by the part's own epochs",
        "signal/alignment.py",
        'if not part.whole.holds_whole(part.rows, "session"):',
        "if False:",
        ("tests/signal/test_parts.py",),
    ),
)
