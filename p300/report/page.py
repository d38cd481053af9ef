"""The parts a report is made of, and the page that holds them.

A section is a title and blocks. Blocks are plain data: all text in them is escaped when the page
is rendered, so names and paths from outside can hold anything.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from PIL import Image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 140
_SHORT = 9


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


@dataclass(frozen=True)
class Picture:
    """A figure as PNG; made by :func:`picture`."""

    kind: ClassVar[str] = "picture"
    name: str
    png: bytes
    caption: str
    folded: bool = False

    @property
    def uri(self) -> str:
        """The image itself as an address, so that the page needs no other file."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")

    @property
    def width(self) -> int:
        """Width on the page in CSS pixels; the image has 1.6 pixels for each."""
        return round(int.from_bytes(self.png[16:20], "big") / 1.6)


@dataclass(frozen=True)
class Source:
    """A text file in full, folded away."""

    kind: ClassVar[str] = "source"
    title: str
    text: str


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


def picture(name: str, figure: Figure, caption: str, *, folded: bool = False) -> Picture:
    """Draw a figure for the page, folded away under its caption or not."""
    # 256 colours of its own suit every figure and take a third of the space.
    few = drawn(figure).quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    few.save(packed, format="png", compress_level=6)  # 9 takes seven times as long for a twentieth
    return Picture(name, packed.getvalue(), caption, folded)


def drawn(figure: Figure) -> Image.Image:
    """Draw a figure once, layout included: savefig draws twice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(_DPI)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    size = canvas.get_width_height(physical=True)
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    return pixels.convert("RGB")


def render_page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Return the HTML page: no script, nothing loaded from elsewhere."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("p300", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    return template.render(title=title, subtitle=subtitle, sections=sections)
