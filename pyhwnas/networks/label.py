"""A few words for a unit, as a person would write them into a diagram."""

from __future__ import annotations

from typing import assert_never

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
    Shuffle,
    Slice,
)
from pyhwnas.networks.unit import Unit

__all__ = ["kind", "label"]


def label(unit: Unit) -> str:
    """Describe a unit by its main operations.

    Parameters
    ----------
    unit : Unit

    Returns
    -------
    str
        For example ``"MBConv k5 e4 SE"``, ``"conv 3x3 s2"``, ``"avg pool 3x3"``, ``"add"``;
        operations one after the other are separated by commas, the identity is ``"skip"``.
        Normalisation and activations are named only where a unit has nothing else.

    Examples
    --------
    >>> from pyhwnas.networks import BatchNorm, Conv, chain
    >>> label(chain((16, 32, 32), Conv(32, 3, stride=2), BatchNorm()))
    'conv 3x3 s2'
    """
    if not unit.nodes:
        return "skip"
    if bottleneck := _bottleneck(unit):
        return bottleneck
    ops = _main_path(unit)
    words: list[str] = []
    for op in ops:
        if isinstance(op, Conv) and op.kernel == 1 and words and "depthwise" in words[-1]:
            words[-1] = words[-1].replace("depthwise", "SepConv")
        elif not isinstance(op, BatchNorm | Activation | Add | Mul):
            words.append(_word(op))
    if words and any(isinstance(op, Add) for op in ops[-2:]):
        words.insert(0, "residual")
    return ", ".join((words or [*map(_word, ops)]) + _gate(unit))


def kind(unit: Unit) -> str:
    """Sort a unit into one of conv, mbconv, pool, linear, join, other, for its colour."""
    ops = [node.op for node in unit.nodes]
    if _bottleneck(unit) or "SepConv" in label(unit):
        return "mbconv"
    for name, types in (
        ("linear", Linear),
        ("conv", Conv),
        ("pool", MaxPool | AvgPool | GlobalAvgPool),
        ("join", Add | Concat | Mul),
    ):
        if any(isinstance(op, types) for op in ops):
            return name
    return "other"


def _bottleneck(unit: Unit) -> str:
    """Describe an inverted bottleneck (expand, depthwise, project); empty for anything else."""
    convs = [
        (node.op, unit.shapes[node.inputs[0]][0])
        for node in unit.nodes
        if isinstance(node.op, Conv)
    ]
    depthwise = [op for op, channels in convs if op.groups == channels == op.out > 1]
    if len(depthwise) != 1 or convs[-1][0].kernel != 1 or len(unit.inputs) != 1:
        return ""
    (op,) = depthwise
    name = f"SepConv k{op.kernel}"
    if convs[0][0] is not op:
        name = f"MBConv k{op.kernel} e{op.out / unit.inputs[0][0]:.2g}"
    groups = convs[-1][0].groups
    if groups > 1:
        name += f" g{groups}"
    return " ".join([name + _modifiers(op), *_gate(unit)])


def _gate(unit: Unit) -> list[str]:
    """Name the attention of a unit: a product with a gate that was made of the map's means."""
    ops = {type(node.op) for node in unit.nodes}
    if not {GlobalAvgPool, Mul} <= ops:
        return []
    return ["ECA" if ChannelConv in ops else "SE"]


def _main_path(unit: Unit) -> list[Op]:
    """List the operations on the longest way through a unit, gates left aside."""
    paths: list[list[Op]] = [[] for _ in unit.inputs]
    for node in unit.nodes:
        sources = node.inputs[:1] if isinstance(node.op, Mul) else node.inputs
        longest = max((paths[source] for source in sources), key=len)
        paths.append([*longest, node.op])
    return paths[-1]


def _word(op: Op) -> str:
    match op:
        case Conv(kernel=k, groups=g) if g == op.out > 1:
            text = f"depthwise k{k}{_modifiers(op)}"
        case Conv(kernel=k, groups=g):
            text = f"{'conv' if g == 1 else 'group conv'} {k}x{k}{_modifiers(op)}"
        case ChannelConv(kernel=k):
            text = f"channel conv {k}"
        case Linear(out=out):
            text = f"linear {out}"
        case MaxPool(kernel=k) | AvgPool(kernel=k):
            text = f"{'max' if isinstance(op, MaxPool) else 'avg'} pool {k}x{k}{_stride(op.stride)}"
        case GlobalAvgPool():
            text = "global pool"
        case BatchNorm():
            text = "batch norm"
        case Slice(out=out):
            text = f"first {out}"
        case Crop(offset=o):
            text = f"crop {o}"
        case Shuffle(groups=g):
            text = f"shuffle {g}"
        case Activation() | Add() | Mul() | Concat():
            text = str(op)
        case _:
            assert_never(op)
    return text


def _modifiers(conv: Conv) -> str:
    return _stride(conv.stride) + (f" d{conv.dilation}" if conv.dilation > 1 else "")


def _stride(stride: int) -> str:
    return f" s{stride}" if stride > 1 else ""
