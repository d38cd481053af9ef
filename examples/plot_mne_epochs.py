"""
From MNE to a comparison of detectors
=====================================

Whoever has epochs in MNE can look at them, evaluate detectors on subjects that they have not seen,
and compare them, without writing a file. The recordings are simulated ones, cut by MNE alone.
"""

# %%
# Each run is filtered and cut as one would do it in MNE. The events are called ``target/3`` or
# ``nontarget/7``: the number is the row or column that flashed.

import mne

from p300 import open_recordings


def cut(raw):
    """Filter a run and cut its epochs with MNE."""
    filtered = raw.copy().load_data().filter(0.5, 20.0, verbose="error")
    events, event_id = mne.events_from_annotations(filtered, verbose="error")
    return mne.Epochs(
        filtered, events, event_id, tmin=0.0, tmax=0.6, baseline=None, decim=2, preload=True,
        verbose="error",
    )  # fmt: skip


study = open_recordings("simulated", n_subjects=6, characters_per_run=3, repetitions=8)
cut_by_mne = {(one.subject, one.run): cut(one.raw) for one in study}
print(cut_by_mne["1", "1"])

# %%
# What MNE does not know has to be said: whose epochs they are, and how a flash code follows from
# the name of an event. Characters and repetitions follow from the codes and the pauses.

from p300 import Epochs, concatenate

epochs = concatenate(
    [
        Epochs.from_mne(
            own, dataset="mine", subject=subject, session="1", run=run, code=r"/(\d+)",
            layout=["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"],
        )
        for (subject, run), own in cut_by_mne.items()
    ]
)  # fmt: skip
epochs

# %%
# Averages over subjects, with the 95 % interval of the mean:

averages = epochs.plot_averages()
averages

# %%
# Where on the head targets and non-targets differ, at the peaks of the difference:

topographies = epochs.plot_topographies()
topographies

# %%
# Single epochs at Pz, in the order they came in; lines divide runs:

image = epochs.select(epochs.flashes["subject"] == "1").plot_image("Pz")
image

# %%
# Two detectors, each tested on a subject that it was not trained on; one row a tested flash, then
# figures of each subject, and the difference of the detectors over subjects.

from p300 import compare_detectors, evaluate_epochs, make_detector, summarise_scores

detectors = {"slda": make_detector("slda"), "xdawn_lda": make_detector("xdawn_lda")}
scores = evaluate_epochs(epochs, detectors, "cross_subject")
comparison = compare_detectors(summarise_scores(scores))
print(comparison[["first", "second", "difference", "low", "high", "p"]].round(3))

# %%
# The way back: events, metadata, montage and all, for whatever MNE can do with them.

again = epochs.to_mne()
print(again["target"].average())
