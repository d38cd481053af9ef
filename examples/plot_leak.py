"""
A leak on purpose, and how it is caught
=======================================

What has been shown to a detector and is tested as well makes any figure look good. Three ways in
which that happens by itself, what each would have earned, and what refuses it.
"""

# %%
# Four people of the simulated study; with one of them left out, shrinkage LDA honestly earns this:

import numpy as np
from sklearn.metrics import roc_auc_score

from p300 import evaluate_epochs, make_detector, open_recordings, preprocess

recordings = list(open_recordings("simulated", n_subjects=4, characters_per_run=4, weak=0))
epochs = preprocess(recordings)
earned = {}


def across(given):
    """Return the ROC-AUC of each subject, learned from all others, without any check."""
    subjects, aucs = given.flashes["subject"].to_numpy(), {}
    for subject in dict.fromkeys(subjects):
        learned, tested = given.select(subjects != subject), given.select(subjects == subject)
        fitted = make_detector("slda").fit(learned.X, learned.y, groups=learned.groups("character"))
        aucs[subject] = roc_auc_score(tested.y, fitted.decision_function(tested.X))
    return aucs


honest = across(epochs)
print({subject: round(auc, 3) for subject, auc in honest.items()})

# %%
# **One person under two names.** Subject 1 came twice, and the second time was filed as subject 5.
# Whoever learns from the one and tests on the other, tests on what was learned.

from dataclasses import replace

twice = [*recordings, *(replace(one, subject="5") for one in recordings if one.subject == "1")]
leaked = across(preprocess(twice))
earned["one person under two names"] = honest["1"], leaked["1"]
print(f"subject 1: {honest['1']:.3f}, with the copy {leaked['1']:.3f}")

# %%
# A run, ``p300 train`` and ``p300 init`` compare signals by content before anything is fitted; so
# does ``Study`` in a script. Scaling, rounding and leaving out electrodes do not help.

from p300.errors import P300Error
from p300.recordings import Study

try:
    preprocess(Study().admit("mine", twice))
except P300Error as error:
    print(error)

# %%
# **Epochs dealt at random.** Epochs of .65 s come every .175 s, so that neighbours share samples;
# dealt into folds one by one, nearly every tested epoch has been seen in part.

from p300.evaluation.leaks import Fold
from p300.evaluation.protocols import PROTOCOLS, Protocol
from p300.evaluation.protocols.base import Scope


def dealt(flashes, *, duration):
    """Deal each subject's epochs into two halves, one by one."""
    for subject, rows in flashes.groupby("subject", sort=False).indices.items():
        order = np.random.default_rng(1).permutation(rows)
        half = len(order) // 2
        yield Fold(
            f"sub-{subject}", np.sort(order[:half]), np.sort(order[half:]), "character", None
        )


PROTOCOLS["dealt"] = Protocol(dealt, Scope.SUBJECT, "Dealt at random.", "epochs dealt at random")
try:
    evaluate_epochs(epochs, {"slda": make_detector("slda")}, "dealt")
except P300Error as error:
    print(error)

# %%
# What it would have earned, without the check, beside run to run:


def learned_here(learned, tested):
    """Return the ROC-AUC of the tested epochs, learned from others."""
    fitted = make_detector("slda").fit(learned.X, learned.y, groups=learned.groups("character"))
    return roc_auc_score(tested.y, fitted.decision_function(tested.X))


flashes = epochs.flashes
by_run, by_dealing = {}, {}
for fold in dealt(flashes, duration=epochs.duration):
    subject = fold.name.removeprefix("sub-")
    first, second = (
        epochs.select((flashes["subject"] == subject) & (flashes["run"] == run)) for run in "12"
    )
    by_run[subject] = learned_here(first, second)
    by_dealing[subject] = learned_here(epochs.select(fold.train), epochs.select(fold.test))
earned["epochs dealt at random"] = (
    np.mean(list(by_run.values())),
    np.mean(list(by_dealing.values())),
)
print({name: round(value, 3) for name, value in by_run.items()})
print({name: round(value, 3) for name, value in by_dealing.items()})

# %%
# **Tested on what it has adapted to.** A detector that learns a person from unlabelled flashes is
# scored on each character before that is used. The scores by what it knows at the end are there to
# read the text again; a ROC-AUC of them would flatter, so no report makes one.

from p300 import Method

recommended = Method.read(
    "recommended",
    {
        "detector": "slda",
        "alignment": {"method": "euclidean", "mode": "running"},
        "adaptation": "self_calibrated",
    },
)
scores = evaluate_epochs(epochs, {"recommended": recommended}, "cross_subject")
before_after = [
    np.mean([roc_auc_score(own["target"], own[column]) for _, own in scores.groupby("subject")])
    for column in ("score", "score_post_hoc")
]
earned["tested on what it adapted to"] = tuple(before_after)

# %%
# The three in one picture:

from matplotlib.figure import Figure

bars = Figure(figsize=(8.4, 2.8), layout="constrained")
ax = bars.subplots()
places = np.arange(len(earned))
honest_values, leaked_values = np.array(list(earned.values())).T
ax.barh(places - 0.18, honest_values, 0.34, color="#0072B2", label="honest")
ax.barh(places + 0.18, leaked_values, 0.34, color="#D55E00", label="with the leak")
for place, (low, high) in zip(places, earned.values(), strict=True):
    ax.text(low, place - 0.18, f" {low:.3f}", va="center")
    ax.text(high, place + 0.18, f" {high:.3f}", va="center")
ax.set(xlim=(0.5, 1), xlabel="ROC-AUC", yticks=places, yticklabels=list(earned))
ax.invert_yaxis()
ax.legend(frameon=False, loc="lower right")
bars
