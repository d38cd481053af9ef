"""A short campaign of spoilt stored files."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
from campaigns.stored_files import spoilt_copies
from campaigns.stored_specimens import loaded, make_specimens

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is bounded by Linux"),
]


@pytest.mark.slow
def test_what_is_spoilt_works_or_is_refused(tmp_path_factory):
    *detectors, epochs, run = make_specimens(tmp_path_factory.mktemp("stored"))
    for seconds_long in ("report", "resume", "spell"):
        run.uses.pop(seconds_long)
    tried = list(spoilt_copies([*detectors[:2], epochs, run], 16, range(48)))
    assert not [one for one in tried if not one.held]
    counted = Counter(one.outcome for one in tried)
    assert counted["refused"] > 15
    assert counted["worked"] > 4

    # What goes on with whatever it finds, and what breaks, is told.
    careless = {"load": lambda folder: [float("nan")]}
    breaking = {"load": lambda folder: {}["missing"]}
    for uses, said in ((careless, "not finite"), (breaking, "KeyError in test_stored_files.py")):
        (one,) = spoilt_copies([dataclasses.replace(epochs, uses=uses)], 16, [0])
        assert not one.held
        assert one.outcome.startswith(said)
    assert loaded in epochs.uses.values()
