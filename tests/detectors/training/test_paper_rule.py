"""The paper's learning rule: its numbers, and its steps against gradients written out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.networks.cecotti import CNN1
from p300.detectors.training.loop import Learner, train_network
from p300.detectors.training.rules import PaperTraining
from p300.errors import DetectorError

RULE = PaperTraining()
LAMBDA = 0.2


def test_step_sizes_in_the_papers_numbers():
    steps = [layer.step_size(LAMBDA) for layer in CNN1(64, 78).layers()]
    assert steps == pytest.approx([6.4e-4, 1.85e-2, 1.15e-2, 2.0e-2], rel=5e-3)
    groups = RULE.optimiser(CNN1(64, 78), RULE.settings).param_groups
    assert [group["lr"] for group in groups] == steps


def test_the_layers_hold_every_weight_once():
    net = CNN1(5, 40, n_filters=2)
    assert [p.data_ptr() for layer in net.layers() for p in layer.parameters] == [
        p.data_ptr()
        for p in (net.spatial.weight, net.spatial.bias, net.temporal_weight, net.temporal_bias,
                  net.hidden.weight, net.hidden.bias, net.output.weight, net.output.bias)
    ]  # fmt: skip
    assert sum(len(layer.parameters) for layer in net.layers()) == len(list(net.parameters()))


def test_initial_weights_have_zero_mean_and_scale_one_over_fan_in():
    torch.manual_seed(0)
    net = CNN1(64, 78)
    RULE.initialise(net)
    for weight, fan_in in ((net.spatial.weight, 64), (net.hidden.weight, 300)):
        assert weight.std().item() * fan_in == pytest.approx(1, rel=0.1)
        assert abs(weight.mean().item()) * fan_in < 0.15


def stepped(p, x, label, rate):
    """One window's step of gradient descent on half the squared error, by the chain rule."""
    ns, kernel, maps = p["temporal_weight"].shape
    n_positions = x.shape[1] // kernel
    sigmoid = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    tanh = lambda a: 1.7159 * np.tanh(2 * a / 3)  # noqa: E731
    slope = lambda out: 2 / 3 * (1.7159 - out**2 / 1.7159)  # noqa: E731  # of tanh, from its value
    x = x[:, : n_positions * kernel]
    l1 = tanh(p["spatial.weight"] @ x + p["spatial.bias"][:, None])
    pieces = l1.reshape(ns, n_positions, kernel)
    l2 = tanh(pieces @ p["temporal_weight"] + p["temporal_bias"])  # [filter, position, map]
    seen = l2.transpose(0, 2, 1).ravel()
    l3 = sigmoid(p["hidden.weight"] @ seen + p["hidden.bias"])
    out = sigmoid(p["output.weight"] @ l3 + p["output.bias"])

    d4 = (out - np.eye(2)[label]) * out * (1 - out)
    d3 = (p["output.weight"].T @ d4) * l3 * (1 - l3)
    d2 = (p["hidden.weight"].T @ d3).reshape(ns, maps, n_positions).transpose(0, 2, 1) * slope(l2)
    d1 = (d2 @ p["temporal_weight"].transpose(0, 2, 1)).reshape(ns, -1) * slope(l1)
    gradient = {
        "spatial.weight": d1 @ x.T,
        "spatial.bias": d1.sum(axis=1),
        "temporal_weight": pieces.transpose(0, 2, 1) @ d2,
        "temporal_bias": d2.sum(axis=1, keepdims=True),
        "hidden.weight": np.outer(d3, seen),
        "hidden.bias": d3,
        "output.weight": np.outer(d4, l3),
        "output.bias": d4,
    }
    step = {
        "spatial": 2 * rate / (n_positions * kernel * np.sqrt(len(x))),
        "temporal": 2 * rate / (n_positions * np.sqrt(kernel)),
        "hidden": rate / np.sqrt(len(seen)),
        "output": rate / np.sqrt(len(l3)),
    }
    return {k: -step[k.replace("_", ".").split(".")[0]] * g for k, g in gradient.items()}


def weights_of(net):
    return {name: p.detach().numpy().copy() for name, p in net.named_parameters()}


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_pass_equals_steps_written_out_by_hand(batch_size):
    torch.manual_seed(3)
    net = CNN1(4, 30, n_filters=3, maps_per_filter=2, n_hidden=5).double()
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((3, 4, 30)), np.array([0, 1, 0])
    expected = weights_of(net)
    for start in range(0, 3, batch_size):
        rows = range(start, start + batch_size)
        steps = [stepped(expected, x[row], y[row], LAMBDA) for row in rows]
        expected = {name: w + sum(step[name] for step in steps) for name, w in expected.items()}

    settings = replace(RULE.settings, max_passes=1, batch_size=batch_size)
    learner = Learner(net, torch.arange(3), torch.arange(3), None, torch.get_rng_state())
    train_network(learner, RULE, settings, torch.from_numpy(x), torch.from_numpy(y))
    for name, found in weights_of(net).items():
        np.testing.assert_allclose(found, expected[name], rtol=1e-9, atol=1e-13, err_msg=name)


def test_the_error_is_the_mean_of_both_outputs_squared_errors():
    outputs, y = torch.tensor([[0.0, 2.0], [1.0, -1.0]]), torch.tensor([1, 0])
    s = 1 / (1 + np.exp(-outputs.numpy()))
    expected = np.mean([s[0, 0] ** 2, (s[0, 1] - 1) ** 2, (s[1, 0] - 1) ** 2, s[1, 1] ** 2])
    assert RULE.loss(y)(outputs, y).item() == pytest.approx(expected)


def test_two_sigmoids_are_normalised_to_a_probability():
    outputs = torch.tensor([[0.3, -1.2], [-40.0, 40.0]], dtype=torch.double)
    s = torch.sigmoid(outputs)
    probability = torch.sigmoid(RULE.log_odds(outputs))
    torch.testing.assert_close(probability, s[:, 1] / s.sum(dim=1))
    # A window is a P300 where output 1 exceeds output 0.
    assert ((RULE.log_odds(outputs) > 0) == (outputs[:, 1] > outputs[:, 0])).all()


@pytest.mark.parametrize("name", ["cnn1", "mcnn1"])
def test_it_finds_the_response_in_another_run(name):
    epochs = make_epochs(1, 2, amplitude=1e-5, n_characters=5)
    first, second = (epochs.select(epochs.flashes["run"] == run) for run in "12")
    members = {"n_members": 2} if name == "mcnn1" else {}
    detector = make_detector(name, training="paper", max_passes=120, patience=120, **members)
    detector.fit(first.X, first.y, groups=first.units("character"))
    assert roc_auc_score(second.y, detector.decision_function(second.X)) > 0.8
    assert detector.predict_proba(second.X)[:, 1].mean() == pytest.approx(1 / 6, abs=0.05)


def test_a_network_without_step_sizes_is_refused():
    with pytest.raises(DetectorError, match=r"no step sizes for Linear; use training 'modern'"):
        RULE.optimiser(torch.nn.Linear(3, 2), RULE.settings)
