"""How a unit is timed: in a carrier, as copies in a row, or alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from pyhwnas.networks import Concat, Conv, GlobalAvgPool, Node, Op, Shape, Unit

__all__ = ["DESIGNS", "Case", "Design", "alone", "in_carrier", "in_chain"]

Design = Literal["carrier", "chain", "alone"]


class Case(NamedTuple):
    """A unit's graph, and what is to be subtracted from its time.

    Parameters
    ----------
    unit : Unit
    loaded : Unit
        The graph that has the unit in it.
    carrier : Unit or None
        The graph to subtract; None for nothing.
    cold : bool
        Time both with cold caches.
    copies : int
        How many units the two differ by.
    """

    unit: Unit
    loaded: Unit
    carrier: Unit | None
    cold: bool = False
    copies: int = 1

    @property
    def graphs(self) -> tuple[tuple[str, Unit], ...]:
        """The graphs with their names among the models that are measured, cold and warm apart."""
        temperature = "cold " if self.cold else ""
        graphs = (self.loaded,) if self.carrier is None else (self.loaded, self.carrier)
        return tuple((temperature + graph.key, graph) for graph in graphs)


def alone(unit: Unit, *, raw: bool = False, cold: bool = False) -> Case:
    """Time a unit as a graph of its own, as most tables do; see `in_carrier` for what that costs.

    Parameters
    ----------
    unit : Unit
    raw, cold : bool
        See `in_carrier`; `raw` makes no difference here.

    Returns
    -------
    Case
    """
    return Case(unit, unit, None, cold)


def in_carrier(unit: Unit, *, raw: bool = False, cold: bool = False) -> Case:
    """Put a unit where a network would have it.

    Parameters
    ----------
    unit : Unit
    raw : bool
        The unit reads the network's own input, so it gets no carrier in front of it.
    cold : bool
        Time it, and its carrier, with cold caches.

    Returns
    -------
    Case

    Notes
    -----
    A runtime keeps feature maps in a layout of its own and converts at the borders of a graph, so
    a unit alone would pay for conversions that a network never makes. Its inputs therefore come
    out of a 1x1 convolution on an image, and its output ends in global pooling. The same
    convolution and pooling without the unit are subtracted. Along a network the poolings cancel:
    each unit adds one of its output's size, the next subtracts one of its input's.

    A join of k equal inputs reads one carrier k times, and one pooling is subtracted: what is
    left is the join alone. With k carriers a runtime would fuse an addition into one of them.
    """
    carrier = _carried(unit, 0, raw=raw)
    # A vector comes as it is: nothing carries it, and nothing is to be subtracted.
    return Case(unit, _carried(unit, 1, raw=raw), carrier if carrier.nodes else None, cold)


def in_chain(unit: Unit, *, raw: bool = False, cold: bool = False) -> Case:
    """Time three copies of a unit in a row against one, both in a carrier.

    Half of the difference is what a unit costs in the middle of a network. Units that cannot
    follow themselves, since they have several inputs or change the shape, are timed as
    `in_carrier` does.

    Parameters
    ----------
    unit : Unit
    raw, cold : bool
        See `in_carrier`.

    Returns
    -------
    Case
    """
    if raw or unit.inputs != (unit.out_shape,):
        return in_carrier(unit, raw=raw, cold=cold)
    return Case(unit, _carried(unit, 3), _carried(unit, 1), cold, copies=2)


DESIGNS: Mapping[Design, Callable[..., Case]] = dict(
    zip(get_args(Design), (in_carrier, in_chain, alone), strict=True)
)


class _Graph:
    """A graph in the making; values are numbered, inputs first."""

    def __init__(self, inputs: Sequence[Shape]) -> None:
        self._inputs = tuple(inputs)
        self._nodes: list[Node] = []

    def add(self, op: Op, *sources: int) -> int:
        self._nodes.append(Node(op, sources))
        return len(self._inputs) + len(self._nodes) - 1

    def insert(self, unit: Unit, sources: Sequence[int]) -> int:
        values = list(sources)
        for node in unit.nodes:
            values.append(self.add(node.op, *(values[source] for source in node.inputs)))
        return values[-1]

    def unit(self) -> Unit:
        return Unit(self._inputs, tuple(self._nodes))


def _carried(unit: Unit, copies: int, *, raw: bool = False) -> Unit:
    """Build carrier, so many copies of a unit in a row, and pooling."""
    raw = raw or any(len(shape) != 3 for shape in unit.inputs)
    shapes = tuple(dict.fromkeys(unit.inputs))
    images = shapes if raw else tuple(dict.fromkeys((3, *shape[1:]) for shape in shapes))
    graph = _Graph(images)
    arriving: dict[Shape, int] = {}
    for shape in shapes:
        image = images.index(shape if raw else (3, *shape[1:]))
        arriving[shape] = image if raw else graph.add(Conv(shape[0]), image)
    if not copies:
        pooled = [
            graph.add(GlobalAvgPool(), arriving[s]) if _is_map(s) else arriving[s] for s in shapes
        ]
        if len(pooled) > 1:
            graph.add(Concat(), *pooled)
        return graph.unit()
    out = graph.insert(unit, [arriving[shape] for shape in unit.inputs])
    for _ in range(copies - 1):
        out = graph.insert(unit, [out])
    if _is_map(unit.out_shape):
        graph.add(GlobalAvgPool(), out)
    return graph.unit()


def _is_map(shape: Shape) -> bool:
    return len(shape) == 3 and shape[1:] != (1, 1)
