"""What a stored detector needs to go on adapting: a readout, its strength, a calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.adaptation.readout import Readout, Seen, Strength, Update
from p300.adaptation.transfer import Transfer, features_read
from p300.detectors.base import Detector
from p300.detectors.calibration import Sigmoid, finite_scores
from p300.detectors.storage import REMEDY, any_epoch
from p300.errors import DetectorError
from p300.files import write_json, written_whole
from p300.stored import StoredFolder

ABOUT, ARRAYS = "adaptation.json", "adaptation.safetensors"
STORED = "self_calibrated"
"""The adaptation that goes on in a stored detector; no other is stored."""

KEPT = ("nontarget", "target", "covariance")


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

    # Not the structure, which the detector tells.
    readout = {name: np.ascontiguousarray(getattr(transfer.readout, name)) for name in KEPT}
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
        When one of the files is missing or damaged, or holds numbers that are not finite.
    """
    from p300.adaptation.records import TransferRecord

    stored = StoredFolder(folder, DetectorError, REMEDY)
    if not (stored.has(ABOUT) or stored.has(ARRAYS)):
        return None
    about, arrays = stored.record(ABOUT, TransferRecord), stored.arrays(ARRAYS)
    with stored.reading(ARRAYS):
        read = features_read(detector, any_epoch(detector))
        _check_shapes(arrays, read.shape[1])
        transfer = Transfer(
            detector,
            Readout(**arrays, structure=detector.structure()),
            Strength(about.strength.targets, about.strength.epochs),
            Sigmoid(*about.calibration),
            np.empty(0),
        )
        _try_out(transfer, read)
    return transfer


def _try_out(transfer: Transfer, features: npt.NDArray[np.float64]) -> None:
    """Score an epoch before and after adapting to it: what cannot adapt fails here."""
    known, guess = transfer.readout, np.full((1, len(features)), 0.5)
    with np.errstate(all="ignore"):
        np.linalg.cholesky(known.covariance)
        update = Update(known, features, Seen.of(features), [transfer.strength])
        weights, middles = update.lines(guess, [0])
        for ratios in (known(features), features @ weights[0] - middles[0]):
            finite_scores(transfer.calibration(ratios), "of an epoch")


def _check_shapes(arrays: Mapping[str, npt.NDArray[Any]], n_features: int) -> None:
    """Refuse arrays that are not those of a readout of so many features."""
    expected = {
        "nontarget": (n_features,),
        "target": (n_features,),
        "covariance": (n_features, n_features),
    }
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        raise ValueError(f"arrays {found} found, expected {expected}")
