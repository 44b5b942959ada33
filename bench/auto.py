"""`Auto` against five rivals on the three named problems: what is missing to the best hypervolume.

Run as ``python -m bench.auto`` with PYHWNAS_DATA set. Runs lie in ``build/auto``, or in the folder
that PYHWNAS_BENCH_RUNS names, and continue where they stopped. The gate: at each number of
evaluations `Auto` misses at most 1.05 times what the best rival misses, in the mean. Where `Auto`
chooses a rival as it stands, their runs are the same bit for bit, and are not run twice.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from pathlib import Path

from bench.record import save
from pyhwnas.compare import Comparison, Curves, read_curves, run_all, write_comparison
from pyhwnas.optimizers import Auto
from pyhwnas.problem import Problem

GATES = {"nb201-lamoo": (100, 200), "nb201-eyeriss": (100, 200), "ofa-note10": (350,)}
SEEDS = {"nb201-lamoo": 5, "nb201-eyeriss": 5, "ofa-note10": 3}
RIVALS = ("random", "nsga2", "rea", "lamoo", "msunas")
MOST = 1.05


def chosen(comparison: Comparison, problem: Problem) -> str:
    """Return the label of the rival that `Auto` chooses, or its own."""
    choice = Auto(evals=comparison.evals).choose(problem)
    rivals = {label: comparison.make_optimizer(label, problem) for label in RIVALS}
    return next((label for label, rival in rivals.items() if rival == choice), "auto")


def gates(problem: str, curves: Curves, auto: str) -> list[dict[str, object]]:
    """Compare the mean gaps at the gates of a problem."""
    lines: list[dict[str, object]] = []
    for evals in GATES[problem]:
        gap = {
            label: curves.best - float(volume[:, evals - 1].mean())
            for label, volume in curves.volume.items()
        }
        best = min(RIVALS, key=lambda label: gap[label])
        ratio = gap[auto] / gap[best]
        lines.append(
            {
                "evals": evals,
                "gap": gap,
                "auto_chose": auto,
                "best_rival": best,
                "ratio": ratio,
                "met": ratio <= MOST,
            }
        )
        print(f"{problem} at {evals}: auto ({auto}) misses {gap[auto]:.4g}, {ratio:.3f} x {best}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=None)
    parser.add_argument("--problems", nargs="+", default=list(GATES), choices=list(GATES))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="1 seed, and nothing is saved")
    read = parser.parse_args()
    for problem in read.problems:
        comparison = Comparison(
            problem=problem,
            optimizers=RIVALS,
            seeds=1 if read.quick else read.seeds or SEEDS[problem],
            evals=max(GATES[problem]),
        )
        auto = chosen(comparison, comparison.make_problem())
        if auto not in RIVALS:
            own = (*RIVALS, "auto=pyhwnas.optimizers:Auto")
            comparison = dataclasses.replace(comparison, optimizers=own)
        folder = Path(os.environ.get("PYHWNAS_BENCH_RUNS", "build/auto"), problem)
        run_all(comparison, folder, jobs=read.jobs)
        lines = gates(problem, read_curves(comparison, folder), auto)
        write_comparison(comparison, folder)
        if not read.quick:
            found = json.loads((folder / "compare.json").read_text())
            save(f"compare/auto-{problem}", {"gate": MOST, "gates": lines, **found})


if __name__ == "__main__":
    main()
