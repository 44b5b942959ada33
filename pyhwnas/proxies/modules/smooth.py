"""Activations that torch differentiates once, written so that it differentiates them twice.

Imported where it is used: its class is made of torch's.
"""

from __future__ import annotations

from typing import Any

from pyhwnas._optional import require

__all__ = ["TwiceDifferentiable"]

torch = require("torch", extra="torch")
Mode: Any = require("torch.overrides", extra="torch").TorchFunctionMode
functional = torch.nn.functional


class TwiceDifferentiable(Mode):  # type: ignore[misc]
    """Runs the hard sigmoid as ``relu6(x + 3) / 6``, which is the same."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is functional.hardsigmoid:
            value = functional.relu6(args[0] + 3) / 6
            return args[0].copy_(value) if (kwargs or {}).get("inplace") else value
        return func(*args, **(kwargs or {}))
