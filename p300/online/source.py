"""The EEG of a stream, matched to what a detector needs: electrodes by name, units, rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from p300.errors import OnlineError
from p300.recordings.channels import NO_CHANGES
from p300.recordings.electrode_names import read_electrodes
from p300.recordings.layout import Layout
from p300.recordings.readers.xdfsignal import ChannelAbout, StreamElectrodes, choose_electrodes
from p300.signal.causal import goes_on
from p300.signal.positions import check_same_places
from p300.signal.preprocessing import Preprocessing
from p300.signal.sampling import EpochGrid, grid_at
from p300.speller.fitted import Fitted
from p300.speller.model import SpellerModel


@dataclass(frozen=True, eq=False)
class EegSource:
    """A stream of EEG as a detector takes it.

    Parameters
    ----------
    name
        For messages and the stored session.
    sfreq
        Nominal rate in Hz.
    described
        What the stream says of its channels, [channel].
    electrodes
        The detector's, in its order.
    grid
        Of an epoch.
    settings
        What makes epochs.
    layout
        That is shown.
    model
        What the speller has learned.
    """

    name: str
    sfreq: float
    described: tuple[ChannelAbout, ...]
    electrodes: StreamElectrodes
    grid: EpochGrid
    settings: Preprocessing
    layout: Layout
    model: SpellerModel

    def volts(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return samples [sample, channel] in volts, [electrode, sample]."""
        return self.electrodes.volts(values)


def match(
    fitted: Fitted,
    name: str,
    sfreq: float,
    described: Sequence[ChannelAbout],
    layout: Layout | None = None,
) -> EegSource:
    """Match a stream to a detector.

    Parameters
    ----------
    fitted
        The detector.
    name, sfreq, described
        Of the stream; channels without a unit are microvolts.
    layout
        That is shown; by default the one that the detector learned on.

    Raises
    ------
    OnlineError
        When the detector cannot be online, or the stream lacks one of its electrodes.
    PreprocessingError, RecordingError, EpochsError
        When rate, units or places of electrodes do not fit.
    """
    check_online(fitted)
    layout = layout or fitted.layout
    assert fitted.model is not None
    assert layout is not None  # both were checked
    chosen = choose_electrodes(described, NO_CHANGES, name)
    read = read_electrodes(chosen.names, name)
    wanted = fitted.stored.electrodes
    if missing := [electrode for electrode in wanted if electrode not in read.names]:
        raise OnlineError(
            f"stream {name!r} has no electrodes {missing}, the detector needs {list(wanted)}; the "
            f"stream has {list(read.names)}"
        )
    rows = tuple(chosen.rows[read.names.index(electrode)] for electrode in wanted)
    places = {name: place for name, place in read.positions.items() if name in wanted}
    check_same_places(fitted.stored.positions, places, f"the detector and stream {name!r}")
    settings = fitted.stored.settings
    return EegSource(
        name=name,
        sfreq=sfreq,
        described=tuple(described),
        electrodes=replace(chosen, names=wanted, rows=rows),
        grid=grid_at(sfreq, settings, f"stream {name!r}"),
        settings=settings,
        layout=layout,
        model=fitted.model,
    )


def check_online(fitted: Fitted) -> None:
    """Refuse a detector that needs to know the future, or cannot spell.

    Raises
    ------
    OnlineError
        With the settings that train one that can be online.
    """
    stored, settings = fitted.stored, fitted.stored.settings
    if fitted.model is None or fitted.layout is None:
        raise OnlineError(
            "this detector cannot spell, it was trained on data without a layout or flash codes; "
            "train it on data that have them"
        )
    again = []
    if not goes_on(settings):
        again += ["preprocessing.phase=causal", "preprocessing.filter=butterworth"]
    if stored.alignment.changes_epochs and stored.alignment.mode != "running":
        again.append("detectors.NAME.alignment.mode=running")
    if settings.reference is not None:
        again.append("preprocessing.reference=null")
    if again:
        chosen = " ".join(f"--set {one}" for one in again)
        raise OnlineError(
            f"this detector cannot be online: filter {settings.filter} of {settings.phase} phase, "
            f"alignment {stored.alignment.name}, reference {settings.reference or 'as recorded'}; "
            "online nobody knows the future, and the amplifier's reference is taken. Train one "
            f"that can: p300 train CONFIG --detector NAME --out FOLDER {chosen}"
        )
