"""Benchmarks that list their networks: columns as objectives, and the true front of any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas import moo
from pyhwnas._describe import Json, describe
from pyhwnas.benchmarks.sources import Source
from pyhwnas.benchmarks.tables import Array, PathLike, Table, find
from pyhwnas.errors import BenchmarkError
from pyhwnas.history import Floats, Ints, Sense
from pyhwnas.objectives import Macs, Params
from pyhwnas.problem import Constraint, Cost, Objective, Problem
from pyhwnas.spaces import Space, row_hash

__all__ = ["Column", "Finite", "Front", "Tabular", "complement", "mean_of_seeds", "plain"]


class Front(NamedTuple):
    """The networks of a benchmark that no other one dominates.

    Parameters
    ----------
    X : ndarray of int64, shape (k, n_genes)
        By ascending values of the first objective (best first), then of the second, and so on;
        networks that are equal in all objectives are all there.
    values : ndarray of float64, shape (k, m)
        In natural units.
    """

    X: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Column:
    """What a column of a source means.

    Parameters
    ----------
    source : Source
        The file that it is in.
    field : str
        Its name there.
    unit : str
        Of the values that `read` returns.
    sense : {"min", "max"}
    cost : {"cheap", "expensive"}
    read : callable
        Takes the table and the field and returns a value for each row.
    """

    source: Source
    field: str
    unit: str
    sense: Sense
    cost: Cost
    read: Callable[[Table, str], Array]


def plain(table: Table, field: str) -> Array:
    """Take a column as it is."""
    return table[field]


def complement(table: Table, field: str) -> Array:
    """Turn an accuracy in percent into an error."""
    error: Array = 100.0 - table[field]
    return error


def mean_of_seeds(table: Table, field: str) -> Array:
    """Turn accuracies in percent into the mean error of the seeds that there are."""
    accuracy = table[field]
    seen = ~np.isnan(accuracy)
    total = np.where(seen, accuracy, 0.0).sum(axis=1)
    error: Array = 100.0 - np.divide(
        total, seen.sum(axis=1), where=seen.any(axis=1), out=np.full(len(total), np.nan)
    )
    return error


class Light:
    """For frozen dataclasses that are sent to other processes without what they have read."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone; what was cached is read again there."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True)
class Tabular(Light):
    """A column of a benchmark as an objective: looked up, NaN where the table has no value.

    Parameters
    ----------
    benchmark : Finite
    name : str
        Of the column.

    Notes
    -----
    It is described by its values, not by where they were found: the same numbers in another file,
    or converted, are the same objective.
    """

    benchmark: Finite
    name: str

    @property
    def space(self) -> Space:
        """The benchmark's space."""
        return self.benchmark.space

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return self.benchmark.columns[self.name].unit

    @property
    def sense(self) -> Sense:
        """Whether less or more is better."""
        return self.benchmark.columns[self.name].sense

    @property
    def cost(self) -> Cost:
        """Whether an optimizer may ask outside its budget."""
        return self.benchmark.columns[self.name].cost

    @cached_property
    def values(self) -> Floats:
        """Values of all rows of the benchmark, read-only."""
        return self.benchmark.values(self.name)

    def __call__(self, X: Ints) -> Floats:
        """Look up whole populations, float64[n]."""
        row = self.benchmark.row(X)
        return np.where(row >= 0, self.values[row], np.nan)

    def describe(self) -> Json:
        """Describe the values by their checksum."""
        return {"type": "pyhwnas.benchmarks.Tabular", "values": describe(self.values)}


