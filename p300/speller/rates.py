"""Rates: bits and correct symbols a minute, with the time that a selection takes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import DataWarning, SpellerError
from p300.recordings.layout import has_codes
from p300.recordings.units import UNITS
from p300.speller.selections import Floats

USUAL_PAUSE = 2.5
"""Seconds before each character in the BCI Competition III data (Cecotti & Gräser 2011)."""


@dataclass(frozen=True)
class Timing:
    """How long one selection takes: T(n) = pause + n * repetition.

    Parameters
    ----------
    pause
        Seconds from the end of one character's flashes to the first flash of the next. A rate
        without it is higher than any user can reach, and most so for few repetitions: with 2.5 s
        of pause and 2.1 s a repetition, leaving it out multiplies the rate by 2.2 at one repetition
        and by 1.08 at fifteen, which also moves the best number of repetitions down.
    repetition
        Seconds from the start of a repetition to the start of the next.
    """

    pause: float
    repetition: float

    def __post_init__(self) -> None:
        if not (self.pause >= 0 and self.repetition > 0):
            raise SpellerError(
                f"a pause of {self.pause} s and repetitions of {self.repetition} s found; expected "
                "at least 0 and more than 0"
            )

    def seconds(self, n_repetitions: npt.ArrayLike) -> Floats:
        """Return the time of selections of n repetitions, in seconds."""
        return self.pause + np.asarray(n_repetitions, dtype=np.float64) * self.repetition


PAPER_TIMING = Timing(pause=USUAL_PAUSE, repetition=2.1)
"""Of the BCI Competition III data, as Cecotti & Gräser (2011) count: T = 2.5 + 2.1 n."""


def measure_timing(flashes: pd.DataFrame, pause: float | None = None) -> Timing:
    """Measure the timing of a speller from the onsets of its flashes.

    Parameters
    ----------
    flashes
        Columns dataset, subject, session, run, character, repetition and onset (s); any number of
        runs with one timing. Where codes are unknown the onsets still count.
    pause
        Seconds, in place of the measured ones. Needed where characters are stored as stretches
        that do not follow each other in time, or where a run holds one character only.

    Raises
    ------
    SpellerError
        When there are not enough flashes, or one character a run and no ``pause``.
    """
    known = flashes.dropna(subset=["character", "repetition"])
    by_repetition = known.groupby([*UNITS["character"], "repetition"])["onset"]
    starts = by_repetition.min().sort_values().reset_index()
    steps = starts.groupby(UNITS["character"])["onset"].diff().dropna()
    if len(steps):
        repetition = float(steps.median())
    else:
        # One repetition a character: as many onset intervals as it has flashes.
        interval = known.sort_values("onset").groupby(UNITS["character"])["onset"].diff().median()
        repetition = float(interval * by_repetition.size().median()) if len(known) else np.nan
    if not repetition > 0:
        raise SpellerError(
            f"{len(known)} flashes with known character and repetition; too few to measure how "
            "long a repetition takes"
        )
    if pause is None:
        characters = starts.groupby(UNITS["character"])["onset"].agg(["min", "max"]).reset_index()
        ends = characters.sort_values("min").groupby(UNITS["run"])["max"].shift() + repetition
        gaps = (characters.sort_values("min")["min"] - ends).dropna()
        if gaps.empty:
            raise SpellerError(
                "no run with two characters: the pause between characters cannot be measured; "
                "state it in seconds"
            )
        pause = max(float(gaps.median()), 0.0)
    return Timing(pause=pause, repetition=repetition)


def subject_timings(
    dataset: str, flashes: pd.DataFrame, pause: float | None = None
) -> dict[str, Timing]:
    """Measure how long a selection takes, each subject's own timing; see :func:`measure_timing`.

    Parameters
    ----------
    dataset
        Name, for messages.
    flashes
        As in :func:`measure_timing`, of any number of subjects.
    pause
        Seconds, in place of the measured ones.

    Returns
    -------
    Subject -> timing; without subjects none of whose runs can be spelled, see
    :func:`~p300.speller.selections.has_codes`.

    Warns
    -----
    DataWarning
        Naming subjects whose runs all hold one character: the usual pause is taken there.
    """
    timings, unmeasured = {}, []
    spellable = set(flashes.loc[has_codes(flashes), "subject"])
    for subject, own in flashes[flashes["subject"].isin(spellable)].groupby("subject", sort=False):
        several = own.groupby(UNITS["run"])["character"].nunique().max() > 1
        if pause is None and not several:
            unmeasured.append(str(subject))
        known = pause if pause is not None or several else USUAL_PAUSE
        timings[str(subject)] = measure_timing(own, known)
    if unmeasured:
        warnings.warn(
            f"data set {dataset}: runs of one character (subjects {', '.join(unmeasured)}), so "
            f"the pause between characters cannot be measured; {USUAL_PAUSE:g} s are taken (state "
            "it in the setting pause)",
            DataWarning,
            stacklevel=3,
        )
    return timings


def mean_timing(timings: Mapping[str, Timing], subjects: Iterable[str]) -> Timing:
    """Return the mean timing of those of some subjects that have one, the paper's if none has."""
    own = [timings[subject] for subject in subjects if subject in timings] or [PAPER_TIMING]
    pause, repetition = sum(t.pause for t in own), sum(t.repetition for t in own)
    return Timing(pause / len(own), repetition / len(own))


