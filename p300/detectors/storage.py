"""A fitted detector in a folder: weights as safetensors, everything else as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.detectors.registry import make_detector
from p300.errors import DetectorError, P300Error
from p300.files import read_json, write_json, written_whole
from p300.signal.alignment import NO_ALIGNMENT, Alignment, align, make_alignment
from p300.signal.epochs import Epochs
from p300.signal.positions import Positions, check_same_places, restore_positions

if TYPE_CHECKING:
    from p300.detectors.base import Detector
    from p300.recordings.recording import Recording

FORMAT = 2


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
    """

    detector: Detector
    electrodes: tuple[str, ...]
    sfreq: float
    preprocessing: dict[str, Any]
    alignment: Alignment = NO_ALIGNMENT
    positions: Positions = field(default_factory=dict)

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
        from p300.signal.preprocessing import Preprocessing, preprocess

        settings = Preprocessing.model_validate(
            {**self.preprocessing, "electrodes": self.electrodes, "sfreq": self.sfreq}
        )
        epochs = preprocess(recording, settings)
        check_same_places(self.positions, epochs.positions, f"the detector and {recording.name}")
        return align(epochs, self.alignment)


def save_detector(
    detector: Detector, folder: str | Path, epochs: Epochs, alignment: Alignment = NO_ALIGNMENT
) -> Path:
    """Write a fitted detector to a new folder: detector.json and weights.safetensors.

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
    with written_whole(folder) as temporary:
        temporary.mkdir()
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(plain, temporary / "weights.safetensors")
        write_json(
            temporary / "detector.json",
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
            },
        )
    return folder


def load_detector(folder: str | Path) -> StoredDetector:
    """Read a detector that :func:`save_detector` wrote.

    Raises
    ------
    DetectorError
        When the folder does not hold one, one of another format, or a damaged one.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    folder = Path(folder)
    try:
        about = read_json(folder / "detector.json")
        arrays = load_file(folder / "weights.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise DetectorError(
            f"{folder}: not a stored detector (detector.json and weights.safetensors): {error}"
        ) from error
    if not isinstance(about, dict):
        raise DetectorError(f"{folder}: detector.json holds {type(about).__name__}, expected keys")
    if about.get("format") != FORMAT:
        raise DetectorError(
            f"{folder}: stored in format {about.get('format')}, this version reads {FORMAT}"
        )
    try:
        detector = make_detector(about["name"], **about["parameters"])
        detector.restore(about["state"], arrays)
        _try_out(detector, about["electrodes"])
        return StoredDetector(
            detector=detector,
            electrodes=tuple(about["electrodes"]),
            sfreq=about["sfreq"],
            preprocessing=about["preprocessing"],
            alignment=make_alignment(about.get("alignment"), f"{folder}: alignment"),
            positions=restore_positions(about.get("positions"), about["electrodes"], folder),
        )
    except (
        AttributeError, LookupError, MemoryError, P300Error, RuntimeError, TypeError, ValueError
    ) as error:  # fmt: skip
        raise DetectorError(
            f"{folder}: detector.json is damaged or does not belong to weights.safetensors "
            f"({type(error).__name__}: {error}); copy both again, or train the detector anew"
        ) from error


def _try_out(detector: Detector, electrodes: list[str]) -> None:
    """Score an epoch: arrays of wrong shapes fail here, not with the first recording."""
    n_electrodes = detector.input_shape_[0]
    if len(electrodes) != n_electrodes:
        raise ValueError(f"{len(electrodes)} electrodes named, {n_electrodes} in the weights")
    score = float(detector.decision_function(any_epoch(detector))[0])
    if not (math.isfinite(score) and math.isfinite(detector.threshold_)):
        raise ValueError(f"score {score} of an epoch, threshold {detector.threshold_}")


def any_epoch(detector: Detector) -> npt.NDArray[np.float32]:
    """Return an epoch of noise of the size that a fitted detector takes, to try it on."""
    shape = (1, *detector.input_shape_)
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
