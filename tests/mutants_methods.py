"""What breaks the promises about the methods, references and limitations of a report."""

from __future__ import annotations

from mutant import Mutant

_METHODS = ("tests/report/methods/test_methods_text.py",)
_LIMITS = ("tests/report/sections/test_limitations.py",)
_BIBTEX = ("tests/references/test_bibtex.py",)

METHODS = (
    Mutant(
        "software that had no part in a run is not cited",
        "report/methods/software.py",
        "[name for name in NAMES if name in used]",
        "list(NAMES)",
        _METHODS,
    ),
    Mutant(
        "names from outside are escaped in LaTeX",
        "report/methods/cited.py",
        "one.written(latex_text, cite)",
        "one.written(str, cite)",
        _METHODS,
    ),
    Mutant(
        "an underscore is text in LaTeX",
        "references/bibtex.py",
        '"_": r"\\_",',
        '"_": "_",',
        _BIBTEX,
    ),
    Mutant(
        "names from outside are escaped in Markdown",
        "report/methods/cited.py",
        "one.written(markdown_text, cite)",
        "one.written(str, cite)",
        _METHODS,
    ),
    Mutant(
        "data of anybody ask for their reference",
        "report/methods/data.py",
        'f" {unknown}.")',
        '".")',
        _METHODS,
    ),
    Mutant(
        "data sets are cited with their licence",
        "report/methods/data.py",
        "found |= dict.fromkeys(described.references, described.licence)",
        "pass",
        _METHODS,
    ),
    Mutant(
        "few subjects have no interval, and the methods say so",
        "report/methods/testing.py",
        "for name, n in numbers.items() if n < FEWEST]",
        "for name, n in numbers.items() if n < 2]",
        _METHODS,
    ),
    Mutant(
        "a plug-in without a source is told so",
        "report/methods/detectors.py",
        "described.citation or NO_REFERENCE",
        "described.citation",
        _METHODS,
    ),
    Mutant(
        "settings chosen on the tested data are told",
        "report/sections/limitations.py",
        "RECOMMENDED_ON if made == RECOMMENDED else described.chosen_on",
        "described.chosen_on",
        _LIMITS,
    ),
    Mutant(
        "a learning rule whose settings nobody chose is not said to be chosen",
        "detectors/described.py",
        'found.chosen_on if settings.get("training") in info.tuned else ()',
        "found.chosen_on",
        _LIMITS,
    ),
    Mutant(
        "simulated data are no people",
        "report/sections/limitations.py",
        "not info.people for info in infos",
        "info.people for info in infos",
        _LIMITS,
    ),
    Mutant(
        "subjects that were not tested are named",
        "report/sections/limitations.py",
        'sorted(there - set(map(str, part["subject"])))',
        'sorted(set(map(str, part["subject"])) - there)',
        _LIMITS,
    ),
    Mutant(
        "flashes without an epoch are counted",
        "report/sections/limitations.py",
        "if lost := n_all - len(folder.flashes(dataset)):",
        "if lost := 0:",
        _LIMITS,
    ),
    Mutant(
        "an alignment that runs is no offline one",
        "report/sections/limitations.py",
        'one.changes_epochs and one.mode == "offline"',
        "one.changes_epochs",
        _LIMITS,
    ),
)
