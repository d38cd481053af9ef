"""Whether what was guessed to be targets and non-targets can be those of an oddball."""

from __future__ import annotations

FEWEST = 10
"""Flashes of each kind that a guess needs: marks of a few start and stop something."""

FEWEST_NAMED = 2
"""The same where the marks call themselves targets: one repetition of a row/column speller has two
targets, and a run may be no longer."""

SHARE = (1 / 50, 1 / 2)
"""Least and largest share of targets: rarer ones are no experiment's, and what is shown more often
than not draws no P300 (a matrix of two rows and two columns has every second flash a target)."""


def is_plausible(n_targets: int, n_nontargets: int, fewest: int = FEWEST) -> bool:
    """Return whether so many targets and non-targets can be those of an experiment.

    Parameters
    ----------
    n_targets, n_nontargets
        Flashes guessed to be of each kind.
    fewest
        Least number of each.
    """
    if min(n_targets, n_nontargets) < fewest:
        return False
    return SHARE[0] <= n_targets / (n_targets + n_nontargets) <= SHARE[1]
