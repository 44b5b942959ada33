"""How far a set is from a reference set, or from the ideal point."""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_vector
from pyhwnas._gpu import gpu_of
from pyhwnas.moo.simplex import das_dennis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["epsilon_additive", "epsilon_multiplicative", "igd", "igd_plus", "r2"]


def igd(F: ArrayLike, R: ArrayLike, *, threads: int = 1) -> float | NDArray[np.float64]:
    """Inverted generational distance: mean distance of the rows of R to F.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, finite; n and m are at least 1. An array of torch, CuPy
        or JAX on a GPU is worked on there; `R` then lies there too.
    R : array_like, shape (r, m)
        Reference set, finite; r is at least 1.
    threads : int, default 1
        At least 1.

    Returns
    -------
    float
        Mean over the rows of R of the Euclidean distance to the nearest row of F; 0 where each row
        of R is one of F. An array of shape () on the GPU if `F` lies on one.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit, a set is empty, or a value is infinite or NaN; the message names the
        row. (The distance between two infinite values is not defined.)

    Notes
    -----
    Proposed in [1]_. Not Pareto-compliant: a dominated set can have the smaller value; see
    `igd_plus`.

    The rows of F lie in a k-d tree, and eight rows of R that lie close together search it at once.
    O((n + r) log n) time for two or three objectives, where few rows are met; the share of rows met
    grows with m, up to O(n r m), vectorised. O((n + r) m) memory. The values are scaled by a power
    of two where their squares would overflow or vanish. No approximation.

    References
    ----------
    .. [1] C. A. Coello Coello, M. Reyes Sierra, "A study of the parallelization of a coevolutionary
       multi-objective evolutionary algorithm", MICAI 2004, doi:10.1007/978-3-540-24694-7_71

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.igd([[0, 4], [3, 0]], [[0, 0], [0, 4]])
    1.5
    """
    if gpu := gpu_of(F=F, R=R):
        return gpu.number(gpu.kernels.igd(F, R, gpu.stream))
    return _core.igd(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def igd_plus(F: ArrayLike, R: ArrayLike, *, threads: int = 1) -> float | NDArray[np.float64]:
    """Inverted generational distance plus: how far, on average, F is from dominating a row of R.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised, finite; n and m are at least 1. An array of
        torch, CuPy or JAX on a GPU is worked on there; `R` then lies there too.
    R : array_like, shape (r, m)
        Reference set, finite; r is at least 1.
    threads : int, default 1
        At least 1.

    Returns
    -------
    float
        Mean over the rows of R of the Euclidean distance to the nearest row of F, where only those
        objectives count in which the row of F is larger; 0 where F weakly dominates R. An array of
        shape () on the GPU if `F` lies on one.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit, a set is empty, or a value is infinite or NaN; the message names the
        row.

    Notes
    -----
    Weakly Pareto-compliant [1]_: no set that is weakly dominated by another has the smaller value.
    Time and memory are those of `igd`, on a GPU too; rows of R that F dominates are found without a
    search where they are many.

    References
    ----------
    .. [1] H. Ishibuchi, H. Masuda, Y. Tanigaki, Y. Nojima, "Modified distance calculation in
       generational distance and inverted generational distance", EMO 2015,
       doi:10.1007/978-3-319-15892-1_8

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.igd_plus([[0, 4], [3, 0]], [[0, 0], [0, 4], [5, 1]])
    1.0
    """
    if gpu := gpu_of(F=F, R=R):
        return gpu.number(gpu.kernels.igd_plus(F, R, gpu.stream))
    return _core.igd_plus(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def epsilon_additive(
    F: ArrayLike, R: ArrayLike, *, threads: int = 1
) -> float | NDArray[np.float64]:
    """Least shift after which F weakly dominates R.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised, finite; n and m are at least 1. An array of
        torch, CuPy or JAX on a GPU is worked on there; `R` then lies there too.
    R : array_like, shape (r, m)
        Reference set, finite; r is at least 1.
    threads : int, default 1
        At least 1.

    Returns
    -------
    float
        The least e such that every row of R is weakly dominated by some row of F - e; negative
        where F is better everywhere. Exactly the difference of two of the values, as it is rounded.
        An array of shape () on the GPU if `F` lies on one.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit, a set is empty, or a value is infinite or NaN; the message names the
        row.

    Notes
    -----
    The largest over R of the least over F of the largest difference [1]_. Most rows of R are
    settled by one row of F that is found in a grid, or by a handful that settle many, because their
    shift is no larger than the largest one known; the others compare with all rows of F, or where
    they are many search a k-d tree of F as in `igd`. O((n + r) log n) time for few objectives and
    O(n r m) at worst, O((n + r) m) memory. On a GPU all pairs of rows are compared; the value is
    the same.

    References
    ----------
    .. [1] E. Zitzler, L. Thiele, M. Laumanns, C. M. Fonseca, V. Grunert da Fonseca, "Performance
       assessment of multiobjective optimizers: an analysis and review", IEEE Trans. Evol. Comput. 7
       (2003), doi:10.1109/TEVC.2003.810758

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.epsilon_additive([[1, 4], [3, 1]], [[0, 3], [3, 0]])
    1.0
    """
    if gpu := gpu_of(F=F, R=R):
        return gpu.number(gpu.kernels.epsilon_additive(F, R, gpu.stream))
    return _core.epsilon_additive(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def epsilon_multiplicative(
    F: ArrayLike, R: ArrayLike, *, threads: int = 1
) -> float | NDArray[np.float64]:
    """Least divisor after which F weakly dominates R.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised, positive and finite; n and m are at least 1. An
        array of torch, CuPy or JAX on a GPU is worked on there; `R` then lies there too.
    R : array_like, shape (r, m)
        Reference set, positive and finite; r is at least 1.
    threads : int, default 1
        At least 1.

    Returns
    -------
    float
        The least e such that every row of R is weakly dominated by some row of F / e; below 1 where
        F is better everywhere. Exactly the quotient of two of the values, as it is rounded. An
        array of shape () on the GPU if `F` lies on one.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit, a set is empty, or a value is not positive and finite; the message
        names the row.

    Notes
    -----
    The largest over R of the least over F of the largest quotient [1]_. Time and memory are those
    of `epsilon_additive`.

    References
    ----------
    .. [1] E. Zitzler, L. Thiele, M. Laumanns, C. M. Fonseca, V. Grunert da Fonseca, "Performance
       assessment of multiobjective optimizers: an analysis and review", IEEE Trans. Evol. Comput. 7
       (2003), doi:10.1109/TEVC.2003.810758

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.epsilon_multiplicative([[1, 4], [3, 1]], [[1, 2], [3, 1]])
    2.0
    """
    if gpu := gpu_of(F=F, R=R):
        return gpu.number(gpu.kernels.epsilon_multiplicative(F, R, gpu.stream))
    return _core.epsilon_multiplicative(as_matrix(F, "F"), as_matrix(R, "R"), threads)


def r2(
    F: ArrayLike, ideal: ArrayLike, weights: ArrayLike | None = None, *, threads: int = 1
) -> float:
    """Unary R2: mean over weights of the least weighted Tchebycheff distance from the ideal point.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, finite; n and m are at least 1.
    ideal : array_like, shape (m,)
        Finite; usually no larger than F in any objective. Distances to either side count.
    weights : array_like, shape (w, m), optional
        Not negative, finite; w is at least 1. They are used as they are, not normalised. Without
        them: the simplex lattice of Das and Dennis [2]_, all vectors of m multiples of 1 / h that
        add up to 1, with the largest h that gives at most 500 vectors:

        === === === === === === === === ===
        m    2   3   4   5   6   8  10  20
        h   499 30  12   8   6   4   3   2
        w   500 496 455 495 462 330 220 210
        === === === === === === === === ===
    threads : int, default 1
        At least 1.

    Returns
    -------
    float
        Mean over weights w of the least over rows f of ``max(w * abs(f - ideal))``. Smaller is
        better.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits.
    ValueError
        If shapes do not fit, a set is empty, a value is infinite or NaN, or a weight is negative;
        the message names the row.

    Notes
    -----
    R2 [1]_ with weighted Tchebycheff functions in its unary form [3]_; weakly Pareto-compliant.
    Time and memory are those of `igd`, with weights in the place of R.

    References
    ----------
    .. [1] M. P. Hansen, A. Jaszkiewicz, "Evaluating the quality of approximations to the
       non-dominated set", Technical University of Denmark, IMM-REP-1998-7
    .. [2] I. Das, J. E. Dennis, "Normal-boundary intersection", SIAM J. Optim. 8 (1998),
       doi:10.1137/S1052623496307510
    .. [3] D. Brockhoff, T. Wagner, H. Trautmann, "On the properties of the R2 indicator", GECCO
       2012, doi:10.1145/2330163.2330230

    Examples
    --------
    >>> from pyhwnas import moo
    >>> moo.r2([[0, 2], [2, 0]], ideal=[0, 0], weights=[[0.5, 0.5], [1, 0]])
    0.5
    """
    values = as_matrix(F, "F")
    directions = (
        _simplex_lattice(max(values.shape[1], 1))
        if weights is None
        else as_matrix(weights, "weights")
    )
    return _core.r2(values, as_vector(ideal, "ideal"), directions, threads)


@lru_cache(maxsize=16)
def _simplex_lattice(m: int, most: int = 500) -> NDArray[np.float64]:
    divisions = 1
    # One objective has one weight, however many divisions.
    while m > 1 and comb(divisions + m, m - 1) <= most:
        divisions += 1
    lattice = das_dennis(m, divisions)
    lattice.setflags(write=False)
    return lattice
