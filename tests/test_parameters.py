"""Every parameter has one sentence, read the same way wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from p300.adaptation.registry import ADAPTATIONS, described_settings
from p300.arguments import ArgumentGroup, accepted_arguments
from p300.detectors import DETECTORS, described_parameters, detector_parameters
from p300.detectors.declared import DECLARED
from p300.detectors.registry import register_detector
from p300.evaluation.protocols import PROTOCOLS
from p300.evaluation.protocols import described_options as described_protocol
from p300.lazy import imported
from p300.parameters import Parameter, parameters_of, plain, said_at, said_by, said_in
from p300.recordings import SOURCES, described_options
from p300.signal.alignment import Alignment

DOCUMENTED = '''"""Do something.

    Parameters
    ----------
    first, second : of one kind
        Both, in ``volts``, see
        :class:`~p300.signal.epochs.Epochs` and :data:`FEW`.

        More of them.
    third
        Another.

    Raises
    ------
    ValueError
        Never.
    """'''


def every_parameter() -> Iterator[tuple[str, Parameter]]:
    for registry, described in (
        (DETECTORS, described_parameters),
        (SOURCES, described_options),
        (PROTOCOLS, described_protocol),
        (ADAPTATIONS, described_settings),
    ):
        for name in registry:
            if registry.is_ours(name):
                yield from ((f"{registry.what} {name}", each) for each in described(name))
    yield from (("alignment", each) for each in parameters_of(Alignment))


def test_every_parameter_has_a_sentence() -> None:
    shown = list(every_parameter())
    assert {"n_folds", "n_filters", "layout", "paradigm", "test_runs", "mode", "subjects"} <= {
        each.name for _, each in shown
    }
    for where, each in shown:
        assert len(each.sentence.split()) > 2, f"{where}: say what {each.name} is for"
        assert each.sentence.endswith("."), f"{where}: {each.name}: {each.sentence}"
        assert "``" not in each.sentence
        assert ":`" not in each.sentence
        assert not each.sentence.startswith(("See ", "As ")), f"{where}: {each.name}"


@pytest.mark.parametrize("place", DECLARED)
def test_the_source_of_a_module_says_what_its_class_says(place: str) -> None:
    by_source, by_class = said_at(place), said_by(imported(place))
    for name in accepted_arguments(DECLARED[place]):
        assert by_source[name] == by_class[name]


@pytest.mark.parametrize("name", ["cnn1", "cnn2a", "dbn", "slda", "estimator"])
def test_a_detector_is_described_in_full(name: str) -> None:
    described = {each.name: each.default for each in described_parameters(name)}
    assert described == detector_parameters(name)


def test_a_docstring_says_what_each_parameter_is_for() -> None:
    said = said_in(DOCUMENTED.strip('"'))
    both = "Both, in `volts`, see `Epochs` and `FEW`. More of them."
    assert said == {"first": both, "second": both, "third": "Another."}
    assert said_in(None) == said_in("Nothing here.") == {}


def test_roles_are_named_as_they_are_read() -> None:
    assert plain(":mod:`p300.ranges` and\n :func:`~p300.ranges.describe`, ``a: b``") == (
        "`p300.ranges` and `describe`, `a: b`"
    )


def test_what_a_module_does_not_say_is_not_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "said_little.py").write_text("from os import path\nclass A(path.B): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert said_at("said_little:A") == said_at("said_little:B") == {}
    assert said_at("there_is_no_such_module:A") == {}


def test_parameters_of_bases_and_groups_are_said() -> None:
    class Base:
        """Something.

        Parameters
        ----------
        size
            Of all.
        """

        def __init__(self, *, size: int = 3) -> None: ...

    class Derived(Base):
        """Something else."""

    (size,) = parameters_of(Derived)
    assert (size.name, size.default, size.sentence) == ("size", 3, "Of all.")
    assert (size.values, size.is_required) == ("whole number", False)


class Grouped(ArgumentGroup):
    """Several.

    Parameters
    ----------
    inner
        Inside.
    """

    def __init__(self, inner: str) -> None: ...


def test_grouped_arguments_are_said_one_by_one() -> None:
    def load(path: str, grouped: Grouped) -> None:
        """Load."""

    (inner,) = parameters_of(load, skip=("path",))
    assert (inner.name, inner.sentence, inner.is_required) == ("inner", "Inside.", True)


def test_a_plug_in_that_says_nothing_is_shown_without_sentences() -> None:
    from p300.detectors.linear.lda import ShrinkageLDA

    @register_detector("silent")
    class Silent(ShrinkageLDA):
        def __init__(self, *, n_folds: int = 5, speed: float = 1.0) -> None:
            super().__init__(n_folds=n_folds)
            self.speed = speed

    try:
        said = {each.name: each.sentence for each in described_parameters("silent")}
    finally:
        del DETECTORS["silent"]
    assert said.pop("n_folds").startswith("Parts of")  # as its base says
    assert said == {"speed": ""}
