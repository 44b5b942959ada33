"""A unit: a small graph of operations, the thing a device is timed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pyhwnas.errors import SpaceError
from pyhwnas.networks.op import (
    Activation,
    Add,
    ChannelConv,
    Concat,
    Conv,
    Linear,
    Op,
    Shape,
    check_numbers,
    parse,
)

__all__ = ["Node", "Unit", "chain", "join"]


class Node(NamedTuple):
    """One operation in a unit and where its inputs come from.

    Values are numbered: first the unit's inputs, then the results of its nodes in order.
    """

    op: Op
    inputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A directed acyclic graph of operations with known input shapes.

    The last node's value is the output; a unit without nodes is the identity.

    Parameters
    ----------
    inputs : tuple of Shape
        Shapes of the inputs, without batch axis.
    nodes : tuple of Node
        In an order in which every node only uses earlier values.

    Raises
    ------
    SpaceError
        If a node uses a later value, a number is out of range or an operation refuses its input
        shapes.

    Examples
    --------
    >>> from pyhwnas.networks import BatchNorm, Conv
    >>> unit = chain((16, 32, 32), Conv(32, 3, stride=2), BatchNorm())
    >>> unit.key, unit.out_shape
    ('16x32x32: conv32k3s2 bn', (32, 16, 16))
    """

    inputs: tuple[Shape, ...]
    nodes: tuple[Node, ...]
    shapes: tuple[Shape, ...] = field(init=False, repr=False, compare=False)
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shapes = list(self.inputs)
        if not shapes:
            raise SpaceError("a unit needs at least one input, got none")
        if any(size < 1 for shape in shapes for size in shape):
            raise SpaceError(f"inputs: expected sizes of at least 1, got {self.inputs}")
        for position, node in enumerate(self.nodes):
            if any(not 0 <= value < len(shapes) for value in node.inputs):
                raise SpaceError(
                    f"node {position} ({node.op}) uses values {node.inputs}; only values "
                    f"0..{len(shapes) - 1} exist before it"
                )
            check_numbers(node.op)
            shapes.append(node.op.out_shape(*(shapes[value] for value in node.inputs)))
        object.__setattr__(self, "shapes", tuple(shapes))
        object.__setattr__(self, "key", _key(self.inputs, self.nodes))

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def out_shape(self) -> Shape:
        """Shape of the output (that of the first input for the identity)."""
        return self.shapes[-1] if self.nodes else self.shapes[0]

    @property
    def output(self) -> int:
        """Number of the value that is the output."""
        return len(self.shapes) - 1 if self.nodes else 0

    def at(self, inputs: Sequence[Shape]) -> Unit:
        """Return the same operations on inputs of other sizes."""
        return self if tuple(inputs) == self.inputs else Unit(tuple(inputs), self.nodes)

    def tensor_names(self) -> tuple[str, ...]:
        """Name the weights of each node by operation, kernel and place, e.g. ``"conv3_0"``.

        Two candidates of one slot that differ only in width get the same names, which is what
        lets networks share weights. Nodes without weights get an empty name.
        """
        seen: dict[str, int] = {}
        names = []
        for node in self.nodes:
            stem = _stem(node.op)
            if stem:
                count = seen.get(stem, 0)
                seen[stem] = count + 1
                stem = f"{stem}_{count}"
            names.append(stem)
        return tuple(names)

    @classmethod
    def parse(cls, key: str) -> Unit:
        """Read a unit back from its key: ``Unit.parse(unit.key) == unit``."""
        head, colon, tail = key.partition(":")
        if not colon:
            raise SpaceError(f"not a unit key: {key!r}; expected 'CxHxW: op op ...'")
        try:
            inputs = tuple(tuple(int(n) for n in shape.split("x")) for shape in head.split(","))
            nodes: list[Node] = []
            for word in tail.split():
                op, *sources = word.split("@")
                previous = len(inputs) + len(nodes) - 1
                nodes.append(
                    Node(parse(op), tuple(int(s) for s in sources) if sources else (previous,))
                )
        except ValueError as error:
            raise SpaceError(f"not a unit key: {key!r} ({error})") from error
        return cls(inputs, tuple(nodes))


def chain(shape: Shape, *ops: Op, residual: bool = False) -> Unit:
    """Build a unit of operations one after the other, with an optional residual sum at the end.

    Parameters
    ----------
    shape : Shape
        Shape of the input.
    *ops : Op
        Operations in order.
    residual : bool
        Add the input to the result; shapes must agree.

    Returns
    -------
    Unit
    """
    nodes = [Node(op, (position,)) for position, op in enumerate(ops)]
    if residual:
        nodes.append(Node(Add(), (0, len(ops))))
    return Unit((shape,), tuple(nodes))


def join(op: Add | Concat, shapes: Sequence[Shape]) -> Unit:
    """Build the unit that joins several tensors; one tensor alone passes through unchanged."""
    shapes = tuple(shapes)
    nodes = (Node(op, tuple(range(len(shapes)))),) if len(shapes) > 1 else ()
    return Unit(shapes, nodes)


def _key(inputs: tuple[Shape, ...], nodes: tuple[Node, ...]) -> str:
    words = []
    for position, node in enumerate(nodes):
        previous = len(inputs) + position - 1
        sources = "" if node.inputs == (previous,) else "".join(f"@{v}" for v in node.inputs)
        words.append(f"{node.op}{sources}")
    head = ",".join("x".join(map(str, shape)) for shape in inputs)
    return f"{head}: {' '.join(words)}".rstrip()


def _stem(op: Op) -> str:
    match op:
        case Conv(groups=1):
            return f"conv{op.kernel}"
        case Conv():
            return f"groupconv{op.kernel}"
        case Linear():
            return "linear"
        case ChannelConv():
            return str(op)
        case Activation():
            return ""
    return "bn" if str(op) == "bn" else ""
