"""The rows of a set that together dominate most volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_vector, as_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["hypervolume_subset"]


def hypervolume_subset(
    F: ArrayLike, k: int, ref_point: ArrayLike, *, threads: int = 1
) -> NDArray[np.int64]:
    """Rows in the order in which each adds most volume to those before it.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised; m is from 1 to 1000.
    k : int
        How many rows, from 0 to n.
    ref_point : array_like, shape (m,)
        Rows that are not below it in every objective add nothing.
    threads : int, default 1
        At least 1; used from six objectives on.

    Returns
    -------
    ndarray of int64, shape (k,)
        Distinct row indices. Of rows that add equally much the first one; when no row adds
        anything any more, the rest by index. The first rows of a longer choice are the shorter one.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit, a value is NaN, or `k` is out of range; the message says which.

    Notes
    -----
    The volume of the chosen rows is at least 1 - 1/e, about 63 %, of that of the best k rows
    [1]_; to find those is NP-hard from three objectives on.

    Greedy, with lazy evaluation [2]_: what a row adds never grows while others are chosen, so its
    last known value is a bound, and few values are computed anew in each round. A value is the
    row's own volume less that of the region it shares with the chosen rows [3]_; with two
    objectives, the area above the chosen rows' outline. k to k n values, each in O(log k) for two
    objectives, O(k^2) for three, and O(k^(m - 1)) at worst for more; O(n m) space. The result does
    not depend on `threads`.

    Values count as equal when they are after rounding. A row whose own region is endless adds
    infinity, and sides of infinite length count as equally long.

    References
    ----------
    .. [1] G. L. Nemhauser, L. A. Wolsey, M. L. Fisher, "An analysis of approximations for
       maximizing submodular set functions - I", Math. Program. 14 (1978), doi:10.1007/BF01588971
    .. [2] M. Minoux, "Accelerated greedy algorithms for maximizing submodular set functions",
       Optimization Techniques (1978), doi:10.1007/BFb0006528
    .. [3] L. While, L. Bradstreet, L. Barone, "A fast way of calculating exact hypervolumes", IEEE
       Trans. Evol. Comput. 16 (2012), doi:10.1109/TEVC.2010.2077298

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.hypervolume_subset([[0, 3], [1, 1], [3, 0], [2, 2]], 3, ref_point=[4, 4])
    array([1, 0, 2])
    """
    rows, count = as_matrix(F, "F"), as_whole(k, "k")
    if not 0 <= count <= len(rows):
        raise ValueError(f"k must be from 0 to the number of rows, {len(rows)}, got {count}")
    return _core.hypervolume_subset(rows, count, as_vector(ref_point, "ref_point"), threads)
