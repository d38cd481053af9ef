"""Who trains, who tests: each protocol yields named folds, which are checked for leaks.

A new protocol is one file here with a ``PROTOCOL`` and its name in ``OUR_PROTOCOLS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from p300.arguments import check_arguments
from p300.errors import ProtocolError
from p300.evaluation.leaks import Fold, check_fold
from p300.evaluation.protocols.base import Protocol, Scope
from p300.lazy import imported
from p300.parameters import Parameter, parameters_of
from p300.plugins import Registry

__all__ = ["PROTOCOLS", "Protocol", "Scope", "check_protocol", "described_options", "make_folds"]

OUR_PROTOCOLS: dict[str, Protocol] = {
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


def _read(_: str, loaded: object) -> Protocol:
    """Check the record of a plug-in."""
    if not isinstance(loaded, Protocol):
        raise TypeError(f"{loaded!r} found, expected a p300.evaluation.protocols.Protocol")
    return loaded


PROTOCOLS = Registry("protocol", "p300.protocols", OUR_PROTOCOLS, _read, ProtocolError)
"""Name in a config -> record: ours, then plug-ins (:mod:`p300.plugins`)."""

_NO_OPTIONS = ("flashes", "duration")
"""Parameters of all that yields folds that are no options of a protocol."""


def check_protocol(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Check a protocol's name and options.

    Raises
    ------
    ProtocolError
        For an unknown protocol or option, or a value of the wrong type or out of range.
    """
    protocol = PROTOCOLS.require(name)
    with PROTOCOLS.blaming(name):
        return check_arguments(
            protocol.folds,
            options,
            where=f"protocols.{name}",
            error=ProtocolError,
            skip=_NO_OPTIONS,
        )


def described_options(name: str) -> list[Parameter]:
    """Return the options of a protocol with defaults, ranges and what each is for."""
    protocol = PROTOCOLS.require(name)
    with PROTOCOLS.blaming(name):
        return parameters_of(protocol.folds, skip=_NO_OPTIONS)


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
    with PROTOCOLS.blaming(protocol):
        folds = list(PROTOCOLS[protocol].folds(flashes, duration=duration, **checked))
    for fold in folds:
        check_fold(fold, flashes, duration)
    return folds
