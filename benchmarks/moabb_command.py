"""One cross-subject evaluation by MOABB of FIF files; ``whole.py`` calls and measures it.

    python benchmarks/moabb_command.py FOLDER PIPELINE CACHE

FOLDER holds ``sub-1_run-1_raw.fif`` and so on, with the annotations Target and NonTarget; CACHE
keeps MOABB's arrays. The last line is the mean ROC-AUC. Imports nothing of p300, so that all of its
seconds are MOABB's.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import mne
import numpy as np
import numpy.typing as npt
from mne.decoding import Vectorizer
from moabb import set_log_level
from moabb.datasets.base import BaseDataset
from moabb.evaluations import CrossSubjectEvaluation
from moabb.paradigms import P300
from pyriemann.estimation import XdawnCovariances
from pyriemann.spatialfilters import Xdawn
from pyriemann.tangentspace import TangentSpace
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

EVENTS = {"Target": 2, "NonTarget": 1}
TARGET = 1
"""Of MOABB's labels, in the order of the alphabet: NonTarget 0, Target 1."""
LONGEST, RATE, BAND = 0.8, 120, (0.1, 20.0)
WINDOWS = 16


class Flashes(BaseDataset):  # type: ignore[misc]
    """A folder of FIF files, one a run."""

    def __init__(self, folder: Path) -> None:
        self.runs: dict[int, list[Path]] = {}
        for path in sorted(folder.glob("sub-*_run-*_raw.fif")):
            self.runs.setdefault(int(path.name.split("_")[0][4:]), []).append(path)
        super().__init__(
            subjects=list(self.runs),
            sessions_per_subject=1,
            events=EVENTS,
            code="Flashes",
            interval=[0, LONGEST],
            paradigm="p300",
        )

    def _get_single_subject_data(self, subject: int) -> dict[str, dict[str, Any]]:
        read = {
            str(k): mne.io.read_raw_fif(path, preload=True, verbose="error")
            for k, path in enumerate(self.runs[subject])
        }
        return {"0": read}

    def data_path(self, subject: int, **_: Any) -> list[str]:
        """Return the files of a subject."""
        return [str(path) for path in self.runs[subject]]


def window_means(X: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the means of as many windows as p300's detector takes, [epoch, window * electrode]."""
    parts = np.array_split(X, WINDOWS, axis=2)
    return np.concatenate([part.mean(axis=2) for part in parts], axis=1)


def pipeline(name: str) -> Pipeline:
    """Return a pipeline; the two with xDAWN are those of MOABB's tutorials on the P300.

    Both have as many filters as p300's detector, and the discriminant that the tutorials have.
    """
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    if name == "windows":
        return make_pipeline(FunctionTransformer(window_means), lda)
    if name == "xdawn":
        return make_pipeline(Xdawn(nfilter=4, classes=[TARGET], estimator="scm"), Vectorizer(), lda)
    if name == "tangent":
        covariances = XdawnCovariances(
            nfilter=3, classes=[TARGET], estimator="lwf", xdawn_estimator="scm"
        )
        return make_pipeline(covariances, TangentSpace(), lda)
    raise SystemExit(f"pipeline {name!r} found, expected windows, xdawn or tangent")


def main() -> None:
    """Evaluate, and print the mean AUC."""
    folder, name, cache = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    warnings.simplefilter("ignore")
    set_log_level("error")
    mne.set_log_level("error")
    with tempfile.TemporaryDirectory() as results:
        evaluation = CrossSubjectEvaluation(
            paradigm=P300(fmin=BAND[0], fmax=BAND[1], tmin=0.0, tmax=LONGEST, resample=RATE),
            datasets=[Flashes(folder)],
            n_jobs=1,
            overwrite=True,
            hdf5_path=results,
            cache_config={"use": True, "save_array": True, "path": str(cache)},
        )
        found = evaluation.process({name: pipeline(name)})
    print(len(found), found["score"].mean())


if __name__ == "__main__":
    main()
