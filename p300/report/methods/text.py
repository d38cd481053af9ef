"""All paragraphs of a run's methods, and the files that they are pasted from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from p300.references import cited_labels, references
from p300.references.bibtex import bibtex
from p300.report.methods.cited import Paragraph, latex, markdown, plain
from p300.report.methods.data import licences, preprocessing, recordings
from p300.report.methods.detectors import detectors
from p300.report.methods.software import software
from p300.report.methods.testing import protocols, spelling, statistics
from p300.report.run_results import RunResults

_TOPICS = (recordings, preprocessing, protocols, detectors, spelling, statistics, software)

_LATEX_HEAD = r"""% \usepackage[T1]{fontenc}
% \usepackage{natbib}
% ... \bibliographystyle{plainnat} \bibliography{references}
\section{Methods}

"""
_MARKDOWN_HEAD = """---
bibliography: references.bib
---

# Methods

"""


@dataclass(frozen=True)
class MethodsText:
    """The methods of a run as text to paste.

    Parameters
    ----------
    paragraphs
        In the order in which they are read.
    notes
        Key of a reference -> what its entry notes: the licence of data, the version of software.
    """

    paragraphs: tuple[Paragraph, ...]
    notes: Mapping[str, str]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """What is cited, once each, as a list of references has it: by authors and year."""
        cited = {key for one in self.paragraphs for key in one.keys}
        return tuple(sorted(cited, key=lambda key: references()[key].text.casefold()))

    @property
    def cited(self) -> dict[str, str]:
        """Key -> the reference in full, with its note."""
        notes = {key: f" {self.notes[key]}." for key in self.keys if key in self.notes}
        return {key: f"{references()[key].text}{notes.get(key, '')}" for key in self.keys}

    @property
    def plain(self) -> str:
        """As plain text: citations as authors and year, references at the end."""
        listed = "\n".join(self.cited.values())
        return f"{plain(self.paragraphs, cited_labels(self.keys))}\n\nReferences\n{listed}\n"

    @property
    def markdown(self) -> str:
        """As Markdown whose citations pandoc resolves with :attr:`bibtex`."""
        return f"{_MARKDOWN_HEAD}{markdown(self.paragraphs)}\n\n# References\n"

    @property
    def latex(self) -> str:
        """As LaTeX for natbib, to be input into a document."""
        return f"{_LATEX_HEAD}{latex(self.paragraphs)}\n"

    @property
    def bibtex(self) -> str:
        """As BibTeX: what is cited, nothing else."""
        entries = (bibtex(key, references()[key], self.notes.get(key, "")) for key in self.keys)
        return "\n\n".join(entries) + "\n"

    @property
    def files(self) -> dict[str, str]:
        """Name -> content of the files in the folder of a run."""
        return {
            "methods.txt": self.plain,
            "methods.md": self.markdown,
            "methods.tex": self.latex,
            "references.bib": self.bibtex,
        }


def methods_text(results: RunResults) -> MethodsText:
    """Return the methods of a run, every sentence made of its config, manifest and fits."""
    found = (topic(results) for topic in _TOPICS)
    packages = results.manifest.get("packages") or {}
    versions = {**packages, "p300": results.manifest["p300"]}
    notes = {key: f"Version {versions[key]}" for key in versions if key in references()}
    notes |= {key: f"Licence: {licence}" for key, licence in licences(results).items()}
    return MethodsText(tuple(one for one in found if one is not None), notes)
