"""NAS-Bench-201: 15 625 cells of four nodes and five operations."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    INPUT,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Conv,
    GlobalAvgPool,
    Linear,
    Node,
    Plan,
    Shape,
    Slot,
    Unit,
    chain,
)
from pyhwnas.spaces.base import Gene, IntMatrix, PlainSpace, as_genotypes

__all__ = ["NASBench201"]

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
NONE = 0
N_NETWORKS = len(OPERATIONS) ** len(EDGES)
PLACES = len(OPERATIONS) ** np.arange(len(EDGES) - 1, -1, -1)
"""What a gene is worth in the lexicographic position of its row."""


@dataclass(frozen=True)
class NASBench201(PlainSpace):
    """The topology space of NAS-Bench-201 (NATS-Bench TSS), 5^6 = 15 625 networks.

    6 466 of them are left when isomorphic cells count once.

    A cell has four nodes; each of its six edges carries one of five operations. The network is a
    3x3 stem with 16 channels, three stages of five equal cells with residual reduction blocks
    between them, global pooling and a classifier.

    Parameters
    ----------
    n_classes : int
        10 for CIFAR-10, 100 for CIFAR-100, 120 for ImageNet16-120.
    resolution : int
        Input height and width in pixels: 32, or 16 for ImageNet16-120.

    Notes
    -----
    Genes are the edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3 in the order of the official string, their
    values the operations none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3. Every row
    is canonical, since the benchmark trained every row. Published MACs and params count
    convolutions that are not on a path to the output (4 250 rows have some): `unit_ids` with
    ``live=False``.

    References
    ----------
    Dong and Yang, 2020, https://openreview.net/forum?id=HJxyZkBKDr;
    Dong et al., 2021, https://doi.org/10.1109/TPAMI.2021.3054824

    Examples
    --------
    >>> space = NASBench201()
    >>> space.to_str(space.at_index(0))
    '|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|'
    """

    n_classes: int = 10
    resolution: int = 32
    name = "nasbench201"
    genes = tuple(Gene(f"edge{i}{j}", len(OPERATIONS), group=(f"node{j}",)) for i, j in EDGES)

    @cached_property
    def plan(self) -> Plan:
        """Stem, 3 x 5 cells of six edges and two sums, two reduction blocks, head: 124 slots."""
        shape: Shape = (16, self.resolution, self.resolution)
        image: Shape = (3, self.resolution, self.resolution)
        slots = [Slot("stem", (INPUT,), (chain(image, Conv(16, 3), BatchNorm()),), group="stem")]
        for stage in range(3):
            if stage:
                unit, name = reduction(shape, 2 * shape[0]), f"reduction{stage}"
                slots.append(Slot(name, (len(slots) - 1,), (unit,), group=name))
                shape = unit.out_shape
            for cell in range(5):
                slots += _cell(f"stage{stage + 1}_cell{cell + 1}", len(slots) - 1, shape)
        head = chain(
            shape, BatchNorm(), Activation("relu"), GlobalAvgPool(), Linear(self.n_classes)
        )
        slots.append(Slot("head", (len(slots) - 1,), (head,), group="head"))
        return Plan(tuple(slots))

    @cached_property
    def _gene_of_slot(self) -> npt.NDArray[np.int64]:
        return np.array([_gene_of(slot.name) for slot in self.plan.slots])

    def choices(self, X: IntMatrix) -> npt.NDArray[np.int32]:
        """Choose the candidate in each slot, int32[n, 124]; see `Plan.unit_ids`."""
        edges = np.zeros((len(EDGES) + 1, len(X)), dtype=np.int32)  # last: slots without a gene
        np.subtract(X.T, 1, out=edges[:-1], casting="same_kind")
        return edges[self._gene_of_slot].T

    def unit_ids(self, X: IntMatrix, *, live: bool = False) -> npt.NDArray[np.int32]:
        """Pick the unit in each slot, int32[n, 124]; see `Plan.unit_ids`."""
        rows = self._live_ids if live else self._written_ids
        return rows.take(_position(as_genotypes(self, X)), axis=0)

    @cached_property
    def _written_ids(self) -> npt.NDArray[np.int32]:
        """The unit ids of all networks in lexicographic order: 8 MB that are read, not made."""
        return super().unit_ids(_lexicographic(np.arange(N_NETWORKS)))

    @cached_property
    def _live_ids(self) -> npt.NDArray[np.int32]:
        return super().unit_ids(_lexicographic(np.arange(N_NETWORKS)), live=True)

    def identity(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return one number for each class of the authors' isomorphism test: 6 466 for 15 625."""
        return _representatives()[_position(as_genotypes(self, X))]

    @property
    def n_networks(self) -> int:
        """Number of networks that the authors' isomorphism test tells apart: 6 466."""
        return len(np.unique(_representatives()))

    def copies(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Count the genotypes of each row's isomorphism class, int64[n]."""
        return np.bincount(_representatives())[self.identity(X)]

    def index(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return the benchmark's own index of each row, int64[n] in 0..15624."""
        order = np.argsort(_official_positions())
        return order[_position(as_genotypes(self, X))]

    def at_index(self, index: int) -> npt.NDArray[np.int64]:
        """Return the genotype with the benchmark's index, int64[6]."""
        genotype: npt.NDArray[np.int64] = self.all()[index]
        return genotype

    def all(self) -> IntMatrix:
        """Return all networks in the benchmark's order, int64[15625, 6]."""
        return _lexicographic(_official_positions())

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write the official string ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``."""
        row = as_genotypes(self, np.atleast_2d(x))[0]
        nodes = ["|", "|", "|"]
        for (source, target), value in zip(EDGES, row.tolist(), strict=True):
            nodes[target - 1] += f"{OPERATIONS[value]}~{source}|"
        return "+".join(nodes)

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read the official string."""
        words = re.findall(r"([a-z0-9_]+)~(\d)", text)
        row = [OPERATIONS.index(op) for op, _ in words if op in OPERATIONS]
        if len(row) != len(EDGES) or self.to_str(np.array(row)) != text.strip():
            raise SpaceError(
                "nasbench201: expected '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|' with operations "
                f"{', '.join(OPERATIONS)}, got {text!r}"
            )
        return np.array(row, dtype=np.int64)


def _cell(name: str, source: int, shape: Shape) -> list[Slot]:
    """Six edges and the sums of nodes 2 and 3, in the order in which they can run."""
    channels = shape[0]
    relu = Activation("relu")
    operations = (
        chain(shape),
        chain(shape, relu, Conv(channels, 1), BatchNorm()),
        chain(shape, relu, Conv(channels, 3), BatchNorm()),
        chain(shape, AvgPool(3, padding=1)),
    )
    node = {0: source}
    slots: list[Slot] = []
    for target in (1, 2, 3):
        arriving = []
        for start in range(target):
            edge = Slot(f"{name}_edge{start}{target}", (node[start],), operations, group=name)
            slots.append(edge)
            arriving.append(source + len(slots))
        if target > 1:
            slots.append(Slot.joining(f"{name}_node{target}", arriving, Add(), shape, name))
        node[target] = source + len(slots)
    return slots


def reduction(shape: Shape, out: int) -> Unit:
    """Residual block with stride 2: two 3x3 convolutions beside a pooled 1x1 shortcut."""
    relu, bn = Activation("relu"), BatchNorm()
    nodes = (
        Node(relu, (0,)),
        Node(Conv(out, 3, stride=2), (1,)),
        Node(bn, (2,)),
        Node(relu, (3,)),
        Node(Conv(out, 3), (4,)),
        Node(bn, (5,)),
        Node(AvgPool(2, stride=2), (0,)),
        Node(Conv(out, 1), (7,)),
        Node(Add(), (6, 8)),
    )
    return Unit((shape,), nodes)


def _gene_of(slot: str) -> int:
    edge = re.search(r"_edge(\d)(\d)$", slot)
    return EDGES.index((int(edge[1]), int(edge[2]))) if edge else -1


def _position(X: IntMatrix) -> npt.NDArray[np.int64]:
    """Return the lexicographic position of each row."""
    return X @ PLACES


def _lexicographic(positions: npt.NDArray[np.int64]) -> IntMatrix:
    """Return the rows at lexicographic positions, int64[n, 6]."""
    return positions[:, None] // PLACES % len(OPERATIONS)


@cache
def _official_positions() -> npt.NDArray[np.int64]:
    """Lexicographic positions in the benchmark's order.

    Its authors enumerated all cells and shuffled them once with Python's generator seeded 88;
    the result is checked against their published table in the tests.
    """
    positions = list(range(N_NETWORKS))
    random.Random(88).shuffle(positions)
    return np.array(positions, dtype=np.int64)


@cache
def _representatives() -> npt.NDArray[np.int64]:
    """For each lexicographic position, the first position with the same expression."""
    first: dict[str, int] = {}
    cells = itertools.product(range(len(OPERATIONS)), repeat=len(EDGES))
    return np.array(
        [first.setdefault(_expression(cell), position) for position, cell in enumerate(cells)]
    )


def _expression(cell: tuple[int, ...]) -> str:
    """Write the cell's output as a sorted sum, with skips removed and zeros as ``#``."""
    nodes = ["0"]
    position = 0
    for target in (1, 2, 3):
        terms = []
        for source in range(target):
            value = cell[position]
            position += 1
            if value == NONE or nodes[source] == "#":
                terms.append("#")
            elif value == 1:
                terms.append(nodes[source])
            else:
                terms.append(f"({nodes[source]})@{OPERATIONS[value]}")
        nodes.append("+".join(sorted(terms)))
    return nodes[3]
