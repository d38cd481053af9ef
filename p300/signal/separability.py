"""How well single flashes tell targets from non-targets, electrode by electrode and in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from p300.signal.epochs import Epochs
from p300.signal.positions import Positions

Floats = npt.NDArray[np.float64]


def signed_r_squared(X: npt.NDArray[np.float32], y: npt.ArrayLike) -> Floats:
    """Measure the share of variance that the class explains, with the sign of the difference.

    The point-biserial correlation of each electrode and time with the class, squared, its sign
    kept: r = sqrt(n1 n2) / (n1 + n2) * (m1 - m2) / s, with m1 and m2 the means of targets and
    non-targets and s the standard deviation of all epochs together (Blankertz B, Lemm S, Treder M,
    Haufe S, Mueller KR (2011). Single-trial analysis and classification of ERP components: a
    tutorial. NeuroImage 56(2):814-825, doi:10.1016/j.neuroimage.2010.06.048).

    Parameters
    ----------
    X
        [epoch, electrode, time]
    y
        [epoch], 1 for a target, 0 for a non-target; both must occur.

    Returns
    -------
    [electrode, time], -1 to 1; 0 where the signal is constant.

    Raises
    ------
    ValueError
        When one of the classes does not occur.
    """
    target = np.asarray(y, dtype=bool)
    share = float(target.mean()) if len(target) else 0.0
    if not 0 < share < 1:
        raise ValueError(f"{int(target.sum())} targets of {len(target)} found, expected both kinds")
    r = np.zeros(X.shape[1:])
    # Electrode by electrode: double precision of all of X would take twice its memory.
    for k in range(X.shape[1]):
        values = X[:, k].astype(np.float64)
        difference = values[target].mean(axis=0) - values[~target].mean(axis=0)
        spread = values.std(axis=0)
        varies = spread > 0
        r[k, varies] = np.sqrt(share * (1 - share)) * difference[varies] / spread[varies]
    return np.sign(r) * r**2


@dataclass(frozen=True, eq=False)
class Responses:
    """Averages after targets and non-targets, and how separable single flashes are.

    Parameters
    ----------
    electrodes
        Names of the rows.
    times
        [time], seconds from the flash.
    target, nontarget
        [electrode, time], means, in ``unit``.
    target_error, nontarget_error
        [electrode, time], their standard errors over flashes.
    scale
        [electrode], robust standard deviation of all epochs.
    r_squared
        [electrode, time], signed; see :func:`signed_r_squared`.
    n_targets, n_nontargets, n_recordings
        What was averaged.
    unit
        Of the means, errors and scale: "V", or "SD" after :meth:`standardised`.
    positions
        As those of epochs.
    """

    electrodes: tuple[str, ...]
    times: Floats
    target: Floats
    nontarget: Floats
    target_error: Floats
    nontarget_error: Floats
    scale: Floats
    r_squared: Floats
    n_targets: int
    n_nontargets: int
    n_recordings: int = 1
    unit: Literal["V", "SD"] = "V"
    positions: Positions = field(default_factory=dict)

    def standardised(self) -> Responses:
        """Divide each electrode by its scale, so that amplitudes of other units can be averaged."""
        scale = np.where(self.scale > 0, self.scale, 1.0)
        names = ("target", "nontarget", "target_error", "nontarget_error")
        divided = {name: getattr(self, name) / scale[:, None] for name in names}
        return replace(self, **divided, scale=self.scale / scale, unit="SD")

    def best_electrodes(self, n: int) -> list[int]:
        """Return the rows of the electrodes with the largest signed r squared of either sign."""
        order = np.argsort(-np.abs(self.r_squared).max(axis=1), kind="stable")
        return [int(k) for k in order[:n]]


def measure_responses(epochs: Epochs) -> Responses | None:
    """Average the labelled epochs of one recording; None where one kind is missing.

    Parameters
    ----------
    epochs
        In volts, i.e. before a normaliser.
    """
    labelled = epochs.select(epochs.flashes["target"].notna().to_numpy(dtype=bool))
    target = labelled.y.astype(bool)
    if not 1 < target.sum() < len(target) - 1:
        return None
    means, errors = [], []
    for rows in (target, ~target):
        kind = labelled.X[rows]
        means.append(kind.mean(axis=0, dtype=np.float64))
        spread = np.stack([kind[:, k].std(axis=0, dtype=np.float64) for k in range(kind.shape[1])])
        errors.append(spread / np.sqrt(len(kind) - 1))
    return Responses(
        electrodes=labelled.electrodes,
        times=labelled.times,
        target=means[0],
        nontarget=means[1],
        target_error=errors[0],
        nontarget_error=errors[1],
        scale=1.4826 * np.array([np.median(np.abs(x)) for x in labelled.X.transpose(1, 0, 2)]),
        r_squared=signed_r_squared(labelled.X, target),
        n_targets=int(target.sum()),
        n_nontargets=int((~target).sum()),
        positions=labelled.positions,
    )


def mean_responses(parts: Sequence[Responses]) -> Responses:
    """Average over recordings of the same rate, each with the same weight, on common electrodes.

    The signed r squared is averaged too: amplitudes of different recordings are not pooled. The
    standard errors are those of the mean of independent means.
    """
    common = [name for name in parts[0].electrodes if all(name in p.electrodes for p in parts)]
    rows = [[part.electrodes.index(name) for name in common] for part in parts]

    def stacked(field: str) -> Floats:
        return np.stack([getattr(part, field)[row] for part, row in zip(parts, rows, strict=True)])

    def error(field: str) -> Floats:
        combined: Floats = np.sqrt((stacked(field) ** 2).sum(axis=0)) / len(parts)
        return combined

    return Responses(
        electrodes=tuple(common),
        times=parts[0].times,
        target=stacked("target").mean(axis=0),
        nontarget=stacked("nontarget").mean(axis=0),
        target_error=error("target_error"),
        nontarget_error=error("nontarget_error"),
        scale=stacked("scale").mean(axis=0),
        r_squared=stacked("r_squared").mean(axis=0),
        n_targets=sum(part.n_targets for part in parts),
        n_nontargets=sum(part.n_nontargets for part in parts),
        n_recordings=len(parts),
        unit=parts[0].unit,
        positions=parts[0].positions,
    )
