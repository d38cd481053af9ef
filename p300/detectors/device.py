"""Where networks are trained: on the processor, or on a graphics card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

from p300.errors import DetectorError

Device = Literal["auto", "cpu", "cuda", "mps"]

_CHOSEN: ContextVar[str] = ContextVar("device", default="cpu")


def resolve_device(device: str) -> str:
    """Return the device that is meant, which there must be.

    Parameters
    ----------
    device
        ``cpu``, ``cuda``, ``mps``; ``auto`` is a CUDA card where there is one, else Apple's MPS
        where there is that, else the processor.

    Raises
    ------
    DetectorError
        Another word, or a device that torch does not find here.
    """
    if device == "cpu":
        return device
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, found in there.items() if found)
    if device not in there:
        raise DetectorError(f"unknown device {device!r}, there are: {', '.join(get_args(Device))}")
    if not there[device]:
        raise DetectorError(
            f"device {device!r} asked for, but torch {torch.__version__} finds none here; use "
            "'auto' or 'cpu', or install a torch built for it"
        )
    return device


@contextmanager
def training_on(device: str) -> Iterator[None]:
    """Train networks on a device inside the block; without it they are trained on the processor.

    The device is no parameter of a detector: it changes how long a fit takes, and nothing of what
    is asked. Fitted networks are on the processor, and score there.

    Raises
    ------
    DetectorError
        As :func:`resolve_device`.
    """
    before = _CHOSEN.set(resolve_device(device))
    try:
        yield
    finally:
        _CHOSEN.reset(before)


def chosen_device() -> str:
    """Return the device of the :func:`training_on` around, as torch calls it."""
    return _CHOSEN.get()
