"""ICD and NASWOT as their definitions read: torch in training mode, float codes, no shortcuts."""

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
def values_of(network: Network, images: np.ndarray, seed: int) -> list[torch.Tensor]:
    """The images, then the result of each node."""
    weights = {name: torch.from_numpy(w) for name, w in initial(network, seed=seed).items()}
    values = [torch.from_numpy(images)]
    for node, name in zip(network.graph.nodes, network.names, strict=True):
        values.append(_apply(node.op, [values[i] for i in node.inputs], weights, name))
    return values


def icd_by_definition(network: Network, images: np.ndarray, *, seed: int = 0) -> float:
    """Mean distance of the images' sign codes from the mean code."""
    values = values_of(network, images, seed)
    nodes = [node for node in network.graph.nodes if isinstance(node.op, CODED)]
    return icd_of([values[node.inputs[0]] for node in nodes])


def icd_of(tensors: list[torch.Tensor]) -> float:
    """The same of given tensors, each once."""
    squared = torch.zeros(len(tensors[0]), dtype=torch.float64)
    for tensor in tensors:
        code = (tensor.flatten(1) > 0).double()
        squared += ((code - code.mean(0)) ** 2).sum(1)
    return float(squared.sqrt().mean())


def naswot_by_definition(network: Network, images: np.ndarray, *, seed: int = 0) -> float:
    """ln |det K| of the outputs of all rectifiers."""
    values = values_of(network, images, seed)
    agreement = torch.zeros(len(images), len(images), dtype=torch.float64)
    for number, node in enumerate(network.graph.nodes, 1):
        if isinstance(node.op, Activation) and "sigmoid" not in node.op.kind:
            code = (values[number].flatten(1) > 0).double()
            agreement += code @ code.T + (1 - code) @ (1 - code).T
    return float(torch.linalg.slogdet(agreement)[1])


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
