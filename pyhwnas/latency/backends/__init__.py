"""Runtimes that latencies are measured on, and what one has to offer."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pyhwnas.networks import Network, Unit

__all__ = ["Clock", "Encoded", "Feeds", "LatencyBackend", "Runner", "address", "from_address"]

Feeds = Mapping[str, npt.NDArray[np.float32]]
"""Input arrays of a model by name, batch axis first."""

Runner = Callable[..., object]
"""One inference with inputs and outputs already in place; its duration is what is measured.
Under the clock ``"runner"`` it is given a number of bytes to write first where caches are to be
cold, 0 where they are to be warm, and returns the duration itself in nanoseconds."""

Clock = Literal["cpu", "process", "wall", "runner"]
"""What a duration is read from: CPU time of the calling thread, CPU time of the whole process (for
runtimes that compute on a thread of their own), the wall clock, or the runner's own word."""


class Encoded(NamedTuple):
    """A model as a backend's `load` reads it, and the shapes of its inputs by name."""

    model: bytes
    inputs: Mapping[str, tuple[int, ...]]


@runtime_checkable
class LatencyBackend(Protocol):
    """A runtime that can load models and run them.

    An implementation is a dataclass that can be imported by name and whose fields are plain JSON
    values: measurements happen in other processes, which build the backend anew from them. There
    only `load` and the properties are asked for, possibly on a device that has nothing but Python
    and the runtime; `encode` is called where networks are known, in a child process, since
    compilers crash. A backend whose `encode` runs none, and merely writes the network down, spares
    that process with ``encodes_here = True``.
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

    @property
    def clock(self) -> Clock:
        """What durations are read from."""
        ...

    @property
    def execution(self) -> Mapping[str, str]:
        """What else is decided about the way models run, in the runtime's own words.

        Which provider, how far graphs are optimised, layouts, whether idle threads spin; kept in
        every table's protocol.
        """
        ...

    def version(self) -> str:
        """Version of the runtime, part of a device's identity."""
        ...

    def encode(self, graph: Unit | Network | bytes, batch: int) -> Encoded:
        """Write a model in a form that `load` reads.

        Parameters
        ----------
        graph : Unit, Network or bytes
            Bytes are a serialised ONNX model.
        batch : int
            Inputs per inference, where a model leaves it free.

        Returns
        -------
        Encoded
        """
        ...

    def load(self, model: bytes, feeds: Feeds) -> Runner:
        """Prepare a model; raises any exception if the runtime refuses it.

        Parameters
        ----------
        model : bytes
            What `encode` wrote.
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
    if kind.__module__ == "__main__":
        raise TypeError(
            f"backend: expected a class that other processes can import, got {kind.__name__} of "
            "the script or notebook that runs; put it into a module of its own"
        )
    settings = dataclasses.asdict(fields)
    return {"module": kind.__module__, "name": kind.__name__, "settings": settings}


def from_address(place: Mapping[str, Any]) -> LatencyBackend:
    """Build a backend from what `address` returned."""
    made: LatencyBackend = getattr(importlib.import_module(place["module"]), place["name"])(
        **place["settings"]
    )
    return made
