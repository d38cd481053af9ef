"""What one row of a flash table an epoch tells: labels, and which epochs belong together."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.errors import EpochsError
from p300.recordings.units import UNITS
from p300.signal.units import number_units, touched_units


class FlashRows(ABC):
    """Epochs, in memory or not, by the flashes that they follow.

    Attributes
    ----------
    flashes : one row an epoch, columns :data:`p300.signal.epochs.EPOCH_COLUMNS`
    """

    flashes: pd.DataFrame

    @property
    @abstractmethod
    def duration(self) -> float:
        """Length of an epoch in seconds."""

    def __len__(self) -> int:
        return len(self.flashes)

    @property
    def labelled(self) -> bool:
        """Whether every epoch is known to be a target or not."""
        return bool(self.flashes["target"].notna().all())

    @property
    def y(self) -> npt.NDArray[np.uint8]:
        """1 for a target, 0 for a non-target, [epoch].

        Raises
        ------
        EpochsError
            When the targets of some flashes are not known.
        """
        if not self.labelled:
            unknown = self.flashes.loc[self.flashes["target"].isna()]
            runs = unknown[["subject", "session", "run"]].drop_duplicates()
            raise EpochsError(
                f"the targets of {len(unknown)} of {len(self)} flashes are not known (subject, "
                f"session, run: {runs.to_numpy().tolist()}); select labelled epochs first"
            )
        return self.flashes["target"].to_numpy(dtype=np.uint8)

    def units(self, level: str) -> npt.NDArray[np.int64]:
        """Return a number for each character, run, session, ...: equal numbers belong together.

        Parameters
        ----------
        level
            A key of :data:`UNITS`.

        Returns
        -------
        [epoch] integers in order of first appearance; see
        :func:`p300.signal.units.number_units` for unknown characters.
        """
        return number_units(self.flashes, UNITS[level])

    def groups(self, level: str) -> npt.NDArray[np.int64]:
        """Return what detectors take as ``groups``: the units of a level that each epoch touches.

        Parameters
        ----------
        level
            A key of :data:`UNITS`.

        Returns
        -------
        [epoch], :meth:`units`, where epochs of different units have no samples in common; else
        [epoch, n], the unit of each epoch and those of epochs that it shares samples with, see
        :func:`p300.signal.units.touched_units`.
        """
        onsets = self.flashes["onset"].to_numpy(dtype=np.float64)
        return touched_units(self.units(level), self.units("run"), onsets, self.duration)
