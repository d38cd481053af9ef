"""Numbers of a run that sentences are made of, wherever these stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class DataFacts:
    """What was recorded, from the invariants of all recordings of a data set.

    Parameters
    ----------
    n_subjects, n_recordings
        How many.
    electrodes
        Those that all recordings have.
    all_same
        Whether they have no others.
    rates
        Of each recording, Hz.
    n_flashes
        All.
    target_share
        Of the flashes whose kind is known; None where it is known of none.
    onset_intervals
        Median of each recording that has onsets, ms.
    """

    n_subjects: int
    n_recordings: int
    electrodes: tuple[str, ...]
    all_same: bool
    rates: tuple[float, ...]
    n_flashes: int
    target_share: float | None
    onset_intervals: tuple[float, ...]

    @classmethod
    def of(cls, recordings: Sequence[dict[str, Any]]) -> Self:
        """Return the facts of recordings of a manifest, one at least."""
        known = [r for r in recordings if r["n_targets"] is not None]
        n_known = sum(r["n_flashes"] for r in known)
        common = tuple(
            name
            for name in recordings[0]["electrodes"]
            if all(name in r["electrodes"] for r in recordings)
        )
        onsets = (r["onset_interval_ms"] for r in recordings)
        return cls(
            n_subjects=len({subject_of(r) for r in recordings}),
            n_recordings=len(recordings),
            electrodes=common,
            all_same=all(len(r["electrodes"]) == len(common) for r in recordings),
            rates=tuple(r["sfreq"] for r in recordings),
            n_flashes=sum(r["n_flashes"] for r in recordings),
            target_share=sum(r["n_targets"] for r in known) / n_known if n_known else None,
            onset_intervals=tuple(onset for onset in onsets if onset is not None),
        )


@dataclass(frozen=True)
class Realised:
    """What the settings of the preprocessing came to.

    Parameters
    ----------
    rates
        Of the epochs of each recording, Hz.
    low, high
        −3 dB points of each recording whose filter is known, Hz.
    n_unknown
        Recordings that came cut into epochs: their filter is not known.
    same_rate
        Whether nothing was subsampled.
    """

    rates: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    n_unknown: int = 0
    same_rate: bool = False

    @classmethod
    def of(cls, recordings: Sequence[dict[str, Any]]) -> Self:
        """Return what is known of recordings of a manifest."""
        done = [r["preprocessing"] for r in recordings if r.get("preprocessing")]
        known = [one for one in done if one["realised_low"] is not None]
        return cls(
            rates=tuple(one["sfreq"] for one in done),
            low=tuple(one["realised_low"] for one in known),
            high=tuple(one["realised_high"] for one in known),
            n_unknown=len(done) - len(known),
            same_rate=bool(done) and all(one.get("source_sfreq") == one["sfreq"] for one in done),
        )

    @property
    def came_cut(self) -> bool:
        """Whether nothing was filtered here."""
        return bool(self.rates) and not self.low


def subject_of(recording: dict[str, Any]) -> str:
    """Return the data set and subject of a recording of a manifest."""
    return str(recording["recording"]).rsplit("/ses-", 1)[0]


def by_dataset(recordings: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the recordings of a manifest by the name of their data set."""
    found: dict[str, list[dict[str, Any]]] = {}
    for recording in recordings:
        name = str(recording["recording"]).rsplit("/sub-", 1)[0]
        found.setdefault(name, []).append(recording)
    return found
