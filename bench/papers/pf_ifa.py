"""RB-IFA, Figures 5 and 7 to 10: fronts of PF-IFA, and RB-IFA's pseudo-front, on NAS-Bench-201.

Run as ``python -m bench.papers.pf_ifa`` with PYHWNAS_DATA set. Fronts are found by scores and MACs,
and measured by the hypervolume of test error and MACs. Time is counted in evaluations: of one of
the 19 swarms, as the figures show it, and of all of them together, which share what they evaluate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.papers.firefly_runs import NB201, STAND_INS, hypervolume, own_icd, steps
from bench.papers.table import Line, arguments, write
from pyhwnas import History, Problem, objectives, proxies
from pyhwnas.history import Floats, Ints
from pyhwnas.optimizers import PFIFA, RBIFA

POINTS = np.arange(20, 301, 20)
SHARED_POINTS = np.arange(100, 1001, 100)


@dataclass(frozen=True)
class Curve:
    """Hypervolume after each generation, by evaluations."""

    evaluations: list[float]
    volumes: list[float]

    def at(self, points: Ints) -> Floats:
        """Return the volume at some numbers of evaluations, 0 before the first generation."""
        last = np.searchsorted(self.evaluations, points, side="right") - 1
        return np.where(last >= 0, np.array(self.volumes)[last], 0.0)


def curve(
    problem: Problem,
    optimizer: PFIFA | RBIFA,
    front: Callable[[Problem, History], Ints],
    seed: int,
    *,
    most: int,
) -> tuple[Curve, Curve]:
    """Follow a run: by all evaluations, and by those of one swarm on average."""
    shared, alone, volumes = [], [], []
    for history in steps(problem, optimizer, seed, most=most):
        shared.append(float(len(history)))
        alone.append(_of_one_swarm(history))
        volumes.append(hypervolume(history.X[front(problem, history)]))
    return Curve(shared, volumes), Curve(alone, volumes)


def _of_one_swarm(history: History) -> float:
    X = np.concatenate([batch.X for batch in history.batches])
    swarm = np.concatenate(
        [batch.aux.get("swarm", np.zeros(len(batch.X), dtype=int)) for batch in history.batches]
    )
    pairs = np.unique(np.column_stack([swarm, X]), axis=0)
    return len(pairs) / len(np.unique(swarm))


def mean(curves: Sequence[Curve], points: Ints) -> Floats:
    """Average runs."""
    volume: Floats = np.mean([c.at(points) for c in curves], axis=0)
    return volume


def fronts_of_metrics(problem: Problem, names: Sequence[str], seeds: range, most: int) -> Line:
    """Find fronts for a choice of metrics by PF-IFA."""
    volumes = []
    optimizer = PFIFA(tuple(names))
    for seed in seeds:
        *_, history = steps(problem, optimizer, seed, most=most)
        volumes.append(hypervolume(history.X[optimizer.select(problem, history)]))
    what = ", ".join(name.removeprefix("cifar10_") for name in names)
    return Line(
        f"PF-IFA, front of {what}: HV at {most}", volumes, 0.8958, 0, "true front", "report"
    )


def order(lines: Sequence[Line], what: str) -> list[Line]:
    """Compare the first choice of metrics with each other one."""
    return [
        Line(
            f"{what}: HV of three metrics over {line.what.partition(': ')[0].rpartition('of ')[2]}",
            [float(np.mean(lines[0].got) - np.mean(line.got))],
            0.0,
            0.0,
            "RB-IFA, Figure 5, by eye",
            "at least",
        )
        for line in lines[1:]
    ]


def main() -> None:
    """Run, compare and write."""
    options = arguments(__doc__, seeds=10, quick=2)
    problem = NB201.problem((*STAND_INS, "macs"))
    swarms = RBIFA.published_front(STAND_INS, ("macs",))
    runs = [curve(problem, swarms, swarms.pseudo_front, s, most=2000) for s in options.seeds]
    pseudo_shared, pseudo_alone = ([run[i] for run in runs] for i in range(2))
    rivals = {
        f"PF-IFA published, population {n}": PFIFA.published(population=n) for n in (20, 75, 100)
    }
    rivals["PF-IFA"] = PFIFA()
    curves = {
        name: [curve(problem, o, o.select, s, most=1000)[0] for s in options.seeds]
        for name, o in rivals.items()
    }
    lines = []
    for name, others in curves.items():
        gate = "at least" if name.endswith("population 20") else "report"
        for clock, ours, points in (
            ("one swarm", pseudo_alone, POINTS),
            ("all swarms", pseudo_shared, SHARED_POINTS),
        ):
            won = mean(ours, points) > mean(others, points)
            lines.append(
                Line(
                    f"pseudo-front over {name}, evaluations of {clock}: % of points",
                    [100.0 * float(won.mean())], 80.0, 0.0, "RB-IFA, Figures 7 to 9",
                    gate if clock == "one swarm" else "report",
                )
            )  # fmt: skip
    three = (*STAND_INS, "macs")
    choices = (three, ("cifar10_naswot", "macs"), ("cifar10_synflow", "macs"))
    by_column = [fronts_of_metrics(problem, names, options.seeds, 300) for names in choices]
    lines += [*by_column, *order(by_column, "NASWOT for ICD")]
    own_seeds = options.seeds[:1] if options.quick else options.seeds[:3]
    scores = (proxies.SynflowExpected(NB201.space), own_icd(), objectives.Macs(NB201.space))
    own = Problem(NB201.space, scores)
    choices = (("synflow_expected", "icd", "macs"), ("icd", "macs"), ("synflow_expected", "macs"))
    by_own = [fronts_of_metrics(own, names, own_seeds, 150) for names in choices]
    lines += [*by_own, *order(by_own, "own scores")]
    write(
        "pf_ifa",
        lines,
        seeds=options.seeds,
        quick=options.quick,
        notes=(
            f"Own ICD of 16 images with seeds {list(own_seeds)}.",
            "The figures give the 19 runs of the pseudo-front the clock of one; what they evaluate "
            "together is the second count.",
            "NAS-Bench-101: not scored, accuracies with adjacency matrices are not at hand.",
        ),
        points=POINTS.tolist(),
        shared_points=SHARED_POINTS.tolist(),
        curves={
            "pseudo-front, one swarm": mean(pseudo_alone, POINTS).tolist(),
            "pseudo-front, all swarms": mean(pseudo_shared, SHARED_POINTS).tolist(),
        }
        | {name: mean(c, POINTS).tolist() for name, c in curves.items()}
        | {f"{name}, to 1000": mean(c, SHARED_POINTS).tolist() for name, c in curves.items()},
    )


if __name__ == "__main__":
    main()
