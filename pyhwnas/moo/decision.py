"""Which networks of a front to take: where it bends, or nearest to what is wished for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyhwnas._arrays import as_matrix, as_vector

__all__ = ["by_preference", "by_trade_off"]

NEIGHBOURHOOD = 0.125
"""Radius around a row, in ranges of the front; as published."""

AUGMENTATION = 1e-4
"""Weight of the sum beside the maximum, so that no weakly dominated row wins."""


def by_trade_off(F: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Order a front by how much leaving each row costs.

    Parameters
    ----------
    F : array_like of float, shape (n, m)
        A front: rows that do not dominate each other, minimised, finite.

    Returns
    -------
    ndarray of int64, shape (n,)
        All rows, the sharpest bend first; of equals the first one.

    Notes
    -----
    Axes are scaled to the range of the front. To go from a row to a neighbour sacrifices the sum
    of what gets worse and gains the sum of what gets better. A row's trade-off is its least ratio
    of sacrifice to gain over all neighbours within 0.125, and over the nearest row in any case.
    O(n^2 m).

    References
    ----------
    Rachmawati and Srinivasan, 2009, https://doi.org/10.1109/TEVC.2009.2017515;
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3

    Examples
    --------
    >>> int(by_trade_off([[0, 10], [1, 9], [2, 1], [3, 0.9], [4, 0.8]])[0])
    2
    """
    Z = _scaled(as_matrix(F, "F"))
    n = len(Z)
    step = Z[None] - Z[:, None]  # [from, to]
    sacrifice = np.maximum(step, 0.0).sum(axis=2)
    gain = np.maximum(-step, 0.0).sum(axis=2)
    away = np.linalg.norm(step, axis=2)
    np.fill_diagonal(away, np.inf)
    near = away <= NEIGHBOURHOOD
    if n > 1:
        near[np.arange(n), away.argmin(axis=1)] = True
    # No gain at all: nobody would go there.
    ratio = np.divide(sacrifice, gain, out=np.full((n, n), np.inf), where=gain > 0)
    trade_off = np.where(near, ratio, np.inf).min(axis=1, initial=np.inf)
    return np.argsort(-trade_off, kind="stable")


def by_preference(F: npt.ArrayLike, wish: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Order a front by how near rows come to what is wished for.

    Parameters
    ----------
    F : array_like of float, shape (n, m)
        A front, minimised, finite.
    wish : array_like of float, shape (m,)
        Values of all objectives, minimised; they need not be reachable.

    Returns
    -------
    ndarray of int64, shape (n,)
        All rows, the best first; of equals the first one.

    Raises
    ------
    ValueError
        If `wish` has not one finite value for each objective.

    Notes
    -----
    The augmented achievement scalarising function, ``max_i z_i + 1e-4 sum_i z_i``, where
    ``z_i`` is how much worse a row is than wished for, in ranges of the front.

    References
    ----------
    Wierzbicki, 1980, https://doi.org/10.1007/978-3-642-48782-8_32

    Examples
    --------
    >>> by_preference([[0, 4], [1, 2], [4, 0]], wish=[0, 2]).tolist()
    [1, 0, 2]
    """
    matrix, target = as_matrix(F, "F"), as_vector(wish, "wish")
    if target.shape != matrix.shape[1:] or not np.isfinite(target).all():
        raise ValueError(
            f"wish: expected one finite value for each of {matrix.shape[1]} objectives, "
            f"got {target.tolist()}"
        )
    worse = (matrix - target) / _span(matrix)
    return np.argsort(worse.max(axis=1) + AUGMENTATION * worse.sum(axis=1), kind="stable")


def _span(F: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    span = np.ptp(F, axis=0) if len(F) else np.ones(F.shape[1])
    return np.where(span > 0, span, 1.0)


def _scaled(F: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    low = F.min(axis=0) if len(F) else np.zeros(F.shape[1])
    scaled: npt.NDArray[np.float64] = (F - low) / _span(F)
    return scaled
