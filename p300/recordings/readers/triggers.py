"""Trigger channels: which samples begin a mark, and what of the channel is none."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field, Strict

from p300.arguments import ArgumentGroup
from p300.errors import DataWarning, RecordingError
from p300.recordings.guard import guarded

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

Integers = npt.NDArray[np.int64]

TRIGGER_BITS = 0xFFFF
"""Port bits above the sixteen of a trigger cable tell the state of a BioSemi amplifier."""

_SIGN = 0x8000
"""The top bit of a trigger word, which turns it negative where it is read as a signed number."""

_PORT_BITS = [1 << k for k in range(TRIGGER_BITS.bit_length())]

_RESTING = 0.999
"""Share of samples beyond which a bit is always set: a flash is never that long, nor a pause."""

_SETTLING = 0.005
"""Seconds within which the bits of a trigger may change one after another, at most two samples."""

_FEWEST_CHANGES = 10
_MOST_VALUES = 256
"""A channel with fewer changes, or with more values, is no candidate for triggers."""

_LONGEST = 10.0
"""Seconds; no trigger is held that long."""

Bits = Annotated[int, Strict(), Field(ge=1, le=TRIGGER_BITS)]


Seconds = Annotated[float, Strict(), Field(gt=0, le=_LONGEST)]


@dataclass(frozen=True)
class Triggers(ArgumentGroup):
    """Options on the channel that holds the marks.

    Parameters
    ----------
    stim_channel
        Channel whose changes are the marks, such as ``Status``; by default the annotations are.
    mask
        Bits of its values that count, such as 255 for the lower eight: the others may be a button
        or a line in the same channel.
    shortest
        Seconds that a value must be held to be a mark. By default a single sample will do, and
        values of up to two samples (5 ms at most) are bits on their way only where they stand
        beside another value that is held longer.
    """

    stim_channel: str | None = None
    mask: Bits | None = None
    shortest: Seconds | None = None

    def __post_init__(self) -> None:
        if self.stim_channel is None and not (self.mask is None and self.shortest is None):
            raise RecordingError(
                "options 'mask' and 'shortest' are for a trigger channel; name it with the option "
                "'stim_channel'"
            )

    def read(self, raw: BaseRaw, file: Path | str, wanted: Iterable[str] = ()) -> pd.DataFrame:
        """Return the marks of the channel.

        Parameters
        ----------
        raw
            The recording.
        file
            For messages.
        wanted
            Marks that are looked for; those beside them that a mask would turn into these are told.

        Returns
        -------
        Columns ``sample`` and ``mark`` (text). A mark begins where its first bit rises.

        Raises
        ------
        RecordingError
            When there is no such channel, with all that may be one; or it holds no whole numbers.

        Warns
        -----
        DataWarning
            Counting what is ignored: bits that rise or fall one after another, values that were
            held too briefly, values that only fall; and negative words.
        """
        import pandas as pd

        name = str(self.stim_channel)
        if name not in raw.ch_names:
            stims = [n for n, k in _kinds(raw).items() if k == "stim"]
            candidates = [
                repr(one) for one in dict.fromkeys([*stims, *trigger_channels(raw, file)])
            ]
            raise RecordingError(
                f"{file}: no channel {name!r}; of its channels {list(raw.ch_names)} "
                f"{', '.join(candidates) or 'none'} may hold triggers"
            )
        found = whole_numbers(guarded(lambda: raw.get_data(picks=[name])[0], file))
        if found is None:
            raise RecordingError(
                f"{file}: channel {name!r} holds NaN or fractions, expected whole numbers as "
                "triggers are"
            )
        where = f"{file}: channel {name!r}"
        runs = _Runs.of(self._words(found, where))
        marks, said = runs.settle(float(raw.info["sfreq"]), self.shortest)
        for text in said:
            _warn(f"{where}: {text}")
        table = pd.DataFrame({"sample": marks.starts, "mark": marks.values.astype(str)})
        self._tell_masked(table, set(wanted), where)
        return table

    def _words(self, values: Integers, where: str) -> Integers:
        """Return the trigger words without the bits that do not count."""
        if self.mask is not None:
            return values & self.mask
        if (values < 0).any():
            _warn(
                f"{where}: negative words are read as their absolute values, as MNE does; if the "
                f"top bit of the port is set, the option 'mask' ({_SIGN - 1}) gives the others"
            )
        return np.abs(values) & TRIGGER_BITS

    def _tell_masked(self, table: pd.DataFrame, wanted: set[str], where: str) -> None:
        """Warn of marks that have all bits of one that is wanted, and others."""
        named = [int(m) for m in wanted if re.fullmatch("[0-9]{1,18}", m) and int(m) > 0]
        bits = int(np.bitwise_or.reduce(named)) if named else 0
        counts = table["mark"].value_counts()
        beside = {
            str(mark): int(n)
            for mark, n in counts.items()
            if mark not in wanted and int(str(mark)) & bits in named
        }
        if beside and self.mask is None:
            listed = ", ".join(f"{mark} ({n})" for mark, n in list(beside.items())[:10])
            _warn(
                f"{where}: {listed} are left aside, though they have the bits of a flash and "
                "others; if these are a button or a line in the same channel, the option 'mask' "
                f"({bits}) takes the bits of the flashes alone"
            )


BY_ANNOTATIONS = Triggers()
"""The annotations are the marks."""


@dataclass(frozen=True)
class _Runs:
    """Stretches of one value that is not 0: first samples, lengths in samples, values."""

    starts: Integers
    lengths: Integers
    values: Integers

    @classmethod
    def of(cls, words: Integers) -> _Runs:
        starts = np.flatnonzero(np.diff(words, prepend=0))
        lengths = np.diff(starts, append=len(words))
        shown = words[starts] != 0
        return cls(starts[shown], lengths[shown], words[starts][shown])

    def settle(self, sfreq: float, shortest: float | None) -> tuple[_Runs, list[str]]:
        """Leave out what is no mark; what was left out is told in words.

        A value on its way to the next one gives its first sample to it.
        """
        starts, values = self.starts.copy(), self.values
        ends = self.starts + self.lengths
        before = np.append(False, self.starts[1:] == ends[:-1])
        after = np.append(self.starts[1:] == ends[:-1], False)
        settling = self._settling(before, after, min(2, max(1, int(_SETTLING * sfreq))))
        for k in np.flatnonzero(settling & after)[::-1]:
            starts[k + 1] = starts[k]
        short = np.zeros(len(values), dtype=bool)
        if shortest is not None:
            held = ends - starts
            short = (held < shortest * sfreq) & ~settling
        fallen = _only_fallen(values, before, after) & ~(settling | short)
        said = [
            f"{text}: {_counted(values[rows])}"
            for rows, text in (
                (settling, "bits that rise or fall one after another are no marks"),
                (short, f"values held for less than {shortest or 0:g} s are no marks"),
                (fallen, "values that are left when others end are no marks"),
            )
            if rows.any()
        ]
        kept = ~(settling | short | fallen)
        return _Runs(starts[kept], self.lengths[kept], values[kept]), said

    def _settling(
        self, before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_], most: int
    ) -> npt.NDArray[np.bool_]:
        """Mark values of few samples beside one held longer, each bit of which is a neighbour's."""
        previous = np.where(before, np.append(0, self.values[:-1]), 0)
        following = np.where(after, np.append(self.values[1:], 0), 0)
        own = (self.values ^ previous) & (self.values ^ following) == 0
        neighbour = np.maximum(
            np.where(before, np.append(0, self.lengths[:-1]), 0),
            np.where(after, np.append(self.lengths[1:], 0), 0),
        )
        settling: npt.NDArray[np.bool_] = (
            own & (self.lengths <= most) & (neighbour >= 3 * self.lengths)
        )
        return settling


