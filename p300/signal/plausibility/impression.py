"""What is kept of a recording, so that those of a data set can be compared without their signal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from p300.recordings.labels import label_doubts
from p300.recordings.recording import Recording
from p300.signal.epochs import Epochs
from p300.signal.plausibility.labels import Characters, read_characters
from p300.signal.plausibility.rates import Rhythm, measure_rhythm
from p300.signal.plausibility.references import Reference, tell_reference
from p300.signal.plausibility.responses import Response, average_responses, comparable_epochs

LONGEST = 60.0
"""Seconds from the start of a recording that spectra and references are told from."""


@dataclass(frozen=True, eq=False)
class Impression:
    """What a recording is compared with others by.

    Parameters
    ----------
    name, dataset, subject, source
        As of the recording.
    labels
        What is doubtful about its labels by themselves, in words.
    reference, rhythm
        What its signal tells of reference and rate.
    response
        Averages after targets and non-targets; None without epochs of both kinds.
    characters
        Averages of each character's flash codes; None where codes, labels or layout are unknown.
    """

    name: str
    dataset: str
    subject: str
    source: str
    labels: tuple[str, ...]
    reference: Reference
    rhythm: Rhythm
    response: Response | None = None
    characters: Characters | None = None

    @property
    def where(self) -> str:
        """The recording as messages name it."""
        return f"{self.source} ({self.name})"


def take_impression(recording: Recording, epochs: Epochs | None = None) -> Impression:
    """Keep what a recording is compared with others by.

    Parameters
    ----------
    recording
        Any.
    epochs
        Its epochs in volts, i.e. before a normaliser; without them, only references and rates are
        compared.
    """
    data = recording.raw[:, : min(recording.raw.n_times, round(LONGEST * recording.sfreq))][0]
    good = [name not in recording.raw.info["bads"] for name in recording.electrodes]
    response = characters = None
    if epochs is not None:
        X, electrodes = comparable_epochs(epochs, recording.raw.info["bads"])
        flashes = epochs.flashes
        response = average_responses(X, electrodes, flashes["target"], epochs.times)
        if response is not None and recording.layout is not None:
            characters = read_characters(X, electrodes, flashes, epochs.times, recording.layout)
    return Impression(
        name=recording.name,
        dataset=recording.dataset,
        subject=recording.subject,
        source=recording.source,
        labels=tuple(label_doubts(recording.flashes, recording.layout)),
        reference=tell_reference(data, recording.electrodes, good, recording.reference),
        rhythm=measure_rhythm(data[np.flatnonzero(good)], recording),
        response=response,
        characters=characters,
    )
