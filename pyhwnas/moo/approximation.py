"""Hypervolume from random samples, for many objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_vector, as_whole

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

__all__ = ["hypervolume_approx"]


def hypervolume_approx(
    F: ArrayLike,
    ref_point: ArrayLike,
    n_samples: int,
    seed: int,
    *,
    method: Literal["rays", "box"] = "rays",
    threads: int = 1,
) -> tuple[float, float]:
    """Estimate of the hypervolume from random samples, and its standard error.

    Parameters
    ----------
    F : array_like, shape (n, m)
        Objective values, all minimised; m is from 1 to 1000. Infinities are allowed, NaN is not.
    ref_point : array_like, shape (m,)
        Rows that are not below it in every objective contribute nothing.
    n_samples : int
        From 2 to 2**40 - 1; some hundred thousand are usual. The time is proportional to it.
    seed : int
        From 0 to 2**64 - 1. The same seed gives the same bits, whatever `threads` is and whatever
        vector instructions the machine has.
    method : {"rays", "box"}, default "rays"
        Rays from the reference point, or points in the box around the dominated region. Rays have
        the smaller error, the more so the more objectives.
    threads : int, default 1
        At least 1; at most 16 are of use below two million samples.

    Returns
    -------
    value : float
        Without bias. 0 without rows; infinity where the volume is.
    standard_error : float
        Estimated from 16 or more independent parts. ``(value - exact) / standard_error`` follows
        about a t distribution of 15 degrees of freedom: in 95 of 100 cases the volume is within
        2.13 standard errors. From fewer than a thousand samples, or where a few rays carry most of
        the volume, it tends to be too small.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits, or integers.
    ValueError
        If shapes do not fit, a value is NaN (the message names the row), or an argument is out of
        its range.

    Notes
    -----
    In polar coordinates around the reference point the volume is that of a ball times the mean of
    ``rho(w)**m`` over directions w, where ``rho(w)`` is the largest over rows of the least
    ``(ref_point - F) / w`` [1]_. Sides are measured in units of the longest one in each objective.
    The ball may be any: of ``|x|_2 <= 1`` (as in [1]_), ``|x|_1 <= 1`` and ``|x|_inf <= 1`` a pilot
    with 3/64 of the samples chooses the one from whose directions ``rho**m`` varies least, if there
    are at least 1024. "box" is the mean of "dominated or not" over the box.

    Samples are points of randomly shifted lattices [2]_ of a power of two points each, at most
    65536, 16 or more lattices; up to the last lattice's worth of samples is not used. The shifts
    are a 64-bit hash [3]_ of seed, lattice and objective.

    O(n_samples n m) time for n non-dominated rows, and that of `nondominated_mask`; O(n m) memory.
    Exact volumes of up to five objectives take less time: see `hypervolume`.

    References
    ----------
    .. [1] J. Deng, Q. Zhang, "Approximating hypervolume and hypervolume contributions using polar
       coordinate", IEEE Trans. Evol. Comput. 23 (2019), doi:10.1109/TEVC.2019.2895108
    .. [2] R. Cranley, T. N. L. Patterson, "Randomization of number theoretic methods for multiple
       integration", SIAM J. Numer. Anal. 13 (1976), doi:10.1137/0713071
    .. [3] G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
       OOPSLA 2014, doi:10.1145/2660193.2660195

    Examples
    --------
    >>> from pyhwnas import moo
    >>> value, error = moo.hypervolume_approx([[1, 3], [2, 2], [3, 1]], [4, 4], 10_000, seed=0)
    >>> abs(value - 6) < 4 * error < 0.1
    True
    """
    return _core.hypervolume_approx(
        as_matrix(F, "F"),
        as_vector(ref_point, "ref_point"),
        _in_range(n_samples, "n_samples", 2, (1 << 40) - 1),
        _in_range(seed, "seed", 0, (1 << 64) - 1),
        _is_box(method),
        threads,
    )


def _in_range(value: int, name: str, low: int, high: int) -> int:
    number = as_whole(value, name)
    if not low <= number <= high:
        raise ValueError(f"{name} must be from {low} to {high}, got {number}")
    return number


def _is_box(method: str) -> bool:
    if method not in ("rays", "box"):
        raise ValueError(f"method must be 'rays' or 'box', got {method!r}")
    return method == "box"
