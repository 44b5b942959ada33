"""Latency and energy as a table predicts them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from pyhwnas.history import Floats, Ints
from pyhwnas.latency import LatencyTable
from pyhwnas.problem import Cost, Sense
from pyhwnas.spaces import Space

__all__ = ["Energy", "Latency"]


class _Table(Protocol):
    def predict(self, space: Space, X: Ints) -> Floats: ...


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one inference on a device, predicted from its latency table.

    Parameters
    ----------
    space : Space
        A space with a plan.
    table : LatencyTable
        Measured with ``pyhwnas profile``, or any object with ``predict(space, X)``.
    name : str
        Of the objective; several devices in one problem need several names.
    """

    space: Space
    table: _Table
    name: str = field(default="latency_ms", kw_only=True)
    unit: ClassVar[str] = "ms"
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "cheap"

    def __call__(self, X: Ints) -> Floats:
        """Predict for whole populations, float64[n]."""
        return self.table.predict(self.space, X)


@dataclass(frozen=True)
class Energy:
    """Millijoules of one inference on a device, predicted from its table.

    Parameters
    ----------
    space : Space
        A space with a plan.
    table : LatencyTable
        Measured with ``pyhwnas profile --energy``.
    name : str
        Of the objective; several devices in one problem need several names.
    """

    space: Space
    table: LatencyTable
    name: str = field(default="energy_mj", kw_only=True)
    unit: ClassVar[str] = "mJ"
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "cheap"

    def __call__(self, X: Ints) -> Floats:
        """Predict for whole populations, float64[n]."""
        return self.table.predict_energy(self.space, X)
