"""
From a stored detector to letters
=================================

A detector is fitted on some people, stored, loaded and used to spell what somebody else attended
to.
"""

# %%
# Five simulated people to learn from, and a sixth to spell with; none of them a hard case.

from p300 import open_recordings, preprocess

size = {"n_subjects": 6, "characters_per_run": 5, "repetitions": 15, "weak": 0}
epochs = preprocess(open_recordings("simulated", subjects=["1", "2", "3", "4", "5"], **size))

# %%
# Fit on all of them and store. The folder holds weights and settings, no code.

from p300 import load_detector, make_detector, save_detector

detector = make_detector("slda")
detector.fit(epochs.X, epochs.y, groups=epochs.groups("character"))
save_detector(detector, "slda-of-five", epochs)

# %%
# How scores add up to letters, and when enough flashes were seen, is learned from scores of people
# that the detector had not seen: here by leaving one of the five out at a time.

from p300 import evaluate_epochs
from p300.speller import fit_speller, spell

layout = epochs.layouts["simulated"]
unseen = evaluate_epochs(epochs, {"slda": make_detector("slda")}, "cross_subject")
speller = fit_speller(unseen, layout)

# %%
# The stored detector brings its preprocessing along, so a new recording is all it needs.

import pandas as pd

stored = load_detector("slda-of-five")
new_person = open_recordings("simulated", subjects=["6"], **size)
decisions = [
    letter for recording in new_person for letter in spell(stored.score(recording), layout, speller)
]
letters = pd.DataFrame(decisions)
print(letters[["run", "true_symbol", "symbol", "posterior", "repetitions"]].round(3))
print("spelled:", "".join(letters["symbol"]), "meant:", "".join(letters["true_symbol"]))

# %%
# What the detector had to go by, at Pz:

new_epochs = preprocess(open_recordings("simulated", subjects=["6"], **size))
figure = new_epochs.plot_averages(["Cz", "Pz", "Oz"])
figure
