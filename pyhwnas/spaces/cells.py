"""What the spaces of a normal and a reduction cell share: nodes that add two inputs each."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
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
    AvgPool,
    BatchNorm,
    Concat,
    Conv,
    Crop,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Node,
    Op,
    Plan,
    Shape,
    Slot,
    Unit,
    chain,
    join,
)
from pyhwnas.networks.weights import mix
from pyhwnas.spaces.base import Gene, IntMatrix, PlainSpace, as_genotypes

__all__ = ["OPERATIONS", "CellSpace"]

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
CELLS = ("normal", "reduce")
RELU, BN = Activation("relu"), BatchNorm()


class CellSpace(PlainSpace):
    """Networks of one normal and one reduction cell, wired freely.

    A cell reads the outputs of the two cells before it (inputs 0 and 1), both projected by a 1x1
    convolution; each of its nodes (2, 3, ...) is the sum of two earlier values, each through an
    operation. A cell's output is the concatenation of its nodes, or of those that no other node
    reads. A third and two thirds down the network a reduction cell halves the map and doubles
    the channels.

    Each node has four genes: operation and input, twice. Their order is not expressed: the
    canonical form sorts the two by input, then by operation.
    """

    n_nodes: int
    operations: tuple[str, ...]
    distinct: bool
    """Whether a node's inputs must differ."""
    loose_ends: bool
    """Whether a cell's output leaves out nodes that other nodes read."""
    layers: int
    channels: int
    stem_multiplier: int
    n_classes: int
    resolution: int

    def __post_init__(self) -> None:
        if self.layers < 3 or self.resolution % 4 or self.resolution < 4:
            raise SpaceError(
                f"{self.name}: expected at least 3 layers and a resolution divisible by 4, got "
                f"{self.layers} and {self.resolution}"
            )
        if min(self.channels, self.stem_multiplier, self.n_classes) < 1:
            raise SpaceError(f"{self.name}: channels and n_classes must be positive")
        unknown = set(self.operations) - set(OPERATIONS)
        if unknown or not self.operations or len(set(self.operations)) < len(self.operations):
            raise SpaceError(
                f"{self.name}: expected distinct operations out of {', '.join(OPERATIONS)}, "
                f"got {self.operations}"
            )
        if self.n_nodes < 1:
            raise SpaceError(f"{self.name}: expected at least one node, got {self.n_nodes}")

    @cached_property
    def genes(self) -> tuple[Gene, ...]:  # type: ignore[override]  # it is read-only here
        """For each cell and node: operation, input, operation, input."""
        return tuple(
            Gene(f"{cell}.node{node}.{kind}{side}", n, group=(cell, f"node{node}"))
            for cell in CELLS
            for node in range(2, 2 + self.n_nodes)
            for side in (1, 2)
            for kind, n in (("operation", len(self.operations)), ("input", node))
        )

    @cached_property
    def plan(self) -> Plan:
        """Stem, cells, head."""
        image: Shape = (3, self.resolution, self.resolution)
        stem = chain(image, Conv(self.stem_multiplier * self.channels, 3), BN)
        slots = [Slot("stem", (INPUT,), (stem,), group="stem")]
        # What a cell can read: a slot and the shapes that it can have.
        before, last = ((0, [stem.out_shape]), (0, [stem.out_shape]))
        size, channels, halved = self.resolution, self.channels, False
        for number, reduces in enumerate(self._reduces):
            if reduces:
                channels *= 2
            shape = (channels, size, size)
            cell = _Cell(self, f"cell{number + 1}", len(slots), shape, reduces)
            slots += cell.slots(before, last, halved)
            size, halved = (size // 2 if reduces else size), reduces
            ends = range(1, self.n_nodes + 1) if self.loose_ends else [self.n_nodes]
            before, last = last, (len(slots) - 1, [(n * channels, size, size) for n in ends])
        heads = [chain(s, GlobalAvgPool(), Linear(self.n_classes)) for s in last[1]]
        slots.append(Slot("head", (last[0],), tuple(heads), group="head"))
        return Plan(tuple(slots))

    @property
    def _reduces(self) -> list[bool]:
        return [i in (self.layers // 3, 2 * self.layers // 3) for i in range(self.layers)]

    def choices(self, X: IntMatrix) -> npt.NDArray[np.int32]:
        """Choose the candidate in each slot, int32[n, n_slots]; see `Plan.unit_ids`."""
        genes = self._split(self.canonical(X)).astype(np.int32)
        inner = [self._choices(genes[:, cell]) for cell in range(len(CELLS))]
        ends = [self._ends(genes[:, cell]).sum(axis=1) - 1 for cell in range(len(CELLS))]
        none = np.zeros(len(X), dtype=np.int32)
        # The number of ends of the cells before chooses a cell's projections.
        before = last = none
        rows = [none]
        for reduces in self._reduces:
            rows += [before, last, *inner[reduces]]
            before, last = last, (ends[reduces] if self.loose_ends else none)
        rows.append(last)
        return np.array(rows, dtype=np.int32).T

    def _choices(self, genes: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int32]]:
        """Choose the candidates of a cell's edges, sums and output, in the order of `_Cell`."""
        operation, source = np.moveaxis(genes, (3, 1, 2), (0, 1, 2))  # (node, side, n)
        none = np.zeros(len(genes), dtype=np.int32)
        rows = []
        for node in range(self.n_nodes):
            for start in range(2 + node):
                first, second = source[node] == start
                chosen = np.where(first, operation[node, 0], operation[node, 1])
                rows.append(np.where(first | second, chosen, ABSENT))
                if not self.distinct:
                    rows.append(np.where(first & second, operation[node, 1], ABSENT))
            rows.append(none)
        if self.loose_ends:
            rows += [np.where(end, 0, ABSENT) for end in self._ends(genes).T]
        return [*rows, none]

    def _ends(self, genes: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.bool_]:
        """Tell which nodes belong to the output, bool[n, n_nodes]."""
        nodes = np.arange(2, 2 + self.n_nodes)
        ends = np.ones((len(genes), self.n_nodes), dtype=bool)
        if self.loose_ends:
            ends = (genes[..., 1, None] != nodes).all(axis=(1, 2))
        return ends

    def _split(self, X: IntMatrix) -> IntMatrix:
        """View genes as int64[n, cell, node, side, (operation, input)]."""
        return X.reshape(len(X), len(CELLS), self.n_nodes, 2, 2)

    def canonical(self, X: IntMatrix) -> IntMatrix:
        """Sort the two edges of each node by input, then by operation."""
        X = as_genotypes(self, X)
        genes = self._split(X)
        code = genes[..., 1] * len(self.operations) + genes[..., 0]
        swap = code[..., 0] > code[..., 1]
        return np.where(swap[..., None, None], genes[..., ::-1, :], genes).reshape(X.shape)

    def identity(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return a hash for each row that rows share whose cells differ in node numbers alone.

        Vertices are hashed with what they read and what reads them, once per node.
        """
        genes = self._split(self.canonical(X)).astype(np.uint64)
        with np.errstate(over="ignore"):
            cells = [_cell_hash(genes[:, cell]) for cell in range(len(CELLS))]
            return mix(cells[0] + mix(cells[1])).view(np.int64)

    @property
    def n_genotypes(self) -> int:
        """Number of ways to write the two cells, whatever the order of a node's two edges."""
        count = 1
        for node in range(2, 2 + self.n_nodes):
            edges, operations = node * len(self.operations), len(self.operations)
            pairs = math.comb(node, 2) * operations**2
            count *= pairs if self.distinct else edges * (edges + 1) // 2
        return count * count  # two cells

    def valid(self, X: IntMatrix) -> npt.NDArray[np.bool_]:
        """Accept rows whose nodes read two different values, where that is asked for."""
        source = self._split(as_genotypes(self, X))[..., 1]
        clash = (source[..., 0] == source[..., 1]) & self.distinct
        valid: npt.NDArray[np.bool_] = ~clash.any(axis=(1, 2))
        return valid

    def repair(self, X: IntMatrix, rng: np.random.Generator) -> IntMatrix:
        """Give a node that reads one value twice another second input, drawn uniformly."""
        X = as_genotypes(self, X)
        if not self.distinct:
            return X
        X = X.copy()
        source = self._split(X)[..., 1]
        count = np.arange(2, 2 + self.n_nodes)
        other = (source[..., 0] + rng.integers(1, count, size=source.shape[:-1])) % count
        clash = source[..., 0] == source[..., 1]
        source[..., 1] = np.where(clash, other, source[..., 1])
        return X

    def _concat(self, X: IntMatrix) -> list[list[int]]:
        """List the nodes in each cell's output, for one row."""
        genes = self._split(X)
        cells = range(len(CELLS))
        return [(np.flatnonzero(self._ends(genes[:, i])[0]) + 2).tolist() for i in cells]

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write a genotype as DARTS does: ``Genotype(normal=[('sep_conv_3x3', 0), ...], ...)``."""
        X = self.canonical(np.atleast_2d(x))
        parts = []
        for cell, genes, concat in zip(CELLS, self._split(X)[0], self._concat(X), strict=True):
            edges = [(self.operations[op], source) for op, source in genes.reshape(-1, 2).tolist()]
            parts.append(f"{cell}={edges}, {cell}_concat={concat}")
        return f"Genotype({', '.join(parts)})"

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read a genotype as DARTS writes it."""
        try:
            edges, concat = _parse(text)
            genes = [(self.operations.index(op), source) for op, source in edges]
            X = self.canonical(np.array(genes, dtype=np.int64).reshape(1, -1))
            if self.valid(X)[0] and self._concat(X) == concat:
                genotype: npt.NDArray[np.int64] = X[0]
                return genotype
        except (ValueError, TypeError, SyntaxError, KeyError, SpaceError):
            pass
        raise SpaceError(
            f"{self.name}: expected 'Genotype(normal=[('{self.operations[0]}', 0), ...], "
            f"normal_concat=[...], reduce=[...], reduce_concat=[...])' with {2 * self.n_nodes} "
            f"edges a cell and operations {', '.join(self.operations)}, got {text!r}"
        )


class _Cell:
    """Makes the slots of one cell; `CellSpace._choices` picks from them in the same order."""

    def __init__(self, space: CellSpace, name: str, start: int, shape: Shape, reduces: bool):
        self.space, self.name, self.shape, self.reduces = space, name, shape, reduces
        size = shape[1] // 2 if reduces else shape[1]
        self.result: Shape = (shape[0], size, size)
        self._start = start
        self._slots: list[Slot] = []

    def slots(
        self, before: tuple[int, list[Shape]], last: tuple[int, list[Shape]], halved: bool
    ) -> list[Slot]:
        """Read two slots of one of the given shapes; `halved` says that the first is too large."""
        channels = self.shape[0]
        values = []
        for number, (source, shapes) in enumerate((before, last)):
            project = halve if halved and number == 0 else pointwise
            units = [project(shape, channels) for shape in shapes]
            values.append(self._add(f"input{number}", [source], units))
        for node in range(2, 2 + self.space.n_nodes):
            arriving = []
            for start, source in enumerate(values):
                units = self._operations(from_input=start < 2)
                # A second edge for nodes that read one value twice.
                for twin in ("",) if self.space.distinct else ("", "_again"):
                    arriving.append(self._add(f"edge{start}_{node}{twin}", [source], units))
            alone, both = (join(Add(), [self.result] * count) for count in (1, 2))
            # Two of them are there, never more.
            sums = [alone, *[both] * (len(arriving) - 1)]
            values.append(self._add(f"node{node}", arriving, sums, joins=True))
        nodes = values[2:]
        counts = [len(nodes)]
        if self.space.loose_ends:
            same = [chain(self.result)]
            nodes = [self._add(f"end{i}", [node], same) for i, node in enumerate(nodes, 2)]
            counts = list(range(1, len(nodes) + 1))
        outputs = [join(Concat(), [self.result] * count) for count in counts]
        self._add("output", nodes, outputs, joins=self.space.loose_ends)
        return self._slots

    def _add(
        self, name: str, inputs: Sequence[int], units: Sequence[Unit], *, joins: bool = False
    ) -> int:
        name = f"{self.name}_{name}"
        self._slots.append(Slot(name, tuple(inputs), tuple(units), joins, self.name))
        return self._start + len(self._slots) - 1

    def _operations(self, *, from_input: bool) -> list[Unit]:
        stride = 2 if self.reduces and from_input else 1
        shape = self.shape if from_input else self.result
        return [operation(name, shape, stride) for name in self.space.operations]


def operation(name: str, shape: Shape, stride: int) -> Unit:
    """Build an operation of DARTS on a map whose channels it keeps."""
    channels = shape[0]
    kind, _, size = name.rpartition("_")
    if kind == "skip":
        return chain(shape) if stride == 1 else halve(shape, channels)
    kernel = int(size[0])
    if kind.endswith("pool"):
        pool = MaxPool if kind == "max_pool" else AvgPool
        return chain(shape, pool(kernel, stride, kernel // 2))
    dilation = 2 if kind == "dil_conv" else 1

    def separable(stride: int) -> list[Op]:
        depthwise = Conv(channels, kernel, stride, groups=channels, dilation=dilation)
        return [RELU, depthwise, Conv(channels), BN]

    return chain(shape, *separable(stride), *(separable(1) if kind == "sep_conv" else []))


def pointwise(shape: Shape, channels: int) -> Unit:
    """Build a 1x1 convolution, rectified before and normalised after it."""
    return chain(shape, RELU, Conv(channels), BN)


def halve(shape: Shape, channels: int) -> Unit:
    """Build a factorised reduction: two 1x1 convolutions with stride 2, one pixel apart."""
    nodes = (
        Node(RELU, (0,)),
        Node(Conv(channels // 2, stride=2), (1,)),
        Node(Crop(1), (1,)),
        Node(Conv(channels // 2, stride=2), (3,)),
        Node(Concat(), (2, 4)),
        Node(BN, (5,)),
    )
    return Unit((shape,), nodes)


def _parse(text: str) -> tuple[list[tuple[str, int]], list[list[int]]]:
    """Read the edges of both cells, and the numbers of the nodes in each one's output."""
    call = ast.parse(text.strip(), mode="eval").body
    if not isinstance(call, ast.Call):
        raise ValueError(text)
    fields = {word.arg: word.value for word in call.keywords}

    def numbers(value: ast.expr) -> list[int]:
        if isinstance(value, ast.Call):  # range(2, 6)
            return list(range(*(ast.literal_eval(argument) for argument in value.args)))
        return list(ast.literal_eval(value))

    edges = [edge for cell in CELLS for edge in ast.literal_eval(fields[cell])]
    return edges, [numbers(fields[f"{cell}_concat"]) for cell in CELLS]


def _cell_hash(genes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Hash cells, uint64[n, node, side, (operation, input)], whatever the order of their nodes."""
    n, n_nodes = genes.shape[:2]
    source = genes[..., 1].astype(np.int64)
    twice = (source[..., 0] == source[..., 1]).astype(np.uint64)
    label = 2 * genes[..., 0] + twice[..., None] + np.uint64(1)
    state = np.repeat(mix(np.array([[1, 2, *[3] * n_nodes]], dtype=np.uint64)), n, axis=0)
    rows = np.arange(n)[:, None, None]
    for _ in range(n_nodes + 1):
        below = mix(state[rows, source] + label)
        above = mix(np.uint64(3) * state[:, 2:, None] + label)
        read = [np.where(source == u, above, np.uint64(0)).sum((1, 2)) for u in range(2 + n_nodes)]
        state = state + mix(np.stack(read, axis=1))
        state[:, 2:] += np.uint64(3) * mix(below.sum(2))
        state = mix(state)
    total: npt.NDArray[np.uint64] = mix(state).sum(axis=1)
    return total
