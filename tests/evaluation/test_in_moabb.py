"""Our detectors are classifiers of scikit-learn: MOABB's evaluations take them as they are."""

from __future__ import annotations

import numpy as np
import pytest

from p300.detectors import make_detector

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # what MOABB and what it imports warn of
]

N_SUBJECTS = 3


@pytest.fixture(scope="module")
def oddball():
    """Give MOABB's fake data set and paradigm, with a response to the targets in its noise."""
    pytest.importorskip("moabb", exc_type=ImportError)
    from moabb.datasets.fake import FakeDataset
    from moabb.paradigms import P300

    class Responding(FakeDataset):
        def _generate_raw(self, n_events, duration):
            raw = super()._generate_raw(n_events, duration)
            marks = raw.get_data()[-1]  # the channel of marks is the last
            for onset in np.flatnonzero(marks == self.event_id["Target"]):
                raw._data[:3, onset + 25 : onset + 60] += 20e-6  # volts
            return raw

    source = Responding(
        ["Target", "NonTarget"], paradigm="p300", n_subjects=N_SUBJECTS, n_sessions=1, n_runs=1,
        n_events=60, duration=60, channels=("Fz", "Cz", "Pz"), seed=3,
    )  # fmt: skip
    source.interval = [0, 0.6]
    return source, P300(resample=32)


def pipelines():
    return {"slda": make_detector("slda"), "cnn1": make_detector("cnn1", max_passes=20)}


@pytest.mark.parametrize("kind", ["WithinSessionEvaluation", "CrossSubjectEvaluation"])
def test_detectors_in_the_evaluations_of_moabb(kind, oddball, tmp_path):
    import moabb.evaluations

    source, paradigm = oddball
    evaluation = getattr(moabb.evaluations, kind)(
        paradigm=paradigm,
        datasets=[source],
        hdf5_path=str(tmp_path),
        error_score="raise",
        random_state=1,
    )
    results = evaluation.process(pipelines())
    assert set(results["pipeline"]) == {"slda", "cnn1"}
    assert results.groupby("pipeline").size().eq(N_SUBJECTS).all()
    assert results["score"].min() > 0.7  # ROC-AUC


def test_microvolts_or_volts_are_all_the_same_to_them(oddball):
    source, paradigm = oddball
    X, y, _ = paradigm.get_data(source, subjects=[1])
    assert 1 < X.std() < 100  # MOABB's paradigms give microvolts
    assert set(y) == {"Target", "NonTarget"}
    labels = (y == "Target").astype(int)  # what its LabelEncoder makes of them
    of_volts, of_microvolts = (
        make_detector("slda").fit(unit * X, labels).decision_function(unit * X)
        for unit in (1e-6, 1.0)
    )
    np.testing.assert_allclose(of_volts, of_microvolts, rtol=1e-3, atol=1e-3)
