"""Searches without surrogates against each other on the three named problems.

Run as ``python -m bench.rivals`` with PYHWNAS_DATA set. Runs lie in ``build/rivals`` and continue
where they stopped; `compare.json` of each problem goes to ``bench/results/compare``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.record import save
from pyhwnas.compare import Comparison, run_all, write_comparison

EVALS = {"nb201-lamoo": 200, "nb201-eyeriss": 200, "ofa-note10": 350}
OPTIMIZERS = (
    "random",
    "nsga2",
    "plain=nsga2",
    "wide=nsga2",
    "nsga3",
    "e-tf-moenas",
    "rea",
    "local-search",
)
OPTIONS = {"plain": {"initial": "random"}, "wide": {"population": 20}}
FOLDER = Path("build/rivals")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--problems", nargs="+", default=list(EVALS), choices=list(EVALS))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="3 seeds, and nothing is saved")
    read = parser.parse_args()
    for problem in read.problems:
        comparison = Comparison(
            problem=problem,
            optimizers=OPTIMIZERS,
            options=OPTIONS,
            seeds=3 if read.quick else read.seeds,
            evals=EVALS[problem],
        )
        folder = FOLDER / problem
        run_all(comparison, folder, jobs=read.jobs)
        verdict = write_comparison(comparison, folder)
        print(problem)
        for label in verdict.ranking:
            means = verdict.to_json()["results"][label]["mean"]
            print(f"  {label:14s}", *(f"{n}: {value:.4f} " for n, value in means.items()))
        if not read.quick:
            save(f"compare/{problem}", json.loads((folder / "compare.json").read_text()))


if __name__ == "__main__":
    main()
