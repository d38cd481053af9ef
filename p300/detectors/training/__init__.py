"""How networks learn: rules, the training loop, and the same loop for a batch on a card."""

from p300.detectors.training.jobs import TrainingJob, train

__all__ = ["TrainingJob", "train"]
