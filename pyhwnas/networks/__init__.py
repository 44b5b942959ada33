"""Networks as graphs of operations, and what can be read off them."""

from pyhwnas.networks.counts import macs, params, unit_macs, unit_params
from pyhwnas.networks.network import Block, Network, build, place
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
from pyhwnas.networks.plan import ABSENT, INPUT, Plan, Slot
from pyhwnas.networks.unit import Node, Unit, chain, join

__all__ = [
    "ABSENT",
    "INPUT",
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "Block",
    "Concat",
    "Conv",
    "GlobalAvgPool",
    "Linear",
    "MaxPool",
    "Mul",
    "Network",
    "Node",
    "Op",
    "Plan",
    "Shape",
    "Slice",
    "Slot",
    "Unit",
    "build",
    "chain",
    "join",
    "macs",
    "params",
    "place",
    "unit_macs",
    "unit_params",
]
