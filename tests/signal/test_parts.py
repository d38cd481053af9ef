"""Parts of a study: what is the same for all is computed once, and says nothing of other epochs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies import endless_oddball, make_epochs

from p300.detectors import make_detector
from p300.detectors.linear import lda
from p300.errors import DetectorError, EpochsError
from p300.signal import alignment
from p300.signal.alignment import Alignment, align, align_part
from p300.signal.parts import SharedEpochs, part_of


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(3, 2, n_characters=4, repetitions=4)


def rows_of(epochs, *subjects):
    return np.flatnonzero(epochs.flashes["subject"].isin(subjects).to_numpy())


def test_a_part_is_what_its_epochs_alone_are(epochs):
    rows = rows_of(epochs, "1", "3")[5:]
    part, alone = SharedEpochs(epochs).part(rows), epochs.select(rows)
    for level in ("subject", "session", "run", "character"):
        np.testing.assert_array_equal(part.units(level), alone.units(level))
        np.testing.assert_array_equal(part.groups(level), alone.groups(level))
    np.testing.assert_array_equal(part.X, alone.X)
    np.testing.assert_array_equal(part.y, alone.y)
    assert part.shape == alone.X.shape
    assert part.flashes.equals(alone.flashes)
    np.testing.assert_array_equal(part.select(alone.y == 1).X, alone.X[alone.y == 1])


def test_groups_of_epochs_that_share_samples_are_those_of_the_part():
    epochs = endless_oddball(2)
    rows = rows_of(epochs, "2")[::2]
    part, alone = SharedEpochs(epochs).part(rows), epochs.select(rows)
    np.testing.assert_array_equal(part.groups("character"), alone.groups("character"))


def test_a_part_without_labels_says_so_and_another_does_not(epochs):
    hidden = epochs.flashes["target"].astype("boolean").mask(epochs.flashes["subject"] == "2")
    whole = SharedEpochs(replace(epochs, flashes=epochs.flashes.assign(target=hidden)))
    np.testing.assert_array_equal(
        whole.part(rows_of(epochs, "1")).y, epochs.y[rows_of(epochs, "1")]
    )
    with pytest.raises(EpochsError, match="flashes are not known"):
        _ = whole.part(rows_of(epochs, "1", "2")).y


def test_domains_are_aligned_once_for_all_parts_that_have_them_whole(epochs, monkeypatch):
    made, euclidean, reference = [], Alignment("euclidean"), alignment.reference

    def counting(*args):
        made.append(args)
        return reference(*args)

    whole = SharedEpochs(epochs)
    wanted = (rows_of(epochs, "1", "2"), rows_of(epochs, "2", "3"), rows_of(epochs, "1", "2")[3:])
    for rows, so_far in zip(wanted, (2, 3, 5), strict=True):  # domains of two, one, parts of two
        with monkeypatch.context() as patched:
            patched.setattr(alignment, "reference", counting)
            aligned = align_part(whole.part(rows), euclidean)
            X = aligned.X
        alone = align(epochs.select(rows), euclidean)
        np.testing.assert_array_equal(X, alone.X)
        np.testing.assert_array_equal(aligned.gathered().X, alone.X)
        np.testing.assert_array_equal(np.concatenate([X for _, X in aligned.blocks()]), alone.X)
        assert len(made) == so_far
    np.testing.assert_array_equal(whole.part().X, epochs.X)  # which are not changed in place


def test_features_are_read_once_and_what_is_fitted_does_not_depend_on_others(epochs, monkeypatch):
    read, window_means = [], lda.window_means
    monkeypatch.setattr(
        lda, "window_means", lambda X, n: (read.append(len(X)), window_means(X, n))[1]
    )
    rows, detector = rows_of(epochs, "1", "2"), make_detector("slda")
    whole = SharedEpochs(epochs)
    fitted = detector.fit_part(whole.part(rows), "subject")
    make_detector("slda").fit_part(whole.part(rows_of(epochs, "2", "3")), "subject")
    assert sum(read) == len(epochs) + 1  # one to count features
    plain = make_detector("slda").fit(
        epochs.X[rows], epochs.y[rows], groups=epochs.units("subject")[rows]
    )
    X = epochs.X[:50]
    np.testing.assert_allclose(fitted.decision_function(X), plain.decision_function(X), atol=1e-10)
    # Another third subject, and one whose epochs are not finite, change no bit.
    for value in (7.0, np.nan):
        spoilt = epochs.X.copy()
        spoilt[rows_of(epochs, "3")] = value
        other = make_detector("slda").fit_part(
            SharedEpochs(replace(epochs, X=spoilt)).part(rows), "subject"
        )
        np.testing.assert_array_equal(other.coef_, fitted.coef_)
        assert other.calibration_ == fitted.calibration_


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_a_part_is_fitted_alike_whatever_its_sums_are_good_for(epochs, offset):
    shifted = epochs.X.copy()
    shifted[:, 1] += offset
    whole = SharedEpochs(replace(epochs, X=shifted))
    for rows in (rows_of(epochs, "1", "2"), rows_of(epochs, "1", "2", "3")[7:]):
        part = whole.part(rows)
        fitted = make_detector("slda").fit_part(part, "subject")
        plain = make_detector("slda").fit(part.X, part.y, groups=part.units("subject"))
        scores = [one.decision_function(shifted) for one in (fitted, plain)]
        np.testing.assert_allclose(*scores, atol=1e-8)
        useful = offset == 0 and len(rows) == len(rows_of(epochs, "1", "2"))
        assert (fitted.sums_of(part) is not None) == useful


def test_epochs_that_are_not_finite_are_refused_as_ever(epochs):
    spoilt = epochs.X.copy()
    spoilt[3, 0, 0] = np.nan
    with pytest.raises(DetectorError, match="NaN or infinite"):
        make_detector("slda").fit_part(part_of(replace(epochs, X=spoilt)), "subject")
