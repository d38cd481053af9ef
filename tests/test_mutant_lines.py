"""The mutants, which CI tries some of at a time: all have their line, and their tests."""

from __future__ import annotations

import pytest
from mutant import Mutant
from mutants import MUTANTS, ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.promise.replace("/", " "))
def test_a_mutant_has_its_line_and_its_tests(mutant: Mutant) -> None:
    text = (ROOT / "p300" / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.line) == 1
    assert mutant.change != mutant.line
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert (ROOT / file).exists()
        if name:
            assert name.rpartition("::")[2].partition("[")[0] in (ROOT / file).read_text("utf-8")
