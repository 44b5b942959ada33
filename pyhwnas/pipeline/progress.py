"""How a long job tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from pyhwnas import latency

__all__ = ["Advance", "Progress", "Timing"]

DISTURBED = 0.2
"""Share of readings at an unusual speed from which on the person at the device is told."""

Advance: TypeAlias = Callable[[int, int | None, str], None]


class Progress(Protocol):
    """Where a long job tells how far it is."""

    def say(self, text: str) -> None:
        """Tell one thing."""
        ...

    def stage(self, name: str) -> AbstractContextManager[Advance]:
        """Open a stage; its callable takes how much is done, of how much, and a short note."""
        ...


class Timing:
    """Tells where a measurement stands: rounds done, and what is prepared between them.

    Parameters
    ----------
    advance : callable
        Of a `Progress.stage`.
    """

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._rounds: tuple[int, int | None] = (0, None)

    def rounds(self, at: latency.Progress) -> None:
        """Count the rounds of all timing processes and say how steady they are."""
        self._rounds = (at.process - 1) * at.rounds + at.done, at.processes * at.rounds
        notes = [f"process {at.process} of {at.processes}", f"{at.active} unsettled"]
        if at.spread is not None:
            notes.append(f"±{100 * at.spread:.1f} %")
        if at.disturbed > DISTURBED:
            notes.append(f"{100 * at.disturbed:.0f} % disturbed: close other programs")
        self._advance(*self._rounds, ", ".join(notes))

    def step(self, at: latency.Step) -> None:
        """Say what is being prepared; the rounds stay as they are."""
        self._advance(*self._rounds, f"{at.doing}: {at.done} of {at.total}")
