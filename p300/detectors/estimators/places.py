"""Find the class of an estimator that a config or a stored detector names.

Importing a module runs it. So a name is taken only where it can be nothing but a class of an
installed package: never a path, nothing of Python's own library, nothing that lies in the current
folder alone, where a config may have brought it along.
"""

from __future__ import annotations

import inspect
import keyword
import os
import pkgutil
import re
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from p300.arguments import did_you_mean, shown
from p300.errors import DetectorError

LONGEST = 200
"""Letters of a place."""

PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
_METHODS = ("fit", "get_params", "set_params")


def estimator_class(place: object, where: str) -> type[Any]:
    """Import the class of an estimator.

    Parameters
    ----------
    place
        ``module:Class`` of an installed package.
    where
        What messages call the place in a config.

    Raises
    ------
    DetectorError
        When it is another thing than ``module:Class``, in no installed package, not there, or no
        estimator; its package has been imported in the last two cases only.
    """
    module, name = _parts(place, where)
    package = module.partition(".")[0]
    if package in sys.stdlib_module_names or package == "__main__":
        raise DetectorError(
            f"{where}: {place!r} found, but {package!r} is no package of estimators; expected one "
            "that is installed, such as sklearn.linear_model:LogisticRegression"
        )
    _check_installed(package, where)
    try:
        found = getattr(imported := import_module(module), name, None)
    except ModuleNotFoundError as error:
        raise DetectorError(
            f"{where}: no module {error.name!r}{_similar_module(module)}; correct {place!r}"
        ) from error
    except Exception as error:  # whatever a foreign module does when it is imported
        raise DetectorError(
            f"{where}: {module} cannot be imported ({type(error).__name__}: {error})"
        ) from error
    if found is None:
        classes = [key for key in dir(imported) if is_estimator(getattr(imported, key, None))]
        raise DetectorError(f"{where}: {module} has no {name!r}{did_you_mean(name, classes)}")
    if not is_estimator(found):
        raise DetectorError(
            f"{where}: {place} is no estimator, which is a class with {', '.join(_METHODS)}; "
            "derive it from sklearn.base.BaseEstimator"
        )
    estimator: type[Any] = found
    return estimator


def is_estimator(found: object) -> bool:
    """Return whether something is a class that can be used as scikit-learn uses its own."""
    return inspect.isclass(found) and all(callable(getattr(found, each, None)) for each in _METHODS)


def place_of(kind: type[Any]) -> str:
    """Return ``module:Class`` by which a class is found, in the first package that offers it.

    Raises
    ------
    DetectorError
        When it is defined in a function, or in the script that runs.
    """
    parts = kind.__module__.split(".")
    for n in range(1, len(parts) + 1):
        module = sys.modules.get(".".join(parts[:n]))
        if kind.__module__ != "__main__" and getattr(module, kind.__qualname__, None) is kind:
            return f"{'.'.join(parts[:n])}:{kind.__qualname__}"
    raise DetectorError(
        f"class {kind.__qualname__} of {kind.__module__} cannot be named for others; put it at the "
        "top of a module of a package that is installed"
    )


def _parts(place: object, where: str) -> tuple[str, str]:
    """Return module and class of a place that is nothing but these."""
    text = place if isinstance(place, str) and len(place) <= LONGEST else ""
    module, _, name = text.partition(":")
    parts = [*module.split("."), name]
    if not PLACE.fullmatch(text) or any(
        keyword.iskeyword(part) or part.startswith("__") for part in parts
    ):
        raise DetectorError(
            f"{where}: {shown(place)} found, expected module:Class of an installed package, such "
            "as sklearn.linear_model:LogisticRegression; no path, no call"
        )
    return module, name


def _check_installed(package: str, where: str) -> None:
    """Refuse a package that is not there, or that only the current folder offers."""
    if package in sys.modules:
        return
    if find_spec(package) is None:
        raise DetectorError(f"{where}: package {package!r} is not installed; install it")
    # `python -m` and notebooks put the current folder first, unasked.
    first, current = sys.path[0], Path.cwd()
    asked_for = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    if Path(first).absolute() != current or current in (Path(p).absolute() for p in asked_for):
        return
    here, elsewhere = (PathFinder.find_spec(package, path) for path in ([first], sys.path[1:]))
    if here is not None and elsewhere is None:
        raise DetectorError(
            f"{where}: {package!r} lies in the current folder and is not installed; what a config "
            "brings along is not run: install it (pip install -e), or name its folder in PYTHONPATH"
        )


def _similar_module(module: str) -> str:
    """Return which module of the same package may be meant."""
    above, _, last = module.rpartition(".")
    paths = getattr(sys.modules.get(above), "__path__", None)
    names = [found.name for found in pkgutil.iter_modules(paths)] if paths else []
    return did_you_mean(last, names)
