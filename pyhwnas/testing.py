"""Checks that any space, objective and optimizer has to pass, for the tests of plugins.

Each raises `AssertionError` with a sentence that says what was expected.
"""

from __future__ import annotations

import copy
import pickle
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pyhwnas import networks, objectives
from pyhwnas._describe import describe, encode
from pyhwnas.errors import SpaceError
from pyhwnas.history import Floats, History, Ints
from pyhwnas.optimizers import Optimizer
from pyhwnas.problem import Cost, Objective, Problem, Sense
from pyhwnas.search import Search
from pyhwnas.spaces import Gene, NASBench201, PlainSpace, Space, row_hash, sample, sizes

__all__ = ["check_objective", "check_optimizer", "check_space"]

SMALL = 20_000
"""Spaces of so many rows are counted."""


def check_space(space: Space, *, n: int = 64, seed: int = 0) -> None:
    """Check that a space keeps its promises.

    Parameters
    ----------
    space : Space
    n : int
        How many random rows to try.
    seed : int

    Raises
    ------
    AssertionError
        Naming the method and what it should have done.
    """
    rng = np.random.default_rng(seed)
    what = f"space {space.name}"
    _check(all(gene.n >= 1 for gene in space.genes), f"{what}: every gene has a value")
    _check_describes(space, what)
    raw = rng.integers(0, sizes(space), size=(n, len(space.genes)), dtype=np.int64)
    before = raw.copy()
    fixed = space.repair(raw, rng)
    _check(bool(space.valid(fixed).all()), f"{what}: repair makes every row valid")
    valid = raw[space.valid(raw)]
    _check(_same(space.repair(valid, rng), valid), f"{what}: repair leaves valid rows as they are")
    X = space.canonical(fixed)
    _check(_same(raw, before), f"{what}: repair, valid and canonical do not change their input")
    _check(X.dtype == np.int64 and X.shape == raw.shape, f"{what}: canonical keeps dtype and shape")
    _check(_same(space.canonical(X), X), f"{what}: canonical is idempotent")
    _check(bool(space.valid(X).all()), f"{what}: canonical rows are valid")
    identity = space.identity(fixed)
    _check(
        identity.shape == (n,) and identity.dtype == np.int64, f"{what}: identity returns int64[n]"
    )
    _check(_same(space.identity(X), identity), f"{what}: canonical rows keep their identity")
    for name in ("canonical", "identity", "valid"):
        _check_rows(getattr(space, name), X, f"{what}: {name}", rng)
    for x in X:
        text = space.to_str(x)
        _check(
            _same(space.from_str(text), x),
            f"{what}: from_str(to_str(x)) gives x back, got {space.from_str(text).tolist()} for "
            f"{x.tolist()} by way of {text!r}",
        )
    if np.prod(sizes(space), dtype=float) <= SMALL:
        _check_size(space)
    if space.plan is not None:
        _check_plan(space, fixed, X, rng)


def _check_size(space: Space) -> None:
    everything = np.array(list(np.ndindex(*sizes(space))), dtype=np.int64)
    X = np.unique(space.canonical(everything[space.valid(everything)]), axis=0)
    identity = space.identity(X)
    _, position, copies = np.unique(identity, return_inverse=True, return_counts=True)
    for name, claimed, counted in (
        ("n_genotypes", space.n_genotypes, len(X)),
        ("n_networks", space.n_networks, len(copies)),
    ):
        _check(
            claimed is None or claimed == counted,
            f"space {space.name}: {name} is None or {counted}, got {claimed}",
        )
    if space.n_networks is not None:
        _check(
            _same(space.copies(X), copies[position]),
            f"space {space.name}: copies counts the genotypes of each identity",
        )


def _check_plan(space: Space, raw: Ints, X: Ints, rng: np.random.Generator) -> None:
    plan, what = networks.plan_of(space), f"space {space.name}"
    for live in (False, True):
        ids = space.unit_ids(X, live=live)
        _check(
            ids.dtype == np.int32 and ids.shape == (len(X), len(plan.slots)),
            f"{what}: unit_ids returns int32[n, {len(plan.slots)}], got {ids.dtype}{ids.shape}",
        )
        _check(
            bool(((ids >= networks.ABSENT) & (ids < len(plan.units))).all()),
            f"{what}: unit ids are from -1 to {len(plan.units) - 1}",
        )
        _check(
            _same(space.unit_ids(raw, live=live), ids),
            f"{what}: unit_ids does not depend on genes that canonical sets to 0",
        )
        _check_rows(lambda Y, live=live: space.unit_ids(Y, live=live), X, f"{what}: unit_ids", rng)
    live_ids = space.unit_ids(X, live=True)
    of_unit = np.append(networks.unit_macs(plan), 0.0)
    for x, ids in zip(X[:8], live_ids, strict=False):
        try:
            network = networks.build(space, x)
        except SpaceError:
            _check(ids[-1] == networks.ABSENT, f"{what}: {space.to_str(x)} can be built")
            continue
        _check(
            networks.macs(network) == of_unit[ids].sum(),
            f"{what}: the network of {space.to_str(x)} has the MACs of its units",
        )


