"""Runs: a folder for each, and what lies in it."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.runs.folder import RunFolder

__getattr__ = lazy_names(__name__, {"RunFolder": "p300.runs.folder"})

__all__ = ["RunFolder"]
