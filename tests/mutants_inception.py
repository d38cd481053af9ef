"""What breaks the promise that EEG-Inception by products is EEG-Inception by layers."""

from __future__ import annotations

from mutant import Mutant

INCEPTION_FILE = "detectors/networks/eeg_inception.py"
TESTS = ("tests/detectors/networks/test_eeg_inception.py",)
DROPOUT = ("tests/detectors/networks/test_dropout.py",)

INCEPTION = (
    Mutant(
        "thresholds of kernels go into the running mean",
        INCEPTION_FILE,
        "mean = mean + threshold",
        "mean = mean + 0 * threshold",
        TESTS,
    ),
    Mutant(
        "the running variance is the unbiased one",
        INCEPTION_FILE,
        "variance * x.numel() / (x.numel() - 1)",
        "variance * 1.0",
        TESTS,
    ),
    Mutant(
        "the matrices of a convolution are those of its kernels, not their transposes",
        INCEPTION_FILE,
        "n_samples).flatten(1).T.contiguous()",
        "n_samples).transpose(1, 2).flatten(1).T.contiguous()",
        TESTS,
    ),
    Mutant(
        "samples beyond the last whole mean are not seen",
        INCEPTION_FILE,
        "pad(members, (0, 0, 0, unseen))",
        "pad(members, (0, 0, 0, unseen), value=0.1)",
        TESTS,
    ),
    Mutant(
        "dropout drops the share that is asked",
        "detectors/networks/dropout.py",
        "n_dropped = round(256 * self.p)",
        "n_dropped = round(255 * self.p) - 6",
        DROPOUT,
    ),
    Mutant(
        "all bits of the numbers are random",
        "detectors/networks/dropout.py",
        "random_(-(2**63), None)",
        "random_()",
        DROPOUT,
    ),
)
