"""CMA-ES: standing of rows, coordinates, generations that are made anew, regions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizers.histories import history_of
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, moo, objectives, spaces
from pyhwnas.optimizers import CMAES, LaMOO
from pyhwnas.optimizers.cma_es import _decode, _encode, standing
from pyhwnas.optimizers.lamoo.partition import dominance_numbers
from pyhwnas.optimizers.lamoo.regions import Region
from pyhwnas.testing import check_optimizer

pytest.importorskip("cma")

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)), ref_point=(-20.0, 5e8))


def test_it_keeps_the_promises_of_an_optimizer():
    check_optimizer(CMAES())


def test_inside_regions_it_keeps_them_too():
    pytest.importorskip("sklearn")
    check_optimizer(LaMOO.published(CMAES(sigma=0.5)), n=40)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(1, 4), st.integers(0, 2**32))
def test_standing_by_definition(n, m, seed):
    rng = np.random.default_rng(seed)
    F = rng.integers(0, 6, size=(n, m)).astype(float)
    F[rng.random(n) < 0.1] = np.nan
    history = history_of(F)
    rows = np.arange(n)
    numbers = dominance_numbers(history, rows)
    front = np.flatnonzero((numbers == 0) & history.feasible)
    alone = np.zeros(n)
    alone[front] = moo.hypervolume_contributions(F[front], history.ref_point)
    pairs = [(number, -volume) for number, volume in zip(numbers, alone, strict=True)]
    expected = [sorted(set(pairs)).index(pair) for pair in pairs]
    assert standing(history, rows).tolist() == expected


def test_coordinates_are_equal_parts():
    X = np.array([[0, 1, 2, 3, 4, 0]])
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(_encode(SPACE, X)[0], [0.1, 0.3, 0.5, 0.7, 0.9, 0.1])
    np.testing.assert_array_equal(_decode(SPACE, _encode(SPACE, X), rng), X)
    edges = np.array([[0.0, 0.19999, 0.2, 0.79999, 0.8, 1.0]])
    np.testing.assert_array_equal(_decode(SPACE, edges, rng), [[0, 0, 1, 3, 4, 4]])
    single = Toy(layers=1)  # pycma wants two coordinates
    Z = _encode(single, np.array([[2]]))
    assert Z.shape == (1, 2)
    np.testing.assert_array_equal(_decode(single, Z, rng), [[2]])


def test_generations_are_whole_and_the_strategy_goes_on():
    history = Search(PROBLEM, CMAES(population=6), seed=0).run(60)
    assert len(history.batches[0].X) == 10
    starts = [batch.aux["start"] for batch in history.batches]
    assert starts == sorted(starts)
    for number, batch in enumerate(history.batches):
        assert len(batch.X) == (10 if batch.aux["start"] == number else 6)


def test_it_starts_over_and_ends_with_the_space():
    problem = Problem(Toy(), (Mean(), objectives.Macs(Toy())))
    history = Search(problem, CMAES(), seed=0).run(1000)
    assert len(history) == 81
    assert len({batch.aux["start"] for batch in history.batches}) > 1


def test_numpys_global_generator_is_left_alone():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    Search(PROBLEM, CMAES(), seed=0).run(30)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_samples_of_a_region_lie_in_it():
    class Left:
        def predict(self, Z):
            return Z[:, 0] <= 0.25

    history = Search(PROBLEM, CMAES(), seed=0).run(40)
    rows = np.flatnonzero(history.X[:, 0] <= 1)
    left = Region(SPACE, rows, ((Left(), True),), "ordinal")
    X = CMAES().sample(PROBLEM, history, left, 20, np.random.default_rng(0))
    assert len(np.unique(X, axis=0)) == 20
    assert X[:, 0].max() <= 1
    assert (history.lookup(X) < 0).all()
    # One row is enough to start from.
    alone = Region(SPACE, rows[:1], ((Left(), True),), "ordinal")
    assert len(CMAES().sample(PROBLEM, history, alone, 1, np.random.default_rng(0))) == 1


@pytest.mark.parametrize("m", [1, 8])
def test_one_objective_and_eight(m):
    several = tuple(Mean(SPACE, name=f"f{i}", seed=i) for i in range(m))
    assert len(Search(Problem(SPACE, several), CMAES(), seed=0).run(40)) == 40


def test_a_minimum_is_found():
    # One objective with one best network, the smallest.
    problem = Problem(SPACE, (objectives.Params(SPACE),))
    history = Search(problem, CMAES(), seed=0).run(100)
    assert history.values[:, 0].min() == objectives.Params(SPACE)(np.zeros((1, 6), dtype=np.int64))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initial": 1}, "at least 2"),
        ({"population": 3}, "at least 4"),
        ({"sigma": 0.0}, "above 0"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        CMAES(**settings)
