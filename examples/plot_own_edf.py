"""
Your own EDF
============

A folder of EDF files in the words of some lab, from what is in it to a comparison of subjects. The
files are written here; yours lie somewhere already.
"""

# %%
# Four people, two runs each, as EDF+ with annotations: ``rare/3`` says that code 3 flashed and that
# the person attended to a symbol in it.

from pathlib import Path

import mne

from p300 import open_recordings

folder = Path("my-study")
folder.mkdir()
study = open_recordings("simulated", n_subjects=4, characters_per_run=3, repetitions=8, weak=0)
for recording in study:
    flashes = recording.flashes
    words = [
        f"{'rare' if target else 'frequent'}/{code}"
        for target, code in zip(flashes["target"], flashes["code"], strict=True)
    ]
    onsets = flashes["sample"].to_numpy() / recording.sfreq
    raw = recording.raw.copy().load_data()
    raw.set_annotations(mne.Annotations(onsets, 0.0, words))
    file = folder / f"sub-{recording.subject}_run-{recording.run}_eeg.edf"
    mne.export.export_raw(file, raw, verbose="error")
print(*sorted(file.name for file in folder.iterdir()), sep="\n")

# %%
# ``p300 init`` asks every format whether it knows the files, tells what it finds and writes a
# config that runs as it is.

import subprocess
import sys


def p300(*arguments):
    """Run the command line here, as a terminal does."""
    done = subprocess.run(
        [sys.executable, "-m", "p300", *arguments], capture_output=True, text=True, check=True
    )
    print(done.stdout.replace(f"{Path.cwd()}/", ""))


p300("init", "my-study")
print(Path("my-study.yaml").read_text().replace(f"{Path.cwd()}/", "")[:1200], "...")

# %%
# ``p300 inspect`` looks at one of them, or at all: electrodes, line noise, flash timing, responses.

p300("inspect", "my-study/sub-1_run-1_eeg.edf")

from matplotlib.figure import Figure
from matplotlib.image import imread

picture = imread("inspect.png")
looked = Figure(figsize=(9.6, 9.6 * picture.shape[0] / picture.shape[1]))
looked.add_axes((0, 0, 1, 1)).imshow(picture)
looked.axes[0].set_axis_off()
looked

# %%
# The same from Python. What the guesses said is said here: which marks are targets, and how a flash
# code follows from a mark.

from p300 import evaluate_epochs, make_detector, preprocess, summarise_scores

matrix = ["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"]
recordings = open_recordings(
    "annotated", "my-study", dataset="mine",
    target=["rare/*"], nontarget=["frequent/*"], code=r"/(\d+)", layout=matrix,
)  # fmt: skip
epochs = preprocess(recordings)
scores = evaluate_epochs(epochs, {"slda": make_detector("slda")}, "cross_subject")
metrics = summarise_scores(scores)
aucs = metrics[metrics["metric"] == "roc_auc"]
print(aucs.set_index("subject")["value"].round(3))

# %%
# Averages over the people:

averages = epochs.plot_averages(["Cz", "Pz", "Oz"])
averages
