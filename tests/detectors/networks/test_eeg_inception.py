"""EEG-Inception: the counts of the authors' code, and that its products give what layers give."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn.functional import avg_pool1d, cross_entropy

from p300.detectors.networks.eeg_inception import EEGInception
from p300.detectors.networks.eegnet import limit_norm


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_of_the_authors_code():
    net = EEGInception(8, 128)
    assert count(net.first) == 920 + 48 + 384 + 96
    assert count(net.second) == 48 * 8 * (16 + 8 + 4) + 48
    assert count(net.third) == 12 * 24 * 8 + 24 + 6 * 12 * 4 + 12
    assert count(net.output) == 50
    assert count(net) == 14_926


def test_each_scale_keeps_the_windows_length_and_place():
    x = torch.zeros(4, 1, 81)  # [electrode, epoch, time]
    x[..., 40] = 1.0
    for branch, kernel in zip(EEGInception(4, 81).eval().first, (64, 32, 16), strict=True):
        with torch.no_grad():
            response = branch(x) - branch(torch.zeros_like(x))
        times = torch.nonzero(response.abs().amax(dim=(0, 1)) > 1e-6).ravel()
        assert response.shape == (16, 1, 81)
        assert times[0] == 40 - kernel // 2
        assert times[-1] == 40 + (kernel - 1) // 2


def test_spatial_filters_are_no_longer_than_one():
    net = EEGInception(64, 83)
    with torch.no_grad():
        for branch in net.first:
            branch.spatial *= 100
    lengths = net.spatial_filters().norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(48))


def test_stored_weights_keep_their_names():
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = {"output.weight", "output.bias"}
    for k in range(3):
        names |= {
            f"first.{k}.spatial",
            f"first.{k}.temporal.1.weight",
            f"first.{k}.temporal.1.bias",
        }
        names |= {
            f"first.{k}.{place}.{name}" for place in ("temporal.2", "after.0") for name in norm
        }
        names |= {f"second.{k}.1.weight", *(f"second.{k}.2.{name}" for name in norm)}
    for k in (0, 3):
        names |= {f"third.{k}.1.weight", *(f"third.{k}.2.{name}" for name in norm)}
    assert set(EEGInception(8, 78).state_dict()) == names


class Layered(EEGInception):
    """The same weights, layer by layer as published."""

    def features(self, x):
        electrodes = x.unsqueeze(1)
        maps = [self.scale(branch, electrodes) for branch in self.first]
        one = avg_pool1d(torch.cat(maps, dim=1), 4)
        scales = [torch.nn.Sequential.forward(layers, one) for layers in self.second]
        maps = avg_pool1d(torch.cat(scales, dim=1), 2)
        for layers in self.third[0], self.third[3]:
            maps = avg_pool1d(torch.nn.Sequential.forward(layers, maps), 2)
        return maps.flatten(1)

    def scale(self, branch, electrodes):
        filters = limit_norm(branch.spatial, 1.0)
        maps = torch.einsum("nfet,fde->nfdt", branch.temporal(electrodes), filters)
        return branch.after(maps.flatten(1, 2))


def twins(n_electrodes, n_samples, **options):
    """An EEG-Inception and the layered one with the same weights, none at its initial value."""
    torch.manual_seed(n_electrodes)
    pair = [network(n_electrodes, n_samples, **options) for network in (EEGInception, Layered)]
    for layer in [layer for network in pair for layer in network.modules()]:
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
        if isinstance(layer, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(layer.weight, 0.5, 2)
            torch.nn.init.uniform_(layer.bias, -1, 1)
            layer.running_mean.uniform_(-0.5, 0.5)
            layer.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        pair[0].first[0].spatial[0] *= 10  # beyond its limit
    pair[1].load_state_dict(pair[0].state_dict())
    return pair


def windows(n_epochs, n_electrodes, n_samples):
    """Slow, correlated signals that are not centred, [epoch, electrode, time]."""
    x = torch.randn(n_epochs, n_electrodes, n_samples).cumsum(dim=2)
    x = x + 2 * torch.randn(n_epochs, 1, n_samples)
    return (x - x.mean()) / x.std() + 0.3


def assert_close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-5)


SIZES = [
    (8, 78, {}),
    (16, 96, {}),
    (1, 32, {"n_maps": 2, "kernels": (9, 5)}),
    (3, 47, {"n_maps": 5, "kernels": (60,)}),
]


@pytest.mark.parametrize(("n_electrodes", "n_samples", "options"), SIZES)
class TestEqualsTheLayeredNetwork:
    def test_in_evaluation(self, n_electrodes, n_samples, options):
        ours, layered = (net.eval() for net in twins(n_electrodes, n_samples, **options))
        x = windows(6, n_electrodes, n_samples)
        before = copy.deepcopy(ours.state_dict())
        assert_close(ours(x), layered(x))
        assert_close(ours.state_dict(), before)

    def test_in_training(self, n_electrodes, n_samples, options):
        ours, layered = twins(n_electrodes, n_samples, **options)
        for _ in range(2):
            x = windows(16, n_electrodes, n_samples)
            assert_close(ours(x), layered(x))
        assert_close(ours.state_dict(), layered.state_dict())

    @pytest.mark.parametrize("training", [True, False])
    def test_in_all_gradients(self, n_electrodes, n_samples, options, training):
        pair = [net.train(training) for net in twins(n_electrodes, n_samples, **options)]
        x = windows(16, n_electrodes, n_samples)
        gradients = []
        for net in pair:
            seen = x.clone().requires_grad_()
            net(seen).square().sum().backward()
            gradients.append(
                {name: p.grad for name, p in net.named_parameters()} | {"x": seen.grad}
            )
        assert_close(*gradients)


def test_a_training_takes_the_layered_networks_course():
    ours, layered = twins(8, 78)
    x, y = windows(64, 8, 78), torch.arange(64) % 2
    losses = []
    for net in (ours, layered):
        optimiser = torch.optim.SGD(net.parameters(), lr=0.01)
        course = []
        for _ in range(10):
            optimiser.zero_grad()
            loss = cross_entropy(net(x), y)
            loss.backward()
            optimiser.step()
            course.append(loss.item())
        losses.append(course)
    assert losses[0][-1] < losses[0][0] - 0.05
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_a_quarter_of_the_values_is_dropped_in_training():
    net = EEGInception(8, 78)
    shares = [(layer.p, layer.training) for layer in net.modules() if hasattr(layer, "p")]
    assert shares == [(0.25, True)] * 9
    x = windows(16, 8, 78)
    assert not torch.equal(net(x), net(x))
    net.eval()
    assert torch.equal(net(x), net(x))
