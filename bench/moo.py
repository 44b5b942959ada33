"""Multi-objective kernels against every library that offers the same: values first, then times.

Run as ``python -m bench.moo``; ``--quick`` compares values on small inputs only, ``--task`` picks
tasks. Each cell is a task, a kind of input and a size. A rival with other values ends the bench.
CPU time on one thread, medians of interleaved rounds; the time with two threads is that of the
clock on the wall. A ratio is the time of the best rival over ours: above 1 we are faster. Rivals
are left out of cells where they need seconds.

Not there at all: pymoo's ranks, hypervolume, IGD+ and DEAP's hypervolume, which call moocore;
BoTorch's hypervolume and ranks, Python loops that are 10 to 1000 times slower than the rivals here.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import hvwfg
import moocore
import numpy as np
import paretoset
import pygmo
from numpy.typing import NDArray
from optuna._hypervolume.hssp import _solve_hssp

from bench import fronts
from bench.native_moocore import FLAGS, native_moocore
from bench.record import save
from bench.timing import interleaved
from pyhwnas import moo

Call = Callable[[], Any]
Matrix = NDArray[np.float64]

ROUNDS = 7


@dataclass(frozen=True)
class Cell:
    """One size of one task: our call and those of the rivals on the same input."""

    task: str
    kind: str
    m: int
    n: int
    ours: Callable[[int], Any]  # takes the number of threads
    rivals: dict[str, Call]
    close: float = 0.0  # relative difference that rounding explains; 0: equal
    error_of: Callable[[Any], float] | None = None  # approximations are judged by their error

    @property
    def name(self) -> str:
        """As the tables print it."""
        return f"{self.kind} M{self.m} {self.n}"


def ranks(native: Any, quick: bool) -> Iterator[Cell]:
    """All fronts."""
    sizes = [(fronts.cube, m, n) for m in (2, 3) for n in (10**3, 10**4, 10**5, 10**6)]
    sizes += [(fronts.cube, m, n) for m in (5, 8) for n in (10**3, 10**4, 10**5)]
    sizes += [(fronts.layers, m, 10**5) for m in (3, 5, 8)]
    sizes += [(fronts.integers, m, 10**5) for m in (2, 3, 5, 8)]
    sizes += [(fronts.cube, m, 200) for m in (2, 3, 5)]
    for kind, m, n in small(sizes, quick):
        F = kind(n, m)
        rivals = both(native, lambda library, F=F: library.pareto_rank(F))
        if n <= 10**4:
            rivals["pygmo"] = lambda F=F: pygmo.fast_non_dominated_sorting(F)[3]
        yield Cell("ranks", kind.__name__, m, n, partial(called, moo.nondominated_sort, F), rivals)


def first_front(native: Any, quick: bool) -> Iterator[Cell]:
    """The non-dominated rows, equal ones included."""
    sizes = [(fronts.cube, m, n) for m in (2, 3, 5, 8) for n in (10**3, 10**6)]
    sizes += [(fronts.sphere, m, n) for m in (3, 5, 8) for n in (10**3, 10**5)]
    for kind, m, n in small(sizes, quick):
        F = kind(n, m)
        rivals = both(native, lambda library, F=F: library.is_nondominated(F, keep_weakly=True))
        if n * m < 4 * 10**6 and (kind is fronts.cube or n <= 10**4):
            rivals["paretoset"] = lambda F=F: paretoset.paretoset(F, distinct=False)
        yield Cell(
            "first front", kind.__name__, m, n, partial(called, moo.nondominated_mask, F), rivals
        )


def volume(native: Any, quick: bool) -> Iterator[Cell]:
    """Exact hypervolume."""
    sizes = [(fronts.sphere, 2, 10**5)]
    sizes += [(fronts.sphere, 3, n) for n in (10**2, 10**3, 10**4, 10**5)]
    sizes += [(fronts.sphere, 4, n) for n in (10**2, 10**3, 10**4)]
    sizes += [(fronts.sphere, 5, n) for n in (100, 500, 1000)]
    sizes += [(fronts.sphere, 6, n) for n in (100, 200, 500)]
    sizes += [(fronts.sphere, 8, n) for n in (50, 100, 200)]
    sizes += [(fronts.sphere, 10, n) for n in (50, 100)]
    sizes += [(fronts.convex, m, 100) for m in (4, 6, 8)] + [(fronts.cube, m, 1000) for m in (4, 6)]
    for kind, m, n in small(sizes, quick):
        F, ref = kind(n, m), np.full(m, 1.1)
        rivals: dict[str, Call] = {}
        if m < 8 or (m == 8 and n <= 50):
            rivals = both(native, lambda library, F=F, ref=ref: library.hypervolume(F, ref=ref))
        if m != 4 or n < 10**4:
            rivals["pygmo"] = lambda F=F, ref=ref: pygmo.hypervolume(F).compute(ref)
        rivals["hvwfg"] = lambda F=F, ref=ref: hvwfg.wfg(F, ref)
        ours = partial(called, moo.hypervolume, F, ref)
        yield Cell("hypervolume", kind.__name__, m, n, ours, rivals, close=1e-9)


def contributions(native: Any, quick: bool) -> Iterator[Cell]:
    """Exclusive volumes of all rows."""
    sizes = [(2, 10**4), (3, 10**3), (3, 10**4), (4, 10**2), (4, 10**3), (5, 300), (6, 100)]
    sizes += [(8, 60), (10, 30)]
    for kind, m, n in small([(fronts.sphere, m, n) for m, n in sizes], quick):
        F, ref = kind(n, m), np.full(m, 1.1)
        rivals = both(native, lambda library, F=F, ref=ref: library.hv_contributions(F, ref=ref))
        if m > 3 or n <= 10**3:
            rivals["pygmo"] = lambda F=F, ref=ref: np.asarray(
                pygmo.hypervolume(F).contributions(ref)
            )
        ours = partial(called, moo.hypervolume_contributions, F, ref)
        yield Cell("contributions", kind.__name__, m, n, ours, rivals, close=1e-6)


def subset(native: Any, quick: bool) -> Iterator[Cell]:
    """Greedy choice of k rows."""
    for m, n, k in ((3, 200, 20), (3, 1000, 100), (4, 200, 20), (5, 100, 20)):
        if quick and n > 200:
            continue
        F, ref = fronts.sphere(n, m), np.full(m, 1.1)
        rows = np.arange(n)
        rivals = {"optuna": lambda F=F, ref=ref, k=k, rows=rows: _solve_hssp(F, rows, k, ref)}

        def chosen(threads: int, F: Matrix = F, ref: Matrix = ref, k: int = k) -> Any:
            return moo.hypervolume_subset(F, k, ref, threads=threads)

        yield Cell(f"subset of {k}", "sphere", m, n, chosen, rivals)


def approximation(native: Any, quick: bool) -> Iterator[Cell]:
    """Hypervolume from 262 144 samples; the relative errors stand beside the times."""
    n_samples = 2**12 if quick else 2**18
    for m in (5, 8, 10):
        n = 50 if m == 10 else 100
        F, ref = fronts.sphere(n, m), np.full(m, 1.1)
        exact = moo.hypervolume(F, ref, threads=2)
        rivals = both(
            native,
            lambda library, F=F, ref=ref: library.hv_approx(F, ref=ref, nsamples=n_samples, seed=0),
        )

        def estimate(threads: int, F: Matrix = F, ref: Matrix = ref) -> Any:
            return moo.hypervolume_approx(F, ref, n_samples, 0, threads=threads)[0]

        def error(value: float, exact: float = exact) -> float:
            return abs(value / exact - 1)

        yield Cell("approximation", "sphere", m, n, estimate, rivals, error_of=error)


def crowding(native: Any, quick: bool) -> Iterator[Cell]:
    """Crowding distance of one front."""
    sizes = [(fronts.cube, 2, 10**3), (fronts.cube, 3, 10**3), (fronts.cube, 3, 10**5)]
    sizes += [(fronts.cube, 8, 10**4)]
    for kind, m, n in small(sizes, quick):
        F = kind(n, m)
        rivals = {"pygmo": lambda F=F: pygmo.crowding_distance(F)}
        ours = partial(called, moo.crowding_distance, F)
        yield Cell("crowding", kind.__name__, m, n, ours, rivals, close=1e-9)


def indicators(native: Any, quick: bool) -> Iterator[Cell]:
    """IGD+, IGD and both epsilons."""
    sizes = ((2, 1000, 10000), (3, 5000, 10000), (8, 2000, 10000))
    for m, n, n_reference in ((m, 200, 300) for m in (2, 3, 8)) if quick else sizes:
        # Reference fronts are close to the found ones, as at the end of a search.
        F, R = fronts.sphere(n, m) * 1.05 + 0.01, fronts.sphere(n_reference, m) + 0.01
        for ours, theirs in (
            ("igd_plus", "igd_plus"),
            ("igd", "igd"),
            ("epsilon_additive", "epsilon_additive"),
            ("epsilon_multiplicative", "epsilon_mult"),
        ):
            rivals = both(native, lambda library, F=F, R=R, f=theirs: getattr(library, f)(F, ref=R))
            call = partial(called, getattr(moo, ours), F, R)
            yield Cell(ours, f"sphere to {n_reference}", m, n, call, rivals, close=1e-9)


def degree(native: Any, quick: bool) -> Iterator[Cell]:
    """Ranks by dominance degrees, against others that compare all pairs of rows."""
    for kind, m, n in small([(fronts.cube, 3, 10**3), (fronts.cube, 8, 10**4)], quick):
        F = kind(n, m)
        rivals = {"pygmo": lambda F=F: pygmo.fast_non_dominated_sorting(F)[3]}
        ours = partial(called, moo.dominance_degree_sort, F)
        yield Cell("dominance degree", kind.__name__, m, n, ours, rivals)


TASKS = (
    ranks,
    first_front,
    volume,
    contributions,
    subset,
    approximation,
    crowding,
    indicators,
    degree,
)


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call with all but the last argument, which is the number of threads."""
    return function(*arguments[:-1], threads=arguments[-1])


