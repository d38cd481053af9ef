"""Events tables of BIDS: which rows are flashes, and at which samples they begin."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.guesses import Options, guess_marks, likely_pair
from p300.recordings.layout import guess_rows
from p300.recordings.marks import Kinds, Marks, MarksNotToldError, list_marks
from p300.recordings.onsets import are_centred, coarseness
from p300.recordings.readers.csv_table import read_table

if TYPE_CHECKING:
    import pandas as pd

    Floats = npt.NDArray[np.float64]

_TARGET = {"target": True, "nontarget": False}
_REQUIRED = ("onset", "duration")  # by BIDS, and by mne-bids
_CODE = "stimulus_code"
_COLUMNS = {_CODE: "code", "character": "character", "repetition": "repetition"}
_KIND_COLUMNS = ("trial_type", "value")
"""Columns that tell the kind of an event, the first one first; other columns of words follow."""

_NO_KINDS = {*_REQUIRED, *_COLUMNS, "sample", "response_time", "HED", "stim_file", "channel"}


def read_flash_rows(file: Path, marks: Marks) -> pd.DataFrame:
    """Return the rows of an events table that are flashes.

    Parameters
    ----------
    file
        ``events.tsv``.
    marks
        Which events are flashes: of ``trial_type``, else of ``value``, else of another column of
        words that has both kinds. Without its options Target and NonTarget are (any case, with or
        without a hyphen).

    Returns
    -------
    Columns of the table and ``target``, ``code``, ``character`` and ``repetition``, the last three
    only where the table has them or the options tell them.

    Raises
    ------
    RecordingError
        When a column is missing, or there are not both kinds of flash.
    """
    events = read_table(file, "\t")
    missing = [name for name in _REQUIRED if name not in events]
    if missing:
        raise RecordingError(f"{file}: no column {missing[0]!r}, which BIDS requires")
    return _choose_rows(events, marks, file)


def _choose_rows(events: pd.DataFrame, marks: Marks, file: Path) -> pd.DataFrame:
    import pandas as pd

    if marks.unknown and marks.code is None and _CODE in events:
        shown = events[events[_CODE].notna()].reset_index(drop=True)
        if not shown.empty:
            return _with_columns(shown.assign(target=None))
    kinds = dict(_kind_columns(events))
    told = next(
        (t for texts in kinds.values() if (t := _tell(texts, marks, str(file))) is not None), None
    )
    if told is None:
        listed = "; ".join(f"{name}: {list_marks(texts)}" for name, texts in kinds.items())
        every = [*kinds.values(), pd.Series(dtype="str")]
        raise MarksNotToldError(
            f"{file}: {listed or f'columns {list(events.columns)}'} found, expected the kinds "
            "Target and NonTarget; say with the options 'target' and 'nontarget' which are which, "
            "or 'target: unknown' and 'code' where nobody knows the targets",
            max(every, key=lambda texts: likely_pair(texts) is not None),
        )
    shown = events.loc[told.index].assign(target=told["target"])
    if marks.code is not None:
        shown = shown.assign(**{_CODE: told["code"]})
    return _with_columns(shown.reset_index(drop=True))


def _with_columns(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.rename(columns=_COLUMNS).astype({"target": "boolean"})


def _kind_columns(events: pd.DataFrame) -> Iterator[tuple[str, pd.Series[str]]]:
    """Yield the columns that may tell kinds, without empty rows, as text."""
    names = [name for name in _KIND_COLUMNS if name in events]
    others = [str(n) for n in events.columns if n not in _NO_KINDS and n not in _KIND_COLUMNS]
    for name in [*names, *others]:
        column = events[name].dropna()
        if len(column):
            yield name, _as_text(column)


def _as_text(column: pd.Series[Any]) -> pd.Series[str]:
    """Write values as text; 2.0, as a column with gaps has it, is "2"."""
    if column.dtype.kind == "f":
        return column.map(lambda value: f"{value:.10g}").astype("str")
    return column.astype("str").str.strip()


def _tell(texts: pd.Series[str], marks: Marks, where: str) -> pd.DataFrame | None:
    """Return the flashes of a column of kinds, None where it does not tell both kinds."""
    try:
        return marks.tell(texts, where, usual=_usual)
    except RecordingError:
        # A mark that is both, or a code that does not fit, is the user's to hear of.
        if marks.named and set(marks.kinds(texts.unique(), where).values()) == {True, False}:
            raise
        return None


def _usual(texts: pd.Series[str]) -> Kinds:
    words = {str(text): re.sub(r"[-_ ]", "", str(text).lower()) for text in texts.unique()}
    return {text: _TARGET[word] for text, word in words.items() if word in _TARGET}


def guess_flash_rows(file: Path) -> Options | None:
    """Guess the options ``target``, ``nontarget``, ``code`` and ``layout`` of an events table.

    Returns
    -------
    None where no column tells flashes; without ``target`` where the table says Target itself.
    """
    try:
        events = read_table(file, "\t")
        columns = [texts for _, texts in _kind_columns(events)]
        if any(set(_usual(texts).values()) == {True, False} for texts in columns):
            shown = _choose_rows(events, Marks(), file)
            codes = _numbers(shown["code"]) if "code" in shown else np.array([])
            rows = guess_rows(int(code) for code in codes[np.isfinite(codes)])
            return {} if rows is None else {"layout": rows}
    except RecordingError:
        return None
    return guess_marks(*columns) if columns else None


def event_samples(shown: pd.DataFrame, sfreq: float, where: str) -> npt.NDArray[np.int64]:
    """Return the sample of each event: ``onset`` decides, in seconds from the first sample.

    ``sample`` is counted from 0 by some and from 1 by others. It stands in only where an onset is
    missing, or where all onsets are written too coarsely and no sample contradicts them.

    Parameters
    ----------
    shown
        Column ``onset`` and, if known, ``sample``.
    sfreq
        Sampling rate in Hz.
    where
        The file, for messages.

    Raises
    ------
    RecordingError
        When an event has neither.

    Warns
    -----
    DataWarning
        When samples are not at their onsets, or an onset is missing.
    """
    onsets = _numbers(shown["onset"])
    samples = _numbers(shown["sample"]) if "sample" in shown else np.full(len(shown), np.nan)
    lost = np.isnan(onsets) & np.isnan(samples)
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        raise RecordingError(
            f"{where}: onset {shown['onset'].iloc[row]!r} found for flash {row + 1}, expected "
            "seconds from the first sample"
        )
    apart = samples - onsets * sfreq
    known = apart[np.isfinite(apart)]
    coarse = coarseness(shown["onset"]) * sfreq
    agree = are_centred(known, coarse)
    one_later = not agree and are_centred(known - 1, coarse)
    if not agree:
        _tell_apart(shown, apart, one_later, sfreq, where)
    begins = np.where((agree and coarse > 0.5) & np.isfinite(samples), np.nan, onsets)
    found = np.where(np.isnan(begins), samples - one_later, np.round(begins * sfreq))
    missing = np.isnan(onsets)
    if missing.any():
        _warn(
            f"{where}: {int(missing.sum())} flashes have no onset (first: flash "
            f"{int(np.flatnonzero(missing)[0]) + 1}); their column 'sample' is used"
        )
    return np.round(found).astype(np.int64)


def _tell_apart(
    shown: pd.DataFrame, apart: Floats, one_later: bool, sfreq: float, where: str
) -> None:
    if one_later:
        _warn(
            f"{where}: the column 'sample' is one later than the onsets at {sfreq:g} Hz, as if "
            "counted from 1; 'onset' decides"
        )
        return
    wrong = np.abs(apart) > 1
    first = int(np.flatnonzero(wrong)[0]) if wrong.any() else int(np.nanargmax(np.abs(apart)))
    _warn(
        f"{where}: {int(wrong.sum())} samples are not at their onsets at {sfreq:g} Hz (first: "
        f"onset {shown['onset'].iloc[first]} s, sample {shown['sample'].iloc[first]}); 'onset' "
        "decides"
    )


def _numbers(column: pd.Series[Any]) -> Floats:
    """Return numbers, NaN for what is none or not finite."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.abs(values) < 1e12, values, np.nan)


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)
