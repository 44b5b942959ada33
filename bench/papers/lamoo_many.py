"""What leaf selection saves with many objectives: hypervolumes, their sizes and their time.

python -m bench.papers.lamoo_many [--quick] [--seeds N]
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bench.papers.table import Line, arguments, write
from pyhwnas import Problem, Search, moo, spaces
from pyhwnas.optimizers import LaMOO
from pyhwnas.optimizers.lamoo.partition import grow, select
from pyhwnas.optimizers.lamoo.regions import encode

EVALS = 100
WHAT = ("hypervolumes", "rows in them", "CPU ms")
SPACE = spaces.NASBench201()
TARGETS = spaces.sample(SPACE, 8, np.random.default_rng(0))


@dataclass(frozen=True)
class Distance:
    """How far a network is from one of some random ones, each gene with its own weight."""

    number: int
    space: spaces.NASBench201 = SPACE
    unit: ClassVar[str] = ""
    sense: ClassVar[str] = "min"
    cost: ClassVar[str] = "expensive"

    @property
    def name(self) -> str:
        return f"distance{self.number}"

    def __call__(self, X):
        weights = 1.0 + np.random.default_rng(self.number).random(X.shape[1])
        return (np.abs(X - TARGETS[self.number]) * weights).sum(axis=1)


def measure(m: int, seed: int) -> dict[str, np.ndarray]:
    """Hypervolumes, rows in them and CPU milliseconds of one selection, for each rule."""
    problem = Problem(SPACE, [Distance(i) for i in range(m)], ref_point=(60.0,) * m)
    optimizer = LaMOO()
    history = Search(problem, optimizer, seed=seed).run(EVALS)
    Z = encode(SPACE, history.X, optimizer.encoding)
    nodes = grow(history, Z, optimizer.growth, np.random.default_rng(0))
    begin = time.process_time()
    for node in nodes:
        moo.hypervolume(history.F[node.rows], history.ref_point)
    spent = 1e3 * (time.process_time() - begin)
    points = sum(len(node.rows) for node in nodes)
    found = {"every node": np.array([len(nodes), points, spent])}
    for rule in ("path", "leaf"):
        begin = time.process_time()
        chosen = select(nodes, history, rule, exploration=0.0, cp=1.0)
        spent = 1e3 * (time.process_time() - begin)
        found[rule] = np.array([chosen.hypervolumes, chosen.points, spent])
    return found


def main() -> None:
    options = arguments(__doc__, seeds=3)
    source = "a binary tree has one inner node less than leaves: half of all hypervolumes"
    lines, means = [], {}
    for m in (2, 3, 4, 5, 6, 8):
        runs = [measure(m, seed) for seed in options.seeds]
        for rule in runs[0]:
            row = np.mean([run[rule] for run in runs], axis=0).round(2).tolist()
            means[f"m = {m}, {rule}"] = dict(zip(WHAT, row, strict=True))
        for k, label in enumerate(WHAT):
            ratio = [float(run["leaf"][k] / run["every node"][k]) for run in runs]
            what = f"m = {m}, leaf / every node: {label}"
            lines.append(Line(what, ratio, 0.5, 0.05, source, "report" if k else "near"))
    notes = [
        "Rows of leaves are all rows once; a path is walked lazily, two nodes a level.",
        "Hypervolumes of a tree of 100 rows take a millisecond at most: calls and rows count.",
    ]
    write("lamoo_many", lines, seeds=options.seeds, quick=options.quick, notes=notes, means=means)


if __name__ == "__main__":
    main()
