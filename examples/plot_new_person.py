"""
A new person without labels, letter by letter
=============================================

In each character exactly one symbol is attended. From that alone a detector of other people learns
a new one, while the person spells: each character is scored by what was known before it, then used.
"""

# %%
# Six people. The recommended detector beside the same one without what follows a person.

from p300 import Method, Preprocessing, evaluate_epochs, open_recordings, preprocess

volts = Preprocessing(normaliser="none", low=0.1, high=16.0)
study = open_recordings("simulated", n_subjects=6, n_runs=2, characters_per_run=8)
epochs = preprocess(study, volts)
running = {"method": "euclidean", "mode": "running"}
methods = {
    "as it is": Method.read("as it is", {"detector": "slda", "alignment": running}),
    "recommended": Method.read(
        "recommended",
        {"detector": "slda", "alignment": running, "adaptation": "self_calibrated"},
    ),
}
scores = evaluate_epochs(epochs, methods, "cross_subject")

# %%
# How well targets are told from non-targets in each person's first character, second character and
# so on; thick the mean over people.

from matplotlib.figure import Figure
from sklearn.metrics import roc_auc_score

scores["place"] = scores.groupby(["detector", "subject"])["character"].transform(
    lambda character: character.ne(character.shift()).cumsum()
)
by_character = (
    scores.groupby(["detector", "subject", "place"])[["target", "score"]]
    .apply(lambda rows: roc_auc_score(rows["target"], rows["score"]))
    .unstack("place")
)
learning = Figure(figsize=(9.6, 3.6), layout="constrained")
for ax, name in zip(learning.subplots(1, 2, sharey=True), methods, strict=True):
    own = by_character.loc[name].T
    ax.plot(own, color="0.8")
    ax.plot(own.mean(axis=1), color="tab:blue", lw=3)
    ax.set(title=name, xlabel="character of the new person", ylim=(0.4, 1))
learning.axes[0].set_ylabel("ROC-AUC within the character")
learning

# %%
# The letters: what was read at the time, and what the same flashes read once the person is known
# (``post-hoc``: no label was looked at, but the detector has learned from these very flashes).

import pandas as pd

from p300.speller import decide, gather_selections

layout = epochs.layouts["simulated"]
texts = []
for (detector, subject), own in scores.groupby(["detector", "subject"]):
    letters = decide(gather_selections(own, layout))
    last = letters[(letters["rule"] == "sum") & (letters["repetitions"] == 15)]
    for decoded, read in last.groupby("decoded"):
        texts.append((subject, detector, decoded, "".join(read["symbol"])))
    texts.append((subject, "", "attended", "".join(read["true_symbol"])))
table = pd.DataFrame(texts, columns=["subject", "detector", "read", "text"]).drop_duplicates()
print(table.sort_values(["subject", "detector", "read"]).to_string(index=False))
