"""
BIDS
====

A BIDS data set is read by its root folder: subjects, sessions and runs are told by it, events by
its tables. One is made here with MNE-BIDS.
"""

# %%
# What flashed stands in ``trial_type``, as ``Target/3`` and ``NonTarget/7``.

from pathlib import Path

import mne
import mne_bids

from p300 import open_recordings

root = Path("bids-study")
kinds = {True: "Target", False: "NonTarget"}
study = open_recordings("simulated", n_subjects=4, characters_per_run=3, repetitions=8, weak=0)
for recording in study:
    flashes, raw = recording.flashes, recording.raw.copy().load_data()
    raw.info["line_freq"] = 50
    marks = [
        f"{kinds[bool(target)]}/{code}"
        for target, code in zip(flashes["target"], flashes["code"], strict=True)
    ]
    raw.set_annotations(mne.Annotations(flashes["sample"] / recording.sfreq, 0.0, marks))
    place = mne_bids.BIDSPath(
        root=root, subject=f"{int(recording.subject):02d}", session="1", task="speller",
        run=recording.run, datatype="eeg",
    )  # fmt: skip
    mne_bids.write_raw_bids(raw, place, format="EDF", allow_preload=True, verbose="error")
print(*sorted(str(file.relative_to(root)) for file in root.rglob("sub-01*")), sep="\n")

# %%
# The options are those of every source: which kinds are targets, how the code follows.

from p300 import preprocess

matrix = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
recordings = list(
    open_recordings(
        "bids", root, dataset="mine",
        target=["Target/*"], nontarget=["NonTarget/*"], code=r"/(\d+)", layout=matrix,
    )
)  # fmt: skip
recordings[0]

# %%
# The rules of a study apply at once: a label that is there twice, or one signal under two subjects,
# would be refused here.

from p300.recordings import Study

epochs = preprocess(Study().admit("mine", recordings))
epochs

# %%
# Single epochs at Pz, in the order they came in:

image = epochs.select(epochs.flashes["subject"] == "01").plot_image("Pz")
image

# %%
# One person is left out at a time, and each is spelled.

from p300 import evaluate_epochs, make_detector, summarise_scores

scores = evaluate_epochs(epochs, {"slda": make_detector("slda")}, "cross_subject")
metrics = summarise_scores(scores)
print(metrics[metrics["metric"] == "roc_auc"].set_index("subject")["value"].round(3))
