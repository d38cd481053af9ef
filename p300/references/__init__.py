"""What is cited: data sets, detectors, methods and software, in one file, ``references.json``.

Who uses something names it by its key: detectors, sources, alignments, ways to adapt, tests. A
package of software has its own name as key. A DOI stands there only where it was looked up;
``tests/references`` checks that every key that is named is there, and that none is there in vain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from string import ascii_lowercase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from p300.json_text import parse_json

_FILE = Path(__file__).with_name("references.json")
_MANY = 3
"""Authors from which only the first is named in a text."""

DOI = r"10\.\d{4,9}/\S+"


class Reference(BaseModel):
    """Something that can be cited.

    Parameters
    ----------
    kind
        Type of its BibTeX entry.
    authors
        ``Family, Given`` each; an organisation without a comma; ``others`` at the end for more.
    title, year, venue, volume, number, pages, publisher
        As usual; ``venue`` is the journal, the proceedings or the archive. ``pages`` may be the
        number of an article.
    doi
        Without the address of a resolver.
    url
        Where there is no DOI, or a free copy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["article", "inproceedings", "incollection", "book", "misc"]
    authors: Annotated[tuple[str, ...], Field(min_length=1)]
    title: str
    year: Annotated[int, Field(ge=1900, le=2100)] | None = None
    venue: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""
    publisher: str = ""
    doi: Annotated[str, Field(pattern=f"^({DOI})?$")] = ""
    url: Annotated[str, Field(pattern=r"^(https://\S+)?$")] = ""

    @property
    def when(self) -> str:
        """The year, or that there is none."""
        return str(self.year or "n.d.")

    @property
    def by(self) -> str:
        """The authors as a text names them: one, two, or the first of more."""
        names = [author.partition(",")[0] for author in self.authors]
        if len(names) >= _MANY or names[-1] == "others":
            return f"{names[0]} et al."
        return " and ".join(names)

    @property
    def text(self) -> str:
        """All of it in a line, as a list of references has it."""
        authors = ["and others" if name == "others" else name for name in self.authors]
        place = " ".join(filter(None, (self.venue, self._volume)))
        if self.pages:
            place += f"{':' if self.volume else ', '}{self.pages.replace('-', '–')}"
        where = ". ".join(filter(None, (place, self.publisher)))
        found = f"doi:{self.doi}" if self.doi else self.url
        stop = "" if self.title.endswith("?") else "."
        parts = (f"{'; '.join(authors)} ({self.when}). {self.title}{stop}", where and f"{where}.")
        return " ".join(filter(None, (*parts, found)))

    @property
    def _volume(self) -> str:
        return f"{self.volume}({self.number})" if self.number else self.volume


@cache
def references() -> dict[str, Reference]:
    """Return all there are: key -> reference.

    Raises
    ------
    ValueError
        When the file is not as it should be.
    """
    content = parse_json(_FILE.read_bytes())
    return {key: Reference.model_validate(entry) for key, entry in content.items()}


def cited_text(keys: Sequence[str], otherwise: str = "") -> str:
    """Return references in a line, ``otherwise`` where there are none."""
    return " And: ".join(references()[key].text for key in keys) or otherwise


def cited_labels(keys: Sequence[str]) -> dict[str, str]:
    """Return what a text calls each of some references: authors, year, a letter where needed.

    Parameters
    ----------
    keys
        All that the text cites, each once.
    """
    plain = {key: f"{references()[key].by} {references()[key].when}" for key in keys}
    several = {label for label, n in Counter(plain.values()).items() if n > 1}
    letters = {label: iter(ascii_lowercase) for label in several}
    return {
        key: label + next(letters[label]) if label in several else label
        for key, label in plain.items()
    }
