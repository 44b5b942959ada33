"""GraSP: what removing weights would do to the flow of gradients."""

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

__all__ = ["grasp"]


def grasp(
    model: Module, images: Tensor | npt.ArrayLike, labels: Tensor | npt.ArrayLike, *, seed: int = 0
) -> float:
    """Sum of ``-W * (H g)``, with H the Hessian and g the gradient of the loss by the weights.

    Parameters
    ----------
    model : torch.nn.Module
        Takes the images and returns logits; comes back as it was.
    images : array_like or torch.Tensor of float, shape (n, channels, height, width)
    labels : array_like or torch.Tensor of int, shape (n,)
    seed : int
        Of whatever the module draws, for dropout say.

    Returns
    -------
    float
        Higher is better; NaN where it is not finite, 0 where no weight reaches the loss.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If images, labels and logits do not fit, or a weight is not finite.

    Notes
    -----
    Mean cross entropy in training mode, weights of convolutions and linear layers. The sign is
    that of Abdelfattah et al., the opposite of what the pruning paper sorts by. One forward pass
    and a backward pass through the backward pass: where the published code runs forward twice to
    the same numbers, one run is kept. Second derivatives lose digits in float32. The hard sigmoid,
    which torch differentiates once, is written as a ReLU6 meanwhile.

    References
    ----------
    Wang et al., 2020, https://doi.org/10.48550/arXiv.2002.07376;
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q
    """
    torch = require("torch", extra="torch")
    from pyhwnas.proxies.modules.smooth import TwiceDifferentiable  # its class is made of torch's

    with borrowed(model, training=True, seed=seed) as module, TwiceDifferentiable():
        x = as_images(images, module)
        loss = cross_entropy(module, x, as_labels(labels, x))
        if not loss.requires_grad:
            return 0.0
        weights = module.weights
        gradients = torch.autograd.grad(loss, weights, create_graph=True, materialize_grads=True)
        curved = [g for g in gradients if g.requires_grad]
        if not curved:
            return 0.0
        products = torch.autograd.grad(
            curved, weights, [g.detach() for g in curved], materialize_grads=True
        )
        pairs = zip(weights, products, strict=True)
        score = -sum(float((w.detach() * hg).double().sum()) for w, hg in pairs)
    return score if math.isfinite(score) else math.nan
