"""RB-IFA: ranks, the sweep, epochs, and what is told in the end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import RBIFA
from pyhwnas.optimizers.rb_ifa import competition_ranks
from pyhwnas.problem import AtMost

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (objectives.Params(SPACE), Mean(SPACE), objectives.Macs(SPACE)))
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


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": (0.5, 1.2)}, "from 0 to 1"),
        ({"weights": ()}, "at least one"),
        ({"efficiency": ("macs", "quality")}, "distinct names"),
        ({"efficiency": ()}, "need an efficiency metric"),
        ({"population": 1}, "population is at least 2"),
        ({"chances": 0}, "chances is at least 1"),
        ({"alpha": -0.1}, "alpha is not negative"),
        ({"rank_set": "all"}, "epoch, population or history"),
        ({"movement": "random"}, "categorical or continuous"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        RBIFA(**{"performance": ("quality",), "efficiency": ("macs",)} | settings)


def test_names_are_checked():
    with pytest.raises(TypeError, match="sequence of names"):
        RBIFA("quality", ("macs",))
    with pytest.raises(ValueError, match=r"icd is not among .* \(params, quality, macs\)"):
        Search(PROBLEM, RBIFA(("icd",), ("macs",))).ask()
    RBIFA(("quality",), (), weights=(1.0,))


def test_a_sweep_leaves_the_brightest_and_moves_the_others_near():
    optimizer = RBIFA(("quality",), ("macs",), alpha=0.0, beta=1.0, gamma=0.0)
    X = spaces.sample(SPACE, 20, np.random.default_rng(0))
    light = np.arange(20.0)  # row 0 is brightest
    moved = optimizer._sweep(SPACE, X, light, np.random.default_rng(1))
    # Certain attraction without noise: all end at the last they fly to.
    assert (moved == X[0]).all()
    still = RBIFA(("quality",), ("macs",), alpha=0.0, beta=0.0)
    np.testing.assert_array_equal(still._sweep(SPACE, X, light, np.random.default_rng(1)), X[::-1])
    # Equals do not attract each other.
    np.testing.assert_array_equal(
        optimizer._sweep(SPACE, X, np.ones(20), np.random.default_rng(1)), X
    )


def test_attraction_falls_with_distance():
    rng = np.random.default_rng(0)
    optimizer = RBIFA(("quality",), ("macs",), alpha=0.0)
    target = np.full(6, 4)
    for differing, expected in ((1, 0.82), (3, 0.61), (6, 0.39)):
        X = np.full((4000, 6), 4)
        X[:, :differing] = 1
        moved = optimizer._copy_genes(SPACE, X, target, rng)
        assert (moved[:, :differing] == 4).mean() == pytest.approx(expected, abs=0.02)


def test_continuous_movement_drifts_upwards():
    problem = Problem(Toy(), (Mean(), objectives.Macs(Toy())))
    kinds = {}
    for movement in ("categorical", "continuous"):
        optimizer = RBIFA(("quality",), ("macs",), weights=(0.5,), movement=movement)
        history = Search(problem, optimizer, seed=0).run(40)
        kinds[movement] = np.concatenate([b.X for b in history.batches[1:3]]).mean()
    assert kinds["continuous"] > kinds["categorical"]


@pytest.mark.parametrize("rank_set", ["epoch", "population", "history"])
def test_epochs_end_after_so_many_chances(rank_set):
    optimizer = RBIFA(
        ("quality",), ("macs",), weights=(0.3, 0.9), population=8, chances=3, rank_set=rank_set
    )
    batches = Search(PROBLEM, optimizer, seed=1).run(300).batches
    for swarm in range(2):
        chances = [batch.aux["chances"][swarm] for batch in batches]
        starts = [batch.aux["epoch"][swarm] for batch in batches]
        elites = [batch.aux["elite"][swarm] for batch in batches]
        assert set(chances) <= {1, 2, 3}
        assert any(elite is not None for elite in elites)
        for number in range(1, len(batches)):
            if starts[number] == number:  # starts over, after the last chance
                assert chances[number - 1] == 1
                assert elites[number] is not None
            else:
                assert starts[number] == starts[number - 1]
                assert chances[number] in (3, chances[number - 1] - 1)
                assert elites[number] is None


def test_answers_are_the_best_of_what_swarms_remember():
    optimizer = RBIFA(("quality",), ("macs",), weights=(0.0, 1.0), population=10)
    history = Search(PROBLEM, optimizer, seed=0).run(400)
    cheap, good = optimizer.select(PROBLEM, history)
    assert history.values[cheap, 2] == history.values[:, 2].min()
    assert history.values[good, 1] > np.quantile(history.values[:, 1], 0.95)


def test_answers_of_a_run_that_has_hardly_begun():
    optimizer = RBIFA(("quality",), ("macs",), weights=(0.1, 0.9))
    search = Search(PROBLEM, optimizer)
    assert optimizer.select(PROBLEM, search.history).tolist() == [-1, -1]
    assert optimizer.select(PROBLEM, search.run(1)).tolist() == [0, 0]
    failing = Problem(SPACE, (Mean(SPACE, nan_at=0), objectives.Macs(SPACE)))
    search = Search(failing, optimizer)
    asked = search.ask(1)
    search.tell(asked.ids, [[np.nan, 1]])
    assert optimizer.select(failing, search.history).tolist() == [-1, -1]


def test_infeasible_rows_rank_last():
    bound = 30e6
    problem = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", bound),))
    optimizer = RBIFA(("params",), ("macs",), weights=(0.0, 0.5))
    history = Search(problem, optimizer, seed=0).run(200)
    answers = optimizer.select(problem, history)
    assert history.feasible[answers].all()
    # Rows that fail, too.
    metrics = optimizer._metrics(problem)
    light = optimizer._light(history, metrics, np.arange(200), 0)
    assert light[~history.feasible].min() > light[history.feasible].max()


def test_swarms_share_what_they_know():
    optimizer = RBIFA(("quality",), ("macs",), population=10)
    batch = Search(PROBLEM, optimizer).ask()
    assert len(batch.ids) == 10  # five swarms, one first population
