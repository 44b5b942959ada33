"""Pareto dominance: the first front, and how often a row is dominated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_problems

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
    F : array_like, shape (n, m)
        Objective values, all minimised. Infinities are allowed, NaN is not.
    keep_equal : bool, default True
        Whether all of several equal rows are kept, or only the first.
    threads : int, default 1
        At least 1. At present one thread does the work whatever the value.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits.
    ValueError
        If `F` is not a matrix or holds NaN; the message names the row.

    Notes
    -----
    O(n log n) for one and two objectives, O(m n k) for more with k rows in the result.

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.nondominated_mask([[1, 4], [2, 2], [3, 3], [2, 2]], keep_equal=False)
    array([ True,  True, False, False])
    """
    return _core.nondominated_mask(as_problems(F, "F"), keep_equal, threads)


def dominance_counts(F: ArrayLike, *, threads: int = 1) -> NDArray[np.int32]:
    """How many rows dominate each row.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised. Infinities are allowed, NaN is not.
    threads : int, default 1
        At least 1.

    Returns
    -------
    ndarray of int32, shape (n,)
        0 exactly for the rows of the first front. Equal rows do not dominate each other.

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits.
    ValueError
        If `F` is not a matrix or holds NaN; the message names the row.

    Notes
    -----
    O(n log n) for one and two objectives, O(m n^2) for more; O(n) memory.

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.dominance_counts([[1, 4], [2, 2], [3, 3], [4, 4]])
    array([0, 0, 1, 3], dtype=int32)
    """
    return _core.dominance_counts(as_problems(F, "F"), threads)
