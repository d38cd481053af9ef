"""What meta-estimators share: the name and the seed are those of the detector within."""

from __future__ import annotations

from typing import Any

from p300.detectors.base import Detector


class WrapsDetector(Detector):
    """A detector whose parameter ``detector`` is a detector.

    Whoever sets a seed need not know which detectors are made of others: ``seed`` is a parameter
    here too where it is one of the detector within.
    """

    detector: Any

    @property
    def name(self) -> str:  # type: ignore[override]  # follows the detector within
        """Name in the registry."""
        return str(self.detector.name)

    @property
    def seed(self) -> int:
        """The seed of the detector within."""
        return int(self.detector.seed)

    @seed.setter
    def seed(self, seed: int) -> None:
        self.detector.seed = seed

    @property
    def stackable(self) -> bool:  # type: ignore[override]  # follows the detector within
        """Whether several fits can be made as one batched model on a graphics card."""
        return bool(self.detector.stackable)

    @property
    def learns_like(self) -> str:
        """The same for meta-estimators of one kind around detectors that learn the same."""
        own = {
            k: v for k, v in self.get_params(deep=False).items() if k not in ("detector", "seed")
        }
        return f"{type(self).__qualname__}{own}({self.detector.learns_like})"

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with ``deep`` also those of the detector within, and its seed."""
        found: dict[str, Any] = super().get_params(deep)
        return found | ({"seed": self.seed} if "detector__seed" in found else {})
