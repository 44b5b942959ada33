"""Operations of a running module, whether its parts are modules or functions.

Imported where it is used: its class is made of torch's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyhwnas._optional import require

__all__ = ["Watch", "enters_a_layer", "enters_a_rectifier", "pools_a_map"]

torch = require("torch", extra="torch")
Mode: Any = require("torch.utils._python_dispatch", extra="torch").TorchDispatchMode
aten = torch.ops.aten

CONVOLUTIONS_AND_NORMS = {
    aten.convolution,
    aten.native_batch_norm,
    aten._native_batch_norm_legit,
    aten._batch_norm_with_update,
    aten.cudnn_batch_norm,
    aten.miopen_batch_norm,
}
PRODUCTS = {aten.addmm: 1, aten.mm: 0}
"""Linear layers, and which argument is their input."""

RECTIFIERS = {
    aten.relu,
    aten.hardtanh,
    aten.hardswish,
    aten.silu,
    aten.gelu,
    aten.leaky_relu,
    aten._prelu_kernel,
    aten.elu,
    aten.mish,
}
ACTIVATIONS = RECTIFIERS | {aten.hardsigmoid, aten.sigmoid, aten.tanh, aten.softplus}
POOLS = {
    aten.max_pool2d_with_indices,
    aten.avg_pool2d,
    aten._adaptive_avg_pool2d,
    aten.adaptive_max_pool2d,
}


class Watch(Mode):  # type: ignore[misc]
    """Calls a function with every operation and its arguments before it runs."""

    def __init__(self, see: Callable[[Any, tuple[Any, ...]], None]) -> None:
        super().__init__()
        self.see = see

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.see(func, args)
        return func(*args, **(kwargs or {}))


def enters_a_rectifier(operation: Any, arguments: tuple[Any, ...]) -> Any:
    """Return what enters an activation that keeps or rounds off positive numbers, or None."""
    return arguments[0] if _named(operation) in RECTIFIERS else None


def enters_a_layer(operation: Any, arguments: tuple[Any, ...]) -> Any:
    """Return what enters a convolution, linear layer, batch norm, activation or pooling, or None.

    For a linear layer that is its input, not its bias.
    """
    packet = _named(operation)
    if packet in PRODUCTS:
        return arguments[PRODUCTS[packet]]
    if packet in CONVOLUTIONS_AND_NORMS or packet in ACTIVATIONS or packet in POOLS:
        return arguments[0]
    return arguments[0] if pools_a_map(operation, arguments) else None


def _named(operation: Any) -> Any:
    """Return the name that an operation has in all its forms, in place or not."""
    packet = operation.overloadpacket
    return IN_PLACE.get(packet, packet)


def pools_a_map(operation: Any, arguments: tuple[Any, ...]) -> bool:
    """Tell whether an operation pools whole maps of (n, channels, height, width)."""
    x = arguments[0] if arguments else None
    if not isinstance(x, torch.Tensor) or x.ndim != 4:
        return False
    packet, rest = operation.overloadpacket, arguments[1:]
    if packet is aten.mean:
        return bool(rest) and sorted(axis % 4 for axis in rest[0] or ()) == [2, 3]
    if packet in (aten._adaptive_avg_pool2d, aten.adaptive_max_pool2d):
        return tuple(rest[0]) == (1, 1)
    if packet in (aten.avg_pool2d, aten.max_pool2d_with_indices):
        return tuple(rest[0]) == tuple(x.shape[2:])
    return False


IN_PLACE = {
    getattr(aten, f"{packet.__name__}_"): packet
    for packet in ACTIVATIONS
    if hasattr(aten, f"{packet.__name__}_")
}
