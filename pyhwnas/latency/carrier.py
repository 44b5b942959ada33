"""Where a unit is timed: out of a convolution, into a pooling, as it would run in a network."""

from __future__ import annotations

from typing import NamedTuple

from pyhwnas.networks import Concat, Conv, GlobalAvgPool, Node, Op, Shape, Unit

__all__ = ["Case", "in_carrier"]


class Case(NamedTuple):
    """A unit in its carrier, and the carrier alone: the difference is the unit's cost."""

    unit: Unit
    loaded: Unit
    carrier: Unit
    cold: bool = False

    @property
    def keys(self) -> tuple[str, str]:
        """Names of the two graphs among the models that are measured, cold and warm apart."""
        temperature = "cold " if self.cold else ""
        return temperature + self.loaded.key, temperature + self.carrier.key


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
    raw = raw or any(len(shape) != 3 for shape in unit.inputs)
    shapes = tuple(dict.fromkeys(unit.inputs))
    images = shapes if raw else tuple(dict.fromkeys((3, *shape[1:]) for shape in shapes))
    nodes: list[Node] = []

    def add(op: Op, *sources: int) -> int:
        nodes.append(Node(op, sources))
        return len(images) + len(nodes) - 1

    arriving: dict[Shape, int] = {}
    for shape in shapes:
        image = images.index(shape if raw else (3, *shape[1:]))
        arriving[shape] = image if raw else add(Conv(shape[0]), image)
    stem = tuple(nodes)
    pooled = [add(GlobalAvgPool(), arriving[s]) if _is_map(s) else arriving[s] for s in shapes]
    if len(pooled) > 1:
        add(Concat(), *pooled)
    carrier = Unit(images, tuple(nodes))

    nodes = list(stem)
    values = [arriving[shape] for shape in unit.inputs]
    for node in unit.nodes:
        values.append(add(node.op, *(values[source] for source in node.inputs)))
    if _is_map(unit.out_shape):
        add(GlobalAvgPool(), values[-1])
    return Case(unit, Unit(images, tuple(nodes)), carrier, cold)


def _is_map(shape: Shape) -> bool:
    return len(shape) == 3 and shape[1:] != (1, 1)
