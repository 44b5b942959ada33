"""pymoo with these kernels inside against pymoo alone, and our problems in its algorithms."""

import threading

import numpy as np
import pytest

pytest.importorskip("pymoo", minversion="0.6.2")

from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.algorithms.moo.sms import SMSEMOA
from pymoo.core.duplicate import DefaultDuplicateElimination
from pymoo.core.population import Population
from pymoo.core.problem import Problem as PymooProblem
from pymoo.indicators.hv import HV
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.operators.survival.rank_and_crowding import metrics
from pymoo.optimize import minimize
from pymoo.problems import get_problem
from pymoo.util.dominator import Dominator
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
from pymoo.util.ref_dirs import get_reference_directions
from reference.moo_by_definition import nondominated_sort

from pyhwnas import moo, objectives, spaces
from pyhwnas.interop.pymoo import as_problem, use_kernels
from pyhwnas.problem import AtLeast, AtMost, Problem

DOORS = (
    (NonDominatedSorting, "do"),
    (metrics.FunctionalDiversity, "_do"),
    (DefaultDuplicateElimination, "_do"),
    (HV.__mro__[1], "_do"),
)
ORIGINALS = [vars(owner)[name] for owner, name in DOORS]


def exchanged():
    return [
        vars(owner)[name] is not own for (owner, name), own in zip(DOORS, ORIGINALS, strict=True)
    ]


@pytest.fixture(autouse=True)
def pymoo_is_left_as_it_was():
    yield
    assert exchanged() == [False] * 4


class Steps(PymooProblem):
    """Few distinct objective values, and so many equal rows."""

    def __init__(self):
        super().__init__(n_var=4, n_obj=3, xl=0, xu=3, vtype=int)

    def _evaluate(self, X, out, *args, **kwargs):
        out["F"] = np.stack([X[:, 0] + X[:, 1], 3 - X[:, 0] + X[:, 2], 3 - X[:, 1] + X[:, 2]], 1)


def integer_operators():
    return {
        "sampling": IntegerRandomSampling(),
        "crossover": SBX(vtype=float, repair=RoundingRepair()),
        "mutation": PM(vtype=float, repair=RoundingRepair()),
    }


def nsga3(m, partitions, **options):
    return NSGA3(get_reference_directions("das-dennis", m, n_partitions=partitions), **options)


RUNS = {
    "NSGA-II, ZDT1": (lambda: NSGA2(60), lambda: get_problem("zdt1"), 15),
    "NSGA-II, DTLZ2": (lambda: NSGA2(60), lambda: get_problem("dtlz2"), 10),
    "NSGA-II, DTLZ2, m = 9": (lambda: NSGA2(40), lambda: get_problem("dtlz2", n_obj=9), 6),
    "NSGA-II, constraints": (lambda: NSGA2(40), lambda: get_problem("bnh"), 10),
    "NSGA-II, duplicates": (
        lambda: NSGA2(60, eliminate_duplicates=False, **integer_operators()),
        Steps,
        10,
    ),
    "NSGA-III, DTLZ2": (lambda: nsga3(3, 8), lambda: get_problem("dtlz2"), 10),
    "NSGA-III, DTLZ2, m = 5": (lambda: nsga3(5, 4), lambda: get_problem("dtlz2", n_obj=5), 8),
    "NSGA-III, duplicates": (
        lambda: nsga3(3, 5, eliminate_duplicates=False, **integer_operators()),
        Steps,
        10,
    ),
    "SMS-EMOA, DTLZ2": (lambda: SMSEMOA(30), lambda: get_problem("dtlz2"), 6),
}


def run(name, seed, algorithm=None):
    """Every population of a run, and its result."""
    make, problem, n_gen = RUNS[name]
    generations = []

    def keep(algorithm):
        population = algorithm.pop
        generations.append([population.get(key).tolist() for key in ("X", "F", "rank")])

    result = minimize(problem(), algorithm or make(), ("n_gen", n_gen), seed=seed, callback=keep)
    return generations, result.X.tolist(), result.F.tolist()


