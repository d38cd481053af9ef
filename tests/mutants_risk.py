"""What breaks the promises of stopping by risk."""

from __future__ import annotations

from mutant import Mutant

RISK = (
    Mutant(
        "doubt alone ends no character early",
        "speller/stopping.py",
        "stop_at(np.exp(log_posterior.max(axis=2)), n_repetitions, threshold)",
        "stop_at(np.exp((log_posterior if risk is None else risk.log_confidence(log_posterior))"
        ".max(axis=2)), n_repetitions, threshold)",
        ("tests/speller/test_risk.py",),
    ),
    Mutant(
        "a missed symbol costs what was said",
        "speller/stopping.py",
        "nothing = 1 - self.miss * -np.expm1",
        "nothing = 1 + np.expm1",
        ("tests/speller/test_risk.py",),
    ),
    Mutant(
        "characters that nobody attended count as often as it happens",
        "speller/stopping.py",
        "    weight /= np.where(attended, attended.mean(), 1 - attended.mean())",
        "    weight = np.ones(len(true))",
        ("tests/speller/test_risk.py",),
    ),
    Mutant(
        "an oracle and every other prior follow what was spelled, not what was not",
        "speller/decisions.py",
        "text += symbols[best : best + 1]",
        "text.append(symbols[min(best, len(symbols) - 1)])",
        ("tests/speller/test_risk.py",),
    ),
    Mutant(
        "characters that nobody attended are no errors of those that somebody did",
        "speller/curves.py",
        "    known.loc[resting, _OF_ATTENDED] = np.nan",
        "    known.loc[resting & False, _OF_ATTENDED] = np.nan",
        ("tests/speller/test_risk.py",),
    ),
    Mutant(
        "nobody attends during rests",
        "recordings/simulated/study.py",
        "& (character not in resting)",
        "& (character not in set())",
        ("tests/recordings/simulated/test_simulated.py",),
    ),
)
