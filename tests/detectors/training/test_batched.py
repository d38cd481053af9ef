"""Networks trained as one batched model: the same as one after another."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from studies import make_epochs

from p300.detectors import DETECTORS, make_detector
from p300.detectors.registry import network_class, training_settings
from p300.detectors.training import jobs
from p300.detectors.training.batched import train_batched
from p300.detectors.training.loop import Learner, time_major, train_network
from p300.detectors.training.rules import LEARNING_RULES

NETWORKS = {
    info.place: name
    for name, info in DETECTORS.items()
    if info.network and name not in ("braindecode", "lstm")
}


def without_chance(network):
    """The network with nothing dropped: what dropout draws differs."""
    for layer in network.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    return network


def made(name, n, **options):
    torch.manual_seed(0)
    return [without_chance(network_class(name)(8, 80, **options)) for _ in range(n)]


def data(n=100):
    """Windows with a response, laid out for training, and their labels."""
    rng = np.random.default_rng(0)
    y = (np.arange(n) % 4 == 0).astype(np.int64)
    X = rng.standard_normal((n, 8, 80), dtype=np.float32)
    X[y == 1, :, 30:50] += 0.3
    return time_major(X), torch.from_numpy(y)


def learners_of(networks, parts):
    rows = [[torch.from_numpy(np.asarray(half)) for half in part] for part in parts]
    return [
        Learner(net, *halves, torch.Generator().manual_seed(k), torch.get_rng_state())
        for k, (net, halves) in enumerate(zip(networks, rows, strict=True))
    ]


PARTS = [
    (np.arange(64), np.arange(80, 100)),
    (np.arange(10, 80), np.arange(80, 96)),  # a last batch of another size
    (np.arange(0, 30), np.arange(70, 100)),  # fewer batches
]


def assert_trained_alike(networks, rule, settings, parts=PARTS):
    X, y = data()
    alone, together = (learners_of(copy.deepcopy(networks), parts) for _ in range(2))
    expected = [train_network(learner, rule, settings, X, y) for learner in alone]
    found = train_batched(together, rule, settings, X, y)
    assert [h.best for h in found] == [h.best for h in expected]
    for mine, theirs in zip(found, expected, strict=True):
        assert len(mine.passes) == len(theirs.passes)
        for a, b in zip(mine.passes, theirs.passes, strict=True):
            assert a == pytest.approx(b, abs=1e-4)
    for mine, theirs in zip(together, alone, strict=True):
        weights, others = mine.network.state_dict(), theirs.network.state_dict()
        torch.testing.assert_close(weights, others, atol=1e-3, rtol=1e-3)
    return expected


@pytest.mark.parametrize("name", NETWORKS.values())
def test_each_network_learns_as_if_alone(name):
    settings = replace(training_settings(name, "modern"), max_passes=2, batch_size=16)
    settings = replace(settings, learning_rate=1e-4)
    assert_trained_alike(made(name, 3), LEARNING_RULES["modern"], settings)


@pytest.mark.parametrize("rule", LEARNING_RULES)
def test_by_every_learning_rule(rule):
    settings = replace(training_settings("cnn1", rule), max_passes=3, batch_size=16)
    assert_trained_alike(made("cnn1", 3), LEARNING_RULES[rule], settings)


def test_each_stops_in_its_own_pass():
    settings = replace(
        training_settings("cnn1", "modern"), max_passes=40, batch_size=16, patience=3
    )
    settings = replace(settings, patience=3, learning_rate=1e-3, weight_decay=0.1)
    histories = assert_trained_alike(made("cnn1", 3), LEARNING_RULES["modern"], settings)
    assert len({len(history.passes) for history in histories}) == 3


@pytest.mark.parametrize("name", ["mcnn1", "mcnn2", "mcnn3"])
def test_an_ensemble_scores_the_same(name, monkeypatch):
    epochs = make_epochs(1, 2, amplitude=1e-5, n_characters=5)
    first, second = (epochs.select(epochs.flashes["run"] == run) for run in "12")
    scores = []
    for batched in (False, True):
        monkeypatch.setattr(jobs, "batching_is_faster", lambda *_, batched=batched: batched)
        detector = make_detector(name, max_passes=8).fit(
            first.X, first.y, groups=first.units("character")
        )
        scores.append(detector.decision_function(second.X))
    assert np.ptp(scores[0]) > 1
    np.testing.assert_allclose(*scores, atol=1e-3 * np.ptp(scores[0]))
