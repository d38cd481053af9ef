"""How often the 95 % interval of a mean over subjects holds the true mean.

Prints one table: the share of 10,000 made-up studies, by distribution and number of subjects.

    python benchmarks/coverage.py
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from p300.evaluation.intervals import mean_interval

SUBJECTS = (6, 8, 12, 20, 40)
STUDIES = 10_000

Draw = Callable[[np.random.Generator, int], np.ndarray]
DISTRIBUTIONS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0),
    "uniform, bounded": (lambda rng, n: rng.random(n), 0.5),
    "beta(8, 2), bounded, skewness -.8": (lambda rng, n: rng.beta(8, 2, n), 0.8),
    "gamma(4), skewness 1": (lambda rng, n: rng.gamma(4, 1, n), 4.0),
    "exponential, skewness 2": (lambda rng, n: rng.exponential(1, n), 1.0),
    "lognormal, skewness 6.2": (lambda rng, n: rng.lognormal(0, 1, n), float(np.exp(0.5))),
    "t with 3 degrees of freedom, heavy tails": (lambda rng, n: rng.standard_t(3, n), 0.0),
}
"""What is drawn -> how, and its mean."""


def coverage(draw: Draw, mean: float, n: int) -> float:
    """Return the share of studies of n subjects whose interval holds the mean."""
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(STUDIES):
        interval = mean_interval(draw(rng, n))
        assert interval is not None  # six subjects or more
        held += interval[0] <= mean <= interval[1]
    return held / STUDIES


def main() -> None:
    """Print the table."""
    print("| values |", " | ".join(map(str, SUBJECTS)), "|")
    print("|---" * (1 + len(SUBJECTS)) + "|")
    for name, (draw, mean) in DISTRIBUTIONS.items():
        cells = (f"{coverage(draw, mean, n):.3f}"[1:] for n in SUBJECTS)
        print(f"| {name} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
