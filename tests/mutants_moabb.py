"""Lines that carry a promise about MOABB's data sets and paradigms, for ``mutants.py``."""

from __future__ import annotations

from mutant import Mutant

_SETS = ("tests/recordings/formats/test_moabb_sets.py",)
_EPOCHS = ("tests/signal/test_from_moabb.py",)

MOABB = (
    Mutant(
        "MOABB's annotations begin where its epochs do, not at the flash",
        "recordings/formats/moabb.py",
        "mark_samples(raw)[at] - int(offset * sfreq)",
        "mark_samples(raw)[at]",
        _SETS,
    ),
    Mutant(
        "flash codes of MOABB are raised by two",
        "recordings/formats/moabb.py",
        "_RAISED_BY = 2",
        "_RAISED_BY = 1",
        _SETS,
    ),
    Mutant(
        "codes that no layout of the data set has are not spelled",
        "recordings/moabb_sets.py",
        "if set(one.groups) == codes",
        "if set(one.groups) >= codes",
        _SETS,
    ),
    Mutant(
        "a data set whose codes MOABB drops says so",
        "recordings/formats/moabb.py",
        "if described is not None and described.lost:",
        "if described is None:",
        _SETS,
    ),
    Mutant(
        "arrays of MOABB's paradigms are microvolts",
        "signal/from_moabb.py",
        "_finite(X) * (1e-6 * microvolts_per_unit)",
        "_finite(X) * microvolts_per_unit",
        _EPOCHS,
    ),
    Mutant(
        "when flashes began MOABB does not tell, and nobody makes it up",
        "signal/from_moabb.py",
        "sample=places.groupby(list(_PLACE), sort=False).cumcount(),",
        "sample=places.groupby(list(_PLACE), sort=False).cumcount(), onset=np.arange(n_epochs),",
        _EPOCHS,
    ),
)
