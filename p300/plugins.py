"""Plug-ins: what installed packages, and the session that runs, add to the registries.

A package tells in its metadata what it adds: entry points of the groups ``p300.detectors``,
``p300.sources``, ``p300.adaptations``, ``p300.protocols``, ``p300.metrics`` and
``p300.report_sections``. They are looked for when a name is none of ours, or when all are listed,
and loaded then: code of installed packages, never of what only lies in the current folder. One
that cannot be used is named once in a warning with its package and left out, and none takes the
place of another.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from p300.arguments import did_you_mean
from p300.errors import ConfigError, P300Error, PluginWarning

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")

OURS, SESSION = "p300", "this session"
"""What is told as the package of what no other package brings."""

_PREFIX = "p300."


@dataclass(frozen=True)
class Package:
    """An installed package that adds something."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


Entry = tuple[Package, "EntryPoint"]


@dataclass
class _Plugins(Generic[T]):
    """The entry points of a group by name, and what loading them came to."""

    entries: Mapping[str, list[Entry]]
    usable: dict[str, T] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


class Registry(MutableMapping[str, T]):
    """Entries by name: ours, then those of this session, then those of installed packages.

    To set an item registers it for this session.

    Parameters
    ----------
    what
        What messages call an entry.
    group
        Of the entry points.
    ours
        Our entries.
    read
        Takes the name and what an entry point loads; returns the entry, or raises a TypeError or
        ValueError that tells what is wrong with it.
    error
        What is raised where there is none of a name.
    """

    def __init__(
        self,
        what: str,
        group: str,
        ours: Mapping[str, T],
        read: Callable[[str, Any], T],
        error: type[P300Error] = ConfigError,
    ) -> None:
        self.what, self.group, self.error = what, group, error
        self._ours, self._read = dict(ours), read
        self._session: dict[str, T] = {}
        self._path: tuple[str, ...] = ()
        self._known = _Plugins[T]({})

    def __getitem__(self, name: str) -> T:
        if name in self._ours:
            return self._ours[name]
        return self._session[name] if name in self._session else self._plugin(name)

    def __setitem__(self, name: str, entry: T) -> None:
        """Register for this session; what was registered under the name before is replaced.

        Raises
        ------
        P300Error
            When the name is taken by ours or by a package's.
        """
        if name in self._ours or name in self._plugins.entries:
            raise self.error(
                f"{self.what} {name!r}: the name is taken, by {self.package(name)}; choose another"
            )
        self._session[name] = entry

    def register(self, name: str, loaded: object) -> None:
        """Register for this session what an entry point could load.

        Raises
        ------
        P300Error
            When the name is taken, or it is not what is expected.
        """
        try:
            self[name] = self._read(name, loaded)
        except (TypeError, ValueError) as error:
            if isinstance(error, P300Error):
                raise
            raise self.error(f"{self.what} {name!r}: {error}") from error

    def __delitem__(self, name: str) -> None:
        del self._session[name]

    def __iter__(self) -> Iterator[str]:
        plugins = self._plugins.entries
        for name in (each for each in plugins if each in self._ours):
            self._tell(name, "the name is taken by one of p300's own")
        yield from [*self._ours, *self._session]
        yield from [name for name in plugins if name not in self._ours and name in self]

    def __len__(self) -> int:
        return sum(1 for _ in self)  # list() would ask for the length

    def require(self, name: object) -> T:
        """Return an entry.

        Raises
        ------
        P300Error
            Where there is none: the nearest name is suggested, or why a plug-in cannot be used.
        """
        if not isinstance(name, str) or name not in self:
            raise self.error(f"unknown {self.what} {name!r}{self.hint(name)}")
        return self[name]

    def hint(self, name: object) -> str:
        """Return what a message says behind a name that is not there."""
        return self.why(name) or f"{did_you_mean(name, self)} There are: {', '.join(self)}"

    def why(self, name: object) -> str:
        """Return the same of a plug-in that cannot be used, "" of others."""
        reason = self._plugins.broken.get(str(name))
        return f": that of {self._brings(str(name))} cannot be used: {reason}" if reason else ""

    def package(self, name: str) -> str:
        """Return which package brings an entry, with the version of those that are not ours."""
        if name in self._ours:
            return OURS
        if name in self._session:
            return SESSION
        return self._brings(name)

    def versions(self, name: str) -> dict[str, str]:
        """Return the version of the package that brings an entry; nothing for ours."""
        if name in self._ours or name in self._session:
            return {}
        return {each.name: each.version for each, _ in self._plugins.entries.get(name, [])}

    def is_ours(self, name: str) -> bool:
        """Whether an entry is our own."""
        return name in self._ours

    def is_of_session(self, name: str) -> bool:
        """Whether an entry is there in this session only, and in no other process."""
        return name in self._session

    @contextmanager
    def blaming(self, name: str) -> Iterator[None]:
        """Raise what the code of a plug-in raises as our error that names its package.

        What files and memory raise stays as it is, and so does what our own code raises.
        """
        try:
            yield
        except (P300Error, OSError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            if name in self._ours:
                raise
            raise self.error(
                f"{self.what} {name!r} of {self.package(name)}: {_said(error)}"
            ) from error

    def leave_out(self, name: str, error: Exception) -> None:
        """Warn of a plug-in whose code has raised, once; what is ours raises it."""
        if name in self._ours:
            raise error
        self._tell(name, _said(error))

    @property
    def _plugins(self) -> _Plugins[T]:
        if self._path != tuple(sys.path):
            self._path = tuple(sys.path)
            self._known = _Plugins(_named(_installed(self._path).get(self.group, [])))
        return self._known

    def _plugin(self, name: str) -> T:
        """Return the entry of an installed package, loaded when it is first asked for."""
        known = self._plugins
        if name in known.entries and name not in {**known.usable, **known.broken}:
            try:
                (_, entry), *others = known.entries[name]
                if others:
                    raise ValueError(
                        "several packages bring one of this name; uninstall all but one"
                    )
                known.usable[name] = self._read(name, entry.load())
            except (Exception, SystemExit) as error:  # noqa: BLE001 — code of others
                known.broken[name] = _said(error)
                self._tell(name, known.broken[name])
        return known.usable[name]

    def _tell(self, name: str, why: str) -> None:
        if name not in self._plugins.told:
            self._plugins.told.add(name)
            warnings.warn(
                f"{self.what} {name!r} of {self._brings(name)} is left out: {why}",
                PluginWarning,
                stacklevel=4,
            )

    def _brings(self, name: str) -> str:
        """Return the packages whose plug-ins have a name, even one that is taken."""
        packages = [str(package) for package, _ in self._plugins.entries.get(name, [])]
        return " and ".join(packages) or SESSION


def plugin_versions() -> dict[str, str]:
    """Return the versions of all packages that bring plug-ins."""
    found = _installed(tuple(sys.path)).values()
    return {package.name: package.version for entries in found for package, _ in entries}


def said_in_docs(code: object) -> str:
    """Return the first line of what code says of itself, "" where it says nothing."""
    lines = (getattr(code, "__doc__", None) or "").strip().splitlines()
    return lines[0].strip() if lines else ""


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _named(entries: list[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for package, entry in entries:
        found.setdefault(entry.name, []).append((package, entry))
    return found


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> dict[str, list[Entry]]:
    """Return the entry points of each of our groups, packages by name."""
    from importlib.metadata import distributions

    packages: dict[str, list[Entry]] = {}
    for found in distributions(path=_without_current(path)):
        try:
            # Nothing but this file is read of the hundreds of packages that bring nothing.
            if f"[{_PREFIX}" not in (found.read_text("entry_points.txt") or ""):
                continue
            package = Package(str(found.metadata["Name"]), found.version)
            entries = [each for each in found.entry_points if each.group.startswith(_PREFIX)]
        except Exception as error:  # noqa: BLE001 — a damaged installation, whoever's it is
            warnings.warn(
                f"plug-ins of {getattr(found, '_path', 'a package')} are left out: {_said(error)}",
                PluginWarning,
                stacklevel=4,
            )
            continue
        # Of a package that is there twice, Python imports the first.
        packages.setdefault(
            re.sub(r"[-_.]+", "-", package.name).lower(), [(package, each) for each in entries]
        )
    groups: dict[str, list[Entry]] = {}
    for _, own in sorted(packages.items()):
        for package, entry in sorted(own, key=lambda one: one[1].name):
            groups.setdefault(entry.group, []).append((package, entry))
    return groups


def _without_current(path: tuple[str, ...]) -> list[str]:
    """Return Python's path without the current folder, where that is there unasked.

    `python -m` and notebooks put it first: what lies in it, a config's author may have sent.
    """
    current = Path.cwd()
    asked_for = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    if current in (Path(each).absolute() for each in asked_for):
        return list(path)
    return [each for k, each in enumerate(path) if k or Path(each).absolute() != current]
