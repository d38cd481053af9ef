"""A pipeline of scikit-learn, as docs/detectors.md has it: evaluated, and aligned too."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).resolve().parent.parent / "docs" / "detectors.md"


def test_a_pipeline_of_scikit_learn_is_evaluated_as_documented():
    from p300 import Method, evaluate_epochs
    from p300.detectors import as_detector
    from p300.signal.alignment import make_alignment

    text = PAGE.read_text(encoding="utf-8")
    after = text[text.index("## An estimator of your own") :]
    names = {}
    exec(re.search(r"```python\n(.*?)```", after, re.DOTALL)[1], names)
    assert (names["aucs"].loc[["ours", "slda"]] > 0.55).all()
    aligned = {"ours": Method(as_detector(names["ours"]), make_alignment("euclidean"))}
    scores = evaluate_epochs(names["epochs"], aligned, "cross_subject")["score"]
    plain = names["scores"].query("detector == 'ours'")["score"]
    assert not np.allclose(scores, plain)
