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
    F : array_like, shape (n, m)
        Objective values, all minimised; m is at least 1. Dominated and equal rows change nothing.
    ref_point : array_like, shape (m,)
        Rows that are not below it in every objective contribute nothing.
    threads : int, default 1
        At least 1; used from four objectives on.

    Returns
    -------
    float
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
    Sweeps for up to three objectives. From four on, the sum of exclusive volumes of limited sets
    with one objective sliced off per level [1]_, whose time grows exponentially with m: meant for
    up to five objectives, or few rows.

    References
    ----------
    .. [1] L. While, L. Bradstreet, L. Barone, "A fast way of calculating exact hypervolumes", IEEE
       Trans. Evol. Comput. 16 (2012), doi:10.1109/TEVC.2010.2077298

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.hypervolume([[1, 3], [2, 2], [3, 1]], ref_point=[4, 4])
    6.0
    """
    volumes = _core.hypervolume(as_problems(F, "F"), as_vector(ref_point, "ref_point"), threads)
    return float(volumes) if volumes.ndim == 0 else volumes


def hypervolume_contributions(
    F: ArrayLike, ref_point: ArrayLike, *, threads: int = 1
) -> NDArray[np.float64]:
    """Volume that is lost without each row."""
    return _core.hypervolume_contributions(
        as_matrix(F, "F"), as_vector(ref_point, "ref_point"), threads
    )
