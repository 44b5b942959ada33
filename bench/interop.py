"""Other people's tools with these kernels and without: values first, then CPU time.

Run as ``python -m bench.interop``. Both sides take turns on the same input in one process on one
thread; a ratio is the median over the turns of the tool's own time over the time with the kernels.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import optuna
import torch
from deap import base, tools
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.algorithms.moo.sms import SMSEMOA
from pymoo.core.duplicate import DefaultDuplicateElimination
from pymoo.core.population import Population
from pymoo.indicators.hv import HV
from pymoo.operators.survival.rank_and_crowding.metrics import get_crowding_function
from pymoo.optimize import minimize
from pymoo.problems import get_problem
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
from pymoo.util.ref_dirs import get_reference_directions

from bench.record import save
from pyhwnas.interop import botorch as tensors
from pyhwnas.interop.deap import sel_nsga2
from pyhwnas.interop.optuna import best_trials
from pyhwnas.interop.optuna import hypervolume as study_hypervolume
from pyhwnas.interop.pymoo import use_kernels

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from botorch.utils.multi_objective.hypervolume import Hypervolume
    from botorch.utils.multi_objective.pareto import is_non_dominated
    from optuna._hypervolume import compute_hypervolume

PEERS = ("pymoo", "moocore", "deap", "botorch", "optuna")
PARTITIONS = {(100, 3): 12, (500, 3): 30, (100, 5): 4, (500, 5): 8}


def compare(own: Callable[[], Any], ours: Callable[[], Any], turns: int) -> dict[str, float]:
    """Milliseconds of CPU of both, and how often ours fits into the tool's own time."""
    seconds = np.empty((turns, 2))
    for turn in range(turns):
        for side, call in enumerate((own, ours)):
            start = time.process_time()
            call()
            seconds[turn, side] = time.process_time() - start
    return {
        "ms_alone": 1e3 * float(np.median(seconds[:, 0])),
        "ms_with_kernels": 1e3 * float(np.median(seconds[:, 1])),
        "ratio": statistics.median((seconds[:, 0] / seconds[:, 1]).tolist()),
    }


def same(a: Any, b: Any) -> None:
    if not (np.shape(a) == np.shape(b) and (np.asarray(a) == np.asarray(b)).all()):
        raise AssertionError("results differ")


def with_kernels(call: Callable[[], Any], *, contributions: bool = False) -> Callable[[], Any]:
    def inside() -> Any:
        with use_kernels(contributions=contributions):
            return call()

    return inside


def algorithm(name: str, n: int, m: int) -> Any:
    if name == "NSGA-III":
        return NSGA3(get_reference_directions("das-dennis", m, n_partitions=PARTITIONS[n, m]), n)
    return {"NSGA-II": NSGA2, "SMS-EMOA": SMSEMOA}[name](n)


