"""A network as an ONNX graph, written operation by operation.

The graph holds exactly the operations of the network, so what a device is timed on is what was
counted, and nothing of a deep learning framework is needed to write it.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.networks.network import Network
from pyhwnas.networks.op import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Mul,
    Op,
    Shape,
    Slice,
)
from pyhwnas.networks.unit import Unit
from pyhwnas.networks.weights import Weights, tensors

if TYPE_CHECKING:
    import onnx

__all__ = ["to_onnx"]

# Every operation here has its final meaning since opset 17, which all backends read; some
# execution providers have no kernel for the average pooling of opset 19.
OPSET = 17
IR_VERSION = 8
EPSILON = 1e-5


def to_onnx(
    network: Network | Unit,
    weights: Mapping[str, npt.ArrayLike] | None = None,
    *,
    seed: int = 0,
    batch_statistics: bool = False,
    expose: Collection[int] = (),
) -> onnx.ModelProto:
    """Write a network, or one unit of it, as an ONNX model in inference form.

    Parameters
    ----------
    network : Network or Unit
        A unit may have several inputs; its weights are named by `Unit.tensor_names`.
    weights : mapping of str to array_like, optional
        Tensors by name, as in a PyTorch state dict. Without them the model is initialised from
        `seed` and says in its metadata that it is untrained.
    seed : int
        Seed of the initial weights; see `pyhwnas.networks.weights`.
    batch_statistics : bool
        Write batch normalisation as operations on the statistics of the batch at hand, without
        scale and shift, instead of the running statistics.
    expose : collection of int
        Values of the graph (see `Node`) to return as extra outputs ``value<n>``.

    Returns
    -------
    onnx.ModelProto
        With the input ``input`` (``input0``, ``input1``, ... if there are several), the output
        ``output``, float32 tensors and the batch as a free axis ``batch``. The same arguments
        give the same bytes.

    Raises
    ------
    MissingExtraError
        If onnx is not installed.
    ValueError
        If a tensor is missing or has the wrong shape, or `expose` names no value.

    Examples
    --------
    >>> from pyhwnas.networks import BatchNorm, Conv, chain
    >>> model = to_onnx(chain((16, 32, 32), Conv(32, 3, stride=2), BatchNorm()))
    >>> [node.op_type for node in model.graph.node]
    ['Conv', 'BatchNormalization']
    """
    helper = require("onnx.helper", extra="search")
    unit, names = _graph(network)
    if wrong := sorted(n for n in expose if not 0 <= n < len(unit.shapes)):
        raise ValueError(f"expose: expected values 0..{len(unit.shapes) - 1}, got {wrong}")
    initial = _initial(unit, names, seed)
    writer = _Writer(helper, _checked(weights, initial), batch_statistics)
    values = _value_names(unit)
    first = len(unit.inputs)
    for number, (node, name) in enumerate(zip(unit.nodes, names, strict=True), first):
        sources = [values[source] for source in node.inputs]
        writer.write(node.op, sources, values[number], name, unit.shapes[node.inputs[0]])
    if not unit.nodes:
        writer.node("Identity", [values[0]], "output")
    outputs = [("output", unit.out_shape)]
    for number in sorted(set(expose)):
        if values[number] != f"value{number}":
            writer.node("Identity", [values[number]], f"value{number}")
        outputs.append((f"value{number}", unit.shapes[number]))
    inputs = zip(values[:first], unit.inputs, strict=True)
    graph = helper.make_graph(
        writer.nodes,
        "network",
        [_tensor_info(helper, name, shape) for name, shape in inputs],
        [_tensor_info(helper, name, shape) for name, shape in outputs],
        list(writer.initialisers.values()),
    )
    return _model(helper, graph, network, trained=weights is not None)


def _graph(network: Network | Unit) -> tuple[Unit, tuple[str, ...]]:
    if isinstance(network, Network):
        return network.graph, network.names
    return network, network.tensor_names()


def _initial(unit: Unit, names: Sequence[str], seed: int) -> Weights:
    made: Weights = {}
    for node, name in zip(unit.nodes, names, strict=True):
        made |= tensors(node.op, unit.shapes[node.inputs[0]], name, seed=seed)
    return made
