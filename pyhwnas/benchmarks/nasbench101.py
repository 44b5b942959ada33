"""NAS-Bench-101's cells of up to five vertices, trained for four epochs with measured energy."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from pyhwnas import spaces
from pyhwnas.benchmarks.finite import Column, Finite
from pyhwnas.benchmarks.sources import EC_NAS
from pyhwnas.benchmarks.tables import Array, Table, find
from pyhwnas.errors import BenchmarkError, SpaceError
from pyhwnas.history import Ints
from pyhwnas.networks import Plan
from pyhwnas.spaces import as_genotypes
from pyhwnas.spaces.nasbench101 import EDGES, OUT

__all__ = ["ECNAS", "SmallCells"]

VERTICES = (0, 1, 2, 3, OUT)
SMALL_EDGES = tuple(itertools.combinations(VERTICES, 2))
COLUMNS = (*(EDGES.index(edge) for edge in SMALL_EDGES), *(len(EDGES) + v for v in range(3)))
"""Of the 26 genes of NAS-Bench-101, those of five vertices."""
WHOLE = spaces.NASBench101()


@dataclass(frozen=True)
class SmallCells(spaces.PlainSpace):
    """Cells of NAS-Bench-101 with at most five vertices: 2 532 distinct ones.

    Notes
    -----
    13 genes: the ten edges between input, three operations and output, and the three operations.
    Everything else is as in `pyhwnas.spaces.NASBench101`, whose rows `embed` returns.

    References
    ----------
    Ying et al., 2019, https://proceedings.mlr.press/v97/ying19a.html;
    Bakhtiarifard et al., 2022, https://doi.org/10.48550/arXiv.2210.06015

    Examples
    --------
    >>> import numpy as np
    >>> space = SmallCells()
    >>> X = np.indices([2] * 10 + [3] * 3).reshape(13, -1).T
    >>> len(np.unique(space.identity(X[space.valid(X)])))
    2532
    """

    name = "nasbench101-small"
    genes = tuple(WHOLE.genes[column] for column in COLUMNS)

    @property
    def plan(self) -> Plan:
        """The plan of NAS-Bench-101."""
        return WHOLE.plan

    def embed(self, X: Ints) -> Ints:
        """Write the same cells as rows of NAS-Bench-101, int64[n, 26]."""
        whole = np.zeros((len(X), len(WHOLE.genes)), dtype=np.int64)
        whole[:, COLUMNS] = as_genotypes(self, X)
        return whole

    def unit_ids(self, X: Ints, *, live: bool = False) -> npt.NDArray[np.int32]:
        """Pick the unit in each slot, int32[n, 301]; see `Plan.unit_ids`."""
        return WHOLE.unit_ids(self.embed(X), live=live)

    def canonical(self, X: Ints) -> Ints:
        """Remove edges and operations on no path from the input to the output."""
        return WHOLE.canonical(self.embed(X))[:, COLUMNS]

    def identity(self, X: Ints) -> Ints:
        """Return a hash for each row that isomorphic cells share."""
        return WHOLE.identity(self.embed(X))

    def valid(self, X: Ints) -> npt.NDArray[np.bool_]:
        """Accept rows with a path from input to output and at most nine edges on paths."""
        return WHOLE.valid(self.embed(X))

    def repair(self, X: Ints, rng: np.random.Generator) -> Ints:
        """Drop a random edge where there are ten, add some where there is no path."""
        X = as_genotypes(self, X).copy()
        n_edges = len(SMALL_EDGES)
        while len(rows := np.flatnonzero(~self.valid(X))):
            edges = X[rows, :n_edges]
            full = edges.sum(axis=1) == n_edges
            eligible = full[:, None] | (edges == 0)
            pick = np.where(eligible, rng.random(eligible.shape), -1.0).argmax(axis=1)
            X[rows, pick] = ~full
        return X

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write the cell in the notation of NAS-Bench-101."""
        return WHOLE.to_str(self.embed(np.atleast_2d(x))[0])

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read what `to_str` writes."""
        whole = WHOLE.from_str(text)
        row: npt.NDArray[np.int64] = whole[list(COLUMNS)]
        if whole.sum() != row.sum():
            raise SpaceError(f"{self.name}: expected vertices 0 to 3 and {OUT} alone, got {text!r}")
        return row


def _mean(table: Table, field: str) -> Array:
    """Average the runs of each cell."""
    _, run = np.unique(table["hash"], return_inverse=True)
    total: Array = np.bincount(run, weights=table[field]) / np.bincount(run)
    return total


def _error(table: Table, field: str) -> Array:
    """Turn the fraction of right answers into an error in percent."""
    error: Array = 100.0 * (1.0 - _mean(table, field))
    return error


def _columns() -> dict[str, Column]:
    columns = {
        f"{split}_error_ep4": Column(EC_NAS, f"{field}_acc_ep4", "%", "min", "expensive", _error)
        for split, field in (("train", "train"), ("valid", "val"), ("test", "test"))
    }
    for name, field, unit in (
        ("train_time_s_ep4", "training_time_s_ep4", "s"),
        ("total_time_s", "total_time_s", "s"),
        ("energy_kwh_ep4", "energy_kWh_ep4", "kWh"),
        ("total_energy_kwh", "total_energy_kWh", "kWh"),
        ("gpu_energy_j", "gpu_energy_J", "J"),
    ):
        columns[name] = Column(EC_NAS, field, unit, "min", "expensive", _mean)
    return columns


@dataclass(frozen=True)
class ECNAS(Finite):
    """All 2 532 cells of at most five vertices, with the energy of their training.

    Parameters
    ----------
    path : path, optional
        ``ecnas_nb101_4v5v_energy.npz``, or the folder that it is in; `PYHWNAS_DATA` if left out.

    Notes
    -----
    ``train_error_ep4``, ``valid_error_ep4`` and ``test_error_ep4`` (%) after four epochs;
    ``train_time_s_ep4``, ``total_time_s`` (s); ``energy_kwh_ep4``, ``total_energy_kwh`` (kWh),
    ``gpu_energy_j`` (J), measured on a Quadro RTX 6000; ``macs``, ``params``. Cells of up to four
    vertices were trained four times, others once: values are means. Isomorphic cells are one.

    References
    ----------
    Bakhtiarifard et al., 2022, https://doi.org/10.48550/arXiv.2210.06015
    """

    columns: ClassVar[Mapping[str, Column]] = MappingProxyType(_columns())
    same: ClassVar[Literal["canonical", "identity"]] = "identity"

    @property
    def space(self) -> SmallCells:
        """The cells of at most five vertices."""
        return _SPACE

    @cached_property
    def X(self) -> Ints:
        """One row for each cell, by the benchmark's own hash."""
        table = find(EC_NAS, self.path)
        _, first = np.unique(table["hash"], return_index=True)
        X = _genotypes(table["adjacency"][first], table["ops"][first], table["n_vertices"][first])
        if not self.space.valid(X).all():
            raise BenchmarkError(f"{table.path}: has cells without a path or with ten edges")
        X = self.space.canonical(X)
        X.setflags(write=False)
        return X


def _genotypes(adjacency: Array, ops: Array, n_vertices: Array) -> Ints:
    """Write published cells, whose output is their last vertex, as rows."""
    n = len(adjacency)
    X = np.zeros((n, len(COLUMNS)), dtype=np.int64)
    for count in range(2, len(VERTICES) + 1):
        rows = np.flatnonzero(n_vertices == count)
        place = [*VERTICES[: count - 1], OUT]
        for i, j in itertools.combinations(range(count), 2):
            X[rows, SMALL_EDGES.index((place[i], place[j]))] = adjacency[rows, i, j]
        inner = len(SMALL_EDGES) + np.arange(count - 2)
        X[rows[:, None], inner] = ops[rows, 1 : count - 1]
    return X


_SPACE = SmallCells()