def both(native: Any, call: Callable[[Any], Any]) -> dict[str, Call]:
    """Give the call to moocore's wheel and to its build for this machine."""
    rivals = {"moocore": partial(call, moocore)}
    if native is not None:
        rivals["moocore native"] = partial(call, native)
    return rivals


def small(sizes: list[Any], quick: bool) -> Iterator[Any]:
    """All sizes, or each kind and dimension once with at most 200 rows (30 where time explodes)."""
    if not quick:
        yield from sizes
        return
    yield from {(kind, m): (kind, m, min(n, 200 if m < 5 else 30)) for kind, m, n in sizes}.values()


def check_values(cell: Cell) -> None:
    """Stop unless all rivals, and both numbers of threads, give the same values."""
    ours = np.asarray(cell.ours(1))
    if not np.array_equal(ours, np.asarray(cell.ours(2))):
        raise SystemExit(f"{cell.task}, {cell.name}: other values with two threads")
    if cell.error_of:
        return
    for name, call in cell.rivals.items():
        theirs = np.asarray(call())
        if not np.allclose(ours, theirs, rtol=cell.close, atol=0.0):
            different = int(np.sum(~np.isclose(ours, theirs, rtol=cell.close, atol=0.0)))
            raise SystemExit(f"{cell.task}, {cell.name}: {name} differs in {different} values")


