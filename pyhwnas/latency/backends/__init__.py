"""Runtimes that latencies are measured on, and what one has to offer."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

__all__ = ["Feeds", "LatencyBackend", "Runner", "address", "from_address"]

Feeds: TypeAlias = Mapping[str, npt.NDArray[np.float32]]
"""Input arrays of a model by name, batch axis first."""

Runner: TypeAlias = Callable[[], object]
"""One inference with inputs and outputs already in place; its duration is what is measured."""


@runtime_checkable
class LatencyBackend(Protocol):
    """A runtime that can load an ONNX model and run it.

    An implementation is a dataclass that can be imported by name and whose fields are plain JSON
    values: measurements happen in child processes, which build the backend anew from them.
    """

    @property
    def name(self) -> str:
        """Short name of the runtime, part of a device's identity."""
        ...

    @property
    def threads(self) -> int:
        """Threads that one inference runs on."""
        ...

    @property
    def precision(self) -> str:
        """Precision that is executed, not merely the one of the model's tensors."""
        ...

    def version(self) -> str:
        """Version of the runtime, part of a device's identity."""
        ...

    def load(self, model: bytes, feeds: Feeds) -> Runner:
        """Prepare a model; raises any exception if the runtime refuses it.

        Parameters
        ----------
        model : bytes
            A serialised ONNX model.
        feeds : mapping of str to ndarray of float32
            All of its inputs.

        Returns
        -------
        callable
            Runs one inference to its end. Dropping it frees the model.
        """
        ...


def address(backend: LatencyBackend) -> dict[str, Any]:
    """Describe how another process builds the same backend: its class and its fields."""
    fields: Any = backend
    kind = type(backend)
    if not hasattr(kind, "__dataclass_fields__") or "." in kind.__qualname__:
        raise TypeError(
            f"backend: expected an instance of a dataclass at the top of a module, got {kind}"
        )
    settings = dataclasses.asdict(fields)
    return {"module": kind.__module__, "name": kind.__name__, "settings": settings}


def from_address(place: Mapping[str, Any]) -> LatencyBackend:
    """Build a backend from what `address` returned."""
    made: LatencyBackend = getattr(importlib.import_module(place["module"]), place["name"])(
        **place["settings"]
    )
    return made
