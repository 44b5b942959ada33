"""Pareto dominance: the first front, and how often a row is dominated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_problems
from pyhwnas._gpu import gpu_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["dominance_counts", "nondominated_mask"]


def nondominated_mask(
    F: ArrayLike, *, keep_equal: bool = True, threads: int = 1
) -> NDArray[np.bool_]:
    """Which rows no other row dominates.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised, or a batch of such problems. Infinities are allowed, NaN is
        not. An array of torch, CuPy or JAX on a GPU is worked on there.
    keep_equal : bool, default True
        Whether all of several equal rows are kept, or only the first.
    threads : int, default 1
        At least 1. They share the first reading of `F`, and most of the work for four and more
        objectives; or the problems of a batch.

    Returns
    -------
    ndarray of bool, shape (n,) or (b, n)
        An array of `F`'s library on its GPU if `F` is one.

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits.
    ValueError
        If `F` is neither a matrix nor a batch of them or holds NaN; the message names the row.

    Notes
    -----
    Rows that few good ones dominate are dropped while all are read once: O(m n), which is nearly
    everything where most rows are dominated. What is left is sorted lexicographically. One to three
    objectives: one sweep, O(n log n) time. More: divide and conquer [1]_ down to blocks of 4096
    rows, which are tested at once with bitmaps; O(m n^2 / 512) word operations where all rows are
    left, less for large n. Memory is O(m n).

    Whether a row is kept depends on the values alone: on no order but that of equal rows, and not
    on `threads`. -0.0 equals 0.0.

    On a GPU the rows stand in Morton order of their ranks in each objective [2]_, and tiles of 128
    rows are compared by their boxes, or else row by row as bits. At most m n^2 / 2 comparisons,
    O(m n) memory.

    References
    ----------
    .. [1] H. T. Kung, F. Luccio, F. P. Preparata, "On finding the maxima of a set of vectors",
       J. ACM 22 (1975), doi:10.1145/321906.321910
    .. [2] G. M. Morton, "A computer oriented geodetic data base and a new technique in file
       sequencing", IBM (1966)

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.nondominated_mask([[1, 4], [2, 2], [3, 3], [2, 2]], keep_equal=False)
    array([ True,  True, False, False])
    """
    if gpu := gpu_of(F=F):
        return gpu.array(gpu.kernels.nondominated_mask(F, keep_equal, gpu.stream))
    return _core.nondominated_mask(as_problems(F, "F"), keep_equal, threads)


def dominance_counts(F: ArrayLike, *, threads: int = 1) -> NDArray[np.int32]:
    """How many rows dominate each row.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised, or a batch of such problems. Infinities are allowed, NaN is
        not. An array of torch, CuPy or JAX on a GPU is worked on there.
    threads : int, default 1
        At least 1; for one or two objectives a single problem takes one.

    Returns
    -------
    ndarray of int32, shape (n,) or (b, n)
        0 exactly for the rows of the first front. Equal rows do not dominate each other. An array
        of `F`'s library on its GPU if `F` is one.

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits.
    ValueError
        If `F` is neither a matrix nor a batch of them or holds NaN; the message names the row.

    Notes
    -----
    One and two objectives: a sweep in lexicographic order with a tree of counts [1]_, O(n log n)
    time and O(n) memory. More: all pairs are compared, as bits of which one instruction takes up to
    512; O(m n^2 / 512) word operations and O(m n) memory. Counts are exact integers and do not
    depend on `threads`.

    On a GPU tiles of rows are compared by their boxes first, as `nondominated_sort` does.

    References
    ----------
    .. [1] P. M. Fenwick, "A new data structure for cumulative frequency tables", Softw. Pract. Exp.
       24 (1994), doi:10.1002/spe.4380240306

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.dominance_counts([[1, 4], [2, 2], [3, 3], [4, 4]])
    array([0, 0, 1, 3], dtype=int32)
    """
    if gpu := gpu_of(F=F):
        return gpu.array(gpu.kernels.dominance_counts(F, gpu.stream))
    return _core.dominance_counts(as_problems(F, "F"), threads)