def _only_fallen(
    values: Integers, before: npt.NDArray[np.bool_], after: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Mark values whose bits were all set in the value before, where the channel rests at 0.

    A channel that goes from code to code rests nowhere: there each value is a mark.
    """
    previous = np.append(0, values[:-1])
    rests_at_zero = bool(np.mean(after) < 0.5) if len(after) else False
    fallen: npt.NDArray[np.bool_] = before & ((values & previous) == values) & rests_at_zero
    return fallen


def _counted(values: Integers) -> str:
    found, numbers = np.unique(values, return_counts=True)
    order = np.argsort(-numbers, kind="stable")[:10]
    return ", ".join(f"{found[k]} ({numbers[k]})" for k in order)


def whole_numbers(values: npt.NDArray[np.float64]) -> Integers | None:
    """Return the values of a trigger channel as whole numbers, None where they are none.

    Values in volts that are whole numbers of microvolts are taken as these numbers: a marker
    channel that a file says is in µV, as EEG is.
    """
    if not np.isfinite(values).all():
        return None
    for factor in (1.0, 1e6):
        scaled = values * factor
        whole = np.round(scaled)
        # In microvolts the steps of the file need not be whole ones.
        near = np.abs(scaled - whole).max(initial=0.0) <= (0.0 if factor == 1 else 0.02)
        largest = 2**31 if factor == 1 else TRIGGER_BITS
        if near and np.abs(whole).max(initial=0.0) <= largest and (factor == 1 or whole.any()):
            return whole.astype(np.int64)
    return None


def suggest_mask(values: Integers) -> int | None:
    """Return the bits of a trigger channel that may tell marks, None where all of them may.

    The top bit that makes words negative does not, nor do bits that are set all the time: an
    amplifier whose channel rests at 65280 has nothing plugged to its upper eight.
    """
    bits = _SIGN - 1 if (values < 0).any() else TRIGGER_BITS
    resting = [bit for bit in _PORT_BITS if np.mean((values & bit) != 0) >= _RESTING]
    mask = bits & ~sum(resting)
    return mask if mask not in (0, TRIGGER_BITS) else None


def trigger_channels(raw: BaseRaw, file: Path | str) -> dict[str, Integers]:
    """Return the channels that may hold triggers: few whole numbers that change.

    Parameters
    ----------
    raw
        The recording.
    file
        For messages.

    Returns
    -------
    Name -> its values, [sample]; those that the file itself calls triggers first.
    """
    kinds = _kinds(raw)
    found: dict[str, Integers] = {}
    for name in sorted(kinds, key=lambda channel: kinds[channel] != "stim"):
        values = whole_numbers(guarded(partial(raw.get_data, picks=[name]), file)[0])
        if values is None:
            continue
        changes = np.count_nonzero(np.diff(values))
        if changes >= _FEWEST_CHANGES and len(np.unique(values)) <= _MOST_VALUES:
            found[name] = values
    return found


def _kinds(raw: BaseRaw) -> dict[str, str]:
    return dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))


def _warn(message: str) -> None:
    warnings.warn(message, DataWarning, stacklevel=4)
