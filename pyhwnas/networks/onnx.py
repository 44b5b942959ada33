"""A network as an ONNX graph, written operation by operation.

The graph holds exactly the operations of the network, so what a device is timed on is what was
counted, and nothing of a deep learning framework is needed to write it.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Collection, Mapping, Sequence
from functools import cache
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
    ChannelConv,
    Concat,
    Conv,
    Crop,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Mul,
    Op,
    Shape,
    Shuffle,
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
        Let batch normalisation use the statistics of the batch at hand, without scale and shift,
        instead of the running statistics.
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


def _checked(weights: Mapping[str, npt.ArrayLike] | None, initial: Weights) -> Weights:
    """Take the tensors that a network needs from those that are given."""
    if weights is None:
        return initial
    if missing := sorted(initial.keys() - weights.keys()):
        raise ValueError(
            f"weights: {len(missing)} of {len(initial)} tensors are missing, such as {missing[0]}"
        )
    given: Weights = {}
    for name, like in initial.items():
        tensor = np.asarray(weights[name], dtype=np.float32)
        if tensor.shape != like.shape:
            raise ValueError(f"weights: {name} must have shape {like.shape}, got {tensor.shape}")
        given[name] = tensor
    return given


def _value_names(unit: Unit) -> list[str]:
    count = len(unit.inputs)
    names = [f"input{i}" for i in range(count)] if count > 1 else ["input"]
    names += [f"value{i}" for i in range(count, len(unit.shapes))]
    if unit.nodes:
        names[-1] = "output"
    return names


def _tensor_info(helper: Any, name: str, shape: Shape) -> Any:
    float32 = 1  # onnx.TensorProto.FLOAT
    return helper.make_tensor_value_info(name, float32, ["batch", *shape])


def _model(helper: Any, graph: Any, network: Network | Unit, *, trained: bool) -> onnx.ModelProto:
    model: onnx.ModelProto = helper.make_model(
        graph,
        producer_name="pyhwnas",
        producer_version=_version(),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    if isinstance(network, Network):
        facts = {"space": network.space, "arch": network.arch}
    else:
        facts = {"unit": network.key}
    facts["weights"] = "given" if trained else "untrained"
    helper.set_model_props(model, {key: text for key, text in facts.items() if text})
    return model


@cache
def _version() -> str:
    """Read once: it takes longer than to write a unit."""
    return importlib.metadata.version("pyhwnas")


class _Writer:
    """Collects the nodes and constants of a graph, in order."""

    def __init__(self, helper: Any, weights: Weights, batch_statistics: bool) -> None:
        self.nodes: list[Any] = []
        self.initialisers: dict[str, Any] = {}
        self._helper = helper
        self._weights = weights
        self._batch_statistics = batch_statistics
        self._from_array = require("onnx.numpy_helper", extra="search").from_array

    def node(self, kind: str, sources: Sequence[str], target: str, **attributes: Any) -> str:
        made = self._helper.make_node(kind, sources, [target], f"{target}_{kind}", **attributes)
        self.nodes.append(made)
        return target

    def tensor(self, name: str, array: npt.NDArray[Any]) -> str:
        self.initialisers[name] = self._from_array(np.ascontiguousarray(array), name)
        return name

    def scalar(self, value: float) -> str:
        return self.tensor(f"constant_{value:.6g}", np.array(value, np.float32))

    def index(self, *values: int) -> str:
        return self.tensor(f"index_{'_'.join(map(str, values))}", np.array(values, np.int64))

    def weights(self, name: str, *kinds: str) -> list[str]:
        return [self.tensor(f"{name}.{kind}", self._weights[f"{name}.{kind}"]) for kind in kinds]

    def write(self, op: Op, sources: list[str], target: str, name: str, shape: Shape) -> None:
        """Write one operation; `name` is that of its weights, `shape` that of its first input."""
        x = sources[0]
        match op:
            case Conv(kernel=k, stride=s, dilation=d, groups=g, bias=bias):
                tensors = self.weights(name, "weight", *(["bias"] if bias else []))
                window = {"dilations": [d, d], "group": g, **_window(k, s, op.padding)}
                self.node("Conv", [x, *tensors], target, **window)
            case Linear(bias=bias):
                flat = x if len(shape) == 1 else self.node("Flatten", [x], f"{target}_flat", axis=1)
                tensors = self.weights(name, "weight", *(["bias"] if bias else []))
                self.node("Gemm", [flat, *tensors], target, transB=1)
            case ChannelConv(kernel=k):
                self._channel_conv(k, x, target, name, shape)
            case BatchNorm():
                self._batch_norm(x, target, name, shape[0])
            case Activation():
                self._activation(op, x, target)
            case MaxPool(kernel=k, stride=s, padding=p) | AvgPool(kernel=k, stride=s, padding=p):
                average = {"count_include_pad": 0} if isinstance(op, AvgPool) else {}
                kind = "AveragePool" if average else "MaxPool"
                self.node(kind, [x], target, **average, **_window(k, s, p))
            case GlobalAvgPool():
                self.node("GlobalAveragePool", [x], target)
            case Add() | Mul():
                plus = "Add" if len(sources) == 2 else "Sum"
                self.node("Mul" if isinstance(op, Mul) else plus, sources, target)
            case Concat():
                self.node("Concat", sources, target, axis=1)
            case Slice() | Crop():
                starts, ends, axes = (
                    ((0,), (op.out,), (1,))
                    if isinstance(op, Slice)
                    else ((op.offset,) * 2, shape[1:], (2, 3))
                )
                bounds = [self.index(*values) for values in (starts, ends, axes)]
                self.node("Slice", [x, *bounds], target)
            case Shuffle(groups=g):
                self._shuffle(g, x, target, shape)
            case _:
                assert_never(op)

    def _channel_conv(self, kernel: int, x: str, target: str, name: str, shape: Shape) -> None:
        line = self.node("Reshape", [x, self.index(0, 1, shape[0])], f"{target}_line")
        window = {"kernel_shape": [kernel], "pads": [kernel // 2] * 2}
        mixed = self.node(
            "Conv", [line, *self.weights(name, "weight")], f"{target}_mixed", **window
        )
        self.node("Reshape", [mixed, self.index(0, *shape)], target)

    def _shuffle(self, groups: int, x: str, target: str, shape: Shape) -> None:
        channels, *size = shape
        cut = self.index(0, groups, channels // groups, *size)  # 0 keeps the axis as it is
        parts = self.node("Reshape", [x, cut], f"{target}_parts")
        dealt = self.node("Transpose", [parts], f"{target}_dealt", perm=[0, 2, 1, 3, 4])
        self.node("Reshape", [dealt, self.index(0, *shape)], target)

    def _batch_norm(self, x: str, target: str, name: str, channels: int) -> None:
        if not self._batch_statistics:
            tensors = self.weights(name, "weight", "bias", "running_mean", "running_var")
            self.node("BatchNormalization", [x, *tensors], target, epsilon=EPSILON)
            return
        # In training mode the operation reads the batch's own statistics. What stands for the
        # running ones has no effect, but runtimes ask for it before and after, and ONNX Runtime
        # writes the new over the old: momentum 1 keeps them, and they are nobody else's.
        ones, zeros = np.ones(channels, np.float32), np.zeros(channels, np.float32)
        scale_and_shift = [
            self.tensor(f"ones_{channels}", ones),
            self.tensor(f"zeros_{channels}", zeros),
        ]
        unread = [
            self.tensor(f"unread_mean_{channels}", zeros),
            self.tensor(f"unread_variance_{channels}", ones),
        ]
        settings = {"epsilon": EPSILON, "momentum": 1.0, "training_mode": 1}
        self.node("BatchNormalization", [x, *scale_and_shift, *unread], target, **settings)
        self.nodes[-1].output.extend([f"{target}_mean", f"{target}_variance"])

    def _activation(self, op: Activation, x: str, target: str) -> None:
        match op.kind:
            case "relu":
                self.node("Relu", [x], target)
            case "relu6":
                self.node("Clip", [x, self.scalar(0.0), self.scalar(6.0)], target)
            case "hswish":
                self.node("HardSwish", [x], target)
            case "hsigmoid":
                self.node("HardSigmoid", [x], target, alpha=1 / 6, beta=0.5)
            case "sigmoid":
                self.node("Sigmoid", [x], target)
            case "silu":
                gate = self.node("Sigmoid", [x], f"{target}_gate")
                self.node("Mul", [x, gate], target)
            case "gelu":
                # The form that ONNX Runtime recognises and fuses.
                scaled = self.node("Div", [x, self.scalar(math.sqrt(2))], f"{target}_scaled")
                error = self.node("Erf", [scaled], f"{target}_erf")
                raised = self.node("Add", [error, self.scalar(1.0)], f"{target}_raised")
                product = self.node("Mul", [x, raised], f"{target}_product")
                self.node("Mul", [product, self.scalar(0.5)], target)
            case _:
                assert_never(op.kind)


def _window(kernel: int, stride: int, padding: int) -> dict[str, list[int]]:
    return {
        "kernel_shape": [kernel, kernel],
        "strides": [stride, stride],
        "pads": [padding] * 4,
    }
