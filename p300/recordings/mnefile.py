"""Recordings that MNE reads: open, keep the EEG, and take out marks that become flashes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from p300.errors import RecordingError

if TYPE_CHECKING:
    from mne.io import BaseRaw

# What the readers of MNE raise on files that are damaged or not what their name says.
_READ_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)


def read_eeg(read: Callable[[], BaseRaw], path: Path) -> BaseRaw:
    """Run a reader of MNE and keep the EEG channels.

    Parameters
    ----------
    read
        Opens the recording; its many failures become one.
    path
        The file, for messages.

    Raises
    ------
    RecordingError
        When the file cannot be read or has no EEG channels.
    """
    from scipy.io.matlab import MatReadError  # EEGLAB files are MATLAB files

    try:
        raw = read()
    except (*_READ_FAILURES, MatReadError) as error:
        reason = " ".join(str(error).split())
        raise RecordingError(
            f"{path}: MNE cannot read this file ({type(error).__name__}: {reason}); "
            "is it complete, with the files that belong to it beside it?"
        ) from error
    kinds = raw.get_channel_types()
    if "eeg" not in kinds:
        raise RecordingError(
            f"{path}: channels {raw.ch_names} of types {sorted(set(kinds))} found, "
            "expected EEG channels"
        )
    return raw.pick("eeg", verbose="error")


def remove_flash_annotations(raw: BaseRaw, samples: npt.NDArray[np.int64]) -> None:
    """Delete annotations that begin at a flash; the flash table puts its own there.

    Marked stretches (descriptions that begin with BAD or EDGE) stay.

    Parameters
    ----------
    raw
        Changed in place.
    samples
        [flash], counted from the first sample of ``raw``.
    """
    annotations = raw.annotations
    begins = np.round((annotations.onset - raw.first_time) * raw.info["sfreq"])
    stretch = [text.upper().startswith(("BAD", "EDGE")) for text in annotations.description]
    at_flash = np.isin(begins, samples) & ~np.array(stretch, dtype=bool)
    annotations.delete(np.flatnonzero(at_flash))
