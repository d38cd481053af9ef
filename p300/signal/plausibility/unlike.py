"""Subjects whose responses are those of the others upside down, or too early or too late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from p300.signal.plausibility.responses import STEP, Waves, certainty, correlation

FEWEST = 3
"""Subjects that are needed to tell which of them is unlike the others."""

UPSIDE_DOWN = -0.25
"""Correlation with the mean of the others below which a difference wave is upside down."""

LATEST = 0.22
"""Seconds; the largest shift that is looked for."""

SHIFT, BEYOND = 0.06, 0.02
"""Seconds; the smallest shift that is told, and by how much it lies outside the others'."""

ALIKE, FIT, BETTER = 0.25, 0.4, 0.25
"""Correlation of the difference waves at that shift; its mean with that of the responses to
non-targets; and how much larger this mean is than without the shift."""

CLOSE = 0.1
"""Waves go up and down, so that a shift by half a wave looks like the other polarity: it is this
unless a shift gives a correlation that is larger by more than this."""

UPRIGHT = 0.1
"""Correlation of the responses to non-targets beyond which the polarity is that of the others."""

CERTAIN = 3.5
"""Standard errors, over blocks of the subject's and over blocks of the others' epochs, by which
their waves are alike or opposite; noise is neither, once in a thousand."""


@dataclass(frozen=True)
class Unlike:
    """How the responses of a subject compare with the others'.

    Parameters
    ----------
    subject
        Who.
    plain
        Correlation of the difference waves as they are.
    upright
        Correlation of the responses to non-targets as they are.
    shift
        Seconds by which the subject's responses are later, where they fit best.
    shifted
        Correlation of the difference waves at that shift.
    certainties
        Standard errors by which the subject is like the others, and they like the subject: as they
        are, and at that shift; the smaller in size of both, see :data:`CERTAIN`.
    fit, gain
        Mean correlation of difference waves and responses to non-targets at that shift, and how
        much larger it is than without.
    """

    subject: str
    plain: float
    upright: float
    shift: float
    shifted: float
    certainties: tuple[float, float]
    fit: float
    gain: float

    @property
    def upside_down(self) -> bool:
        """Whether the other polarity explains the responses, as well as a shift or better."""
        opposite = self.plain < UPSIDE_DOWN and self.certainties[0] < -CERTAIN
        return opposite and self.upright < UPRIGHT and -self.plain > self.shifted - CLOSE

    @property
    def late(self) -> bool:
        """Whether a shift explains the responses."""
        shifted = abs(self.shift) > SHIFT - STEP / 2 and self.certainties[1] > CERTAIN
        alike = self.shifted > ALIKE and self.fit > FIT
        return shifted and alike and self.gain > BETTER

    @property
    def doubt(self) -> float:
        """How much better another explanation is than none."""
        return -2 * self.plain if self.upside_down else self.gain if self.late else 0.0


def compare(waves: Waves, subject: str) -> Unlike:
    """Compare the responses of one subject with the mean of the others."""
    row = waves.subjects.index(subject)
    blocks, every = waves.difference[row], waves.every[row]
    blocks_of_others, every_of_others = waves.of_others(subject)
    own, others = blocks.mean(axis=0), blocks_of_others.mean(axis=0)
    most = round(LATEST / STEP)
    found = {
        shift: (correlation(own, others, shift), correlation(every, every_of_others, shift))
        for shift in range(-most, most + 1)
    }
    best = max(found, key=lambda shift: sum(found[shift]))
    fit, plain = (float(np.mean(found[shift])) for shift in (best, 0))
    certainties = [
        min(
            certainty(blocks, others, shift),
            certainty(blocks_of_others, own, -shift),
            key=abs,
        )
        for shift in (0, best)
    ]
    return Unlike(
        subject=subject,
        plain=found[0][0],
        upright=found[0][1],
        shift=STEP * best,
        shifted=found[best][0],
        certainties=(certainties[0], certainties[1]),
        fit=fit,
        gain=fit - plain,
    )


def find_unlike(waves: Waves) -> list[Unlike]:
    """Find the subjects whose responses are upside down or shifted, the clearest first.

    One at a time, and without the one found among the others of the next.
    """
    found: list[Unlike] = []
    while len(waves.subjects) >= FEWEST:
        doubtful = [one for subject in waves.subjects if (one := compare(waves, subject)).doubt]
        doubtful = [one for one in doubtful if one.upside_down or _is_outside(one, waves)]
        if not doubtful:
            break
        worst = max(doubtful, key=lambda one: one.doubt)
        found.append(worst)
        waves = waves.without([worst.subject])
    return found


def _is_outside(one: Unlike, waves: Waves) -> bool:
    """Return whether a shift lies outside those of the others among themselves."""
    rest = waves.without([one.subject])
    shifts = [compare(rest, subject).shift for subject in rest.subjects]
    return one.shift > max(shifts) + BEYOND or one.shift < min(shifts) - BEYOND
