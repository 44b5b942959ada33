"""Non-dominated sorting: the fronts of a set of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_problems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["dominance_degree_sort", "nondominated_sort"]


def nondominated_sort(F: ArrayLike, *, threads: int = 1) -> NDArray[np.int32]:
    """Front index of each row: 0 for rows that no row dominates, and so on behind them.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised. Infinities are allowed, NaN is not.
    threads : int, default 1
        At least 1. At present one thread does the work whatever the value.

    Returns
    -------
    ndarray of int32, shape (n,)
        Equal rows share a front.

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits.
    ValueError
        If `F` is not a matrix or holds NaN; the message names the row.

    Notes
    -----
    For one and two objectives O(n log n). For more, efficient non-dominated sort with a binary
    search over fronts [1]_: O(n log n) comparisons when fronts are many, O(n^2) when all rows are
    in one. Memory is O(n m).

    References
    ----------
    .. [1] X. Zhang, Y. Tian, R. Cheng, Y. Jin, "An efficient approach to nondominated sorting for
       evolutionary multiobjective optimization", IEEE Trans. Evol. Comput. 19 (2015),
       doi:10.1109/TEVC.2014.2308305

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.nondominated_sort([[1, 4], [2, 2], [3, 3], [2, 2], [4, 4]])
    array([0, 0, 1, 0, 2], dtype=int32)
    """
    return _core.nondominated_sort(as_problems(F, "F"), threads)


def dominance_degree_sort(F: ArrayLike, *, threads: int = 1) -> NDArray[np.int32]:
    """Front index of each row by dominance degrees: the same ranks as `nondominated_sort`.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised, or a batch of such problems.
    threads : int, default 1
        At least 1.

    Returns
    -------
    ndarray of int32, shape (n,) or (b, n)
    """
    return _core.dominance_degree_sort(as_problems(F, "F"), threads)
