"""The mean over subjects: its 95 % interval, and the test that agrees with it.

The interval is the test turned round: it holds every value from which the mean cannot be told at
:data:`LEVEL`. So an interval leaves zero out if and only if p is at most .05.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVEL = 0.05
"""Of all tests here; intervals hold the true mean in a share of 1 - LEVEL of studies."""

MOST_EXACT = 16
"""Subjects up to which all sign flips are counted (65,536)."""

FEWEST = 6
"""Subjects from which there is an interval: with fewer no p can be as small as :data:`LEVEL`."""

TESTS = {
    "sign-flip": (
        "exact sign-flip permutation test of the mean difference (the share of all 2^n signs of "
        "the subjects' differences whose mean is at least as far from zero as the one found)"
    ),
    "Hall": (
        "t test of the mean difference after Hall's transformation, which takes the skewness of "
        f"the differences away (more than {MOST_EXACT} subjects)"
    ),
}
"""Name of a test -> what it is."""

REFERENCES = {"sign-flip": ("fisher1935", "hartigan1969"), "Hall": ("hall1992",)}
"""Name of a test -> keys of :mod:`p300.references` of the test and of its interval."""

# Relative to the largest value, means this near to zero and values this near to each other are so
# but for rounding.
_ROUNDING = 1e-9


def name_of_test(n_subjects: int) -> str:
    """Return which of :data:`TESTS` is made with so many subjects."""
    return "sign-flip" if n_subjects <= MOST_EXACT else "Hall"


def smallest_p(n_subjects: int) -> float:
    """Return the smallest p that a test by signs can reach: 2 of 2^n."""
    return float(min(1.0, 2.0 ** (1 - n_subjects)))


def mean_interval(values: npt.ArrayLike) -> tuple[float, float] | None:
    """Return the 95 % interval of a mean over subjects.

    Up to :data:`MOST_EXACT` subjects it holds all theta that :func:`mean_test` of values - theta,
    by sign flips, does not reject: its ends are means of subsets of the subjects, exact for every
    symmetric distribution (Hartigan, JASA 64:1303-1317, 1969, who credits Tukey). Beyond, it
    inverts Hall's transformation of the t statistic.

    Parameters
    ----------
    values
        One figure a subject.

    Returns
    -------
    Lower and upper end; None with fewer than :data:`FEWEST` subjects, where no interval can hold
    what it says.

    Raises
    ------
    ValueError
        When a figure is not finite.
    """
    given = _checked(values)
    if len(given) < FEWEST:
        return None
    return _flip_interval(given) if len(given) <= MOST_EXACT else _hall_interval(given)


def mean_test(values: npt.ArrayLike) -> tuple[float, str]:
    """Test that figures of subjects, such as differences of two detectors, are zero on average.

    Up to :data:`MOST_EXACT` subjects exactly: if two detectors are alike, either could have been
    called the first in each subject, so all 2^n signs of the differences are equally likely; p is
    the share of them whose mean is at least as far from zero as the one found (Fisher, The Design
    of Experiments, 1935, section 21). Beyond, by t after Hall's transformation (J. R. Statist. Soc.
    B 54:221-228, 1992), never below :func:`smallest_p`.

    Parameters
    ----------
    values
        One figure a subject.

    Returns
    -------
    Two-sided p, and which of :data:`TESTS` was made.

    Raises
    ------
    ValueError
        When there is no figure, or one is not finite.
    """
    given = _checked(values)
    name = name_of_test(len(given))
    return (_flip_p(given) if name == "sign-flip" else _hall_p(given)), name


def summarise_mean(values: npt.ArrayLike) -> dict[str, Any]:
    """Return ``value``, ``low``, ``high`` and ``n`` of a mean over subjects.

    Parameters
    ----------
    values
        One figure a subject; subjects without one (NaN) do not count.

    Returns
    -------
    ``low`` and ``high`` are None where there is no :func:`mean_interval`; ``value`` is NaN where no
    subject has a figure.
    """
    given = np.asarray(values, dtype=np.float64)
    known = given[~np.isnan(given)]
    if not len(known):
        return {"value": np.nan, "low": None, "high": None, "n": 0}
    low, high = mean_interval(known) or (None, None)
    return {"value": float(known.mean()), "low": low, "high": high, "n": len(known)}


def _checked(values: npt.ArrayLike) -> Floats:
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or not len(given) or not np.isfinite(given).all():
        raise ValueError(f"{given} found, expected one finite figure a subject")
    return given


def _flip_p(values: Floats) -> float:
    lower, upper = _halves(values)
    # The signs of a half and of its rest make one mean and its opposite; so do all and no signs.
    as_far = 2 * int(np.sum((lower <= 0) & (upper >= 0))) + 2
    return float(min(1.0, as_far / 2.0 ** len(values)))


def _flip_interval(values: Floats) -> tuple[float, float]:
    lower, upper = _halves(values)
    # p = (2 c + 2) / 2^n, c counting the lower means up to theta, exceeds LEVEL from this c on.
    k = int(LEVEL * 2.0 ** (len(values) - 1))
    return float(np.partition(lower, k - 1)[k - 1]), float(np.partition(upper, -k)[-k])


def _halves(values: Floats) -> tuple[Floats, Floats]:
    """Split the subjects in two in all ways; return the lower and the higher mean of either half.

    Flipping the signs of one half takes the mean at least as far from theta as it was if and only
    if theta lies between the means of the two: the product of their distances from it is then not
    positive. So sorted means of halves hold p of every theta.
    """
    members = _members(len(values))
    sums, counts = members @ values, members.sum(axis=1)
    means = np.stack([sums / counts, (values.sum() - sums) / (len(values) - counts)])
    means[np.abs(means) <= _ROUNDING * np.abs(values).max()] = 0.0
    return means.min(axis=0), means.max(axis=0)


@lru_cache
def _members(n: int) -> Floats:
    """Return who is in the first half, [split, subject]; the last subject never is."""
    numbers = np.arange(1, 2 ** (n - 1))
    return (numbers[:, None] >> np.arange(n) & 1).astype(np.float64)


def _hall_p(values: Floats) -> float:
    from scipy.special import stdtr

    n, mean, spread, skewness = _moments(values)
    least = smallest_p(n)
    if spread == 0:
        return least if mean else 1.0
    u = mean / spread
    straight = u + skewness * u**2 / 3 + skewness**2 * u**3 / 27 + skewness / (6 * n)
    return max(least, float(2 * stdtr(n - 1, -np.sqrt(n) * abs(straight))))


def _hall_interval(values: Floats) -> tuple[float, float]:
    from scipy.special import stdtrit

    n, mean, spread, skewness = _moments(values)
    ends = np.array([-1, 1]) * stdtrit(n - 1, 1 - LEVEL / 2) / np.sqrt(n) - skewness / (6 * n)
    root = np.cbrt(1 + skewness * ends)
    # 3 (root - 1) / skewness, in a form that also holds without any skewness.
    high, low = mean - spread * 3 * ends / (root**2 + root + 1)
    return float(low), float(high)


def _moments(values: Floats) -> tuple[int, float, float, float]:
    """Return number, mean, standard deviation (n - 1; 0 where all are alike) and skewness."""
    n, mean = len(values), float(values.mean())
    rounding = _ROUNDING * np.abs(values).max()
    centred = values - mean
    if np.ptp(values) <= rounding:
        return n, 0.0 if abs(mean) <= rounding else mean, 0.0, 0.0
    skewness = float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)
    return n, mean, float(values.std(ddof=1)), skewness