def bits_per_selection(accuracy: npt.ArrayLike, n_symbols: npt.ArrayLike) -> Floats:
    """Return the information of one selection in bits (Wolpaw et al., IEEE TRE 8:222-226, 2000).

    log2 N + P log2 P + (1 - P) log2((1 - P) / (N - 1)), which supposes equally likely symbols and
    errors spread evenly over the others. Below chance (P < 1/N) the formula would rise again; such
    a speller is given 0.

    Parameters
    ----------
    accuracy
        P, share of selections that are right.
    n_symbols
        N, at least 2.

    Raises
    ------
    SpellerError
        When P is not within 0 and 1 or N is below 2.
    """
    from scipy.special import xlogy

    p, n = np.asarray(accuracy, dtype=np.float64), np.asarray(n_symbols, dtype=np.float64)
    if not (n >= 2).all() or not ((p >= 0) & (p <= 1)).all():
        raise SpellerError(
            f"accuracy {p} over {n} symbols found; expected shares from 0 to 1 and "
            "at least 2 symbols"
        )
    nats = np.log(n) + xlogy(p, p) + xlogy(1 - p, (1 - p) / (n - 1))
    return np.where(p > 1 / n, nats / np.log(2), 0.0)


def bits_per_minute(
    accuracy: npt.ArrayLike, seconds: npt.ArrayLike, n_symbols: npt.ArrayLike
) -> Floats:
    """Return Wolpaw's bit rate for selections of the given mean time.

    Because the bits are convex in the accuracy, the mean of several subjects' rates is above the
    rate of their mean accuracy. The rates that Cecotti & Gräser (2011) print are the latter.
    """
    return 60 * bits_per_selection(accuracy, n_symbols) / np.asarray(seconds, dtype=np.float64)


def symbols_per_minute(
    accuracy: npt.ArrayLike, seconds: npt.ArrayLike, errors: npt.ArrayLike | None = None
) -> Floats:
    """Return the correct symbols a minute of a user who takes errors back.

    Each error costs a backspace, itself a selection that may fail: (2 P - 1) / T, and nothing for
    P <= 1/2, where the text never gets done (Dal Seno et al., Comput. Intell. Neurosci. 2010:
    utility; counted in symbols, not in bits). Where nothing may be spelled, which takes no
    backspace, (P - errors) / T.

    Parameters
    ----------
    accuracy
        P, share of selections that are right.
    seconds
        T, mean time of a selection.
    errors
        Share of selections that spell a wrong symbol; by default all that are not right.
    """
    p = np.asarray(accuracy, dtype=np.float64)
    gain = np.maximum(p - (1 - p if errors is None else np.asarray(errors)), 0.0)
    return 60 * gain / np.asarray(seconds, dtype=np.float64)
