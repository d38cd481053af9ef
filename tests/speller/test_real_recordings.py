"""A real subject, from recordings to text."""

from __future__ import annotations

import numpy as np
from score_tables import at, dynamic

from p300.detectors import make_detector
from p300.evaluation.fold import cross_fitted_scores
from p300.recordings import open_recordings
from p300.signal.epochs import concatenate
from p300.signal.parts import part_of
from p300.signal.preprocessing import preprocess
from p300.speller import decide, fit_speller, gather_selections
from p300.speller.rates import measure_timing


def test_a_subject_is_spelled_from_the_other_run(data_root):
    recordings = open_recordings(
        "bnci2015_003", data_root / "bnci2015-003", dataset="bnci", subjects=["08"]
    )
    train, test = (concatenate([preprocess([recording])]) for recording in recordings)
    detector = make_detector("slda").fit(train.X, train.y, groups=train.units("character"))
    training = train.flashes.assign(
        score=cross_fitted_scores(detector, part_of(train), "character")
    )
    model = fit_speller(training, test.layouts["bnci"])
    scored = test.flashes.assign(score=detector.decision_function(test.X))
    decided = decide(gather_selections(scored, test.layouts["bnci"]), model)
    assert at(decided, "sum", 15)["correct"].all()
    assert at(decided, "posterior", 15)["correct"].all()
    free = dynamic(decided)
    assert free["correct"].sum() >= 4
    assert free["repetitions"].mean() < 8
    timing = measure_timing(test.flashes)
    np.testing.assert_allclose(timing.repetition, 12 * 0.078125)
    assert 2 < timing.pause < 6
