"""What breaks the promises about the block-Toeplitz covariance."""

from __future__ import annotations

from mutant import Mutant

TESTS = ("tests/detectors/linear/test_toeplitz.py",)
ADAPTED = ("tests/adaptation/test_self_calibration.py",)

TOEPLITZ = (
    Mutant(
        "blocks of long lags, means of few places, are tapered",
        "detectors/linear/toeplitz.py",
        "mean * ((n_times - lag) / n_times)",
        "mean",
        TESTS,
    ),
    Mutant(
        "a block back in time is the transpose of that ahead",
        "detectors/linear/toeplitz.py",
        "np.concatenate([lags[:0:-1].transpose(0, 2, 1), lags])",
        "np.concatenate([lags[:0:-1], lags])",
        TESTS,
    ),
    Mutant(
        "the solver knows the same of blocks back in time",
        "detectors/linear/toeplitz.py",
        "before = lags[:0:-1].transpose(2, 0, 1)",
        "before = lags[:0:-1].transpose(1, 0, 2)",
        TESTS,
    ),
    Mutant(
        "what predicts the last block is divided by what is left of it",
        "detectors/linear/toeplitz.py",
        "backward[:grown] @ _divided(behind, rest, n_times)",
        "backward[:grown] @ _divided(ahead, rest, n_times)",
        TESTS,
    ),
    Mutant(
        "a fit from sums imposes the structure as a plain fit does",
        "detectors/linear/lda.py",
        "return discriminant_of(sums, self._structure(len(sums.nontarget.total)))",
        "return discriminant_of(sums)",
        TESTS,
    ),
    Mutant(
        "a readout goes by what is known of its covariance",
        "adaptation/readout.py",
        "covariance = self.structure.imposed(self.covariance)",
        "covariance = self.covariance",
        ADAPTED,
    ),
    Mutant(
        "it goes by it after an update as well",
        "adaptation/readout.py",
        "told.target[0], covariance, self.structure)",
        "told.target[0], covariance)",
        ADAPTED,
    ),
    Mutant(
        "a stored adaptation goes by what its detector knows",
        "adaptation/storage.py",
        "Readout(**arrays, structure=detector.structure())",
        "Readout(**arrays)",
        ("tests/adaptation/test_transfer.py",),
    ),
    Mutant(
        "what is learned of the new person alone goes by it too",
        "adaptation/transfer.py",
        "fit_readout(features, epochs.y, self.readout.structure)",
        "fit_readout(features, epochs.y)",
        ("tests/adaptation/test_transfer.py",),
    ),
)
