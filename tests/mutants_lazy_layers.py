"""The line that keeps torch from ending the process, for ``mutants.py``."""

from __future__ import annotations

from mutant import Mutant

LAZY_LAYERS = (
    Mutant(
        "a network with layers without a size is refused",
        "detectors/training/network.py",
        "if any(is_lazy(parameter)",
        "if False and any(is_lazy(parameter)",
        ("tests/detectors/training/test_lazy_layers.py",),
    ),
)
