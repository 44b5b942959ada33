"""Units in torch for many networks at once, with shared weights and the statistics of each batch.

A `Block` holds a value of several networks for all images, channels last. Convolutions see
networks times images as one batch, since units in a slot have the same weights in every network;
batch normalisation sees each network alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.networks import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    ChannelConv,
    Conv,
    Crop,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Mul,
    Op,
    Shuffle,
    Slice,
)
from pyhwnas.networks.weights import Weights

__all__ = ["EPSILON", "Block", "as_torch", "batch_statistics", "queued", "run_node"]

Block = Any
"""torch.Tensor, (networks, images, height, width, channels); vectors have one pixel."""

EPSILON = 1e-5


def run_node(op: Op, inputs: Sequence[Block], weights: Weights, name: str) -> Block:
    """Run one operation; `weights` are tensors of torch, by the node's name."""
    x = inputs[0]
    match op:
        case Conv() | Linear() | ChannelConv():
            return _weighted(op, x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))
        case BatchNorm():
            mean, scale = batch_statistics(x)
            return ((x - _per_network(mean)) * _per_network(scale)).to(x.dtype)
        case Activation(kind=kind):
            return _activate(kind, x)
        case MaxPool() | AvgPool() | GlobalAvgPool():
            return _pool(op, x)
        case Slice() | Crop() | Shuffle():
            return _choose(op, x)
    return _combine(op, inputs)


def _weighted(op: Conv | Linear | ChannelConv, x: Block, weight: Any, bias: Any) -> Block:
    functional = require("torch.nn.functional", extra="torch")
    match op:
        case Linear():
            return functional.linear(x, weight, bias)
        case ChannelConv(kernel=k):
            line = x.reshape(-1, 1, x.shape[-1])
            return functional.conv1d(line, weight, padding=k // 2).reshape(x.shape)
        case Conv():
            settings = (op.stride, op.padding, op.dilation, op.groups)
            return _block(functional.conv2d(_maps(x), weight, bias, *settings), x)


def _combine(op: Op, inputs: Sequence[Block]) -> Block:
    match op:
        case Add():
            return sum(inputs[1:], start=inputs[0])
        case Mul():
            return inputs[0] * inputs[1]
        case _:
            return require("torch", extra="torch").cat(list(inputs), dim=-1)


def _choose(op: Slice | Crop | Shuffle, x: Block) -> Block:
    match op:
        case Slice(out=out):
            return x[..., :out]
        case Crop(offset=offset):
            return x[:, :, offset:, offset:]
        case Shuffle(groups=groups):
            parts = x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)
            return parts.transpose(-1, -2).reshape(x.shape)


def batch_statistics(x: Block) -> tuple[Any, Any]:
    """Mean, and one over the deviation, of each network's channels, float32[networks, channels]."""
    torch = require("torch", extra="torch")
    variance, mean = torch.var_mean(x.float(), dim=(1, 2, 3), correction=0)
    return mean, torch.rsqrt(variance + EPSILON)


def _per_network(statistics: Any) -> Any:
    return statistics[:, None, None, None, :]


def _maps(x: Block) -> Any:
    """View as torch's (batch, channels, height, width), channels last in memory."""
    return x.contiguous().flatten(0, 1).permute(0, 3, 1, 2)


def _block(maps: Any, like: Block) -> Block:
    return maps.permute(0, 2, 3, 1).contiguous().unflatten(0, like.shape[:2])


def _pool(op: MaxPool | AvgPool | GlobalAvgPool, x: Block) -> Block:
    if isinstance(op, GlobalAvgPool):
        return x.mean(dim=(2, 3), keepdim=True)
    functional = require("torch.nn.functional", extra="torch")
    settings = (op.kernel, op.stride, op.padding)
    if isinstance(op, MaxPool):
        return _block(functional.max_pool2d(_maps(x), *settings), x)
    return _block(functional.avg_pool2d(_maps(x), *settings, count_include_pad=False), x)


def _activate(kind: str, x: Block) -> Block:
    functional = require("torch.nn.functional", extra="torch")
    function = {"hswish": "hardswish", "hsigmoid": "hardsigmoid"}.get(kind, kind)
    if function == "sigmoid":
        return x.sigmoid()
    return getattr(functional, function)(x)


def as_torch(weights: Weights, device: str, dtype: Any) -> dict[str, Any]:
    """Put a unit's weights on a device; convolutions' filters channels last."""
    torch = require("torch", extra="torch")
    made = {}
    for name, value in weights.items():
        tensor = torch.from_numpy(np.ascontiguousarray(value)).to(device, dtype)
        if tensor.ndim == 4:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        made[name] = tensor
    return made


def queued(numbers: npt.NDArray[np.int64], device: Any) -> Any:
    """Put numbers on a device without waiting for what is queued there."""
    torch = require("torch", extra="torch")
    return torch.from_numpy(numbers).to(device, non_blocking=True)
