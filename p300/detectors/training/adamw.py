"""AdamW without what torch's class does around each step."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw


class AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019): torch's own arithmetic.

    Hooks, records for the profiler and states that may be stored take longer around a step of a
    network of some thousand weights than the step itself (benchmarks/README.md); here there are
    none of these, and the weights are torch's to the last digit.

    Parameters
    ----------
    weights
        Changed in place. One that has no gradient in a step rests, as do its moments.
    rate
        Learning rate.
    decay
        Weight decay.
    """

    def __init__(self, weights: Iterable[nn.Parameter], rate: float, decay: float) -> None:
        self.rate, self.decay = rate, decay
        # A weight, its gradients' moments, its number of steps.
        self.states = [
            (w, torch.zeros_like(w.data), torch.zeros_like(w.data), w.data.new_zeros(()).float())
            for w in weights
        ]

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: ARG002  # as torch's are called
        """Forget the gradients."""
        for weight, *_ in self.states:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Change the weights by their gradients."""
        moving = [state for state in self.states if state[0].grad is not None]
        if not moving:
            return
        weights, means, squares, steps = (list(each) for each in zip(*moving, strict=True))
        gradients: list[Tensor] = [weight.grad for weight in weights]
        adamw(
            weights,
            gradients,
            means,
            squares,
            [],
            steps,
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.rate,
            weight_decay=self.decay,
            eps=1e-8,
            maximize=False,
        )
