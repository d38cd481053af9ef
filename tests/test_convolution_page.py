"""docs/convolution.md: its blocks run, and every number of its text stands in one of them."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "docs" / "convolution.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```pycon\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# The list of sources has years and pages, which no code gives.
SECTIONS = dict(
    re.findall(r"^##? (?!Sources)(.*?)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
)


def numbers(text: str) -> set[float]:
    """Find the numbers, but for those within names, such as CNN-1 or conv2d."""
    without_names = re.sub(r"\b[A-Za-z_][\w-]*", " ", text)
    found = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", without_names)
    return {float(number.replace(",", "")) for number in found}


def test_the_blocks_give_the_outputs_shown() -> None:
    examples = []
    for block in BLOCK.finditer(TEXT):
        for example in doctest.DocTestParser().get_examples(block[1]):
            example.lineno += TEXT.count("\n", 0, block.start(1))
            examples.append(example)
    session = doctest.DocTest(examples, {}, PAGE.name, str(PAGE), 0, None)
    complaints: list[str] = []
    doctest.DocTestRunner(verbose=False).run(session, out=complaints.append)
    assert not complaints, "".join(complaints)
    assert len(examples) > 50
    assert "```" not in BLOCK.sub("", TEXT)  # every block was run


@pytest.mark.parametrize("section", SECTIONS)
def test_numbers_of_the_text_stand_in_a_block_of_their_section(section: str) -> None:
    code = "\n".join(BLOCK.findall(SECTIONS[section]))
    prose = BLOCK.sub("", f"{section}\n{SECTIONS[section]}")
    assert not numbers(prose) - numbers(code)


def test_numbers_are_told_from_names() -> None:
    assert numbers("CNN-1 has 31,652 in L3, `conv2d` [1, -1.5]: 1x1 of P300") == {31652, 1, 1.5}
