"""An n-gram model of the text: how likely each symbol is after what has been spelled."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from p300.errors import SpellerError
from p300.files import written_whole
from p300.recordings.layout import Layout
from p300.speller.selections import Floats

RANDOM_TEXT = frozenset({"bci3_ii", "simulated"})
"""Sources whose strings are random letters (see :func:`refuse_random_text`)."""

LONGEST = 10
"""Longest n-gram that a file may hold."""

Context = tuple[str, ...]

Prior = Callable[[Sequence[str], Layout], Floats]
"""The text spelled so far, the layout -> log p(symbol | text), [symbol], up to a constant."""


class LanguageModel:
    """Counts of n-grams of symbols, smoothed by Witten & Bell (IEEE T-IT 37:1085-1094, 1991).

    p(s | h) = (c(h s) + T(h) p(s | h')) / (c(h) + T(h)), where c counts, T(h) is the number of
    different symbols seen after the context h and h' is h without its oldest symbol; below the
    empty context all symbols of the layout are equally likely. A context never seen says nothing
    and leaves the word to the shorter one, so every symbol always has a probability above 0.

    Parameters
    ----------
    counts
        n-gram (one symbol or more) -> how often it was seen.
    """

    def __init__(self, counts: Mapping[Context, int]) -> None:
        if not counts:
            raise SpellerError("a language model without n-grams; expected at least one")
        self.counts = dict(counts)
        self.order = max(len(ngram) for ngram in counts)
        self._followers: dict[Context, dict[str, int]] = defaultdict(dict)
        for ngram, count in counts.items():
            self._followers[ngram[:-1]][ngram[-1]] = count

    def __repr__(self) -> str:
        return f"<LanguageModel: {len(self.counts)} n-grams of up to {self.order} symbols>"

    def __call__(self, text: Sequence[str], layout: Layout) -> Floats:
        """See :meth:`log_prior`; a language model is a :data:`Prior`."""
        return self.log_prior(text, layout)

    def log_prior(self, text: Sequence[str], layout: Layout) -> Floats:
        """Return log p(symbol | text), [symbol], in the order of the layout.

        Parameters
        ----------
        text
            The symbols spelled so far; only the last ``order - 1`` matter.
        layout
            Its symbols share all the probability; n-grams that end in others are left out.

        Raises
        ------
        SpellerError
            When the model knows none of the layout's symbols.
        """
        if not set(layout.symbols) & set(self._followers[()]):
            raise SpellerError(
                f"the language model knows none of the layout's symbols ({layout.symbols[:5]}...); "
                f"its own are {sorted(self._followers[()])[:5]}... Write its n-grams in the "
                "layout's symbols"
            )
        probability = np.full(len(layout.symbols), 1 / len(layout.symbols))
        for length in range(min(self.order - 1, len(text)) + 1):
            seen = self._followers.get(tuple(text[len(text) - length :]), {})
            count = np.array([seen.get(symbol, 0) for symbol in layout.symbols], dtype=np.float64)
            kinds = np.count_nonzero(count)
            if kinds:
                probability = (count + kinds * probability) / (count.sum() + kinds)
        logs: Floats = np.log(probability)
        return logs

    @classmethod
    def learn(cls, texts: Iterable[Sequence[str]], order: int = 4) -> LanguageModel:
        """Count the n-grams of texts.

        Parameters
        ----------
        texts
            Each a string (a character a symbol) or a sequence of symbols; no n-gram crosses from
            one text to the next.
        order
            Longest n-gram, 1 to :data:`LONGEST`.
        """
        if not 1 <= order <= LONGEST:
            raise SpellerError(f"n-grams of {order} symbols asked for, expected 1 to {LONGEST}")
        counts = Counter(
            tuple(text[start : start + length])
            for text in texts
            for length in range(1, order + 1)
            for start in range(len(text) - length + 1)
        )
        return cls(counts)

    def save(self, path: str | Path) -> Path:
        """Write the counts; :meth:`load` tells the format."""
        lines = ["\t".join([*ngram, str(count)]) for ngram, count in sorted(self.counts.items())]
        with written_whole(Path(path)) as temporary:
            temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> LanguageModel:
        r"""Read counts from a text file.

        UTF-8; one n-gram a line: its symbols, written as in the layout, then its count, a whole
        number of at least 1, all separated by tabs (``T<tab>H<tab>E<tab>120``). N-grams of all
        lengths from 1 up are expected, as :meth:`learn` counts them. Empty lines are skipped.

        Raises
        ------
        SpellerError
            When the file cannot be read; the line is named.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SpellerError(f"{path}: the language model cannot be read: {error}") from error
        counts: dict[Context, int] = {}
        for number, line in enumerate((line.rstrip("\r") for line in lines), start=1):
            if line:
                ngram, count = _parse(line, f"{path}, line {number}")
                counts[ngram] = counts.get(ngram, 0) + count
        if not counts:
            raise SpellerError(f"{path}: no n-grams found, expected lines such as 'A<tab>B<tab>12'")
        return cls(counts)


def _parse(line: str, where: str) -> tuple[Context, int]:
    """Parse one line of a language model's file."""
    *ngram, count = line.split("\t")
    digits = count.isascii() and count.isdigit() and len(count) <= 15
    if not 1 <= len(ngram) <= LONGEST or not all(ngram) or not digits or int(count) < 1:
        raise SpellerError(
            f"{where}: {line[:60]!r} found, expected 1 to {LONGEST} symbols and a count of at "
            "least 1, separated by tabs"
        )
    return tuple(ngram), int(count)


def refuse_random_text(dataset: str, sources: Iterable[str], random_text: Iterable[str]) -> None:
    """Refuse a language model where the text is random letters.

    Parameters
    ----------
    dataset
        Name of the data set in the experiment.
    sources
        Where its recordings come from.
    random_text
        Further data sets known to be random letters, besides :data:`RANDOM_TEXT`.

    Raises
    ------
    SpellerError
        When the data set or one of its sources is among them.
    """
    random = RANDOM_TEXT | set(random_text)
    if random & {dataset, *sources}:
        raise SpellerError(
            f"data set {dataset}: its strings are random letters, so a language model can only "
            "mislead the speller, or flatter it if the strings were known to it; spell without "
            "language_model, or leave the data set out"
        )
