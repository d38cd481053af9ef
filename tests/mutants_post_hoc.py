"""What breaks the promises about characters that are decoded again at the end."""

from __future__ import annotations

from mutant import Mutant

TRANSFER = ("tests/adaptation/test_transfer.py",)
SPELLED = ("tests/speller/test_post_hoc.py",)

POST_HOC = (
    Mutant(
        "post-hoc each person is scored by their own readout of the end",
        "adaptation/transfer.py",
        "again[rows] = session.readout(features[rows])",
        "again[rows] = sessions[0][1].readout(features[rows])",
        TRANSFER,
    ),
    Mutant(
        "what was spelled at the time is kept apart from what was known at the end",
        "adaptation/transfer.py",
        "for found in (ratios[0], again))",
        "for found in (again, again))",
        TRANSFER,
    ),
    Mutant(
        "post-hoc as many repetitions are taken as were at the time",
        "speller/decisions.py",
        "if before is None:",
        "if True:",
        SPELLED,
    ),
    Mutant(
        "figures of the end are no figures of the time",
        "evaluation/metric_at.py",
        '"repetitions": self.repetitions, "decoded": str(self.decoded)}',
        '"repetitions": self.repetitions}',
        SPELLED,
    ),
    Mutant(
        "rates are of the time alone",
        "speller/curves.py",
        'return rows + _best_fixed(table[table["decoded"] == Decoded.INSTANT])',
        "return rows + _best_fixed(table)",
        SPELLED,
    ),
    Mutant(
        "an older table reads as decoded at the time",
        "columns.py",
        "of_old=str(Decoded.INSTANT)",
        "of_old=str(Decoded.POST_HOC)",
        ("tests/runs/test_folder.py",),
    ),
)
