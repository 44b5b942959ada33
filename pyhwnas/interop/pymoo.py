"""pymoo with these kernels inside, and problems of this package for pymoo's algorithms.

`use_kernels` exchanges four methods of pymoo's classes while it is open. Algorithms need no
change, and those made before are served as well as those made inside.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pyhwnas import moo
from pyhwnas._optional import require
from pyhwnas.history import Bools, Floats
from pyhwnas.problem import Problem

__all__ = ["as_problem", "use_kernels"]

_LOCK = threading.Lock()


@contextmanager
def use_kernels(*, contributions: bool = False) -> Iterator[None]:
    """Let pymoo sort, crowd and measure volumes with the kernels of this package.

    Parameters
    ----------
    contributions : bool, default False
        Whether SMS-EMOA takes hypervolume contributions from here too. They agree with pymoo's up
        to rounding, so a run may go another way where two rows contribute almost the same.

    Yields
    ------
    None

    Raises
    ------
    MissingExtraError
        If pymoo is not installed.

    Notes
    -----
    Written for pymoo 0.6.2. Exchanged are

    - ``NonDominatedSorting.do``, which NSGA-II, NSGA-III, SMS-EMOA, C-TAEA, AGE-MOEA and the rest
      of pymoo call: ranks and the order within fronts are pymoo's. Left with pymoo: a sort with a
      `dominator` of its own, and values that hold NaN.
    - The crowding distance ``"cd"`` of ``RankAndCrowding``: pymoo's values bit by bit, which are
      means over objectives of gaps that are divided before they are added, in numpy with fewer
      passes. Left with pymoo: infinite values, and the metrics ``"pcd"``, ``"ce"``, ``"mnn"`` and
      ``"2nn"``.
    - The default elimination of duplicates, which compares all pairs of rows of X and takes up to
      two fifths of a run: pymoo's own comparison, but only of rows that are near in a projection.
    - ``Hypervolume``, also under its name ``HV``: equal up to rounding. No survival of pymoo
      decides by it. Left with pymoo: values that are not finite.

    A run with the same seed therefore returns the same X and F bit by bit. Infinite objective
    values are the exception: pymoo 0.6.2 ranks them by moocore 0.3.2, whose ranks are then not
    those of the definition; these are.

    The exchange holds for the process: other threads see it while it is open, and it may be
    opened in several threads at once and within itself. The last one to close it, by an exception
    or not, puts pymoo's own methods back. Child processes that are forked inside keep it.

    Examples
    --------
    >>> from pyhwnas.interop.pymoo import use_kernels
    >>> from pymoo.algorithms.moo.nsga2 import NSGA2
    >>> from pymoo.optimize import minimize
    >>> from pymoo.problems import get_problem
    >>> with use_kernels():
    ...     result = minimize(get_problem("zdt1"), NSGA2(pop_size=20), ("n_gen", 5), seed=1)
    >>> result.F.shape[1]
    2
    """
    with ExitStack() as stack:
        for door in (_SORT, _CROWDING, _DUPLICATES, _VOLUME, _CONTRIBUTIONS):
            if door is _CONTRIBUTIONS and not contributions:
                continue
            door.enter()
            stack.callback(door.leave)
        yield


def as_problem(problem: Problem) -> Any:
    """Present a problem of this package as one of pymoo.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    pymoo.core.problem.Problem
        Integer variables, one for each gene; objectives minimised (those that are to be maximised
        have their sign turned); one inequality for each constraint, the relative excess, and a
        last one that is 1 where a row is not valid in its space or could not be measured. The
        objectives of such a row are infinite.

    Raises
    ------
    MissingExtraError
        If pymoo is not installed.
    ValueError
        On evaluation, if X holds numbers that are not whole.

    Notes
    -----
    Rows are measured in the canonical form of their space. pymoo's operators make whole numbers
    with a repair, as below.

    Examples
    --------
    >>> from pyhwnas import objectives, problem, spaces
    >>> from pyhwnas.interop.pymoo import as_problem
    >>> from pymoo.algorithms.moo.nsga2 import NSGA2
    >>> from pymoo.operators.crossover.sbx import SBX
    >>> from pymoo.operators.mutation.pm import PM
    >>> from pymoo.operators.repair.rounding import RoundingRepair
    >>> from pymoo.operators.sampling.rnd import IntegerRandomSampling
    >>> from pymoo.optimize import minimize
    >>> space = spaces.NASBench201()
    >>> counts = problem.Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> algorithm = NSGA2(
    ...     pop_size=20,
    ...     sampling=IntegerRandomSampling(),
    ...     crossover=SBX(vtype=float, repair=RoundingRepair()),
    ...     mutation=PM(vtype=float, repair=RoundingRepair()),
    ... )
    >>> minimize(as_problem(counts), algorithm, ("n_gen", 5), seed=1).X.shape[-1]
    6
    """

    def evaluate(self: Any, X: Any, out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        out["F"], out["G"] = _evaluate(problem, np.atleast_2d(X))

    base = require("pymoo.core.problem", extra="pymoo").Problem
    sizes = [gene.n for gene in problem.space.genes]
    return type("Problem", (base,), {"_evaluate": evaluate, "__module__": __name__})(
        n_var=len(sizes),
        n_obj=len(problem.objectives),
        n_ieq_constr=len(problem.constraints) + 1,
        xl=0,
        xu=np.array(sizes) - 1,
        vtype=int,
    )


def _evaluate(problem: Problem, X: Any) -> tuple[Floats, Floats]:
    """Objectives, minimised, and inequalities of rows as pymoo passes them."""
    rows = np.asarray(X, dtype=np.float64)
    if (rows != np.rint(rows)).any():
        raise ValueError(
            "X must hold whole numbers, got "
            f"{rows[rows != np.rint(rows)][0]}; give the operators repair=RoundingRepair()"
        )
    genotypes = problem.space.canonical(rows.astype(np.int64))
    values = np.full((len(rows), len(problem.objectives)), np.nan)
    valid = problem.space.valid(genotypes)
    values[valid] = problem.evaluate(genotypes[valid]).values
    failed = np.isnan(values).any(axis=1)
    G = np.ones((len(rows), len(problem.constraints) + 1))
    for column, constraint in enumerate(problem.constraints):
        of = values[~failed, problem.names.index(constraint.name)]
        G[~failed, column] = constraint.violation(of)
    G[:, -1] = failed
    F = problem.minimised(values)
    F[failed] = np.inf
    return F, G


@dataclass
class _Door:
    """An attribute of pymoo that is exchanged while at least one context is open."""

    module: str
    owner: str  # a class of the module, "" for the module itself
    name: str
    make: Callable[[Any], Any]  # from pymoo's function to the one that stands in for it
    original: Any = field(default=None, init=False)
    n_open: int = field(default=0, init=False)

    def enter(self) -> None:
        with _LOCK:
            if self.n_open == 0:
                owner = self._find()
                self.original = vars(owner)[self.name]
                setattr(owner, self.name, functools.wraps(self.original)(self.make(self.original)))
            self.n_open += 1

    def leave(self) -> None:
        with _LOCK:
            self.n_open -= 1
            if self.n_open == 0:
                setattr(self._find(), self.name, self.original)

    def _find(self) -> Any:
        module = require(self.module, extra="pymoo")
        return getattr(module, self.owner) if self.owner else module


def _with_sort(original: Any) -> Any:
    def do(  # noqa: PLR0917 - pymoo's signature
        self: Any,
        F: Any,
        return_rank: bool = False,
        only_non_dominated_front: bool = False,
        n_stop_if_ranked: int | None = None,
        n_fronts: int | None = None,
        **kwargs: Any,
    ) -> Any:
        def by_pymoo() -> Any:
            return original(
                self, F, return_rank, only_non_dominated_front, n_stop_if_ranked, n_fronts, **kwargs
            )

        if self.dominator is not None or np.ndim(F) != 2 or not np.size(F):
            return by_pymoo()
        values = np.asarray(F, dtype=np.float64)
        if self.epsilon is not None:
            values = values - self.epsilon
        try:
            if only_non_dominated_front:
                return np.flatnonzero(moo.nondominated_mask(values))
            ranks = moo.nondominated_sort(values)
        except ValueError:  # NaN
            return by_pymoo()
        fronts = _fronts(ranks, n_stop_if_ranked, n_fronts)
        if not return_rank:
            return fronts
        return fronts, np.where(ranks < len(fronts), ranks.astype(np.int64), sys.maxsize)

    return do


def _fronts(ranks: Any, n_stop: int | None, n_fronts: int | None) -> list[Any]:
    """Rows of each front in ascending order, up to the front that completes `n_stop` rows."""
    # Numbers of 16 bits are sorted by digits.
    short = ranks.astype(np.uint16) if len(ranks) <= 2**16 else ranks
    order = np.argsort(short, kind="stable")
    limit = None if n_fronts is None else max(n_fronts, 0)
    fronts: list[Any] = []
    start = 0
    for end in np.cumsum(np.bincount(ranks)).tolist()[:limit]:
        fronts.append(order[start:end])
        start = end
        if n_stop is not None and end >= n_stop:
            break
    return fronts


def _with_crowding(original: Any) -> Any:
    metrics = require("pymoo.operators.survival.rank_and_crowding.metrics", extra="pymoo")

    def _do(self: Any, F: Any, *args: Any, **kwargs: Any) -> Any:
        if (
            self.function is not metrics.calc_crowding_distance
            or self.filter_out_duplicates
            or np.ndim(F) != 2
            or len(F) <= 2  # pymoo: as far apart as can be
            or F.dtype != np.float64
            or not np.isfinite(F).all()
        ):
            return original(self, F, *args, **kwargs)
        return _mean_gaps(F)

    return _do


def _mean_gaps(F: Floats) -> Floats:
    """Crowding distance of pymoo: the same operations in the same order, hence the same bits."""
    n, m = F.shape
    order = np.argsort(F, axis=0, kind="stable")
    columns = np.take_along_axis(F, order, axis=0)
    spread = columns[-1] - columns[0]
    spread[spread == 0] = np.nan  # a constant objective makes no row extreme
    gaps = np.full((n + 1, m), np.inf)
    np.subtract(columns[1:], columns[:-1], out=gaps[1:-1])
    gaps /= spread
    gaps[np.isnan(gaps)] = 0.0
    around = np.empty_like(columns)
    np.put_along_axis(around, order, gaps[:-1] + gaps[1:], axis=0)
    mean: Floats = around.sum(axis=1) / m
    return mean


def _with_duplicates(original: Any) -> Any:
    elimination = require("pymoo.core.duplicate", extra="pymoo").DefaultDuplicateElimination

    def _do(self: Any, pop: Any, other: Any, is_duplicate: Any) -> Any:
        matrices = [np.asarray(self.func(rows)) for rows in (pop, other) if rows is not None]
        if type(self).calc_dist is not elimination.calc_dist or not all(
            X.ndim == 2 and X.size and X.dtype.kind in "fiu" for X in matrices
        ):
            return original(self, pop, other, is_duplicate)
        keys, slack = _projections(matrices, self.epsilon)
        if not np.isfinite([slack, *map(np.sum, keys)]).all():
            return original(self, pop, other, is_duplicate)
        if other is None:
            near = _near_another(keys[0], slack)
        else:
            near = _near(keys[0], keys[1], slack)
            other = other[_near(keys[1], keys[0], slack)]
        if near.any() and (other is None or len(other)):
            is_duplicate[near] = original(self, pop[near], other, is_duplicate[near])
        return is_duplicate

    return _do


def _projections(matrices: list[Any], distance: float) -> tuple[list[Floats], float]:
    """Rows along one direction, and how far apart rows within a distance may be there.

    Rows that are near are near in any direction. What rounding may add is allowed for.
    """
    direction = 1.0 + np.arange(1, matrices[0].shape[1] + 1) * 0.6180339887498949 % 1.0
    size = max(float(np.abs(X).max()) for X in matrices)
    rounding = 4.0 * (len(direction) + 2) * float(np.finfo(np.float64).eps) * size
    slack = (2.0 * distance + rounding) * float(direction.sum())
    with np.errstate(over="ignore", invalid="ignore"):
        return [X @ direction for X in matrices], slack


def _near(keys: Floats, others: Floats, slack: float) -> Bools:
    others = np.sort(others)
    first = np.searchsorted(others, keys - slack)
    return np.searchsorted(others, keys + slack, side="right") > first


def _near_another(keys: Floats, slack: float) -> Bools:
    order = np.argsort(keys)
    close = np.diff(keys[order]) <= slack
    near = np.zeros(len(keys), dtype=np.bool_)
    near[order[1:]] = close
    near[order[:-1]] |= close
    return near


def _with_volume(original: Any) -> Any:
    def _do(self: Any, F: Any) -> Any:
        if not _is_plain(F, self.ref_point):
            return original(self, F)
        return moo.hypervolume(F, self.ref_point)

    return _do


def _with_contributions(original: Any) -> Any:
    def hv_contributions(F: Any, *, ref: Any, **kwargs: Any) -> Any:
        if kwargs or not _is_plain(F, ref):
            return original(F, ref=ref, **kwargs)
        return moo.hypervolume_contributions(F, ref)

    return hv_contributions


def _is_plain(F: Any, ref_point: Any) -> bool:
    """Whether a matrix and a reference point fit, and are finite."""
    return (
        np.ndim(F) == 2
        and np.shape(ref_point) == np.shape(F)[1:]
        and bool(np.isfinite(F).all() and np.isfinite(ref_point).all())
    )


_SORT = _Door("pymoo.util.nds.non_dominated_sorting", "NonDominatedSorting", "do", _with_sort)
_CROWDING = _Door(
    "pymoo.operators.survival.rank_and_crowding.metrics",
    "FunctionalDiversity",
    "_do",
    _with_crowding,
)
_DUPLICATES = _Door("pymoo.core.duplicate", "DefaultDuplicateElimination", "_do", _with_duplicates)
_VOLUME = _Door("pymoo.indicators.hv", "Hypervolume", "_do", _with_volume)
_CONTRIBUTIONS = _Door("pymoo.algorithms.moo.sms", "", "hv_contributions", _with_contributions)
