"""LaMOO's problem on NAS-Bench-201, and the hypervolume curves of searches on it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pyhwnas import Problem, Search, benchmarks, spaces
from pyhwnas.errors import SpaceError
from pyhwnas.optimizers import Optimizer
from pyhwnas.problem import Cost, Objective, Sense

__all__ = ["LEVELS", "Curves", "arguments", "curves", "problem"]

LEVELS = np.array([0, 1, 4, 2, 3])
"""LaMOO's order of operations: none, skip, average pooling, 1x1 and 3x3 convolution."""


@dataclass(frozen=True)
class Levels(spaces.PlainSpace):
    """NAS-Bench-201 with operations numbered as in LaMOO's repository."""

    name = "nasbench201-levels"
    genes = spaces.NASBench201().genes
    plan = None

    def unit_ids(self, X, *, live=False):
        raise SpaceError("this numbering is for searching alone")


@dataclass(frozen=True)
class Renumbered:
    """An objective of NAS-Bench-201 on rows in LaMOO's numbers."""

    of: Objective
    space: Levels
    unit: ClassVar[str] = ""

    @property
    def name(self) -> str:
        return self.of.name

    @property
    def sense(self) -> Sense:
        return self.of.sense

    @property
    def cost(self) -> Cost:
        return self.of.cost

    def __call__(self, X):
        return self.of(LEVELS[X])


def problem(numbers: str = "official") -> Problem:
    """Return the problem, with operations in the official order or in LaMOO's."""
    official = benchmarks.problem("nb201-lamoo")
    if numbers == "official":
        return official
    space = Levels()
    objectives = [Renumbered(objective, space) for objective in official.objectives]
    return Problem(space, objectives, ref_point=official.ref_point)


@dataclass(frozen=True)
class Curves:
    """Hypervolumes after each evaluation, float64[n_seeds, n_evals], and the best possible one."""

    volumes: np.ndarray
    best: float

    def log_difference(self, n: int) -> list[float]:
        """Decimal logarithm of what is missing after n evaluations, for each seed."""
        return np.log10(np.maximum(self.best - self.volumes[:, n - 1], 1e-6)).tolist()

    def level(self, n: int) -> float:
        """Mean hypervolume after n evaluations."""
        return float(self.volumes[:, n - 1].mean())

    def evaluations_to(self, level: float) -> float:
        """How many evaluations the mean curve takes to a level; infinite if it stays below."""
        reached = np.flatnonzero(self.volumes.mean(axis=0) >= level)
        return float(reached[0] + 1) if len(reached) else float("inf")

    def to_json(self) -> dict[str, Any]:
        """Mean curves at some numbers of evaluations."""
        marks = [n for n in (10, 25, 50, 100, 150, 200, 300, 400) if n <= self.volumes.shape[1]]
        return {
            "evaluations": marks,
            "mean_hypervolume": [round(self.level(n), 5) for n in marks],
            "mean_log10_difference": [
                round(float(np.mean(self.log_difference(n))), 4) for n in marks
            ],
        }


def curves(
    runs: Mapping[str, tuple[Optimizer, Problem]],
    n_evals: int,
    seeds: range,
    folder: Path | None,
) -> dict[str, Curves]:
    """Run searches, seed by seed, so that what is interrupted can be read with fewer seeds."""
    best = benchmarks.best_hypervolume("nb201-lamoo")
    volumes: dict[str, list[Any]] = {name: [] for name in runs}
    for seed in seeds:
        for name, (optimizer, where) in runs.items():
            store = folder / f"{name.replace(' ', '_')}-{seed}.sqlite" if folder else None
            with Search(where, optimizer, seed=seed, store=store) as search:
                volumes[name].append(search.run(n_evals).hypervolume_trace()[:n_evals])
    return {name: Curves(np.array(rows), best) for name, rows in volumes.items()}


def arguments(doc: str | None, *, seeds: int, quick: int = 2) -> argparse.Namespace:
    """Read the options of a script."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--quick", action="store_true", help=f"{quick} seeds, and nothing is saved")
    parser.add_argument("--seeds", type=int, default=None, help=f"how many; {seeds} by default")
    parser.add_argument("--runs", type=Path, help="folder that keeps the runs, to go on with them")
    read = parser.parse_args()
    read.seeds = range(read.seeds or (quick if read.quick else seeds))
    if read.runs:
        read.runs.mkdir(parents=True, exist_ok=True)
    return read
