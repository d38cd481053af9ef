"""A short campaign of spoilt recordings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import bad_input
import pytest
from campaigns import loaders as module
from campaigns.loaders import loaders
from specimens import SPECIMENS

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is bounded by Linux"
)


def test_spoilt_recordings_of_every_format_are_read_or_refused(tmp_path):
    tried = list(loaders(tmp_path, 16, range(2 * len(SPECIMENS))))
    assert not [one for one in tried if not (one.held or one.left_out)]
    counted = Counter(one.outcome for one in tried)
    assert counted["refused"] > 20
    assert counted["worked"] > 10
    assert not list(tmp_path.iterdir())


def test_a_loader_that_breaks_is_told(tmp_path, monkeypatch):
    def breaking(*_, **__):
        raise IndexError("of a loader")

    monkeypatch.setattr(bad_input, "open_recordings", breaking)
    monkeypatch.setattr(module, "recognise_source", breaking)
    first, second = loaders(tmp_path, 16, range(2)), loaders(tmp_path, 16, range(2))
    assert not any(one.held for one in first)
    assert "IndexError in " in next(second).outcome


def test_a_format_that_cannot_be_read_here_is_left_out(tmp_path):
    import dataclasses

    lacking = dataclasses.replace(SPECIMENS[0], needs="no_such_package")
    (one,) = loaders(tmp_path, 16, [0], [lacking])
    assert one.left_out
    assert one.outcome == "left out: no_such_package is not installed"