def measure(cell: Cell) -> dict[str, Any]:
    """Milliseconds of all, on one thread each, and ours on two."""
    calls = {"ours": partial(cell.ours, 1), **cell.rivals}
    seconds = interleaved(calls, ROUNDS, time.process_time)
    two = interleaved({"two": partial(cell.ours, 2)}, ROUNDS, time.perf_counter)["two"]
    best = min(cell.rivals, key=lambda name: seconds[name])
    found: dict[str, Any] = {
        "task": cell.task,
        "input": cell.kind,
        "m": cell.m,
        "n": cell.n,
        "ms": {name: 1e3 * value for name, value in seconds.items()},
        "ms_two_threads": 1e3 * two,
        "best_rival": best,
        "ratio": seconds[best] / seconds["ours"],
        "ratio_two_threads": seconds[best] / two,
    }
    if "moocore" in seconds:
        found["ratio_to_wheel"] = seconds["moocore"] / seconds["ours"]
    if cell.error_of:
        found["relative_error"] = {name: cell.error_of(call()) for name, call in calls.items()}
    return found


def summary(cells: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Geometric mean and worst cell of the ratios of each task."""
    found = {}
    for task in dict.fromkeys(cell["task"] for cell in cells):
        ratios = {
            f"{cell['input']} M{cell['m']} {cell['n']}": cell["ratio"]
            for cell in cells
            if cell["task"] == task
        }
        worst = min(ratios, key=lambda name: ratios[name])
        mean = math.exp(sum(map(math.log, ratios.values())) / len(ratios))
        found[task] = {"geometric_mean": mean, "worst": ratios[worst], "worst_cell": worst}
    return found


def main() -> None:
    """Compare values everywhere, then time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small inputs, values only")
    parser.add_argument("--task", action="append", choices=[task.__name__ for task in TASKS])
    parser.add_argument(
        "--no-native", action="store_true", help="no moocore built for this machine"
    )
    arguments = parser.parse_args()
    native = None if arguments.no_native else native_moocore()
    cells: list[dict[str, Any]] = []
    for task in TASKS:
        if arguments.task and task.__name__ not in arguments.task:
            continue
        for cell in task(native, arguments.quick):
            check_values(cell)
            if arguments.quick:
                print(f"{cell.task}, {cell.name}: agrees with {', '.join(cell.rivals)}", flush=True)
                continue
            cells.append(measure(cell))
            times = ", ".join(f"{name} {ms:.3g}" for name, ms in cells[-1]["ms"].items())
            print(
                f"{cell.task}, {cell.name}: {times} ms; ratio {cells[-1]['ratio']:.2f}, "
                f"two threads {cells[-1]['ratio_two_threads']:.2f}",
                flush=True,
            )
    if arguments.quick:
        return
    means = summary(cells)
    for task_name, numbers in means.items():
        print(
            f"{task_name}: {numbers['geometric_mean']:.2f} times the best rival, "
            f"worst {numbers['worst']:.2f} ({numbers['worst_cell']})"
        )
    if not arguments.task:
        save("moo", {"native_moocore": FLAGS, "summary": means, "cells": cells})


if __name__ == "__main__":
    main()
