"""Whose fits a report shows: those of the tested subject alone come before those of others."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from p300.report.representative_fits import fits_of_subjects, learned_from_others


def results(protocols):
    """Fits of two subjects under some protocols."""
    rows = [
        {
            "dataset": "d", "protocol": protocol,
            "protocol_name": protocol.partition("-")[0], "fold": f"sub-{subject}",
            "detector": "cnn1", "seed": 1, "spatial_filters": [[1.0, 2.0]],
        }
        for protocol in protocols
        for subject in "12"
    ]  # fmt: skip
    fits = pd.DataFrame(rows)
    scores = fits.drop(columns="spatial_filters").assign(subject=fits["fold"].str[-1])
    return SimpleNamespace(fits=fits, scores=scores)


@pytest.mark.parametrize(
    ("protocols", "kept", "others"),
    [
        (["within_subject"], ["within_subject"], False),
        (["cross_session"], ["cross_session"], False),
        (["cross_subject"], ["cross_subject"], True),
        (["few_shot-3"], ["few_shot-3"], True),
        (["cross_dataset"], ["cross_dataset"], True),
        (["cross_subject", "few_shot-0"], ["cross_subject", "few_shot-0"], True),
        (["within_subject", "cross_subject", "few_shot-0"], ["within_subject"], False),
    ],
)
def test_fits_that_learned_from_others_are_said_to_be(protocols, kept, others):
    found = fits_of_subjects(results(protocols), "spatial_filters")
    assert list(found["protocol"].unique()) == kept
    assert set(learned_from_others(found)) == {others}
    assert set(found["subject"]) == {"1", "2"}
