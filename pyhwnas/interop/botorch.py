"""Hypervolume and first front of torch tensors, as BoTorch has them: every objective maximised."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pyhwnas import moo
from pyhwnas._optional import require
from pyhwnas.history import Bools, Floats

__all__ = ["hypervolume", "is_non_dominated"]


def hypervolume(Y: Any, ref_point: Any) -> Any:
    """Volume that the rows dominate, down to the reference point, all objectives maximised.

    Parameters
    ----------
    Y : torch.Tensor, shape (..., n, m)
        Floating-point outcomes. Unlike BoTorch's, they may hold dominated rows, at no cost in the
        result, and batches.
    ref_point : torch.Tensor or array_like, shape (m,)
        Rows that are not above it in every objective contribute nothing.

    Returns
    -------
    torch.Tensor, shape (...)
        Of the dtype and on the device of `Y`; without gradient. Computed in float64.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    TypeError
        If `Y` is not a tensor of floating-point numbers.
    ValueError
        If shapes do not fit or a value is NaN.

    Notes
    -----
    Equal to ``botorch.utils.multi_objective.hypervolume.Hypervolume(ref_point).compute(Y)`` up to
    rounding; see `moo.hypervolume` for the algorithm. A tensor on another device than the CPU is
    copied to it and the result back.

    Examples
    --------
    >>> from pyhwnas.interop import botorch
    >>> import torch
    >>> Y = torch.tensor([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]])
    >>> botorch.hypervolume(Y, ref_point=torch.zeros(2))
    tensor(6.)
    >>> botorch.hypervolume(torch.stack([Y, 2 * Y]), ref_point=[0.0, 0.0])
    tensor([ 6., 24.])
    """
    torch = require("torch", extra="torch")
    batch, shape = _as_batch(torch, Y)
    reference = -np.asarray(
        ref_point.detach().cpu() if isinstance(ref_point, torch.Tensor) else ref_point,
        dtype=np.float64,
    )
    if reference.shape != (batch.shape[-1],):
        raise ValueError(
            f"ref_point must have {batch.shape[-1]} values, one for each objective of Y, "
            f"got shape {reference.shape}"
        )
    volumes = moo.hypervolume(-batch, reference)
    return torch.as_tensor(volumes).to(dtype=Y.dtype, device=Y.device).reshape(shape[:-1])


def is_non_dominated(Y: Any, maximize: bool = True, deduplicate: bool = True) -> Any:
    """Which rows no other row dominates.

    Parameters
    ----------
    Y : torch.Tensor, shape (..., n, m)
        Outcomes, floating-point or integer; compared as float64.
    maximize : bool, default True
        Whether all objectives are maximised, or all minimised.
    deduplicate : bool, default True
        Whether only the first of equal rows is kept.

    Returns
    -------
    torch.Tensor of bool, shape (..., n)
        On the device of `Y`. False for rows that hold NaN.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    TypeError
        If `Y` is not a tensor of real numbers.
    ValueError
        If `Y` has fewer than two dimensions, or no objectives.

    Notes
    -----
    Equal to ``botorch.utils.multi_objective.pareto.is_non_dominated``, which compares all pairs
    of rows; see `moo.nondominated_mask` for the algorithm here. Rows with NaN are False as
    BoTorch documents it; BoTorch 0.18 returns True for them with ``deduplicate=False``. A tensor
    on another device than the CPU is copied to it and the result back.

    Examples
    --------
    >>> from pyhwnas.interop import botorch
    >>> import torch
    >>> Y = torch.tensor([[1.0, 4.0], [2.0, 2.0], [1.0, 1.0], [2.0, 2.0]])
    >>> botorch.is_non_dominated(Y)
    tensor([ True,  True, False, False])
    """
    torch = require("torch", extra="torch")
    batch, shape = _as_batch(torch, Y, integers=True)
    F = -batch if maximize else batch
    mask = _mask(F, keep_equal=not deduplicate)
    return torch.as_tensor(mask).to(device=Y.device).reshape(shape)


def _as_batch(torch: Any, Y: Any, *, integers: bool = False) -> tuple[Floats, tuple[int, ...]]:
    """Tensor as float64[b, n, m] on the CPU, and its shape without the last axis."""
    if not isinstance(Y, torch.Tensor):
        raise TypeError(f"Y must be a torch.Tensor, got {type(Y).__name__}")
    if not Y.is_floating_point() and (not integers or Y.is_complex() or Y.dtype == torch.bool):
        kind = "real" if integers else "floating-point"
        raise TypeError(f"Y must hold {kind} numbers, got {Y.dtype}")
    if Y.ndim < 2 or not Y.shape[-1]:
        raise ValueError(
            "Y must have a shape of (..., n, m): rows of at least one objective, "
            f"got {tuple(Y.shape)}"
        )
    batch = Y.detach().to(device="cpu", dtype=torch.float64)
    # Not -1: torch cannot tell the number of problems without rows.
    n_problems = math.prod(Y.shape[:-2])
    return batch.reshape(n_problems, *Y.shape[-2:]).numpy(), tuple(Y.shape[:-1])


def _mask(F: Floats, *, keep_equal: bool) -> Bools:
    """Non-dominated rows of each problem, where those with NaN dominate nothing."""
    missing: Bools = np.logical_or.reduce(np.isnan(F), axis=-1)
    if not missing.any():
        return moo.nondominated_mask(F, keep_equal=keep_equal)
    mask = np.zeros(F.shape[:-1], dtype=np.bool_)
    for problem, rows, found in zip(F, ~missing, mask, strict=True):
        found[rows] = moo.nondominated_mask(problem[rows], keep_equal=keep_equal)
    return mask
