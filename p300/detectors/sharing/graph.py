"""The parts of an ONNX graph: what is done to an epoch after it was cut, and linear scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

OPSET = 18
"""Version of the operators: the first whose means take their axes as an input."""

IR_VERSION = 10
"""Version of the file format."""

EPOCHS, MIXING, LOG_ODDS = "epochs", "mixing", "log_odds"
"""The inputs and the output of a graph."""

PREPARED = "prepared_epochs"
"""What a detector reads: epochs normalised and mixed, [epoch, electrode, time]."""

BATCH = "n_epochs"
"""The free axis."""


@dataclass(frozen=True)
class Part:
    """Some operations of a graph.

    Parameters
    ----------
    nodes
        The operations, in order.
    weights
        Their constants, as tensors.
    inputs
        What they read from outside.
    opsets, functions
        Of a part that an exporter made.
    """

    nodes: list[Any]
    weights: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    opsets: list[Any] = field(default_factory=list)
    functions: list[Any] = field(default_factory=list)


def front(shape: tuple[int, int], *, normalised: bool, mixed: bool) -> Part:
    """Return what comes before the detector, from filtered epochs in volts.

    Parameters
    ----------
    shape
        Number of electrodes and of samples.
    normalised
        Whether each electrode of each epoch is brought to mean zero and variance one, as
        :func:`p300.signal.preprocessing.normalise` does; one that is constant becomes zero.
    mixed
        Whether the electrodes are then mixed by the matrix of an alignment, a second input.
    """
    from onnx import TensorProto, helper, numpy_helper

    make, single = helper.make_node, TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info(EPOCHS, single, [BATCH, *shape])]
    nodes, weights, last = [], [], EPOCHS
    if normalised:
        constants = {
            "window_time_axis": np.array([2]),
            "window_nothing": _single(0),
            "window_tiny": _single(1e-6),
        }
        weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
        nodes = [
            make("ReduceMean", [EPOCHS, "window_time_axis"], ["window_means"], keepdims=1),
            make("Sub", [EPOCHS, "window_means"], ["window_centred"]),
            make("Mul", ["window_centred", "window_centred"], ["window_squares"]),
            make(
                "ReduceMean",
                ["window_squares", "window_time_axis"],
                ["window_variances"],
                keepdims=1,
            ),
            make("Sqrt", ["window_variances"], ["window_spreads"]),
            make("Abs", ["window_means"], ["window_sizes"]),
            make("Mul", ["window_sizes", "window_tiny"], ["window_limits"]),
            make("LessOrEqual", ["window_spreads", "window_limits"], ["window_constant"]),
            make("Div", ["window_centred", "window_spreads"], ["window_divided"]),
            make(
                "Where",
                ["window_constant", "window_nothing", "window_divided"],
                ["window_normalised"],
            ),
        ]
        last = "window_normalised"
    if mixed:
        inputs.append(helper.make_tensor_value_info(MIXING, single, [shape[0], shape[0]]))
        nodes.append(make("MatMul", [MIXING, last], [PREPARED]))
    else:
        nodes.append(make("Identity", [last], [PREPARED]))
    return Part(nodes, weights, inputs)


def linear(weights: npt.NDArray[np.float64], intercept: float) -> Part:
    """Return log-odds that are a weighted sum of an epoch: one product, one addition.

    Parameters
    ----------
    weights
        [electrode, time].
    intercept
        Added to the sum.
    """
    from onnx import helper, numpy_helper

    make = helper.make_node
    column = np.ascontiguousarray(weights.reshape(-1, 1), dtype=np.float32)
    constants = {"weights": column, "intercept": _single(intercept), "last_axis": np.array([1])}
    nodes = [
        make("Flatten", [PREPARED], ["values"], axis=1),
        make("MatMul", ["values", "weights"], ["sums"]),
        make("Add", ["sums", "intercept"], ["scores"]),
        make("Squeeze", ["scores", "last_axis"], [LOG_ODDS]),
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    return Part(nodes, tensors)


def model_of(before: Part, detector: Part) -> Any:
    """Return the model that a front and a detector make, an ``onnx.ModelProto``, checked."""
    import onnx
    from onnx import TensorProto, helper

    import p300

    graph = helper.make_graph(
        before.nodes + detector.nodes,
        "p300_detector",
        before.inputs,
        [helper.make_tensor_value_info(LOG_ODDS, TensorProto.FLOAT, [BATCH])],
        before.weights + detector.weights,
    )
    for node in graph.node:  # an exporter tells from which file and line each operation came
        del node.metadata_props[:]
        node.doc_string = ""
    model = helper.make_model(
        graph,
        producer_name="p300",
        producer_version=p300.__version__,
        ir_version=IR_VERSION,
        opset_imports=detector.opsets or [helper.make_opsetid("", OPSET)],
        functions=detector.functions,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _single(value: float) -> npt.NDArray[np.float32]:
    return np.array(value, dtype=np.float32)
