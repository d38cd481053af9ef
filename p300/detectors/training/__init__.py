"""How networks learn: rules, the training loop, and the same loop for a batch on a card."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.detectors.training.jobs import TrainingJob, train

__getattr__ = lazy_names(
    __name__,
    {
        "TrainingJob": "p300.detectors.training.jobs",
        "train": "p300.detectors.training.jobs",
    },
)

__all__ = ["TrainingJob", "train"]
