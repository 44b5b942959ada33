"""Non-dominated sorting: the fronts of a set of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_problems
from pyhwnas._gpu import gpu_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["dominance_degree_sort", "nondominated_sort"]


def nondominated_sort(F: ArrayLike, *, threads: int = 1) -> NDArray[np.int32]:
    """Front index of each row: 0 for rows that no row dominates, and so on behind them.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised, or a batch of such problems. Infinities are allowed, NaN is
        not. An array of torch, CuPy or JAX on a GPU is worked on there.
    threads : int, default 1
        At least 1. The problems of a batch are shared among threads. One problem is the work of one
        thread, unless tens of thousands of rows with four or more objectives seem to be one front.

    Returns
    -------
    ndarray of int32, shape (n,) or (b, n)
        Equal rows share a front. An array of `F`'s library on its GPU if `F` is one.

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits.
    ValueError
        If `F` is not a matrix or holds NaN; the message names the row.

    Notes
    -----
    ==========  ==========================================================  ==================
    Objectives  Algorithm                                                   Time
    ==========  ==========================================================  ==================
    1, 2        sort by radix; a sweep with the last member of each front   O(n log n)
    3           a sweep with a staircase of each front's members [2]_       O(n log f log s)
    4 and more  binary search over fronts, whose members are scanned [1]_   O(m n^2) at worst
    any         a table of all combinations of values                       O(n m + m D)
    ==========  ==========================================================  ==================

    There are f fronts and a staircase has s steps. The scan compares 64 members with a row at once,
    and takes O(m n log n) when fronts are many; its worst case are rows that are all in one front.
    The table is taken where the distinct values of the objectives have D combinations, and D is at
    most 2 n for two objectives, 8 n for three and 16 n for more. Memory is O(n m).

    Infinities are the largest and smallest of values, and -0.0 equals 0.0. The ranks follow from
    comparisons alone: they are exact, and the same on every machine.

    On a GPU the rows stand in Morton order of their ranks in each objective [3]_, where dominators
    come first. Tiles of 128 rows are compared by their boxes, or else row by row as bits; a tile
    waits for those whose fronts it needs. At most m n^2 / 2 comparisons, O(m n) memory.

    References
    ----------
    .. [1] X. Zhang, Y. Tian, R. Cheng, Y. Jin, "An efficient approach to nondominated sorting for
       evolutionary multiobjective optimization", IEEE Trans. Evol. Comput. 19 (2015),
       doi:10.1109/TEVC.2014.2308305
    .. [2] H. T. Kung, F. Luccio, F. P. Preparata, "On finding the maxima of a set of vectors",
       J. ACM 22 (1975), doi:10.1145/321906.321910
    .. [3] G. M. Morton, "A computer oriented geodetic data base and a new technique in file
       sequencing", IBM (1966)

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.nondominated_sort([[1, 4], [2, 2], [3, 3], [2, 2], [4, 4]])
    array([0, 0, 1, 0, 2], dtype=int32)
    """
    if gpu := gpu_of(F=F):
        return gpu.array(gpu.kernels.nondominated_sort(F, gpu.stream))
    return _core.nondominated_sort(as_problems(F, "F"), threads)


def dominance_degree_sort(F: ArrayLike, *, threads: int = 1) -> NDArray[np.int32]:
    """Front index of each row by dominance degrees: the same ranks as `nondominated_sort`.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised, or a batch of such problems. Infinities are allowed, NaN is
        not. An array of torch, CuPy or JAX on a GPU is worked on there.
    threads : int, default 1
        At least 1; they share blocks of pairs, or the problems of a batch.

    Returns
    -------
    ndarray of int32, shape (n,) or (b, n)
        Equal rows share a front. An array of `F`'s library on its GPU if `F` is one.

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits.
    ValueError
        If `F` is neither a matrix nor a batch of them or holds NaN; the message names the row.

    Notes
    -----
    All pairs are compared in all objectives [1]_, with bits for the integers of the paper's
    matrices: where all that matters is whether a degree is full, a conjunction says it. Time does
    not depend on how the rows lie: O(m n^2 / 512) word operations. Only a block of the matrix
    exists at a time, so memory is O(m n). Ranks are exact and do not depend on `threads`.

    On a GPU all rows are compared that could dominate each other by their order alone.

    References
    ----------
    .. [1] Y. Zhou, Z. Chen, J. Zhang, "Ranking vectors by means of the dominance degree matrix",
       IEEE Trans. Evol. Comput. 21 (2017), doi:10.1109/TEVC.2016.2567648

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.dominance_degree_sort([[1, 4], [2, 2], [3, 3], [2, 2], [4, 4]])
    array([0, 0, 1, 0, 2], dtype=int32)
    """
    if gpu := gpu_of(F=F):
        return gpu.array(gpu.kernels.dominance_degree_sort(F, gpu.stream))
    return _core.dominance_degree_sort(as_problems(F, "F"), threads)
