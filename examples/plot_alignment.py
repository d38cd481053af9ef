"""
Alignment in one picture
========================

People differ more than targets and non-targets do: caps, skulls and rhythms give each their own
covariance between electrodes. Alignment takes that away, without labels.
"""

# %%
# Six people, in volts; a character (180 flashes) is one point below.

from p300 import Preprocessing, open_recordings, preprocess

volts = Preprocessing(normaliser="none", low=0.5, high=16.0)
epochs = preprocess(open_recordings("simulated", n_subjects=6), volts)

# %%
# Euclidean alignment (He & Wu, 2020) multiplies each session's epochs by the inverse square root of
# their mean covariance. Afterwards that is the identity for everybody.

from p300.signal.alignment import align, make_alignment

aligned = align(epochs, make_alignment("euclidean"))

# %%
# Covariances are points on a curved surface; two coordinates of its tangent plane are enough to see
# who is who.

import numpy as np
from pyriemann.tangentspace import TangentSpace
from sklearn.decomposition import PCA

characters = epochs.flashes.groupby(["subject", "run", "character"], sort=False).indices
people = np.array([subject for subject, _, _ in characters])


def on_a_plane(given):
    """Return a point for each character, [character, 2]."""
    X = given.X.astype(float)
    covariances = [np.mean(X[rows] @ X[rows].transpose(0, 2, 1), axis=0) for rows in
                   characters.values()]  # fmt: skip
    scaled = np.stack(covariances) / np.mean(np.trace(covariances, axis1=1, axis2=2))
    return PCA(2).fit_transform(TangentSpace().fit_transform(scaled))


from matplotlib.figure import Figure

picture = Figure(figsize=(9.6, 4.4), layout="constrained")
for ax, given, title in zip(
    picture.subplots(1, 2, sharex=True, sharey=True),
    (epochs, aligned), ("as recorded", "aligned"), strict=True,
):  # fmt: skip
    points = on_a_plane(given)
    for subject in dict.fromkeys(people):
        mine = points[people == subject]
        ax.plot(*mine.T, "o", alpha=0.8, label=f"subject {subject}")
    ax.set(title=title, xlabel="first coordinate", ylabel="second coordinate")
ax.legend(frameon=False, fontsize=8)
picture

# %%
# What it is worth: one detector, each person left out in turn, as recorded and aligned. ``running``
# follows a session as it comes in and uses nothing that comes later. On these simulated people it
# is little; what follows a person further is another step: :doc:`/adaptation`.

from p300 import Method, evaluate_epochs, make_detector, summarise_scores
from p300.report import plot_auc_by_subject

methods = {
    "as recorded": make_detector("slda"),
    "aligned": Method(make_detector("slda"), make_alignment("euclidean")),
    "running": Method(
        make_detector("slda"), make_alignment({"method": "euclidean", "mode": "running"})
    ),
}
metrics = summarise_scores(evaluate_epochs(epochs, methods, "cross_subject"))
gain = plot_auc_by_subject(metrics)
gain
