"""
A detector of your own
======================

Three ways, from the shortest to the one with everything: a pipeline of scikit-learn, a network of
torch, a detector that adapts to a new person.
"""

# %%
# A classifier or pipeline on X [epoch, electrode, time] is a detector as it is; its log-odds are
# calibrated by cross-fitting, and each fold fits a copy.

from pyriemann.tangentspace import TangentSpace
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from p300 import evaluate_epochs, make_detector, open_recordings, preprocess
from p300.steps import Covariances, Xdawn

epochs = preprocess(open_recordings("simulated", n_subjects=4, characters_per_run=4, weak=0))
riemann = make_pipeline(
    Xdawn(n_filters=3), Covariances(), TangentSpace(), LogisticRegression(class_weight="balanced")
)

# %%
# A torch network made with ``(n_electrodes, n_samples)`` that gives two logits is registered by
# name. How it is trained, stopped, scaled and calibrated is the package's.

from torch import Tensor, nn

from p300 import register_detector


@register_detector("shallow", title="One temporal kernel for each of four mixtures")
class Shallow(nn.Module):
    """Mixtures of electrodes, a kernel for each, one linear layer."""

    def __init__(self, n_electrodes: int, n_samples: int, *, n_mixtures: int = 4) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(n_electrodes, n_mixtures, 1),
            nn.Conv1d(n_mixtures, n_mixtures, 16, stride=8, groups=n_mixtures),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(n_mixtures * ((n_samples - 16) // 8 + 1), 2),
        )

    def forward(self, X: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to two logits, [epoch, 2]."""
        return self.layers(X)


# %%
# A detector of features with a linear readout says how it weighs them; adaptation, spatial patterns
# and storage follow.

from p300 import Method
from p300.detectors.linear.single_layer import SingleLayer, standardised_weights
from p300.ranges import Positive, Several, Size


@register_detector("ridge", title="Ridge regression")
class Ridge(SingleLayer):
    """Ridge regression on window means; both classes weigh alike."""

    def __init__(self, *, n_windows: Size = 16, alpha: Positive = 100.0, n_folds: Several = 5):
        self.n_windows = n_windows
        self.alpha = alpha
        self.n_folds = n_folds

    def _weigh(self, features, y):
        from sklearn.linear_model import RidgeClassifier

        classifier = RidgeClassifier(self.alpha, class_weight="balanced")
        return standardised_weights(classifier, features, y)


running = {"method": "euclidean", "mode": "running"}
adapting = {"detector": "ridge", "alignment": running, "adaptation": "self_calibrated"}

# %%
# All of them under the same folds, beside one of the package's.

from p300 import summarise_scores
from p300.report import plot_auc_by_subject

methods = {
    "riemann": riemann,
    "shallow": make_detector("shallow", max_passes=20),
    "ridge": make_detector("ridge"),
    "ridge, adapting": Method.read("ridge, adapting", adapting),
    "slda": make_detector("slda"),
}
metrics = summarise_scores(evaluate_epochs(epochs, methods, "cross_subject"))
compared = plot_auc_by_subject(metrics)
compared

# %%
# In a config a class of an installed package is named as ``estimator: "module:Class"``; a package
# may also bring detectors as a plug-in: :doc:`/plugins`.
