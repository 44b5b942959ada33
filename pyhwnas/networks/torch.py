"""A network as PyTorch code: a readable ``model.py`` that needs nothing but torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.networks.counts import macs, params
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
from pyhwnas.networks.weights import initial

if TYPE_CHECKING:
    import torch

__all__ = ["to_source", "to_torch"]

_HEADER = '''\
"""{title}

Input {input}, output {output}; {macs:,} multiply-accumulates, {params:,} parameters.
The weights are untrained until trained ones are loaded:

    model = Model()
    model.load_state_dict(torch.load("model.pt", weights_only=True))
"""

import torch
from torch import nn
from torch.nn import functional as F


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
'''

_FUNCTIONS = {
    "relu": "F.relu",
    "relu6": "F.relu6",
    "hswish": "F.hardswish",
    "hsigmoid": "F.hardsigmoid",
    "sigmoid": "torch.sigmoid",
    "silu": "F.silu",
    "gelu": "F.gelu",
}


def to_source(network: Network | Unit) -> str:
    """Write a network as a Python module that needs torch alone.

    Parameters
    ----------
    network : Network or Unit
        A unit may have several inputs, arguments of `forward` in their order; its weights are
        named by `Unit.tensor_names`.

    Returns
    -------
    str
        Source with a class ``Model``. Its attributes are named as the network's weights
        (`Network.names`), so a state dict fits every reading of the network.

    Examples
    --------
    >>> from pyhwnas import networks
    >>> shape = (3, 8, 8)
    >>> unit = networks.chain(shape, networks.Conv(4, 3), networks.BatchNorm())
    >>> print(to_source(networks.Network.of(unit)).partition("super().__init__()")[2])
    <BLANKLINE>
            # unit0: 3x8x8 -> 4x8x8
            self.unit0_conv3_0 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
            self.unit0_bn_0 = nn.BatchNorm2d(4)
    <BLANKLINE>
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            # unit0
            x = self.unit0_conv3_0(x)
            x = self.unit0_bn_0(x)
            return x
    <BLANKLINE>
    """
    if isinstance(network, Network):
        title = f"{network.space} {network.arch}".strip() or "A network"
        graph, names, parts = network.graph, network.names, list(_by_block(network))
    else:
        graph, names, title = network, network.tensor_names(), network.key
        parts = [("unit", graph, range(len(graph.nodes)))]
    header = _HEADER.format(
        title=_quoted(title),
        input=", ".join(map(_show, graph.inputs)),
        output=_show(graph.out_shape),
        macs=macs(network),
        params=params(network),
    )
    variables = _variables(graph)
    made, run = [], []
    for part, unit, numbers in parts:
        made.append(f"# {part}: {_arrow(unit)}")
        run.append(f"# {part}")
        for number in numbers:
            node, name = graph.nodes[number], names[number]
            shape = graph.shapes[node.inputs[0]]
            if name:
                made.append(f"self.{name} = {_layer(node.op, shape)}")
            sources = [variables[source] for source in node.inputs]
            target = variables[len(graph.inputs) + number]
            run.append(f"{target} = {_expression(node.op, sources, name, shape)}")
    run.append(f"return {variables[graph.output]}")
    arguments = ", ".join(f"{x}: torch.Tensor" for x in variables[: len(graph.inputs)])
    forward = f"\n    def forward(self, {arguments}) -> torch.Tensor:\n"
    return header + _indented(made) + forward + _indented(run)


def to_torch(
    network: Network,
    weights: Mapping[str, npt.ArrayLike] | None = None,
    *,
    seed: int = 0,
) -> torch.nn.Module:
    """Make the PyTorch module of a network.

    Parameters
    ----------
    network : Network
    weights : mapping of str to array_like, optional
        Tensors by name, as in a state dict; without them the initial weights of `seed`.
    seed : int
        Seed of the initial weights; see `pyhwnas.networks.weights`.

    Returns
    -------
    torch.nn.Module
        In training mode, like any new module. The random state of torch is left alone.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    RuntimeError
        If a tensor is missing, unknown or has the wrong shape (torch says which).

    Notes
    -----
    The class is made from `to_source`, so it cannot be pickled: keep its ``state_dict()`` beside
    the source as ``model.py``.

    Examples
    --------
    >>> from pyhwnas import networks
    >>> unit = networks.chain((3, 8, 8), networks.Conv(4, 3), networks.BatchNorm())
    >>> [name for name, _ in to_torch(networks.Network.of(unit)).named_parameters()]
    ['unit0_conv3_0.weight', 'unit0_bn_0.weight', 'unit0_bn_0.bias']
    """
    library = require("torch", extra="torch")
    given = initial(network, seed=seed) if weights is None else weights
    namespace: dict[str, Any] = {"__name__": "model"}
    exec(compile(to_source(network), "model.py", "exec"), namespace)
    # On the meta device nothing is initialised (or drawn) only to be overwritten.
    with library.device("meta"):
        model: torch.nn.Module = namespace["Model"]()
    state = {
        name: library.zeros((), dtype=library.int64)
        for name in model.state_dict()
        if name.endswith("num_batches_tracked")
    }
    for name, tensor in given.items():
        if name not in state:
            state[name] = library.from_numpy(np.array(tensor, dtype=np.float32))
    model.load_state_dict(state, assign=True)
    return model


def _by_block(network: Network) -> Iterator[tuple[str, Unit, range]]:
    """Yield name, unit and numbers in the graph of each block that does something."""
    start = 0
    for block in network.blocks:
        stop = start + len(block.unit.nodes)
        if stop > start:
            yield block.name, block.unit, range(start, stop)
        start = stop


def _variables(graph: Unit) -> list[str]:
    """Name each value so that few names are in use, and tensors are freed early.

    A result takes over the variable of an argument that nobody needs afterwards.
    """
    first = len(graph.inputs)
    last_use = list(range(len(graph.shapes)))
    for number, node in enumerate(graph.nodes, first):
        for source in node.inputs:
            last_use[source] = number
    last_use[graph.output] = len(graph.shapes)
    names = _letters(first)
    taken = set(names)
    for number in range(first, len(graph.shapes)):
        sources = graph.nodes[number - first].inputs
        done = [names[source] for source in sources if last_use[source] == number]
        free = done or [name for name in _letters(len(taken) + 1) if name not in taken]
        taken -= set(done)
        names.append(free[0])
        if last_use[number] > number:
            taken.add(free[0])
    return names


def _letters(count: int) -> list[str]:
    letters = ["x", "y", "z", "u", "v", "w"]
    return [*letters, *(f"t{i}" for i in range(count - len(letters)))][:count]


def _layer(op: Op, shape: Shape) -> str:
    """Write the constructor of an operation with weights."""
    match op:
        case Conv(out=out, kernel=k):
            settings = {
                "stride": op.stride,
                "padding": op.padding,
                "dilation": op.dilation,
                "groups": op.groups,
            }
            usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
            words = [f"{key}={v}" for key, v in settings.items() if v != usual[key]]
            words += [] if op.bias else ["bias=False"]
            return f"nn.Conv2d({', '.join([str(shape[0]), str(out), str(k), *words])})"
        case Linear(out=out, bias=bias):
            return f"nn.Linear({shape[0]}, {out}{'' if bias else ', bias=False'})"
        case ChannelConv(kernel=k):
            return f"nn.Conv1d(1, 1, {k}, padding={k // 2}, bias=False)"
        case BatchNorm():
            return f"nn.BatchNorm2d({shape[0]})"
    raise TypeError(f"{op} has no weights")


def _expression(op: Op, sources: Sequence[str], name: str, shape: Shape) -> str:
    """Write what `forward` does for one operation."""
    x = sources[0]
    match op:
        case Conv() | BatchNorm():
            text = f"self.{name}({x})"
        case Linear():
            text = f"self.{name}({x})" if len(shape) == 1 else f"self.{name}({x}.flatten(1))"
        case ChannelConv():
            text = f"self.{name}({x}.flatten(1)[:, None])[:, 0, :, None, None]"
        case Activation(kind=kind):
            text = f"{_FUNCTIONS[kind]}({x})"
        case MaxPool(kernel=k, stride=s, padding=p) | AvgPool(kernel=k, stride=s, padding=p):
            average = isinstance(op, AvgPool)
            pool, uncounted = ("avg", ", count_include_pad=False") if average else ("max", "")
            text = f"F.{pool}_pool2d({x}, {k}, {s}, {p}{uncounted})"
        case GlobalAvgPool():
            text = f"F.adaptive_avg_pool2d({x}, 1)"
        case Add() | Mul():
            text = (" + " if isinstance(op, Add) else " * ").join(sources)
        case Concat():
            text = f"torch.cat([{', '.join(sources)}], 1)"
        case Slice(out=out):
            text = f"{x}[:, :{out}]"
        case Crop(offset=o):
            text = f"{x}[:, :, {o}:, {o}:]"
        case Shuffle(groups=g):
            text = f"{x}.unflatten(1, ({g}, -1)).transpose(1, 2).flatten(1, 2)"
        case _:
            assert_never(op)
    return text


def _arrow(unit: Unit) -> str:
    return f"{', '.join(map(_show, unit.inputs))} -> {_show(unit.out_shape)}"


def _show(shape: Shape) -> str:
    return "x".join(map(str, shape))


def _quoted(text: str) -> str:
    """Make any text safe inside a docstring, on one line."""
    return repr(text)[1:-1].replace('"', "'")


def _indented(lines: Sequence[str]) -> str:
    return "".join(f"        {line}\n" for line in lines)
