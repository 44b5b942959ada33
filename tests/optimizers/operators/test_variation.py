"""Mutation and crossover: rows stay in the space, and steps are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import Random
from pyhwnas.optimizers.operators import variation
from pyhwnas.spaces import distance, sample
from pyhwnas.testing import _tiny

SPACES = [
    spaces.NASBench201(),
    spaces.NASBench101(),
    spaces.MobileNetV3(resolutions=(32, 64, 96)),
    spaces.DARTS(),
    spaces.FBNet(),
]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(params=SPACES, ids=lambda space: space.name)
def space(request):
    return request.param


def proper(space, X):
    return (space.valid(X) & (space.canonical(X) == X).all(axis=1)).all()


def test_results_are_valid_and_canonical_and_inputs_stay(space, rng):
    A, B = sample(space, 200, rng), sample(space, 200, rng)
    before = A.copy(), B.copy()
    for X in (
        variation.mutate_one(space, A, rng),
        variation.mutate_each(space, A, rng, probability=0.3),
        variation.uniform_crossover(space, A, B, rng),
        variation.two_point_crossover(space, A, B, rng),
    ):
        assert X.shape == A.shape
        assert X.dtype == np.int64
        assert proper(space, X)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(B, before[1])


@pytest.mark.parametrize("space", [SPACES[0], SPACES[2]], ids=lambda space: space.name)
def test_one_mutation_is_one_expressed_gene(space, rng):
    X = sample(space, 500, rng)
    Y = variation.mutate_one(space, X, rng)
    changed = (X != Y).sum(axis=1)
    assert (changed >= 1).all()
    if space.name == "nasbench201":
        assert (changed == 1).all()
        # Every gene has its turn.
        assert ((X != Y).mean(axis=0) > 0.1).all()
    else:
        # Without what canonical form switches off: the row was one step away.
        distances = np.array(
            [distance(space, x[None], y[None])[0, 0] for x, y in zip(X, Y, strict=True)]
        )
        depths = [i for i, gene in enumerate(space.genes) if gene.name.endswith("depth")]
        same_depth = (X[:, depths] == Y[:, depths]).all(axis=1)
        assert (changed[same_depth] == 1).all()
        assert (distances > 0).all()


def test_each_gene_with_its_probability(rng):
    space = SPACES[0]
    X = sample(space, 4000, rng)
    rate = (variation.mutate_each(space, X, rng, probability=0.25) != X).mean()
    assert 0.23 < rate < 0.27
    assert (variation.mutate_each(space, X, rng, probability=0.0) == X).all()
    assert (variation.mutate_each(space, X, rng, probability=1.0) != X).all()
    by_gene = np.array([1.0, 0, 0, 0, 0, 0])
    changed = variation.mutate_each(space, X, rng, probability=by_gene) != X
    assert changed.mean(axis=0).tolist() == [1, 0, 0, 0, 0, 0]


def test_other_values_are_other_values(space, rng):
    X = sample(space, 300, rng)
    Y = variation.other_values(space, X, rng)
    several = spaces.sizes(space) > 1
    assert (Y != X)[:, several].all()
    assert (Y == X)[:, ~several].all()
    assert ((Y >= 0) & (Y < spaces.sizes(space))).all()


def test_crossover_takes_genes_from_parents(rng):
    space = SPACES[0]
    A, B = np.zeros((500, 6), dtype=np.int64), np.ones((500, 6), dtype=np.int64)
    C = variation.uniform_crossover(space, A, B, rng)
    assert 0.45 < C.mean() < 0.55
    C = variation.two_point_crossover(space, A, B, rng)
    assert (np.abs(np.diff(C, axis=1)).sum(axis=1) <= 2).all()  # one stretch at most
    assert 0 < C.mean() < 1


def test_unseen_rows_are_new_distinct_and_all_there_are(rng):
    space = SPACES[0]
    problem = Problem(space, (objectives.Macs(space),))
    history = Search(problem, Random()).run(100)
    X = variation.unseen(problem, history, 500, rng, besides=space.all()[:50])
    assert X.shape == (500, 6)
    assert len(np.unique(X, axis=0)) == 500
    assert (history.lookup(X) < 0).all()
    assert not (X[:, None] == space.all()[None, :50]).all(axis=2).any()
    tiny = _tiny(problem)
    empty = Search(tiny, Random()).history
    assert len(np.unique(variation.unseen(tiny, empty, 99, rng), axis=0)) == 12
    assert variation.unseen(tiny, Search(tiny, Random()).run(12), 3, rng).shape == (0, 3)


@pytest.mark.parametrize("n", [2**63 - 1, 10**30])
def test_enormous_numbers_of_unseen_rows_are_cut(rng, n):
    space = SPACES[0]
    problem = Problem(space, (objectives.Macs(space),))
    empty = Search(problem, Random()).history
    assert len(variation.unseen(problem, empty, n, rng)) == 15_625
    large = Problem(SPACES[2], (objectives.Macs(SPACES[2]),))
    assert len(variation.unseen(large, Search(large, Random()).history, n, rng)) == 2**16


def test_unseen_rows_are_distinct_functions_where_these_count(rng):
    space = SPACES[0]
    problem = Problem(space, (objectives.Macs(space),), dedupe="identity")
    X = variation.unseen(problem, Search(problem, Random()).history, 15_625, rng)
    assert len(X) == len(np.unique(space.identity(X))) == 6466


@pytest.mark.parametrize("eta", [1.0, 3.0, 20.0])
def test_polynomial_mutation_has_the_distribution_of_pymoo(rng, eta):
    mut_pm = pytest.importorskip("pymoo.operators.mutation.pm").mut_pm
    space = spaces.MobileNetV3()
    gene, count, n = len(space.genes) - 1, space.genes[-1].n, 20_000  # 17 resolutions
    for start in (0, 3, count - 1):
        X = np.zeros((n, len(space.genes)), dtype=np.int64)
        X[:, gene] = start
        moved = variation.polynomial_mutation(space, X, rng, eta=eta, probability=1.0)[:, gene]
        low, high = np.full(1, -0.5), np.full(1, count - 0.5)
        args = np.full((n, 1), float(start)), low, high, np.full(n, eta)
        peer = mut_pm(*args, np.ones(n), at_least_once=False, random_state=rng)
        shares = [np.bincount(np.rint(v).astype(int).clip(0, count - 1).ravel(), minlength=count)
                  for v in (moved, peer)]  # fmt: skip
        assert np.abs(np.subtract(*shares)).max() < 0.02 * n


def test_polynomial_mutation_changes_few_genes_and_keeps_the_space(space, rng):
    X = sample(space, 500, rng)
    moved = variation.polynomial_mutation(space, X, rng, eta=3.0)
    assert space.valid(moved).all()
    assert (space.canonical(moved) == moved).all()
    same = variation.polynomial_mutation(space, X, rng, eta=3.0, probability=0.0)
    assert (same == X).all()