def check_objective(objective: Objective, *, n: int = 16, seed: int = 0) -> None:
    """Check that an objective keeps its promises.

    Parameters
    ----------
    objective : Objective
    n : int
        How many random rows to measure, several times each.
    seed : int

    Raises
    ------
    AssertionError
        Above all if the value of a row depends on its neighbours, bit for bit.
    """
    _check(
        isinstance(objective, Objective),
        f"{objective!r} has name, unit, sense, cost and space, and can be called",
    )
    what = f"objective {objective.name}"
    _check(objective.sense in ("min", "max"), f"{what}: sense is 'min' or 'max'")
    _check(objective.cost in ("cheap", "expensive"), f"{what}: cost is 'cheap' or 'expensive'")
    rng = np.random.default_rng(seed)
    X = sample(objective.space, n, rng)
    before = X.copy()

    def measure(rows: Ints) -> Floats:
        return Problem(objective.space, (objective,)).evaluate(rows).values[:, 0]

    values = measure(X)
    _check(_same(X, before), f"{what}: measuring does not change X")
    _check(not np.isnan(values).all(), f"{what}: some of {n} random rows have a value")
    _check(_same(measure(X), values), f"{what}: measuring twice gives the same bits")
    _check_rows(measure, X, what, rng)
    _check(measure(X[:0]).shape == (0,), f"{what}: no rows give no values")
    _check_describes(objective, what)
    twin = _copy(objective, what)
    rows = Problem(twin.space, (twin,)).evaluate(X).values[:, 0]
    _check(_same(rows, values), f"{what}: a pickled copy measures the same bits")


