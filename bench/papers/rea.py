"""Regularised evolution on NAS-Bench-201 within 12 000 s of simulated training.

Run as ``python -m bench.papers.rea`` with PYHWNAS_DATA set. A network costs what 12 epochs of its
training took; the best by validation accuracy after 12 epochs is judged by its test accuracy
after 200. Repeats cost again, as with the benchmark's authors.
"""

from __future__ import annotations

import numpy as np

from bench.papers.table import Line, arguments, write
from pyhwnas import Search
from pyhwnas.benchmarks import NASBench201
from pyhwnas.optimizers import RegularizedEvolution

BUDGET_S = 12_000.0
SHARE = 12 / 200  # the table has the time of 200 epochs


def run(nb201: NASBench201, seed: int) -> tuple[float, float, int]:
    """Return test accuracy (%), MACs and the number of networks trained."""
    problem = nb201.problem(("cifar10_valid_error_ep12",))
    search = Search(problem, RegularizedEvolution.nas_bench_201(), seed=seed)
    seconds = SHARE * nb201.values("cifar10_train_time_s")
    spent, trained, rows = 0.0, 0, []
    while spent < BUDGET_S:
        asked = search.ask()
        search.tell(asked.ids, problem.evaluate(asked.X).values)
        for batch in search.history.batches[trained:]:
            found = nb201.row(batch.X)
            rows += found.tolist()
            spent += float(seconds[found].sum())
        trained = len(search.history.batches)
    within = np.array(rows)[np.cumsum(seconds[rows]) <= BUDGET_S]
    best = within[nb201.values("cifar10_valid_error_ep12")[within].argmin()]
    accuracy = 100.0 - float(nb201.values("cifar10_test_error")[best])
    return accuracy, float(nb201.values("macs")[best]), len(within)


def main() -> None:
    read = arguments(__doc__, seeds=100, quick=5)
    nb201 = NASBench201()
    accuracy, macs, trained = zip(*(run(nb201, seed) for seed in read.seeds), strict=True)
    table = "RB-IFA, Table 1"
    lines = [
        Line("A16 REA, test accuracy", accuracy, 93.92, 0.30, table),
        Line("A16 REA, GFLOPs", [2e-9 * value for value in macs], 0.29, 0.05, table, "report"),
    ]
    notes = [
        "The tolerance is the published standard deviation. GFLOPs are twice the MACs.",
        "Time of validation is not in the table: only that of training is spent.",
        f"{np.mean(trained):.1f} networks are trained in a run, repeats included.",
    ]
    write("rea", lines, seeds=read.seeds, quick=read.quick, notes=notes)


if __name__ == "__main__":
    main()
