"""ICD as the definition reads: torch in training mode, float codes, no shortcuts."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from pyhwnas.networks import Network
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
    Shuffle,
    Slice,
)
from pyhwnas.networks.weights import initial

ACTIVATIONS = {
    "relu": functional.relu,
    "relu6": functional.relu6,
    "hswish": functional.hardswish,
    "hsigmoid": functional.hardsigmoid,
    "sigmoid": torch.sigmoid,
    "silu": functional.silu,
    "gelu": functional.gelu,
}
CODED = (Conv, Linear, ChannelConv, BatchNorm, Activation, MaxPool, AvgPool, GlobalAvgPool)


@torch.inference_mode()
def icd_by_definition(network: Network, images: np.ndarray, *, seed: int = 0) -> float:
    """Mean distance of the images' sign codes from the mean code."""
    weights = {name: torch.from_numpy(w) for name, w in initial(network, seed=seed).items()}
    values = [torch.from_numpy(images)]
    squared = torch.zeros(len(images), dtype=torch.float64)
    for node, name in zip(network.graph.nodes, network.names, strict=True):
        sources = [values[i] for i in node.inputs]
        if isinstance(node.op, CODED):
            code = (sources[0].flatten(1) > 0).double()
            squared += ((code - code.mean(0)) ** 2).sum(1)
        values.append(_apply(node.op, sources, weights, name))
    return float(squared.sqrt().mean())


def _apply(op, x, weights, name):
    match op:
        case Conv():
            weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
            return functional.conv2d(
                x[0], weight, bias, op.stride, op.padding, op.dilation, op.groups
            )
        case Linear():
            bias = weights.get(f"{name}.bias")
            return functional.linear(x[0].flatten(1), weights[f"{name}.weight"], bias)
        case ChannelConv():
            line = x[0].flatten(1).unsqueeze(1)
            line = functional.conv1d(line, weights[f"{name}.weight"], padding=op.kernel // 2)
            return line.reshape(x[0].shape)
        case BatchNorm():
            return functional.batch_norm(x[0], None, None, training=True, eps=1e-5)
        case Activation():
            return ACTIVATIONS[op.kind](x[0])
        case MaxPool():
            return functional.max_pool2d(x[0], op.kernel, op.stride, op.padding)
        case AvgPool():
            return functional.avg_pool2d(
                x[0], op.kernel, op.stride, op.padding, count_include_pad=False
            )
        case GlobalAvgPool():
            return x[0].mean((2, 3), keepdim=True)
        case Add():
            return torch.stack(x).sum(0)
        case Mul():
            return x[0] * x[1]
        case Concat():
            return torch.cat(x, 1)
        case Slice():
            return x[0][:, : op.out]
        case Crop():
            return x[0][:, :, op.offset :, op.offset :]
        case Shuffle():
            return torch.channel_shuffle(x[0], op.groups)
    raise TypeError(op)
