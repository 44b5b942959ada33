"""All rows that a search has evaluated, as read-only columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from pyhwnas import moo

__all__ = ["Batch", "History", "HistoryLog"]

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Key: TypeAlias = Callable[[Ints], Ints]
Sense: TypeAlias = Literal["min", "max"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What an optimizer proposes in one call.

    Parameters
    ----------
    X : ndarray of int64, shape (n, n_genes)
        Valid, canonical rows. They may repeat, or be known already; no rows at all say that the
        optimizer has nothing left to propose.
    aux : mapping of str to object
        State that travels with the batch: JSON values, or arrays with first axis n.
    """

    X: Ints
    aux: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        X = np.array(self.X, dtype=np.int64, ndmin=2)
        object.__setattr__(self, "X", _frozen(X))


class _Batches(Sequence[Batch]):
    """The first batches of a list that others append to; read-only, a slice is a tuple."""

    __slots__ = ("_length", "_shared")

    def __init__(self, shared: Sequence[Batch]) -> None:
        self._shared = shared
        self._length = len(shared)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Batch]:
        return islice(self._shared, self._length)

    @overload
    def __getitem__(self, index: int) -> Batch: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Batch, ...]: ...
    def __getitem__(self, index: int | slice) -> Batch | tuple[Batch, ...]:
        places = range(self._length)[index]
        if isinstance(places, range):
            return tuple(self._shared[place] for place in places)
        return self._shared[places]

    def __repr__(self) -> str:
        return f"<{self._length} batches>"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class History:
    """The distinct rows that have been evaluated, in order of evaluation.

    Made by `Search`; columns are read-only and share memory with later histories of the search.

    Parameters
    ----------
    X : ndarray of int64, shape (n, n_genes)
        Genotypes.
    values : ndarray of float64, shape (n, m)
        What was measured, in natural units; NaN where it failed.
    F : ndarray of float64, shape (n, m)
        The same, with the sign turned so that every column is minimised.
    failed : ndarray of bool, shape (n,)
        Whether some objective has no value.
    violation : ndarray of float64, shape (n,)
        Sum of relative excesses over the constraints; 0 is feasible.
    batch : ndarray of int64, shape (n,)
        Index in `batches` of the batch that proposed the row first; -1 where another run evaluated
        it, see the warm start of `Search`.
    seconds : ndarray of float64, shape (n,)
        How long the evaluation took; NaN where nobody measured it.
    keys : ndarray of int64, shape (n,)
        Equal for rows that count as the same.
    batches : sequence of Batch
        All that was proposed, in order, including what is not evaluated yet; read-only.
    names, senses, units : tuple of str
        Of the objectives.
    ref_point : ndarray of float64, shape (m,), or None
        Reference point of the hypervolume, to be minimised; None while it is not fixed.
    """

    X: Ints
    values: Floats
    F: Floats
    failed: Bools
    violation: Floats
    batch: Ints
    seconds: Floats
    keys: Ints
    batches: Sequence[Batch]
    names: tuple[str, ...]
    senses: tuple[Sense, ...]
    units: tuple[str, ...]
    ref_point: Floats | None
    # Shared with later histories and only ever appended to: rows from len(self) on are not ours.
    _errors: Sequence[str] = field(repr=False)
    _index: Mapping[int, int] = field(repr=False)
    _key: Key | None = field(repr=False)

    def __len__(self) -> int:
        return len(self.X)

    @property
    def evaluations(self) -> int:
        """How many rows this run evaluated itself."""
        return int((self.batch >= 0).sum())

    @property
    def errors(self) -> tuple[str, ...]:
        """Why each row failed: a traceback or a sentence, empty where it did not."""
        return tuple(self._errors[: len(self)])

    @property
    def ok(self) -> Bools:
        """Whether each row has all its values."""
        return ~self.failed

    @property
    def feasible(self) -> Bools:
        """Whether each row has all its values and meets all constraints."""
        return self.ok & (self.violation <= 0)

    def lookup(self, X: npt.ArrayLike) -> Ints:
        """Find rows that have been evaluated.

        Parameters
        ----------
        X : array_like of int, shape (k, n_genes)

        Returns
        -------
        ndarray of int64, shape (k,)
            Index of the row that counts as the same, -1 where there is none.
        """
        if self._key is None:
            raise ValueError(
                "lookup needs the problem's idea of equal rows, and this history was read from a "
                "file without its problem; open the file with Search(problem, optimizer, store=...)"
            )
        keys = self._key(np.asarray(X, dtype=np.int64)).tolist()
        found = np.array([self._index.get(key, -1) for key in keys], dtype=np.int64)
        found[found >= len(self)] = -1
        return found

    def front(self) -> History:
        """Select the best rows.

        Returns
        -------
        History
            The feasible rows that no other dominates, the first evaluated of equal values,
            sorted by the first objective (best first), then the second and so on. Without a
            feasible row: the same among the rows of least violation. Failed rows never.
        """
        rows = np.flatnonzero(self.feasible)
        if not len(rows):
            rows = np.flatnonzero(self.ok)
            rows = rows[self.violation[rows] == self.violation[rows].min(initial=np.inf)]
        rows = rows[moo.nondominated_mask(self.F[rows], keep_equal=False)]
        return self._select(rows[np.lexsort(self.F[rows].T[::-1])])

    def hypervolume(self) -> float:
        """Measure the volume that the feasible rows dominate, up to the reference point.

        Returns
        -------
        float
            In the product of the objectives' units.

        Raises
        ------
        ValueError
            While there is no reference point.
        """
        return float(moo.hypervolume(self.F[self.feasible], self._reference()))

    def hypervolume_trace(self) -> Floats:
        """Measure the hypervolume after each row.

        Returns
        -------
        ndarray of float64, shape (n,)
            Never decreasing; the last value is `hypervolume`.

        Raises
        ------
        ValueError
            While there is no reference point.

        Notes
        -----
        Only rows that enter the front cost a hypervolume: O(n k m) besides, for fronts of k rows.
        """
        reference = self._reference()
        trace = np.zeros(len(self))
        front = np.empty((0, self.F.shape[1]))
        volume = 0.0
        for row, (F, feasible) in enumerate(zip(self.F, self.feasible, strict=True)):
            if feasible and (F < reference).all() and not (front <= F).all(axis=1).any():
                front = np.concatenate([front[~(F <= front).all(axis=1)], F[None]])
                volume = float(moo.hypervolume(front, reference))
            trace[row] = volume
        return trace

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return what a table shows of each row, by column name, in natural units."""
        genotypes = ["-".join(map(str, x)) for x in self.X.tolist()]
        table: dict[str, npt.NDArray[Any]] = {
            "batch": self.batch,
            "genotype": np.array(genotypes, dtype=np.str_),
        }
        table |= dict(zip(self.names, self.values.T, strict=True))
        return table | {
            "violation": self.violation,
            "seconds": self.seconds,
            "failed": self.failed,
            "error": np.array(self.errors, dtype=np.str_),
        }

    def _reference(self) -> Floats:
        if self.ref_point is None:
            raise ValueError(
                "there is no reference point yet: it is fixed when the first batch is complete; "
                "evaluate more rows, or state one with Problem(..., ref_point=...)"
            )
        return self.ref_point

    def _select(self, rows: npt.NDArray[np.intp]) -> History:
        keys = _frozen(self.keys[rows])
        return History(
            X=_frozen(self.X[rows]),
            values=_frozen(self.values[rows]),
            F=_frozen(self.F[rows]),
            failed=_frozen(self.failed[rows]),
            violation=_frozen(self.violation[rows]),
            batch=_frozen(self.batch[rows]),
            seconds=_frozen(self.seconds[rows]),
            keys=keys,
            batches=self.batches,
            names=self.names,
            senses=self.senses,
            units=self.units,
            ref_point=self.ref_point,
            _errors=[self._errors[row] for row in rows],
            _index={key: row for row, key in enumerate(keys.tolist())},
            _key=self._key,
        )


class HistoryLog:
    """Rows as they come in; `view` is the history so far.

    Columns grow by doubling and rows never change, so that adding a row costs O(1) and earlier
    views stay as they are. `batches` is a list to append to, and to nothing else.

    Parameters
    ----------
    n_genes : int
    names, senses, units : tuple of str
        Of the objectives.
    key : callable or None
        Maps genotypes to keys; None for a history that only is looked at.
    """

    def __init__(
        self,
        n_genes: int,
        names: tuple[str, ...],
        senses: tuple[Sense, ...],
        units: tuple[str, ...],
        key: Key | None,
    ) -> None:
        m = len(names)
        self._columns: dict[str, npt.NDArray[Any]] = {
            "X": np.empty((16, n_genes), np.int64),
            "values": np.empty((16, m)),
            "F": np.empty((16, m)),
            "failed": np.empty(16, np.bool_),
            "violation": np.empty(16),
            "batch": np.empty(16, np.int64),
            "seconds": np.empty(16),
            "keys": np.empty(16, np.int64),
        }
        self._about: dict[str, Any] = {"names": names, "senses": senses, "units": units}
        self._sign = np.where(np.array(senses) == "max", -1.0, 1.0)
        self._key = key
        self._errors: list[str] = []
        self._index: dict[int, int] = {}
        self.batches: list[Batch] = []
        self.ref_point: Floats | None = None

    def __len__(self) -> int:
        return len(self._errors)

    def append(
        self,
        *,
        X: Ints,
        values: Floats,
        violation: Floats,
        batch: Ints,
        seconds: Floats,
        keys: Ints,
        errors: Sequence[str],
    ) -> None:
        """Add evaluated rows; a row with an error counts as failed."""
        start, stop = len(self), len(self) + len(X)
        fresh: dict[str, npt.NDArray[Any]] = {
            "X": X,
            "values": values,
            "F": self.minimised(values),
            "failed": np.array([bool(error) for error in errors], dtype=np.bool_),
            "violation": violation,
            "batch": batch,
            "seconds": seconds,
            "keys": keys,
        }
        for name, column in self._columns.items():
            if stop > len(column):
                larger = np.empty((max(stop, 2 * len(column)), *column.shape[1:]), column.dtype)
                larger[:start] = column[:start]
                self._columns[name] = larger
            self._columns[name][start:stop] = fresh[name]
        self._errors.extend(errors)
        self._index.update(zip(keys.tolist(), range(start, stop), strict=True))

    @property
    def m(self) -> int:
        """Number of objectives."""
        return len(self._sign)

    def minimised(self, values: Floats) -> Floats:
        """Turn the sign of the columns that are to be maximised."""
        return values * self._sign

    def find(self, key: int) -> int:
        """Return the index of the row with a key, -1 where there is none."""
        return self._index.get(key, -1)

    def view(self) -> History:
        """Return the history so far, in O(1)."""
        columns: dict[str, Any] = {
            name: _frozen(column[: len(self)]) for name, column in self._columns.items()
        }
        return History(
            **columns,
            **self._about,
            batches=_Batches(self.batches),
            ref_point=self.ref_point,
            _errors=self._errors,
            _index=self._index,
            _key=self._key,
        )


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
