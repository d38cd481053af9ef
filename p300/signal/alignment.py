"""Bring domains (one session of one subject each) together by their epochs alone, without labels.

Between preprocessing and detector the electrodes of a domain are mixed so that its epochs have
covariance one, on the whole. Nothing here takes labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from p300.arguments import check_arguments
from p300.errors import ConfigError, EpochsError
from p300.ranges import Count
from p300.signal.domain_covariance import epoch_covariances, reference, whitener
from p300.signal.epoch_arrays import empty_epochs
from p300.signal.epochs import Epochs
from p300.signal.kept import Arrays
from p300.signal.parts import Mixing, Part, SharedEpochs, part_of
from p300.signal.running_alignment import Running


@dataclass(frozen=True)
class Alignment:
    """How domains are aligned, and which epochs of a tested domain that may use.

    Parameters
    ----------
    method
        ``none``; ``euclidean``: whiten by the arithmetic mean of the epochs' covariances (He & Wu,
        IEEE TBME 67:399-410, 2020); ``riemannian``: by their geometric mean (Zanini et al., IEEE
        TBME 65:1107-1116, 2018); ``scaling``: divide each electrode by its median standard
        deviation.
    mode
        What a tested domain is aligned by, never its labels. ``offline``: all of its tested
        epochs, known only after the recording. ``prefix``: those of its first characters.
        ``running``: for each epoch those up to it, as an online system must.
        Training data are always aligned offline.
    characters
        Number of characters of a ``prefix``.

    Raises
    ------
    ConfigError
        When ``characters`` and ``mode`` do not go together.
    """

    method: Literal["none", "euclidean", "riemannian", "scaling"] = "none"
    mode: Literal["offline", "prefix", "running"] = "offline"
    characters: Count | None = None

    def __post_init__(self) -> None:
        prefix, given = self.mode == "prefix", self.characters is not None
        if prefix != given or (self.characters is not None and self.characters < 1):
            raise ConfigError(
                f"alignment with mode {self.mode!r} and characters {self.characters!r} found: "
                "prefix needs the number of characters (1 or more), the other modes take none"
            )

    @property
    def changes_epochs(self) -> bool:
        """Whether epochs are aligned at all."""
        return self.method != "none"

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of :mod:`p300.references`: the method, the robust mean, the whitening."""
        sources = {"euclidean": "he2020", "riemannian": "zanini2018"}
        own = sources.get(self.method)
        return (own, "tyler1987", "kessy2018") if own else ()

    @property
    def name(self) -> str:
        """Name in ``metrics.json``."""
        if not self.changes_epochs or self.mode == "offline":
            return self.method
        return f"{self.method} {self.mode}" + (f" {self.characters}" if self.characters else "")

    @property
    def offline(self) -> Alignment:
        """The same for training data."""
        return replace(self, mode="offline", characters=None)


NO_ALIGNMENT = Alignment()


def make_alignment(given: str | Mapping[str, Any] | None, where: str = "alignment") -> Alignment:
    """Read an alignment from a config: a method's name, or the fields of :class:`Alignment`.

    Raises
    ------
    ConfigError
        For an unknown key or value; ``where`` is what the message calls the place.
    """
    if given is None:
        return NO_ALIGNMENT
    if not isinstance(given, str | Mapping):
        raise ConfigError(f"{where}: {given!r} found, expected a method or keys and values")
    fields = {"method": given} if isinstance(given, str) else given
    return Alignment(**check_arguments(Alignment, fields, where=where, error=ConfigError))


def align(epochs: Epochs, alignment: Alignment) -> Epochs:
    """Align each domain with its own epochs.

    Parameters
    ----------
    epochs
        Those of one or several domains; their labels are not used.
    alignment
        For training epochs :attr:`Alignment.offline`.

    Raises
    ------
    EpochsError
        When a prefix is asked for and characters are not known, or there are no more of them.
    """
    if not alignment.changes_epochs:
        return epochs
    X = empty_epochs(*epochs.X.shape)
    for rows in _domains(epochs):
        recorded = np.asarray(epochs.X[rows])
        if alignment.mode == "running":
            running = Running(alignment.method)
            for row, epoch in zip(rows, recorded, strict=True):
                X[row] = running.aligned(epoch[None])[0]
            continue
        covariances = epoch_covariances(recorded)
        known = covariances[_known(epochs.select(rows), alignment)]
        mixing = whitener(reference(known, recorded.shape[2], alignment.method))
        X[rows] = mixing.astype(np.float32) @ recorded
    return replace(epochs, X=X)


def align_part(part: Part, alignment: Alignment) -> Part:
    """Align each domain of a part of a study by the part's epochs.

    Where its domains are whole they are aligned once for all parts.

    Parameters
    ----------
    part, alignment
        As in :func:`align`.
    """
    if not alignment.changes_epochs:
        return part
    if not part.whole.holds_whole(part.rows, "session"):
        return part_of(align(part.gathered(), alignment))
    whole = part.whole
    aligned = whole.once(alignment, lambda _: _aligned(whole, alignment))
    return aligned.part(part.rows)


def _aligned(whole: SharedEpochs, alignment: Alignment) -> SharedEpochs:
    """Return epochs of which each domain is aligned by all of its epochs, as they are read."""
    epochs, domains = whole.epochs, whole.units("session")

    def derive(domain: int) -> Arrays:
        rows = _in_time(epochs, np.flatnonzero(domains == domain), whole.units("run"))
        covariances = epoch_covariances(np.asarray(epochs.X[rows]))
        mixing = whitener(reference(covariances, epochs.X.shape[2], alignment.method))
        return {"mixing": mixing.astype(np.float32)}

    def mixing_of(domain: int) -> npt.NDArray[np.float32]:
        name, n = f"{alignment.name}-{domain}", len(epochs.electrodes)
        return whole.kept_once(
            name, lambda: derive(domain), lambda arrays: arrays["mixing"].reshape(n, n)
        )

    kept = None if whole.kept is None else whole.kept.within(alignment.name)
    return SharedEpochs(epochs, Mixing(domains, mixing_of), kept)


def _domains(epochs: Epochs) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the positions of the epochs of each domain, in the order of time."""
    domains, runs = epochs.units("session"), epochs.units("run")
    for domain in np.unique(domains):
        yield _in_time(epochs, np.flatnonzero(domains == domain), runs)


def _in_time(
    epochs: Epochs, rows: npt.NDArray[np.intp], runs: npt.NDArray[np.int64]
) -> npt.NDArray[np.intp]:
    """Put the positions of a domain's epochs in the order of time."""
    onset = epochs.flashes["onset"].to_numpy()
    return rows[np.lexsort((onset[rows], runs[rows]))]


def _known(domain: Epochs, alignment: Alignment) -> slice:
    """Return which epochs all are aligned by, where they are not aligned as they are recorded."""
    if alignment.mode == "offline":
        return slice(len(domain))
    return slice(_prefix(domain, alignment.characters or 0))


def _prefix(domain: Epochs, n_characters: int) -> int:
    """Count the epochs of the first characters of a domain in the order of time."""
    where = "/".join(domain.flashes.iloc[0][["dataset", "subject", "session"]].astype(str))
    if domain.flashes["character"].isna().any():
        raise EpochsError(
            f"{where}: the characters of some flashes are not known, so there is no prefix of "
            f"{n_characters} characters; align offline or running"
        )
    character = domain.units("character")
    if character.max() + 1 <= n_characters:
        raise EpochsError(
            f"{where}: {character.max() + 1} characters found, a prefix of {n_characters} leaves "
            "none behind it; take fewer, or align offline"
        )
    return int(np.count_nonzero(character < n_characters))
