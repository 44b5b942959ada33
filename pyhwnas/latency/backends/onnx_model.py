"""Models for runtimes that read ONNX."""

from __future__ import annotations

from pyhwnas._optional import require
from pyhwnas.latency.backends import Encoded
from pyhwnas.networks import Network, Unit, to_onnx

__all__ = ["encode_onnx"]


def encode_onnx(graph: Unit | Network | bytes, batch: int) -> Encoded:
    """Write a unit or network as ONNX, or take a serialised model as it is.

    Parameters
    ----------
    graph : Unit, Network or bytes
    batch : int
        Size of every axis that the model leaves free.

    Returns
    -------
    Encoded
    """
    onnx = require("onnx", extra="search")
    if isinstance(graph, bytes):
        data, proto = graph, onnx.load_from_string(graph)
    else:
        proto = to_onnx(graph)
        data = proto.SerializeToString()
    constants = {tensor.name for tensor in proto.graph.initializer}
    inputs = {
        value.name: tuple(dim.dim_value or batch for dim in value.type.tensor_type.shape.dim)
        for value in proto.graph.input
        if value.name not in constants
    }
    return Encoded(data, inputs)
