"""Synflow of a user's module: its weights made positive, one forward pass of dual numbers."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Literal

from pyhwnas._optional import require
from pyhwnas.proxies.modules.borrow import Borrowed, NoRuleError, borrowed

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

__all__ = ["log_synflow", "synflow"]

EPS = 1e-6


def synflow(model: Module, input_shape: tuple[int, ...]) -> float:
    """Compute the natural logarithm of a module's Synflow score.

    With W = |theta| for all parameters, batch normalisation left out and R the sum of the outputs
    for one input of ones, the score is ``sum(|W * dR/dW|)`` over the weights of convolutions and
    linear layers.

    Parameters
    ----------
    model : torch.nn.Module
        Comes back as it was.
    input_shape : tuple of int
        Of one input, without batch axis.

    Returns
    -------
    float
        Higher is better; -inf where no path leads from a weight to the output, NaN where the
        fallback leaves the range of float64.

    Warns
    -----
    UserWarning
        If an operation may mix signs, as layer, group and instance normalisation, softmax and
        subtraction do: the score is then taken by autograd, in plain float64.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If there is no such layer or a weight is not finite.

    Notes
    -----
    As long as nothing falls when a weight grows, the sum is the derivative of R along W, and one
    forward pass of pairs (value, derivative) yields it, without a graph. Both are scaled by
    powers of two on their way, so that no depth overflows. Float64, evaluation mode: dropout and
    the like are off.

    References
    ----------
    Tanaka et al., 2020, https://doi.org/10.48550/arXiv.2006.05467;
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q

    Examples
    --------
    >>> from pyhwnas import networks, spaces
    >>> network = networks.build(spaces.NASBench201(), [3, 1, 0, 2, 0, 1])
    >>> round(synflow(networks.to_torch(network), (3, 32, 32)), 2)
    50.63
    """
    with borrowed(model, training=False, positive=True) as module:
        try:
            return _by_duals(module, input_shape)
        except NoRuleError as error:
            warnings.warn(
                f"synflow: {error} may mix signs in {type(model).__name__}; autograd takes over",
                stacklevel=2,
            )
        pairs = zip(module.weights, _gradients(module, input_shape), strict=True)
        score = sum(float((weight.detach() * gradient).abs().sum()) for weight, gradient in pairs)
    return _log(score)


def log_synflow(
    model: Module, input_shape: tuple[int, ...], *, form: Literal["log1p", "eps"] = "log1p"
) -> float:
    """Sum ``|W * log(dR/dW + c)|``: Synflow with damped gradients.

    Parameters
    ----------
    model : torch.nn.Module
        Comes back as it was.
    input_shape : tuple of int
        Of one input, without batch axis.
    form : {"log1p", "eps"}
        c = 1, as in the authors' code, or c = 1e-6, as in the scores that they published; the
        latter adds 13.8 |W| for every weight that no path uses.

    Returns
    -------
    float
        Higher is better; NaN where it is not finite: gradients beyond float64, or below -c.

    Raises
    ------
    EvaluationError
        If the module's forward fails.
    ValueError
        If the form is another, there is no layer or a weight is not finite.

    Notes
    -----
    W and R as in `synflow`; every weight's own gradient is needed, by autograd in float64.

    References
    ----------
    Cavagnero et al., 2023, https://doi.org/10.1109/WACV56688.2023.00152
    """
    torch = require("torch", extra="torch")
    if form not in ("log1p", "eps"):
        raise ValueError(f"form: expected 'log1p' or 'eps', got {form!r}")
    with borrowed(model, training=False, positive=True) as module:
        score = 0.0
        for weight, gradient in zip(module.weights, _gradients(module, input_shape), strict=True):
            damped = torch.log1p(gradient) if form == "log1p" else torch.log(gradient + EPS)
            score += float((weight.detach() * damped).abs().sum())
    return score if math.isfinite(score) else math.nan


def _by_duals(model: Borrowed, input_shape: tuple[int, ...]) -> float:
    torch = require("torch", extra="torch")
    from pyhwnas.proxies.modules.dual import Dual  # its class is made of torch's

    with torch.no_grad():
        tensors = dict(model.tensors)
        for name in model.layers:
            weight = tensors[name].detach()
            tensors[name] = Dual(weight, weight)
        ones = model.like.new_ones((1, *input_shape))
        output = Borrowed(model.module, tensors, model.layers)(Dual(ones, torch.zeros_like(ones)))
        if not isinstance(output, Dual):
            return -math.inf
        return _log(float(output.tangent.sum())) + output.exponent * math.log(2)


def _gradients(model: Borrowed, input_shape: tuple[int, ...]) -> list[Tensor]:
    torch = require("torch", extra="torch")
    output = model(model.like.new_ones((1, *input_shape)))
    if not output.requires_grad:
        return [torch.zeros_like(weight) for weight in model.weights]
    return list(torch.autograd.grad(output.sum(), model.weights, materialize_grads=True))


def _log(score: float) -> float:
    if score == 0:
        return -math.inf
    return math.log(score) if math.isfinite(score) else math.nan