@pytest.mark.parametrize("name", RUNS)
def test_whole_runs_are_the_same(name):
    for seed in (1, 2):
        alone = run(name, seed)
        with use_kernels():
            assert exchanged() == [True] * 4
            inside = run(name, seed)
        assert inside == alone


def test_algorithms_made_before_or_inside_make_no_difference():
    before = NSGA2(60)
    with use_kernels():
        inside = NSGA2(60)
        results = [run("NSGA-II, ZDT1", 3, before)]
    results.append(run("NSGA-II, ZDT1", 3, inside))
    assert results == [run("NSGA-II, ZDT1", 3)] * 2


@pytest.mark.parametrize("integers", [True, False])
@pytest.mark.parametrize(("n", "m"), [(0, 2), (1, 1), (1, 3), (30, 1), (60, 2), (60, 3), (40, 8)])
def test_fronts_and_ranks_are_those_of_pymoo(n, m, integers):
    rng = np.random.default_rng(n + m)
    F = rng.integers(0, 4, (n, m)) if integers else rng.random((n, m))
    for sort in (NonDominatedSorting(), NonDominatedSorting(epsilon=0.5)):
        for options in (
            {},
            {"return_rank": True},
            {"return_rank": True, "n_stop_if_ranked": n // 2},
            {"n_stop_if_ranked": 0},
            {"n_stop_if_ranked": 2 * n},
            {"n_fronts": 2, "return_rank": True},
            {"n_fronts": 0, "return_rank": True},
            {"only_non_dominated_front": True},
            {"only_non_dominated_front": True, "return_rank": True, "n_stop_if_ranked": 1},
        ):
            alone = sort.do(F, **options)
            with use_kernels():
                inside = sort.do(F, **options)
            assert as_lists(inside) == as_lists(alone)


def as_lists(found):
    """Nested lists of an array, a list of arrays, or a pair of both; with the types of arrays."""
    if isinstance(found, np.ndarray):
        return [str(found.dtype), found.tolist()]
    return [type(found).__name__, [as_lists(item) for item in found]]


def test_ranks_of_infinite_values_are_by_definition():
    F = np.random.default_rng(0).choice([0.0, 1.0, np.inf], (40, 3))
    with use_kernels():
        _, ranks = NonDominatedSorting().do(F, return_rank=True)
    assert ranks.tolist() == nondominated_sort(F).tolist()


def test_what_the_kernels_do_not_know_is_left_to_pymoo():
    F = np.random.default_rng(0).random((20, 2))
    by_definition = NonDominatedSorting(dominator=Dominator())
    with use_kernels():
        inside = NonDominatedSorting().do(F), by_definition.do(F)
    assert as_lists(inside[1]) == as_lists(by_definition.do(F))
    missing = np.array([[0.0, np.nan], [1.0, 1.0]])
    with use_kernels():
        inside = NonDominatedSorting().do(missing)
    assert as_lists(inside) == as_lists(NonDominatedSorting().do(missing))


CROWDED = [
    np.zeros((0, 2)),
    np.array([[1.0, 2.0]]),
    np.array([[1.0, 2.0], [2.0, 1.0]]),
    np.ones((4, 3)),
    np.array([[0.0, 5e-324], [-0.0, 0.0], [1e308, -1e308], [0.0, 1.0]]),
    np.array([[0, 4, 1], [1, 2, 1], [1, 2, 1], [3, 1, 1.0]]),
    *(np.random.default_rng(m).random((50, m)) for m in (1, 2, 3, 7, 8, 9, 20)),
    *(np.random.default_rng(m).integers(0, 4, (50, m)).astype(float) for m in (2, 3, 8, 17)),
]


@pytest.mark.parametrize("F", CROWDED, ids=lambda F: str(F.shape))
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_crowding_distances_have_the_bits_of_pymoo(F):
    for make in (
        lambda: metrics.get_crowding_function("cd"),
        lambda: metrics.FunctionalDiversity(metrics.calc_crowding_distance),
    ):
        alone = make().do(F, n_remove=0) if len(F) else None
        with use_kernels():
            inside = make().do(F, n_remove=0) if len(F) else None
        np.testing.assert_array_equal(inside, alone)


@pytest.mark.parametrize("label", ["mnn", "2nn", "pcd", "ce"])
def test_other_metrics_are_left_alone(label):
    F = np.random.default_rng(0).random((30, 3))
    alone = metrics.get_crowding_function(label).do(F, n_remove=5)
    with use_kernels():
        inside = metrics.get_crowding_function(label).do(F, n_remove=5)
    np.testing.assert_array_equal(inside, alone)


def with_near_rows(rng, n, d):
    """Rows some of which are equal, or a distance of about 1e-16 apart."""
    X = rng.choice([0.0, -0.0, 1e-17, 9e-17, 1.1e-16, 2e-16, 0.3], (n, d))
    return np.where(rng.random((n, 1)) < 0.3, rng.random((n, d)), X)


DESIGNS = {
    "reals": lambda rng, n, d: rng.random((n, d)),
    "integers": lambda rng, n, d: rng.integers(0, 3, (n, d)),
    "near": with_near_rows,
    "scales": lambda rng, n, d: with_near_rows(rng, n, d) * 10.0 ** rng.integers(-9, 9, d),
    "missing": lambda rng, n, d: rng.choice([0.0, 1.0, np.nan, np.inf], (n, d)),
    "huge": lambda rng, n, d: rng.choice([1e308, -1e308, 0.0], (n, d)),
}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("epsilon", [1e-16, 0.2])
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_duplicates_are_those_of_pymoo(design, epsilon):
    elimination = DefaultDuplicateElimination(epsilon=epsilon)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n, d = rng.integers(1, 50), rng.integers(1, 5)
        populations = [Population.new(X=DESIGNS[design](rng, n, d)) for _ in range(3)]
        alone = elimination.do(*populations, return_indices=True)[1:]
        with use_kernels():
            inside = elimination.do(*populations, return_indices=True)[1:]
        assert inside == alone


def test_other_distances_between_rows_are_left_alone():
    class First(DefaultDuplicateElimination):
        def calc_dist(self, pop, other=None):
            first = pop.get("X")[:, :1]
            return np.abs(first - (first if other is None else other.get("X")[:, :1]).T)

    population = Population.new(X=np.array([[1.0, 2.0], [1.0, 3.0], [2.0, 2.0]]))
    alone = First().do(population, return_indices=True)[1:]
    with use_kernels():
        assert First().do(population, return_indices=True)[1:] == alone


@pytest.mark.parametrize("m", [2, 3, 4, 6])
def test_hypervolume_is_that_of_pymoo(m):
    F = np.random.default_rng(m).random((30, m)) * 1.1
    indicators = (
        HV(ref_point=np.full(m, 1.05)),
        HV(pf=F[:5], zero_to_one=True),
        HV(ref_point=np.full(m, -1.0)),
    )
    for indicator in indicators:
        alone = indicator.do(F)
        with use_kernels():
            inside = indicator.do(F)
            assert indicator.do(F[0]) == pytest.approx(indicator.do(F[:1]))
        assert inside == pytest.approx(alone, rel=1e-12)


def test_contributions_only_where_asked_for():
    from pymoo.algorithms.moo import sms

    own = sms.hv_contributions
    F = moo_front(np.random.default_rng(0), 20)
    alone = own(F, ref=np.full(3, 1.1))
    with use_kernels():
        assert sms.hv_contributions is own
        with use_kernels(contributions=True):
            assert sms.hv_contributions is not own
            np.testing.assert_allclose(
                sms.hv_contributions(F, ref=np.full(3, 1.1)), alone, rtol=1e-9, atol=1e-12
            )
        assert sms.hv_contributions is own
    with use_kernels(contributions=True):
        inside = run("SMS-EMOA, DTLZ2", 1)
    assert np.shape(inside[2]) == np.shape(run("SMS-EMOA, DTLZ2", 1)[2])


def moo_front(rng, n):
    F = rng.random((n, 3))
    return F[moo.nondominated_mask(F)]


def test_pymoo_is_put_back_by_the_last_to_close():
    with use_kernels():
        with use_kernels():
            pass
        assert exchanged() == [True] * 4
    assert exchanged() == [False] * 4


def test_pymoo_is_put_back_after_an_exception():
    with pytest.raises(ZeroDivisionError), use_kernels():
        raise ZeroDivisionError
    assert exchanged() == [False] * 4


def test_threads_open_and_close_in_any_order():
    opened, close = threading.Event(), threading.Event()

    def hold():
        with use_kernels():
            opened.set()
            close.wait(10)

    thread = threading.Thread(target=hold)
    with use_kernels():
        thread.start()
        assert opened.wait(10)
    assert exchanged() == [True] * 4
    close.set()
    thread.join()
    assert exchanged() == [False] * 4


def counts(**options):
    space = spaces.NASBench201()
    return Problem(space, (objectives.Macs(space), objectives.Params(space)), **options)


def test_a_problem_of_ours_in_an_algorithm_of_pymoo():
    problem = counts(constraints=(AtLeast("macs", 30e6), AtMost("params", 1e6)))
    algorithm = NSGA2(30, **integer_operators())
    result = minimize(as_problem(problem), algorithm, ("n_gen", 8), seed=1)
    values = problem.evaluate(result.X).values
    np.testing.assert_array_equal(result.F, values)
    assert (values[:, 0] >= 30e6).all()
    assert (values[:, 1] <= 1e6).all()
    assert result.X.dtype.kind == "i"


def test_signs_and_constraints_of_a_problem():
    space = spaces.NASBench201()
    depth = objectives.PerNetwork(
        space, lambda network: float(len(network.blocks)), name="blocks", sense="max"
    )
    problem = Problem(space, (objectives.Macs(space), depth), constraints=(AtMost("macs", 50e6),))
    X = space.all()[:40:7]
    values = problem.evaluate(X).values
    out = as_problem(problem).evaluate(X.astype(float), return_as_dictionary=True)
    np.testing.assert_array_equal(out["F"], values * [1, -1])
    np.testing.assert_array_equal(out["G"][:, 0], problem.violation(values))
    assert not out["G"][:, 1].any()


def test_rows_that_fail_or_are_not_valid_are_infeasible():
    space = spaces.NASBench101()
    problem = Problem(space, (objectives.Macs(space),), constraints=(AtMost("macs", 1e12),))
    X = np.zeros((1, len(space.genes)))
    X = np.vstack([X, spaces.sample(space, 3, np.random.default_rng(0))])
    out = as_problem(problem).evaluate(X, return_as_dictionary=True)
    valid = space.valid(space.canonical(X.astype(int)))
    assert valid.tolist() == [False, True, True, True]
    assert np.isinf(out["F"][:, 0]).tolist() == (~valid).tolist()
    assert out["G"].tolist() == [[1.0, 1.0], *[[0.0, 0.0]] * 3]


def test_rows_that_could_not_be_measured_are_infeasible():
    space = spaces.NASBench201()

    def fail_on_skips(network):
        if "skip" in network.arch:
            raise ValueError("no skips here")
        return 1.0

    problem = Problem(
        space, (objectives.PerNetwork(space, fail_on_skips, name="one", sense="min"),)
    )
    X = spaces.sample(space, 30, np.random.default_rng(0))
    out = as_problem(problem).evaluate(X, return_as_dictionary=True)
    failed = ["skip" in space.to_str(x) for x in X]
    assert 0 < sum(failed) < len(failed)
    assert np.isinf(out["F"][:, 0]).tolist() == failed
    assert out["G"][:, 0].tolist() == [float(row) for row in failed]


def test_numbers_that_are_not_whole_are_refused():
    with pytest.raises(ValueError, match=r"whole numbers, got 0\.5; .*repair=RoundingRepair"):
        as_problem(counts()).evaluate(np.full((1, 6), 0.5))
