"""What can be counted on a network: multiply-accumulates, parameters and their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from pyhwnas import _core, networks
from pyhwnas.history import Floats, Ints
from pyhwnas.networks import Plan, plan_of
from pyhwnas.problem import Cost, Sense
from pyhwnas.spaces import Space

__all__ = ["Macs", "ModelSize", "Params", "check_bytes"]


@dataclass(frozen=True)
class _Count:
    """A sum over the units of a network."""

    space: Space
    name: ClassVar[str]
    unit: ClassVar[str] = ""
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "cheap"
    _count: ClassVar[staticmethod[[Plan], Floats]]

    @cached_property
    def _of_unit(self) -> Floats:
        return type(self)._count(plan_of(self.space))

    def __call__(self, X: Ints) -> Floats:
        """Count for whole populations, float64[n]."""
        counts: Floats = _core.gather_sum(self._of_unit, self.space.unit_ids(X), 1)
        return counts


class Macs(_Count):
    """Multiply-accumulates of one inference, as published: parts that never run count too.

    Parameters
    ----------
    space : Space
        A space with a plan.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> float(Macs(space)(space.all()[:1])[0])
    15647360.0
    """

    name = "macs"
    _count = staticmethod(networks.unit_macs)


class Params(_Count):
    """Trainable parameters, as published: parts that never run count too.

    Parameters
    ----------
    space : Space
        A space with a plan.
    """

    name = "params"
    _count = staticmethod(networks.unit_params)


@dataclass(frozen=True)
class ModelSize:
    """Megabytes of a network's parameters.

    Running statistics of batch normalisation, which a runtime folds into the convolutions, and
    the file around the numbers are not counted. As `Params`, parts that never run are.

    Parameters
    ----------
    space : Space
        A space with a plan.
    bytes_per_value : int
        4 for float32, 2 for float16, 1 for int8.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> float(ModelSize(space)(space.all()[:1])[0])
    0.517224
    """

    space: Space
    bytes_per_value: int = 4
    name: ClassVar[str] = "model_size_mb"
    unit: ClassVar[str] = "MB"
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "cheap"

    def __post_init__(self) -> None:
        check_bytes(self.bytes_per_value)

    def __call__(self, X: Ints) -> Floats:
        """Count for whole populations, float64[n]."""
        return self.bytes_per_value * Params(self.space)(X) / 1e6


def check_bytes(count: int) -> None:
    """Refuse a number of bytes that no value has."""
    if count not in (1, 2, 4, 8):
        raise ValueError(f"bytes_per_value: expected 1, 2, 4 or 8, got {count}")
