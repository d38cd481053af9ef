"""Several networks as one classifier: what each learns from, and how their outputs are fused."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from p300.detectors.validation import Index, Labels
from p300.errors import DetectorError

Division = Literal["whole", "non_targets", "time"]


def member_parts(
    division: Division,
    n_members: int,
    y: Labels,
    learn: Index,
    validate: Index,
    rng: np.random.Generator,
) -> list[tuple[Index, Index]]:
    """Give each member of an ensemble its epochs to learn from and to validate on.

    The ensembles of Cecotti & Gräser 2011. How non-targets are drawn is open in the paper: at
    random here. So is validation: here one part that no member learns from serves all members,
    because the fused scores are calibrated on it; each looks at its kind of share of it.

    Parameters
    ----------
    division
        ``whole``: all of the epochs (MCNN-3). ``non_targets``: all targets and one share of the
        non-targets (MCNN-1). ``time``: one stretch of the training record (MCNN-2).
    n_members
        Number of members.
    y
        1 for a target, 0 for a non-target, [epoch], in the order of time.
    learn, validate
        Positions of the learning and of the validation part.
    rng
        Draws the non-targets.

    Raises
    ------
    DetectorError
        When a member would lack targets or non-targets.
    """
    match division:
        case "whole":
            parts = [(learn, validate)] * n_members
        case "non_targets":
            shares = [_share_non_targets(y, part, n_members, rng) for part in (learn, validate)]
            parts = list(zip(*shares, strict=True))
        case "time":
            parts = [(stretch, validate) for stretch in np.array_split(learn, n_members)]
    for member, part in enumerate(parts, start=1):
        if any(len(np.unique(y[rows])) < 2 for rows in part):
            raise DetectorError(
                f"member {member} of {n_members} would lack targets or non-targets (division "
                f"{division!r} of {len(learn)} epochs to learn from and {len(validate)} to "
                "validate on); give more training data or use fewer members"
            )
    return parts


def _share_non_targets(
    y: Labels, rows: Index, n_shares: int, rng: np.random.Generator
) -> list[Index]:
    """Give each share all targets and its own part of the non-targets, in the order of time."""
    targets, others = rows[y[rows] == 1], rng.permutation(rows[y[rows] == 0])
    return [np.sort(np.concatenate([targets, s])) for s in np.array_split(others, n_shares)]


def fuse(log_odds: Tensor) -> Tensor:
    """Give the log-odds of the mean of the members' probabilities.

    Computed with logarithms throughout: a member that is sure stays finite.

    Parameters
    ----------
    log_odds
        [member, epoch].

    Returns
    -------
    [epoch]
    """
    target = torch.logsumexp(logsigmoid(log_odds), dim=0)
    non_target = torch.logsumexp(logsigmoid(-log_odds), dim=0)
    return target - non_target
