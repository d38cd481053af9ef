"""What is declared of the detectors is what their classes take."""

from __future__ import annotations

from typing import Any

import pytest

from p300.arguments import accepted_arguments, accepted_types
from p300.detectors import DETECTORS, detector_info, make_detector
from p300.detectors.declared import DECLARED, NETWORK, WRAPPER
from p300.detectors.registry import name_detector, resolved_parameters
from p300.lazy import imported
from p300.ranges import describe

FOR_OTHERS = ("network", "network_options", "n_electrodes", "n_samples")


def taken(function: Any) -> dict[str, tuple[Any, str]]:
    types = accepted_types(function, FOR_OTHERS)
    return {
        name: (parameter.default, describe(types[name]))
        for name, parameter in accepted_arguments(function, FOR_OTHERS).items()
    }


@pytest.mark.parametrize("place", DECLARED)
def test_a_declaration_repeats_the_class(place: str) -> None:
    written = [f"{name}: ... = {default!r}  # {words}" for name, (default, words) in
               taken(imported(place)).items()]  # fmt: skip
    assert taken(DECLARED[place]) == taken(imported(place)), (
        f"p300/detectors/declared.py: {place} takes, in this order: {written}"
    )
    assert list(taken(DECLARED[place])) == list(taken(imported(place)))


def test_every_detector_of_the_package_is_declared() -> None:
    places = {info.place for info in DETECTORS.values() if info.place.startswith("p300.")}
    assert places <= DECLARED.keys(), "declare it in p300/detectors/declared.py"


GIVEN = [
    {},
    {"training": "paper"},
    {"training": "momentum", "patience": 3},
    {"max_passes": 2, "picks": 4},
    {"picks": ["Cz", "Pz"], "n_members": 2, "division": "time"},
    {"picks": None, "n_members": 1, "division": "whole"},
]


@pytest.mark.parametrize("name", DETECTORS)
def test_a_named_detector_says_what_the_made_one_says(name: str) -> None:
    given_to = GIVEN if detector_info(name).network else [{}, {"n_folds": 4}]
    if name == "estimator":  # there is none by default
        given_to = [
            {"estimator": "sklearn.svm:SVC"},
            {"steps": {"a": {"estimator": "sklearn.svm:SVC"}}},
        ]
    for given in given_to:
        named = name_detector(name, given)
        assert list(named.resolved().items()) == list(resolved_parameters(named.make()).items())
        made = make_detector(named.name, **given)
        assert named.make().get_params().keys() == made.get_params().keys()


def test_what_learns_alike_is_told_without_making_it() -> None:
    def learns(name: str, **given: Any) -> str:
        return name_detector(name, given).learns_like

    assert learns("cnn1") == learns("finetuned") == learns("cnn1", n_filters=10, seed=3)
    assert learns("slda") == name_detector("slda", {}).make().learns_like
    assert len({learns("cnn1"), learns("mcnn3"), learns("cnn1", max_passes=2), learns("slda")}) == 4


def test_a_detector_that_is_not_declared_is_imported_to_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = {name: name_detector(name, {}).resolved() for name in ("cnn1", "slda")}
    for place in (NETWORK, WRAPPER, *(detector_info(name).place for name in expected)):
        monkeypatch.delitem(DECLARED, place)
    assert {name: name_detector(name, {}).resolved() for name in expected} == expected
