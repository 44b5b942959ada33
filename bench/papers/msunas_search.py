"""MSuNAS on three tables: hypervolume and evaluations to a level, published and best preset.

Run as ``python -m bench.papers.msunas_search``; PYHWNAS_DATA names the folder with the tables.
Gates and goals are those of the calibration: prototypes on the same tables, and NSGA-II's mean
hypervolume, with both extreme networks in its first population, at 350 (100) evaluations.
Where PYHWNAS_BENCH_RUNS names a folder, curves are kept there and a stopped bench goes on.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from bench.papers.table import Line, arguments, write
from pyhwnas import Search, benchmarks
from pyhwnas.optimizers import MSuNAS

CALIBRATION = "own prototypes on the same tables; MSuNAS, doi.org/10.1007/978-3-030-58452-8_3"
NSGA2_P1, NSGA2_P3 = 7.822, 597.97
"""Mean hypervolume of NSGA-II at 100 evaluations of P1 and at 350 of P3."""


RUNS = {
    "P3 best": ("ofa-note10", MSuNAS(), 110),
    "P1 best": ("nb201-lamoo", MSuNAS(), 100),
    "P2 best": ("nb201-eyeriss", MSuNAS(), 100),
    "P2 published": ("nb201-eyeriss", MSuNAS.published(), 100),
    "P3 published": ("ofa-note10", MSuNAS.published(), 172),
}
"""Problem, preset and number of evaluations."""


def curve(label: str, seed: int) -> np.ndarray:
    """Return the hypervolume after each evaluation, read from the folder of runs if it is there."""
    name, optimizer, evals = RUNS[label]
    folder = os.environ.get("PYHWNAS_BENCH_RUNS")
    path = Path(folder or ".", f"{label.replace(' ', '-')}-{seed}.npy")
    if folder and path.exists():
        return np.load(path)
    history = Search(benchmarks.problem(name), optimizer, seed=seed).run(evals)
    trace = history.hypervolume_trace()
    print(label, seed, round(float(trace[-1]), 4), flush=True)
    if folder:
        np.save(path, trace)
    return trace


def evaluations_to(curve: np.ndarray, level: float) -> float:
    """Return after how many evaluations a curve is at a level, infinity if it never is."""
    return float(np.argmax(curve >= level) + 1) if curve[-1] >= level else np.inf


def main() -> None:
    """Run both presets and compare."""
    read = arguments(__doc__, seeds=5)
    curves = {label: np.array([curve(label, seed) for seed in read.seeds]) for label in RUNS}
    mean = {label: curve.mean(axis=0) for label, curve in curves.items()}

    def to_level(label: str, level: float, must: float, goal: float) -> list[Line]:
        what = f"{label}: evaluations of the mean curve to {level}"
        got = [evaluations_to(mean[label], level)]
        return [
            Line(f"{what}, must", got, must, 0.0, CALIBRATION, "at most"),
            Line(f"{what}, goal", got, goal, 0.0, CALIBRATION, "at most"),
        ]

    def at_100(label: str, must: float) -> Line:
        got = curves[label][:, 99].tolist()
        return Line(
            f"{label}: hypervolume at 100, {must:g}", got, must, 0.0, CALIBRATION, "at least"
        )

    lines = [
        *to_level("P1 best", NSGA2_P1, 90, 50),
        at_100("P2 published", 724.0),
        at_100("P2 best", 735.0),
        at_100("P2 best", 740.0),
        *to_level("P3 published", NSGA2_P3, 165, 150),
        *to_level("P3 best", NSGA2_P3, 117, 70),
    ]
    finite = {k: [round(float(v), 4) for v in m] for k, m in mean.items()}
    write(
        "msunas_search",
        lines,
        seeds=read.seeds,
        quick=read.quick,
        notes=[
            f"{len(read.seeds)} seeds; the gates are for 20.",
            "P2: no network set has more than 738.436 with the problem's reference point, the "
            "worst of the table, so 740 was calibrated with another one.",
            "P2 published: all of its first 100 networks are the first, random design.",
        ],
        mean_hypervolume=finite,
    )


if __name__ == "__main__":
    main()
