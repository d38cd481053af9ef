"""What the detectors take, said once more without importing what they are made of.

torch and scikit-learn take seconds to import. A config is checked, a plan shown and
``p300 detectors NAME`` answered from these declarations; the classes are imported when something
is fitted. Each repeats the keyword arguments of a class, which tests compare
(``tests/detectors/test_declared.py`` says what to write). A detector that is not here is imported
to be asked: that costs its time and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from p300.lazy import imported
from p300.ranges import (
    Count,
    Layers,
    Names,
    Natural,
    NonNegative,
    Positive,
    Probability,
    Seed,
    Several,
    Share,
    Size,
)

NETWORK = "p300.detectors.training.network:NetworkDetector"
WRAPPER = "p300.detectors.meta.flat_parameters:wrap_network"

Declaration = Callable[..., None]

DECLARED: dict[str, Declaration] = {}
"""``module:class`` -> a function that takes the same and does nothing."""


def _takes_like(place: str) -> Callable[[Declaration], Declaration]:
    """Enter a declaration under the place of what it repeats."""

    def enter(declaration: Declaration) -> Declaration:
        DECLARED[place] = declaration
        return declaration

    return enter


@_takes_like(NETWORK)
def _network(
    *,
    training: Literal["modern", "paper", "squared", "absolute", "momentum"] = "modern",
    max_passes: Count | None = None,
    batch_size: Count | None = None,
    learning_rate: Positive | None = None,
    weight_decay: NonNegative | None = None,
    patience: Count | None = None,
    validation_fraction: Share | None = None,
    shuffle: bool = True,
    augmentation: Literal["gan"] | None = None,
    seed: Seed = 0,
) -> None: ...


@_takes_like(WRAPPER)
def _wrapper(
    *,
    picks: Names | Size | None = None,
    division: Literal["whole", "non_targets", "time"] = "whole",
    n_members: Size = 1,
    electrodes: Names | None = None,
) -> None: ...


@_takes_like("p300.detectors.networks.cecotti:CNN1")
def _cnn1(
    *,
    n_filters: Size = 10,
    maps_per_filter: Size = 5,
    kernel: Size = 13,
    n_hidden: Size = 100,
) -> None: ...


@_takes_like("p300.detectors.networks.eegnet:EEGNet")
def _eegnet(
    *, n_temporal: Size = 8, depth: Size = 2, kernel: Size = 64, dropout: Probability = 0.5
) -> None: ...


_Kernels = Annotated[tuple[Annotated[Size, Field(ge=4)], ...], Field(min_length=1, max_length=16)]


@_takes_like("p300.detectors.networks.eeg_inception:EEGInception")
def _eeg_inception(*, n_maps: Size = 8, kernels: _Kernels = (64, 32, 16)) -> None: ...


@_takes_like("p300.detectors.networks.bn3:BN3")
def _bn3(*, kernel: Size = 10, dropout: Probability = 0.8) -> None: ...


@_takes_like("p300.detectors.networks.oclnn:OCLNN")
def _oclnn(*, kernel: Size = 8) -> None: ...


@_takes_like("p300.detectors.networks.sepconv1d:SepConv1D")
def _sepconv1d(
    *, n_filters: Size = 4, kernel: Annotated[Size, Field(ge=4, multiple_of=4)] = 8
) -> None: ...


@_takes_like("p300.detectors.networks.stepnet:StepNet")
def _stepnet(
    *,
    n_filters: Size = 8,
    maps_per_filter: Size = 2,
    step: Size = 5,
    kernel: Size = 4,
    n_mixtures: Size = 16,
    dropout: Probability = 0.5,
) -> None: ...


@_takes_like("p300.detectors.networks.braindecode_model:braindecode_model")
def _braindecode(*, model: str = "EEGConformer", sfreq: Positive | None = None) -> None: ...


@_takes_like("p300.detectors.networks.mlp:MLP")
def _mlp(
    *,
    n_hidden: Layers = (32,),
    activation: Literal["sigmoid", "tanh", "relu"] = "tanh",
    n_windows: Size = 16,
) -> None: ...


@_takes_like("p300.detectors.networks.lstm:LSTM")
def _lstm(*, n_hidden: Size = 16, n_steps: Size = 20) -> None: ...


@_takes_like("p300.detectors.networks.image_networks:LeNet5")
@_takes_like("p300.detectors.networks.image_networks:LeNet")
@_takes_like("p300.detectors.networks.image_networks:SmallCNN")
def _image_network() -> None: ...


@_takes_like("p300.detectors.networks.layerwise:Autoencoder")
@_takes_like("p300.detectors.networks.layerwise:DBN")
def _layerwise(
    *, n_hidden: Layers = (64, 32), n_windows: Size = 16, pretraining: Natural = 20
) -> None: ...


@_takes_like("p300.detectors.linear.lda:ShrinkageLDA")
def _slda(
    *,
    n_windows: Size = 16,
    covariance: Literal["shrinkage", "toeplitz"] = "shrinkage",
    n_folds: Several = 5,
) -> None: ...


@_takes_like("p300.detectors.linear.xdawn:XdawnLDA")
def _xdawn_lda(
    *, n_filters: Size | None = None, n_windows: Size = 16, n_folds: Several = 5
) -> None: ...


@_takes_like("p300.detectors.linear.xdawn:XdawnTangentSpace")
def _xdawn_ts(
    *, n_filters: Size = 3, C: Positive = 0.03, shrinkage: bool = True, n_folds: Several = 5
) -> None: ...


@_takes_like("p300.detectors.linear.erpcov:ErpCovarianceMDM")
def _erpcov_mdm(*, n_components: Size | None = None, n_folds: Several = 5) -> None: ...


@_takes_like("p300.detectors.linear.single_layer:Perceptron")
def _perceptron(
    *, n_windows: Size = 16, passes: Count = 30, n_folds: Several = 5, seed: Seed = 0
) -> None: ...


@_takes_like("p300.detectors.linear.single_layer:Logistic")
def _logistic(*, n_windows: Size = 16, C: Positive = 0.3, n_folds: Several = 5) -> None: ...


@_takes_like("p300.detectors.linear.sparse_coding:SparseCoding")
def _sparse_coding(
    *,
    n_atoms: Size = 64,
    alpha: Positive = 0.5,
    n_windows: Size = 8,
    C: Positive = 0.03,
    n_folds: Several = 3,
    seed: Seed = 0,
) -> None: ...


@_takes_like("p300.detectors.estimators.calibrated:described_detector")
def _estimator(
    *,
    estimator: str | None = None,
    parameters: dict[str, Any] | None = None,
    steps: dict[str, dict[str, Any]] | None = None,
    n_folds: Several = 5,
    dtype: Literal["float64", "float32"] = "float64",
    seed: Seed = 0,
    electrodes: Names | None = None,
) -> None: ...


def declared_or_imported(place: str) -> Callable[..., Any]:
    """Return what takes the arguments of a detector: its declaration, else itself."""
    found: Callable[..., Any] = DECLARED.get(place) or imported(place)
    return found
