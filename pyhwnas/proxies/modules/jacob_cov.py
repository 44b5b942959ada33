"""Jacobian covariance: how differently an untrained network reacts to different images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.proxies.modules.batch import as_images
from pyhwnas.proxies.modules.borrow import borrowed

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

__all__ = ["jacob_cov"]

SHIFT = 1e-5
"""Keeps the logarithm of a vanishing eigenvalue finite."""


def jacob_cov(model: Module, images: Tensor | npt.ArrayLike, *, seed: int = 0) -> float:
    """Score the correlations between the images' input gradients.

    With J the gradient of the sum of all outputs by the input, one row an image, and l the
    eigenvalues of the rows' correlation matrix: ``-sum(log(l + k) + 1 / (l + k))``, k = 1e-5.

    Parameters
    ----------
    model : torch.nn.Module
        Takes the images and returns one tensor; comes back as it was.
    images : array_like or torch.Tensor of float, shape (n >= 2, channels, height, width)
        Scores of different numbers of images do not compare.
    seed : int
        Of whatever the module draws, for dropout say.

    Returns
    -------
    float
        Higher is better; NaN where a row of J is constant, as it is without a path.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If the images do not fit or a weight is not finite.

    Notes
    -----
    Training mode. Correlations and eigenvalues are taken in float64, of a matrix that is exactly
    symmetric, and eigenvalues are at least 0; the published codes take them in float32 from a
    general solver, which may return complex ones.

    References
    ----------
    Mellor et al., 2020, version 1 of https://doi.org/10.48550/arXiv.2006.04647;
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q
    """
    torch = require("torch", extra="torch")
    with borrowed(model, training=True, seed=seed) as module:
        x = as_images(images, module, at_least=2).requires_grad_()
        output = module(x)
        if not output.requires_grad:
            return float("nan")
        (jacobian,) = torch.autograd.grad(
            output, x, torch.ones_like(output), materialize_grads=True
        )
        rows = jacobian.flatten(1).to("cpu", torch.float64).numpy()
    return _spread(rows)


def _spread(rows: npt.NDArray[np.float64]) -> float:
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1))
    if not (np.isfinite(length).all() and (length > 0).all()):
        return float("nan")
    unit = centred / length[:, None]
    correlations = np.clip(unit @ unit.T, -1.0, 1.0)
    values = np.linalg.eigvalsh((correlations + correlations.T) / 2).clip(min=0.0) + SHIFT
    return -float((np.log(values) + 1.0 / values).sum())
