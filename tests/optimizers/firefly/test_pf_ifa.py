"""PF-IFA: its light, its front, its size, and when it starts over."""

from __future__ import annotations

import numpy as np
import pytest
from reference.moo_by_definition import nondominated_sort
from search.toy import Mean

from pyhwnas import Problem, Search, objectives, spaces
from pyhwnas.optimizers import PFIFA
from pyhwnas.optimizers.firefly.pf_ifa import _light
from pyhwnas.problem import AtMost
from pyhwnas.testing import check_optimizer

SPACE = spaces.NASBench201()
PROBLEM = Problem(SPACE, (objectives.Params(SPACE), Mean(SPACE), objectives.Macs(SPACE)))


@pytest.mark.parametrize(
    "optimizer",
    [PFIFA(), PFIFA.published(population=6), PFIFA(("params",), size="sum", chances=1)],
    ids=repr,
)
def test_promises(optimizer):
    check_optimizer(optimizer)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metrics": ("macs", "macs")}, "distinct names"),
        ({"rank_set": "epoch"}, "history or population"),
        ({"size": "min"}, "max or sum"),
        ({"chances": 0}, "PFIFA: chances is at least 1"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        PFIFA(**settings)


def test_names_are_checked():
    with pytest.raises(TypeError, match="sequence of names"):
        PFIFA("macs")
    with pytest.raises(ValueError, match="PFIFA: icd is not among"):
        Search(PROBLEM, PFIFA(("icd",))).ask()


def test_light_is_front_then_crowding():
    history = Search(PROBLEM, PFIFA(), seed=0).run(80)
    rows = np.arange(60)
    light = _light(history, rows, np.array([1, 2]))
    front = nondominated_sort(history.F[rows][:, [1, 2]])
    for a, b in zip(*np.triu_indices(len(rows), 1), strict=True):
        if front[a] != front[b]:
            assert (light[a] < light[b]) == (front[a] < front[b])
    # The extremes of a front shine most in it.
    first = np.flatnonzero(front == 0)
    assert light[first[history.F[rows[first], 1].argmin()]] == light.min()


@pytest.mark.parametrize("rank_set", ["history", "population"])
@pytest.mark.parametrize("size", ["max", "sum"])
def test_the_front_sets_size_and_chances(rank_set, size):
    optimizer = PFIFA(("quality", "macs"), rank_set=rank_set, size=size, population=10, chances=3)
    history = Search(PROBLEM, optimizer, seed=1).run(100)
    chances, largest = 3, 0
    assert len(history.batches) > 3
    for number, batch in enumerate(history.batches[:-1]):
        until = number + 1
        rows = np.flatnonzero(history.batch < until)
        if rank_set == "population":
            rows = np.unique(history.lookup(batch.X))
        k = (nondominated_sort(history.F[rows][:, [1, 2]]) == 0).sum()
        chances = 3 if k > largest else chances - 1
        largest = max(largest, k)
        after = history.batches[until]
        assert after.aux == {"chances": chances or 3, "largest": largest}
        assert len(after.X) == (max(10, largest) if size == "max" else 10 + largest)
        chances = chances or 3


def test_answers():
    optimizer = PFIFA(("quality", "macs"))
    search = Search(PROBLEM, optimizer)
    assert optimizer.select(PROBLEM, search.history).tolist() == []
    history = search.run(150)
    rows = optimizer.select(PROBLEM, history)
    expected = np.flatnonzero(nondominated_sort(history.F[:, [1, 2]]) == 0)
    assert rows.tolist() == expected.tolist()
    alone = PFIFA(("quality", "macs"), rank_set="population")
    history = Search(PROBLEM, alone, seed=0).run(155)
    rows = alone.select(PROBLEM, history)
    assert 0 < len(rows) <= 20
    assert set(rows) <= set(history.lookup(history.batches[-1].X))


def test_infeasible_and_failed_rows_come_last():
    problem = Problem(
        SPACE,
        (Mean(SPACE, nan_at=1), objectives.Macs(SPACE)),
        constraints=(AtMost("macs", 30e6),),
    )
    optimizer = PFIFA()
    search = Search(problem, optimizer, seed=0)
    asked = search.ask(20)
    search.tell(asked.ids[:3], np.full((3, 2), np.nan))
    history = search.run(100)
    light = _light(history, np.arange(100), np.array([0, 1]))
    assert light[history.failed].min() > light[history.ok].max()
    assert light[history.ok & ~history.feasible].min() > light[history.feasible].max()
    assert history.feasible[optimizer.select(problem, history)].all()


def test_nothing_but_failures():
    search = Search(PROBLEM, PFIFA(), seed=0)
    for _ in range(3):
        asked = search.ask()
        search.tell(asked.ids, np.full((len(asked.ids), 3), np.nan))
    assert len(search.history) > 20
    assert PFIFA().select(PROBLEM, search.history).tolist() == []
