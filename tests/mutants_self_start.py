"""What breaks the promises about a start from nobody's data."""

from __future__ import annotations

from mutant import Mutant

EVIDENCE = ("tests/adaptation/test_symbol_evidence.py",)
STARTED = ("tests/adaptation/test_self_start.py",)

SELF_START = (
    Mutant(
        "evidence counts what the means may be besides",
        "adaptation/symbol_evidence.py",
        "spread = 1 + flashes * belief.variance",
        "spread = 1 + 0 * flashes",
        EVIDENCE,
    ),
    Mutant(
        "symbols lit by more flashes have no advantage",
        "adaptation/symbol_evidence.py",
        "gain - contrasts.n_features * np.log(spread)",
        "gain",
        EVIDENCE,
    ),
    Mutant(
        "a character does not confirm itself",
        "adaptation/symbol_evidence.py",
        "            probability[character] = 0\n",
        "",
        EVIDENCE,
    ),
    Mutant(
        "what is expected counts as its variance says",
        "adaptation/symbol_evidence.py",
        "np.append(seen, 1 / variance)",
        "np.append(seen, 1.0)",
        EVIDENCE,
    ),
    Mutant(
        "a character is scored before it is used",
        "adaptation/self_start.py",
        "known = start(flashes.of(flashes.character <= character), prior)",
        "known = start(flashes, prior)",
        STARTED,
    ),
    Mutant(
        "others' epochs teach nothing unless asked",
        "adaptation/ways/self_started.py",
        "if not self.others or not len(rows):",
        "if not len(rows):",
        STARTED,
    ),
    Mutant(
        "people who differ count less",
        "adaptation/self_start.py",
        "max(of_people, 0.0) * (1 + 1 / n)",
        "0.0",
        STARTED,
    ),
    Mutant(
        "what is expected is given up where the flashes say the opposite",
        "adaptation/self_start.py",
        "return lead > REFUTED",
        "return False",
        STARTED,
    ),
    Mutant(
        "the opposite of what is expected is its negative",
        "adaptation/symbol_evidence.py",
        "np.ones(len(self.products) - 1), -1.0)",
        "np.ones(len(self.products) - 1), 1.0)",
        STARTED,
    ),
)
