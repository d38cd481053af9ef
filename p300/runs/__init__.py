"""Runs: a folder for each, and what lies in it."""

from p300.runs.folder import RunFolder

__all__ = ["RunFolder"]
