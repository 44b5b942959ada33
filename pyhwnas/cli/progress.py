"""What a person sees while a long job runs."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

if TYPE_CHECKING:
    from pyhwnas.pipeline import Advance

__all__ = ["Plain", "Quiet", "Rich", "progress_for"]


class Quiet:
    """Says nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        """Show nothing."""
        yield lambda done, total, note: None


class Plain:
    """Lines on standard error, for logs and pipes: the first, then one in ten seconds at most."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        """Print where the stage stands from time to time."""
        start = time.monotonic()
        shown = -math.inf

        def advance(done: int, total: int | None, note: str) -> None:
            nonlocal shown
            if time.monotonic() - shown >= 10:
                shown = time.monotonic()
                of = "" if total is None else f"/{total}"
                self.say(f"{name}: {done}{of}{f', {note}' if note else ''}")

        yield advance
        self.say(f"{name}: done in {time.monotonic() - start:.0f} s")


class _Rate(ProgressColumn):
    """How many steps a second."""

    def render(self, task: Task) -> Text:
        """Render the rate, once there is one."""
        speed = task.finished_speed or task.speed
        return Text(
            f"{speed:.1f}/s" if speed and speed >= 0.05 else "", style="progress.data.speed"
        )


class Rich:
    """Progress bars with rate and time left, in a terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """Print above the bars."""
        self.console.print(text, markup=False)

    @contextmanager
    def stage(self, name: str) -> Iterator[Advance]:
        """Show a bar."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[note]}", style="dim"),
        )
        with Bars(*columns, console=self.console) as bars:
            task = bars.add_task(name, total=None, note="")

            def advance(done: int, total: int | None, note: str) -> None:
                bars.update(task, completed=done, total=total, note=note)

            yield advance


def progress_for(*, quiet: bool) -> Quiet | Plain | Rich:
    """Choose what fits the terminal."""
    if quiet:
        return Quiet()
    return Rich() if sys.stderr.isatty() else Plain()
