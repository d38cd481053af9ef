"""Set a part of the training epochs aside, by whole groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from p300.errors import DetectorError
from p300.windows import blocks

Index = npt.NDArray[np.intp]
Windows = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


def check_training_data(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Windows, Labels]:
    """Check what a detector is to learn from.

    Parameters
    ----------
    X
        [epoch, electrode, time].
    y
        1 for a target, 0 for a non-target, [epoch].

    Raises
    ------
    DetectorError
        Wrong shapes, values that are not finite, labels other than 0 and 1, one class only.
    """
    windows, labels = check_windows(X), np.asarray(y)
    if labels.shape != (len(windows),):
        raise DetectorError(f"{len(windows)} epochs but labels of shape {labels.shape}")
    classes = np.unique(labels)
    if not np.isin(classes, (0, 1)).all():
        raise DetectorError(f"labels {classes[:5]} found, expected 1 (target) and 0 (non-target)")
    if len(classes) < 2:
        raise DetectorError(
            f"all {len(labels)} training epochs are {'targets' if classes[0] else 'non-targets'}; "
            "both classes are needed"
        )
    return windows, labels.astype(np.uint8)


def check_windows(X: npt.ArrayLike) -> Windows:
    """Give X as float32 [epoch, electrode, time].

    Raises
    ------
    DetectorError
        When X has another shape, no epochs, or values that are not finite.
    """
    windows = np.asarray(X, dtype=np.float32)
    if windows.ndim != 3 or 0 in windows.shape:
        raise DetectorError(f"X of shape {windows.shape} found, expected [epoch, electrode, time]")
    if not all(np.isfinite(windows[block]).all() for block in blocks(windows)):
        raise DetectorError("X holds NaN or infinite values; remove these epochs first")
    return windows


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
    epochs: neighbouring windows share samples, so a split by epoch would leak. Without groups
    the last epochs in the order given are taken, a cut at one place in time.

    Parameters
    ----------
    y
        Labels, [epoch].
    groups
        A label for each epoch (its character, run or subject), or None.
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
        held_out = np.arange(n) >= n - max(1, round(fraction * n))
    else:
        labels, sizes = np.unique(np.asarray(groups), return_counts=True)
        if len(labels) < 2:
            raise DetectorError(
                "all training epochs belong to one group (character, run or subject); at least "
                "two are needed to set one aside for validation"
            )
        order = rng.permutation(len(labels))
        enough = int(np.searchsorted(np.cumsum(sizes[order]), fraction * n)) + 1
        held_out = np.isin(groups, labels[order[: min(enough, len(labels) - 1)]])
    learn, validate = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    for part, name in ((learn, "learning"), (validate, "validation")):
        if len(np.unique(y[part])) < 2:
            raise DetectorError(
                f"the {name} part ({len(part)} of {n} training epochs) lacks targets or "
                "non-targets; give more training data"
            )
    return learn, validate


def held_out_parts(n_epochs: int, groups: npt.ArrayLike | None, n_parts: int) -> list[Index]:
    """Divide training epochs into parts to be held out in turn, by whole groups.

    Groups are dealt in order of first appearance, so that a part is a stretch of the recording.
    Without groups the epochs are cut into stretches in the order given.
    """
    labels = np.arange(n_epochs) if groups is None else np.asarray(groups)
    _, first, member = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))[member]
    n_parts = min(n_parts, len(first))
    part = rank * n_parts // len(first)
    return [np.flatnonzero(part == k) for k in range(n_parts)]
