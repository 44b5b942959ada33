"""Hypervolume and contributions from random samples, for many objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_problems, as_vector, as_whole
from pyhwnas._gpu import gpu_of

if TYPE_CHECKING:
    from typing import Any, Literal

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from pyhwnas._gpu import Gpu

__all__ = ["hypervolume_approx", "hypervolume_contributions_approx"]


def hypervolume_approx(
    F: ArrayLike,
    ref_point: ArrayLike,
    n_samples: int,
    seed: int,
    *,
    method: Literal["rays", "box"] = "rays",
    threads: int = 1,
) -> tuple[float, float] | tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate of the hypervolume from random samples, and its standard error.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised; m is from 1 to 1000. Infinities are allowed, NaN is not.
        Three dimensions are a batch of b problems with one reference point and one seed. An array
        of torch, CuPy or JAX on a GPU is worked on there.
    ref_point : array_like, shape (m,)
        Rows that are not below it in every objective contribute nothing. Numbers of the CPU will do
        where `F` lies on a GPU.
    n_samples : int
        From 2 to 2**40 - 1; some hundred thousand are usual. The time is proportional to it.
    seed : int
        From 0 to 2**64 - 1. The same seed gives the same bits, whatever `threads` is and whatever
        vector instructions the machine has.
    method : {"rays", "box"}, default "rays"
        Rays from the reference point, or points in the box around the dominated region. Rays have
        the smaller error, the more so the more objectives.
    threads : int, default 1
        At least 1; at most 16 are of use below two million samples. They share one problem, or the
        problems of a batch.

    Returns
    -------
    value : float or ndarray of float64, shape (b,)
        Without bias. 0 without rows; infinity where the volume is. If `F` lies on a GPU, this and
        the error are arrays there, of shape () for one problem.
    standard_error : float or ndarray of float64, shape (b,)
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
    On a GPU the samples and the bits of the result are the same.

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
    n_samples, seed, box = _checked_samples(n_samples), _checked_seed(seed), _is_box(method)
    gpu, point = _gpu_and_point(F, ref_point)
    if gpu:
        value, error = gpu.kernels.hypervolume_approx(F, point, n_samples, seed, box, gpu.stream)
        return gpu.array(value), gpu.array(error)
    values, errors = _core.hypervolume_approx(
        as_problems(F, "F"), point, n_samples, seed, box, threads
    )
    return (values, errors) if values.ndim else (float(values), float(errors))


def hypervolume_contributions_approx(
    F: ArrayLike, ref_point: ArrayLike, n_samples: int, seed: int, *, threads: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate of what each row alone dominates, from random rays, and its standard error.

    Parameters
    ----------
    F : array_like, shape (n, m) or (b, n, m)
        Objective values, all minimised; m is from 1 to 1000. NaN is not allowed. Three dimensions
        are a batch of b problems with one reference point and one seed. An array of torch, CuPy or
        JAX on a GPU is worked on there.
    ref_point : array_like, shape (m,)
        Rows that are not below it in every objective contribute nothing; of all others it must be
        a finite distance away.
    n_samples : int
        From 2 to 2**40 - 1 rays for all rows together. The time is proportional to it.
    seed : int
        From 0 to 2**64 - 1. The same seed gives the same bits, whatever `threads` is and whatever
        vector instructions the machine has.
    threads : int, default 1
        At least 1; at most 16 to 31 are of use. They share one problem, or the problems of a batch.

    Returns
    -------
    values : ndarray of float64, shape (n,) or (b, n)
        Without bias: see `hypervolume_contributions` for what it estimates. 0 for a row that no ray
        found alone. If `F` lies on a GPU, this and the errors are arrays there.
    standard_errors : ndarray of float64, shape (n,) or (b, n)
        Estimated from 16 to 31 independent parts, as in `hypervolume_approx`. Too small where few
        rays meet a row: 0 where none does.

    Raises
    ------
    TypeError
        If the arguments do not hold real numbers of at most 64 bits, or integers.
    ValueError
        If shapes do not fit, a value is NaN (the message names the row), an argument is out of its
        range, or a row within the reference point is infinitely far from it.

    Notes
    -----
    A ray from the reference point leaves the boxes of all rows, one after the other; between the
    last but one and the last it is in the last row's box alone [1]_. So each ray adds
    ``rho_1**m - rho_2**m`` to one row, and all contributions cost what one volume costs. The rays
    are those of `hypervolume_approx` with the same seed.

    The error is relative to the whole volume more than to a row's own: a contribution of a
    thousandth of it is met by few rays. `hypervolume_contributions` is exact, and fast up to five
    objectives.

    O(n_samples n m) time for n rows that at most one other dominates, and that of
    `dominance_counts`; O(n m) memory. On a GPU the rays and the bits of the result are the same.

    References
    ----------
    .. [1] J. Deng, Q. Zhang, "Approximating hypervolume and hypervolume contributions using polar
       coordinate", IEEE Trans. Evol. Comput. 23 (2019), doi:10.1109/TEVC.2019.2895108

    Examples
    --------
    >>> from pyhwnas import moo
    >>> values, errors = moo.hypervolume_contributions_approx(
    ...     [[1, 3], [2, 2], [2.5, 2.5]], [4, 4], 10_000, seed=0
    ... )
    >>> values.round(2).tolist()
    [1.0, 1.25, 0.0]
    """
    n_samples, seed = _checked_samples(n_samples), _checked_seed(seed)
    gpu, point = _gpu_and_point(F, ref_point)
    if gpu:
        values, errors = gpu.kernels.hypervolume_contributions_approx(
            F, point, n_samples, seed, gpu.stream
        )
        return gpu.array(values), gpu.array(errors)
    return _core.hypervolume_contributions_approx(
        as_problems(F, "F"), point, n_samples, seed, threads
    )


def _gpu_and_point(F: ArrayLike, ref_point: ArrayLike) -> tuple[Gpu | None, Any]:
    """Return the GPU that F lies on, if it does; and the point, there or as numbers of the CPU."""
    if gpu_of(ref_point=ref_point):
        return gpu_of(F=F, ref_point=ref_point), ref_point
    return gpu_of(F=F), as_vector(ref_point, "ref_point")


def _checked_samples(n_samples: int) -> int:
    return _in_range(n_samples, "n_samples", 2, (1 << 40) - 1)


def _checked_seed(seed: int) -> int:
    return _in_range(seed, "seed", 0, (1 << 64) - 1)


def _in_range(value: int, name: str, low: int, high: int) -> int:
    number = as_whole(value, name)
    if not low <= number <= high:
        raise ValueError(f"{name} must be from {low} to {high}, got {number}")
    return number


def _is_box(method: str) -> bool:
    if method not in ("rays", "box"):
        raise ValueError(f"method must be 'rays' or 'box', got {method!r}")
    return method == "box"
