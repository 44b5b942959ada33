"""Hypervolume: how much of objective space a set of rows dominates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_problems, as_vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["hypervolume", "hypervolume_contributions"]


def hypervolume(
    F: ArrayLike, ref_point: ArrayLike, *, threads: int = 1
) -> float | NDArray[np.float64]:
    """Volume of the region that the rows dominate, up to the reference point.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised; m is from 1 to 1000. Dominated and equal rows change
        nothing. Three dimensions are a batch of b problems with one reference point.
    ref_point : array_like, shape (m,)
        Rows that are not below it in every objective contribute nothing.
    threads : int, default 1
        At least 1; used for batches, and by limited sets (see Notes).

    Returns
    -------
    float or ndarray of float64, shape (b,)
        Exact up to rounding; 0 without rows. Infinity where a row that is below the reference
        point is infinitely far from it in some objective.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit or a value is NaN; the message names the row.

    Notes
    -----
    ======  =============================================  ==============  ==============
    m       method                                         time            space
    ======  =============================================  ==============  ==============
    1       minimum                                        O(n)            O(n)
    2       sort and sweep                                 O(n log n)      O(n)
    3       sweep with a staircase in ranks [1]_           O(n log n)      O(n)
    4       sweep with local bounds of three sides [2]_    O(n^2)          O(n)
    5       sweep with local bounds of four sides [2]_     O(n^3) at worst O(n^2) at worst
    more    exclusive volumes of limited sets [3]_         exponential     O(n m^2)
    ======  =============================================  ==============  ==============

    Six objectives go by limited sets up to 250 rows, and by bounds of five sides above.

    On a smooth front with five objectives the number of bounds grows about as n, and time as n^2.

    All terms of the sums are positive, so up to five objectives no digits are lost by cancellation.
    The result has the same bits for any `threads`. Up to rounding it does not depend on the order
    of the rows.

    References
    ----------
    .. [1] C. M. Fonseca, L. Paquete, M. Lopez-Ibanez, "An improved dimension-sweep algorithm for
       the hypervolume indicator", CEC 2006, doi:10.1109/CEC.2006.1688440
    .. [2] R. Lacour, K. Klamroth, C. M. Fonseca, "A box decomposition algorithm to compute the
       hypervolume indicator", Comput. Oper. Res. 79 (2017), doi:10.1016/j.cor.2016.06.021
    .. [3] L. While, L. Bradstreet, L. Barone, "A fast way of calculating exact hypervolumes", IEEE
       Trans. Evol. Comput. 16 (2012), doi:10.1109/TEVC.2010.2077298

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.hypervolume([[1, 3], [2, 2], [3, 1]], ref_point=[4, 4])
    6.0
    >>> moo.hypervolume([[[1, 3], [2, 2]], [[3, 3], [3, 3]]], ref_point=[4, 4])
    array([5., 1.])
    """
    volumes = _core.hypervolume(as_problems(F, "F"), as_vector(ref_point, "ref_point"), threads)
    return float(volumes) if volumes.ndim == 0 else volumes


def hypervolume_contributions(
    F: ArrayLike, ref_point: ArrayLike, *, threads: int = 1
) -> NDArray[np.float64]:
    """Volume of what each row alone dominates, which is what the hypervolume loses without it.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised; m is from 1 to 1000.
    ref_point : array_like, shape (m,)
        Rows that are not below it in every objective contribute nothing.
    threads : int, default 1
        At least 1; used where there are more than five objectives.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 for rows that are dominated, that occur twice, or that are not below the reference point.
        A row that only one other dominates takes its part from that one. Never negative, never NaN:
        infinity where the region of a row alone is endless. Sides of infinite length count as
        equally long.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit or a value is NaN; the message names the row.

    Notes
    -----
    Up to five objectives all rows at once, in one sweep over the last objective. It keeps what
    exactly one row dominates as disjoint cells, each with its owner [1]_: intervals between two
    staircases for three objectives, cells of a box decomposition [2]_ for four and five. O(n log n)
    time up to three objectives and O(n^2) for four, in O(n) space; as `hypervolume` for five. Cells
    only ever add to a contribution. So small contributions are as precise as large ones, up to the
    rounding of ``ref_point - F``.

    More objectives: what each row shares with the others is a limited set [3]_, and n of them take
    n times the time of `hypervolume` at worst. A contribution is then rounded relative to the
    row's own volume.

    References
    ----------
    .. [1] M. T. M. Emmerich, C. M. Fonseca, "Computing hypervolume contributions in low dimensions:
       asymptotically optimal algorithm and complexity results", EMO 2011,
       doi:10.1007/978-3-642-19893-9_9
    .. [2] R. Lacour, K. Klamroth, C. M. Fonseca, "A box decomposition algorithm to compute the
       hypervolume indicator", Comput. Oper. Res. 79 (2017), doi:10.1016/j.cor.2016.06.021
    .. [3] L. While, L. Bradstreet, L. Barone, "A fast way of calculating exact hypervolumes", IEEE
       Trans. Evol. Comput. 16 (2012), doi:10.1109/TEVC.2010.2077298

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.hypervolume_contributions([[1, 3], [2, 2], [2.5, 2.5]], ref_point=[4, 4])
    array([1.  , 1.25, 0.  ])
    """
    return _core.hypervolume_contributions(
        as_matrix(F, "F"), as_vector(ref_point, "ref_point"), threads
    )
