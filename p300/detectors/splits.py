"""Set a part of the training epochs aside, by whole groups."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from p300.errors import DetectorError, TrainingWarning
from p300.signal.epoch_arrays import blocks

Index = npt.NDArray[np.intp]
EpochArray = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
HeldOut = list[tuple[Index, Index]]
"""Positions of epochs to learn from and of those held out, once for each part."""

FEWEST_GROUPS = 2
"""Groups (characters, runs or subjects) that a detector needs: one is set aside."""


def check_training_data(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[EpochArray, Labels]:
    """Check what a detector is to learn from.

    Parameters
    ----------
    X
        [epoch, electrode, time].
    y
        1 for a target, 0 for a non-target, [epoch]; or two names, see :func:`label_names`.

    Raises
    ------
    DetectorError
        Wrong shapes, values that are not finite, labels other than 0 and 1 or two names, one class
        only.
    """
    epochs, labels = check_epochs(X), np.asarray(y)
    if labels.shape != (len(epochs),):
        raise DetectorError(f"{len(epochs)} epochs but labels of shape {labels.shape}")
    if (names := label_names(labels)) is not None:
        return epochs, (labels == names[1]).astype(np.uint8)
    classes = np.unique(labels)
    if not np.isin(classes, (0, 1)).all():
        raise DetectorError(f"labels {classes[:5]} found, expected 1 (target) and 0 (non-target)")
    if len(classes) < 2:
        raise DetectorError(
            f"all {len(labels)} training epochs are {'targets' if classes[0] else 'non-targets'}; "
            "both classes are needed"
        )
    return epochs, labels.astype(np.uint8)


def label_names(y: npt.ArrayLike) -> tuple[str, str] | None:
    """Return the names of non-targets and of targets where labels are text; None for numbers.

    As scikit-learn has it they are sorted, and the later one is what scores are the log-odds of.

    Raises
    ------
    DetectorError
        When there are not two.

    Warns
    -----
    TrainingWarning
        When the earlier one is called target.
    """
    labels = np.asarray(y)
    if labels.dtype.kind not in "UO" or not all(isinstance(label, str) for label in labels.flat):
        return None
    names = sorted({str(label) for label in labels.flat})
    if len(names) != 2:
        raise DetectorError(
            f"labels {', '.join(map(repr, names[:5]))} found, expected two names: the first in "
            "the order of sorting is that of non-targets (or 0), the second that of targets (or 1)"
        )
    nontarget, target = names
    if nontarget.casefold() == "target":
        warnings.warn(
            f"labels {nontarget!r} and {target!r}: in the order of sorting the second one stands "
            f"for targets, so scores are log-odds of {target!r}; give 1 for targets and 0 for "
            "non-targets",
            TrainingWarning,
            stacklevel=4,
        )
    return nontarget, target


def has_both_classes(y: Labels) -> bool:
    """Return whether there are targets and non-targets among labels, [epoch]."""
    return bool(y.any() and not y.all())


def check_epochs(X: npt.ArrayLike) -> EpochArray:
    """Return X as float32 [epoch, electrode, time].

    Raises
    ------
    DetectorError
        When X has another shape, no epochs, or values that are not finite.
    """
    epochs = np.asarray(X, dtype=np.float32)
    if epochs.ndim != 3 or 0 in epochs.shape:
        raise DetectorError(f"X of shape {epochs.shape} found, expected [epoch, electrode, time]")
    if not all(np.isfinite(epochs[block]).all() for block in blocks(epochs)):
        raise DetectorError("X holds NaN or infinite values; remove these epochs first")
    return epochs


def check_components(name: str, n_wanted: int, most: int) -> None:
    """Refuse more spatial filters or components than the epochs can have.

    Parameters
    ----------
    name
        Of the parameter, for the message.
    n_wanted, most
        Its value, and how many there are.

    Raises
    ------
    DetectorError
        When more are wanted than there are.
    """
    if n_wanted > most:
        raise DetectorError(
            f"{name}: {n_wanted} found, but these epochs have {most} at most, as many as "
            f"electrodes (or samples, if these are fewer); set {name} to {most} or less"
        )


def validation_split(
    y: Labels,
    groups: npt.ArrayLike | None,
    fraction: float,
    rng: np.random.Generator,
) -> tuple[Index, Index]:
    """Split training epochs into a part to learn from and a part to validate on.

    Whole groups go to the validation part, in random order, until it holds ``fraction`` of the
    epochs: neighbouring epochs share samples, so a split by epoch would leak. Epochs that are not
    in the validation part and touch a group that is are in neither. Without groups the last epochs
    in the order given are taken, a cut at one place in time.

    Parameters
    ----------
    y
        Labels, [epoch].
    groups
        [epoch], a label for each epoch (its character, run or subject); or [epoch, n], its own
        label and those of the groups whose epochs it shares samples with, see
        :meth:`p300.signal.epochs.Epochs.groups`; or None.
    fraction
        Share of the epochs to set aside.
    rng
        Draws the groups.

    Returns
    -------
    Positions of the learning part and of the validation part, each in the order of the epochs.

    Raises
    ------
    DetectorError
        One group only, or a part without both classes.
    """
    n = len(y)
    if groups is None:
        chosen = np.arange(n)[:, None] >= n - max(1, round(fraction * n))
    else:
        touched = _touched(groups, n)
        labels, sizes = np.unique(touched[:, 0], return_counts=True)
        if len(labels) < 2:
            raise DetectorError(
                "all training epochs belong to one group (character, run or subject); at least "
                "two are needed to set one aside for validation"
            )
        order = rng.permutation(len(labels))
        enough = int(np.searchsorted(np.cumsum(sizes[order]), fraction * n)) + 1
        chosen = np.isin(touched, labels[order[: min(enough, len(labels) - 1)]])
    learn, validate = np.flatnonzero(~chosen.any(axis=1)), np.flatnonzero(chosen[:, 0])
    for part, name in ((learn, "learning"), (validate, "validation")):
        if len(np.unique(y[part])) < 2:
            raise DetectorError(
                f"the {name} part ({len(part)} of {n} training epochs) lacks targets or "
                "non-targets; give more training data"
            )
    return learn, validate


def held_out_parts(n_epochs: int, groups: npt.ArrayLike | None, n_parts: int) -> HeldOut:
    """Divide training epochs into parts to be held out in turn, by whole groups.

    Groups are dealt in order of first appearance, so that a part is a stretch of the recording.
    Without groups the epochs are cut into stretches in the order given.

    Parameters
    ----------
    n_epochs
        Number of training epochs.
    groups
        As in :func:`validation_split`.
    n_parts
        Most parts; there are no more than groups.

    Returns
    -------
    For each part the positions of the epochs to learn from, which touch no group of it, and of
    those held out. Every epoch is held out once.
    """
    touched = _touched(np.arange(n_epochs) if groups is None else groups, n_epochs)
    labels, first = np.unique(touched[:, 0], return_index=True)
    n_parts = min(n_parts, len(first))
    dealt = np.argsort(np.argsort(first)) * n_parts // len(first)
    part = dealt[np.searchsorted(labels, touched)]
    return [
        (np.flatnonzero((part != k).all(axis=1)), np.flatnonzero(part[:, 0] == k))
        for k in range(n_parts)
    ]


def cross_fitted_scores(
    y: Labels,
    groups: npt.ArrayLike | None,
    n_parts: int,
    score: Callable[[Index, Index], Floats],
) -> tuple[Floats, Labels]:
    """Score training epochs, each with what was fitted to other parts of the training groups.

    Parameters
    ----------
    y, groups, n_parts
        As in :func:`held_out_parts`.
    score
        Fits to the first positions and returns raw scores of the second, [epoch].

    Returns
    -------
    Raw scores and labels of the epochs that could be scored: all but those whose rest lacks targets
    or non-targets.

    Raises
    ------
    DetectorError
        When the scored epochs lack targets or non-targets.
    """
    scores = np.full(len(y), np.nan)
    for rest, rows in held_out_parts(len(y), groups, n_parts):
        if has_both_classes(y[rest]):
            scores[rows] = score(rest, rows)
    scored = np.isfinite(scores)
    if not has_both_classes(y[scored]):
        raise DetectorError(
            f"too few groups with targets to calibrate on ({len(y)} training epochs, "
            f"{int(y.sum())} targets); give more training data"
        )
    return scores[scored], y[scored]


def _touched(groups: npt.ArrayLike, n_epochs: int) -> npt.NDArray[Any]:
    """Return groups as [epoch, n], the own one first.

    Groups that no epoch has as its own are not there (any more), and are left out.

    Raises
    ------
    DetectorError
        When they have another shape.
    """
    touched = np.asarray(groups)
    if touched.ndim == 1:
        touched = touched[:, None]
    if touched.ndim != 2 or len(touched) != n_epochs or not touched.shape[1]:
        raise DetectorError(
            f"groups of shape {np.shape(groups)} found for {n_epochs} epochs, expected [epoch] or "
            "[epoch, n]"
        )
    own = touched[:, :1]
    if touched.shape[1] == 1:
        return own
    return np.where(np.isin(touched, own), touched, own)
