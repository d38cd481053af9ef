"""The constant delay from a marker to its flash in the EEG, which no clock tells.

It is measured with a photodiode on the screen, recorded as a channel; or estimated by the offset at
which a fitted detector tells symbols apart best.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import DataWarning, OnlineError
from p300.recordings.formats.session import read_channel, read_session_note
from p300.recordings.layout import Layout, lit_symbols
from p300.recordings.measured_offset import MeasuredOffset
from p300.recordings.recording import Recording
from p300.signal.alignment import align
from p300.signal.preprocessing import preprocess
from p300.speller.fitted import Fitted
from p300.threads import one_thread

Floats = npt.NDArray[np.float64]

WIDEST = 0.2
"""Seconds on either side that are searched by the scan."""

STEP = 0.008
"""Seconds between the offsets that are tried; what is between is a parabola."""

DRAWS = 1000
"""Draws of characters for the interval."""

SEARCHED = (-0.05, 0.4)
"""Seconds about a marker in which a photodiode is looked at."""

AT_ONCE = 10_000
"""Flashes, moved and not, whose epochs are in memory at once."""

APART = 10**6
"""Between the numbers of characters of one offset and the next."""

FEWEST = 3
"""Characters below which there is no interval."""


@dataclass(frozen=True, eq=False)
class Offset:
    """How much later than its marker a flash is, in seconds.

    Parameters
    ----------
    seconds
        The estimate.
    low, high
        Ends of what 95 % lie in: of single flashes with a photodiode, of the estimate by a scan.
    n
        Flashes, or characters, that it comes from.
    """

    seconds: float
    low: float
    high: float
    n: int

    def record(
        self, session: Path, by: Literal["photodiode", "detector"], using: str
    ) -> MeasuredOffset:
        """Return what is to be applied from now on: it, beside what the session had already.

        Parameters
        ----------
        session
            File that it was measured on.
        by, using
            As of :class:`~p300.recordings.measured_offset.MeasuredOffset`.

        Raises
        ------
        RecordingError
            When the file is no session.
        """
        stream, note = read_session_note(session)
        offset, low, high = (note.offset + one for one in (self.seconds, self.low, self.high))
        return MeasuredOffset(
            offset=offset, low=low, high=high, n=self.n, by=by, using=using, applied=note.offset,
            stream=stream, session=session.name,
            date=datetime.now().astimezone().isoformat(timespec="seconds"),
        )  # fmt: skip


def photodiode(file: Path, label: str) -> Offset:
    """Measure the offset by a channel of a stored session that follows the screen's light.

    A flash is where the channel first rises through the middle between dark and light.

    Parameters
    ----------
    file
        Of the session.
    label
        Of the channel.

    Raises
    ------
    OnlineError
        When fewer than half of the flashes are seen.
    """
    values, sfreq, samples = read_channel(file, label)
    dark, light = np.percentile(values, [2, 98])
    bright = values > (dark + light) / 2
    rises = np.flatnonzero(np.diff(bright.astype(np.int8)) == 1) + 1
    first = samples + round(SEARCHED[0] * sfreq)
    at = np.searchsorted(rises, first)
    seen = at < len(rises)
    off = (rises[at[seen]] - samples[seen]) / sfreq
    off = off[off <= SEARCHED[1]]
    if not light > dark or 2 * len(off) < len(samples):
        raise OnlineError(
            f"{file}: channel {label!r} rises after {len(off)} of {len(samples)} markers within "
            f"{1e3 * SEARCHED[1]:.0f} ms, expected most; is it the photodiode, and is it where the "
            "flashes are?"
        )
    low, high = np.percentile(off, [2.5, 97.5])
    return Offset(float(np.median(off)), float(low), float(high), len(off))


@one_thread()
def scan(fitted: Fitted, recording: Recording, seed: int = 0) -> Offset:
    """Estimate the offset at which a detector tells flashes apart best.

    It is that to the recordings that the detector learned on; and a person whose responses are
    late is not told from a screen that is.

    Parameters
    ----------
    fitted
        The detector.
    recording
        With flash codes; where targets are not known, the symbol that stands out most is taken for
        the one that was meant, offset by offset.
    seed
        Draws characters for the interval.

    Raises
    ------
    OnlineError
        When there are too few characters, or the best offset is at the edge of what is searched.
    """
    layout = recording.layout or fitted.layout
    if layout is None:
        raise OnlineError(f"{recording.name}: no layout of the flash codes is known")
    steps = np.arange(-round(WIDEST / STEP), round(WIDEST / STEP) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # flashes at the ends are left out
        found = _contrasts(fitted, recording, layout, steps)
    numbers = sorted(set.intersection(*(set(one) for one in found)))
    if len(numbers) < FEWEST:
        raise OnlineError(
            f"{recording.name}: {len(numbers)} characters found, expected {FEWEST} or more"
        )
    contrast = np.array([[one[number] for number in numbers] for one in found])
    if np.allclose(contrast, 0, atol=1e-9):
        raise OnlineError(
            f"{recording.name}: the detector scores all flashes alike, as one with the adaptation "
            "self_started does that knows nothing of others; take one that has learned from others"
        )
    best = _peak(contrast.mean(axis=1))
    if best is None:
        raise OnlineError(
            f"{recording.name}: no offset within {1e3 * WIDEST:.0f} ms stands out; does the "
            "detector work for this person?"
        )
    random = np.random.default_rng(seed)
    drawn = random.integers(len(numbers), size=(DRAWS, len(numbers)))
    peaks = [_peak(contrast[:, one].mean(axis=1)) for one in drawn]
    low, high = np.percentile([WIDEST if peak is None else peak for peak in peaks], [2.5, 97.5])
    return Offset(best, float(low), float(high), len(numbers))


def _contrasts(
    fitted: Fitted, recording: Recording, layout: Layout, steps: npt.NDArray[np.int64]
) -> list[dict[int, float]]:
    """Return by how much the attended symbol's flashes stand out, by step and character."""
    stored, shown, found = fitted.stored, recording.flashes, list[dict[int, float]]()
    lit, codes = lit_symbols(layout), sorted(layout.groups)
    for some in np.array_split(steps, max(1, len(steps) * len(shown) // AT_ONCE)):
        moved = [
            shown.assign(
                sample=shown["sample"] + round(STEP * step * recording.sfreq),
                character=shown["character"] + k * APART,
            )
            for k, step in enumerate(some.tolist())
        ]
        flashes = pd.concat(moved, ignore_index=True)
        epochs = preprocess(replace(recording, flashes=flashes), stored.settings)
        if stored.alignment.changes_epochs:
            epochs = align(epochs, stored.alignment.offline)
        scores = stored.detector.decision_function(epochs.X)
        code = np.searchsorted(codes, epochs.flashes["code"].to_numpy(dtype=np.int64))
        target = epochs.flashes["target"].to_numpy(dtype=np.float64, na_value=np.nan)
        number = epochs.flashes["character"].to_numpy(dtype=np.int64)
        each: list[dict[int, float]] = [{} for _ in some]
        for one in np.unique(number):
            rows = number == one
            contrast = _contrast(scores[rows], lit[code[rows]].T, target[rows])
            if contrast is not None:
                each[one // APART][int(one % APART)] = contrast
        found += each
    return found


def _contrast(scores: Floats, lit: Floats, target: Floats) -> float | None:
    """Return how far the scores of targets are above the others; of the best symbol if unknown.

    Parameters
    ----------
    scores, target
        Of a character, [flash]; targets NaN where unknown.
    lit
        [symbol, flash], 1 where the flash lights the symbol.
    """
    groups = lit if np.isnan(target).any() else target[None]
    count = groups.sum(axis=1)
    usable = (count > 0) & (count < len(scores))
    if not usable.any():
        return None
    groups, count = groups[usable], count[usable]
    high, low = groups @ scores / count, (1 - groups) @ scores / (len(scores) - count)
    return float((high - low).max())


def _peak(profile: Floats) -> float | None:
    """Return the offset of the highest point, by a parabola; None at an edge."""
    k = int(np.argmax(profile))
    if k in (0, len(profile) - 1):
        return None
    before, at, after = profile[k - 1 : k + 2]
    bend = before - 2 * at + after
    part = 0.5 * (before - after) / bend if bend else 0.0
    return float(STEP * (k - len(profile) // 2 + part))
