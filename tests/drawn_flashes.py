"""Flashes of made-up people whose features are drawn."""

from __future__ import annotations

import numpy as np

from p300.adaptation.coded_flashes import Flashes
from p300.recordings import MATRIX_6X6
from p300.recordings.layout import lit_symbols

LIT = lit_symbols(MATRIX_6X6)
CODES = sorted(MATRIX_6X6.groups)


def draw(direction, n_characters=8, repetitions=10, seed=0, separation=1.3):
    """Flashes of a person whose targets lie ``separation`` along ``direction``; their labels."""
    rng = np.random.default_rng(seed)
    direction = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    character, code, repetition, target = [], [], [], []
    for k in range(n_characters):
        wanted = MATRIX_6X6.codes_of(str(rng.choice(MATRIX_6X6.symbols)))
        for r in range(repetitions):
            for c in rng.permutation(CODES):
                character.append(k)
                code.append(CODES.index(c))
                repetition.append(r)
                target.append(c in wanted)
    y = np.array(target)
    features = rng.standard_normal((len(y), len(direction))) + separation * y[:, None] * direction
    flashes = Flashes(features, *(np.array(v) for v in (character, code, repetition)), LIT)
    return flashes, y
