"""E-TF-MOENAS on NAS-Bench-201: fronts found without training, scored by accuracy.

Run as ``python -m bench.papers.e_tf_moenas`` with PYHWNAS_DATA set. Searches see published scores
of CIFAR-10 alone; fronts are judged by test error and MACs of three data sets. Synflow and NASWOT
are FreeREA's, which stand in for the authors' own Synflow and jacob_cov.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.papers.table import Line, arguments, write
from pyhwnas import Problem, Search, moo
from pyhwnas.benchmarks import NASBench201
from pyhwnas.history import Floats, Ints
from pyhwnas.optimizers import ETFMOENAS

GENERATIONS = 150  # of 20 children: 3000 evaluations as the authors count
MACS_M = (7.78305, 220.11969)
# The worst of the table and .0001 more: stated for CIFAR-10, 0.9001 and 220.1201 M, and taken over
# to the others, for which no reference point is stated.
MARGIN = 1e-4
BOOK = "E-TF-MOENAS, program's notebook and Table 5"
TRANSFER = "E-TF-MOENAS, program's notebook and Table 8"
SPEC = "computed from FreeREA's columns"
DATASETS = ("cifar10", "cifar100", "in16")


class Score(NamedTuple):
    """How good a set of networks is under test error and MACs."""

    volume: float
    igd: float
    best: float


class Judge:
    """Errors and MACs of all networks, and the true front."""

    def __init__(self, nb201: NASBench201) -> None:
        self.nb201 = nb201
        macs = nb201.values("macs") / 1e6
        self.F = {
            name: np.column_stack([nb201.values(f"{name}_test_error") / 100, macs])
            for name in DATASETS
        }

    def score(self, X: Ints, dataset: str) -> Score:
        everything = self.F[dataset]
        F = everything[self.nb201.row(X)]
        reference = everything.max(axis=0) + MARGIN
        true = everything[moo.nondominated_mask(everything, keep_equal=False)]
        front = F[moo.nondominated_mask(F, keep_equal=False)]
        volume = moo.hypervolume(F, reference) / reference.prod()
        igd = moo.igd(_scaled(front), _scaled(true))
        return Score(float(volume), float(igd), float(100 * (1 - F[:, 0].min())))


def _scaled(F: Floats) -> Floats:
    low, high = MACS_M
    return np.column_stack([F[:, 0], (F[:, 1] - low) / (high - low)])


def search(problem: Problem, seed: int) -> Ints:
    """Return the elitist archive after 150 generations."""
    run = Search(problem, ETFMOENAS.published(), seed=seed)
    while len(run.history.batches) < GENERATIONS:
        asked = run.ask()
        run.tell(asked.ids, problem.evaluate(asked.X).values)
    asked = run.ask()  # the last generation
    if len(asked.ids):
        run.tell(asked.ids, problem.evaluate(asked.X).values)
    return run.history.front().X


def _lines(
    what: str, got: Sequence[Score], expected: dict[str, tuple[float, float, str]], source: str
) -> list[Line]:
    return [
        Line(f"{what}: {name}", [getattr(s, name) for s in got], value, tolerance, source, gate)
        for name, (value, tolerance, gate) in expected.items()
    ]


def main() -> None:
    read = arguments(__doc__, seeds=31)
    nb201 = NASBench201()
    judge = Judge(nb201)
    scores = ("cifar10_synflow", "cifar10_naswot")
    both = nb201.problem(("macs", *scores))
    alone = nb201.problem(("macs", scores[0]))
    start = time.process_time()
    archives = [search(both, seed) for seed in read.seeds]
    seconds = (time.process_time() - start) / len(read.seeds)
    plain = [search(alone, seed) for seed in read.seeds]
    got = {name: [judge.score(X, name) for X in archives] for name in DATASETS}
    synflow = {name: [judge.score(X, name) for X in plain] for name in DATASETS}
    two, three = (
        judge.score(nb201.true_front(names).X, "cifar10")
        for names in (("macs", scores[0]), ("macs", *scores))
    )
    lines = [
        Line("A3 true front: HV", [judge.score(nb201.X, "cifar10").volume], 0.895803, 1e-6, SPEC),
        Line("A4 exact front, three objectives: HV", [three.volume], 0.8933, 1e-4, SPEC),
        Line("A4 exact front, three objectives: IGD", [three.igd], 0.0113, 0.0043, BOOK, "report"),
        *_lines("A4 E-TF-MOENAS", got["cifar10"], {
            "volume": (0.8920, 0.0, "at least"),
            "igd": (0.0113, 0.0043, "at most"),
            "best": (94.3, 0.0, "at least"),
        }, BOOK),
        *_lines("A4 as published", got["cifar10"], {"volume": (0.8932, 6e-4, "near")}, BOOK),
        Line("A5 exact front, (MACs, synflow): HV", [two.volume], 0.8842, 1e-4, SPEC),
        Line("A5 exact front, (MACs, synflow): best", [two.best], 94.363, 5e-4, SPEC),
        *_lines("A5 NSGA-II (MACs, synflow)", synflow["cifar10"], {
            "volume": (0.8836, 0.0014, "near"),
            "best": (94.35, 0.04, "near"),
        }, BOOK),
        *_lines("A7 E-TF-MOENAS, CIFAR-100", got["cifar100"], {
            "volume": (0.6844, 0.004, "near"),
            "best": (73.5, 0.07, "near"),
        }, TRANSFER),
        *_lines("A7 synflow, CIFAR-100", synflow["cifar100"], {
            "volume": (0.6698, 0.004, "near"),
        }, TRANSFER),
        *_lines("A7 synflow, ImageNet16", synflow["in16"], {
            "volume": (0.4084, 0.004, "near"),
        }, TRANSFER),
        *_lines("A7 E-TF-MOENAS, ImageNet16", got["in16"], {
            "volume": (0.4169, 0.0, "report"),
        }, TRANSFER),
    ]  # fmt: skip
    notes = [
        "HV: reference point the worst of each column and .0001 more, divided by its product.",
        "A7, ImageNet16-120: the value beside ours is of the training loss; no other is published.",
        "NASWOT stands in for jacob_cov, which no table has for all networks: with it the exact "
        "front of the three objectives is farther from the true one (IGD) than the published runs.",
        "A7: no reference point is published; with ours the exact (MACs, synflow) front of "
        "CIFAR-10 has .4157 on ImageNet16-120.",
        f"{seconds:.2f} CPU s a search; scores are looked up.",
    ]
    write(
        "e_tf_moenas", lines, seeds=read.seeds, quick=read.quick, notes=notes, cpu_seconds=seconds
    )


if __name__ == "__main__":
    main()
