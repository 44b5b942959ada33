"""LaMOO: regions, the way back out of them, and searches that go wrong in every way."""

from __future__ import annotations

import numpy as np
import pytest
from optimizers.histories import history_of
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import CMAES, Batch, Bayes, LaMOO
from pyhwnas.optimizers.lamoo.partition import Growth
from pyhwnas.optimizers.lamoo.regions import Region, Uniform, draw, encode
from pyhwnas.optimizers.operators.variation import are_new
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

pytest.importorskip("sklearn")
pytest.importorskip("cma")

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (Mean(SPACE), objectives.Macs(SPACE)), ref_point=(-20.0, 5e8))


class Below:
    """A boundary: the first columns' sum is small."""

    def __init__(self, limit):
        self.limit = limit

    def predict(self, Z):
        return Z[:, 0] <= self.limit


def region(*limits):
    path = tuple((Below(limit), True) for limit in limits)
    return Region(SPACE, np.arange(0), path, "ordinal")


@pytest.mark.parametrize(
    "optimizer",
    [
        LaMOO(),
        LaMOO.published(cp=6.0),
        LaMOO(selection="path", growth=Growth(kernel="linear", assign="svm"), exploration=0.3),
    ],
    ids=["default", "published", "path"],
)
def test_it_keeps_the_promises_of_an_optimizer(optimizer):
    check_optimizer(optimizer, n=30)


def test_encodings():
    X = np.array([[0, 2, 1, 2]])
    np.testing.assert_array_equal(encode(Toy(), X, "by gene"), [[0.0, 1.0, 0.5, 1.0]])
    np.testing.assert_array_equal(encode(Toy(), X, "ordinal"), [[0.0, 1.0, 0.5, 1.0]])
    x = np.array([[0, 4, 1, 2, 3, 0]])
    assert encode(SPACE, x, "by gene").shape == (1, 30)
    np.testing.assert_array_equal(encode(SPACE, x, "ordinal"), x / 4)


def test_rows_are_drawn_inside():
    history = Search(PROBLEM, LaMOO()).run(20)
    X = draw(PROBLEM, history, region(0.5, 0.25), 300, np.random.default_rng(0))
    assert len(np.unique(X, axis=0)) == 300
    assert X[:, 0].max() == 1
    assert set(X[:, 0]) == {0, 1}
    assert (history.lookup(X) < 0).all()
    many = draw(PROBLEM, history, region(0.0), 5, np.random.default_rng(0), most=2000)
    assert len(many) == 2000
    assert not many[:, 0].any()


def test_too_small_a_region_is_left_by_its_last_boundary():
    history = history_of(np.ones((1, 2)), X=np.zeros((1, 4), dtype=np.int64))
    problem = Problem(Toy(), (Mean(), Mean(name="other", seed=1)))
    corner = Region(Toy(), np.arange(1), ((Below(0.5), True), (Below(-1.0), True)), "ordinal")
    X = draw(problem, history, corner, 40, np.random.default_rng(0))
    assert len(X) == 40
    assert X[:, 0].max() == 1  # the last boundary holds nothing, the first one holds
    everything = draw(problem, history, corner, 1000, np.random.default_rng(0))
    assert len(everything) == 80  # all but the known row
    inside = everything[:, 0] <= 1
    assert inside[: inside.sum()].all()  # those of the region first


def test_new_rows_are_valid_unknown_and_distinct():
    history = history_of(np.ones((1, 2)), X=np.zeros((1, 4), dtype=np.int64))
    problem = Problem(Toy(), (Mean(), Mean(name="other", seed=1)))
    X = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(X[are_new(problem, history, X, besides=X[2:3])], X[1:2])


