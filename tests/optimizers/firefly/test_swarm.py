"""Fireflies: ranks, movement, genetic iterations, new rows where nothing moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search.toy import Mean

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import FA, IFA, PFIFA, RBIFA, Random
from pyhwnas.optimizers.firefly.swarm import Fireflies, ImprovedFireflies, with_new_rows
from pyhwnas.optimizers.operators.selection import columns, competition_ranks, metric_ranks
from pyhwnas.problem import AtMost
from pyhwnas.testing import _tiny

SPACE = spaces.NASBench201()
SPACES = [SPACE, spaces.NASBench101(), spaces.MobileNetV3(resolutions=(32, 64, 96))]
VALUES = st.lists(st.integers(-4, 4), min_size=1, max_size=20)


@given(VALUES, st.randoms())
def test_ranks_by_definition_and_their_invariances(values, random):
    x = np.array(values, dtype=float)
    ranks = competition_ranks(x)
    assert ranks.tolist() == [1 + sum(y < v for y in values) for v in values]
    np.testing.assert_array_equal(competition_ranks(np.exp(x) * 3 - 1), ranks)
    order = list(range(len(values)))
    random.shuffle(order)
    np.testing.assert_array_equal(competition_ranks(x[order]), ranks[order])


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2)), min_size=1, max_size=20))
def test_groups_come_before_values(rows):
    values, group = np.array(rows).T
    ranks = competition_ranks(values.astype(float), group)
    expected = [1 + sum((g, v) < (group[i], values[i]) for v, g in rows) for i in range(len(rows))]
    assert ranks.tolist() == expected


def test_feasible_rows_rank_before_infeasible_and_failed_ones():
    problem = Problem(
        SPACE,
        (Mean(SPACE, nan_at=4), objectives.Macs(SPACE)),
        constraints=(AtMost("macs", 30e6),),
    )
    search = Search(problem, Random(), seed=0)
    history = search.run(200)
    search.tell(ids := search.ask(3).ids, np.full((len(ids), 2), np.nan))
    history = search.history
    ranks = metric_ranks(history, np.arange(len(history)), 1)
    infeasible = history.ok & ~history.feasible
    assert ranks[history.feasible].max() < ranks[infeasible].min()
    assert ranks[infeasible].max() < ranks[history.failed].min()
    assert (np.argsort(ranks[infeasible]) == np.argsort(history.violation[infeasible])).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 1}, "population is at least 2"),
        ({"chances": 0}, "chances is at least 1"),
        ({"alpha": -0.1}, "alpha is not negative"),
        ({"beta": np.inf}, "beta is not negative"),
        ({"gamma": np.nan}, "gamma is not negative"),
        ({"movement": "random"}, "categorical or continuous"),
        ({"crossover": "two-point"}, "uniform or halves"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        ImprovedFireflies(**settings)


def test_unknown_objectives_are_named():
    problem = Problem(SPACE, (objectives.Params(SPACE), objectives.Macs(SPACE)))
    assert columns(problem, ("macs", "params"), "FA").tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"FA: icd is not among .* \(params, macs\)"):
        columns(problem, ("macs", "icd"), "FA")


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("movement", ["categorical", "continuous"])
def test_a_sweep_leaves_the_brightest_and_moves_the_others_near(space, movement):
    fireflies = Fireflies(alpha=0.0, beta=1.0, gamma=0.0, movement=movement)
    X = spaces.sample(space, 20, np.random.default_rng(0))
    light = np.arange(20.0)  # row 0 is brightest
    moved = fireflies.sweep(space, X, light, np.random.default_rng(1))
    # Certain attraction without noise: all end at the last they fly to.
    assert (moved == X[0]).all()
    still = Fireflies(alpha=0.0, beta=0.0, movement=movement)
    np.testing.assert_array_equal(still.sweep(space, X, light, np.random.default_rng(1)), X[::-1])
    # Equals do not attract each other.
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(fireflies.sweep(space, X, np.ones(20), rng), X)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("movement", ["categorical", "continuous"])
def test_fireflies_stay_in_the_space(space, movement):
    rng = np.random.default_rng(3)
    X = spaces.sample(space, 30, rng)
    light = rng.integers(0, 8, size=30).astype(float)
    fireflies = ImprovedFireflies(movement=movement, crossover="halves")
    for moved in (
        fireflies.sweep(space, X, light, rng),
        fireflies.genetic_iteration(space, X, rng),
    ):
        assert moved.shape == X.shape
        assert space.valid(moved).all()
        np.testing.assert_array_equal(space.canonical(moved), moved)


def test_attraction_falls_with_distance():
    rng = np.random.default_rng(0)
    target = np.full(6, 4)
    for differing, expected in ((1, 0.82), (3, 0.61), (6, 0.39)):
        X = np.full((2000, 6), 4)
        X[:, :differing] = 1
        light = np.append(np.ones(2000), 0.0)
        moved = Fireflies(alpha=0.0).sweep(SPACE, np.vstack([X, target]), light, rng)[:-1]
        assert (moved[:, :differing] == 4).mean() == pytest.approx(expected, abs=0.03)


def test_continuous_movement_drifts_upwards():
    rng = np.random.default_rng(0)
    X = spaces.sample(SPACE, 200, rng)
    light = np.append(0.0, np.ones(199))  # one target
    means = {
        movement: Fireflies(movement=movement).sweep(SPACE, X, light, rng).mean()
        for movement in ("categorical", "continuous")
    }
    assert means["continuous"] > means["categorical"] + 0.3


def test_children_have_genes_of_two_parents_and_one_of_their_own():
    rng = np.random.default_rng(0)
    X = np.repeat(np.arange(5), 6).reshape(5, 6)  # parents without a common gene
    for crossover in ("uniform", "halves"):
        fireflies = ImprovedFireflies(crossover=crossover)
        C = np.concatenate([fireflies.genetic_iteration(SPACE, X, rng) for _ in range(100)])
        assert max(len(set(child)) for child in C.tolist()) <= 3
        assert (C[:, :3] != C[:, 3:]).any()
    # Before mutation a half is one parent's, so at most one half is mixed.
    mixed = [(len(set(half)) > 1) for half in (C[:, :3], C[:, 3:]) for half in half.tolist()]
    assert sum(mixed) <= len(C)


def test_a_pair_and_a_single_one():
    rng = np.random.default_rng(0)
    fireflies = ImprovedFireflies()
    for n in (1, 2):
        X = spaces.sample(SPACE, n, rng)
        assert fireflies.sweep(SPACE, X, np.arange(float(n)), rng).shape == (n, 6)
        assert fireflies.genetic_iteration(SPACE, X, rng).shape == (n, 6)


def test_new_rows_come_only_where_nothing_else_is_new():
    rng = np.random.default_rng(0)
    problem = Problem(SPACE, (objectives.Macs(SPACE),))
    # Constant light: fireflies stay, and a new one comes after five idle generations.
    constant = Problem(SPACE, (objectives.PerNetwork(SPACE, len, name="n", sense="min"),))
    history = Search(constant, FA(population=4), seed=0).run(7, max_failures=99)
    assert np.diff(np.unique(history.batch)).tolist() == [6, 6, 6]
    history = Search(problem, Random(), seed=0).run(20)
    known, new = history.X[:4], np.array([[4, 4, 4, 4, 4, 4]])
    assert history.lookup(new) < 0
    X = np.vstack([known, new])
    assert with_new_rows(problem, history, X, rng, places=[0], patience=0) is X
    assert with_new_rows(problem, history, known, rng, places=[0], patience=1) is known
    changed = with_new_rows(problem, history, known, rng, places=[2, 0], patience=0)
    assert (history.lookup(changed) < 0).tolist() == [True, False, True, False]
    tiny = _tiny(problem)
    history = Search(tiny, Random(), seed=0).run(12)
    assert with_new_rows(tiny, history, history.X, rng, places=[0], patience=0).shape == (0, 3)


@dataclass(frozen=True)
class OneGene(spaces.PlainSpace):
    """As many rows as one gene has values."""

    n: int
    name = "one-gene"
    plan = None

    @property
    def genes(self):
        return (spaces.Gene("only", self.n),)

    def unit_ids(self, X, *, live=False):
        raise NotImplementedError


@dataclass(frozen=True)
class Multiple:
    """The gene, times a factor."""

    space: OneGene
    factor: float
    unit, sense, cost = "", "min", "cheap"

    @property
    def name(self):
        return f"times{self.factor:g}"

    def __call__(self, X):
        return X[:, 0] * self.factor


FAMILY = [FA(), IFA(), RBIFA(("times1",), (), weights=(1.0, 1.0)), PFIFA()]


@pytest.mark.parametrize("optimizer", FAMILY, ids=lambda optimizer: type(optimizer).__name__)
def test_small_spaces_and_constant_and_many_objectives(optimizer):
    for n in (1, 2, 30):
        space = OneGene(n)
        problem = Problem(space, (Multiple(space, 1.0),))
        assert len(Search(problem, optimizer, seed=0).run(100)) == n
    space = OneGene(40)
    many = Problem(space, [Multiple(space, (-1.0) ** i * i) for i in range(1, 9)])
    optimizer = RBIFA(("times-1",), ("times2",)) if isinstance(optimizer, RBIFA) else optimizer
    history = Search(many, optimizer, seed=0).run(36)
    assert len(history) == 36
    assert len(optimizer.select(many, history))
    constant = Problem(space, (Multiple(space, 0.0),))
    optimizer = RBIFA(("times0",), (), weights=(1,)) if isinstance(optimizer, RBIFA) else optimizer
    assert len(Search(constant, optimizer, seed=0).run(30)) == 30
