"""Zen: how much a network's feature map moves when its input moves a little."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyhwnas._optional import require
from pyhwnas.proxies.modules.borrow import Borrowed, borrowed

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Module

__all__ = ["zen"]

STEP = 1e-2
"""Size of the noise that is added to the noise."""


def zen(
    model: Module,
    input_shape: tuple[int, ...],
    *,
    repeats: int = 32,
    batch: int = 16,
    seed: int = 0,
) -> float:
    """Compute the Zen score, a mean over random weights and inputs.

    Weights of convolutions and linear layers and an input x are drawn from N(0, 1). With F the
    last feature map before global pooling and s the standard deviation that a batch
    normalisation divides by: ``log mean|F(x) - F(x + 0.01 z)| + sum(log s)``, the first mean over
    images of a sum over elements, s the root of the mean variance of the layer's channels.

    Parameters
    ----------
    model : torch.nn.Module
        Comes back as it was.
    input_shape : tuple of int
        Of one input, without batch axis: (channels, height, width).
    repeats : int
        Draws of weights and inputs.
    batch : int
        Inputs of each draw, at least 2.
    seed : int
        Of weights and inputs.

    Returns
    -------
    float
        Higher is better; NaN where it is not finite: where no path leads to the feature map, or a
        deep network without batch normalisation leaves the range of its numbers.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If the sizes are too small or a weight is not finite.

    Notes
    -----
    Training mode, biases zero, batch normalisation as new; its variances are those of the batch x
    itself, which takes a momentum of 1. The feature map is what enters the last pooling over a
    whole map (the module's output, if there is none). Residual connections stay in place; the
    published code leaves them out of its own networks. Scores of different sizes of the input do
    not compare.

    References
    ----------
    Lin et al., 2021, https://doi.org/10.1109/ICCV48922.2021.00040
    """
    torch = require("torch", extra="torch")
    if repeats < 1 or batch < 2:
        raise ValueError(f"zen: expected repeats >= 1 and batch >= 2, got {repeats} and {batch}")
    with borrowed(model, training=True, seed=seed) as module, torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        scores = []
        for _ in range(repeats):
            _draw(torch, module, generator)
            scores.append(_movement(torch, module, (batch, *input_shape), generator))
    mean = sum(scores) / repeats
    return mean if math.isfinite(mean) else math.nan


def _draw(torch: Any, model: Borrowed, generator: Generator) -> None:
    """Draw new weights, and make biases and batch normalisation as new."""
    for weight in model.weights:
        weight.copy_(torch.randn(weight.shape, generator=generator))
    for path, part in model.module.named_modules():
        norm = isinstance(part, torch.nn.modules.batchnorm._BatchNorm)
        if not norm and part not in model.layers.values():
            continue
        bias = model.tensors.get(f"{path}.bias")
        if bias is not None:
            bias.zero_()
        scale = model.tensors.get(f"{path}.weight")
        if norm and scale is not None:
            scale.fill_(1)


def _movement(torch: Any, model: Borrowed, shape: tuple[int, ...], generator: Generator) -> float:
    x = torch.randn(shape, generator=generator).to(model.like)
    noise = torch.randn(shape, generator=generator).to(model.like)
    moved = _features(model, x + STEP * noise)
    log_deviations: list[float] = []
    with _deviations(torch, model, log_deviations):
        features = _features(model, x)
    distance = float((features - moved).double().abs().flatten(1).sum(1).mean())
    return math.log(distance) + sum(log_deviations) if distance > 0 else -math.inf


def _features(model: Borrowed, x: Tensor) -> Tensor:
    """Return what enters the last pooling over a whole map, else the module's output."""
    from pyhwnas.proxies.modules.watch import Watch, pools_a_map  # they subclass torch's classes

    found: list[Tensor] = []

    def see(operation: Any, arguments: tuple[Any, ...]) -> None:
        if pools_a_map(operation, arguments):
            found[:] = [arguments[0]]

    with Watch(see):
        output = model(x)
    return found[0] if found else output


@contextmanager
def _deviations(torch: Any, model: Borrowed, found: list[float]) -> Iterator[None]:
    """List the logarithm of the root of the mean variance that enters each batch normalisation."""

    def measure(_: Module, inputs: tuple[Tensor, ...]) -> None:
        variance = inputs[0].double().transpose(0, 1).flatten(1).var(1).mean()
        found.append(0.5 * math.log(float(variance)) if variance > 0 else -math.inf)

    kind = torch.nn.modules.batchnorm._BatchNorm
    parts = [part for part in model.module.modules() if isinstance(part, kind)]
    handles = [part.register_forward_pre_hook(measure) for part in parts]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
