"""What breaks the promises about sums that the folds of a study share."""

from __future__ import annotations

from mutant import Mutant

SUMS = (
    Mutant(
        "sums over subjects stand for the epochs of subjects that are whole",
        "detectors/linear/summed.py",
        'if not self._whole.holds_whole(rows, "subject"):',
        "if False:",
        ("tests/signal/test_parts.py",),
    ),
    Mutant(
        "sums about zero are not used where they are not precise",
        "detectors/linear/summed.py",
        "not (sums.nontarget.n and sums.target.n and sums.precise)",
        "not (sums.nontarget.n and sums.target.n)",
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
    Mutant(
        "what one worker has derived of a subject others read",
        "signal/kept.py",
        "if stored.has(file):",
        "if False:",
        ("tests/signal/test_kept.py", "tests/runs/test_derived.py"),
    ),
    Mutant(
        "what folds share of subjects is derived once",
        "runs/derived.py",
        "found.setdefault((task.epochs, task.method.shares_like), task)",
        "found[task.epochs, task.id] = task",
        ("tests/runs/test_derived.py",),
    ),
    Mutant(
        "recordings are put together in their order, whoever was cut first",
        "runs/dataset_epochs.py",
        "[cut[k] for k in range(len(cut))]",
        "list(cut.values())",
        ("tests/runs/test_preparation.py",),
    ),
)
