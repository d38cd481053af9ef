"""Which electrodes a detector looks at: named ones, or those that a trained network weighs most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from p300.detectors.splits import Floats, Index
from p300.errors import DetectorError


def named_electrodes(
    wanted: Sequence[str], electrodes: Sequence[str] | None, n_electrodes: int
) -> Index:
    """Give the rows of X that hold the named electrodes.

    Parameters
    ----------
    wanted
        Names.
    electrodes
        Names of the rows of X.
    n_electrodes
        Number of rows of X.

    Raises
    ------
    DetectorError
        When the names of the rows are not known or do not fit X, or a wanted one is missing.
    """
    if electrodes is None:
        raise DetectorError(
            f"picks {', '.join(wanted)} name electrodes, but the names of X's electrodes are not "
            "known; set electrodes, e.g. electrodes=epochs.electrodes"
        )
    if len(electrodes) != n_electrodes:
        raise DetectorError(f"{len(electrodes)} names of electrodes given, X has {n_electrodes}")
    missing = [name for name in wanted if name not in electrodes]
    if missing:
        raise DetectorError(
            f"electrodes {', '.join(missing)} are missing of {', '.join(wanted)}; the data has "
            f"{', '.join(electrodes)}: leave this detector out or set its picks to some of these"
        )
    return np.array([list(electrodes).index(name) for name in wanted], dtype=np.intp)


def electrode_weights(filters: Floats) -> Floats:
    """Give the sum over spatial filters of each electrode's absolute weight, [electrode].

    How Cecotti & Gräser (2011) rank electrodes, and CNN-2b chooses them.

    Parameters
    ----------
    filters
        [filter, electrode].
    """
    weights: Floats = np.abs(filters).sum(axis=0)
    return weights


def heaviest_electrodes(filters: Floats, n: int) -> Index:
    """Give the ``n`` electrodes of the largest weight, in the order of X.

    Raises
    ------
    DetectorError
        When there are fewer than ``n``.
    """
    weights = electrode_weights(filters)
    if not 1 <= n <= len(weights):
        raise DetectorError(f"{n} electrodes to be chosen, X has {len(weights)}")
    return np.sort(np.argsort(-weights, kind="stable")[:n])
