"""A short campaign of hostile configs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from campaigns import hostile_configs as module
from campaigns.hostile_configs import hostile_configs, judged

from p300.errors import ConfigError

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is bounded by Linux"
)


@pytest.mark.slow
def test_hostile_configs_are_refused_or_right(tmp_path):
    tried = list(hostile_configs(tmp_path, 16, range(70)))
    assert not [one for one in tried if not one.held]
    counted = Counter(one.outcome for one in tried)
    assert counted["refused"] > 40
    assert counted["worked"] > 0


def test_what_is_accepted_must_read_back(tmp_path, monkeypatch):
    file = tmp_path / "right.yaml"
    file.write_text(module.FULL, encoding="utf-8")
    assert judged(lambda: module._loaded(file, ())) == "worked"
    first = module.parse_experiment(module.FULL)
    monkeypatch.setattr(
        module, "parse_experiment", lambda _: first.model_copy(update={"seed": first.seed + 1})
    )
    assert "reads back as another one" in judged(lambda: module._loaded(file, ()))


def test_what_breaks_takes_too_long_or_too_much_is_told(monkeypatch):
    assert judged(lambda: [1.0]) == "worked"
    assert judged(lambda: {}["a"]).startswith("KeyError in")
    assert judged(lambda: bytearray(2**30)).startswith("MemoryError in")

    def out_of_memory():
        try:
            bytearray(2**30)
        except MemoryError as error:
            raise ConfigError("too much") from error

    assert judged(out_of_memory) == "out of memory: too much"
    monkeypatch.setattr(module, "CPU", 0.0)
    assert judged(lambda: [sum(range(10**5))]).startswith("worked, 0.")
    monkeypatch.setattr(module, "SECONDS", 1)

    def endless():
        while True:
            pass

    assert judged(endless).startswith("more than 1 s")
