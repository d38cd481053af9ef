"""When the flashes of a table begin: samples, seconds, or both where they may disagree."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    Floats = npt.NDArray[np.float64]

# Samples or seconds that no recording has, far from where whole numbers overflow.
_MOST = 1e12

# Seconds; nobody flashes faster.
_SHORTEST_INTERVAL = 0.02


def onset_samples(table: pd.DataFrame, sfreq: float, where: str) -> npt.NDArray[np.int64]:
    """Return the sample of each row of a table that holds samples, seconds or both.

    ``sample`` wins over ``onset``: it is exact, whereas seconds are often rounded in writing. Where
    it is one later throughout it is counted from 1, and ``onset`` wins.

    Parameters
    ----------
    table
        Columns ``sample`` (counted from the first sample of the signal, from 0) or ``onset``
        (seconds from the first sample).
    sfreq
        Sampling rate in Hz.
    where
        The file, for messages.

    Raises
    ------
    RecordingError
        When both columns are missing, or hold something that is no number, or a huge one.

    Warns
    -----
    DataWarning
        When the two disagree by more than a sample, or samples are counted from 1.
    """
    columns = {name: _numeric(table[name], where) for name in ("sample", "onset") if name in table}
    if "sample" not in columns and "onset" not in columns:
        raise RecordingError(
            f"{where}: columns {list(table.columns)} found, expected 'sample' or 'onset'"
        )
    if "onset" in columns:
        from_seconds = np.round(columns["onset"] * sfreq)
        samples = columns.get("sample", from_seconds)
        apart = np.abs(samples - from_seconds) > 1
        if _are_one_later(samples - columns["onset"] * sfreq, table["onset"], sfreq):
            _warn(
                f"{where}: the column 'sample' is one later than the onsets at {sfreq:g} Hz, as if "
                "counted from 1; 'onset' decides"
            )
            samples = samples - 1
        elif apart.any():
            first = int(np.flatnonzero(apart)[0])
            _warn(
                f"{where}: {int(apart.sum())} onsets in seconds are not at their sample at "
                f"{sfreq:g} Hz (first: {columns['onset'][first]} s, sample {samples[first]:.0f}); "
                "the column 'sample' is used"
            )
    else:
        samples = columns["sample"]
    if (samples != np.round(samples)).any():
        raise RecordingError(f"{where}: column 'sample' holds fractions, expected whole numbers")
    return samples.astype(np.int64)


def _are_one_later(apart: Floats, onsets: pd.Series[Any], sfreq: float) -> bool:
    coarse = coarseness(onsets) * sfreq
    return not are_centred(apart, coarse) and are_centred(apart - 1, coarse)


def are_centred(apart: Floats, coarse: float) -> bool:
    """Return whether differences are what rounding leaves: small, and as often below as above.

    Parameters
    ----------
    apart
        In samples.
    coarse
        Half of the last digit of the onsets, in samples.
    """
    if not len(apart):
        return True
    largest, mean = float(np.abs(apart).max()), abs(float(apart.mean()))
    # Of uniform errors: two standard errors of their mean.
    return largest <= 0.5 + coarse + 1e-6 and mean <= 0.5 + 2 * coarse / np.sqrt(3 * len(apart))


def coarseness(onsets: pd.Series[Any]) -> float:
    """Return half of the last digit that the most exact onset of a column has, in its unit."""
    texts = onsets.dropna().astype("str")
    exact = texts.str.contains("[eE]").any()
    digits = texts.str.extract(r"\.(\d*)$", expand=False).fillna("").str.len()
    return 0.5 * 10.0 ** -(12 if exact or digits.empty else int(digits.max()))


def check_seconds(onsets: pd.Series[Any], duration: float, file: Path) -> None:
    """Refuse onsets that are not in seconds, with the likely unit.

    Parameters
    ----------
    onsets
        As the table has them.
    duration
        Of the recording, s.
    file
        The table, for messages.
    """
    import pandas as pd

    numbers = pd.to_numeric(onsets, errors="coerce").to_numpy(dtype=np.float64)
    seconds = np.sort(numbers[np.isfinite(numbers)])
    if len(seconds) < 2 or seconds[0] < 0 or np.median(seconds) < duration:
        return
    for factor, unit in ((1e3, "milliseconds"), (1e6, "microseconds")):
        apart = np.median(np.diff(seconds)) / factor
        if seconds[-1] / factor < duration and apart > _SHORTEST_INTERVAL:
            raise RecordingError(
                f"{file}: onsets of {seconds[0]:g} to {seconds[-1]:g} found for a recording of "
                f"{duration:g} s; they look like {unit}, expected seconds: divide them by "
                f"{factor:g}"
            )


def _numeric(column: pd.Series[Any], where: str) -> npt.NDArray[np.float64]:
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    broken = ~(np.abs(values) < _MOST)  # NaN too
    if broken.any():
        row = int(np.flatnonzero(broken)[0])
        raise RecordingError(
            f"{where}: {column.tolist()[row]!r} found in column {column.name!r}, row {row + 1}; "
            f"expected a number, smaller than {_MOST:g}"
        )
    return values


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)
