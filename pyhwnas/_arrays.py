"""From what users pass to what kernels take: C-contiguous arrays of one dtype.

An array that fits is passed on as it is. Conversions are exact or they are refused.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeGuard

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["as_ids", "as_matrix", "as_problems", "as_vector", "as_whole"]

_FLOAT64 = np.dtype(np.float64)


def as_matrix(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Real numbers as a C-contiguous float64 matrix; a copy only where dtype or layout forces one.

    Parameters
    ----------
    values : array_like, shape (n, m)
        Integers or floating-point numbers of at most 64 bits.
    name : str
        Name of the argument, for messages.

    Returns
    -------
    ndarray of float64, shape (n, m)

    Raises
    ------
    TypeError
        If the values are not real numbers, or wider than float64.
    ValueError
        If there are not two dimensions.
    """
    return _as_floats(values, name, ndim=2)


def as_problems(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Real numbers as one C-contiguous float64 matrix, or as a batch of them; see `as_matrix`.

    Parameters
    ----------
    values : array_like, shape (n, m) or (b, n, m)
        Integers or floating-point numbers of at most 64 bits.
    name : str
        Name of the argument, for messages.

    Returns
    -------
    ndarray of float64, shape (n, m) or (b, n, m)
    """
    if _fits(values) and values.ndim in (2, 3):
        return values
    array = _as_any(values, name)
    if array.ndim not in (2, 3):
        raise ValueError(
            f"{name} must have 2 dimensions, or 3 for a batch, got shape {array.shape}"
        )
    return _as_floats(array, name, ndim=array.ndim)


def as_vector(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Real numbers as a C-contiguous float64 vector; see `as_matrix`."""
    return _as_floats(values, name, ndim=1)


def as_whole(value: SupportsIndex, name: str) -> int:
    """Return a whole number as an int; anything else raises a TypeError that names the argument."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None


def as_ids(values: ArrayLike, name: str, *, ndim: int) -> NDArray[np.int32]:
    """Whole numbers as a C-contiguous int32 array.

    Parameters
    ----------
    values : array_like
        Integers that fit into 32 bits.
    name : str
        Name of the argument, for messages.
    ndim : int
        The number of dimensions it must have.

    Returns
    -------
    ndarray of int32

    Raises
    ------
    TypeError
        If the values are not integers.
    ValueError
        If the number of dimensions differs, or a value does not fit.
    """
    array = _as_array(values, name, ndim=ndim, kinds="iu", expected="integers")
    limits = np.iinfo(np.int32)
    if (
        array.dtype != np.int32
        and array.size
        and (array.min() < limits.min or array.max() > limits.max)
    ):
        raise ValueError(
            f"{name} must fit into 32 bits, got values from {array.min()} to {array.max()}"
        )
    return np.ascontiguousarray(array, dtype=np.int32)


def _fits(values: object) -> TypeGuard[NDArray[np.float64]]:
    """Whether no check or conversion is needed: those take longer than a small kernel."""
    return type(values) is np.ndarray and values.dtype is _FLOAT64 and values.flags.c_contiguous


def _as_floats(values: ArrayLike, name: str, *, ndim: int) -> NDArray[np.float64]:
    if _fits(values) and values.ndim == ndim:
        return values
    array = _as_array(values, name, ndim=ndim, kinds="fiu", expected="real numbers")
    if array.dtype.itemsize > np.dtype(np.float64).itemsize:
        raise TypeError(f"{name} must have at most 64 bits per value, got dtype {array.dtype}")
    if array.dtype.kind in "iu" and array.dtype.itemsize == _FLOAT64.itemsize and array.size:
        _check_exact(array, name)
    return np.ascontiguousarray(array, dtype=np.float64)


def _check_exact(integers: NDArray[Any], name: str) -> None:
    """Refuse integers that float64 may round: two of them could become equal."""
    low, high = int(integers.min()), int(integers.max())
    if max(-low, high) > 1 << 53:
        raise ValueError(f"{name} must hold integers up to 2**53, got values from {low} to {high}")


def _as_array(
    values: ArrayLike, name: str, *, ndim: int, kinds: str, expected: str
) -> NDArray[Any]:
    array = _as_any(values, name)
    if array.ndim != ndim:
        dimensions = "1 dimension" if ndim == 1 else f"{ndim} dimensions"
        raise ValueError(f"{name} must have {dimensions}, got shape {array.shape}")
    # An empty list has no dtype of its own; numpy calls it float64.
    if array.dtype.kind not in kinds and array.size:
        raise TypeError(f"{name} must hold {expected}, got dtype {array.dtype}")
    return array


def _as_any(values: ArrayLike, name: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} must be an array or nested lists of one shape: {error}") from None
