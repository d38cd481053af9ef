"""Somebody's package, installed for a test."""

from __future__ import annotations

import sys

import pytest
from somebodys import LIBRARY


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A package of somebody's, installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "ourlib.py").write_text(LIBRARY)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    monkeypatch.syspath_prepend(str(folder))
    yield "ourlib"
    sys.modules.pop("ourlib", None)
