from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings.onsets import check_seconds, onset_samples

SAMPLES = 500 + 64 * np.arange(60) + np.arange(60) % 3


def test_samples_win_over_seconds():
    table = pd.DataFrame({"sample": [100, 151], "onset": [0.4, 0.604]})
    assert onset_samples(table, 250.0, "here").tolist() == [100, 151]
    assert onset_samples(table[["onset"]], 250.0, "here").tolist() == [100, 151]
    with pytest.warns(DataWarning, match="2 onsets in seconds are not at their sample at 500 Hz"):
        assert onset_samples(table, 500.0, "here").tolist() == [100, 151]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"time": [1]}, "expected 'sample' or 'onset'"),
        ({"sample": [1.5]}, "fractions"),
        ({"sample": [1, None]}, "row 2; expected a number"),
        ({"onset": ["soon"]}, "'soon' found in column 'onset', row 1"),
    ],
)
def test_broken_onsets(table, message):
    with pytest.raises(RecordingError, match=message):
        onset_samples(pd.DataFrame(table), 250.0, "here")


def test_samples_counted_from_1_are_told_by_the_seconds():
    table = pd.DataFrame({"sample": SAMPLES + 1, "onset": np.round(SAMPLES / 256, 6)})
    with pytest.warns(DataWarning, match=r"^here: .*'sample' is one later.*from 1; 'onset' dec"):
        assert onset_samples(table, 256.0, "here").tolist() == SAMPLES.tolist()
    # A tenth of a second does not tell.
    coarse = table.assign(onset=np.round(SAMPLES / 256, 1))
    with pytest.warns(DataWarning, match="the column 'sample' is used"):
        assert onset_samples(coarse, 256.0, "here").tolist() == (SAMPLES + 1).tolist()


@pytest.mark.parametrize(("factor", "unit"), [(1e3, "milliseconds"), (1e6, "microseconds")])
def test_seconds_that_are_none(factor, unit):
    onsets = pd.Series(SAMPLES / 256)
    check_seconds(onsets, 20.0, Path("here"))
    with pytest.raises(RecordingError, match=rf"^here: .* of 20 s; they look like {unit}"):
        check_seconds(onsets * factor, 20.0, Path("here"))
