"""The networks that lead up to the P300 CNN: their papers' counts, and what they do to inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from studies import make_epochs
from torch import nn

from p300.detectors import make_detector
from p300.detectors.networks.image_networks import C3_TABLE, ElectrodeImage, LeNet, LeNet5, SmallCNN
from p300.detectors.networks.layerwise import (
    DBN,
    Autoencoder,
    contrastive_divergence,
    log_odds_of_means,
)
from p300.detectors.networks.lstm import LSTM
from p300.detectors.networks.mlp import MLP
from p300.detectors.networks.older_networks import Decorrelation
from p300.errors import DetectorError


def count(module):
    return sum(p.numel() for p in module.parameters())


def correlated(n_epochs=60, n_electrodes=6, n_samples=83):
    generator = torch.Generator().manual_seed(1)
    mixing = torch.randn(n_electrodes, n_electrodes, generator=generator)
    return mixing @ torch.randn(n_epochs, n_electrodes, n_samples, generator=generator)


def test_lenet_5_has_the_papers_counts():
    layers = LeNet5(32, 32).hidden
    counts = {name: count(layers.get_submodule(name)) for name in ("c1", "s2", "c3", "s4")}
    assert counts == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32}
    assert count(layers.c5) == 48_120
    assert count(layers.f6) == 10_164


def test_lenet_as_taught_has_the_books_count_but_for_the_outputs():
    assert count(LeNet(28, 28)) - count(nn.Linear(84, 2)) + count(nn.Linear(84, 10)) == 61_706


def test_the_small_cnn_has_the_counts_of_28_x_28_images():
    net = SmallCNN(28, 28)
    assert [count(layer) for layer in net.hidden if count(layer)] == [104, 296, 1_168, 32_896]


def test_the_c3_table_is_the_papers():
    assert len(C3_TABLE) == 16
    assert [len(reads) for reads in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    # Rows of table I: each S2 map is read by ten C3 maps.
    rows = [[k for k, reads in enumerate(C3_TABLE) if s2 in reads] for s2 in range(6)]
    assert rows[0] == [0, 4, 5, 6, 9, 10, 11, 12, 14, 15]
    assert rows[3] == [1, 2, 3, 6, 7, 8, 9, 12, 14, 15]
    assert {len(row) for row in rows} == {10}


def test_c3_maps_see_the_maps_of_their_table_alone():
    c3 = LeNet5(8, 83).hidden.c3
    for s2 in range(6):
        x = torch.zeros(1, 6, 14, 14)
        x[:, s2] = 1.0
        moved = (c3(x) - c3(torch.zeros_like(x))).abs().sum((0, 2, 3)) > 0
        assert moved.tolist() == [s2 in reads for reads in C3_TABLE]


def test_few_electrodes_are_framed_by_zeros_and_many_all_kept():
    x = torch.randn(2, 5, 64)
    image = ElectrodeImage(5, 64, 32)(x)[:, 0]
    assert image.shape == (2, 16, 32)
    torch.testing.assert_close(image[:, 5:10], x.unflatten(2, (32, 2)).mean(dim=3))
    assert not image[:, :5].any()
    assert not image[:, 10:].any()
    assert ElectrodeImage(40, 64, 32)(torch.randn(2, 40, 64)).shape == (2, 1, 40, 32)
    with pytest.raises(DetectorError, match="epochs of 31 samples are too short"):
        ElectrodeImage(5, 31, 32)


@pytest.mark.parametrize(("network", "n"), [(MLP, 4_194), (LSTM, 1_698), (DBN, 10_402)])
def test_parameters_are_those_of_the_docstring(network, n):
    assert count(network(8, 83)) == n
    assert f"{n:,}" in "".join(c.__doc__ for c in network.__mro__ if c.__doc__)


def test_memory_cells_forget_nothing_at_first():
    cells = LSTM(8, 83).hidden[1]
    thresholds = cells.bias_ih_l0 + cells.bias_hh_l0
    torch.testing.assert_close(thresholds[16:32], torch.ones(16))


def test_electrodes_are_decorrelated_and_hardly_moved():
    X = correlated()
    decorrelation = Decorrelation(6)
    assert torch.equal(decorrelation(X), X)
    decorrelation.learn(X)
    covariance = np.cov(decorrelation(X).transpose(0, 1).flatten(1).numpy())
    np.testing.assert_allclose(covariance, np.eye(6), atol=0.1)
    # Symmetric: of all decorrelations the one that stays nearest to the electrodes.
    torch.testing.assert_close(decorrelation.matrix, decorrelation.matrix.T)


def test_decorrelation_survives_an_average_reference():
    X = correlated()
    decorrelation = Decorrelation(6)
    decorrelation.learn(X - X.mean(dim=1, keepdim=True))
    assert torch.isfinite(decorrelation.matrix).all()


def test_an_autoencoder_gives_back_its_inputs_better_after_it_learned():
    torch.manual_seed(0)
    seen = torch.sigmoid(correlated(200, 20, 1)[:, :, 0])

    def error(layer):
        again = torch.sigmoid(layer(seen)) @ layer.weight + log_odds_of_means(seen)
        return (torch.sigmoid(again) - seen).square().mean()

    net = Autoencoder(8, 83, pretraining=100)
    layer = nn.Linear(20, 10)
    before = error(layer)
    net._pretrain_layer(layer, seen)
    assert error(layer) < 0.7 * before


def test_contrastive_divergence_vanishes_where_a_machine_knows_its_inputs():
    torch.manual_seed(0)
    layer = nn.Linear(5, 3)
    nn.init.zeros_(layer.weight)
    seen = torch.full((40, 5), 0.3)
    for slope in contrastive_divergence(layer, log_odds_of_means(seen), seen):
        torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-6, rtol=0)


def test_a_belief_network_starts_from_hintons_values():
    torch.manual_seed(0)
    net = DBN(8, 83, pretraining=0)
    net.pretrain(correlated(n_electrodes=8))
    first = net.hidden[3]
    assert float(first.weight.detach().std()) == pytest.approx(0.01, rel=0.05)
    assert not first.bias.detach().any()


@pytest.mark.parametrize("name", ["autoencoder", "dbn"])
def test_learning_without_labels_changes_the_fit(name):
    epochs = make_epochs(1, 2, amplitude=1e-5)
    groups = epochs.units("character")
    scores = [
        make_detector(name, max_passes=2, pretraining=passes)
        .fit(epochs.X, epochs.y, groups=groups)
        .decision_function(epochs.X)
        for passes in (0, 3)
    ]
    assert not np.allclose(*scores)
