"""Which channels of a file are electrodes, what they are called, and in which unit they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.arguments import ArgumentGroup
from p300.errors import RecordingError
from p300.ranges import Positive
from p300.recordings.guard import guarded

if TYPE_CHECKING:
    from pathlib import Path

    from mne.io import BaseRaw


@dataclass(frozen=True)
class Channels(ArgumentGroup):
    """Options on the channels of a file; every source that reads anybody's files has them.

    Parameters
    ----------
    electrodes
        Names of the channels, in the order of the file and without those dropped.
    rename
        Channel name in the file -> electrode name; for some, where the others have their names.
    drop
        Channels of the file that are no EEG.
    montage
        Where the electrodes are: a montage of MNE by name, such as biosemi128, or a file of
        positions. By default the names tell, see :mod:`p300.recordings.montage`.
    microvolts_per_unit
        Microvolts that 1 in the values of the file stands for, where it does not say so, or says
        it wrongly: 1 for microvolts that were stored as if they were volts.

    Raises
    ------
    RecordingError
        When both ``electrodes`` and ``rename`` are given.
    """

    electrodes: Sequence[str] | None = None
    rename: Mapping[str, str] | None = None
    drop: Sequence[str] | None = None
    montage: str | None = None
    microvolts_per_unit: Positive | None = None

    def __post_init__(self) -> None:
        if self.electrodes is not None and self.rename is not None:
            raise RecordingError(
                "options 'electrodes' and 'rename' found, expected one of them: 'electrodes' names "
                "all channels in the order of the file, 'rename' some of them"
            )

    def choose(
        self, channels: Sequence[str], source: Path | str, beside: Iterable[str] = ()
    ) -> dict[str, str]:
        """Leave out the channels that are no EEG and name the others.

        Parameters
        ----------
        channels
            Names in the file, in its order.
        source
            The file, for messages.
        beside
            Channels that the file itself, or another option, says are no EEG.

        Returns
        -------
        Name in the file -> electrode name.

        Raises
        ------
        RecordingError
            When a channel to drop or rename is not there, none is left, or the numbers of channels
            and electrodes differ.
        """
        kept = self._kept(channels, source, beside)
        if self.electrodes is None:
            named = {name: (self.rename or {}).get(name, name) for name in kept}
            return _once(named, "rename", source)
        if len(self.electrodes) != len(kept):
            raise RecordingError(
                f"{source}: option 'electrodes' names {len(self.electrodes)} electrodes, the file "
                f"has {len(kept)} channels: {kept}; name each, or leave channels out with the "
                "option 'drop'"
            )
        return _once(dict(zip(kept, self.electrodes, strict=True)), "electrodes", source)

    def volts(self, values: npt.ArrayLike, unit: float = 1e-6) -> npt.NDArray[np.float64]:
        """Return values of a file in volts.

        Parameters
        ----------
        values
            As they are stored.
        unit
            Volts that 1 stands for, by the file or its format; ``microvolts_per_unit`` overrides
            it.
        """
        if self.microvolts_per_unit is not None:
            unit = 1e-6 * self.microvolts_per_unit
        return np.asarray(values, dtype=np.float64) * unit

    def _kept(
        self, channels: Sequence[str], source: Path | str, beside: Iterable[str]
    ) -> list[str]:
        for verb, named in (("drop", self.drop), ("rename", self.rename)):
            missing = [name for name in named or () if name not in channels]
            if missing:
                raise RecordingError(
                    f"{source}: no channels {missing} to {verb}, there are {list(channels)}"
                )
        left_out = {*(self.drop or ()), *beside}
        kept = [name for name in channels if name not in left_out]
        if not kept:
            raise RecordingError(
                f"{source}: no channels are left of {list(channels)}, expected EEG"
            )
        return kept

    def keep_eeg(self, raw: BaseRaw, file: Path | str, beside: Iterable[str] = ()) -> BaseRaw:
        """Keep the electrodes of a Raw, by their names and in volts.

        Parameters
        ----------
        raw
            Changed in place; loaded into memory where its unit is another.
        file
            For messages.
        beside
            Channels that are no EEG, such as a trigger channel.

        Raises
        ------
        RecordingError
            When there are no EEG channels, or as :meth:`choose`.
        """
        return guarded(lambda: self._keep_eeg(raw, file, beside), file)

    def _keep_eeg(self, raw: BaseRaw, file: Path | str, beside: Iterable[str]) -> BaseRaw:
        raw.pick(self._kept(raw.ch_names, file, beside), verbose="error")
        # Some programs write EEG as channels of no kind.
        raw.set_channel_types(dict.fromkeys(self.rename or (), "eeg"), verbose="error")
        kinds: list[str] = raw.get_channel_types()
        if "eeg" not in kinds:
            raise RecordingError(
                f"{file}: channels {raw.ch_names} of types {sorted(set(kinds))} found, expected "
                "EEG channels; name those that are with the option 'rename'"
            )
        raw.pick("eeg", verbose="error")
        names = replace(self, drop=None).choose(raw.ch_names, file)
        raw.rename_channels(names, verbose="error")
        if self.microvolts_per_unit is not None:
            raw.load_data(verbose="error")
            raw.apply_function(self.volts, picks="all", verbose="error")
        return raw


def _once(named: dict[str, str], option: str, source: Path | str) -> dict[str, str]:
    """Refuse one name for several channels."""
    names = list(named.values())
    for name in names:
        same = [channel for channel, own in named.items() if own == name]
        if len(same) > 1:
            raise RecordingError(
                f"{source}: option {option!r} calls the channels {same} all {name!r}, expected a "
                "name each; leave those that are none out with 'drop'"
            )
    return named


NO_CHANGES = Channels()
"""The channels as the file has them."""
