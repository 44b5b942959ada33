"""A problem to compare optimizers on, loaded by its file's name."""

from __future__ import annotations

from dataclasses import dataclass

from search.toy import Mean

from pyhwnas import Problem, objectives, spaces
from pyhwnas.optimizers import Random

SPACE = spaces.NASBench201()


def problem() -> Problem:
    return Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)), ref_point=(-11.0, 230e6))


def unbounded() -> Problem:
    """The same without a reference point."""
    return Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)))


def tiny() -> Problem:
    """Five networks."""
    from search.toy import Toy

    return Problem(Toy(1), (Mean(Toy(1)),))


def number() -> int:
    return 3


@dataclass(frozen=True)
class Mine(Random):
    """An optimizer of one's own."""

    pace: float = 1.0
