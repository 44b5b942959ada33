"""NASWOT's search on NAS-Bench-201: the best of N random networks by its score.

Run as ``python -m bench.papers.naswot`` with PYHWNAS_DATA set. Scores are FreeREA's, means over
three initialisations.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import hypergeom

from bench.papers.table import Line, arguments, write
from pyhwnas import Search
from pyhwnas.benchmarks import NASBench201
from pyhwnas.optimizers import Screening

COMPUTED = "500 draws from FreeREA's column of NASWOT"
EXPECTED = {10: 92.47, 100: 92.87, 1000: 93.08}


def exact_mean(nb201: NASBench201, draws: int) -> float:
    """Return the mean test accuracy of the best of so many draws, without drawing."""
    score = nb201.values("cifar10_naswot")
    accuracy = 100.0 - nb201.values("cifar10_test_error")[np.argsort(-score, kind="stable")]
    n = len(score)
    # The best has rank k or worse if all draws fall on those n - k rows.
    worse = hypergeom.pmf(0, n, np.arange(n + 1), draws)
    return float((accuracy * -np.diff(worse)).sum())


def main() -> None:
    read = arguments(__doc__, seeds=500, quick=50)
    nb201 = NASBench201()
    problem = nb201.problem(("cifar10_naswot", "cifar10_test_error"))
    lines = []
    for draws, expected in EXPECTED.items():
        optimizer = Screening("cifar10_naswot", draws=draws)
        got = [
            100.0 - float(Search(problem, optimizer, seed=seed).run(1).values[0, 1])
            for seed in read.seeds
        ]
        lines += [
            Line(f"A15 NASWOT, N={draws}: runs", got, expected, 0.1, COMPUTED),
            Line(f"A15 N={draws}: exact mean", [exact_mean(nb201, draws)], expected, 0.1, COMPUTED),
        ]
    published = Line("A15 NASWOT, N=1000", lines[-2].got, 92.96, 0.81, "RB-IFA, Table 1", "report")
    notes = ["RB-IFA's Table 1 has 92.96 +- .81 at N=1000, with a score of one initialisation."]
    write("naswot", [*lines, published], seeds=read.seeds, quick=read.quick, notes=notes)


if __name__ == "__main__":
    main()
