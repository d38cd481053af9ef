"""
What the network sees
=====================

CNN-1 of Cecotti & Gräser (2011) mixes electrodes first and reads time second, so what it has
learned can be looked at: where on the head, at which frequencies, and at which times.
"""

# %%
# Two people without a hard case among them, to learn from.

from p300 import make_detector, open_recordings, preprocess

recordings = open_recordings("simulated", n_subjects=2, characters_per_run=8, weak=0)
epochs = preprocess(recordings)
detector = make_detector("cnn1", seed=2)
detector.fit(epochs.X, epochs.y, groups=epochs.groups("character"))
epochs

# %%
# **Where.** The weights of a spatial filter do not tell where activity comes from: a filter also
# has to cancel what it does not want. Its pattern does (Haufe et al., 2014): the covariance of
# the electrodes with what the filter lets through.

import pandas as pd

from p300.detectors.patterns import saliency, spatial_patterns
from p300.report import plot_spatial_patterns
from p300.signal.parts import part_of

learned_from = part_of(epochs)
patterns = spatial_patterns(detector.spatial_filters(), learned_from)
maps = plot_spatial_patterns(pd.DataFrame(patterns, columns=list(epochs.electrodes)))
maps

# %%
# **At which frequencies.** The temporal kernels that read each filter, and what they let through.

from p300.report.sections.network_figures import plot_saliency, plot_temporal_kernels

kernels = plot_temporal_kernels(detector.temporal_kernels(), epochs.sfreq)
kernels

# %%
# **When.** What a small rise of each sample adds to the log-odds of a target, averaged over
# targets (Simonyan et al., 2014).

gradients = pd.DataFrame(
    saliency(detector, learned_from), index=list(epochs.electrodes), columns=epochs.times
)
when = plot_saliency({"cnn1": gradients})
when

# %%
# Beside it the averages that it learned from: what it looks at is where targets differ.

averages = epochs.plot_averages(["Fz", "Pz", "Oz"], over="epochs")
averages
