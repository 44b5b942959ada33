"""ZiCo: how large and how steady gradients are from one mini-batch to the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.proxies.modules.batch import as_images, as_labels, cross_entropy
from pyhwnas.proxies.modules.borrow import borrowed

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

__all__ = ["zico"]


def zico(
    model: Module,
    images: Tensor | npt.ArrayLike,
    labels: Tensor | npt.ArrayLike,
    *,
    batches: int = 2,
    seed: int = 0,
) -> float:
    """Sum over layers of ``log(sum(mean|g| / std(g)))``, over mini-batches and then weights.

    Parameters
    ----------
    model : torch.nn.Module
        Takes the images and returns logits; comes back as it was.
    images : array_like or torch.Tensor of float, shape (n, channels, height, width)
        Cut into the mini-batches in their order.
    labels : array_like or torch.Tensor of int, shape (n,)
    batches : int
        Number of mini-batches, at least 2 and a divisor of n.
    seed : int
        Of whatever the module draws, for dropout say.

    Returns
    -------
    float
        Higher is better; NaN where it is not finite or no layer has a gradient that varies.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If images, labels and logits do not fit, or a weight is not finite.

    Notes
    -----
    Mean cross entropy in training mode, its gradients g by the weights of convolutions and linear
    layers. A weight whose gradient is the same in all mini-batches is left out, and so is a layer
    of such weights. With two mini-batches the deviation is ``|g1 - g2| / 2``. All gradients of all
    mini-batches are held at once.

    References
    ----------
    Li et al., 2023, https://openreview.net/forum?id=rwo-ls5GqGn
    """
    torch = require("torch", extra="torch")
    with borrowed(model, training=True, seed=seed) as module:
        x = as_images(images, module, at_least=2)
        y = as_labels(labels, x)
        if batches < 2 or len(x) % batches:
            raise ValueError(
                f"batches: expected at least 2 and a divisor of {len(x)} images, got {batches}"
            )
        found = []
        for part, classes in zip(x.chunk(batches), y.chunk(batches), strict=True):
            loss = cross_entropy(module, part, classes)
            if not loss.requires_grad:
                return math.nan
            found.append(torch.autograd.grad(loss, module.weights, materialize_grads=True))
        layers = [_steadiness(torch.stack(layer).double()) for layer in zip(*found, strict=True)]
    ratios = [layer for layer in layers if layer != 0]
    score = sum(map(math.log, ratios)) if ratios else math.nan
    return score if math.isfinite(score) else math.nan


def _steadiness(gradients: Tensor) -> float:
    """Sum ``mean|g| / std(g)`` over the weights whose gradient varies; 0 where none does."""
    varies = gradients.amax(0) > gradients.amin(0)
    deviation = gradients.std(0, correction=0)
    ratio = gradients.abs().mean(0) / deviation
    return float(ratio[varies | deviation.isnan()].sum())
