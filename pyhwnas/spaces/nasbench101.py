"""NAS-Bench-101: cells of up to seven vertices and nine edges."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    ABSENT,
    INPUT,
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Plan,
    Shape,
    Slice,
    Slot,
    Unit,
    chain,
    join,
)
from pyhwnas.networks.weights import mix
from pyhwnas.spaces.base import Gene, IntMatrix, PlainSpace, as_genotypes

__all__ = ["NASBench101"]

VERTICES = 7
INNER = range(1, VERTICES - 1)
OUT = VERTICES - 1
MAX_EDGES = 9
OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
EDGES = tuple(itertools.combinations(range(VERTICES), 2))
STAGES, CELLS = 3, 3

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NASBench101(PlainSpace):
    """Free wiring of up to five operations between a cell's input and output.

    423 624 distinct cells, written as 1 824 025 genotypes. The network is a 3x3 stem and three
    stacks of three equal cells; between stacks the map is halved and the channels double.

    Parameters
    ----------
    n_classes : int
        Outputs of the classifier.
    resolution : int
        Input height and width in pixels.
    stem_channels : int
        128 in the benchmark; proxies have been published with 16. At least five, one for each
        vertex that may feed the output.

    Notes
    -----
    26 genes: the 21 bits of the upper triangle of the 7 x 7 adjacency matrix, row by row, then
    the operations of vertices 1 to 5 (conv3x3, conv1x1, maxpool3x3). What lies on no path from
    input to output is not expressed; a row is valid if a path is left and at most nine edges.

    Channels follow the benchmark: the output's channels are split evenly over the vertices that
    feed it (first ones take the remainder) and concatenated, any other vertex has as many as the
    widest it feeds; the cell's input is projected by a 1x1 convolution wherever it is used, other
    tensors lose their last channel where one too many arrives.

    References
    ----------
    Ying et al., 2019, https://proceedings.mlr.press/v97/ying19a.html

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import spaces
    >>> space = NASBench101()
    >>> X = spaces.sample(space, 3, np.random.default_rng(0))
    >>> bool(space.valid(X).all()), space.unit_ids(X).shape
    (True, (3, 301))
    """

    n_classes: int = 10
    resolution: int = 32
    stem_channels: int = 128
    name = "nasbench101"
    n_genotypes = 1_824_025
    n_networks = 423_624
    genes = (
        *(Gene(f"edge{i}{j}", 2, group=(f"vertex{j}",)) for i, j in EDGES),
        *(Gene(f"operation{v}", len(OPERATIONS), group=(f"vertex{v}",)) for v in INNER),
    )

    def __post_init__(self) -> None:
        if self.stem_channels < len(INNER):
            raise SpaceError(
                f"nasbench101: expected at least {len(INNER)} stem_channels, one for each vertex "
                f"that may feed the output, got {self.stem_channels}"
            )

    @cached_property
    def plan(self) -> Plan:
        """Stem, 3 x 3 cells of 33 slots with pooling between stacks, head: 301 slots."""
        channels = self.stem_channels
        image: Shape = (3, self.resolution, self.resolution)
        stem = chain(image, Conv(channels, 3), BatchNorm(), Activation("relu"))
        slots = [Slot("stem", (INPUT,), (stem,), group="stem")]
        shape = stem.out_shape
        for stage in range(STAGES):
            if stage:
                pool = chain(shape, MaxPool(2, stride=2))
                slots.append(Slot(f"pool{stage}", (len(slots) - 1,), (pool,), group=f"pool{stage}"))
                shape, channels = pool.out_shape, 2 * channels
            for cell in range(CELLS):
                name = f"stack{stage + 1}_cell{cell + 1}"
                slots += _Cell(name, len(slots), shape, channels).slots()
                shape = (channels, *shape[1:])
        head = chain(shape, GlobalAvgPool(), Linear(self.n_classes))
        slots.append(Slot("head", (len(slots) - 1,), (head,), group="head"))
        return Plan(tuple(slots))

    def choices(self, X: IntMatrix) -> npt.NDArray[np.int32]:
        """Choose the candidate in each slot, int32[n, 301]; see `Plan.unit_ids`.

        The benchmark prunes a cell before it builds it, so both readings are of live slots.
        """
        X = self.canonical(X)
        edge, operation = _adjacency(X), X[:, len(EDGES) :]
        none = np.zeros(len(X), dtype=np.int32)
        rows: list[npt.NDArray[np.integer[Any]]] = [none]
        for stage in range(STAGES):
            if stage:
                rows.append(none)
            rows += _choices(edge, operation, self.stem_channels * 2**stage) * CELLS
        return np.array([*rows, none], dtype=np.int32).T

    def canonical(self, X: IntMatrix) -> IntMatrix:
        """Remove edges and operations on no path from the input to the output."""
        X = as_genotypes(self, X)
        edge, alive = _pruned(_adjacency(X))
        operations = np.where(alive[:, 1:OUT], X[:, len(EDGES) :], 0)
        return np.concatenate([_edge_genes(edge), operations], axis=1)

    def identity(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return a hash for each row that isomorphic cells share.

        Each vertex starts with its degrees and operation and is hashed with its neighbours once
        per vertex, as in the benchmark's own test.
        """
        X = self.canonical(X)
        edge, alive = _pruned(_adjacency(X))
        label = np.zeros((len(X), VERTICES), dtype=np.uint64)
        label[:, 1:OUT] = X[:, len(EDGES) :] + 1
        label[:, 0], label[:, OUT] = 10, 11
        with np.errstate(over="ignore"):
            state = mix(
                label * np.uint64(64)
                + edge.sum(1).astype(np.uint64) * np.uint64(8)
                + edge.sum(2).astype(np.uint64)
            )
            for _ in range(VERTICES):
                into = (edge * mix(state)[:, :, None]).sum(1, dtype=np.uint64)
                out = (edge * mix(state)[:, None, :]).sum(2, dtype=np.uint64)
                state = mix(state + mix(into + np.uint64(1)) + mix(out) * np.uint64(3))
            total = np.where(alive, mix(state), np.uint64(0)).sum(1, dtype=np.uint64)
        identity: npt.NDArray[np.int64] = total.view(np.int64)
        return identity

    def copies(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Count the genotypes of each row's cell, int64[n]: ways to number its vertices."""
        X = self.canonical(X)
        edge, operation = _adjacency(X), X[:, len(EDGES) :]
        ways, same = np.zeros((2, len(X)), dtype=np.int64)
        for order in itertools.permutations(INNER):
            vertices = [0, *order, OUT]
            moved = edge[:, vertices][:, :, vertices]
            ways += ~np.tril(moved).any(axis=(1, 2))
            same_operations = (X[:, len(EDGES) - 1 + np.array(order)] == operation).all(axis=1)
            same += (moved == edge).all(axis=(1, 2)) & same_operations
        return ways // same

    def valid(self, X: IntMatrix) -> BoolArray:
        """Accept rows with a path from input to output and at most nine edges on paths."""
        count = self.canonical(X)[:, : len(EDGES)].sum(axis=1)
        valid: BoolArray = (count > 0) & (count <= MAX_EDGES)
        return valid

    def repair(self, X: IntMatrix, rng: np.random.Generator) -> IntMatrix:
        """Drop random edges where there are too many, add some where there is no path."""
        X = as_genotypes(self, X).copy()
        while len(rows := np.flatnonzero(~self.valid(X))):
            live = self.canonical(X[rows])[:, : len(EDGES)]
            many: BoolArray = np.any(live, axis=1)
            eligible = np.where(many[:, None], live == 1, X[rows, : len(EDGES)] == 0)
            pick = np.where(eligible, rng.random(eligible.shape), -1.0).argmax(axis=1)
            X[rows, pick] = ~many
        return X

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write the upper triangle of the adjacency matrix and the operations."""
        row = self.canonical(np.atleast_2d(x))[0]
        bits = "".join(map(str, row[: len(EDGES)]))
        return f"{bits}:{','.join(OPERATIONS[v] for v in row[len(EDGES) :])}"

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read what `to_str` writes."""
        match = re.fullmatch(rf"([01]{{{len(EDGES)}}}):(.*)", text.strip())
        words = match[2].split(",") if match else []
        if match is None or len(words) != len(INNER) or not set(words) <= set(OPERATIONS):
            raise SpaceError(
                f"nasbench101: expected 21 bits, a colon and 5 of {', '.join(OPERATIONS)} "
                f"with commas between them, got {text!r}"
            )
        row = [*map(int, match[1]), *map(OPERATIONS.index, words)]
        genotype: npt.NDArray[np.int64] = self.canonical(np.array([row], dtype=np.int64))[0]
        return genotype


@dataclass(frozen=True)
class _Cell:
    """The slots of one cell; `_choices` picks from them in the same order."""

    name: str
    start: int
    shape: Shape
    channels: int

    def slots(self) -> list[Slot]:
        self_input = self.start - 1
        slots: list[Slot] = []

        def add(name: str, inputs: list[int], units: list[Unit], joins: bool = False) -> int:
            slots.append(Slot(f"{self.name}_{name}", tuple(inputs), tuple(units), joins, self.name))
            return self.start + len(slots) - 1

        result: dict[int, int] = {}
        for v in INNER:
            arriving = [add(f"project{v}", [self_input], self._projections())]
            arriving += [add(f"link{u}{v}", [result[u]], self._links()) for u in range(1, v)]
            summed = add(f"sum{v}", arriving, self._sums(v), joins=True)
            result[v] = add(f"vertex{v}", [summed], self._operations())
        feeding = [add(f"link{v}{OUT}", [result[v]], self._outlets()) for v in INNER]
        concat = add("concat", feeding, self._concats(), joins=True)
        shortcut = add("project_output", [self_input], [self._projection(self.channels)])
        whole = self._map(self.channels)
        sums = [join(Add(), [whole] * count) for count in (1, 2)]
        add("output", [concat, shortcut], sums, joins=True)
        return slots

    def _map(self, channels: int) -> Shape:
        return (channels, *self.shape[1:])

    def _projection(self, channels: int) -> Unit:
        return chain(self.shape, Conv(channels), BatchNorm(), Activation("relu"))

    def _projections(self) -> list[Unit]:
        return [self._projection(c) for c in widths(self.channels)]

    def _links(self) -> list[Unit]:
        """For each width of the target: pass through, or drop one channel."""
        known = widths(self.channels)
        units = []
        for c in known:
            units.append(chain(self._map(c)))
            units.append(chain(self._map(c + 1), Slice(c)) if c + 1 in known else units[-1])
        return units

    def _sums(self, v: int) -> list[Unit]:
        known = widths(self.channels)
        return [join(Add(), [self._map(c)] * k) for c in known for k in range(1, v + 1)]

    def _operations(self) -> list[Unit]:
        bn, relu = BatchNorm(), Activation("relu")
        known = widths(self.channels)
        return [
            *(chain(self._map(c), Conv(c, 3), bn, relu) for c in known),
            *(chain(self._map(c), Conv(c, 1), bn, relu) for c in known),
            *(chain(self._map(c), MaxPool(3, padding=1)) for c in known),
        ]

    def _outlets(self) -> list[Unit]:
        return [chain(self._map(c)) for c in widths(self.channels)]

    def _concats(self) -> list[Unit]:
        counts = range(1, len(INNER) + 1)
        return [join(Concat(), [self._map(c) for c in split(self.channels, k)]) for k in counts]


def split(channels: int, count: int) -> list[int]:
    """Split channels evenly; the first ones take the remainder."""
    base, remainder = divmod(channels, count)
    return [base + (i < remainder) for i in range(count)]


def widths(channels: int) -> list[int]:
    """List all channel counts that a vertex can have, ascending."""
    return sorted({c for count in range(1, len(INNER) + 1) for c in split(channels, count)})


def _choices(edge: BoolArray, operation: IntMatrix, channels: int) -> list[IntMatrix]:
    """Choose the candidate in each of a cell's slots, int64[n] each, in the order of `_Cell`."""
    known = np.array(widths(channels))
    width = _vertex_channels(edge, channels)
    index = np.searchsorted(known, np.maximum(width, known[0]))
    rows = []

    def add(choice: npt.NDArray[np.int64] | int, present: BoolArray) -> None:
        rows.append(np.where(present, choice, ABSENT))

    alive: BoolArray = np.any(edge, axis=2)
    for v in INNER:
        add(index[:, v], edge[:, 0, v])
        for u in range(1, v):
            add(2 * index[:, v] + (width[:, u] > width[:, v]), edge[:, u, v])
        add(index[:, v], alive[:, v])
        add(operation[:, v - 1] * len(known) + index[:, v], alive[:, v])
    for v in INNER:
        add(index[:, v], edge[:, v, OUT])
    add(0, np.any(edge[:, 1:OUT, OUT], axis=1))
    add(0, edge[:, 0, OUT])
    add(0, np.any(edge[:, :, OUT], axis=1))
    return rows


def _vertex_channels(edge: BoolArray, channels: int) -> IntMatrix:
    feeds = edge[:, :, OUT].copy()
    feeds[:, 0] = False
    base, remainder = np.divmod(channels, np.maximum(feeds.sum(axis=1), 1))
    place = np.cumsum(feeds, axis=1) - 1
    width = np.where(feeds, base[:, None] + (place < remainder[:, None]), 0)
    for v in reversed(INNER):
        widest = np.where(edge[:, v, 1:OUT], width[:, 1:OUT], 0).max(axis=1)
        width[:, v] = np.where(feeds[:, v], width[:, v], widest)
    return width


def _adjacency(X: IntMatrix) -> BoolArray:
    edge = np.zeros((len(X), VERTICES, VERTICES), dtype=bool)
    for column, (i, j) in enumerate(EDGES):
        edge[:, i, j] = X[:, column] == 1
    return edge


def _edge_genes(edge: BoolArray) -> IntMatrix:
    return np.stack([edge[:, i, j] for i, j in EDGES], axis=1).astype(np.int64)


def _pruned(edge: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Return the edges and the vertices that lie on a path from input to output."""
    forward = np.zeros(edge.shape[:2], dtype=bool)
    backward = forward.copy()
    forward[:, 0] = backward[:, OUT] = True
    for v in range(1, VERTICES):
        forward[:, v] = (edge[:, :v, v] & forward[:, :v]).any(axis=1)
    for v in range(OUT - 1, -1, -1):
        backward[:, v] = (edge[:, v] & backward).any(axis=1)
    alive = forward & backward
    return edge & alive[:, :, None] & alive[:, None, :], alive
