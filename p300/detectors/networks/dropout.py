"""Dropout that draws a byte a value."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BytesDropout(nn.Dropout):
    """Dropout, eight values by each number that is drawn: torch draws one a value.

    A value is dropped where its byte is below ``256 p``, so ``p`` counts in 256ths, 255 at
    most.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Drop values of x [...] in training, and multiply the others by 1 / (1 - p)."""
        n_dropped = round(256 * self.p)
        if not self.training or n_dropped == 0:
            return x
        numbers = x.new_empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        drawn = numbers.view(torch.uint8)[: x.numel()].view(x.shape)
        # Clamped to the last byte that drops and the first that keeps: numbers stay numbers, as
        # comparing to booleans takes longer (and vmap knows no comparison in place).
        kept = drawn.clamp(n_dropped - 1, n_dropped).to(x.dtype).sub_(n_dropped - 1)
        return x * kept.mul_(256 / (256 - n_dropped))
