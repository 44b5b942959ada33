"""A network computed in float64 by the definition of each operation: slow, and easy to read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pyhwnas import networks
from pyhwnas.networks import Network, Op, Unit

Array = npt.NDArray[np.float64]


def run(
    network: Network | Unit,
    inputs: Sequence[npt.ArrayLike],
    weights: Mapping[str, npt.ArrayLike],
    *,
    batch_statistics: bool = False,
) -> list[Array]:
    """Compute all values of a graph: the inputs, then the result of each node."""
    graph = network.graph if isinstance(network, Network) else network
    names = network.names if isinstance(network, Network) else network.tensor_names()
    values = [np.asarray(x, dtype=np.float64) for x in inputs]
    for node, name in zip(graph.nodes, names, strict=True):
        sources = [values[source] for source in node.inputs]
        own = {
            key.rpartition(".")[2]: np.asarray(tensor, dtype=np.float64)
            for key, tensor in weights.items()
            if name and key.rpartition(".")[0] == name
        }
        values.append(apply(node.op, sources, own, batch_statistics=batch_statistics))
    return values


def apply(
    op: Op, sources: Sequence[Array], own: Mapping[str, Array], *, batch_statistics: bool
) -> Array:
    x = sources[0]
    match op:
        case networks.Conv():
            return convolution(op, x, own["weight"]) + _column(own.get("bias"))
        case networks.Linear():
            return x.reshape(len(x), -1) @ own["weight"].T + own.get("bias", 0.0)
        case networks.ChannelConv(kernel=k):
            line = np.pad(x[:, :, 0, 0], ((0, 0), (k // 2, k // 2)))
            seen = np.lib.stride_tricks.sliding_window_view(line, k, axis=1)
            return (seen @ own["weight"].ravel())[:, :, None, None]
        case networks.BatchNorm():
            if batch_statistics:
                centred = x - x.mean((0, 2, 3), keepdims=True)
                return centred / np.sqrt((centred**2).mean((0, 2, 3), keepdims=True) + 1e-5)
            mean, variance = _column(own["running_mean"]), _column(own["running_var"])
            normal = (x - mean) / np.sqrt(variance + 1e-5)
            return normal * _column(own["weight"]) + _column(own["bias"])
        case networks.Activation(kind=kind):
            return activation(kind, x)
        case networks.MaxPool():
            return np.fmax.reduce(windows(op, x))
        case networks.AvgPool():
            return np.nanmean(windows(op, x), axis=0)
        case networks.GlobalAvgPool():
            return x.mean((2, 3), keepdims=True)
        case networks.Add():
            return np.sum(sources, axis=0)
        case networks.Mul():
            return sources[0] * sources[1]
        case networks.Concat():
            return np.concatenate(sources, axis=1)
        case networks.Slice(out=out):
            return x[:, :out]
        case networks.Crop(offset=o):
            return x[:, :, o:, o:]
        case networks.Shuffle(groups=g):
            size = x.shape[1] // g
            return x[:, [part * size + i for i in range(size) for part in range(g)]]
    raise AssertionError(op)


def convolution(op: networks.Conv, x: Array, weight: Array) -> Array:
    """Sum over kernel offsets; each group of outputs sees its own group of inputs."""
    padding, step, groups = op.padding, op.dilation, op.groups
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = op.out_shape(x.shape[1:])[1:]
    taps = weight.reshape(groups, op.out // groups, *weight.shape[1:])
    result = np.zeros((len(x), groups, op.out // groups, height, width))
    for ky in range(op.kernel):
        for kx in range(op.kernel):
            seen = padded[:, :, ky * step :: op.stride, kx * step :: op.stride]
            seen = seen[:, :, :height, :width].reshape(len(x), groups, -1, height, width)
            result += np.einsum("goi,ngihw->ngohw", taps[..., ky, kx], seen, optimize=True)
    return result.reshape(len(x), op.out, height, width)


def windows(op: networks.MaxPool | networks.AvgPool, x: Array) -> Array:
    """Stack what each offset of the window sees; padding is NaN."""
    p = op.padding
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=np.nan)
    height, width = op.out_shape(x.shape[1:])[1:]
    offsets = [(ky, kx) for ky in range(op.kernel) for kx in range(op.kernel)]
    return np.stack(
        [
            padded[:, :, ky :: op.stride, kx :: op.stride][:, :, :height, :width]
            for ky, kx in offsets
        ]
    )


def activation(kind: str, x: Array) -> Array:
    match kind:
        case "relu":
            return np.maximum(x, 0)
        case "relu6":
            return np.clip(x, 0, 6)
        case "hsigmoid":
            return np.clip(x + 3, 0, 6) / 6
        case "hswish":
            return x * np.clip(x + 3, 0, 6) / 6
        case "sigmoid":
            return 1 / (1 + np.exp(-x))
        case "silu":
            return x / (1 + np.exp(-x))
        case "gelu":
            return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2
    raise AssertionError(kind)


def _column(vector: Array | None) -> Array:
    return np.zeros((1, 1, 1, 1)) if vector is None else vector.reshape(1, -1, 1, 1)
