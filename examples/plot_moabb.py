"""
From MOABB and back
===================

Detectors are scikit-learn classifiers, so that MOABB's evaluations take them; what a paradigm of
MOABB cut becomes epochs here. The data set is the simulated study, served as MOABB serves its own.
"""

# %%
# MOABB's data sets are classes that give Raws by subject, session and run; this one needs no
# download.

from moabb.datasets.base import BaseDataset

from p300 import open_recordings


class Simulated(BaseDataset):
    """The simulated study as a data set of MOABB."""

    def __init__(self) -> None:
        super().__init__(
            subjects=[1, 2, 3, 4], sessions_per_subject=1, code="SimulatedSpeller",
            events={"Target": 2, "NonTarget": 1}, interval=[0, 0.65], paradigm="p300", doi="",
        )  # fmt: skip

    def _get_single_subject_data(self, subject):
        import mne
        import numpy as np

        runs = {}
        study = open_recordings(
            "simulated",
            subjects=[str(subject)],
            n_subjects=4,
            characters_per_run=3,
            repetitions=10,
            weak=0,
        )
        for k, recording in enumerate(study):
            raw = recording.raw.copy().load_data()
            raw.set_annotations(None)
            marks = np.zeros(raw.n_times)
            marks[recording.flashes["sample"]] = 1 + recording.flashes["target"].astype(int)
            info = mne.create_info(["STI"], raw.info["sfreq"], "stim")
            stim = mne.io.RawArray(marks[None], info, first_samp=raw.first_samp, verbose="error")
            runs[str(k)] = raw.add_channels([stim], force_update_info=True)
        return {"0": runs}

    def data_path(self, subject, *_, **__):
        """Return nothing: there are no files."""
        return []


# %%
# What its paradigm cut becomes epochs: electrodes, rate and times are told by MNE's epochs. When
# flashes began MOABB does not tell, so a run is never divided between training and test.

import os
import warnings
from pathlib import Path

from moabb.paradigms import P300

from p300 import Epochs, evaluate_epochs, make_detector, summarise_scores

os.environ["MNE_DATA"] = os.environ["MOABB_RESULTS"] = str(Path.cwd())  # where MOABB writes
source, paradigm = Simulated(), P300(fmin=0.5, fmax=16, resample=120)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MOABB's own
    cut = paradigm.get_data(source, return_epochs=True)
epochs = Epochs.from_moabb(*cut)
scores = evaluate_epochs(epochs, {"slda": make_detector("slda")}, "cross_subject")
metrics = summarise_scores(scores)
ours = metrics[metrics["metric"] == "roc_auc"].set_index("subject")["value"]
print(ours.round(3))

# %%
# The way back: the same detector in MOABB's own evaluation.

from moabb.evaluations import CrossSubjectEvaluation

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    evaluation = CrossSubjectEvaluation(paradigm=paradigm, datasets=[source], overwrite=True)
    theirs = evaluation.process({"slda": make_detector("slda")})
print(theirs[["subject", "score"]].round(3))

# %%
# What the epochs hold can be looked at as any others:

averages = epochs.plot_averages(["Cz", "Pz", "Oz"])
averages
