"""A space of nine networks that are timed in no time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pyhwnas.networks import (
    INPUT,
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    Conv,
    GlobalAvgPool,
    Linear,
    Plan,
    Slot,
    chain,
)
from pyhwnas.spaces import Gene, PlainSpace

SHAPE = (8, 8, 8)
CONV = chain(SHAPE, Activation("relu"), Conv(8, 3), BatchNorm())
POOL = chain(SHAPE, AvgPool(3, padding=1))


@dataclass(frozen=True)
class Toy(PlainSpace):
    """Two edges side by side, each absent, identity, convolution or pooling, and their sum."""

    name = "toy"
    genes = (Gene("left", 4), Gene("right", 4))

    @property
    def plan(self) -> Plan:
        stem = chain((3, 8, 8), Conv(8, 3), BatchNorm())
        head = chain(SHAPE, GlobalAvgPool(), Linear(10))
        edges = (chain(SHAPE), CONV, POOL)
        return Plan(
            (
                Slot("stem", (INPUT,), (stem,)),
                Slot("left", (0,), edges),
                Slot("right", (0,), edges),
                Slot.joining("sum", (1, 2), Add(), SHAPE),
                Slot("head", (3,), (head,)),
            )
        )

    def unit_ids(self, X, *, live=False):
        zeros = np.zeros(len(X), dtype=np.int64)
        choices = np.stack([zeros, X[:, 0] - 1, X[:, 1] - 1, zeros, zeros], axis=1)
        return self.plan.unit_ids(choices, live=live)


ALL = np.array([[i, j] for i in range(4) for j in range(4)])
