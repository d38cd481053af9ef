"""A readout from a person's own unlabelled flashes and nothing else, character by character."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from p300.adaptation.coded_flashes import CodeSums, Flashes
from p300.adaptation.readout import Floats, Readout
from p300.adaptation.symbol_evidence import DISTANCE, Belief, Contrasts, symbol_probabilities
from p300.detectors.calibration import log_odds
from p300.detectors.linear.covariance import EpochGroup, scaled_shrinkage
from p300.detectors.linear.structure import Structure


@dataclass(frozen=True, eq=False)
class Started:
    """What a person's own flashes have taught.

    Parameters
    ----------
    readout
        None where no flash has a code.
    symbols
        Probability of each symbol, [character, symbol].
    """

    readout: Readout | None
    symbols: Floats


def target_share(lit: Floats) -> float:
    """Return how often a flash lights a symbol, all codes and symbols alike: [code, symbol]."""
    return float(lit.mean())


def start(flashes: Flashes, structure: Structure) -> Started:
    """Learn a readout from unlabelled flashes and nothing else.

    Parameters
    ----------
    flashes
        Of one person. Those without a code count for the covariance alone.
    structure
        What is known of the covariance of the features.

    Raises
    ------
    DetectorError
        When the covariance is singular.
    """
    n_symbols = flashes.lit.shape[1]
    coded = flashes.code >= 0
    if not coded.any():
        return Started(None, np.full((flashes.n_characters, n_symbols), 1 / n_symbols))
    group = EpochGroup(flashes.features)
    covariance = _shrunk(group)
    sums = CodeSums.of(replace(flashes, features=flashes.features - group.mean))
    contrasts = Contrasts.of(sums, lambda rows: structure.solve(covariance.copy(), rows))
    variance = DISTANCE / contrasts.n_features
    symbols = symbol_probabilities(contrasts, variance)
    weights = Belief.after(contrasts, symbols, variance).weights
    difference = weights @ sums.features.reshape(len(weights), -1)
    targets = float((symbols * (sums.counts @ sums.lit)).sum()) / coded.sum()
    nontarget = group.mean - targets * difference
    return Started(Readout(nontarget, nontarget + difference, covariance, structure), symbols)


def score_from_nothing(flashes: Flashes, structure: Structure) -> tuple[Floats, Started]:
    """Score a person character by character, each by what was known before it.

    Parameters
    ----------
    flashes, structure
        As in :func:`start`, in the order of time.

    Returns
    -------
    Log-odds of a target, [epoch], the same of all flashes as far as nothing is known; and what is
    known at the end.
    """
    scores = np.full(len(flashes.features), log_odds(target_share(flashes.lit)))
    known = Started(None, np.empty((0, flashes.lit.shape[1])))
    for character in range(flashes.n_characters):
        rows = flashes.character == character
        if known.readout is not None:
            scores[rows] += known.readout(flashes.features[rows])
        known = start(flashes.of(flashes.character <= character), structure)
    return scores, known


def _shrunk(group: EpochGroup) -> Floats:
    """Return the covariance of all flashes, shrunk on features scaled to variance one."""
    covariance = group.covariance.copy()
    share, variance, scale = scaled_shrinkage(group, covariance)
    covariance *= 1 - share
    covariance[np.diag_indices(len(covariance))] += share * variance * scale**2
    return covariance