def pymoo_runs(turns: int, n_gen: int) -> dict[str, dict[str, float]]:
    """Whole runs on DTLZ2: everything that pymoo does, evaluation included."""
    found = {}
    for name, n, m in (
        *(("NSGA-II", n, m) for n in (100, 300, 1000) for m in (2, 3, 5)),
        *(("NSGA-III", n, m) for n in (100, 500) for m in (3, 5)),
        *(("SMS-EMOA", 100, m) for m in (3, 4, 5)),
    ):
        problem, method = get_problem("dtlz2", n_obj=m), algorithm(name, n, m)
        is_sms = name == "SMS-EMOA"

        def run(problem=problem, method=method, is_sms=is_sms):
            generations = max(2, n_gen // 5) if is_sms else n_gen
            return minimize(problem, method, ("n_gen", generations), seed=1)

        inside = with_kernels(run, contributions=is_sms)
        if not is_sms:
            same(run().X, inside().X)
        found[f"{name} n={n} m={m}"] = compare(run, inside, turns)
    return found


def pymoo_parts(turns: int) -> dict[str, dict[str, float]]:
    """The calls alone, on a population and its children."""
    found = {}
    rng = np.random.default_rng(0)
    for n in (200, 2000):
        for m in (2, 3, 5):
            F = rng.random((n, m))
            front = F / np.linalg.norm(F, axis=1, keepdims=True)

            def sort(F=F, n=n):
                return NonDominatedSorting().do(F, n_stop_if_ranked=n // 2)

            def crowd(front=front):
                return get_crowding_function("cd").do(front, n_remove=1)

            same(np.concatenate(sort()), np.concatenate(with_kernels(sort)()))
            same(crowd(), with_kernels(crowd)())
            for name, call in (("sort", sort), ("crowding", crowd)):
                found[f"{name} n={n} m={m}"] = alternate(call, turns)
    for n in (200, 2000):
        population = Population.new(X=rng.random((n, 10)))

        def eliminate(population=population):
            return DefaultDuplicateElimination().do(population, return_indices=True)[1:]

        same(eliminate()[0], with_kernels(eliminate)()[0])
        found[f"duplicates n={n} d=10"] = alternate(eliminate, turns)
    for n, m in ((1000, 3), (200, 4), (100, 5)):
        F = rng.random((n, m))
        front = F / np.linalg.norm(F, axis=1, keepdims=True)
        found[f"hypervolume n={n} m={m}"] = alternate(
            lambda front=front, m=m: HV(ref_point=np.full(m, 1.1)).do(front), turns
        )
    return found


def alternate(call: Callable[[], Any], turns: int, repeats: int = 20) -> dict[str, float]:
    """Compare one call of pymoo with and without, without the cost of opening the exchange."""
    seconds = np.empty((turns, 2))
    for turn in range(turns):
        for side, context in enumerate((nullcontext, use_kernels)):
            with context():
                start = time.process_time()
                for _ in range(repeats):
                    call()
                seconds[turn, side] = (time.process_time() - start) / repeats
    return {
        "ms_alone": 1e3 * float(np.median(seconds[:, 0])),
        "ms_with_kernels": 1e3 * float(np.median(seconds[:, 1])),
        "ratio": statistics.median((seconds[:, 0] / seconds[:, 1]).tolist()),
    }


class Individual(list):
    """A row number with a fitness."""

    def __init__(self, row: int, fitness: Any) -> None:
        super().__init__([row])
        self.fitness = fitness


def deap_selection(turns: int) -> dict[str, dict[str, float]]:
    found = {}
    for n in (100, 400, 1000):
        for m in (2, 3):
            fitness = type("Fitness", (base.Fitness,), {"weights": (-1.0,) * m})
            V = np.random.default_rng(0).random((n, m))
            rows = [Individual(row, fitness(tuple(v))) for row, v in enumerate(V)]
            same(tools.selNSGA2(rows, n // 2), sel_nsga2(rows, n // 2))
            found[f"select n={n} m={m}"] = compare(
                lambda rows=rows: tools.selNSGA2(rows, len(rows) // 2),
                lambda rows=rows: sel_nsga2(rows, len(rows) // 2),
                turns,
            )
    return found


def botorch_functions(turns: int) -> dict[str, dict[str, float]]:
    found = {}
    generator = torch.Generator().manual_seed(0)
    for n, m in ((1000, 2), (1000, 4), (10_000, 3)):
        Y = torch.rand(n, m, generator=generator, dtype=torch.float64)
        same(is_non_dominated(Y), tensors.is_non_dominated(Y))
        found[f"is_non_dominated n={n} m={m}"] = compare(
            lambda Y=Y: is_non_dominated(Y), lambda Y=Y: tensors.is_non_dominated(Y), turns
        )
    for n, m in ((100, 2), (100, 3), (30, 5)):
        Y = torch.rand(n, m, generator=generator, dtype=torch.float64)
        Y /= Y.norm(dim=1, keepdim=True)
        zero = torch.zeros(m, dtype=torch.float64)
        if not np.isclose(Hypervolume(zero).compute(Y), float(tensors.hypervolume(Y, zero))):
            raise AssertionError("hypervolumes differ")
        found[f"hypervolume n={n} m={m}"] = compare(
            lambda Y=Y, zero=zero: Hypervolume(zero).compute(Y),
            lambda Y=Y, zero=zero: tensors.hypervolume(Y, zero),
            turns,
        )
    return found


def optuna_studies(turns: int) -> dict[str, dict[str, float]]:
    found = {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for n, m in ((1000, 2), (1000, 4), (5000, 3)):
        study = optuna.create_study(directions=["minimize"] * m)
        F = np.random.default_rng(0).random((n, m))
        study.add_trials([optuna.trial.create_trial(values=f) for f in F.tolist()])
        same([t.number for t in study.best_trials], [t.number for t in best_trials(study)])
        found[f"best_trials n={n} m={m}"] = compare(
            lambda study=study: study.best_trials, lambda study=study: best_trials(study), turns
        )
        reference = np.ones(m)

        def own(study=study, reference=reference):
            losses = np.array([trial.values for trial in study.get_trials(deepcopy=False)])
            return compute_hypervolume(losses, reference)

        if not np.isclose(own(), study_hypervolume(study, reference)):
            raise AssertionError("hypervolumes differ")
        found[f"hypervolume n={n} m={m}"] = compare(
            own,
            lambda study=study, reference=reference: study_hypervolume(study, reference),
            turns,
        )
    return found


def main() -> None:
    """Compare in each tool, print the ratios and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--generations", type=int, default=10, help="of pymoo's whole runs")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {"peers": {name: importlib.metadata.version(name) for name in PEERS}}
    for title, measure in (
        ("pymoo: whole runs", lambda: pymoo_runs(arguments.turns, arguments.generations)),
        ("pymoo: calls", lambda: pymoo_parts(arguments.turns)),
        ("DEAP", lambda: deap_selection(arguments.turns)),
        ("BoTorch", lambda: botorch_functions(arguments.turns)),
        ("Optuna", lambda: optuna_studies(arguments.turns)),
    ):
        found[title] = measure()
        print(title)
        for name, numbers in found[title].items():
            print(
                f"  {name:28} {numbers['ms_alone']:9.2f} ms alone "
                f"{numbers['ms_with_kernels']:9.2f} ms with  {numbers['ratio']:8.2f} x"
            )
    save("interop", found)


if __name__ == "__main__":
    main()
