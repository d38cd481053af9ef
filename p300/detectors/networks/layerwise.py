"""Deep networks of full layers that learn layer by layer without labels, then all at once."""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, linear

from p300.detectors.networks.older_networks import OlderNetwork, WindowMeans
from p300.ranges import Layers, Natural, Size

BATCH = 32


class LayerwiseNetwork(OlderNetwork):
    """Full layers of sigmoids on squashed means of consecutive samples of every electrode.

    ========  =======================================================  ========================
    layer     what                                                     free parameters
    ========  =======================================================  ========================
    means     ``n_windows`` an electrode, squashed to between 0 and 1
    hidden    ``n_hidden`` neurons each, full, sigmoid                 n (inputs + 1)
    output    2 neurons, full                                          2 (n + 1)
    ========  =======================================================  ========================

    8 electrodes: 8,256 + 2,080 + 66 = 10,402 parameters. What only the learning without labels
    needs, such as decoders, is forgotten after it. All layers then learn with labels, as those of
    any network.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    n_hidden
        Neurons of each hidden layer, one number a layer.
    n_windows
        Number of means over time, for each electrode.
    pretraining
        Passes of each layer without labels.
    """

    def __init__(
        self,
        n_electrodes: int,
        n_samples: int,
        *,
        n_hidden: Layers = (64, 32),
        n_windows: Size = 16,
        pretraining: Natural = 20,
    ) -> None:
        means = WindowMeans(n_samples, n_windows)
        layers: list[nn.Module] = [means, nn.Flatten(), nn.Sigmoid()]
        for n, m in pairwise([n_electrodes * n_windows, *n_hidden]):
            layers += [nn.Linear(n, m), nn.Sigmoid()]
        super().__init__(n_electrodes, nn.Sequential(*layers), n_hidden[-1])
        self.pretraining = pretraining

    @abstractmethod
    def _pretrain_layer(self, layer: nn.Linear, visible: Tensor) -> None:
        """Let one layer learn from what it reads, [epoch, input] between 0 and 1."""

    def pretrain(self, X: Tensor) -> None:
        """Let each layer learn without labels from what the layers below give."""
        super().pretrain(X)
        with torch.no_grad():
            visible = self.decorrelation(X)
        for layer in self.hidden.children():
            if isinstance(layer, nn.Linear):
                self._pretrain_layer(layer, visible)
            with torch.no_grad():
                visible = layer(visible)


class Autoencoder(LayerwiseNetwork):
    """Stacked autoencoder: each layer first learns to give back what it reads.

    Bengio, Lamblin, Popovici & Larochelle, NIPS 2006, 153-160: the decoder has the layer's weights
    transposed, the error is the cross-entropy of the inputs. Layers and parameters are those of
    :class:`LayerwiseNetwork`.
    """

    def _pretrain_layer(self, layer: nn.Linear, visible: Tensor) -> None:
        bias = nn.Parameter(log_odds_of_means(visible))
        optimiser = torch.optim.Adam([layer.weight, layer.bias, bias], lr=1e-3)
        for _ in range(self.pretraining):
            for rows in torch.randperm(len(visible)).split(BATCH):
                optimiser.zero_grad()
                seen = visible[rows]
                again = torch.sigmoid(linear(torch.sigmoid(layer(seen)), layer.weight.T, bias))
                binary_cross_entropy(again, seen).backward()
                optimiser.step()


class DBN(LayerwiseNetwork):
    """Deep belief network: each layer is first a restricted Boltzmann machine.

    Hinton, Osindero & Teh, Neural Computation 18:1527-1554, 2006. Learned by contrastive
    divergence with one step, as Hinton's practical guide has it (UTML TR 2010-003): weights drawn
    from N(0, .01), hidden thresholds 0, visible ones log(p / (1 - p)) of the inputs' means p,
    momentum .5 and after five passes .9, rate .1, weight decay .0002. Layers and parameters are
    those of :class:`LayerwiseNetwork`.
    """

    def _pretrain_layer(self, layer: nn.Linear, visible: Tensor) -> None:
        with torch.no_grad():
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
            visible_bias = log_odds_of_means(visible)
            values = layer.weight, layer.bias, visible_bias
            steps = [torch.zeros_like(value) for value in values]
            for number in range(self.pretraining):
                momentum = 0.5 if number < 5 else 0.9
                for rows in torch.randperm(len(visible)).split(BATCH):
                    slopes = contrastive_divergence(layer, visible_bias, visible[rows])
                    for value, step, slope in zip(values, steps, slopes, strict=True):
                        step.mul_(momentum).add_(slope, alpha=0.1)
                        value.add_(step)
                    layer.weight.mul_(1 - 0.1 * 2e-4)


def contrastive_divergence(
    layer: nn.Linear, visible_bias: Tensor, seen: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Estimate the slopes of a restricted Boltzmann machine's log-likelihood (CD-1).

    Parameters
    ----------
    layer
        Its weights and hidden thresholds.
    visible_bias
        Its visible thresholds, [input].
    seen
        Probabilities of the visible units, [epoch, input].

    Returns
    -------
    Slopes of weights, hidden thresholds and visible thresholds.
    """
    hidden = torch.sigmoid(layer(seen))
    again = torch.sigmoid(linear(torch.bernoulli(hidden), layer.weight.T, visible_bias))
    hidden_again = torch.sigmoid(layer(again))
    weights = (hidden.T @ seen - hidden_again.T @ again) / len(seen)
    return weights, (hidden - hidden_again).mean(dim=0), (seen - again).mean(dim=0)


def log_odds_of_means(visible: Tensor) -> Tensor:
    """Give log(p / (1 - p)) of each input's mean p: with it a decoder starts at the mean."""
    return torch.logit(visible.mean(dim=0), eps=1e-3)
