"""The flat parameters of a config, and the meta-estimators that they stand for."""

from __future__ import annotations

from p300.detectors.base import Detector
from p300.detectors.meta.ensembles import Division, Ensemble
from p300.detectors.meta.picked_electrodes import HeaviestElectrodes, NamedElectrodes
from p300.detectors.training.network import NetworkDetector
from p300.ranges import Names, Size


def wrap_network(
    network: NetworkDetector,
    *,
    picks: Names | Size | None = None,
    division: Division = "whole",
    n_members: Size = 1,
    electrodes: Names | None = None,
) -> Detector:
    """Return a network as an ensemble and on some electrodes, where that is asked for.

    Parameters
    ----------
    network
        The network itself.
    picks
        Names of electrodes to look at; or a number of them, those that a network trained on the
        same epochs weighs most in its spatial filters. None: all.
    division
        What each of several networks learns from. ``whole``: all training epochs.
        ``non_targets``: all targets and its own share of the non-targets. ``time``: its own stretch
        of the training record.
    n_members
        Number of networks, whose probabilities are averaged.
    electrodes
        Names of the electrodes of X, needed where ``picks`` are names.
    """
    detector: NetworkDetector | Ensemble = network
    if n_members != 1 or division != "whole":
        detector = Ensemble(network, n_members=n_members, division=division)
    if picks is None:
        return detector
    if isinstance(picks, int):
        return HeaviestElectrodes(detector, picks)
    return NamedElectrodes(detector, picks, electrodes=electrodes)