@dataclass(frozen=True)
class Finite(Light):
    """What benchmarks that list their networks share.

    A subclass states `space`, `X`, `columns` and, where isomorphic networks have one row, `same`.

    Parameters
    ----------
    path : path, optional
        The folder with the benchmark's files, or one file with their columns; `PYHWNAS_DATA` if
        left out.
    """

    path: PathLike | None = None
    columns: ClassVar[Mapping[str, Column]]
    same: ClassVar[Literal["canonical", "identity"]] = "canonical"

    @property
    def space(self) -> Space:
        """The space that the networks are of."""
        raise NotImplementedError

    @property
    def X(self) -> Ints:
        """All networks in the benchmark's order, int64[n, n_genes]."""
        raise NotImplementedError

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the objectives for which the files are there."""
        sources = dict.fromkeys(column.source for column in self.columns.values())
        there = {source: _fields(source, self.path) for source in sources}
        counted = ("macs", "params") if self.space.plan is not None else ()
        return (*(name for name, c in self.columns.items() if c.field in there[c.source]), *counted)

    def row(self, X: Ints) -> Ints:
        """Find the benchmark's row of each network, int64[n]; -1 where there is none."""
        keys, order = self._index
        key = self._key(X)
        found = np.searchsorted(keys, key).clip(max=len(keys) - 1)
        return np.where(keys[found] == key, order[found], -1)

    @cached_property
    def _index(self) -> tuple[Ints, Ints]:
        key = self._key(self.X)
        order = np.argsort(key, kind="stable")
        return key[order], order

    def _key(self, X: Ints) -> Ints:
        if self.same == "identity":
            return self.space.identity(X)
        return row_hash(self.space.canonical(X))

    def values(self, name: str) -> Floats:
        """Return an objective's values of all networks, float64[n], read-only; NaN where missing.

        Raises
        ------
        ValueError
            For a name that the benchmark does not have.
        BenchmarkError
            If the file is missing or another one.
        """
        objective = self.objective(name)
        if not isinstance(objective, Tabular):
            return objective(self.X)
        column = self.columns[name]
        table = find(column.source, self.path)
        values = np.array(column.read(table, column.field), dtype=np.float64)
        if values.shape != (len(self.X),):
            raise BenchmarkError(
                f"{table.path}: expected {len(self.X)} values of {name}, got {values.shape}"
            )
        values.setflags(write=False)
        return values

    def objective(self, name: str, *, device: str | None = None) -> Objective:
        """Return a column as an objective of the space, or a counter.

        Parameters
        ----------
        name : str
            One of `names`, among them ``"macs"`` and ``"params"`` of spaces with a plan.
        device : str, optional
            Its name goes before the objective's: ``("latency_ms", device="raspi4")`` is
            ``"raspi4_latency_ms"``.

        Returns
        -------
        Objective

        Raises
        ------
        ValueError
            For a name that the benchmark does not have.
        """
        name = name if device is None else f"{device}_{name}"
        if name in self.columns:
            return Tabular(self, name)
        counters: dict[str, Callable[[Space], Objective]] = {"macs": Macs, "params": Params}
        if name in counters and self.space.plan is not None:
            return counters[name](self.space)
        raise ValueError(
            f"{type(self).__name__}: no objective {name!r}; it has {', '.join(self.names)}"
        )

    def problem(
        self,
        names: Sequence[str],
        *,
        ref_point: Sequence[float] | None = None,
        constraints: Sequence[Constraint] = (),
    ) -> Problem:
        """Build a problem from some of the objectives.

        Parameters
        ----------
        names : sequence of str
        ref_point : sequence of float, optional
            In natural units; see `Problem`.
        constraints : sequence of AtMost or AtLeast

        Returns
        -------
        Problem
        """
        objectives = tuple(self.objective(name) for name in names)
        return Problem(
            self.space,
            objectives,
            constraints=constraints,
            ref_point=ref_point,
            dedupe=self.same,
        )

    def true_front(self, names: Sequence[str]) -> Front:
        """Find the exact front of some of the objectives.

        Parameters
        ----------
        names : sequence of str

        Returns
        -------
        Front
            Of the networks that have all these values.
        """
        return front_of(self.problem(names), self.X)


def front_of(problem: Problem, X: Ints) -> Front:
    """Return the non-dominated ones of rows, sorted by their objectives."""
    values = problem.evaluate(X).values
    whole = np.flatnonzero(~np.isnan(values).any(axis=1))
    F = problem.minimised(values[whole])
    best = np.flatnonzero(moo.nondominated_mask(F))
    order = whole[best[np.lexsort(F[best].T[::-1])]]
    return Front(X[order], values[order])


def _fields(source: Source, path: PathLike | None) -> frozenset[str]:
    """Return the names of a source's columns, none where it is not there."""
    try:
        return frozenset(find(source, path))
    except BenchmarkError:
        return frozenset()


def scattered(values: npt.NDArray[Any], index: npt.NDArray[Any], n: int) -> Floats:
    """Put values of some rows among n, NaN elsewhere."""
    result = np.full(n, np.nan)
    result[index] = values
    return result
