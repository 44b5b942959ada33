"""Initial weights that networks of one space share.

A tensor is named by its slot and operation (`Network.names`), and each of its elements is a hash
of seed, name and index alone: element ``[o, i, ky, kx]`` of a wide layer and of a narrow one in
the same slot come from the same number. Slicing is thus free, no network needs to know the
widest one, and scores differ by architecture, not by luck.
"""

from __future__ import annotations

import hashlib
import math
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyhwnas.networks.network import Network
from pyhwnas.networks.op import BatchNorm, ChannelConv, Conv, Linear, Op, Shape

__all__ = ["Init", "Weights", "initial", "key_of", "mix", "tensors", "trained_shapes"]

Init: TypeAlias = Literal["kaiming_uniform", "kaiming_normal"]
"""Distributions of initial weights: torch's default for layers, and He's normal one."""

Weights = dict[str, npt.NDArray[np.float32]]
"""Tensor name, as in a PyTorch state dict (``"stem_conv3_0.weight"``), to float32 array."""


def initial(network: Network, *, seed: int = 0) -> Weights:
    """Make He-normal weights for a network.

    Parameters
    ----------
    network : Network
    seed : int
        Another seed, other weights.

    Returns
    -------
    dict of str to ndarray of float32
        Convolution and linear weights are normal with variance ``2 / fan_in``, biases zero;
        batch normalisation starts as the identity.

    References
    ----------
    He et al., 2015, https://doi.org/10.1109/ICCV.2015.123
    """
    graph = network.graph
    weights: Weights = {}
    for node, name in zip(graph.nodes, network.names, strict=True):
        if name:
            weights |= tensors(node.op, graph.shapes[node.inputs[0]], name, seed=seed)
    return weights


def trained_shapes(op: Op, source: Shape) -> dict[str, Shape]:
    """Say which tensors, ``weight`` and ``bias``, a convolution or linear layer has."""
    match op:
        case Conv(out=out, kernel=k, groups=g, bias=bias):
            shape: Shape = (out, source[0] // g, k, k)
        case Linear(out=out, bias=bias):
            shape = (out, math.prod(source))
        case ChannelConv(kernel=k):
            shape, bias = (1, 1, k), False
        case _:
            return {}
    return {"weight": shape, "bias": (out,)} if bias else {"weight": shape}


def tensors(
    op: Op, source: Shape, name: str, *, seed: int, init: Init = "kaiming_normal"
) -> Weights:
    """Make the tensors of one operation with the given input shape.

    Biases are zero beside He-normal weights, and uniform within ``1 / sqrt(fan_in)``, as the
    weights are, in torch's default.
    """
    if isinstance(op, BatchNorm):
        zeros, ones = np.zeros(source[0], np.float32), np.ones(source[0], np.float32)
        return {
            f"{name}.weight": ones,
            f"{name}.bias": zeros,
            f"{name}.running_mean": zeros,
            f"{name}.running_var": ones,
        }
    shapes = trained_shapes(op, source)
    if not shapes:
        return {}
    fan_in = math.prod(shapes["weight"][1:])
    if init == "kaiming_uniform":
        bound = 1 / math.sqrt(fan_in)
        names = {kind: name if kind == "weight" else f"{name}.{kind}" for kind in shapes}
        return {
            f"{name}.{kind}": _uniform(shape, names[kind], seed, bound)
            for kind, shape in shapes.items()
        }
    made = {f"{name}.weight": _normal(shapes["weight"], name, seed, math.sqrt(2 / fan_in))}
    if "bias" in shapes:
        made[f"{name}.bias"] = np.zeros(shapes["bias"], np.float32)
    return made


def _normal(shape: Shape, name: str, seed: int, deviation: float) -> npt.NDArray[np.float32]:
    index = _hashes(shape, name, seed)
    # Box-Muller on the two halves of the hash.
    radius = (((index >> np.uint64(32)) + np.uint64(1)) * 2.0**-32).astype(np.float32)
    angle = ((index & np.uint64(0xFFFFFFFF)) * (2.0 * np.pi * 2.0**-32)).astype(np.float32)
    normal = np.sqrt(-2.0 * np.log(radius)) * np.cos(angle)
    return (normal * np.float32(deviation)).astype(np.float32)


def _uniform(shape: Shape, name: str, seed: int, bound: float) -> npt.NDArray[np.float32]:
    unit = (_hashes(shape, name, seed) >> np.uint64(11)) * 2.0**-53
    return ((2 * unit - 1) * bound).astype(np.float32)


def _hashes(shape: Shape, name: str, seed: int) -> npt.NDArray[np.uint64]:
    key = np.uint64(key_of(name, seed))
    with np.errstate(over="ignore"):
        index = np.full((1,) * len(shape), key, dtype=np.uint64)
        for axis, size in enumerate(shape):
            steps = np.arange(size, dtype=np.uint64)
            steps = steps.reshape((-1,) + (1,) * (len(shape) - axis - 1))
            index = mix(index + steps * np.uint64(0x9E3779B97F4A7C15))
    return index


def key_of(name: str, seed: int) -> int:
    """Return the 64 bits from which the elements of a tensor are hashed."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


def mix(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele et al., 2014, https://doi.org/10.1145/2714064.2660195)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