def check_optimizer(optimizer: Optimizer, problem: Problem | None = None, *, n: int = 60) -> None:
    """Check that an optimizer keeps its promises.

    Parameters
    ----------
    optimizer : Optimizer
    problem : Problem, optional
        With objectives that are quick to measure; MACs and parameters on NAS-Bench-201 if left
        out.
    n : int
        How many rows to evaluate in each of about a dozen searches.

    Raises
    ------
    AssertionError
        If a proposal is not a function of its arguments alone, is invalid, changes the history,
        or if a search that is interrupted ends elsewhere.
    """
    if problem is None:
        space = NASBench201()
        problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    what = type(optimizer).__name__
    _check_describes(optimizer, what)
    whole = Search(problem, optimizer, seed=3).run(n)
    _check(len(whole) == n, f"{what}: finds {n} rows in {problem.space.name}, got {len(whole)}")
    _check_pure(optimizer, problem, n, what)
    for batch in (1, 100):
        history = Search(problem, optimizer, seed=3).run(n, batch=batch)
        _check(len(history) == n, f"{what}: finds {n} rows in batches of {batch}")
    with tempfile.TemporaryDirectory() as folder:
        for stop in sorted({1, n // 3, n // 2, n - 1}):
            path = Path(folder, f"{stop}.sqlite")
            for total in (stop, n):
                with Search(problem, optimizer, store=path, seed=3) as search:
                    history = search.run(total)
            _check_equal(history, whole, f"{what}: a run that stops after {stop} rows and goes on")
    flaky = replace(problem, objectives=tuple(_Flaky(o) for o in problem.objectives))
    history = Search(flaky, optimizer, seed=3).run(n, max_failures=n)
    _check(len(history) == n, f"{what}: goes on when rows fail")
    tiny = _tiny(problem)
    history = Search(tiny, optimizer, seed=3).run(1000)
    _check(
        len(history) == 12, f"{what}: exhausts a space of 12 rows and ends, got {len(history)} rows"
    )


def _check_pure(optimizer: Optimizer, problem: Problem, n: int, what: str) -> None:
    """Propose twice at every batch of a search."""
    search = Search(problem, optimizer, seed=3)
    while len(search.history) < n:
        history, number = search.history, len(search.history.batches)
        before = copy.deepcopy((history.X, history.values, [b.aux for b in history.batches]))
        first, second = (
            optimizer.propose(problem, history, None, np.random.default_rng([3, number]))
            for _ in range(2)
        )
        _check(
            _same(first.X, second.X) and encode(first.aux) == encode(second.aux),
            f"{what}: propose is pure, the same arguments give the same batch ({number})",
        )
        after = (history.X, history.values, [b.aux for b in history.batches])
        _check(encode(after) == encode(before), f"{what}: propose leaves the history as it is")
        _check(bool(problem.valid(first.X).all()), f"{what}: rows are valid and canonical")
        for name, value in first.aux.items():
            _check(
                not isinstance(value, np.ndarray) or len(value) == len(first.X),
                f"{what}: array {name!r} in aux has one entry for each row",
            )
        asked = search.ask()
        search.tell(asked.ids, problem.evaluate(asked.X).values)


def _check_equal(history: History, expected: History, what: str) -> None:
    for name in ("X", "values", "batch", "failed", "violation", "keys"):
        _check(
            _same(getattr(history, name), getattr(expected, name)),
            f"{what}: has the same {name} as one that runs through",
        )
    pairs = zip(history.batches, expected.batches, strict=True)
    _check(
        all(_same(a.X, b.X) and encode(a.aux) == encode(b.aux) for a, b in pairs),
        f"{what}: has the same batches as one that runs through",
    )


def _check_rows(function: Any, X: Ints, what: str, rng: np.random.Generator) -> None:
    """Check that results do not depend on neighbours, order or number of rows."""
    whole = function(X)
    alone = [function(X[row : row + 1]) for row in range(len(X))]
    _check(_same(np.concatenate(alone), whole), f"{what}: a row alone gives the same bits")
    order = rng.permutation(len(X))
    _check(_same(function(X[order]), whole[order]), f"{what}: rows may come in any order")
    half = len(X) // 2
    parts = np.concatenate([function(X[:half]), function(X[half:])])
    _check(_same(parts, whole), f"{what}: the size of a batch makes no difference")


def _check_describes(thing: object, what: str) -> None:
    try:
        text = encode(describe(thing))
    except TypeError as error:
        raise AssertionError(f"expected: {what}: it can be described as JSON; {error}") from error
    _check(encode(describe(_copy(thing, what))) == text, f"{what}: a copy has the same description")


def _copy(thing: Any, what: str) -> Any:
    try:
        return pickle.loads(pickle.dumps(thing))
    except Exception as error:
        raise AssertionError(
            f"expected: {what}: it can be pickled, which executors need; got {error!r}"
        ) from error


def _check(condition: bool, message: str) -> None:
    # Not an assert statement: these checks hold under python -O too.
    if not condition:
        raise AssertionError(f"expected: {message}")


def _same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


@dataclass(frozen=True, slots=True)
class _Flaky:
    """Another objective, with a value missing in every fifth row or so."""

    inner: Objective

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def unit(self) -> str:
        return self.inner.unit

    @property
    def sense(self) -> Sense:
        return self.inner.sense

    @property
    def cost(self) -> Cost:
        return self.inner.cost

    @property
    def space(self) -> Space:
        return self.inner.space

    def __call__(self, X: Ints) -> Floats:
        return np.where(row_hash(X) % 5 == 0, np.nan, self.inner(X))


@dataclass(frozen=True)
class _TinySpace(PlainSpace):
    """Twelve rows: 4 x 3 x 1."""

    name = "tiny"
    genes = (Gene("a", 4, ordinal=True), Gene("b", 3), Gene("c", 1))
    plan = None

    def unit_ids(self, X: Ints, *, live: bool = False) -> npt.NDArray[np.int32]:
        raise SpaceError("space tiny has no plan")


@dataclass(frozen=True, slots=True)
class _Noise:
    """Arbitrary values for the tiny space, under another objective's name."""

    name: str
    sense: Sense
    cost: Cost
    space: _TinySpace
    unit: ClassVar[str] = ""

    def __call__(self, X: Ints) -> Floats:
        salt = len(self.name) * np.ones((len(X), 1), dtype=np.int64)
        return (row_hash(np.hstack([X, salt])) % 1000).astype(np.float64)


def _tiny(problem: Problem) -> Problem:
    space = _TinySpace()
    return Problem(space, [_Noise(o.name, o.sense, o.cost, space) for o in problem.objectives])
