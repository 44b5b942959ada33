"""MSuNAS: what it proposes, on problems with everything that can go wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import MSuNAS
from pyhwnas.optimizers.msunas.design import first_design, tilted
from pyhwnas.optimizers.msunas.inner import inner_search
from pyhwnas.optimizers.msunas.predicted import Values, accuracy_column, learn
from pyhwnas.optimizers.msunas.reward import Reward
from pyhwnas.problem import AtLeast, AtMost
from pyhwnas.spaces import Gene, PlainSpace, row_hash
from pyhwnas.surrogates import RBF, AdaptiveSwitching, Kriging
from pyhwnas.testing import check_optimizer

pytest.importorskip("sklearn")
pytest.importorskip("scipy")

SPACE = spaces.NASBench201()
QUICK = MSuNAS(surrogate=RBF(), initial=8, step=4, population=12, generations=3)


@dataclass(frozen=True)
class Weighted:
    """A sum over genes, as expensive as one says, that fails where one says."""

    space: spaces.Space = SPACE
    name: str = "accuracy"
    sense: str = "max"
    cost: str = "expensive"
    seed: int = 0
    fails: float = 0.0
    unit: ClassVar[str] = "%"

    def __call__(self, X):
        weights = np.random.default_rng(self.seed).random((X.shape[1], 32))
        values = 50 + weights[np.arange(X.shape[1]), X].sum(axis=1)
        return np.where(row_hash(X) % 1000 < 1000 * self.fails, np.nan, values)


@dataclass(frozen=True)
class Flat(Weighted):
    name: str = "flat"

    def __call__(self, X):
        return np.full(len(X), 3.0)


@dataclass(frozen=True)
class Genes(PlainSpace):
    """So many genes of so many values."""

    counts: tuple[int, ...] = (5,)
    ordinal: bool = True
    name = "genes"
    plan = None

    @property
    def genes(self):
        return tuple(Gene(f"g{i}", n, self.ordinal) for i, n in enumerate(self.counts))

    def unit_ids(self, X, *, live=False):
        raise NotImplementedError


PROBLEM = Problem(SPACE, (Weighted(), objectives.Macs(SPACE)))


def history_of(problem, n=30, optimizer=QUICK, **kwargs):
    return Search(problem, optimizer, seed=0, **kwargs).run(n, max_failures=n)


@pytest.mark.parametrize(
    "optimizer",
    [
        QUICK,
        replace(QUICK, subset="gaps", encoding="index", design="uniform", winsorise=False),
    ],
    ids=["hypervolume", "gaps"],
)
def test_the_contract(optimizer):
    check_optimizer(optimizer, PROBLEM, n=24)


def test_the_contract_without_an_expensive_objective():
    check_optimizer(replace(QUICK, generations=1), n=20)


def test_networks_are_never_proposed_twice():
    history = history_of(PROBLEM, 60)
    proposed = np.concatenate([batch.X for batch in history.batches])
    assert len(np.unique(proposed, axis=0)) == len(proposed)


@pytest.mark.parametrize("n", [1, 3, 100])
def test_as_many_as_are_wished_for(n):
    search = Search(PROBLEM, replace(QUICK, population=20), seed=0)
    assert len(search.ask(n).ids) == min(n, 8)  # the first design comes whole
    search.run(8)
    assert len(search.ask(n).ids) <= n
    assert len(search.history.batches) == 2


def test_presets():
    published = MSuNAS.published()
    assert (published.initial, published.step, published.encoding) == (100, 8, "index")
    assert published.surrogate == RBF()
    assert MSuNAS.published(AdaptiveSwitching()).surrogate == AdaptiveSwitching()
    assert len(Search(PROBLEM, published).ask().ids) == 100
    assert len(Search(PROBLEM, MSuNAS()).ask().ids) == 20


def test_it_finds_what_is_best_where_random_search_does_not():
    best = Problem(SPACE, PROBLEM.objectives, ref_point=(0.0, 2.3e8))
    optimizer = MSuNAS(surrogate=RBF(), initial=20, population=30, generations=8)
    history = Search(best, optimizer, seed=0).run(60)
    random = Search(best, MSuNAS(initial=60, design="uniform"), seed=0).run(60)
    assert history.hypervolume() > random.hypervolume()
    values = best.evaluate(SPACE.all()).values[:, 0]
    assert history.values[:, 0].max() > np.quantile(values, 0.999)


@pytest.mark.parametrize("m", [1, 3, 8])
@pytest.mark.parametrize("subset", ["hypervolume", "gaps"])
def test_any_number_of_objectives(m, subset):
    names = [Weighted(name=f"f{i}", seed=i, sense="max" if i % 3 else "min") for i in range(m)]
    mixed = [replace(o, cost="cheap") if i > 1 else o for i, o in enumerate(names)]
    history = history_of(Problem(SPACE, mixed), 24, replace(QUICK, subset=subset))
    assert len(history) == 24


def test_several_expensive_objectives_and_no_cheap_one():
    problem = Problem(SPACE, (Weighted(), Weighted(name="energy", seed=1, sense="min")))
    assert len(history_of(problem, 30)) == 30


@pytest.mark.parametrize("fails", [0.3, 1.0])
def test_rows_that_fail(fails):
    problem = Problem(SPACE, (Weighted(fails=fails), objectives.Macs(SPACE)))
    history = history_of(problem, 30)
    assert len(history) == 30
    assert history.failed.any()
    cheap = Weighted(name="cost", cost="cheap", seed=1, fails=0.3)
    assert len(history_of(Problem(SPACE, (Weighted(), cheap)), 30)) == 30


@pytest.mark.parametrize("subset", ["hypervolume", "gaps"])
def test_constant_objectives(subset):
    for problem in (
        Problem(SPACE, (Flat(), objectives.Macs(SPACE))),
        Problem(SPACE, (Weighted(), Flat(cost="cheap"))),
        Problem(SPACE, (Flat(),)),
    ):
        assert len(history_of(problem, 24, replace(QUICK, subset=subset))) == 24


def test_infinite_values():
    toy = Toy()
    problem = Problem(toy, (Mean(toy, infinite_at=0), objectives.Macs(toy)))
    assert len(history_of(problem, 30)) == 30


@pytest.mark.parametrize("counts", [(1,), (5,), (2, 1, 3), (2,) * 5])
@pytest.mark.parametrize("ordinal", [True, False])
def test_small_spaces_are_exhausted(counts, ordinal):
    space = Genes(counts, ordinal)
    problem = Problem(space, (Weighted(space), Weighted(space, name="cost", cost="cheap", seed=1)))
    assert len(history_of(problem, 1000)) == np.prod(counts)


def test_infeasible_networks_only_where_nothing_else_is_found():
    bound = AtMost("macs", 40e6)
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(bound,))
    optimizer = replace(QUICK, population=30, generations=6)
    history = history_of(problem, 60, optimizer)
    assert history.feasible[8:].mean() > 0.9
    predicted = Problem(SPACE, PROBLEM.objectives, constraints=(AtLeast("accuracy", 53.5),))
    history = history_of(predicted, 60, optimizer)
    assert history.feasible[20:].mean() > 2 * history.feasible[:8].mean()
    never = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", 1.0),))
    history = history_of(never, 24)
    assert len(history) == 24
    assert not history.feasible.any()


def test_the_first_design_holds_the_smallest_and_the_largest():
    problem = Problem(space := spaces.MobileNetV3(), (Weighted(space), objectives.Macs(space)))
    empty = Search(problem, QUICK).history
    for design in ("tilted", "uniform"):
        X = first_design(problem, empty, 20, np.random.default_rng(0), design=design)
        assert len(np.unique(X, axis=0)) == 20
        np.testing.assert_array_equal(X[:2], [space.smallest(), space.largest()])
    ends = np.stack([space.smallest(), space.largest()])
    X = tilted(problem, ends, 400, np.random.default_rng(0))
    macs = problem.evaluate(X, only="cheap").values[:, 1]
    assert np.corrcoef(macs, np.arange(400))[0, 1] > 0.6


def test_a_first_design_like_the_front_of_another_run():
    source = np.repeat(SPACE.all()[[7]], 4, axis=0)
    empty = Search(PROBLEM, QUICK).history
    rng = np.random.default_rng(0)
    X = first_design(PROBLEM, empty, 20, rng, design="tilted", transfer=source)
    assert len(X) == 20
    assert (X[2:] == source[0]).mean() > 0.5
    assert MSuNAS(transfer=source) == MSuNAS(transfer=source.tolist())


def test_values_are_exact_where_cheap_and_predicted_where_not():
    history = history_of(PROBLEM, 40)
    rng = np.random.default_rng(0)
    prediction = learn(PROBLEM, history, Kriging(), "one_hot", rng, winsorise=False)
    X = spaces.sample(SPACE, 50, rng)
    found, exact = prediction(X), PROBLEM.minimised(PROBLEM.evaluate(X).values)
    np.testing.assert_array_equal(found.F[:, 1], exact[:, 1])
    np.testing.assert_allclose(found.F[:, 0], exact[:, 0], atol=0.15)  # of a range of 3
    assert not found.failed.any()


def test_values_beyond_the_reference_point_count_as_lying_on_it():
    problem = Problem(SPACE, PROBLEM.objectives, ref_point=(53.0, 1e9))
    history = history_of(problem, 30)
    learned = [
        learn(problem, history, RBF(), "one_hot", np.random.default_rng(0), winsorise=w)
        for w in (False, True)
    ]
    free, clipped = (p(history.X).F[:, 0] for p in learned)
    np.testing.assert_allclose(free, history.F[:, 0], atol=1e-3)
    np.testing.assert_allclose(clipped, np.minimum(history.F[:, 0], -53.0), atol=1e-3)


@pytest.mark.parametrize("m", [2, 5])
def test_the_inner_search_finds_the_front_of_exact_values(m):
    space = Genes((4,) * 5)
    costs = [Weighted(space, f"f{i}", "min", "cheap", seed=i) for i in range(m)]
    problem = Problem(space, costs)

    def measure(X):
        return Values(problem.evaluate(X).values, np.zeros(len(X)), np.zeros(len(X), dtype=bool))

    rng = np.random.default_rng(0)
    start = spaces.sample(space, 1, rng)
    X, values = inner_search(problem, start, measure, rng, population=40, generations=30)
    assert len(np.unique(X, axis=0)) == len(X) == 40
    np.testing.assert_array_equal(values.F, problem.evaluate(X).values)
    everything = np.array(np.meshgrid(*[range(4)] * 5)).reshape(5, -1).T
    ideal = problem.evaluate(everything).values.min(axis=0)
    span = np.ptp(problem.evaluate(everything).values, axis=0)
    assert (values.F.min(axis=0) - ideal <= 0.3 * span).all()


def test_one_network_by_its_reward():
    reward = Reward("accuracy", "macs", target=50e6, exponent=-0.3)
    optimizer = replace(QUICK, reward=reward, population=30, generations=8, encoding="mixed")
    history = history_of(PROBLEM, 60, optimizer)
    everything = reward(PROBLEM, PROBLEM.evaluate(SPACE.all()).values)
    ours = reward(PROBLEM, history.values)
    assert ours.max() > np.quantile(everything[np.isfinite(everything)], 0.999)
    assert np.isnan(reward(PROBLEM, np.array([[50.0, 0.0], [np.nan, 1.0]]))).all()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("accuracy", "latency"), r"latency is not among .* \(accuracy, macs\)"),
        (("macs", "accuracy"), "macs is minimised"),
    ],
)
def test_rewards_are_checked(names, message):
    with pytest.raises(ValueError, match=message):
        Reward(*names, target=1.0)(PROBLEM, np.ones((1, 2)))
    for settings in ({"target": 0.0}, {"target": 1.0, "exponent": 0.5}):
        with pytest.raises(ValueError, match="expected a"):
            Reward("accuracy", "macs", **settings)


def test_a_decision():
    history = history_of(PROBLEM, 60)
    rows = QUICK.select(PROBLEM, history)
    front = history.front()
    assert sorted(history.keys[rows]) == sorted(front.keys)
    assert history.values[rows[0], 0] == front.values[:, 0].max()
    wish = {"accuracy": 0.0, "macs": 0.0}
    cheapest = QUICK.select(PROBLEM, history, wish)[1]
    assert history.values[cheapest, 1] == front.values[:, 1].min()
    with pytest.raises(ValueError, match="got none for macs"):
        QUICK.select(PROBLEM, history, {"accuracy": 1.0})
    assert len(QUICK.select(PROBLEM, Search(PROBLEM, QUICK).history)) == 0


def test_the_column_of_the_accuracy():
    assert accuracy_column(PROBLEM) == 0
    assert accuracy_column(Problem(SPACE, PROBLEM.objectives[::-1])) == 1
    assert accuracy_column(Problem(SPACE, (objectives.Macs(SPACE),))) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initial": 1}, "initial is at least 2"),
        ({"step": 0}, "step is at least 1"),
        ({"population": 1}, "population is at least 2"),
        ({"generations": 0}, "generations is at least 1"),
        ({"encoding": "ordinal"}, "encoding is one of index, mixed, one_hot"),
        ({"design": "sobol"}, "design is one of tilted, uniform"),
        ({"subset": "random"}, "subset is one of hypervolume, gaps"),
        ({"transfer": []}, "transfer needs at least one row"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        MSuNAS(**settings)
    with pytest.raises(TypeError, match="expected a surrogate"):
        MSuNAS(surrogate="gp")
