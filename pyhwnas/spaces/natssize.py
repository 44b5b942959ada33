"""The size space of NATS-Bench: five channel counts around one fixed cell."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    INPUT,
    Activation,
    Add,
    BatchNorm,
    Conv,
    GlobalAvgPool,
    Linear,
    Op,
    Plan,
    Shape,
    Slot,
    Unit,
    chain,
    join,
)
from pyhwnas.spaces.base import Gene, IntMatrix, PlainSpace, as_genotypes
from pyhwnas.spaces.nasbench201 import reduction

__all__ = ["NATSSize"]

WIDTHS = tuple(range(8, 65, 8))
LAYERS = 5
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
SKIP = (0, 3)
"""The edge of the cell that is a skip; all others are 3x3 convolutions."""


@dataclass(frozen=True)
class NATSSize(PlainSpace):
    """The size space of NATS-Bench (SSS), 8^5 = 32 768 networks.

    The network has five layers: a cell, a residual reduction block, a cell, a reduction block, a
    cell. Each chooses its channels; a 3x3 stem has those of the first layer. The cell is that of
    NAS-Bench-201 with five 3x3 convolutions and a skip, which is a 1x1 convolution where the
    cell changes the number of channels.

    Parameters
    ----------
    n_classes : int
        10 for CIFAR-10, 100 for CIFAR-100, 120 for ImageNet16-120.
    resolution : int
        Input height and width in pixels: 32, or 16 for ImageNet16-120.

    Notes
    -----
    Five ordinal genes, indices into 8, 16, ..., 64. The text form is the official one; the
    benchmark's index is the position in lexicographic order.

    References
    ----------
    Dong et al., 2021, https://doi.org/10.1109/TPAMI.2021.3054824

    Examples
    --------
    >>> from pyhwnas import networks
    >>> space = NATSSize()
    >>> network = networks.build(space, space.from_str("64:64:64:64:64"))
    >>> networks.params(network)
    713674
    """

    n_classes: int = 10
    resolution: int = 32
    name = "natssize"
    genes = tuple(Gene(f"layer{i}", len(WIDTHS), True, (f"layer{i}",)) for i in range(1, 6))

    @cached_property
    def plan(self) -> Plan:
        """Stem, three cells of six edges and two sums, two reduction blocks, head: 28 slots."""
        return Plan(tuple(slot for slot, _ in self._slots))

    @cached_property
    def _slots(self) -> list[tuple[Slot, tuple[int, int]]]:
        """Each slot with the layers whose channels pick its candidate, the last one fastest."""
        slots: list[tuple[Slot, tuple[int, int]]] = []
        side = self.resolution
        relu, bn = Activation("relu"), BatchNorm()

        def add(name: str, source: int, units: list[Unit], before: int, layer: int) -> None:
            slots.append((Slot(name, (source,), tuple(units), group=name), (before, layer)))

        add("stem", INPUT, [chain((3, side, side), Conv(c, 3), bn) for c in WIDTHS], 0, 0)
        for layer in range(LAYERS):
            before = max(layer - 1, 0)
            name, source = f"layer{layer + 1}", len(slots) - 1
            if layer % 2:
                units = [reduction((a, side, side), b) for a, b in _pairs(before, layer)]
                add(name, source, units, before, layer)
                side = units[0].out_shape[1]
            else:
                slots += _cell(name, source, side, before, layer)
        head = (bn, relu, GlobalAvgPool(), Linear(self.n_classes))
        units = [chain((c, side, side), *head) for c in WIDTHS]
        add("head", len(slots) - 1, units, LAYERS - 1, LAYERS - 1)
        return slots

    def choices(self, X: IntMatrix) -> npt.NDArray[np.int32]:
        """Choose the candidate in each slot, int32[n, 28]; see `Plan.unit_ids`."""
        layer = X.T.astype(np.int32)
        pair = layer[:-1] * len(WIDTHS) + layer[1:]
        rows = [last if first == last else LAYERS + first for _, (first, last) in self._slots]
        return np.concatenate([layer, pair])[rows].T

    def index(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return the benchmark's own index of each row, int64[n] in 0..32767."""
        return as_genotypes(self, X) @ len(WIDTHS) ** np.arange(LAYERS - 1, -1, -1)

    def at_index(self, index: int) -> npt.NDArray[np.int64]:
        """Return the genotype with the benchmark's index, int64[5]."""
        genotype: npt.NDArray[np.int64] = self.all()[index]
        return genotype

    def all(self) -> IntMatrix:
        """Return all networks in the benchmark's order, int64[32768, 5]."""
        return np.array(list(np.ndindex(*(len(WIDTHS),) * LAYERS)), dtype=np.int64)

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write the official string, channels with colons between them."""
        row = as_genotypes(self, np.atleast_2d(x))[0]
        return ":".join(str(WIDTHS[value]) for value in row)

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read the official string."""
        try:
            row = [WIDTHS.index(int(word)) for word in text.split(":")]
        except ValueError:
            row = []
        if len(row) != LAYERS:
            raise SpaceError(
                f"natssize: expected 5 of {', '.join(map(str, WIDTHS))} with colons between them, "
                f"got {text!r}"
            )
        return np.array(row, dtype=np.int64)


def _pairs(before: int, layer: int) -> list[tuple[int, int]]:
    """List the channels that may arrive and leave; those of the first layer are the stem's."""
    if before == layer:
        return [(c, c) for c in WIDTHS]
    return list(itertools.product(WIDTHS, WIDTHS))


def _cell(
    name: str, source: int, side: int, before: int, layer: int
) -> list[tuple[Slot, tuple[int, int]]]:
    """Six edges and the sums of nodes 2 and 3, in the order in which they can run."""
    relu, bn = Activation("relu"), BatchNorm()
    node = {0: source}
    slots: list[tuple[Slot, tuple[int, int]]] = []

    def edge(start: int, target: int, a: int, b: int) -> Unit:
        ops: list[Op] = [relu, Conv(b, 3), bn]
        if (start, target) == SKIP:
            ops = [] if a == b else [Conv(b), bn]
        shape: Shape = (a, side, side)
        return chain(shape, *ops)

    for target in (1, 2, 3):
        arriving = []
        for start in range(target):
            first = before if start == 0 else layer
            units = tuple(edge(start, target, a, b) for a, b in _pairs(first, layer))
            slot = Slot(f"{name}_edge{start}{target}", (node[start],), units, group=name)
            slots.append((slot, (first, layer)))
            arriving.append(source + len(slots))
        if target > 1:
            sums = [
                join(Add(), [(c, side, side)] * k) for c in WIDTHS for k in range(1, target + 1)
            ]
            slot = Slot(f"{name}_node{target}", tuple(arriving), tuple(sums), True, name)
            slots.append((slot, (layer, layer)))
        node[target] = source + len(slots)
    return slots
