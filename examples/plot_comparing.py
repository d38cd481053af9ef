"""
Comparing detectors honestly
============================

Thousands of flashes of six people are six observations. What a difference between two detectors is
worth is told by people, and by how many comparisons were made.
"""

# %%
# Three detectors, each person left out in turn: shrinkage LDA as it is and after alignment, and
# logistic regression.

from p300 import (
    Method,
    evaluate_epochs,
    make_detector,
    open_recordings,
    preprocess,
    summarise_scores,
)

epochs = preprocess(open_recordings("simulated", n_subjects=8, characters_per_run=3))
detectors = {
    "slda": make_detector("slda"),
    "aligned": Method.read("aligned", {"detector": "slda", "alignment": "euclidean"}),
    "logistic": make_detector("logistic"),
}
scores = evaluate_epochs(epochs, detectors, "cross_subject")
metrics = summarise_scores(scores)
aucs = metrics[(metrics["metric"] == "roc_auc") & (metrics["subject"] != "mean")]
print(aucs.pivot_table("value", "subject", "detector").round(3))

# %%
# **Not so**: a test that takes each flash for an observation of its own. Here the log loss of every
# flash, detector against detector.

from itertools import combinations

import numpy as np
from scipy.special import log_expit
from scipy.stats import ttest_rel

signed = scores["score"] * np.where(scores["target"] == 1, 1, -1)
losses = scores.assign(loss=-log_expit(signed)).pivot_table(
    "loss", ["subject", "run", "character", "repetition", "code"], "detector"
)
for first, second in combinations(detectors, 2):
    p = ttest_rel(losses[first], losses[second]).pvalue
    print(f"{first} and {second}, {len(losses)} flashes: p = {p:.1e}")

# %%
# **But so**: one figure a person, all sign flips counted, corrected for the number of comparisons.
# An interval leaves zero out exactly where p is at most .05.

from p300 import compare_detectors

comparison = compare_detectors(aucs)
shown = ["first", "second", "difference", "low", "high", "p", "p_holm", "effect", "share_better"]
print(comparison[shown].round(3).to_string(index=False))

# %%
# The same as a picture: a line a person, then the differences with their intervals.

from p300.report import plot_differences

differences = plot_differences(aucs, comparison, "ROC-AUC")
differences

# %%
# With few people no difference can be told, however large; the table then says so instead of giving
# an interval.

few = compare_detectors(aucs[aucs["subject"].isin(["1", "2", "3", "4"])])
print(few[["first", "second", "difference", "low", "high", "p"]].round(3).to_string(index=False))
