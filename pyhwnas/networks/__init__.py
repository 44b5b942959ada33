"""Networks as graphs of operations, and what can be read off them."""

from pyhwnas.networks.counts import macs, params, unit_macs, unit_params
from pyhwnas.networks.label import label
from pyhwnas.networks.network import Block, Network, build, place, plan_of
from pyhwnas.networks.onnx import to_onnx
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
from pyhwnas.networks.picture import picture
from pyhwnas.networks.plan import ABSENT, INPUT, Plan, Slot
from pyhwnas.networks.torch import to_source, to_torch
from pyhwnas.networks.unit import Node, Unit, chain, join

__all__ = [
    "ABSENT",
    "INPUT",
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "Block",
    "ChannelConv",
    "Concat",
    "Conv",
    "Crop",
    "GlobalAvgPool",
    "Linear",
    "MaxPool",
    "Mul",
    "Network",
    "Node",
    "Op",
    "Plan",
    "Shape",
    "Shuffle",
    "Slice",
    "Slot",
    "Unit",
    "build",
    "chain",
    "join",
    "label",
    "macs",
    "params",
    "picture",
    "place",
    "plan_of",
    "to_onnx",
    "to_source",
    "to_torch",
    "unit_macs",
    "unit_params",
]
