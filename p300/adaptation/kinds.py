"""What a detector may learn from the person that it is tested on."""

from __future__ import annotations

from typing import Literal, get_args

Adaptation = Literal["none", "self_calibrated", "labelled", "fine_tuned", "from_scratch"]
"""``self_calibrated``: unlabelled flashes; those of the calibration characters where the protocol
has some (``few_shot``), else the characters before the one that is scored. ``labelled``: the
calibration characters with their labels, on top of what other people taught, by the last layer
alone; ``fine_tuned``: by all weights of a network, which stays as it is where there are none.
``from_scratch``: these characters alone."""

ADAPTATIONS: tuple[str, ...] = get_args(Adaptation)
"""All of them."""
