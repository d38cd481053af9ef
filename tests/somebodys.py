"""A package of somebody's with estimators, and a small study in which they are named."""

from __future__ import annotations

import json

from p300.runs.config import parse_experiment

LIBRARY = '''
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

class Vectorize(TransformerMixin, BaseEstimator):
    def __init__(self, every=6):
        self.every = every
    def fit(self, X, y=None):
        self.n_seen_ = len(X)
        return self
    def transform(self, X):
        return X[:, :, :: self.every].reshape(len(X), -1)

class Network(ClassifierMixin, BaseEstimator):
    """As skorch's and braindecode's: torch, float32, fit and predict_proba on X 3-D."""
    def __init__(self, passes=40, random_state=None):
        self.passes = passes
        self.random_state = random_state
    def _made(self, shape):
        import torch
        torch.manual_seed(self.random_state)
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(shape[0] * shape[1], 2))
    def fit(self, X, y):
        import torch
        self.classes_, self.shape_ = np.unique(y), X.shape[1:]
        self.module_ = self._made(self.shape_)
        steps = torch.optim.Adam(self.module_.parameters(), 1e-3)
        for _ in range(self.passes):
            steps.zero_grad()
            out = self.module_(torch.from_numpy(X))
            torch.nn.functional.cross_entropy(out, torch.from_numpy(y)).backward()
            steps.step()
        return self
    def predict_proba(self, X):
        import torch
        with torch.no_grad():
            return self.module_(torch.from_numpy(X)).softmax(1).numpy()

class KeptNetwork(Network):
    def state(self):
        arrays = {k: v.numpy() for k, v in self.module_.state_dict().items()}
        return {"shape": list(self.shape_)}, arrays
    def restore(self, about, arrays):
        import torch
        self.shape_ = tuple(about["shape"])
        self.module_ = self._made(self.shape_)
        self.module_.load_state_dict({k: torch.from_numpy(v) for k, v in arrays.items()})
        return self

def function(X):
    return X
'''

STUDY = """
datasets:
  simulated: {source: simulated, n_subjects: 2, characters_per_run: 3, repetitions: 6}
protocols: {within_subject: {}}
"""


PIPELINE = {
    "steps": {
        "flat": {"estimator": "ourlib:Vectorize", "parameters": {"every": 4}},
        "scale": {"estimator": "sklearn.preprocessing:StandardScaler"},
        "logistic": {
            "estimator": "sklearn.linear_model:LogisticRegression",
            "parameters": {"C": 0.03, "class_weight": "balanced"},
        },
    }
}


def study(**detectors):
    return parse_experiment(STUDY + f"detectors: {json.dumps(detectors)}")


def groups(epochs):
    return epochs.units("character")
