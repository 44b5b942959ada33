"""How much memory a network needs for its feature maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from pyhwnas import _core
from pyhwnas.history import Floats, Ints
from pyhwnas.networks import plan_of
from pyhwnas.objectives.counts import check_bytes
from pyhwnas.problem import Cost, Sense
from pyhwnas.spaces import Space

__all__ = ["PeakMemory"]


@dataclass(frozen=True)
class PeakMemory:
    """Megabytes of feature maps that a network has to hold at once, without its weights.

    Operations run one after the other in the order of the plan. A map is held from the operation
    that writes it to the last one that reads it; batch normalisation and activations overwrite
    their input where nothing else reads it later, all other operations write beside theirs. This
    is what limits a microcontroller, and what a runtime that plans its memory comes near to; one
    that keeps several buffers for speed needs more.

    Parameters
    ----------
    space : Space
        A space with a plan.
    bytes_per_value : int
        4 for float32, 2 for float16, 1 for int8.
    batch : int
        Inputs of one inference.
    threads : int
        For computing. Values do not depend on it.

    Notes
    -----
    O(operations) for a network, in C++. NaN where there is no path from input to output.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> PeakMemory(space)(space.all()[:2])
    array([0.262144, 0.32768 ])
    """

    space: Space
    bytes_per_value: int = 4
    batch: int = 1
    threads: int = field(default=1, kw_only=True)
    name: ClassVar[str] = "peak_memory_mb"
    unit: ClassVar[str] = "MB"
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "cheap"

    def __post_init__(self) -> None:
        check_bytes(self.bytes_per_value)
        if self.batch < 1:
            raise ValueError(f"batch: expected at least 1, got {self.batch}")

    def __call__(self, X: Ints) -> Floats:
        """Count for whole populations, float64[n]."""
        ids = np.ascontiguousarray(self.space.unit_ids(X, live=True))
        peaks: Floats = _core.peak_memory(plan_of(self.space).program, ids, self.threads)
        return peaks * (self.batch * self.bytes_per_value / 1e6)
