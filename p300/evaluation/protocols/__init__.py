"""Who trains, who tests: each protocol yields named folds, which are checked for leaks.

A new protocol is one file here with a ``PROTOCOL`` and its name in ``PROTOCOLS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from p300.arguments import check_arguments, did_you_mean
from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold, check_fold
from p300.evaluation.protocols.base import Protocol, Scope
from p300.lazy import imported

__all__ = ["PROTOCOLS", "Protocol", "Scope", "check_protocol", "make_folds"]

PROTOCOLS: dict[str, Protocol] = {
    name: imported(f"{__name__}.{name}:PROTOCOL")
    for name in (
        "within_subject",
        "cross_session",
        "cross_subject",
        "few_shot",
        "cross_dataset",
    )
}
"""Name in a config, also of the file here -> its ``PROTOCOL``."""


def check_protocol(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check a protocol's name and options.

    Raises
    ------
    ProtocolError
        For an unknown protocol or option, or a value of the wrong type or out of range.
    """
    if name not in PROTOCOLS:
        raise ProtocolError(
            f"unknown protocol {name!r}{did_you_mean(name, PROTOCOLS)} "
            f"There are: {', '.join(PROTOCOLS)}"
        )
    return check_arguments(
        PROTOCOLS[name].folds,
        options,
        where=f"protocols.{name}",
        error=ProtocolError,
        skip=("flashes", "duration"),
    )


def make_folds(
    protocol: str, flashes: pd.DataFrame, duration: float, options: Mapping[str, Any] | None = None
) -> list[Fold]:
    """Return the checked folds of a protocol.

    Parameters
    ----------
    protocol
        A key of :data:`PROTOCOLS`.
    flashes
        Flash table, all labelled; of one data set, or of several where the protocol is across them.
    duration
        Length of an epoch in seconds.
    options
        Options of the protocol.

    Raises
    ------
    ProtocolError
        When the protocol does not fit the data or a fold would leak; see :func:`check_fold`.
    """
    checked = check_protocol(protocol, options or {})
    if flashes.empty:
        raise ProtocolError(
            "no flash is known to be a target or not; detectors can be applied to such recordings "
            "(p300 predict) but not trained or tested on them"
        )
    folds = list(PROTOCOLS[protocol].folds(flashes, duration=duration, **checked))
    for fold in folds:
        check_fold(fold, flashes, duration)
    return folds
