"""
The paper's experiment
======================

Cecotti & Gräser (2011) compared seven classifiers, one network used in seven ways. Here the
experiment is made small enough for a page; ``p300 run cecotti2011`` is the whole of it, on the
recordings that the paper used.
"""

# %%
# The config comes with the package. What is changed stands here: two simulated people in place of
# the recordings, three of the seven, and eight passes by the modern learning rule, because the
# paper's takes many more (``training: paper``).

from p300 import evaluate, load_experiment

changed = {"training": "modern", "max_passes": 8}
experiment = load_experiment(
    "cecotti2011",
    [
        "name=small-paper",
        "datasets={simulated: {source: simulated, n_subjects: 2, characters_per_run: 5, weak: 0}}",
        f"detectors={{cnn1: {changed}, cnn2a: {changed}, cnn3: {changed}}}",
    ],
)
evaluate(experiment, "small-paper", jobs=1)

# %%
# The paper's own table: characters right after 5, 10 and 15 repetitions, by the sum of the
# probabilities of the flashes that light a symbol.

from p300.runs import RunFolder

folder = RunFolder("small-paper")
metrics = folder.metrics()
letters = metrics[(metrics["metric"] == "characters") & (metrics["rule"] == "sum")]
shown = letters[letters["repetitions"].isin([1, 5, 10, 15]) & (letters["subject"] != "mean")]
print(shown.pivot_table("value", ["detector", "subject"], "repetitions").mul(100).round(0))

# %%
# All numbers of repetitions, with Wilson's intervals:

from p300.report import plot_characters
from p300.speller.curves import rates_of

curves = plot_characters(rates_of(metrics))
curves

# %%
# Characters that went wrong: most lie in the right row or the right column.

from p300.report import plot_confusion

characters = folder.characters()
early = characters[(characters["rule"] == "sum") & (characters["repetitions"].between(2, 5))]
wrong = plot_confusion(early, {"simulated": folder.layout("simulated")})
wrong

# %%
# The rest of the paper's experiment, what it leaves open and what each choice is worth is on
# the page :doc:`/paper`.