def test_what_a_batch_says_of_its_region():
    history = Search(PROBLEM, LaMOO(), seed=1).run(60)
    first, *others = history.batches
    assert len(first.X) == 10
    assert not first.aux
    for batch in others:
        assert len(batch.X) == 5
        # Leaves are one more than inner nodes; one hypervolume is that of all rows.
        leaves = (batch.aux["nodes"] + 1) // 2
        assert batch.aux["hypervolumes"] == (leaves + 1 if leaves > 1 else 0)
        assert 0 < batch.aux["rows"] <= len(history)


def test_batches_of_any_size():
    search = Search(PROBLEM, LaMOO(), seed=0)
    assert len(search.ask(3).ids) == 3  # of ten
    search.run(10)
    assert len(search.ask(1).ids) == 1
    search.run(11)
    assert len(search.ask(100).ids) == 100
    assert len(Search(PROBLEM, LaMOO()).ask(100).ids) == 100


def test_constraints_draw_it_to_feasible_rows():
    bound = 40e6
    problem = Problem(
        SPACE, PROBLEM.objectives, constraints=(AtMost("macs", bound),), ref_point=(-20.0, 5e8)
    )
    history = Search(problem, LaMOO(), seed=0).run(100)
    assert history.feasible[50:].mean() > history.feasible[:10].mean()
    assert history.feasible[50:].mean() > 0.5


@pytest.mark.parametrize("m", [1, 8])
@pytest.mark.parametrize("selection", ["leaf", "path"])
def test_one_objective_and_eight(m, selection):
    several = tuple(Mean(SPACE, name=f"f{i}", seed=i) for i in range(m))
    history = Search(Problem(SPACE, several), LaMOO(selection=selection), seed=0).run(40)
    assert len(history) == 40
    assert max(batch.aux.get("depth", 0) for batch in history.batches) > 0


def test_constant_objectives_and_one_gene():
    flat = Problem(Toy(), (Mean(), objectives.Params(Toy())))
    assert len(Search(flat, LaMOO(step=20), seed=0).run(1000)) == 81
    single = Problem(Toy(layers=1), (Mean(Toy(layers=1)), objectives.Macs(Toy(layers=1))))
    assert len(Search(single, LaMOO(), seed=0).run(1000)) == 3


@pytest.mark.parametrize("ref_point", [None, (0.0, 1e9)])
def test_when_everything_fails_it_goes_on_at_random(ref_point):
    class Failing(Mean):
        def __call__(self, X):
            return np.full(len(X), np.nan)

    problem = Problem(Toy(), (Failing(), objectives.Macs(Toy())), ref_point=ref_point)
    for optimizer in (LaMOO(), CMAES(), LaMOO(CMAES()), Bayes(), LaMOO(Bayes())):
        assert len(Search(problem, optimizer, seed=0).run(30, max_failures=50)) == 30


def test_it_finds_more_than_random_rows_on_an_easy_problem():
    # Not a measure of quality: regions must be on the right side of their boundaries.
    history = Search(PROBLEM, LaMOO(), seed=0).run(100)
    assert history.values[60:, 1].mean() < history.values[:10, 1].mean()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initial": 1}, "at least 2"),
        ({"step": 0}, "at least 1"),
        ({"selection": "greedy"}, "leaf or path"),
        ({"exploration": -0.1}, "from 0 up"),
        ({"cp": float("nan")}, "from 0 up"),
        ({"encoding": "one-hot"}, "'by gene' or 'ordinal'"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        LaMOO(**settings)


def test_samplers_are_checked():
    with pytest.raises(TypeError, match="method sample"):
        LaMOO("random")
    assert isinstance(Uniform().sample, object)
    assert isinstance(LaMOO(CMAES()).sampler, CMAES)
    assert LaMOO.published().growth == Growth("poly", 1.0, 15, "label")


def test_the_history_is_the_state():
    history = Search(PROBLEM, LaMOO(), seed=4).run(45)
    proposals = [
        LaMOO().propose(PROBLEM, history, None, np.random.default_rng(9)) for _ in range(2)
    ]
    assert all(isinstance(batch, Batch) for batch in proposals)
    np.testing.assert_array_equal(proposals[0].X, proposals[1].X)
