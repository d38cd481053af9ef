"""What can be cited: all that is named is there, nothing is there in vain, names agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import p300
from p300.adaptation.registry import WAYS, make_adaptation
from p300.detectors.catalogue import OUR_DETECTORS
from p300.detectors.described import COVARIANCES, DESCRIPTIONS, LEARNING
from p300.evaluation.intervals import REFERENCES, TESTS
from p300.recordings.described import DESCRIBED
from p300.recordings.moabb_sets import MOABB_SETS
from p300.references import DOI, Reference, cited_labels, cited_text, references
from p300.report.methods.software import NAMES
from p300.signal.alignment import Alignment

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("euclidean", "riemannian", "scaling")


def named_keys() -> set[str]:
    """All keys that something names: by its record, or in the sentences of the methods."""
    found = {key for one in DESCRIPTIONS.values() for key in one.references}
    for table in (COVARIANCES, LEARNING):
        found |= {key for _, keys in table.values() for key in keys}
    for source in (*DESCRIBED.values(), *MOABB_SETS.values()):
        found |= {*source.references, *getattr(source, "format_references", ())}
    found |= {key for name in METHODS for key in Alignment(name).references}  # type: ignore[arg-type]
    found |= {key for name in WAYS for key in make_adaptation(name).references}
    found |= {key for keys in REFERENCES.values() for key in keys} | NAMES.keys()
    for file in (Path(p300.__file__).parent / "report" / "methods").glob("*.py"):
        found |= set(re.findall(r'"([a-z-]+\d{4}|p300)"', file.read_text(encoding="utf-8")))
    return found


def test_all_that_is_named_is_there_and_nothing_in_vain() -> None:
    assert named_keys() == references().keys()


def test_every_test_and_every_detector_has_a_source() -> None:
    assert REFERENCES.keys() == TESTS.keys()
    alone = {name for name, info in OUR_DETECTORS.items() if not getattr(info, "alone", None)}
    assert alone == DESCRIPTIONS.keys()


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_short_citation_of_a_detector_is_of_its_first_reference(name: str) -> None:
    info, described = OUR_DETECTORS[name], DESCRIPTIONS[name]
    if not described.references or info.year is None:
        return
    first = references()[described.references[0]]
    family = first.authors[0].partition(",")[0]
    assert info.citation.startswith(family)
    assert {str(info.year), str(first.year)} <= set(re.findall(r"\d{4}", info.citation))


def test_dois_are_bare_and_each_stands_once() -> None:
    dois = [one.doi for one in references().values() if one.doi]
    assert len(set(map(str.lower, dois))) == len(dois) > 50
    assert all(re.fullmatch(DOI, doi) for doi in dois)


def test_the_package_is_cited_as_its_citation_file_says() -> None:
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    ours = references()["p300"]
    assert ours.title == told["title"]
    assert ours.authors == tuple(one["name"] for one in told["authors"])
    (paper,) = told["references"]
    assert references()["cecotti2011"].doi == paper["doi"]


@pytest.mark.parametrize(
    ("authors", "by"),
    [
        (("Cox, D. R.",), "Cox"),
        (("He, H.", "Wu, D."), "He and Wu"),
        (("Guger, C.", "Daban, S.", "Sellers, E."), "Guger et al."),
        (("Harris, C. R.", "others"), "Harris et al."),
        (("g.tec medical engineering GmbH",), "g.tec medical engineering GmbH"),
    ],
)
def test_a_text_names_one_author_two_or_the_first(authors: tuple[str, ...], by: str) -> None:
    assert Reference(kind="article", authors=authors, title="T").by == by


def test_a_reference_in_full() -> None:
    assert references()["guger2009"].text.endswith(
        "G. (2009). How many people are able to control a P300-based brain-computer interface "
        "(BCI)? Neuroscience Letters 462(1):94–98. doi:10.1016/j.neulet.2009.06.045"
    )
    assert cited_text(["fisher1935", "holm1979"]) == (
        "Fisher, R. A. (1935). The Design of Experiments. Oliver and Boyd. And: Holm, S. (1979). A "
        "simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics "
        "6(2):65–70."
    )
    assert cited_text([], "none") == "none"


def test_references_of_the_same_authors_and_year_have_letters() -> None:
    labels = cited_labels(["korczowski2019b", "cox1958", "korczowski2019a"])
    assert labels == {
        "korczowski2019b": "Korczowski et al. 2019a",
        "cox1958": "Cox 1958",
        "korczowski2019a": "Korczowski et al. 2019b",
    }
