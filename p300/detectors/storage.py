"""A fitted detector in a folder: weights as safetensors, everything else as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.arguments import shown
from p300.detectors.registry import make_detector
from p300.detectors.sharing.card import CARD, write_card
from p300.detectors.sharing.training import TrainedOn, trained_on
from p300.errors import DetectorError
from p300.files import write_json, written_whole
from p300.signal.alignment import NO_ALIGNMENT, Alignment, align, make_alignment
from p300.signal.epochs import Epochs
from p300.signal.positions import Positions, check_same_places, restore_positions
from p300.stored import StoredFolder
from p300.threads import one_thread

if TYPE_CHECKING:
    from p300.detectors.base import Detector
    from p300.recordings.recording import Recording
    from p300.signal.preprocessing import Preprocessing

FORMAT = 2
ABOUT, WEIGHTS = "detector.json", "weights.safetensors"
REMEDY = "copy the whole folder again, or train the detector anew"


@dataclass(frozen=True, eq=False)
class StoredDetector:
    """A fitted detector with what its input must look like.

    Parameters
    ----------
    detector
        The fitted detector.
    electrodes
        Electrodes of the training epochs, in order.
    sfreq
        Rate of the training epochs in Hz.
    preprocessing
        Settings that made the training epochs.
    alignment
        How each recording is aligned, by its own epochs, before it is scored.
    positions
        Of the electrodes, as those of epochs.
    training
        What it was trained on, where that is known.
    """

    detector: Detector
    electrodes: tuple[str, ...]
    sfreq: float
    preprocessing: dict[str, Any]
    alignment: Alignment = NO_ALIGNMENT
    positions: Positions = field(default_factory=dict)
    training: tuple[TrainedOn, ...] = ()

    @property
    def settings(self) -> Preprocessing:
        """How recordings are preprocessed: as the training epochs were, to their electrodes."""
        from p300.signal.preprocessing import Preprocessing

        return Preprocessing.model_validate(
            {**self.preprocessing, "electrodes": self.electrodes, "sfreq": self.sfreq}
        )

    def score(self, recording: Recording) -> pd.DataFrame:
        """Score every flash of a recording, preprocessed and aligned as the training epochs were.

        Returns
        -------
        The columns of :attr:`p300.signal.epochs.Epochs.flashes` plus ``score`` (log-odds) and
        ``probability`` of a target, one row a flash.

        Raises
        ------
        PreprocessingError
            When the recording lacks an electrode or cannot be brought to the rate.
        EpochsError
            When the alignment does not fit the recording, or electrodes of one name are elsewhere.
        """
        from scipy.special import expit

        with one_thread():
            epochs = self.cut(recording)
            score = self.detector.decision_function(epochs.X)
        return epochs.flashes.assign(score=score, probability=expit(score))

    def cut(self, recording: Recording) -> Epochs:
        """Return the epochs of a recording, preprocessed and aligned as the training epochs were.

        Raises
        ------
        PreprocessingError, EpochsError
            As :meth:`score` does.
        """
        from p300.signal.preprocessing import preprocess

        epochs = preprocess(recording, self.settings)
        check_same_places(self.positions, epochs.positions, f"the detector and {recording.name}")
        return align(epochs, self.alignment)


def save_detector(
    detector: Detector,
    folder: str | Path,
    epochs: Epochs,
    alignment: Alignment = NO_ALIGNMENT,
    sources: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Write a fitted detector to a new folder: detector.json, weights.safetensors, README.md.

    The last is its model card (:mod:`p300.detectors.sharing.card`): the folder is as a model hub
    takes it.

    Parameters
    ----------
    detector
        Fitted.
    folder
        Must not exist.
    epochs
        The training epochs (or any made alike): electrodes, rate and preprocessing are kept so
        that new recordings can be treated the same.
    alignment
        How new recordings are to be aligned; the training epochs were, offline.
    sources
        Data set -> kinds of source (``p300 datasets``) that it was read from, for the card.

    Raises
    ------
    DetectorError
        When the folder exists or the epochs do not fit the detector.
    """
    from safetensors.numpy import save_file

    folder = Path(folder)
    if folder.exists():
        raise DetectorError(f"{folder}: exists already; remove it or choose another name")
    about, arrays = detector.state()
    if tuple(about["input_shape"]) != epochs.X.shape[1:]:
        raise DetectorError(
            f"epochs of {epochs.X.shape[1:]} (electrodes, samples) given, the detector was fitted "
            f"on {tuple(about['input_shape'])}"
        )
    training = trained_on(epochs, sources)
    with written_whole(folder) as temporary:
        temporary.mkdir()
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(plain, temporary / WEIGHTS)
        write_json(
            temporary / ABOUT,
            {
                "format": FORMAT,
                "name": detector.name,
                "parameters": detector.parameters(),
                "state": about,
                "electrodes": list(epochs.electrodes),
                "positions": {name: list(place) for name, place in epochs.positions.items()},
                "sfreq": epochs.sfreq,
                "preprocessing": dict(epochs.preprocessing),
                "alignment": asdict(alignment),
                "training": [one.model_dump() for one in training],
            },
        )
        stored = StoredDetector(
            detector=detector,
            electrodes=tuple(epochs.electrodes),
            sfreq=epochs.sfreq,
            preprocessing=dict(epochs.preprocessing),
            alignment=alignment,
            training=training,
        )
        write_card(stored, temporary / CARD)
    return folder


def load_detector(folder: str | Path) -> StoredDetector:
    """Read a detector that :func:`save_detector` wrote.

    Raises
    ------
    DetectorError
        When the folder does not hold one, one of another format, or a damaged one: one whose
        description is not that of its weights, whose weights are not finite, or that does not score
        an epoch of noise.
    """
    from p300.detectors.records import DetectorRecord

    folder = Path(folder)
    stored = StoredFolder(folder, DetectorError, REMEDY)
    if missing := [name for name in (ABOUT, WEIGHTS) if not stored.has(name)]:
        raise DetectorError(f"{folder}: not a stored detector: no {' and no '.join(missing)} found")
    content = stored.json(ABOUT)
    if content.get("format") != FORMAT:
        raise DetectorError(
            f"{folder}: stored in format {shown(content.get('format'))}, this version reads "
            f"{FORMAT}"
        )
    about = stored.check(ABOUT, content, DetectorRecord)
    arrays = stored.arrays(WEIGHTS)
    with stored.reading(ABOUT):
        detector = make_detector(about.name, **about.parameters)
        detector.restore(about.state.model_dump(), arrays)
        _try_out(detector)
        loaded = StoredDetector(
            detector=detector,
            electrodes=tuple(about.electrodes),
            sfreq=about.sfreq,
            preprocessing=about.preprocessing,
            alignment=make_alignment(about.alignment, "alignment"),
            positions=restore_positions(about.positions, about.electrodes),
            training=tuple(about.training),
        )
        _ = loaded.settings  # they are checked now, not with the first recording
        return loaded


def _try_out(detector: Detector) -> None:
    """Score an epoch: arrays of wrong shapes fail here, not with the first recording."""
    with np.errstate(all="ignore"):
        score = detector.decision_function(any_epoch(detector))
    if score.shape != (1,):
        raise ValueError(f"scores of shape {score.shape} of an epoch")


def any_epoch(detector: Detector) -> npt.NDArray[np.float32]:
    """Return an epoch of noise of the size that a fitted detector takes, to try it on."""
    shape = (1, *detector.input_shape_)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
