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

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with ``deep`` also those of the detector within, and its seed."""
        found: dict[str, Any] = super().get_params(deep)
        return found | ({"seed": self.seed} if "detector__seed" in found else {})
