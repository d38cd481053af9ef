"""Epochs in other tools: MNE, pandas, matplotlib, notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.notebooks import facts_table
from p300.recordings.flashes import tell_flashes
from p300.recordings.layout import Layout
from p300.recordings.marks import Marks, Rows
from p300.signal.flash_rows import FlashRows

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mne import BaseEpochs, EpochsArray

    from p300.signal.epochs import Epochs


class Elsewhere(FlashRows):
    """What :class:`p300.signal.epochs.Epochs` are to others; nothing here is computed with."""

    @staticmethod
    def from_mne(
        epochs: BaseEpochs,
        *,
        dataset: str | None = None,
        subject: str | None = None,
        session: str | None = None,
        run: str | None = None,
        target: Sequence[str | int] | Literal["unknown"] | None = None,
        nontarget: Sequence[str | int] | None = None,
        code: str | Mapping[str | int, int] | None = None,
        layout: Layout | Rows | None = None,
    ) -> Epochs:
        r"""Make epochs of those of MNE, which stay as they are.

        What :meth:`to_mne` made comes back the same. Of others, columns of the metadata tell what
        they are called after: dataset, subject, session, run, code, character, repetition, target.

        Parameters
        ----------
        epochs
            In volts. Channels other than EEG, and those marked as bad, are left out.
        dataset, subject, session, run
            Where the epochs belong, each where the metadata do not tell it.
        target, nontarget, code
            Which events are of the two kinds, and how flash codes follow from their names, where
            names such as ``target/3`` or metadata do not tell it; see
            :class:`~p300.recordings.marks.Marks`. ``target="unknown"`` where nobody knows.
        layout
            The stimulus layout, or the rows of a matrix whose columns have the codes 1 to n.

        Raises
        ------
        EpochsError, RecordingError
            Saying what to pass where something cannot be told.

        Warns
        -----
        DataWarning
            Of what is left out and why.
        """
        from p300.signal.mne_epochs import read_mne

        given = {"dataset": dataset, "subject": subject, "session": session, "run": run}
        labels = {name: str(label) for name, label in given.items() if label is not None}
        if not (layout is None or isinstance(layout, Layout)):
            layout = Marks(layout=layout).matrix()
        return read_mne(epochs, labels, Marks(target, nontarget, code), layout)

    @staticmethod
    def from_moabb(
        X: npt.ArrayLike | BaseEpochs, y: npt.ArrayLike, metadata: pd.DataFrame, **told: Any
    ) -> Epochs:
        """Make epochs of what a paradigm of MOABB returns.

        Parameters, with ``told`` by name, and errors are those of
        :func:`p300.signal.from_moabb.from_moabb`.
        """
        from p300.signal.from_moabb import from_moabb

        return from_moabb(X, y, metadata, **told)

    def to_mne(self) -> EpochsArray:
        """Return the same as epochs of MNE, in volts, without a baseline.

        Events are called ``target``, ``nontarget`` or, where that is unknown, ``flash``, with the
        flash code after a slash where it is known, so that ``["target"]`` selects all targets. The
        metadata are the flash table, the montage is of the positions, and ``info["description"]``
        holds preprocessing and layouts.

        Raises
        ------
        EpochsError
            When there are no epochs, or they begin between two samples.

        Warns
        -----
        DataWarning
            When the values are z-scores, which MNE takes for volts.
        """
        from p300.signal.mne_epochs import write_mne

        return write_mne(self._whole)

    def to_frame(self) -> pd.DataFrame:
        """Return a tidy table: a row an epoch and time, a column an electrode.

        Returns
        -------
        The columns of the flash table, ``epoch`` (position), ``time`` (s), and the electrodes, in
        the unit of X.
        """
        own = self._whole
        n_epochs, n_electrodes, n_times = own.X.shape
        rows = np.repeat(np.arange(n_epochs), n_times)
        told = own.flashes.iloc[rows].reset_index(drop=True)
        values = np.moveaxis(own.X, 1, 2).reshape(-1, n_electrodes)
        signal = pd.DataFrame(values, columns=list(own.electrodes))
        told = told.assign(epoch=rows, time=np.tile(own.times, n_epochs))
        return pd.concat([told, signal], axis=1)

    def plot_averages(
        self,
        electrodes: Sequence[str] | None = None,
        over: Literal["subjects", "epochs"] | None = None,
    ) -> Figure:
        """Plot target and non-target averages; see :func:`p300.plot_averages`."""
        from p300 import plot_averages

        return plot_averages(self._whole, electrodes, over)

    def plot_topographies(self, times: Sequence[float] | None = None) -> Figure:
        """Plot target minus non-target on the scalp; see :func:`p300.plot_topographies`."""
        from p300 import plot_topographies

        return plot_topographies(self._whole, times)

    def plot_signed_r_squared(self) -> Figure:
        """Plot signed r squared by electrode and time; see :func:`p300.plot_signed_r_squared`."""
        from p300 import plot_signed_r_squared

        return plot_signed_r_squared(self._whole)

    def plot_image(self, electrode: str | None = None, smooth: float | None = None) -> Figure:
        """Plot single epochs in the order they came in; see :func:`p300.plot_image`."""
        from p300 import plot_image

        return plot_image(self._whole, electrode, smooth)

    def _repr_html_(self) -> str:
        """Return what notebooks show."""
        own = self._whole
        names = {
            name: sorted(map(str, own.flashes[name].unique())) for name in ("dataset", "subject")
        }
        facts = {
            "X": f"{len(own)} epochs x {len(own.electrodes)} electrodes x {own.X.shape[2]} samples",
            "time": f"{own.tmin:g} to {own.times[-1]:.4g} s at {own.sfreq:g} Hz"
            if own.X.shape[2]
            else "",
            "electrodes": ", ".join(own.electrodes),
            "data sets": ", ".join(names["dataset"]),
            "subjects": f"{len(names['subject'])}: {', '.join(names['subject'])}",
            "flashes": tell_flashes(own.flashes),
            "preprocessing": ", ".join(
                f"{key} {value}" for key, value in own.preprocessing.items() if value is not None
            ),
        }
        return facts_table("Epochs", facts)

    @property
    def _whole(self) -> Epochs:
        return cast("Epochs", self)
