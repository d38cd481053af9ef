"""Networks as a part of an ONNX graph, by torch's exporter."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from p300.detectors.base import Detector
from p300.detectors.meta.ensembles import Ensemble
from p300.detectors.meta.picked_electrodes import PickedElectrodes
from p300.detectors.sharing.graph import BATCH, LOG_ODDS, OPSET, PREPARED, Part
from p300.detectors.training.network import NetworkDetector, fuse
from p300.detectors.training.rules import LEARNING_RULES
from p300.errors import DetectorError


class Scores(nn.Module):
    """From prepared epochs to calibrated log-odds: electrodes picked, scaled, read, fused.

    Parameters
    ----------
    detector
        Fitted networks, on some electrodes or all.
    """

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.slope = detector.calibration_.slope
        self.intercept = detector.calibration_.intercept
        self.picked: list[int] | None = None
        if isinstance(detector, PickedElectrodes):
            self.picked, detector = [int(row) for row in detector.picked_], detector.detector_
        assert isinstance(detector, NetworkDetector | Ensemble)  # no others have networks
        self.scaled = not detector.scaling_.is_identity
        self.mean: Tensor
        self.scale: Tensor
        for name in ("mean", "scale"):
            values = torch.from_numpy(getattr(detector.scaling_, name).copy())
            self.register_buffer(name, values[:, None])
        members = detector.members_ if isinstance(detector, Ensemble) else [detector]
        self.networks = nn.ModuleList(copy.deepcopy(member.network_) for member in members)
        self.rule = LEARNING_RULES[members[0].training]
        self.eval()

    def forward(self, epochs: Tensor) -> Tensor:
        """Map [epoch, electrode, time] to log-odds, [epoch]."""
        if self.picked is not None:
            epochs = epochs[:, self.picked]
        if self.scaled:
            epochs = (epochs - self.mean) / self.scale
        scores = [self.rule.log_odds(network(epochs)) for network in self.networks]
        # The fusion of one network changes nothing but its rounding.
        fused = scores[0] if len(scores) == 1 else fuse(torch.stack(scores))
        return self.slope * fused + self.intercept


def network_part(detector: Detector) -> Part:
    """Return the calibrated log-odds of networks as a part of a graph.

    Raises
    ------
    DetectorError
        When torch's exporter cannot translate one of its operations, or lacks a package.
    """
    scores = Scores(detector)
    example = torch.zeros(3, *detector.input_shape_)
    free = {0: torch.export.Dim(BATCH, min=1)}
    try:
        with _silent():
            program = torch.onnx.export(
                scores,
                (example,),
                dynamo=True,
                dynamic_shapes=(free,),
                input_names=[PREPARED],
                output_names=[LOG_ODDS],
                opset_version=OPSET,
                verbose=False,
            )
    except (RuntimeError, ValueError, TypeError, ImportError, NotImplementedError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DetectorError(
            f"{detector.name} cannot be exported to ONNX: torch {torch.__version__} cannot "
            f"translate it ({first[:300]}); use it by p300.load_detector, or export another "
            "network, or a linear detector (slda)"
        ) from error
    assert program is not None
    model = program.model_proto
    graph = model.graph
    return Part(
        list(graph.node),
        list(graph.initializer),
        opsets=list(model.opset_import),
        functions=list(model.functions),
    )


@contextmanager
def _silent() -> Iterator[None]:
    """Keep to itself what the exporter says of its own workings."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
