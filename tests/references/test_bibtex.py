"""References as BibTeX, and text that LaTeX sets as it stands."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from p300.references import Reference, references
from p300.references.bibtex import bibtex, latex_text

COMMANDS = r"\\text[a-z]+\{\}|\\[{}&%$#_]|\$-\$|\$\\times\$|--"


@given(st.text())
def test_whatever_the_text_latex_sees_nothing_special(text: str) -> None:
    left = re.sub(COMMANDS, "", latex_text(text)).replace("~", "")
    assert not set(left) & set("\\{}&%$#_^<>|")
    assert left.isprintable()


def test_text_is_escaped_letter_by_letter() -> None:
    assert latex_text(r"a_b 5 % {x} \y – −3 dB") == (
        r"a\_b 5 \% \{x\} \textbackslash{}y -- $-$3 dB"
    )
    assert latex_text("Gräser\nÉtude") == "Gräser Étude"


def test_an_entry_has_its_fields_and_no_empty_ones() -> None:
    entry = bibtex("guger2009", references()["guger2009"], "Licence: CC & more")
    assert entry.startswith("@article{guger2009,\n  author = {Guger, C. and Daban, S. and ")
    for line in (
        "title = {{How many people are able to control a P300-based brain-computer interface",
        "journal = {Neuroscience Letters},",
        "pages = {94--98},",
        "doi = {10.1016/j.neulet.2009.06.045},",
        r"note = {Licence: CC \& more},",
    ):
        assert line in entry
    assert "= {}" not in entry


def test_an_organisation_is_one_name_and_more_authors_are_others() -> None:
    assert "author = {{g.tec medical engineering GmbH}}" in bibtex("b", references()["br41n"])
    assert " and others}" in bibtex("numpy", references()["numpy"])


def test_the_venue_stands_where_its_kind_has_it() -> None:
    for kind, field in (("inproceedings", "booktitle"), ("misc", "howpublished")):
        one = Reference(kind=kind, authors=("A, B",), title="T", venue="V")  # type: ignore[arg-type]
        assert f"{field} = {{V}}" in bibtex("k", one)


def test_all_entries_are_balanced() -> None:
    for key, one in references().items():
        entry = bibtex(key, one).replace(r"\{", "").replace(r"\}", "")
        depth = 0
        for letter in entry:
            depth += (letter == "{") - (letter == "}")
            assert depth >= 0
        assert depth == 0
