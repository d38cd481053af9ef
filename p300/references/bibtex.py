"""References as BibTeX, and any text as LaTeX takes it."""

from __future__ import annotations

from p300.references import Reference

_VENUES = {"article": "journal", "inproceedings": "booktitle", "incollection": "booktitle"}
"""Type of an entry -> its field for the venue; of the others it is ``howpublished``."""

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "–": "--",
        "−": "$-$",
        "×": r"$\times$",
        "\u00a0": "~",
    }
)


def latex_text(text: str) -> str:
    """Return text that LaTeX sets as it stands; letters beyond ASCII stay what they are (UTF-8).

    Control characters, which LaTeX refuses, become spaces.
    """
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable.translate(_ESCAPES)


def bibtex(key: str, reference: Reference, note: str = "") -> str:
    """Return the BibTeX entry of a reference.

    Parameters
    ----------
    key
        Its key.
    reference
        What is cited.
    note
        For its field of that name, such as a licence.
    """
    # An organisation is one name, whatever words it has.
    authors = [
        latex_text(name) if "," in name or name == "others" else f"{{{latex_text(name)}}}"
        for name in reference.authors
    ]
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{latex_text(reference.title)}}}",  # its capitals are meant
        _VENUES.get(reference.kind, "howpublished"): latex_text(reference.venue),
        "year": str(reference.year or ""),
        "volume": reference.volume,
        "number": reference.number,
        "pages": reference.pages.replace("-", "--"),
        "publisher": latex_text(reference.publisher),
        "doi": reference.doi,
        "url": reference.url,
        "note": latex_text(note),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{reference.kind}{{{key},", *lines, "}"])
