"""A fitted estimator as JSON and arrays, and back: without pickle, nothing in it can run.

Kept are the parameters, and what the estimator has noted when it was fitted: numbers, text, arrays,
lists of these, other estimators. Who notes other things (a network, a tree) says itself what is
to be kept, by ``state()`` and ``restore(about, arrays)`` as
:class:`~p300.detectors.base.Detector` has them.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from p300.arguments import shown
from p300.detectors.estimators.places import estimator_class, place_of
from p300.errors import DetectorError

Arrays = dict[str, npt.NDArray[Any]]
DEEPEST = 8
"""Estimators in each other."""


@runtime_checkable
class KeepsItself(Protocol):
    """A fitted estimator that says itself what is to be stored of it."""

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Return what :meth:`restore` needs: a JSON-ready description and arrays of numbers."""

    def restore(self, about: dict[str, Any], arrays: Arrays) -> Any:
        """Become the fitted estimator that :meth:`state` described."""


class _CannotKeepError(Exception):
    """Names what cannot be stored."""


def keep(fitted: Any) -> tuple[dict[str, Any], Arrays]:
    """Return a fitted estimator as a JSON-ready description and arrays of numbers.

    Raises
    ------
    DetectorError
        Naming the attribute that cannot be stored.
    """
    arrays: Arrays = {}
    try:
        return _kept(fitted, "", arrays, DEEPEST), arrays
    except _CannotKeepError as error:
        raise DetectorError(
            f"{type(fitted).__name__} cannot be stored: {error}; expected numbers, text, arrays, "
            "lists of these and estimators. Give its class state() and restore(about, arrays) "
            "(docs/detectors.md), evaluate it without training it for storage, or use a detector "
            "of `p300 detectors`"
        ) from error


def _kept(fitted: Any, path: str, arrays: Arrays, depth: int) -> dict[str, Any]:
    """Describe an estimator; its arrays are added to ``arrays`` under their paths."""
    kind = type(fitted)
    if not depth:
        raise _CannotKeepError(f"{path} lies in more than {DEEPEST} other estimators")
    try:
        found: dict[str, Any] = {"class": place_of(kind)}
    except DetectorError as error:
        raise _CannotKeepError(str(error)) from error
    parameters = fitted.get_params(deep=False)
    found["parameters"] = _kept_items(parameters, path, arrays, depth, _defaults(kind))
    if isinstance(fitted, KeepsItself):
        about, own = fitted.state()
        found["state"] = about
        arrays |= {f"{path}{name}": array for name, array in own.items()}
        return found | {"arrays": {name: f"{path}{name}" for name in own}}
    noted = {key: value for key, value in vars(fitted).items() if key not in parameters}
    # What is no one's business can be left out where it cannot be stored: scores will tell.
    private = {key: value for key, value in noted.items() if _is_private(key)}
    fitted_items = _kept_items(noted, path, arrays, depth, private)
    return found | {"fitted": fitted_items}


def _is_private(name: str) -> bool:
    return name.startswith("_") or not name.endswith("_")


def _defaults(kind: type[Any]) -> dict[str, Any]:
    return {key: each.default for key, each in inspect.signature(kind).parameters.items()}


def _kept_items(
    items: Mapping[str, Any], path: str, arrays: Arrays, depth: int, may_go: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe values by name; one that ``may_go`` holds too is left out where it cannot be."""
    found, missing = {}, object()
    for key, value in items.items():
        own: Arrays = {}
        try:
            found[key] = _value(value, f"{path}{key}", own, depth)
        except _CannotKeepError:
            if may_go.get(key, missing) is not value:
                raise
        else:
            arrays |= own
    return found


def _value(value: Any, path: str, arrays: Arrays, depth: int) -> Any:
    """Describe a value; arrays are added to ``arrays``."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    if isinstance(value, float) and not isinstance(value, np.generic) and math.isfinite(value):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return _array(value, path, arrays)
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        items = [_value(each, f"{path}.{k}", arrays, depth) for k, each in enumerate(value)]
        return {kind: items}
    if type(value) is dict and all(isinstance(key, str) for key in value):
        inner = {key: _value(each, f"{path}.{key}", arrays, depth) for key, each in value.items()}
        return {"dict": inner}
    if hasattr(value, "get_params") and not isinstance(value, type):
        return {"estimator": _kept(value, f"{path}.", arrays, depth - 1)}
    raise _CannotKeepError(f"{path} is {type(value).__name__} ({shown(value)})")


def _array(value: npt.NDArray[Any] | np.generic, path: str, arrays: Arrays) -> dict[str, Any]:
    if value.dtype.kind == "U":
        return {"texts": value.tolist()}
    if value.dtype.kind not in "fiub" or value.dtype.itemsize > 8:
        raise _CannotKeepError(f"{path} is an array of {value.dtype}")
    if not np.isfinite(value).all():
        raise _CannotKeepError(f"{path} holds NaN or infinite values")
    # safetensors gives an array of no axes one.
    arrays[path] = np.atleast_1d(value)
    return {"array" if value.ndim else "number": path}


def rebuild(kept: Mapping[str, Any], arrays: Arrays, packages: frozenset[str]) -> Any:
    """Return the fitted estimator that :func:`keep` described.

    Parameters
    ----------
    kept, arrays
        What it gave, perhaps from a file that others have written.
    packages
        The packages whose classes may be made.

    Raises
    ------
    DetectorError, LookupError, TypeError, ValueError
        When it is another thing.
    """
    return _Rebuilding(arrays, packages | {"sklearn"}).estimator(kept, DEEPEST)


class _Rebuilding:
    """Makes estimators of descriptions."""

    def __init__(self, arrays: Arrays, packages: frozenset[str]) -> None:
        self._arrays, self._packages = arrays, packages

    def estimator(self, kept: Mapping[str, Any], depth: int) -> Any:
        if not depth:
            raise DetectorError(f"more than {DEEPEST} estimators in each other")
        place = str(kept["class"])
        if (package := place.partition(":")[0].partition(".")[0]) not in self._packages:
            raise DetectorError(
                f"class {shown(place)} found, of a package ({package}) that the detector's "
                "parameters do not name"
            )
        kind = estimator_class(place, "class")
        made = kind(**{key: self.value(each, depth) for key, each in kept["parameters"].items()})
        if isinstance(made, KeepsItself):
            made.restore(kept["state"], {k: self._arrays[at] for k, at in kept["arrays"].items()})
            return made
        for name, each in kept["fitted"].items():
            if not name.isidentifier() or name.startswith("__") or hasattr(kind, name):
                raise DetectorError(f"attribute {shown(name)} found, which nobody notes in fitting")
            vars(made)[name] = self.value(each, depth)
        return made

    def value(self, kept: Any, depth: int) -> Any:
        if not isinstance(kept, Mapping):
            return kept
        ((kind, inner),) = kept.items()
        match kind:
            case "array":
                return self._arrays[inner]
            case "number":
                return self._arrays[inner][0]
            case "texts":
                return np.array(inner, dtype=str)
            case "list":
                return [self.value(each, depth) for each in inner]
            case "tuple":
                return tuple(self.value(each, depth) for each in inner)
            case "dict":
                return {key: self.value(each, depth) for key, each in inner.items()}
            case "estimator":
                return self.estimator(inner, depth - 1)
        raise DetectorError(f"a value of kind {shown(kind)} found")
