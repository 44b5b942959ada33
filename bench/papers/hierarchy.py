"""The hypotheses of the paper behind the hierarchical space, as far as scores without training go.

Run as ``python -m bench.papers.hierarchy``. The paper trains networks and says little on how, so
its tables cannot be repeated. What can be tested is what its hypotheses say of the search, with
expected Synflow in the place of accuracy: H1, several objectives find better trade-offs than one;
H2, a hierarchical space is searched more efficiently than a flat one of the same networks; H4, the
front is diverse. H3, that networks are as good on other data, needs training.

All searches have the same number of evaluations, in the space for 32 pixels, and all but random
ones begin with the same networks. Hypervolumes are of all rows of a search, with Synflow (already
a logarithm) and the logarithms of MACs and parameters scaled to [0, 1] by the extremes of all
searches together; the reference point is the worst corner.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.papers.table import Line, arguments, write
from pyhwnas import Problem, Search, moo
from pyhwnas.history import Batch, History
from pyhwnas.objectives import Macs, Params
from pyhwnas.optimizers import NSGA2, Optimizer, Random
from pyhwnas.proxies import SynflowExpected
from pyhwnas.spaces import Hierarchical, sample

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EVALUATIONS = 1000
POPULATION = 40
SPACE = Hierarchical(resolutions=(32,), n_classes=10)
FLAT = Hierarchical(resolutions=(32,), n_classes=10, flat=True)
WEIGHTS = ((1.0, 0.0, 0.0), (0.8, 0.1, 0.1), (0.6, 0.2, 0.2), (0.4, 0.3, 0.3), (0.2, 0.4, 0.4))
SCALE = np.array([100.0, 2.0, 2.0])
"""Range of Synflow, and of the decimal logarithms of MACs and parameters, in a weighted sum."""
LEVELS, GENES = "hierarchical by stages and blocks", "hierarchical by genes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generational(NSGA2):
    """NSGA-II from given rows.

    Parameters
    ----------
    rows : tuple of str
        The first population.
    """

    rows: tuple[str, ...]

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        if not history.batches:
            X = np.array([problem.space.from_str(row) for row in self.rows])
            return Batch(X, {"parents": []})
        return NSGA2.propose(self, problem, history, n, rng)


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """All three objectives as one."""

    space: Hierarchical
    weights: tuple[float, ...]
    name: ClassVar[str] = "weighted"
    unit: ClassVar[str] = ""
    sense: ClassVar[Literal["min"]] = "min"
    cost: ClassVar[Literal["cheap"]] = "cheap"

    def __call__(self, X: Ints) -> Floats:
        """Return the sum of scaled objectives, less is better."""
        return measured(self.space, X) / SCALE @ np.array(self.weights)


class Run(NamedTuple):
    """All rows of a search: minimised values, and the units that they pick."""

    F: Floats
    ids: npt.NDArray[np.int32]


@cache
def objectives(space: Hierarchical) -> tuple[SynflowExpected, Macs, Params]:
    return SynflowExpected(space), Macs(space), Params(space)


def measured(space: Hierarchical, X: Ints) -> Floats:
    """Return -Synflow and the decimal logarithms of MACs and parameters, float64[n, 3]."""
    synflow, macs, params = (objective(X) for objective in objectives(space))
    return np.stack([-synflow, np.log10(macs), np.log10(params)], axis=1)


def first_rows(seed: int, n: int) -> tuple[str, ...]:
    """Draw networks that all searches of a seed start from."""
    X = sample(SPACE, 2 * n, np.random.default_rng(seed))
    return tuple(dict.fromkeys(map(SPACE.to_str, X)))[:n]


def several(space: Hierarchical, optimizer: Optimizer, seed: int, evaluations: int) -> Run:
    """Search under three objectives."""
    X = Search(Problem(space, objectives(space)), optimizer, seed=seed).run(evaluations).X
    return Run(measured(space, X), space.unit_ids(X))


def one(weights: Sequence[tuple[float, ...]], seed: int, evaluations: int) -> Run:
    """Search under one objective after the other, each with its share of the evaluations."""
    each = evaluations // len(weights)
    n = min(POPULATION, each // 5)
    optimizer = Generational(
        population=n, rows=first_rows(seed, n), crossover="levels", mutation="levels"
    )
    rows = [
        Search(Problem(SPACE, (WeightedSum(SPACE, w),)), optimizer, seed=seed).run(each).X
        for w in weights
    ]
    X = np.concatenate(rows)
    return Run(measured(SPACE, X), SPACE.unit_ids(X))


def all_runs(seed: int, evaluations: int) -> dict[str, Run]:
    """Search in all ways with one seed."""
    rows = first_rows(seed, POPULATION)
    genes = Generational(population=POPULATION, rows=rows)
    levels = dataclasses.replace(genes, crossover="levels", mutation="levels")
    return {
        LEVELS: several(SPACE, levels, seed, evaluations),
        GENES: several(SPACE, genes, seed, evaluations),
        "flat": several(FLAT, genes, seed, evaluations),
        "random": several(SPACE, Random(), seed, evaluations),
        "flat, random": several(FLAT, Random(), seed, evaluations),
        "Synflow alone": one(WEIGHTS[:1], seed, evaluations),
        "weighted sums": one(WEIGHTS, seed, evaluations),
    }


def summary(run: Run, low: Floats, high: Floats) -> dict[str, float]:
    """Measure the hypervolume, and how diverse the front is.

    That is in how many tenths of a decade of MACs it has a network, and in what share of slots two
    of its networks differ on average.
    """
    front = moo.nondominated_mask(run.F)
    F, ids = run.F[front], run.ids[front]
    cells = np.unique(np.floor(10 * F[:, 1]))
    different = np.mean([np.mean(ids != row, axis=1).sum() for row in ids])
    return {
        "hypervolume": float(moo.hypervolume((F - low) / (high - low), np.ones(3))),
        "front": float(len(F)),
        "tenths of a decade": float(len(cells)),
        "different slots": float(different / max(len(F) - 1, 1)),
    }


def lines(of: dict[str, dict[str, list[float]]]) -> list[Line]:
    """Set hypotheses and what was found side by side."""

    def more(hypothesis: str, measure: str, a: str, b: str) -> Line:
        difference = np.subtract(of[a][measure], of[b][measure]).tolist()
        source = f"hypothesis {hypothesis} of the paper: the mean difference is not negative"
        return Line(f"{measure}, {a} - {b}", difference, 0.0, 0.0, source, "at least")

    report = [
        Line(f"{measure}, {name}", values, float(np.mean(values)), 0.0, "computed", "report")
        for name, measures in of.items()
        for measure, values in measures.items()
    ]
    return [
        more("H1", "hypervolume", LEVELS, "Synflow alone"),
        more("H1", "hypervolume", LEVELS, "weighted sums"),
        more("H2", "hypervolume", LEVELS, "flat"),
        more("H2", "hypervolume", GENES, "flat"),
        more("H4", "tenths of a decade", LEVELS, "Synflow alone"),
        more("H4", "tenths of a decade", LEVELS, "weighted sums"),
        more("H4", "different slots", LEVELS, "Synflow alone"),
        more("H4", "different slots", LEVELS, "weighted sums"),
        *report,
    ]


def main() -> None:
    """Search, measure, and write the table."""
    options = arguments(__doc__, seeds=12, quick=5)
    evaluations = 200 if options.quick else EVALUATIONS
    runs = [all_runs(seed, evaluations) for seed in options.seeds]
    everything = np.concatenate([run.F for by_name in runs for run in by_name.values()])
    low, high = everything.min(axis=0), everything.max(axis=0)
    of: dict[str, dict[str, list[float]]] = {}
    for by_name in runs:
        for name, run in by_name.items():
            for measure, value in summary(run, low, high).items():
                of.setdefault(name, {}).setdefault(measure, []).append(value)
    write(
        "hierarchy",
        lines(of),
        seeds=options.seeds,
        quick=options.quick,
        notes=["Synflow stands for accuracy; nothing was trained."],
        evaluations=evaluations,
        population=POPULATION,
        scaled={"from": low.tolist(), "to": high.tolist()},
    )


if __name__ == "__main__":
    main()
