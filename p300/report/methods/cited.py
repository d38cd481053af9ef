"""Text with citations, once, and how it is written as plain text, Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from p300.references.bibtex import latex_text


@dataclass(frozen=True)
class Cite:
    """A citation of one or several references, by their keys."""

    keys: tuple[str, ...]


Piece = str | Cite
Sentence = tuple[Piece, ...]


@dataclass(frozen=True)
class Paragraph:
    """A topic of the methods.

    Parameters
    ----------
    title
        Its heading.
    pieces
        Text and citations, in order. Text is what people read; whatever is special in a format is
        escaped when it is written.
    """

    title: str
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, title: str, sentences: Iterable[Sentence]) -> Paragraph:
        """Return a paragraph of sentences, a space between them."""
        pieces: list[Piece] = []
        for sentence in sentences:
            pieces += [" ", *sentence] if pieces else sentence
        return cls(title, tuple(pieces))

    @property
    def keys(self) -> list[str]:
        """What is cited, in order, with what is cited twice."""
        return [key for piece in self.pieces if isinstance(piece, Cite) for key in piece.keys]

    def written(self, text: Callable[[str], str], cite: Callable[[Cite], str]) -> str:
        """Return the paragraph in a format: how text and how a citation is written there."""
        return "".join(
            cite(piece) if isinstance(piece, Cite) else text(piece) for piece in self.pieces
        )


def say(*pieces: str | Iterable[str]) -> Sentence:
    """Return a sentence of text and of keys to cite; a citation stands a space behind its text.

    Without keys there is no citation: ``say("By xDAWN", (), ".")`` is "By xDAWN.".
    """
    found: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str):
            found.append(piece)
        elif keys := tuple(piece):
            found += [" ", Cite(keys)]
    return tuple(found)


def plain(paragraphs: Iterable[Paragraph], labels: Mapping[str, str]) -> str:
    """Write paragraphs as plain text; citations as authors and year.

    Parameters
    ----------
    paragraphs
        In order.
    labels
        Key -> how the reference is called; see :func:`p300.references.cited_labels`.
    """

    def cite(piece: Cite) -> str:
        return f"({'; '.join(labels[key] for key in piece.keys)})"

    return "\n\n".join(f"{one.title}\n{one.written(str, cite)}" for one in paragraphs)


def markdown(paragraphs: Iterable[Paragraph]) -> str:
    """Write paragraphs as Markdown with the citations of pandoc, ``[@key; @key]``."""

    def cite(piece: Cite) -> str:
        return f"[{'; '.join(f'@{key}' for key in piece.keys)}]"

    return "\n\n".join(
        f"## {markdown_text(one.title)}\n\n{one.written(markdown_text, cite)}" for one in paragraphs
    )


def markdown_text(text: str) -> str:
    """Return text that Markdown shows as it stands; underscores within words need nothing."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    escaped = re.sub(r"([\\`*\[\]<>$@#|~^])", r"\\\1", printable)
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", escaped)


def latex(paragraphs: Iterable[Paragraph]) -> str:
    r"""Write paragraphs as LaTeX, with the citations of natbib, ``\citep{key}``."""

    def cite(piece: Cite) -> str:
        return rf"\citep{{{','.join(piece.keys)}}}"

    return "\n\n".join(
        rf"\subsection{{{latex_text(one.title)}}}" + "\n" + one.written(latex_text, cite)
        for one in paragraphs
    )
