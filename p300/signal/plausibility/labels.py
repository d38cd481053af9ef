"""Labels that the responses contradict: those of another character, or with rows for columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from p300.recordings.layout import Layout
from p300.signal.plausibility.responses import Epoched, Floats, Waves, first_time

Marks = npt.NDArray[np.bool_]

CLEAR = 3.5
"""Standard deviations by which the responses to other flash codes than those labelled stand out of
codes drawn by chance."""

BETTER = 3.0
"""... and by how many more than the responses to those labelled, which then have less than half."""


@dataclass(frozen=True, eq=False)
class Characters:
    """Averages of the flash codes of each character of a recording.

    Parameters
    ----------
    electrodes, first
        As of :class:`~p300.signal.plausibility.responses.Response`.
    means
        float32 [character, code, electrode, time], comparable epochs.
    labelled
        [character, code], whether the code is labelled a target.
    codes
        Those of the second axis, all of the layout.
    layout
        The recording's.
    """

    electrodes: tuple[str, ...]
    first: int
    means: npt.NDArray[np.float32]
    labelled: Marks
    codes: tuple[int, ...]
    layout: Layout

    def text(self, marks: Marks) -> str:
        """Return the text that marked codes spell, ? where they share no one symbol."""
        return "".join(symbol or "?" for symbol in self.symbols(marks))

    def symbols(self, marks: Marks) -> list[str | None]:
        """Return the symbol that the marked codes of each character share, None without one."""
        codes = np.array(self.codes)
        return [self.layout.symbol_at(codes[row].tolist()) for row in marks]


def read_characters(
    X: Epoched, electrodes: Sequence[str], flashes: pd.DataFrame, times: Floats, layout: Layout
) -> Characters | None:
    """Average the epochs of each character's codes; only characters that showed all codes count.

    Parameters
    ----------
    X, electrodes
        Of :func:`~p300.signal.plausibility.responses.comparable_epochs`.
    flashes
        [epoch], columns of :attr:`p300.signal.epochs.Epochs.flashes`.
    times
        Of the epochs.
    layout
        The recording's.
    """
    codes = tuple(sorted(layout.groups))
    # As arrays: a table takes more time to ask than to answer.
    columns = ("code", "character", "target")
    told = np.array([flashes[n].to_numpy(np.float64, na_value=np.nan) for n in columns])
    known = ~np.isnan(told).any(axis=0) & np.isin(told[0], codes)
    if not known.any():
        return None
    code, number, targets = told[:, known]
    names, character = np.unique(number, return_inverse=True)
    cell = character * len(codes) + np.searchsorted(codes, code)
    shape = (len(names), len(codes))
    counts = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    marked = np.bincount(cell, targets, minlength=counts.size).reshape(shape)
    order = np.argsort(cell, kind="stable")
    present, starts = np.unique(cell[order], return_index=True)
    sums = np.zeros((counts.size, *X.shape[1:]), dtype=np.float32)
    sums[present] = np.add.reduceat(X[known][order], starts, axis=0)
    whole = (counts > 0).all(axis=1)
    if not whole.any():
        return None
    means = sums.reshape(*shape, *X.shape[1:])[whole] / counts[whole][..., None, None]
    labelled = marked[whole] > counts[whole] / 2
    return Characters(
        tuple(electrodes), first_time(times), means.astype(np.float32), labelled, codes, layout
    )


def _others(found: Characters) -> Iterator[tuple[str, Marks, Marks]]:
    """Yield what the labels may have been mistaken for: words, marks and characters they are for.

    Marks are [character, code], characters [character].
    """
    marks = found.labelled
    for step, word in ((1, "previous"), (-1, "next")):
        inside = np.ones(len(marks), dtype=bool)
        inside[-1 if step > 0 else 0] = False
        yield f"are those of the {word} character", np.roll(marks, -step, axis=0), inside
    swapped = _transposed(found)
    if swapped is not None:
        yield "have rows for columns", swapped, swapped.sum(axis=1) > 0
    everywhere = np.ones(len(marks), dtype=bool)
    for step in (1, -1):
        words = f"are {'one code too low' if step > 0 else 'one code too high'}"
        yield words, np.roll(marks, step, axis=1), everywhere


def _transposed(found: Characters) -> Marks | None:
    """Mark the codes of the symbols that lie where rows and columns are swapped."""
    layout = found.layout
    if layout.shape is None:
        return None
    n_rows, n_columns = layout.shape
    marks = np.zeros_like(found.labelled)
    for k, symbol in enumerate(found.symbols(found.labelled)):
        if symbol is None:
            continue
        row, column = divmod(layout.symbols.index(symbol), n_columns)
        if column < n_rows and row < n_columns:
            other = layout.symbols[column * n_columns + row]
            marks[k] = np.isin(found.codes, list(layout.codes_of(other)))
    return marks


def _weigh(centred: Floats, marks: Marks) -> Floats:
    """Return the evidence for marked codes, and its variance where codes are marked by chance.

    Exact for as many codes of each character drawn without replacement.

    Parameters
    ----------
    centred
        [character, code], evidence without its mean over the codes.
    marks
        [character, code].

    Returns
    -------
    [character, 2]; sums over characters tell by how many standard deviations both differ.
    """
    n_codes, marked = centred.shape[1], marks.sum(axis=1)
    variance = (centred**2).mean(axis=1) * marked * (n_codes - marked) / max(1, n_codes - 1)
    return np.stack([(centred * marks).sum(axis=1), variance], axis=1)


def _deviation(weighed: Floats) -> float:
    """Return by how many standard deviations marked codes have more evidence than by chance."""
    evidence, variance = weighed
    return float(evidence / np.sqrt(variance)) if variance else 0.0


@dataclass(frozen=True)
class Mistake:
    """What explains the responses of recordings better than their labels.

    Parameters
    ----------
    words
        What the labels are.
    labelled, found
        Standard deviations, of the labels and of the other explanation.
    text, better
        What the labels of the characters that both are judged by spell, and the other explanation.
    """

    words: str
    labelled: float
    found: float
    text: str
    better: str

    @property
    def gain(self) -> float:
        """By how much the other explanation is the better one."""
        return self.found - self.labelled


@dataclass(frozen=True, eq=False)
class Explanation:
    """Something that the labels of a recording may have been mistaken for.

    Parameters
    ----------
    words
        What the labels then are.
    labelled, other
        Evidence for the labels, and for what they may have been mistaken for, and variance by
        chance; sums over the characters that both are for.
    found
        The characters.
    marks, there
        [character, code], what the labels may have been mistaken for, and [character], for which.
    """

    words: str
    labelled: Floats
    other: Floats
    found: Characters
    marks: Marks
    there: Marks

    @property
    def texts(self) -> tuple[str, str]:
        """What labels and mistaken labels spell."""
        return (
            self.found.text(self.found.labelled[self.there]),
            self.found.text(self.marks[self.there]),
        )


def explain(found: Characters, waves: Waves, subject: str) -> list[Explanation]:
    """Weigh what the labels of a recording may have been mistaken for.

    A filter matched to the difference wave of the other subjects weighs each character's codes:
    nothing is learned of the subject.

    Parameters
    ----------
    found
        Of the recording.
    waves
        Of all subjects.
    subject
        Whose recording it is.
    """
    evidence = _evidence(found, waves, subject)
    if evidence is None:
        return []
    centred = evidence - evidence.mean(axis=1, keepdims=True)
    labelled = _weigh(centred, found.labelled)
    return [
        Explanation(
            words,
            labelled[there].sum(axis=0),
            _weigh(centred, marks)[there].sum(axis=0),
            found,
            marks,
            there,
        )
        for words, marks, there in _others(found)
    ]


def find_mistake(parts: Sequence[Sequence[Explanation]]) -> Mistake | None:
    """Look whether the responses fit other codes than those labelled.

    Parameters
    ----------
    parts
        Explanations of recordings that have the same mistake, if they have one.
    """
    explained: dict[str, list[Explanation]] = {}
    for one in (one for part in parts for one in part):
        explained.setdefault(one.words, []).append(one)
    clear = []
    for words, same in explained.items():
        labelled = _deviation(np.sum([one.labelled for one in same], axis=0))
        found = _deviation(np.sum([one.other for one in same], axis=0))
        if found > CLEAR and found - labelled > BETTER and labelled < found / 2:
            texts = zip(*(one.texts for one in same), strict=True)
            text, better = ("".join(parts) for parts in texts)
            clear.append(Mistake(words, labelled, found, text, better))
    return max(clear, key=lambda one: one.gain, default=None)


def _evidence(found: Characters, waves: Waves, subject: str) -> Floats | None:
    """Return how much the epochs of each code are like the others' responses, [character, code]."""
    template = waves.whitening @ waves.of_others(subject)[0].mean(axis=0)
    rows = [waves.electrodes.index(n) for n in found.electrodes if n in waves.electrodes]
    own = [k for k, n in enumerate(found.electrodes) if n in waves.electrodes]
    skipped = waves.first - found.first
    n_times = min(template.shape[1], found.means.shape[3] - skipped)
    if skipped < 0 or not rows or n_times < 1:
        return None
    inside = found.means[:, :, own, skipped : skipped + n_times]
    evidence: Floats = np.tensordot(inside, template[rows, :n_times], axes=2).astype(np.float64)
    return evidence
