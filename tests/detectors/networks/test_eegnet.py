"""EEGNet: the paper's counts, its limits on weights, and that its order gives the same."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn.functional import conv1d, cross_entropy, pad

from p300.detectors.networks.eegnet import EEGNet, limit_norm


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("n_temporal", "n"), [(8, 2_258), (4, 1_066)])
def test_the_papers_parameter_counts(n_temporal, n):
    assert count(EEGNet(64, 128, n_temporal=n_temporal)) == n


def test_parameters_by_layer():
    net = EEGNet(64, 128)
    assert count(net.temporal) == 512
    assert count(net.temporal_norm) == 16
    assert net.spatial.numel() == 1_024
    assert count(net.spatial_tail) == 32
    assert count(net.depthwise) == 256
    assert count(net.pointwise) == 256
    assert count(net.separable_tail) == 32
    assert count(net.output) == 130


def test_only_rows_that_are_too_long_are_shortened():
    weights = torch.tensor([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]], requires_grad=True)
    limited = limit_norm(weights, 1.0)
    torch.testing.assert_close(limited, torch.tensor([[0.6, 0.8], [0.3, 0.4], [0.0, 0.0]]))
    limited.sum().backward()
    assert torch.isfinite(weights.grad).all()


def test_no_weights_beyond_their_limit_are_used():
    net = EEGNet(6, 64).eval()
    x = torch.randn(3, 6, 64)
    with torch.no_grad():
        net.spatial *= 100
        net.output.weight *= 100
        long = net(x)
        net.spatial *= 100
        net.output.weight *= 100
        torch.testing.assert_close(net(x), long)
    assert net.spatial_filters().norm(dim=1).max() <= 1 + 1e-6


class Published(EEGNet):
    """The same weights in the paper's order, layer by layer: time, batch norm, space."""

    def features(self, x):
        length = self.temporal.weight.shape[-1]
        padded = pad(x.unsqueeze(1), ((length - 1) // 2, length // 2))
        signals = self.temporal_norm(self.temporal(padded))
        filters = limit_norm(self.spatial, 1.0)
        maps = torch.einsum("nfet,fde->nfdt", signals, filters).flatten(1, 2)
        maps = self.end(maps, self.spatial_tail)
        kernels = self.depthwise.weight[:, None]
        maps = conv1d(pad(maps, (7, 8)), kernels, groups=len(kernels))
        mixed = conv1d(maps, self.pointwise.weight[..., None])
        return self.end(mixed, self.separable_tail).flatten(1)

    def end(self, maps, tail):
        return tail.rest(tail.norm(maps))


def twins(n_electrodes, n_samples, **options):
    """An EEGNet and the published one with the same weights, none at its initial value."""
    torch.manual_seed(n_electrodes)
    ours = EEGNet(n_electrodes, n_samples, dropout=0, **options)
    with torch.no_grad():
        for norm in (ours.temporal_norm, ours.spatial_tail.norm, ours.separable_tail.norm):
            norm.weight.uniform_(0.5, 2)
            norm.bias.uniform_(-1, 1)
            norm.running_mean.uniform_(-0.5, 0.5)
            norm.running_var.uniform_(0.5, 2)
        ours.spatial[0] *= 10  # beyond its limit
    published = Published(n_electrodes, n_samples, dropout=0, **options)
    published.load_state_dict(ours.state_dict())
    return ours, published


def windows(n_epochs, n_electrodes, n_samples):
    """Slow, correlated signals that are not centred, [epoch, electrode, time]."""
    x = torch.randn(n_epochs, n_electrodes, n_samples).cumsum(dim=2)
    x = x + 2 * torch.randn(n_epochs, 1, n_samples)
    return (x - x.mean()) / x.std() + 0.3


def assert_close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-5)


SIZES = [
    (64, 78, {}),
    (8, 83, {}),
    (1, 32, {"n_temporal": 3, "depth": 1, "kernel": 9}),
    (5, 40, {"n_temporal": 4, "kernel": 50}),
    (3, 64, {"n_temporal": 2, "depth": 3, "kernel": 150}),
]


@pytest.mark.parametrize(("n_electrodes", "n_samples", "options"), SIZES)
class TestEqualsThePublishedNetwork:
    def test_in_evaluation(self, n_electrodes, n_samples, options):
        ours, published = (net.eval() for net in twins(n_electrodes, n_samples, **options))
        x = windows(6, n_electrodes, n_samples)
        before = copy.deepcopy(ours.state_dict())
        assert_close(ours(x), published(x))
        assert_close(ours.state_dict(), before)

    def test_in_training(self, n_electrodes, n_samples, options):
        ours, published = twins(n_electrodes, n_samples, **options)
        for _ in range(2):
            x = windows(16, n_electrodes, n_samples)
            assert_close(ours(x), published(x))
        assert_close(ours.state_dict(), published.state_dict())

    @pytest.mark.parametrize("training", [True, False])
    def test_in_all_gradients(self, n_electrodes, n_samples, options, training):
        ours, published = (net.train(training) for net in twins(n_electrodes, n_samples, **options))
        x = windows(16, n_electrodes, n_samples)
        gradients = []
        for net in (ours, published):
            seen = x.clone().requires_grad_()
            net(seen).square().sum().backward()
            gradients.append(
                {name: p.grad for name, p in net.named_parameters()} | {"x": seen.grad}
            )
        assert_close(*gradients)


def test_a_training_in_single_precision_takes_the_published_networks_course():
    ours, published = twins(8, 83)
    x, y = windows(64, 8, 83), torch.arange(64) % 2
    losses = []
    for net in (ours, published):
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
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


def test_space_first_gives_what_time_first_gives():
    net = EEGNet(5, 83).eval()
    x = torch.randn(2, 5, 83)
    with torch.no_grad():
        in_space = torch.einsum("net,se->nst", x, net.spatial_filters())
        kernels = net.temporal_kernels()
        both = conv1d(pad(in_space, (31, 32)), kernels, groups=16).transpose(0, 1)
        # A fresh batch norm in evaluation divides by sqrt(1 + eps).
        assert_close(net.filtered(x), both / (1 + 1e-5) ** 0.5)
