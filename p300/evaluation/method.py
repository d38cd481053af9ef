"""A method: a detector with its parameters, its alignment and its adaptation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, overload

from p300.adaptation.registry import make_adaptation
from p300.detectors.catalogue import DETECTORS
from p300.detectors.registry import (
    NamedDetector,
    detector_info,
    name_detector,
    resolved_parameters,
)
from p300.errors import ConfigError
from p300.signal.alignment import NO_ALIGNMENT, Alignment, make_alignment

if TYPE_CHECKING:
    from p300.adaptation.base import Adaptation
    from p300.detectors.base import Detector

GIVEN_BY_FOLD = ("seed", "electrodes")
"""Parameters of detectors that each fold gives: nobody else sets them."""


class _MadeWhenAsked:
    """The field ``detector``: named only, it is made when somebody asks for it.

    Its libraries take seconds to import, which who plans folds or reads a finished run saves.
    """

    @overload
    def __get__(self, method: None, owner: type[Method]) -> NoReturn: ...
    @overload
    def __get__(self, method: Method, owner: type[Method]) -> Detector: ...
    def __get__(self, method: Method | None, owner: type[Method]) -> Detector:
        if method is None:
            raise AttributeError("detector")  # so that dataclasses see no default
        given = method.__dict__["detector"]
        if isinstance(given, NamedDetector):
            given = method.__dict__["detector"] = given.make()
        made: Detector = given
        return made

    def __set__(self, method: Method, detector: Detector | NamedDetector) -> None:
        method.__dict__["detector"] = method.__dict__["given"] = detector


@dataclass(frozen=True)
class Method:
    """What is evaluated: one entry of a config's ``detectors``.

    Parameters
    ----------
    detector
        Unfitted; each fold fits a copy. One that is named only is made when it is asked for.
    alignment
        How domains are brought together before the detector.
    adaptation
        What the detector may learn from the tested subject.
    """

    detector: _MadeWhenAsked = _MadeWhenAsked()  # a descriptor, not a default
    alignment: Alignment = NO_ALIGNMENT
    adaptation: Adaptation[Any] = field(default_factory=lambda: make_adaptation("none"))

    @classmethod
    def read(cls, label: str, settings: Mapping[str, Any]) -> Method:
        """Return the method that an entry of a config names.

        Parameters
        ----------
        label
            Key of the entry.
        settings
            The detector's parameters; ``detector``, its name where that is not the label (with
            ``estimator`` or ``steps`` it is an estimator of another library);
            ``alignment`` and ``adaptation``.

        Raises
        ------
        ConfigError, DetectorError
            For an unknown name, or a value of the wrong type or out of its range.
        """
        parameters = dict(settings)
        described = any(parameters.get(key) is not None for key in ("estimator", "steps"))
        name = parameters.pop("detector", "estimator" if described else label)
        where = f"detectors.{label}"
        if not isinstance(name, str):
            raise ConfigError(f"{where}.detector: {name!r} found, expected the name of a detector")
        info = detector_info(name)
        alignment = parameters.pop("alignment", info.alignment)
        adaptation = parameters.pop("adaptation", info.adaptation)
        for key in GIVEN_BY_FOLD:
            if key in parameters:
                raise ConfigError(
                    f"{where}.{key} is given to the detector by each fold; leave it out (the "
                    "experiment's seed decides all seeds)"
                )
        return cls(
            detector=name_detector(name, parameters, where),
            alignment=make_alignment(alignment, f"{where}.alignment"),
            adaptation=make_adaptation(adaptation, f"{where}.adaptation"),
        )

    @classmethod
    def of(cls, given: Method | Detector | Any) -> Method:
        """Return what a script gives as a method.

        As in a config, a detector adapts as its line of the registry says.

        Parameters
        ----------
        given
            A method; an unfitted detector; or any classifier of scikit-learn on X [epoch,
            electrode, time], which is then calibrated like a detector
            (:class:`p300.detectors.EstimatorDetector`).

        Raises
        ------
        DetectorError
            When it is nothing of these.
        """
        from p300.detectors import as_detector

        if isinstance(given, cls):
            return given
        detector = as_detector(given)
        own = DETECTORS[detector.name].adaptation if detector.name in DETECTORS else "none"
        return cls(detector, adaptation=make_adaptation(own))

    @property
    def name(self) -> str:
        """Name of the detector in the registry."""
        return str(self.__dict__["given"].name)

    def settings(self) -> dict[str, Any]:
        """Return the entry of a config with everything resolved: all parameters, JSON-ready."""
        from pydantic_core import to_jsonable_python

        named = self.__dict__["given"]
        known = isinstance(named, NamedDetector)
        settings: dict[str, Any] = to_jsonable_python(
            {
                "detector": named.name,
                **(named.resolved() if known else resolved_parameters(named)),
                "alignment": asdict(self.alignment),
                "adaptation": self.adaptation.settings(),
            }
        )
        return settings

    def unfitted(self, seed: int, electrodes: tuple[str, ...]) -> Detector:
        """Return a copy of the detector for one fold.

        Parameters
        ----------
        seed
            Everything random in the fit follows from it, where the detector takes one.
        electrodes
            Names of the electrodes of X, told to detectors that ask for them.
        """
        from sklearn.base import clone

        detector: Detector = clone(self.detector)
        given = {"seed": seed, "electrodes": electrodes}
        asked = detector.get_params()
        detector.set_params(**{key: given[key] for key in given if key in asked})
        return detector

    @property
    def shares(self) -> bool:
        """Whether fits to parts of a study share what is derived of each subject."""
        given = self.__dict__["given"]
        return isinstance(given, NamedDetector) and detector_info(given.name).shares

    @property
    def shares_like(self) -> str:
        """The same text for methods that share the same."""
        return repr([self.__dict__["given"].learns_like, self.alignment.offline])

    @property
    def learns_like(self) -> str:
        """The same text for methods that learn the same from the same training epochs."""
        given = self.__dict__["given"]
        learned = (given.learns_like, self.alignment.offline, self.adaptation.learns_like)
        return repr(learned)
