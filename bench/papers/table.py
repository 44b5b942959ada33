"""A published table beside our numbers: what was expected, where it stands, what came out."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bench.record import save

__all__ = ["Line", "arguments", "write"]


@dataclass(frozen=True)
class Line:
    """One number of a table.

    Parameters
    ----------
    what : str
        Method, problem and measure.
    got : sequence of float
        Ours, one value for each seed; a single one where nothing is random.
    expected : float
        The published or required value.
    tolerance : float
        How far the mean of ours may be from it, to the wrong side.
    source : str
        Paper and table, program, or computed from which data.
    gate : {"near", "at least", "at most", "report"}
        Which side is wrong: both, below, above, none.
    sampling_error : float, optional
        Standard error of ours where it is taken from a sample of what `expected` describes.
    """

    what: str
    got: Sequence[float]
    expected: float
    tolerance: float
    source: str
    gate: Literal["near", "at least", "at most", "report"] = "near"
    sampling_error: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the mean of ours is where it should be; None if that is only reported."""
        off = float(np.mean(self.got)) - self.expected
        wrong = {"near": abs(off), "at least": -off, "at most": off}
        # A difference in the last digits of float64 is none.
        slack = self.tolerance + 1e-9
        return None if self.gate == "report" else bool(wrong[self.gate] <= slack)

    def to_json(self) -> dict[str, Any]:
        """Write the line with mean and sample standard deviation."""
        got = np.asarray(self.got, dtype=np.float64)
        return {
            "what": self.what,
            "mean": float(got.mean()),
            "std": float(got.std(ddof=1)) if len(got) > 1 else 0.0,
            "expected": self.expected,
            "gate": self.gate,
            "tolerance": self.tolerance,
            "reached": self.reached,
            "source": self.source,
            "got": got.tolist(),
        } | ({} if self.sampling_error is None else {"sampling_error": self.sampling_error})


def arguments(doc: str | None, *, seeds: int, quick: int = 3) -> argparse.Namespace:
    """Read the options of a script: ``quick`` and ``seeds``, a range from 0."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--quick", action="store_true", help=f"{quick} seeds, and nothing is saved")
    parser.add_argument("--seeds", type=int, default=None, help=f"how many; {seeds} by default")
    read = parser.parse_args()
    read.seeds = range(read.seeds or (quick if read.quick else seeds))
    return read


def write(
    name: str,
    lines: Iterable[Line],
    *,
    seeds: Iterable[int],
    quick: bool,
    notes: Sequence[str] = (),
    **about: Any,
) -> None:
    """Print a table and save it as ``bench/results/papers/NAME.json``, unless it is a quick one.

    Parameters
    ----------
    name : str
        Of the file.
    lines : iterable of Line
    seeds : iterable of int
        With which `got` was made.
    quick : bool
    notes : sequence of str
        Why something was not reached, what differs from the paper.
    about
        Anything else that JSON can hold: curves, settings.
    """
    table = [line.to_json() for line in lines]
    for line in table:
        spread = line.get("sampling_error", line["std"])
        mark = {True: "ok", False: "NOT REACHED", None: ""}[line["reached"]]
        print(
            f"{line['what']:64s} {line['mean']:10.4f} ±{spread:8.4f}   {line['gate']} "
            f"{line['expected']:g} ±{line['tolerance']:g}  {mark}"
        )
    for note in notes:
        print(note)
    if not quick:
        save(
            f"papers/{name}", {"seeds": list(seeds), "lines": table, "notes": list(notes), **about}
        )
