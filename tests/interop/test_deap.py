"""The drop-in for selNSGA2 against DEAP's own."""

import numpy as np
import pytest

from pyhwnas.interop.deap import sel_nsga2

base = pytest.importorskip("deap.base")
tools = pytest.importorskip("deap.tools")


class Individual(list):
    def __init__(self, row, fitness):
        super().__init__([row])
        self.fitness = fitness


def population(V, weights, kind=base.Fitness):
    fitness = type("Fitness", (kind,), {"weights": tuple(weights)})
    return [Individual(row, fitness(tuple(v))) for row, v in enumerate(V)]


def outcome(select, V, weights, k):
    """Rows in the order of selection, and every crowding distance that was set."""
    individuals = population(V, weights)
    chosen = select(individuals, k)
    assert all(any(one is other for other in individuals) for one in chosen)
    distances = [getattr(individual.fitness, "crowding_dist", None) for individual in individuals]
    return [individual[0] for individual in chosen], distances


@pytest.mark.parametrize("values", ["reals", "integers", "repeated", "signed zeros"])
@pytest.mark.parametrize("seed", range(15))
def test_same_individuals_in_the_same_order_with_the_same_distances(values, seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 60), rng.integers(1, 6)
    V = {
        "reals": lambda: rng.random((n, m)),
        "integers": lambda: rng.integers(0, 5, (n, m)).astype(float),
        "repeated": lambda: rng.random((n, m))[rng.integers(0, n, n) // 2],
        "signed zeros": lambda: rng.choice([-0.0, 0.0, 5e-324, 1.0], (n, m)),
    }[values]()
    weights = rng.choice([-1.0, 1.0, -2.0, 0.5], m)
    for k in {0, 1, int(n) // 2, int(n), int(n) + 3}:
        assert outcome(sel_nsga2, V, weights, k) == outcome(tools.selNSGA2, V, weights, k)


def test_large_fronts_are_compared_in_blocks():
    rng = np.random.default_rng(0)
    V = np.vstack([rng.dirichlet(np.ones(3), 300), 1.1 * rng.dirichlet(np.ones(3), 300)])
    assert outcome(sel_nsga2, V, (-1.0,) * 3, 450) == outcome(tools.selNSGA2, V, (-1.0,) * 3, 450)


def test_a_whole_run_through_a_toolbox_is_the_same():
    def run(select):
        toolbox = base.Toolbox()
        toolbox.register("select", select)
        rng = np.random.default_rng(3)
        X = rng.integers(0, 8, (40, 3))
        for _ in range(15):
            children = np.clip(X + rng.integers(-2, 3, X.shape), 0, 8)
            X = np.vstack([X, children])
            V = np.stack([X.sum(axis=1), ((X - 4) ** 2).sum(axis=1)], axis=1).astype(float)
            X = X[[individual[0] for individual in toolbox.select(population(V, (-1, 1)), k=40)]]
        return X.tolist()

    assert run(sel_nsga2) == run(tools.selNSGA2)


def test_infinite_values_are_selected_by_rank():
    V = [(0.0, 1.0), (1.0, 2.0), (2.0, np.inf), (-np.inf, 3.0)]
    rows, distances = outcome(sel_nsga2, V, (-1.0, 1.0), 2)
    assert set(rows) == {2, 3}
    assert distances[2:] == [np.inf, np.inf]


def test_nothing_in_nothing_out():
    assert sel_nsga2([], 3) == []
    assert sel_nsga2(population([(1.0,)], (-1.0,)), 0) == []


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="k must be at least 0, got -1"):
        sel_nsga2([], -1)
    individuals = population([(1.0, 2.0)] * 3, (-1.0, -1.0))
    del individuals[1].fitness.values
    with pytest.raises(ValueError, match="row 1 has 0 fitness values; expected 2 as in row 0"):
        sel_nsga2(individuals, 2)
    with pytest.raises(ValueError, match="row 0 has 0 fitness values; evaluate it first"):
        sel_nsga2(individuals[1:], 2)
    individuals[1].fitness.values = (1.0, np.nan)
    with pytest.raises(ValueError, match="row 1 holds NaN"):
        sel_nsga2(individuals, 2)


@pytest.mark.skipif(not hasattr(base, "ConstrainedFitness"), reason="DEAP before 1.4.2")
def test_constraints_are_refused_instead_of_ignored():
    individuals = population([(1.0,), (2.0,)], (-1.0,), base.ConstrainedFitness)
    with pytest.raises(TypeError, match=r"decides dominance in its own way.*deap\.tools\.selNSGA2"):
        sel_nsga2(individuals, 1)
