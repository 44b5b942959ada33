"""What a module weighs: parameters, multiply-accumulates, norms of its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas._optional import require
from pyhwnas.proxies.modules.borrow import borrowed

if TYPE_CHECKING:
    from torch.nn import Module

__all__ = ["l2_norm", "macs", "params"]


def params(model: Module) -> int:
    """Count parameters, frozen ones too, shared ones once.

    Parameters
    ----------
    model : torch.nn.Module

    Examples
    --------
    >>> from pyhwnas import networks
    >>> unit = networks.chain((3, 8, 8), networks.Conv(4, 3), networks.BatchNorm())
    >>> model = networks.to_torch(networks.Network.of(unit))
    >>> params(model), macs(model, (3, 8, 8))
    (116, 6912)
    """
    return sum(parameter.numel() for parameter in model.parameters())


def macs(model: Module, input_shape: tuple[int, ...]) -> int:
    """Count the multiply-accumulates of one inference.

    Parameters
    ----------
    model : torch.nn.Module
        Runs once, in evaluation mode; comes back as it was.
    input_shape : tuple of int
        Of one input, without batch axis.

    Raises
    ------
    EvaluationError
        If the module's forward fails.

    Notes
    -----
    Half of what `torch.utils.flop_counter.FlopCounterMode` counts: convolutions and products of
    matrices, attention among them; no biases, normalisation, activations or pooling, like
    `networks.macs`.
    """
    torch = require("torch", extra="torch")
    flops = require("torch.utils.flop_counter", extra="torch")
    counter = flops.FlopCounterMode(display=False)
    with borrowed(model, training=False) as module, torch.no_grad(), counter:
        module(module.like.new_zeros((1, *input_shape)))
    return int(counter.get_total_flops()) // 2


def l2_norm(model: Module) -> float:
    """Sum over convolutions and linear layers of the Euclidean norm of their weights.

    Parameters
    ----------
    model : torch.nn.Module

    Returns
    -------
    float
        Higher is better.

    Raises
    ------
    ValueError
        If there is no such layer or a weight is not finite.

    References
    ----------
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q
    """
    with borrowed(model, training=False) as module:
        return sum(float(weight.detach().double().norm()) for weight in module.weights)
