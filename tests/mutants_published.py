"""What breaks the promises about published figures and about the intervals of letters."""

from __future__ import annotations

from mutant import Mutant

TABLE = ("tests/report/published/test_published_figures.py",)
SECTION = ("tests/report/sections/test_published.py",)

PUBLISHED = (
    Mutant(
        "figures of MOABB's folds over epochs are never beside ours",
        "report/sections/published.py",
        "if published.ours is None or",
        "if published.ours is not None and",
        SECTION,
    ),
    Mutant(
        "the same protocol tests the same run",
        "report/sections/published.py",
        'return published.tested_run is None or set(own["run"]) == {published.tested_run}',
        "return True",
        SECTION,
    ),
    Mutant(
        "how certain a figure is stands on the page",
        "report/sections/published_tables.py",
        "Certainty: {figure.certainty}.",
        "",
        SECTION,
    ),
    Mutant(
        "a data set of MOABB is known by its name there",
        "report/published/classes.py",
        'return self.moabb is not None and source.get("name") == self.moabb',
        "return self.moabb is not None",
        TABLE,
    ),
    Mutant(
        "what stands in both tables is there once",
        "report/published/figures.py",
        "return tuple(dict.fromkeys([*_letters_by_repetitions(), *_table()]))",
        "return (*_letters_by_repetitions(), *_table())",
        TABLE,
    ),
    Mutant(
        "the paper's curve is drawn on its own data alone",
        "report/sections/paper.py",
        "return SOURCE in results.sources(dataset) and",
        "return",
        SECTION,
    ),
    Mutant(
        "the paper is shown on its data and their stand-in alone",
        "report/sections/paper.py",
        "if not results.sources(str(dataset)) & {SOURCE, STAND_IN}:",
        "if False:",
        SECTION,
    ),
    Mutant(
        "letters have one kind of interval, over subjects where there are enough",
        "report/letter_curves.py",
        "return Over.SUBJECTS if n.min() >= FEWEST else Over.CHARACTERS",
        "return Over.CHARACTERS",
        SECTION,
    ),
    Mutant(
        "a mean curve ends where a subject ends",
        "report/letter_curves.py",
        'wide.dropna(axis="columns").items()',
        "wide.items()",
        SECTION,
    ),
)
