"""A small space with a plan, and objectives that can be told to misbehave."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pyhwnas.errors import DeviceError
from pyhwnas.networks import INPUT, Activation, BatchNorm, Conv, Plan, Slot, chain
from pyhwnas.spaces import Gene, PlainSpace, as_genotypes

SHAPE = (4, 8, 8)


@dataclass(frozen=True)
class Toy(PlainSpace):
    """Four layers with three kernel sizes each: 81 networks."""

    layers: int = 4
    name = "toy"

    @property
    def genes(self):
        return tuple(Gene(f"kernel{i}", 3, ordinal=True) for i in range(self.layers))

    @cached_property
    def plan(self):
        kernels = tuple(
            chain(SHAPE, Conv(4, k), BatchNorm(), Activation("relu")) for k in (1, 3, 5)
        )
        return Plan(tuple(Slot(f"layer{i}", (i - 1,), kernels) for i in range(self.layers)))

    def unit_ids(self, X, *, live=False):
        return self.plan.unit_ids(as_genotypes(self, X), live=live)


assert INPUT == -1


@dataclass(frozen=True)
class Mean:
    """An expensive objective: a weighted mean of genes, or what it is told to do instead."""

    space: Toy = field(default_factory=Toy)
    name: str = "quality"
    sense: str = "max"
    unit: str = "%"
    cost: str = "expensive"
    nan_at: int | None = None
    raise_at: int | None = None
    kill_at: int | None = None
    infinite_at: int | None = None
    seed: int = 0

    def __call__(self, X):
        codes = X @ 3 ** np.arange(X.shape[1])
        if self.raise_at in codes:
            raise RuntimeError(f"no luck with {self.raise_at}")
        if self.kill_at in codes:
            import os

            os._exit(9)
        values = np.sin(codes + self.seed) * 10 + X.mean(axis=1)
        values[codes == self.nan_at] = np.nan
        values[codes == self.infinite_at] = -np.inf
        return values


def code(x):
    """The number that the settings of `Mean` refer to."""
    return int(np.asarray(x) @ 3 ** np.arange(len(x)))


def same(history, other, order=True):
    """Whether two histories are equal bit for bit, times aside."""
    names = ("X", "values", "F", "failed", "violation", "batch", "keys")
    if not order:
        a, b = np.argsort(history.keys), np.argsort(other.keys)
    else:
        a = b = slice(None)
    pairs = zip(history.batches, other.batches, strict=False)
    return (
        all(getattr(history, n)[a].tobytes() == getattr(other, n)[b].tobytes() for n in names)
        and len(history.batches) == len(other.batches)
        and all(p.X.tobytes() == q.X.tobytes() for p, q in pairs)
        and [bool(e) for e in history.errors] == [bool(e) for e in other.errors]
    )


def unplugged(network):
    """Fail as an objective on a device that cannot be reached."""
    raise DeviceError("the board is unplugged")
