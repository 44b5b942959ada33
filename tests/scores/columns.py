"""Objectives that can be told to misbehave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from pyhwnas.spaces import NATSSize, Space

SPACE = NATSSize()


@dataclass(frozen=True)
class Column:
    """A function of single rows, and a list of how many were asked for at a time."""

    of_row: Callable[[np.ndarray], float]
    name: str = "mine"
    unit: str = "mJ"
    space: Space = SPACE
    asked: list[int] = field(default_factory=list, compare=False)
    sense: ClassVar[Literal["min", "max"]] = "max"
    cost: ClassVar[Literal["cheap", "expensive"]] = "cheap"

    def __call__(self, X: np.ndarray) -> np.ndarray:
        self.asked.append(len(X))
        return np.array([self.of_row(x) for x in X], dtype=np.float64)

    def describe(self) -> str:
        return self.name


def third(x: np.ndarray) -> float:
    """Has no short decimal form."""
    return float(x.sum()) / 3


def picky(x: np.ndarray) -> float:
    """Fails on some networks, and has no number for others."""
    if x[0] == 1:
        raise RuntimeError("first line\nout of luck")
    return (np.nan, -np.inf, np.inf)[x[1]] if x[1] < 3 else 1.0
