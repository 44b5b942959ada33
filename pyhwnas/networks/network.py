"""A network: one row of a space with its units in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks.op import Shape
from pyhwnas.networks.plan import ABSENT, INPUT, Plan
from pyhwnas.networks.unit import Node, Unit

if TYPE_CHECKING:
    from pyhwnas.spaces import Space

__all__ = ["Block", "Network", "build", "place", "plan_of"]


class Block(NamedTuple):
    """A unit in its place: the slot it stands in and the blocks it reads (or `INPUT`)."""

    name: str
    unit: Unit
    inputs: tuple[int, ...]
    group: str = ""


@dataclass(frozen=True, eq=False)
class Network:
    """A chain of blocks with one input and one output (the last block's).

    Parameters
    ----------
    blocks : tuple of Block
        In an order in which every block only reads earlier ones.
    arch : str
        The architecture in its space's notation.
    space : str
        Name of the space it comes from.

    Attributes
    ----------
    graph : Unit
        The whole network as one graph of operations; every reading (counts, ONNX, torch) walks
        over its nodes.
    names : tuple of str
        For each node of `graph` the name of its weights, ``<slot>_<operation>``, empty where it
        has none.
    """

    blocks: tuple[Block, ...]
    arch: str = ""
    space: str = ""
    graph: Unit = field(init=False, repr=False)
    names: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        graph, names = _flatten(self.blocks)
        object.__setattr__(self, "graph", graph)
        object.__setattr__(self, "names", names)

    @property
    def input_shape(self) -> Shape:
        """Shape of the input without batch axis."""
        return self.graph.inputs[0]

    @property
    def output_shape(self) -> Shape:
        """Shape of the output without batch axis."""
        return self.graph.out_shape

    @classmethod
    def of(cls, *units: Unit) -> Network:
        """Make a network of units one after the other, for example to time them."""
        blocks = [Block(f"unit{i}", unit, (i - 1,)) for i, unit in enumerate(units)]
        return cls(tuple(blocks))

    def at(self, input_shape: Shape) -> Network:
        """Return the same network on an input of another size."""
        blocks: list[Block] = []
        for block in self.blocks:
            shapes = [input_shape if i == INPUT else blocks[i].unit.out_shape for i in block.inputs]
            blocks.append(block._replace(unit=block.unit.at(shapes)))
        return Network(tuple(blocks), self.arch, self.space)


def plan_of(space: Space) -> Plan:
    """Return the plan of a space.

    Raises
    ------
    SpaceError
        If it has none.
    """
    if space.plan is None:
        raise SpaceError(
            f"space {space.name} has no plan: its networks can be searched, but not built, "
            "counted, scored or timed; use what its benchmark publishes"
        )
    return space.plan


def build(space: Space, x: npt.ArrayLike) -> Network:
    """Build the network of one genotype.

    Parameters
    ----------
    space : Space
        A space with a plan.
    x : array_like of int, shape (n_genes,)
        One genotype.

    Returns
    -------
    Network
        With the live slots only, in the plan's order.

    Raises
    ------
    SpaceError
        If the space has no plan or the genotype has no path from input to output.

    Examples
    --------
    >>> from pyhwnas import networks, spaces
    >>> network = networks.build(spaces.NASBench201(), [3, 0, 0, 1, 0, 0])
    >>> network.input_shape, network.output_shape
    ((3, 32, 32), (10,))
    """
    plan = plan_of(space)
    row = np.asarray(x, dtype=np.int64)
    ids = space.unit_ids(row[None], live=True)[0]
    arch = space.to_str(row)
    if ids[-1] == ABSENT:
        raise SpaceError(f"network {arch} of {space.name} has no path from its input to its output")
    return Network(place(plan, ids), arch, space.name)


def place(plan: Plan, ids: Sequence[int] | npt.NDArray[np.int32]) -> tuple[Block, ...]:
    """Put one row of live unit ids into its slots."""
    position = {INPUT: INPUT}
    blocks: list[Block] = []
    for number, (slot, unit) in enumerate(zip(plan.slots, ids, strict=True)):
        if unit == ABSENT:
            continue
        inputs = tuple(position[source] for source in slot.inputs if source in position)
        position[number] = len(blocks)
        blocks.append(Block(slot.name, plan.units[unit], inputs, slot.group))
    return tuple(blocks)


def _flatten(blocks: tuple[Block, ...]) -> tuple[Unit, tuple[str, ...]]:
    sources = [
        (block.unit.inputs[i], source)
        for block in blocks
        for i, source in enumerate(block.inputs)
        if source == INPUT
    ]
    if not sources or len(set(sources)) != 1:
        raise SpaceError(f"a network has one input shape, got {sorted({s for s, _ in sources})}")
    values = {INPUT: 0}
    nodes: list[Node] = []
    names: list[str] = []
    for number, block in enumerate(blocks):
        shapes = tuple(
            sources[0][0] if source == INPUT else blocks[source].unit.out_shape
            for source in block.inputs
        )
        if shapes != block.unit.inputs:
            raise SpaceError(
                f"block {block.name}: unit {block.unit.key!r} does not fit what arrives: {shapes}"
            )
        local = [values[source] for source in block.inputs]
        for node, name in zip(block.unit.nodes, block.unit.tensor_names(), strict=True):
            nodes.append(Node(node.op, tuple(local[value] for value in node.inputs)))
            names.append(f"{block.name}_{name}" if name else "")
            local.append(len(nodes))
        values[number] = local[block.unit.output]
    if values[len(blocks) - 1] != len(nodes):
        raise SpaceError("the last block of a network must do something: it is the output")
    return Unit((sources[0][0],), tuple(nodes)), tuple(names)
