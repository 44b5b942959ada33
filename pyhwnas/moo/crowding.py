"""Crowding distance: how much room a row has within its front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyhwnas import _core
from pyhwnas._arrays import as_ids, as_problems
from pyhwnas._gpu import gpu_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["crowding_distance"]


def crowding_distance(
    F: ArrayLike, ranks: ArrayLike | None = None, *, threads: int = 1
) -> NDArray[np.float64]:
    """Crowding distance of each row within its front.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, or a batch of such problems. Infinities are allowed, NaN is not. An array
        of torch, CuPy or JAX on a GPU is worked on there.
    ranks : array_like of int, shape (n,) or (b, n), optional
        The front of each row, as `nondominated_sort` returns it. All rows are one front without it.
        int32, and on the same device, where `F` lies on a GPU.
    threads : int, default 1
        At least 1; they share the objectives, or the problems of a batch.

    Returns
    -------
    ndarray of float64, shape (n,) or (b, n)
        Infinity for the first and last row of a front in an objective, and for every row of a front
        of one or two rows. An array of `F`'s library on its GPU if `F` is one.

    Raises
    ------
    TypeError
        If `F` does not hold real numbers of at most 64 bits, or `ranks` no integers.
    ValueError
        If shapes do not fit or `F` holds NaN; the message names the row.

    Notes
    -----
    The sum over objectives of the gap between a row's two neighbours in the front, divided by the
    front's range in that objective [1]_. All fronts are measured at once, with one radix sort per
    objective: O(m n) time for any number of fronts, O(m n log n) where most values agree in their
    leading bits. Memory is O(n), O(m n) with more than one thread. The bits of the result do not
    depend on `threads`.

    On a GPU the same sorts are the device's, or where there are at most 1024 rows a sorting network
    in one multiprocessor for each problem [2]_. The bits are the same.

    Equal values are ordered by row index, so of several equal extreme rows one is the extreme. An
    objective that is constant on a front contributes nothing and makes no row extreme. Gaps and
    ranges take an infinite value for the front's nearest finite one.

    References
    ----------
    .. [1] K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A fast and elitist multiobjective genetic
       algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6 (2002), doi:10.1109/4235.996017
    .. [2] K. E. Batcher, "Sorting networks and their applications", AFIPS 1968,
       doi:10.1145/1468075.1468121

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.crowding_distance([[0, 4], [1, 2], [3, 1], [4, 0]])
    array([ inf, 1.5 , 1.25,  inf])
    """
    if gpu := gpu_of(F=F, ranks=ranks):
        return gpu.array(gpu.kernels.crowding_distance(F, ranks, gpu.stream))
    problems = as_problems(F, "F")
    fronts = (
        np.zeros(problems.shape[:-1], dtype=np.int32)
        if ranks is None
        else as_ids(ranks, "ranks", ndim=problems.ndim - 1)
    )
    return _core.crowding_distance(problems, fronts, threads)
