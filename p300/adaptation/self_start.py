"""A readout from a person's own unlabelled flashes, character by character.

It needs nobody else. What other people's labelled flashes tell of the difference of the class means
is what is expected of it before anything is seen; how far this counts follows from how far those
people are from one another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from p300.adaptation.coded_flashes import CodeSums, Flashes
from p300.adaptation.readout import Floats, Readout
from p300.adaptation.symbol_evidence import (
    DISTANCE,
    Belief,
    Contrasts,
    symbol_probabilities,
    total_evidence,
    vectors,
)
from p300.detectors.linear.covariance import EpochGroup, scaled_shrinkage
from p300.detectors.linear.structure import Structure

REFUTED = 3.0
"""Nats by which the evidence for the opposite of what is expected leads when that is given up: 20
to 1. In none of 14 ordinary people did it lead at all (docs/adaptation.md)."""


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


def start(flashes: Flashes, prior: Prior) -> Started:
    """Learn a readout from unlabelled flashes of one person.

    Parameters
    ----------
    flashes
        Those without a code count for the covariance alone.
    prior
        What is expected.

    Returns
    -------
    The readout of the prior where no flash has a code.

    Raises
    ------
    DetectorError
        When the covariance is singular.
    """
    coded = flashes.code >= 0
    if not coded.any():
        return Started(prior.readout)
    group = EpochGroup(flashes.features)
    covariance = _shrunk(group)
    sums = CodeSums.of(replace(flashes, features=flashes.features - group.mean))

    def contrasts_of(expected: Floats) -> Contrasts:
        return Contrasts.of(
            sums, expected, lambda rows: prior.structure.solve(covariance.copy(), rows)
        )

    contrasts = contrasts_of(prior.difference)
    refuted = prior.readout is not None and _is_refuted(contrasts, prior.variance)
    if refuted:
        prior = of_nobody(len(prior.difference), prior.structure)
        contrasts = contrasts_of(prior.difference)
    probability = symbol_probabilities(contrasts, prior.variance)
    belief = Belief.after(contrasts, probability, prior.variance)
    difference = belief.weights @ vectors(sums, prior.difference)
    share = float((probability * (sums.counts @ sums.lit)).sum()) / coded.sum()
    nontarget = group.mean - share * difference
    return Started(Readout(nontarget, nontarget + difference, covariance, prior.structure), refuted)


def _is_refuted(contrasts: Contrasts, variance: float) -> bool:
    """Return whether flashes say the opposite of what is expected of their difference."""
    lead = total_evidence(contrasts.opposite(), variance) - total_evidence(contrasts, variance)
    return lead > REFUTED


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
    ratios, known = np.zeros(len(flashes.features)), Started(prior.readout)
    for character in range(flashes.n_characters):
        rows = flashes.character == character
        if known.readout is not None:
            ratios[rows] = known.readout(flashes.features[rows])
        known = start(flashes.of(flashes.character <= character), prior)
    return ratios, known


def _shrunk(group: EpochGroup) -> Floats:
    """Return the covariance of all flashes, shrunk on features scaled to variance one."""
    covariance: Floats = group.covariance.copy()
    share, variance, scale = scaled_shrinkage(group, covariance)
    covariance *= 1 - share
    covariance[np.diag_indices(len(covariance))] += share * variance * scale**2
    return covariance
