"""What a stored detector needs to go on adapting: a readout, how far it counts, a calibration."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.adaptation.coded_flashes import Flashes
from p300.adaptation.readout import Readout, Seen, Strength, Update
from p300.adaptation.self_start import Prior, Starting
from p300.adaptation.starting import Start
from p300.adaptation.transfer import Transfer, features_read
from p300.detectors.base import Detector
from p300.detectors.calibration import Sigmoid, finite_scores
from p300.detectors.linear.structure import Structure
from p300.detectors.storage import REMEDY, any_epoch
from p300.errors import DetectorError
from p300.files import write_json, written_whole
from p300.stored import StoredFolder

ABOUT, ARRAYS = "adaptation.json", "adaptation.safetensors"
STORED: Mapping[type[Transfer | Start], str] = {Transfer: "self_calibrated", Start: "self_started"}
"""What goes on in a stored detector, and the adaptation that it is of; no other is stored."""

Arrays = Mapping[str, npt.NDArray[Any]]
Content = Mapping[str, Any]

_READOUT = ("nontarget", "target", "covariance")


def save_adapting(adapting: Transfer | Start, folder: Path) -> None:
    """Write what adapts beside a stored detector.

    Parameters
    ----------
    adapting
        Of that detector; its training scores are not kept.
    folder
        Of the detector.
    """
    from safetensors.numpy import save_file

    about: dict[str, Any] = {"adaptation": STORED[type(adapting)]}
    readout, arrays = None, dict[str, npt.NDArray[np.float64]]()
    if isinstance(adapting, Transfer):
        readout, about["strength"] = adapting.readout, asdict(adapting.strength)
    else:
        readout, about["variance"] = adapting.prior.readout, adapting.prior.variance
        arrays["difference"] = adapting.prior.difference
    if readout is not None:  # not its structure, which the detector tells
        arrays.update((name, getattr(readout, name)) for name in _READOUT)
    about["calibration"] = [adapting.calibration.slope, adapting.calibration.intercept]
    with written_whole(folder / ARRAYS) as temporary:
        save_file({name: np.ascontiguousarray(one) for name, one in arrays.items()}, temporary)
    write_json(folder / ABOUT, about)


def load_adapting(folder: Path, detector: Detector) -> Transfer | Start | None:
    """Read what :func:`save_adapting` wrote; None where the stored detector does not adapt.

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
    from p300.adaptation.records import AdaptingRecord

    stored = StoredFolder(folder, DetectorError, REMEDY)
    if not (stored.has(ABOUT) or stored.has(ARRAYS)):
        return None
    content = stored.json(ABOUT)
    name = stored.check(ABOUT, content, AdaptingRecord).adaptation
    read = _read_start if name == STORED[Start] else _read_transfer
    return read(stored, content, detector)


def _read_transfer(stored: StoredFolder, content: Content, detector: Detector) -> Transfer:
    from p300.adaptation.records import TransferRecord

    about, arrays = stored.check(ABOUT, content, TransferRecord), stored.arrays(ARRAYS)
    with stored.reading(ARRAYS):
        read = features_read(detector, any_epoch(detector))
        _check_shapes(arrays, _READOUT, read.shape[1])
        transfer = Transfer(
            detector,
            Readout(**arrays, structure=detector.structure()),
            Strength(about.strength.targets, about.strength.epochs),
            Sigmoid(*about.calibration),
            np.empty(0),
        )
        _try_transfer(transfer, read)
    return transfer


def _read_start(stored: StoredFolder, content: Content, detector: Detector) -> Start:
    from p300.adaptation.records import StartRecord

    about, arrays = stored.check(ABOUT, content, StartRecord), stored.arrays(ARRAYS)
    with stored.reading(ARRAYS):
        read = features_read(detector, any_epoch(detector))
        prior = _prior(arrays, about.variance, detector.structure(), read.shape[1])
        start = Start(detector, prior, Sigmoid(*about.calibration), np.empty(0))
        _try_start(start, read)
    return start


def _prior(arrays: Arrays, variance: float, structure: Structure, n_features: int) -> Prior:
    """Return what is expected of a person."""
    readout, expected = None, np.zeros(n_features)
    if "covariance" not in arrays:
        _check_shapes(arrays, ("difference",), n_features)
    else:
        _check_shapes(arrays, ("difference", *_READOUT), n_features)
        readout = Readout(**{name: arrays[name] for name in _READOUT}, structure=structure)
        expected = readout.target - readout.nontarget
    if not np.array_equal(arrays["difference"], expected):
        raise ValueError("array difference is not that of the readout's class means")
    return Prior(readout, expected, variance, structure)


def _try_start(start: Start, read: npt.NDArray[np.float64]) -> None:
    """Score an epoch before and after a character of noise: what cannot start fails here."""
    known = start.prior.readout
    code, lit = np.arange(8) % 2, np.eye(2)
    noise = np.random.default_rng(0).standard_normal((len(code), read.shape[1]))
    with np.errstate(all="ignore"):
        if known is not None:
            noise = known.nontarget + noise @ np.linalg.cholesky(known.covariance).T
        starting = Starting(start.prior, lit)
        for _ in range(2):
            start.log_odds(starting.ratios(read))
            starting.learn(Flashes(noise, np.zeros_like(code), code, code, lit))
        start.log_odds(starting.ratios(read))


def _try_transfer(transfer: Transfer, features: npt.NDArray[np.float64]) -> None:
    """Score an epoch before and after adapting to it: what cannot adapt fails here."""
    known, guess = transfer.readout, np.full((1, len(features)), 0.5)
    with np.errstate(all="ignore"):
        np.linalg.cholesky(known.covariance)
        update = Update(known, features, Seen.of(features), [transfer.strength])
        weights, middles = update.lines(guess, [0])
        for ratios in (known(features), features @ weights[0] - middles[0]):
            finite_scores(transfer.calibration(ratios), "of an epoch")


def _check_shapes(arrays: Arrays, names: Collection[str], n_features: int) -> None:
    """Refuse arrays of other names, or of another number of features."""
    expected = {name: (n_features,) * (1 + (name == "covariance")) for name in names}
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        raise ValueError(f"arrays {found} found, expected {expected}")
