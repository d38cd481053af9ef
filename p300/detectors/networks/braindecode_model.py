"""Any model of braindecode by name, where braindecode is installed; nothing here depends on it."""

from __future__ import annotations

import importlib
from typing import Any

from torch import nn

from p300.arguments import did_you_mean
from p300.errors import DetectorError
from p300.ranges import Positive


def braindecode_model(
    n_electrodes: int, n_samples: int, *, model: str = "EEGConformer", sfreq: Positive | None = None
) -> nn.Module:
    """Make a model of ``braindecode.models`` with two outputs.

    Parameters
    ----------
    n_electrodes, n_samples
        Size of the input.
    model
        Name of its class, such as ``EEGConformer`` (https://braindecode.org/stable/api.html).
        Kernels and pooling are the model's own, most of them meant for epochs longer than those
        of a speller.
    sfreq
        Rate of the epochs in Hz, which some models ask for.

    Raises
    ------
    DetectorError
        When braindecode cannot be imported, has no model of that name, or the model does not take
        epochs of this size.
    """
    models = _braindecode_models()
    made = getattr(models, model, None)
    if not (isinstance(made, type) and issubclass(made, nn.Module)):
        raise DetectorError(
            f"braindecode has no model {model!r}{did_you_mean(model, vars(models))}; see "
            "https://braindecode.org/stable/api.html"
        )
    try:
        network: nn.Module = made(n_outputs=2, n_chans=n_electrodes, n_times=n_samples, sfreq=sfreq)
    except (ValueError, RuntimeError, TypeError) as error:
        raise DetectorError(
            f"braindecode's {model} cannot be made for epochs of {n_electrodes} electrodes x "
            f"{n_samples} samples (sfreq: {sfreq}): {error}"
        ) from error
    return network


def _braindecode_models() -> Any:
    """Import braindecode's models.

    braindecode imports torchaudio, which raises OSError or RuntimeError where it was built for
    another torch, as beside a CPU-only one.
    """
    try:
        return importlib.import_module("braindecode.models")
    except (ImportError, OSError, RuntimeError) as error:
        raise DetectorError(
            f"braindecode cannot be imported ({error}). Install it with pip install "
            "'p300[braindecode]'. It imports torchaudio, which a CPU-only installation of torch "
            "cannot load from PyPI: install torchaudio from the index and at the version of your "
            "torch, or use one of the other detectors, which need neither"
        ) from error
