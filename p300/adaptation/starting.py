"""What is known before a person comes who is started from nobody's data, and the person."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.special import expit

from p300.adaptation.readout import Floats, Readout
from p300.adaptation.self_start import Prior, Started, Starting
from p300.detectors.calibration import Sigmoid, finite_scores
from p300.errors import TrainingWarning
from p300.recordings.layout import lit_symbols

if TYPE_CHECKING:
    from p300.adaptation.coded_flashes import Flashes
    from p300.detectors.base import Detector
    from p300.recordings.layout import Layout


@dataclass(frozen=True, eq=False)
class Start:
    """What is known before the tested person comes.

    Parameters
    ----------
    detector
        To which all epochs are alike.
    prior
        What is expected of a person.
    calibration
        Log-likelihood ratio -> log-odds of a target.
    training_scores
        Log-odds of each training epoch as if its subject came, [training epoch]; NaN of subjects
        who were not treated as new.
    """

    detector: Detector
    prior: Prior
    calibration: Sigmoid
    training_scores: Floats

    def reading(self, readout: Readout | None) -> Detector:
        """Return a detector that reads by what a person's flashes have taught."""
        if readout is None:
            return self.detector
        (weights, middle), of = readout.line, self.calibration
        line = of.slope * weights, of.intercept - of.slope * middle
        detector = copy.deepcopy(self.detector)
        share = float(expit(detector.threshold_))
        return detector.take_readout(detector.input_shape_, share, line)

    def log_odds(self, ratios: Floats) -> Floats:
        """Return the log-odds of a target from log-likelihood ratios, [epoch]."""
        return finite_scores(self.calibration(ratios), f"of {self.detector.name}, self-started,")

    def follow(self, layout: Layout) -> StartedPerson:
        """See :class:`p300.adaptation.following.Adapting`."""
        return StartedPerson(self, layout)


class StartedPerson:
    """A person who is started; see :class:`p300.adaptation.following.Person`."""

    def __init__(self, start: Start, layout: Layout) -> None:
        self._start, self._starting = start, Starting(start.prior, lit_symbols(layout))

    @property
    def trusted(self) -> bool:
        """Whether what was expected was never refuted."""
        return not self._starting.known.refuted

    @property
    def n_fallen_back(self) -> int:
        """Return 0: what is refuted is left out for good, nothing is fallen back to."""
        return 0

    def log_odds(self, features: Floats) -> Floats:
        """See :meth:`p300.adaptation.following.Person.log_odds`."""
        return self._start.log_odds(self._starting.ratios(features))

    def learn(self, own: Flashes) -> None:
        """See :meth:`p300.adaptation.following.Person.learn`."""
        self._starting.learn(own.as_first())

    def post_hoc(self, features: Floats) -> Floats:
        """See :meth:`p300.adaptation.following.Person.post_hoc`."""
        return self.log_odds(features)

    def warn(self, name: str) -> None:
        """See :meth:`p300.adaptation.following.Person.warn`."""
        warn_refuted(name, self._starting.known)


def warn_refuted(name: str, known: Started) -> None:
    """Say so where the flashes of a person say the opposite of what was expected."""
    if known.refuted:
        warnings.warn(
            f"{name}: the flashes say the opposite of what the "
            "training subjects show (is the signal inverted, or the reference another?); what "
            "they show is left out, and the subject is started from nobody's data",
            TrainingWarning,
            stacklevel=3,
        )
