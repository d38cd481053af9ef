"""
A covariance before and after shrinking and Toeplitz
====================================================

Linear discriminant analysis needs the covariance of its features, and one person's few characters
do not tell it. Two ways to know more of it than the epochs say.
"""

# %%
# Window means of 8 electrodes at 16 times are 128 features, and a covariance of 128 features has
# 8256 numbers.

import numpy as np

from p300 import Preprocessing, open_recordings, preprocess
from p300.steps import WindowMeans

volts = Preprocessing(normaliser="none", low=0.5, high=16.0)
epochs = preprocess(
    open_recordings("simulated", n_subjects=1, n_runs=4, characters_per_run=10, weak=0), volts
)
n_times = 16
means = WindowMeans(n_windows=n_times).fit_transform(epochs.X) * 1e6  # microvolts
for kind in (0, 1):
    means[epochs.y == kind] -= means[epochs.y == kind].mean(axis=0)
print(means.shape)

# %%
# All 7200 epochs give a covariance to compare with. One character, 180 epochs, gives three guesses:
# as it is, shrunk towards a diagonal (Ledoit & Wolf, 2004), and shrunk with one block for each lag,
# since noise is the same whenever it is looked at (Sosulski & Tangermann, 2022).

from sklearn.covariance import ledoit_wolf

from p300.detectors import BlockToeplitzCovariance

few = means[:180]
guesses = {
    "all epochs": np.cov(means.T),
    "180 epochs": np.cov(few.T),
    "shrunk": ledoit_wolf(few)[0],
    "shrunk, by lag": BlockToeplitzCovariance(n_times=n_times).fit(few).covariance_,
}

from matplotlib.figure import Figure

largest = np.abs(guesses["all epochs"]).max()
matrices = Figure(figsize=(9.6, 2.9), layout="constrained")
for ax, (name, covariance) in zip(matrices.subplots(1, 4), guesses.items(), strict=True):
    shown = ax.imshow(covariance, cmap="RdBu_r", vmin=-largest, vmax=largest)
    ax.set_title(name, fontsize=10)
    ax.set_xticks([])
    ax.set_yticks([])
matrices.colorbar(shown, ax=matrices.axes, label="µV²", shrink=0.8)
matrices

# %%
# The inverse is what counts, and there small eigenvalues weigh most: few epochs make them far too
# small, and shrinking lifts them.

spectra = Figure(figsize=(6.4, 3.6), layout="constrained")
ax = spectra.subplots()
for name, covariance in guesses.items():
    ax.semilogy(np.sort(np.linalg.eigvalsh(covariance))[::-1], label=name)
ax.set(xlabel="eigenvalue", ylabel="µV²", xlim=(0, 127))
ax.legend(frameon=False)
spectra

# %%
# What that is worth to the detector, tested on two runs, by the number of characters it learned
# from.

import pandas as pd
from sklearn.metrics import roc_auc_score

from p300 import make_detector

run = epochs.flashes["run"]
tested = epochs.select(run.isin(["3", "4"]))
known = epochs.select(run.isin(["1", "2"]))
places = known.flashes.groupby(["run", "character"], sort=False).ngroup().to_numpy()
rows = []
for n in (2, 3, 5, 10, 20):
    own = known.select(places < n)
    for covariance in ("shrinkage", "toeplitz"):
        detector = make_detector("slda", covariance=covariance)
        detector.fit(own.X, own.y, groups=own.groups("character"))
        auc = roc_auc_score(tested.y, detector.decision_function(tested.X))
        rows.append({"characters": n, "covariance": covariance, "auc": auc})
table = pd.DataFrame(rows).pivot_table("auc", "characters", "covariance")
print(table.round(3))
