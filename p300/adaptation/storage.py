"""What a stored detector needs to go on adapting: a readout, its strength, a calibration."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from p300.adaptation.readout import Readout, Strength
from p300.adaptation.transfer import Transfer, read_features
from p300.detectors.base import Detector
from p300.detectors.calibration import Sigmoid
from p300.detectors.storage import any_epoch
from p300.errors import DetectorError
from p300.files import read_json, write_json, written_whole

ABOUT, ARRAYS = "adaptation.json", "adaptation.safetensors"


def save_transfer(transfer: Transfer, folder: Path) -> None:
    """Write what adapts beside a stored detector.

    Parameters
    ----------
    transfer
        Of that detector; its training scores are not kept.
    folder
        Of the detector.
    """
    from safetensors.numpy import save_file

    # Not vars(): a readout keeps what it has computed beside what it is made of.
    names = [field.name for field in fields(Readout)]
    readout = {name: np.ascontiguousarray(getattr(transfer.readout, name)) for name in names}
    with written_whole(folder / ARRAYS) as temporary:
        save_file(readout, temporary)
    calibration = [transfer.calibration.slope, transfer.calibration.intercept]
    about = {"strength": asdict(transfer.strength), "calibration": calibration}
    write_json(folder / ABOUT, about)


def load_transfer(folder: Path, detector: Detector) -> Transfer | None:
    """Read what :func:`save_transfer` wrote; None where the stored detector does not adapt.

    Parameters
    ----------
    folder
        Of the detector.
    detector
        As it was read from there.

    Raises
    ------
    DetectorError
        When the files are damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not (folder / ABOUT).is_file():
        return None
    try:
        about, arrays = read_json(folder / ABOUT), load_file(folder / ARRAYS)
        transfer = Transfer(
            detector,
            Readout(**arrays),
            Strength(**about["strength"]),
            Sigmoid(*about["calibration"]),
            np.empty(0),
        )
        # Arrays of wrong shapes fail here, not with the first recording.
        transfer.calibration(transfer.readout(read_features(detector, any_epoch(detector))))
    except (
        AttributeError, LookupError, OSError, RuntimeError, SafetensorError, TypeError, ValueError
    ) as error:  # fmt: skip
        raise DetectorError(
            f"{folder}: {ABOUT} and {ARRAYS} do not tell how the detector adapts: {error}"
        ) from error
    return transfer
