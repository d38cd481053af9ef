"""A readout from a person's own unlabelled flashes, character by character.

It needs nobody else. What other people's labelled flashes tell of the difference of the class means
is what is expected of it before anything is seen; how far this counts follows from how far those
people are from one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from p300.adaptation.coded_flashes import CodeSums, Flashes
from p300.adaptation.readout import Floats, Readout
from p300.adaptation.symbol_evidence import DISTANCE, SWEEPS, Believed, Contrasts
from p300.detectors.linear.covariance import EpochGroup, Group, scaled_shrinkage
from p300.detectors.linear.moments import Moments
from p300.detectors.linear.structure import Structure

REFUTED = 3.0
"""Nats by which the evidence for the opposite of what is expected leads when that is given up: 20
to 1. In none of 14 ordinary people did it lead at all (docs/adaptation.md)."""

MOST_OPEN = 25
"""Characters whose symbols are asked about again at the end of each: what older ones have said of
the difference is part of what is expected, so that neither time nor memory grows with a session."""


@dataclass(frozen=True, eq=False)
class Prior:
    """What is expected of a person before anything is seen.

    Parameters
    ----------
    readout
        To score by; None where nothing is known.
    difference
        Of the class means, [feature].
    variance
        Of that difference from person to person, in multiples of the noise's covariance.
    structure
        What is known of that covariance.
    """

    readout: Readout | None
    difference: Floats
    variance: float
    structure: Structure


def of_nobody(n_features: int, structure: Structure) -> Prior:
    """Return what is expected where there is nobody else."""
    return Prior(None, np.zeros(n_features), DISTANCE / n_features, structure)


def of_others(
    features: Floats, y: npt.NDArray[np.uint8], subject: npt.NDArray[np.int64], structure: Structure
) -> Prior:
    """Return what other people's labelled epochs tell.

    The variance is that of the people's differences about their mean, less what comes of few
    epochs, plus that of the mean. All features count in it, so that two people are enough. The
    noise is that within a person, each about their own means.

    Parameters
    ----------
    features
        [epoch, feature].
    y
        1 for a target, 0 for a non-target, [epoch]; both must occur in somebody's epochs.
    subject
        Number of each epoch's, [epoch]. Of one subject alone the variance is that of nobody.
    structure
        What is known of the covariance.
    """
    found, flashes, residuals = list[Floats](), list[float](), list[Floats]()
    for one in np.unique(subject):
        own, target = features[subject == one], y[subject == one] == 1
        if not 0 < target.sum() < len(target):
            continue
        means = [own[rows].mean(axis=0) for rows in (~target, target)]
        residuals.append(own - np.where(target[:, None], means[1], means[0]))
        found.append(means[1] - means[0])
        flashes.append(target.sum() * (~target).sum() / len(target))
    covariance = _shrunk(EpochGroup(np.concatenate(residuals), centred=True))
    nontarget, target_mean = (features[y == label].mean(axis=0) for label in (0, 1))
    readout = Readout(nontarget, target_mean, covariance, structure)
    n, n_features = len(found), features.shape[1]
    variance = DISTANCE / n_features
    if n > 1:
        apart = np.array(found) - np.mean(found, axis=0)
        lengths = np.sum(apart.T * structure.solve(covariance.copy(), apart.T))
        of_people = lengths / (n_features * (n - 1)) - np.mean(1 / np.array(flashes))
        variance = max(of_people, 0.0) * (1 + 1 / n) + 1 / sum(flashes)
    return Prior(readout, readout.target - readout.nontarget, float(variance), structure)


@dataclass(frozen=True, eq=False)
class Started:
    """What is known of a person so far.

    Parameters
    ----------
    readout
        To score by; None where nothing is known yet.
    refuted
        Whether the person's flashes say the opposite of what was expected, as with an inverted
        signal; what was expected is then left out.
    """

    readout: Readout | None
    refuted: bool = False


class Starting:
    """A person who is followed character by character, by what was known before each.

    Sums are kept, no epochs: those of each code of the last :data:`MOST_OPEN` characters, and of
    all epochs together what the covariance and its shrinkage need.

    Parameters
    ----------
    prior
        What is expected.
    lit
        1 where a code lights a symbol, [code, symbol].

    Attributes
    ----------
    known : :class:`Started`, what is known by now
    """

    def __init__(self, prior: Prior, lit: Floats) -> None:
        self.known = Started(prior.readout)
        self._prior = prior
        self._epochs: _Epochs | None = None
        self._open = CodeSums.none(lit, len(prior.difference))
        self._targets, self._coded = 0.0, 0.0  # of the characters that are no longer open

    def ratios(self, features: Floats) -> Floats:
        """Return log-likelihood ratios of flashes of the character that is shown now.

        Parameters
        ----------
        features
            [epoch, feature].

        Returns
        -------
        [epoch], zero as long as nothing is known.
        """
        readout = self.known.readout
        return np.zeros(len(features)) if readout is None else readout(features)

    def learn(self, flashes: Flashes) -> None:
        """Learn from flashes of the characters that come next, which are over.

        Parameters
        ----------
        flashes
            Their characters counted from 0. Those without a code count for the covariance alone;
            as long as none has one, what was expected stays.

        Raises
        ------
        DetectorError
            When the covariance is singular.
        """
        if not len(flashes.features):
            return
        if self._epochs is None:
            self._epochs = _Epochs(flashes.features)
        else:
            self._epochs.add(flashes.features)
        self._open = self._open.then(CodeSums.of(flashes))
        if self._coded or self._open.counts.any():
            self._learn(self._epochs)

    def _learn(self, epochs: _Epochs) -> None:
        """Ask about the open characters; close the oldest where they are too many."""
        prior, covariance = self._prior, _shrunk(epochs)
        contrasts = Contrasts.of(
            self._open.about(epochs.mean),
            prior.difference,
            lambda rows: prior.structure.solve(covariance.copy(), rows),
        )
        told, refuted = _told(contrasts, prior)
        told.settle(SWEEPS - 1)
        counts = self._open.counts
        targets = (told.probability * (counts @ self._open.lit)).sum(axis=1)
        share = (self._targets + targets.sum()) / (self._coded + counts.sum())
        difference = told.belief.mean[: contrasts.n_features]
        nontarget = epochs.mean - float(share) * difference
        readout = Readout(nontarget, nontarget + difference, covariance, prior.structure)
        self.known = Started(readout, refuted or self.known.refuted)
        if (n := len(counts) - MOST_OPEN) > 0:
            mean, variance = told.of_first(n)
            self._prior = Prior(None, mean[: contrasts.n_features], variance, prior.structure)
            self._targets += float(targets[:n].sum())
            self._coded += float(counts[:n].sum())
            self._open = self._open.after(n)


def _told(contrasts: Contrasts, prior: Prior) -> tuple[Believed, bool]:
    """Return what a first round tells, and whether what was expected is refuted and left out."""
    told = Believed(contrasts, prior.variance)
    evidence = told.tell_each()
    if prior.readout is None:
        return told, False
    lead = Believed(contrasts.opposite(), prior.variance).tell_each() - evidence
    if lead > REFUTED:
        told = Believed(contrasts.unexpected(), DISTANCE / contrasts.n_features)
        told.tell_each()
    return told, lead > REFUTED


class _Epochs:
    """Epochs of which sums about the mean of the first ones are kept; a Group of a covariance.

    About a mean of theirs, because a covariance from sums about zero loses digits where features
    are far from it.
    """

    def __init__(self, features: Floats) -> None:
        self._origin = features.mean(axis=0, dtype=np.float64)
        self._moments = self._of(features)

    def add(self, features: Floats) -> None:
        """Add epochs, [epoch, feature]."""
        self._moments = Moments.added([self._moments, self._of(features)])

    def _of(self, features: Floats) -> Moments:
        return Moments.of(features - self._origin, most_exact=np.inf)

    @property
    def n(self) -> int:
        """See :class:`p300.detectors.linear.covariance.Group`."""
        return self._moments.n

    @property
    def mean(self) -> Floats:
        """See :class:`p300.detectors.linear.covariance.Group`."""
        mean: Floats = self._origin + self._moments.mean
        return mean

    @property
    def covariance(self) -> Floats:
        """See :class:`p300.detectors.linear.covariance.Group`."""
        return self._moments.covariance

    def lengths(self, scale: Floats) -> float:
        """See :class:`p300.detectors.linear.covariance.Group`."""
        return self._moments.lengths(scale)


def start(flashes: Flashes, prior: Prior) -> Started:
    """Learn a readout from unlabelled flashes of one person.

    Parameters
    ----------
    flashes, prior
        As in :class:`Starting`, of all characters.

    Returns
    -------
    The readout of the prior where no flash has a code.

    Raises
    ------
    DetectorError
        When the covariance is singular.
    """
    starting = Starting(prior, flashes.lit)
    starting.learn(flashes)
    return starting.known


def score_by_starting(flashes: Flashes, prior: Prior) -> tuple[Floats, Started]:
    """Score a person character by character, each by what was known before it.

    Parameters
    ----------
    flashes, prior
        As in :func:`start`, in the order of time.

    Returns
    -------
    Log-likelihood ratios, [epoch], zero as long as nothing is known; and what is known at the end.
    """
    ratios, starting = np.zeros(len(flashes.features)), Starting(prior, flashes.lit)
    for character in range(flashes.n_characters):
        rows = flashes.character == character
        ratios[rows] = starting.ratios(flashes.features[rows])
        starting.learn(flashes.of(rows).as_first())
    return ratios, starting.known


def _shrunk(group: Group) -> Floats:
    """Return the covariance of all flashes, shrunk on features scaled to variance one."""
    covariance: Floats = group.covariance.copy()
    share, variance, scale = scaled_shrinkage(group, covariance)
    covariance *= 1 - share
    covariance[np.diag_indices(len(covariance))] += share * variance * scale**2
    return covariance
