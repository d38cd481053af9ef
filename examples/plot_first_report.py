"""
A first report
==============

A small simulated speller study, one detector, and the report of a run: no download, no account.
"""

# %%
# An experiment is a config. Here the one that comes with the package, made small; from a terminal
# the same is ``p300 run`` with a file.

from p300 import load_experiment, progress_bars, run_experiment

experiment = load_experiment(
    None,
    [
        "name=first-report",
        "datasets.simulated.0.n_subjects=4",
        "datasets.simulated.0.characters_per_run=3",
        "datasets.simulated.0.repetitions=8",
        "detectors={slda: {}}",
    ],
)

# %%
# A run is a folder. Started again it goes on where it stopped; a finished one computes nothing.

with progress_bars() as progress:
    report = run_experiment(experiment, "first-report", progress=progress)

print(f"The report is one HTML file: {report}")

# %%
# The tables behind it are there to go on with.

from p300.runs import RunFolder

folder = RunFolder("first-report")
metrics = folder.metrics()
aucs = metrics[metrics["metric"] == "roc_auc"]
print(aucs.pivot_table(index="subject", columns="protocol", values="value").round(3))

# %%
# So are its figures: each is a function of a table, and returns a figure of matplotlib.

from p300.report import plot_auc_by_subject, plot_roc

figure = plot_auc_by_subject(metrics)
figure

# %%
# How detectors behave over all thresholds, subject by subject:

curves = plot_roc(folder.scores())
curves
