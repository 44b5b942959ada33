"""Exact multiply-accumulates and parameters, of units, networks and populations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pyhwnas.networks.network import Network
from pyhwnas.networks.op import BatchNorm, ChannelConv, Conv, Linear, Op, Shape
from pyhwnas.networks.plan import Plan
from pyhwnas.networks.unit import Unit

__all__ = ["elements_moved", "macs", "params", "unit_macs", "unit_params"]


def macs(network: Network | Unit) -> int:
    """Count multiply-accumulates of convolutions and linear layers, for one input (batch 1).

    Biases, normalisation, activations and pooling are not counted, as in the tables of
    NAS-Bench-201.
    """
    return _total(network, _op_macs)


def params(network: Network | Unit) -> int:
    """Count trainable parameters: weights, biases, scales and shifts of batch normalisation."""
    return _total(network, _op_params)


def elements_moved(unit: Unit) -> int:
    """Count elements that the operations of a unit read and write, each on its own."""
    read = sum(math.prod(unit.shapes[i]) for node in unit.nodes for i in node.inputs)
    return read + sum(map(math.prod, unit.shapes[len(unit.inputs) :]))


def unit_macs(plan: Plan) -> npt.NDArray[np.float64]:
    """Return the MACs of each unit of a plan, float64[n_units], for `gather_sum`."""
    return np.array([macs(unit) for unit in plan.units], dtype=np.float64)


def unit_params(plan: Plan) -> npt.NDArray[np.float64]:
    """Return the parameters of each unit of a plan, float64[n_units], for `gather_sum`."""
    return np.array([params(unit) for unit in plan.units], dtype=np.float64)


def _total(network: Network | Unit, count: Callable[[Op, Shape, Shape], int]) -> int:
    unit = network.graph if isinstance(network, Network) else network
    return sum(
        count(node.op, unit.shapes[node.inputs[0]], shape)
        for node, shape in zip(unit.nodes, unit.shapes[len(unit.inputs) :], strict=True)
    )


def _op_macs(op: Op, source: Shape, result: Shape) -> int:
    match op:
        case Conv(kernel=k, groups=g):
            return k * k * (source[0] // g) * math.prod(result)
        case Linear(out=out):
            return math.prod(source) * out
        case ChannelConv(kernel=k):
            return k * math.prod(result)
    return 0


def _op_params(op: Op, source: Shape, _result: Shape) -> int:
    match op:
        case Conv(out=out, kernel=k, groups=g, bias=b):
            return out * (source[0] // g) * k * k + (out if b else 0)
        case Linear(out=out, bias=b):
            return out * math.prod(source) + (out if b else 0)
        case ChannelConv(kernel=k):
            return k
        case BatchNorm():
            return 2 * source[0]
    return 0
