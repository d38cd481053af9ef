"""Who is who in a study: every recording in one place, nobody there twice under two names."""

from __future__ import annotations

import itertools
import re
import unicodedata
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from p300.errors import DataWarning, StudyError
from p300.recordings.fingerprint import (
    BITS,
    FEWEST_STRETCHES,
    STEP,
    Fingerprint,
    find_shared,
    fingerprint,
)
from p300.recordings.recording import Recording

_MOST_NAMED = 3
"""Pairs of recordings that a message lists."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is kept of a recording that was read.

    Parameters
    ----------
    place
        Subject, session and run.
    name, source, certain
        As of a :class:`~p300.recordings.recording.Recording`.
    content
        Tells copies of its signal.
    """

    place: tuple[str, str, str]
    name: str
    source: str
    certain: bool
    content: Fingerprint

    def __str__(self) -> str:
        return f"{self.source} ({self.name})"


class Study:
    """The recordings of an experiment, let in one at a time, and who is who among them.

    The subjects of all sources of a data set are one namespace; each data set has its own.

    Parameters
    ----------
    distinct_subjects
        Groups of labels that are different people although they differ by leading zeros or case
        only.
    crossing
        Whether something is learned from one data set and tested on another.
    """

    def __init__(
        self, distinct_subjects: Iterable[Collection[str]] = (), *, crossing: bool = False
    ) -> None:
        self._distinct = [frozenset(group) for group in distinct_subjects]
        self._crossing = crossing
        self._seen: dict[str, list[Seen]] = {}

    def admit(self, dataset: str, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Yield the recordings of a data set, all of its sources; refuse those that cannot be.

        What only all of them tell is told after the last: nothing may be kept of a data set, or
        fitted, before it has been read to its end. A data set that is read again begins anew.

        Parameters
        ----------
        dataset
            Its name.
        recordings
            Of all its sources.

        Raises
        ------
        StudyError
            When two recordings have one place (subject, session, run), two labels of subjects may
            be one person, or two recordings hold the same signal, across data sets too where
            these are crossed.

        Warns
        -----
        DataWarning
            Naming a recording that is too short or too regular to find a copy of it.
        """
        seen: list[Seen] = []
        self._seen[dataset] = seen
        for recording in recordings:
            one = Seen(
                (recording.subject, recording.session, recording.run),
                recording.name,
                recording.source,
                recording.certain,
                fingerprint(recording),
            )
            self._enter(one, seen)
            yield recording
        self._refuse_all_copies(seen)

    def recall(self, dataset: str, known: Iterable[Seen]) -> None:
        """Let the recordings of a data set in again, from what was kept of them.

        Parameters and errors are those of :meth:`admit`.
        """
        seen: list[Seen] = []
        self._seen[dataset] = seen
        for one in known:
            self._enter(one, seen)
        self._refuse_all_copies(seen)

    def seen(self, dataset: str) -> Sequence[Seen]:
        """Return what is kept of the recordings of a data set."""
        return tuple(self._seen[dataset])

    def _enter(self, one: Seen, seen: list[Seen]) -> None:
        self._refuse_place(one, seen)
        self._refuse_label(one, seen)
        if one.content.stretches < FEWEST_STRETCHES:
            warnings.warn(
                f"{one}: too short, or too regular (flat, or nothing but mains), to tell "
                "whether the same signal is there under another name",
                DataWarning,
                stacklevel=3,
            )
        seen.append(one)

    def _refuse_all_copies(self, seen: Sequence[Seen]) -> None:
        self._refuse_copies(seen, "data set")
        if self._crossing:
            self._refuse_copies(list(itertools.chain(*self._seen.values())), "experiment")

    def sources(self) -> dict[str, str]:
        """Return the name of every recording -> the file that it was read from."""
        return {one.name: one.source for seen in self._seen.values() for one in seen}

    def copies_between_datasets(self) -> str:
        """Return a sentence on recordings in two data sets with the same signal, "" without any."""
        copies = _copies(list(itertools.chain(*self._seen.values())))
        if not copies:
            return ""
        return (
            f"the same signal is there in two data sets, which share people: {_listed(copies)}. "
            "Nothing is learned from one and tested on the other here, but their results are not "
            "those of different people"
        )

    def refuse_guessed(self, dataset: str, protocols: Sequence[str]) -> None:
        """Refuse to cross subjects who were only guessed from the names of files.

        Parameters
        ----------
        dataset
            One that was read.
        protocols
            Those that learn from some subjects and test on others.

        Raises
        ------
        StudyError
            Naming the first file whose subject is a guess.
        """
        seen = self._seen[dataset]
        guessed = [one for one in seen if not one.certain]
        if protocols and guessed and len({one.place[0] for one in seen}) > 1:
            raise StudyError(
                f"data set {dataset}: {', '.join(protocols)} needs to know who is who, but the "
                f"subjects of {len(guessed)} recordings are guessed from names, first "
                f"{guessed[0].source} as subject {guessed[0].place[0]!r}. Confirm it with the "
                "source's option 'subject', a regular expression with the named groups subject, "
                r"session and run such as '(?P<subject>[^/_]+)_block(?P<run>\d+)', or leave "
                f"{', '.join(protocols)} out"
            )

    def _refuse_place(self, one: Seen, seen: Sequence[Seen]) -> None:
        twin = next((other for other in seen if other.place == one.place), None)
        if twin is not None:
            raise StudyError(
                f"{twin.source} and {one.source} are both {one.name}: subject, session and run "
                f"{one.place}. All sources of a data set share their subjects. If these are two "
                "people, rename them with the source's option 'subject' or make two data sets; if "
                "they are two recordings of one person, give them different sessions or runs; if "
                "they are one recording, take one away"
            )

    def _refuse_label(self, one: Seen, seen: Sequence[Seen]) -> None:
        for other in seen:
            labels = {one.place[0], other.place[0]}
            if len({_normal(label) for label in labels}) == len(labels):
                continue
            if not any(labels <= group for group in self._distinct):
                a, b = other.place[0], one.place[0]
                raise StudyError(
                    f"{other} and {one}: subjects {a!r} and {b!r} differ by leading zeros, case or "
                    "spelling of accents only. If they are one person, write the label alike, with "
                    "the source's option 'subject' or in the files' names; if they are two, say so "
                    f"in the config: distinct_subjects: [[{a!r}, {b!r}]]"
                )

    def _refuse_copies(self, seen: Sequence[Seen], what: str) -> None:
        copies = _copies(seen)
        if copies:
            raise StudyError(
                f"the same signal is there twice in one {what}: {_listed(copies)}. What is learned "
                "from one would be tested on the other. Take one of each pair away, or cut them so "
                "that they do not overlap"
            )


def _copies(seen: Sequence[Seen]) -> list[tuple[Seen, Seen, int]]:
    shared = find_shared([one.content for one in seen])
    return [(seen[pair.first], seen[pair.second], pair.stretches) for pair in shared]


def _listed(copies: Sequence[tuple[Seen, Seen, int]]) -> str:
    pairs = "; ".join(
        f"{a} and {b} ({n * BITS * STEP:.0f} s or more)" for a, b, n in copies[:_MOST_NAMED]
    )
    more = len(copies) - _MOST_NAMED
    return pairs + (f"; and {more} more pairs" if more > 0 else "")


def _normal(label: str) -> str:
    """Return what labels have in common that may mean one person."""
    folded = unicodedata.normalize("NFC", label).casefold().strip()
    return re.sub(r"(?<!\d)0+(?=\d)", "", folded)
