"""All that is doubtful about the recordings of a data set when they are seen together."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from p300.errors import DataWarning
from p300.signal.plausibility.impression import Impression
from p300.signal.plausibility.labels import Mistake, explain, find_mistake
from p300.signal.plausibility.rates import compare_rates
from p300.signal.plausibility.references import compare_references
from p300.signal.plausibility.responses import Response, Waves, join_responses
from p300.signal.plausibility.unlike import FEWEST, Unlike, find_unlike


def warn_of_doubts(impressions: Sequence[Impression]) -> None:
    """Compare the recordings of one data set and warn of what cannot be right in all of them.

    Parameters
    ----------
    impressions
        Of all its recordings.

    Warns
    -----
    DataWarning
        Naming recordings with labels that cannot be right, by themselves or by the responses; with
        different references; whose stated rate is twice or half of what the signal says; and
        subjects whose responses are upside down, or too early or late by a constant.
    """
    for text in find_doubts(impressions):
        warnings.warn(text, DataWarning, stacklevel=3)


def find_doubts(impressions: Sequence[Impression]) -> list[str]:
    """Return in words what :func:`warn_of_doubts` warns of."""
    references = {one.where: one.reference for one in impressions}
    rhythms = {one.where: one.rhythm for one in impressions}
    said = [f"{one.where}: {text}" for one in impressions for text in one.labels]
    said += [*compare_references(references), *compare_rates(rhythms)]
    mistakes = _mistaken(impressions)
    said += [_describe_labels(group, mistake) for group, mistake in mistakes]
    mistaken = {one.name for group, _ in mistakes for one in group}
    rest = [one for one in impressions if one.name not in mistaken]
    waves = _waves(rest)
    for unlike in find_unlike(waves) if waves is not None else []:
        of_subject = [one for one in rest if one.subject == unlike.subject]
        said.append(_describe_unlike(unlike, of_subject))
    return said


def _waves(impressions: Sequence[Impression]) -> Waves | None:
    responses: dict[str, list[Response]] = {}
    for one in impressions:
        if one.response is not None:
            responses.setdefault(one.subject, []).append(one.response)
    return join_responses(responses)


def _mistaken(impressions: Sequence[Impression]) -> list[tuple[list[Impression], Mistake]]:
    """Find recordings with mistaken labels, alone or all of a subject, the clearest first.

    One find at a time, and without its recordings among what the others are judged by.
    """
    found: list[tuple[list[Impression], Mistake]] = []
    rest = list(impressions)
    while (waves := _waves(rest)) is not None:
        explained = {
            one.name: explain(one.characters, waves, one.subject)
            for one in rest
            if one.characters and len({*waves.subjects} - {one.subject}) >= FEWEST - 1
        }
        mistakes = [
            (group, mistake)
            for group in _groups(rest)
            if (mistake := find_mistake([explained.get(one.name, []) for one in group]))
        ]
        if not mistakes:
            break
        worst = max(mistakes, key=lambda pair: pair[1].gain)
        found.append(worst)
        rest = [one for one in rest if one not in worst[0]]
    return found


def _groups(impressions: Sequence[Impression]) -> list[list[Impression]]:
    """Return each recording alone, and all of each subject who has several."""
    coded = [one for one in impressions if one.characters is not None]
    subjects: dict[str, list[Impression]] = {}
    for one in coded:
        subjects.setdefault(one.subject, []).append(one)
    return [[one] for one in coded] + [group for group in subjects.values() if len(group) > 1]


def _describe_labels(group: Sequence[Impression], mistake: Mistake) -> str:
    where = ", ".join(one.where for one in group)
    return (
        f"{where}: the labels spell {mistake.text!r}, but the responses, as those of the other "
        f"subjects are, fit {mistake.better!r}: the labels {mistake.words} ({mistake.found:.1f} "
        f"standard deviations from chance, {mistake.labelled:.1f} as labelled); check where "
        "targets, codes and characters of this recording come from"
    )


def _describe_unlike(unlike: Unlike, recordings: Sequence[Impression]) -> str:
    first = recordings[0]
    where = f"{first.source} ({first.dataset}/sub-{first.subject}, {len(recordings)} recordings)"
    word = "later" if unlike.shift > 0 else "earlier"
    shift = f"{1e3 * abs(unlike.shift):.0f} ms {word}"
    if unlike.upside_down:
        or_late = (
            f", or do its responses come {shift} (correlation {unlike.shifted:.2f})"
            if unlike.late
            else ""
        )
        return (
            f"{where}: the response to targets is that of the other subjects upside down "
            f"(correlation {unlike.plain:.2f} with their mean); is the polarity inverted, or are "
            f"electrode and reference swapped{or_late}? Multiply its signal by -1, or leave the "
            "subject out"
        )
    return (
        f"{where}: the responses come {shift} than those of the "
        f"other subjects (correlation {unlike.shifted:.2f} with their mean, {unlike.plain:.2f} "
        "without the shift); are its onsets shifted by a constant, as by a delay of the display "
        "or of the triggers? Correct the onsets, or leave the subject out"
    )
