"""Scores from one gradient of the loss: SNIP, gradient norm, plain, Fisher."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.proxies.modules.batch import as_images, as_labels, cross_entropy
from pyhwnas.proxies.modules.borrow import Borrowed, borrowed

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

__all__ = [
    "FROM_ONE_GRADIENT",
    "GradientScore",
    "fisher",
    "grad_norm",
    "gradient_scores",
    "plain",
    "snip",
]

GradientScore: TypeAlias = Literal["snip", "grad_norm", "plain", "fisher"]
"""A score that `gradient_scores` computes."""


def gradient_scores(
    model: Module,
    images: Tensor | npt.ArrayLike,
    labels: Tensor | npt.ArrayLike,
    scores: Sequence[GradientScore] = ("snip", "grad_norm", "plain", "fisher"),
    *,
    seed: int = 0,
) -> dict[GradientScore, float]:
    """Compute several scores from one forward and one backward pass.

    Parameters
    ----------
    model : torch.nn.Module
        Takes the images and returns logits; comes back as it was.
    images : array_like or torch.Tensor of float, shape (n, channels, height, width)
    labels : array_like or torch.Tensor of int, shape (n,)
    scores : sequence of {"snip", "grad_norm", "plain", "fisher"}
        Which; see the functions of these names.
    seed : int
        Of whatever the module draws, for dropout say.

    Returns
    -------
    dict of str to float
        In the given order. Higher is better; NaN where a gradient is not finite.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If images, labels and logits do not fit, or a weight is not finite.

    Notes
    -----
    Mean cross entropy in training mode. The weights W of convolutions and linear layers count,
    frozen ones too, in the module's own precision; sums are in float64. A weight that the loss
    does not reach has gradient 0.

    References
    ----------
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import networks, spaces
    >>> network = networks.build(spaces.NASBench201(resolution=8), [3, 1, 0, 2, 0, 1])
    >>> model = networks.to_torch(network)
    >>> images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    >>> scores = gradient_scores(model, images, [0, 1, 2, 3], ("snip", "plain"))
    >>> list(scores), scores["snip"] > abs(scores["plain"])
    (['snip', 'plain'], True)
    """
    unknown = [score for score in scores if score not in FORMULAS]
    if unknown:
        raise ValueError(f"scores: expected some of {', '.join(FORMULAS)}, got {unknown[0]!r}")
    with borrowed(model, training=True, seed=seed) as module:
        x = as_images(images, module)
        y = as_labels(labels, x)
        found = _gradients(module, x, y, saliency="fisher" in scores)
        return {score: _finite(FORMULAS[score](found)) for score in scores}


def snip(
    model: Module, images: Tensor | npt.ArrayLike, labels: Tensor | npt.ArrayLike, *, seed: int = 0
) -> float:
    """Sum of ``|W * dL/dW|``, what the loss feels of each weight's absence; see `gradient_scores`.

    References
    ----------
    Lee et al., 2019, https://doi.org/10.48550/arXiv.1810.02340
    """
    return gradient_scores(model, images, labels, ("snip",), seed=seed)["snip"]


def grad_norm(
    model: Module, images: Tensor | npt.ArrayLike, labels: Tensor | npt.ArrayLike, *, seed: int = 0
) -> float:
    """Sum over layers of the Euclidean norm of ``dL/dW``; see `gradient_scores`."""
    return gradient_scores(model, images, labels, ("grad_norm",), seed=seed)["grad_norm"]


def plain(
    model: Module, images: Tensor | npt.ArrayLike, labels: Tensor | npt.ArrayLike, *, seed: int = 0
) -> float:
    """Sum of ``W * dL/dW`` with its sign; see `gradient_scores`."""
    return gradient_scores(model, images, labels, ("plain",), seed=seed)["plain"]


def fisher(
    model: Module, images: Tensor | npt.ArrayLike, labels: Tensor | npt.ArrayLike, *, seed: int = 0
) -> float:
    """Sum over weights of their output channel's saliency; see `gradient_scores`.

    Notes
    -----
    The saliency of a channel with activations a is the mean over images of half the square of
    ``sum(a * dL/da)`` over its positions, of a layer that runs several times the sum of that.

    References
    ----------
    Theis et al., 2018, https://doi.org/10.48550/arXiv.1801.05787;
    Turner et al., 2020, https://doi.org/10.48550/arXiv.1906.04113
    """
    return gradient_scores(model, images, labels, ("fisher",), seed=seed)["fisher"]


FROM_ONE_GRADIENT: Mapping[Callable[..., float], GradientScore] = MappingProxyType(
    {snip: "snip", grad_norm: "grad_norm", plain: "plain", fisher: "fisher"}
)
"""The functions whose results one call of `gradient_scores` gives together."""


@dataclass(frozen=True, eq=False)
class _Gradients:
    """Weights and gradients by layer, and each layer's saliency by channel if it was asked for."""

    weights: Sequence[Tensor]
    gradients: Sequence[Tensor]
    saliency: Sequence[Tensor | None]


def _gradients(model: Borrowed, images: Tensor, labels: Tensor, *, saliency: bool) -> _Gradients:
    torch = require("torch", extra="torch")
    found: dict[Module, Tensor] = {}
    with _channel_saliency(model, found if saliency else None):
        loss = cross_entropy(model, images, labels)
        if loss.requires_grad:
            gradients = torch.autograd.grad(loss, model.weights, materialize_grads=True)
        else:  # no weight reaches the output
            gradients = [torch.zeros_like(weight) for weight in model.weights]
    return _Gradients(
        [weight.detach() for weight in model.weights],
        gradients,
        [found.get(layer) for layer in model.layers.values()],
    )


@contextmanager
def _channel_saliency(model: Borrowed, found: dict[Module, Tensor] | None) -> Iterator[None]:
    """Add up the saliency of every layer's channels while gradients pass through its output."""
    if found is None:
        yield
        return
    torch = require("torch", extra="torch")

    def watch(layer: Module, _: Any, output: Tensor) -> None:
        if not output.requires_grad:
            return
        activation = output.detach().clone()  # an operation in place may follow
        channel = activation.ndim - 1 if isinstance(layer, torch.nn.Linear) else 1
        positions = [axis for axis in range(1, activation.ndim) if axis != channel]

        def weigh(gradient: Tensor) -> None:
            product = (activation * gradient).to(torch.float64)
            product = product.sum(positions) if positions else product
            saliency = product.square().mean(0) / 2
            found[layer] = found[layer] + saliency if layer in found else saliency

        hook: Any = output.register_hook
        hook(weigh)

    handles = [layer.register_forward_hook(watch) for layer in model.layers.values()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _snip(found: _Gradients) -> float:
    pairs = zip(found.weights, found.gradients, strict=True)
    return sum(float((w * g).abs().double().sum()) for w, g in pairs)


def _grad_norm(found: _Gradients) -> float:
    return sum(float(gradient.double().norm()) for gradient in found.gradients)


def _plain(found: _Gradients) -> float:
    pairs = zip(found.weights, found.gradients, strict=True)
    return sum(float((w * g).double().sum()) for w, g in pairs)


def _fisher(found: _Gradients) -> float:
    return sum(
        float(channels.sum()) * (weight.numel() / len(channels))
        for weight, channels in zip(found.weights, found.saliency, strict=True)
        if channels is not None
    )


FORMULAS: dict[GradientScore, Callable[[_Gradients], float]] = {
    "snip": _snip,
    "grad_norm": _grad_norm,
    "plain": _plain,
    "fisher": _fisher,
}


def _finite(score: float) -> float:
    return score if math.isfinite(score) else math.nan
