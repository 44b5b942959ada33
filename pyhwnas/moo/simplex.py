"""Directions spread evenly over the simplex."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["das_dennis"]


def das_dennis(m: int, partitions: int) -> NDArray[np.float64]:
    """Spread directions evenly over the simplex.

    Parameters
    ----------
    m : int
        Number of objectives.
    partitions : int
        Coordinates are multiples of ``1 / partitions``.

    Returns
    -------
    ndarray of float64, shape (comb(partitions + m - 1, m - 1), m)
        Rows are not negative and sum to 1.

    References
    ----------
    Das and Dennis, 1998, https://doi.org/10.1137/S1052623496307510

    Examples
    --------
    >>> das_dennis(2, 2)
    array([[0. , 1. ],
           [0.5, 0.5],
           [1. , 0. ]])
    """
    # Each way to write `partitions` as an ordered sum: bars among that many stars.
    bars = list(itertools.combinations(range(partitions + m - 1), m - 1))
    edges = np.pad(np.array(bars).reshape(len(bars), m - 1), ((0, 0), (1, 1)))
    edges[:, 0], edges[:, -1] = -1, partitions + m - 1
    spread: NDArray[np.float64] = (np.diff(edges, axis=1) - 1) / partitions
    return spread
