"""A set of non-dominated rows that grows by batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_whole
from pyhwnas.moo.dominance import nondominated_mask
from pyhwnas.moo.hypervolume import hypervolume

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Rows = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["ParetoArchive"]


class ParetoArchive:
    """The non-dominated rows of all that was added so far, each with its number.

    `ids` holds, for each row of `F`, its number among all rows ever added, dominated ones included:
    the place of the row's data in a list that grows by every row added.

    Parameters
    ----------
    n_objectives : int
        At least 1. All are minimised.
    threads : int, default 1
        At least 1; used from three objectives on. The archive does not depend on it.

    Notes
    -----
    Of equal rows the first one added stays. Infinities are values like others, NaN is refused.
    Which rows are in the archive does not depend on how they were cut into batches.

    For two objectives the rows are kept sorted: k rows are looked up in O(k log n) time. A batch
    that enters anything then moves O(n) numbers in memory, some 0.05 ms for 10 000 rows, so add in
    batches where you can. Other numbers of objectives search a tree of boxes in O(log n) to O(n)
    time for a row, after O(n log n) time to build it, for batches of at least 32 rows; smaller ones
    are compared with all rows, O(k n m). Memory is O(n m).

    Examples
    --------
    >>> from pyhwnas.moo import ParetoArchive
    >>> archive = ParetoArchive(2)
    >>> archive.add([[1, 4], [3, 3], [2, 2], [4, 4]])
    array([ True, False,  True, False])
    >>> archive.add([[1, 4], [0, 4]])
    array([False,  True])
    >>> archive.F
    array([[2., 2.],
           [0., 4.]])
    >>> archive.ids
    array([2, 5])
    >>> archive.dominates([[2, 2], [2, 3]])
    array([False,  True])
    >>> archive.hypervolume([5, 5])
    11.0
    """

    def __init__(self, n_objectives: int, *, threads: int = 1) -> None:
        self.n_objectives = as_whole(n_objectives, "n_objectives")
        self.threads = as_whole(threads, "threads")
        for name in ("n_objectives", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        self._n_added = 0
        # In the order of arrival. For two objectives instead by the first one, which leaves the
        # second one descending, and as two rows: the first one and minus the second.
        self._rows: Rows = np.empty((2, 0) if self.n_objectives == 2 else (0, self.n_objectives))
        self._row_ids: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._view: tuple[Rows, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return len(self._row_ids)

    def __repr__(self) -> str:
        return f"<ParetoArchive of {len(self)} rows from {self._n_added}, m={self.n_objectives}>"

    @property
    def F(self) -> Rows:
        """The rows in the order in which they were added; later additions do not change it."""
        return self._by_arrival()[0]

    @property
    def ids(self) -> NDArray[np.int64]:
        """The number of each row of `F` among all rows ever added, from 0, ascending."""
        return self._by_arrival()[1]

    def add(self, F: ArrayLike) -> Mask:
        """Add rows, and drop what they dominate.

        Parameters
        ----------
        F : array_like, shape (k, n_objectives)
            Objective values. Infinities are allowed, NaN is not.

        Returns
        -------
        ndarray of bool, shape (k,)
            Which of these rows are in the archive now: those that no row of the archive or of the
            batch dominates, and that equal none of the archive, nor one before them in the batch.

        Raises
        ------
        TypeError
            If `F` does not hold real numbers of at most 64 bits.
        ValueError
            If `F` has another number of columns or holds NaN; the message names the row. The
            archive is then as it was.
        """
        rows = self._checked(F)
        # One look at the archive first: late in a search it covers nearly all that comes.
        entered = ~self._covered(rows)
        candidates = np.flatnonzero(entered)
        first = nondominated_mask(rows[candidates], keep_equal=False, threads=self.threads)
        entered[candidates[~first]] = False
        ids = self._n_added + np.flatnonzero(entered)
        if len(ids):
            self._merge(rows[entered], ids)
        self._n_added += len(rows)
        return entered

    def dominates(self, F: ArrayLike) -> Mask:
        """Which rows some row of the archive dominates; those that equal one are not dominated.

        Parameters
        ----------
        F : array_like, shape (k, n_objectives)
            Objective values. Infinities are allowed, NaN is not.

        Returns
        -------
        ndarray of bool, shape (k,)

        Raises
        ------
        TypeError
            If `F` does not hold real numbers of at most 64 bits.
        ValueError
            If `F` has another number of columns or holds NaN; the message names the row.
        """
        rows = self._checked(F)
        dominated = self._covered(rows)
        candidates = np.flatnonzero(dominated)
        # A covered row that in turn covers one of the archive equals it: otherwise what covers the
        # row would dominate that one.
        equal = _core.covered(-rows[candidates], -self.F, self.threads)
        dominated[candidates[equal]] = False
        return dominated

    def hypervolume(self, ref_point: ArrayLike) -> float:
        """Volume between the rows and a reference point; see `pyhwnas.moo.hypervolume`."""
        return float(hypervolume(self.F, ref_point, threads=self.threads))

    def _checked(self, F: ArrayLike) -> Rows:
        rows = as_matrix(F, "F")
        if rows.shape[1] != self.n_objectives:
            raise ValueError(
                f"F must have {self.n_objectives} columns, one for each objective, "
                f"got shape {rows.shape}"
            )
        bad = np.isnan(rows)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            raise ValueError(f"F must not hold NaN, got NaN in row {row}, column {column}")
        return rows

    def _covered(self, rows: Rows) -> Mask:
        if self.n_objectives != 2:
            return _core.covered(rows, self._rows, self.threads)
        if not len(self):
            return np.zeros(len(rows), dtype=np.bool_)
        # Of those no larger in the first objective, the last one is lowest in the second.
        first, minus_second = self._rows
        last = np.searchsorted(first, rows[:, 0], side="right") - 1
        covered: Mask = (last >= 0) & (minus_second[last] >= -rows[:, 1])
        return covered

    def _merge(self, rows: Rows, ids: NDArray[np.int64]) -> None:
        self._view = None
        if self.n_objectives == 2:
            self._merge_sorted(rows, ids)
            return
        kept = ~_core.covered(self._rows, rows, self.threads)
        self._rows = np.concatenate([self._rows[kept], rows])
        self._row_ids = np.concatenate([self._row_ids[kept], ids])

    def _merge_sorted(self, rows: Rows, ids: NDArray[np.int64]) -> None:
        order = np.argsort(rows[:, 0])
        new, ids = np.stack([rows[order, 0], -rows[order, 1]]), ids[order]
        # Each new row dominates a run of old ones: from where it goes to the first that is lower in
        # the second objective.
        begin = np.searchsorted(self._rows[0], new[0])
        end = np.searchsorted(self._rows[1], new[1], side="right")
        dominated = np.flatnonzero(end > begin)
        if len(dominated):
            gone = np.concatenate([np.arange(begin[i], end[i]) for i in dominated])
            self._rows = np.delete(self._rows, gone, axis=1)
            self._row_ids = np.delete(self._row_ids, gone)
            begin = np.searchsorted(self._rows[0], new[0])
        self._rows = np.insert(self._rows, begin, new, axis=1)
        self._row_ids = np.insert(self._row_ids, begin, ids)

    def _by_arrival(self) -> tuple[Rows, NDArray[np.int64]]:
        if self._view is None:
            rows, ids = self._rows, self._row_ids
            if self.n_objectives == 2:
                order = np.argsort(ids)
                rows, ids = np.stack([rows[0, order], -rows[1, order]], axis=1), ids[order]
            self._view = rows.view(), ids.view()
            for array in self._view:
                array.setflags(write=False)
        return self._view
