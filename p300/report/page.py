"""The parts a report is made of, and the page that holds them.

A section is a title and blocks. Blocks are plain data: all text in them is escaped when the page
is rendered, so names and paths from outside can hold anything.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from PIL import Image

from p300.report.downloads import data_uri, table_csv
from p300.report.in_words import figure_in_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 140
_SHORT = 9
_MANY = 9
_WORTH_SORTING = 3


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Facts:
    """Terms and what there is to say about them."""

    kind: ClassVar[str] = "facts"
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """A row of a table; ``style`` is "", "head" (of a group), "mean" or "range"."""

    cells: tuple[str, ...]
    style: str = ""


@dataclass(frozen=True)
class Table:
    """A table; the first ``n_text`` columns hold text, the others numbers."""

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    n_text: int = 1
    folded: bool = False

    @property
    def groups(self) -> tuple[tuple[Row, ...], ...]:
        """Rows with the head that they stand under; the page sorts within each."""
        heads = 0

        def place(row: Row) -> int:
            nonlocal heads
            heads += row.style == "head"
            return heads

        return tuple(tuple(rows) for _, rows in groupby(self.rows, place))

    @property
    def sortable(self) -> bool:
        """Whether there are rows to sort, each of which can stand anywhere in its group."""
        plain = [[row for row in rows if not row.style] for rows in self.groups]
        on_their_own = all(row.cells[0] for rows in plain for row in rows)
        return on_their_own and max(map(len, plain), default=0) >= _WORTH_SORTING

    @property
    def dense(self) -> bool:
        """Whether the columns are so many that they have to be narrow."""
        return len(self.columns) > _MANY

    @property
    def csv_uri(self) -> str:
        """The table as a CSV file, as an address."""
        return data_uri("text/csv;charset=utf-8", table_csv(self).encode())


@dataclass(frozen=True)
class Picture:
    """A figure as PNG and PDF; made by :func:`picture`."""

    kind: ClassVar[str] = "picture"
    name: str
    png: bytes
    caption: str
    alt: str = ""
    pdf: bytes = field(default=b"", repr=False)
    folded: bool = False

    @property
    def uri(self) -> str:
        """The image itself as an address, so that the page needs no other file."""
        return data_uri("image/png", self.png)

    @property
    def pdf_uri(self) -> str:
        """The figure as lines and letters, as an address."""
        return data_uri("application/pdf", self.pdf)

    @property
    def width(self) -> int:
        """Width on the page in CSS pixels; the image has 1.6 pixels for each."""
        return round(int.from_bytes(self.png[16:20], "big") / 1.6)

    @property
    def height(self) -> int:
        """Height on the page in CSS pixels."""
        return round(int.from_bytes(self.png[20:24], "big") / 1.6)


@dataclass(frozen=True)
class Source:
    """A text file in full, folded away unless it is to be ``shown``.

    With a ``filename`` it is text to paste, whose lines are as long as paragraphs, and lies beside
    the report, too.
    """

    kind: ClassVar[str] = "source"
    title: str
    text: str
    filename: str = ""
    shown: bool = False


@dataclass(frozen=True)
class Line:
    """Symbols spelled after so many repetitions, each with whether it is right, and a note."""

    after: str
    symbols: tuple[tuple[str, bool], ...]
    note: str = ""


@dataclass(frozen=True)
class Spelled:
    """What was spelled: for each run its lines; errors are marked."""

    kind: ClassVar[str] = "spelled"
    caption: str
    runs: tuple[tuple[str, tuple[Line, ...]], ...]
    folded: bool = False

    @property
    def side_by_side(self) -> bool:
        """Whether the lines are short and alike enough to stand beside each other."""
        short = all(len(line.symbols) <= _SHORT for _, lines in self.runs for line in lines)
        return short and len({tuple(line.after for line in lines) for _, lines in self.runs}) == 1


Block = Text | Facts | Table | Picture | Source | Spelled


@dataclass(frozen=True)
class Section:
    """A topic of the report."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """Its address inside the page."""
        return slug(self.title)


def left_out(heading: str, why: str) -> Section:
    """Return the section of a topic that the run has nothing for, saying why."""
    return Section(heading, (Text(f"Left out: {why}."),))


def slug(name: str) -> str:
    """Make a name fit for a file or an address: lower case letters, digits, hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def picture(
    name: str, figure: Figure, caption: str, alt: str = "", *, folded: bool = False
) -> Picture:
    """Draw a figure for the page.

    Parameters
    ----------
    name
        Of its files.
    figure
        Its layout is fixed afterwards.
    caption
        Stands under it.
    alt
        What it shows, in words and numbers, for those who do not see it; without it the titles,
        texts and labelled lines of the figure (:func:`p300.report.in_words.figure_in_words`).
    folded
        Whether it is folded away under its caption.
    """
    # 256 colours of its own suit every figure and take a third of the space.
    few = drawn(figure).quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    few.save(packed, format="png", compress_level=6)  # 9 takes seven times as long for a twentieth
    alt = alt or figure_in_words(figure) or caption
    # Figures folded away are many: as PDF too they would be most of the page.
    pdf = b"" if folded else _as_pdf(figure)
    return Picture(name, packed.getvalue(), caption, alt, pdf, folded)


def _as_pdf(figure: Figure) -> bytes:
    """Draw a figure as PDF, as it was laid out, the same at any time."""
    from matplotlib import rc_context

    figure.set_layout_engine("none")
    packed = io.BytesIO()
    with rc_context({"pdf.fonttype": 42}):  # publishers refuse fonts of type 3
        figure.savefig(packed, format="pdf", dpi=_DPI, metadata={"CreationDate": None})
    return packed.getvalue()


def drawn(figure: Figure) -> Image.Image:
    """Draw a figure once, layout included: savefig draws twice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(_DPI)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    size = canvas.get_width_height(physical=True)
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    return pixels.convert("RGB")
