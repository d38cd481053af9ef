"""
Dynamic stopping
================

Fifteen repetitions are more than most characters need. Scores add up to a posterior over the
symbols, and a character ends as soon as that is sure enough.
"""

# %%
# A run with posteriors: their densities, the correlation of repetitions and the threshold are
# learned from scores of the training people, cross-fitted.

from p300 import load_experiment, run_experiment

experiment = load_experiment(
    None,
    [
        "name=stopping",
        "datasets.simulated.0.n_subjects=5",
        "detectors={slda: {}}",
        "protocols={cross_subject: {}}",
        "spelling.dynamic=true",
        "spelling.target_error=null",
    ],
)
run_experiment(experiment, "stopping")

# %%
# A row a character: how it was decided, by which rule, after how many repetitions.

from p300.runs import RunFolder

folder = RunFolder("stopping")
characters = folder.characters()
dynamic = characters[characters["stopping"] == "dynamic"]
print(
    dynamic[["subject", "run", "true_symbol", "symbol", "posterior", "repetitions"]]
    .head(10)
    .round(3)
    .to_string(index=False)
)

# %%
# Characters right against repetitions, and where dynamic stopping stands.

from p300.report import plot_bit_rates, plot_characters
from p300.speller.curves import rates_of

rates = rates_of(folder.metrics())
right = plot_characters(rates)
right

# %%
# Bits a minute: the ring is the best fixed number of repetitions, which nobody knows beforehand.

speed = plot_bit_rates(rates)
speed

# %%
# How the posterior of the attended symbol rises, flash by flash, is what is watched. Where a wrong
# symbol costs seconds, ``spelling.error_seconds`` says how many, and a character may end with
# nothing spelled.

repetitions = dynamic.groupby("subject")["repetitions"].describe()[["mean", "min", "max"]]
print(repetitions.round(1))
