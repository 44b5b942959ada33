"""How a long job tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from pyhwnas import latency

__all__ = ["Advance", "Progress", "rounds"]

Advance: TypeAlias = Callable[[int, int | None, str], None]


class Progress(Protocol):
    """Where a long job tells how far it is."""

    def say(self, text: str) -> None:
        """Tell one thing."""
        ...

    def stage(self, name: str) -> AbstractContextManager[Advance]:
        """Open a stage; its callable takes how much is done, of how much, and a short note."""
        ...


def rounds(at: latency.Progress) -> tuple[int, int, str]:
    """Count the rounds of all timing processes, as `Advance` takes them."""
    done = (at.process - 1) * at.rounds + at.done
    return done, at.processes * at.rounds, f"process {at.process} of {at.processes}"
