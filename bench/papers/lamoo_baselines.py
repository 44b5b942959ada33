"""Random search and NSGA-II on LaMOO's problem: the curves that other searches are measured by.

Run as ``python -m bench.papers.lamoo_baselines`` with PYHWNAS_DATA set.
"""

from __future__ import annotations

import numpy as np

from bench.papers.table import Line, arguments, write
from pyhwnas import Search, benchmarks
from pyhwnas.history import Floats
from pyhwnas.optimizers import NSGA2, Optimizer, Random

STOPS = (10, 25, 50, 100, 200, 400, 800, 1600, 3000)
SMALLEST_GAP = 1e-6  # of the best hypervolume: the logarithm of no gap is not defined
REFERENCE = "an independent implementation on the same table, mean log10 of the gap"
CURVES: dict[str, tuple[Optimizer, int, tuple[float, ...]]] = {
    "random": (Random(), 100, (-0.03, -0.24, -0.38, -0.52, -0.67, -0.82, -0.97, -1.14, -1.34)),
    "NSGA-II, population 20": (
        NSGA2(population=20, initial="random"),
        20,
        (-0.06, -0.25, -0.42, -0.60, -0.91, -1.13, -1.44, -1.93, -2.31),
    ),
    "NSGA-II, population 10": (
        NSGA2(population=10, initial="random"),
        20,
        (-0.04, -0.21, -0.41, -0.71, -0.91, -1.14),
    ),
}


def gaps(optimizer: Optimizer, seed: int, evals: int, best: float) -> Floats:
    """Return the gap to the best hypervolume after each evaluation."""
    search = Search(benchmarks.problem("nb201-lamoo"), optimizer, seed=seed)
    return best - search.run(evals).hypervolume_trace()


def main() -> None:
    read = arguments(__doc__, seeds=0)
    best = benchmarks.best_hypervolume("nb201-lamoo")
    lines = [Line("A20 best hypervolume", [best], 8.052602, 5e-7, "the same table")]
    curves = {}
    for name, (optimizer, seeds, expected) in CURVES.items():
        stops = STOPS[: len(expected)]
        chosen = read.seeds or range(seeds)
        found = np.array([gaps(optimizer, seed, stops[-1], best) for seed in chosen])
        logs = np.log10(np.maximum(found, SMALLEST_GAP * best))
        curves[name] = {
            "seeds": list(chosen),
            "mean_gap": {n: float(found[:, n - 1].mean()) for n in stops},
            "optimum_reached": float((found[:, -1] <= SMALLEST_GAP * best).mean()),
        }
        lines += [
            Line(f"A21 {name}, after {n}", logs[:, n - 1].tolist(), value, 0.06, REFERENCE)
            for n, value in zip(stops, expected, strict=True)
        ]
    notes = [
        "The seeds of each curve stand beside it; the reference has 100 of random search.",
        "From 400 evaluations on NSGA-II is better here than the reference, which is outside the "
        "tolerance too. Both evaluate nothing twice; operators differ in what the reference does "
        "not state.",
        "Gaps are at least 1e-6 of the best hypervolume, so that they have a logarithm.",
    ]
    write("lamoo_baselines", lines, seeds=read.seeds, quick=read.quick, notes=notes, curves=curves)


if __name__ == "__main__":
    main()
