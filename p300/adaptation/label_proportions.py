"""Learn a readout from unlabelled flashes and nobody else, where the paradigm allows it.

It must have kinds of flashes that differ in how often they light the attended symbol. The mean
epoch of a kind is a mixture of the two classes' means, in shares that the layout tells. Two kinds
with different shares are two equations for two means (Hübner et al., PLoS ONE 12:e0175856, 2017).
It needs no labels, no other subjects and no start, and cannot run away.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from p300.adaptation.coded_flashes import Flashes
from p300.adaptation.readout import Floats, Readout
from p300.detectors.linear.structure import UNSTRUCTURED, Structure
from p300.errors import DetectorError


def target_shares(flashes: Flashes, kinds: Sequence[int] | None = None) -> Floats:
    """Return how often flashes of each flash's kind light the attended symbol, [epoch].

    Parameters
    ----------
    flashes
        All with codes. What cannot be attended is no symbol of their layout.
    kinds
        The kind of each code, in ascending order of the codes. By default codes that light equally
        many symbols are of one kind: in a matrix of 6 x 8 rows are one and columns the other, which
        light the attended symbol once in 6 and once in 8 times.

    Raises
    ------
    DetectorError
        When symbols differ in how many codes of a kind light them: the share then depends on what
        is attended, which is not known.
    """
    n_codes = len(flashes.lit)
    kind = flashes.lit.sum(axis=1) if kinds is None else np.asarray(kinds)
    if kind.shape != (n_codes,):
        raise DetectorError(f"{len(kind)} kinds given, expected one for each of {n_codes} codes")
    shares = np.empty(n_codes)
    for one in np.unique(kind):
        of_kind = kind == one
        lit = flashes.lit[of_kind].sum(axis=0)
        if np.ptp(lit) > 0:
            raise DetectorError(
                f"{of_kind.sum()} flash codes are of one kind, but light some symbols "
                f"{lit.min():.0f} times and others {lit.max():.0f} times; to learn from label "
                "proportions the codes of a kind must light each equally often: name the kind of "
                "each code, or leave symbols that cannot be attended out of the layout"
            )
        shares[of_kind] = lit[0] / of_kind.sum()
    return shares[flashes.code]


def fit_to_proportions(
    flashes: Flashes,
    kinds: Sequence[int] | None = None,
    structure: Structure = UNSTRUCTURED,
) -> Readout:
    """Fit class means to the means of the kinds of flashes, without labels.

    The covariance is that of all epochs, shrunk (Ledoit & Wolf 2004): its scatter between the
    classes makes the log-likelihood ratios a little smaller and leaves their direction as it is.

    Parameters
    ----------
    flashes
        Of one subject. Those without a code are left out.
    kinds
        As in :func:`target_shares`.
    structure
        What is known of the covariance.

    Raises
    ------
    DetectorError
        When all kinds light the attended symbol equally often, as rows and columns of a square
        matrix do; as :func:`target_shares`.
    """
    from sklearn.covariance import ledoit_wolf

    used = flashes.of(flashes.code >= 0)
    share = target_shares(used, kinds)
    if not len(share) or np.ptp(share) == 0:
        raise DetectorError(
            f"flashes with target shares {np.unique(share).round(3).tolist()} found, two kinds "
            "that differ are needed to learn from label proportions; use self-calibration from "
            "other subjects (adaptation: self_calibrated)"
        )
    # The mean of a kind is nontarget + share (target - nontarget): a straight line in the share.
    line = np.column_stack([1 - share, share])
    nontarget, target = np.linalg.lstsq(line, used.features, rcond=None)[0]
    covariance, _ = ledoit_wolf(used.features)
    return Readout(nontarget, target, covariance, structure)
