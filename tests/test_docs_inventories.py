"""The addresses of other libraries' pages that docs/ keeps: of names that are there."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

INVENTORIES = sorted((Path(__file__).resolve().parent.parent / "docs" / "inventories").iterdir())


@pytest.mark.parametrize("file", INVENTORIES, ids=lambda file: file.stem)
def test_every_name_is_there(file):
    head, *lines = file.read_text(encoding="utf-8").splitlines()[2:]
    assert head.startswith("# Version")
    for line in lines:
        name, kind, page = line.split()
        module, _, attribute = name.rpartition(".")
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, type) == (kind == "class"), name
        assert page.endswith(".html")
