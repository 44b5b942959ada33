"""Where searches begin: extreme genotypes, the smallest and the largest network."""

from __future__ import annotations

import numpy as np
import pytest
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import Random
from pyhwnas.optimizers.operators.initial import extremes, first_rows, smallest_and_largest
from pyhwnas.testing import _tiny

SPACES = [
    spaces.NASBench201(),
    spaces.NASBench101(),
    spaces.MobileNetV3(resolutions=(32, 64, 96)),
    spaces.DARTS(),
    spaces.FBNet(),
]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_extremes_are_rows_of_the_space(space):
    X = extremes(space)
    problem = Problem(space, (objectives.Macs(space),))
    assert problem.valid(X).all()
    assert len(np.unique(problem.key(X))) == len(X) == 2
    np.testing.assert_array_equal(X, extremes(space))
    ends = smallest_and_largest(problem)
    assert problem.valid(ends).all()
    if space.name in ("nasbench101", "darts"):
        return  # a local optimum: MACs are no sum over genes
    least, most = objectives.Macs(space)(ends)
    some = objectives.Macs(space)(spaces.sample(space, 300, np.random.default_rng(0)))
    assert least <= some.min() <= some.max() <= most


def test_extremes_of_ordered_genes():
    space = SPACES[2]
    smallest, largest = extremes(space)
    np.testing.assert_array_equal(smallest, space.smallest())
    assert (largest == spaces.sizes(space) - 1).all()


def test_extremes_of_a_single_gene_with_one_value():
    space = Toy(0)
    assert extremes(space).shape == (1, 0)


def test_without_a_cheap_objective_genes_decide():
    problem = Problem(Toy(), (Mean(),))
    np.testing.assert_array_equal(smallest_and_largest(problem), extremes(Toy()))


def test_first_rows_are_distinct_and_begin_with_the_ends():
    space = SPACES[0]
    problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    history = Search(problem, Random()).history
    rng = np.random.default_rng(0)
    X = first_rows(problem, history, 30, rng, ends=True)
    np.testing.assert_array_equal(X[:2], smallest_and_largest(problem))
    assert len(np.unique(X, axis=0)) == 30
    assert len(first_rows(problem, history, 1, rng, ends=True)) == 1
    assert len(first_rows(problem, history, 5, rng, ends=False)) == 5
    tiny = _tiny(problem)
    assert len(first_rows(tiny, Search(tiny, Random()).history, 50, rng, ends=True)) == 12
