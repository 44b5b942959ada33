"""CPU seconds that MSuNAS itself takes for one iteration at 350 evaluations.

Run as ``python -m bench.papers.msunas_overhead``; PYHWNAS_DATA names the folder with the tables.
"""

from __future__ import annotations

import time

import numpy as np

from bench.papers.table import Line, arguments, write
from pyhwnas import Search, benchmarks
from pyhwnas.optimizers import MSuNAS, Random
from pyhwnas.surrogates import CART, Kriging

EVALUATED = 350
GATE = "2 s for the plain preset on 2 cores; the others are only reported"


def main() -> None:
    """Propose from histories of so many rows."""
    read = arguments(__doc__, seeds=3, quick=1)
    presets = {
        "MSuNAS()": MSuNAS(),
        "MSuNAS.published(), RBF": MSuNAS.published(),
        "MSuNAS.published(), Kriging": MSuNAS.published(Kriging()),
        "MSuNAS.published(), CART with 5 000 trees": MSuNAS.published(CART(trees=5000)),
    }
    problem = benchmarks.problem("ofa-note10")
    lines = []
    for label, optimizer in presets.items():
        seconds = []
        for seed in list(read.seeds)[: 1 if "trees" in label else None]:
            history = Search(problem, Random(), seed=seed).run(EVALUATED)
            if not seconds:  # imports count once in a run, not in each iteration
                first = Search(problem, Random(), seed=seed).run(60)
                optimizer.propose(problem, first, None, np.random.default_rng(seed))
            start = time.process_time()
            optimizer.propose(problem, history, None, np.random.default_rng(seed))
            seconds.append(time.process_time() - start)
        print(label, np.round(seconds, 2), flush=True)
        gate = "at most" if label == "MSuNAS()" else "report"
        lines.append(Line(f"{label}: CPU seconds", seconds, 2.0, 0.0, GATE, gate))
    write(
        "msunas_overhead",
        lines,
        seeds=read.seeds,
        quick=read.quick,
        notes=[
            "CPU time of one process on one core, on a machine that others used at the time; "
            "histories are random rows. With 5 000 trees: one seed."
        ],
        evaluated=EVALUATED,
    )


if __name__ == "__main__":
    main()
