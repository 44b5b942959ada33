"""Runs that start from another one: what they know, what they begin with, what is refused."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from search.toy import Mean, Toy, same

from pyhwnas import Problem, Search, StoreError, objectives, spaces
from pyhwnas._warm_start import begin_with
from pyhwnas.history import Batch
from pyhwnas.optimizers import NSGA2, Random
from pyhwnas.problem import AtMost
from pyhwnas.search import load_history

SPACE = Toy()
MACS = objectives.Macs(SPACE)
PROBLEM = Problem(SPACE, (Mean(nan_at=7), MACS))
OTHERS = Problem(SPACE, (Mean(seed=5), MACS))


class Given:
    """Proposes what it is given."""

    def __init__(self, X):
        self.X = X

    def describe(self):
        return "given"

    def propose(self, problem, history, n, rng):
        return Batch(self.X)


@pytest.fixture
def path(tmp_path):
    """A run of 30 rows."""
    with Search(PROBLEM, Random(), store=tmp_path / "first.sqlite", seed=9) as search:
        search.run(30)
    return tmp_path / "first.sqlite"


def test_rows_of_a_run_with_equal_objectives_are_known(path):
    before, _ = load_history(path)
    search = Search(PROBLEM, NSGA2(), seed=0, warm_start=path)
    assert search.history.evaluations == 0
    assert np.array_equal(search.history.X, before.X[before.ok])  # failed rows may be tried again
    assert np.array_equal(search.history.ref_point, before.ref_point)
    history = search.run(20)
    assert history.evaluations == 20
    known = history.batch == -1
    assert np.isnan(history.seconds[known]).all()
    # Parents are known rows, which cost nothing, the best ones but for those drawn anyhow.
    first = history.lookup(history.batches[0].X)
    assert (first < known.sum()).sum() >= 8
    assert np.isin(history.lookup(before.front().X), first).all()
    assert len(np.unique(history.keys)) == len(history)
    assert history.columns()["batch"][0] == -1


def test_front_of_a_run_with_other_objectives_is_evaluated_first(path):
    before, _ = load_history(path)
    search = Search(OTHERS, NSGA2(population=8), seed=0, warm_start=path)
    assert len(search.history) == 0
    first = search.ask(1)  # a slice of the first batch, which comes whole
    assert len(first.ids) == 1
    batch = search.history.batches[0].X
    from_front = (batch[:, None] == before.front().X[None]).all(axis=2).any(axis=1)
    assert from_front.sum() >= min(4, len(before.front()))


def test_a_history_is_known_by_its_names(path):
    before, _ = load_history(path)
    assert len(Search(PROBLEM, Random(), warm_start=before).history) == before.ok.sum()
    # Its values are taken to be these objectives' own.
    assert len(Search(OTHERS, Random(), warm_start=before).history) == before.ok.sum()
    renamed = Problem(SPACE, (Mean(name="other"), MACS))
    assert len(Search(renamed, Random(), warm_start=before).history) == 0


def test_another_run_is_read_once(path, tmp_path):
    def opened(stop, **options):
        with Search(PROBLEM, NSGA2(), store=tmp_path / "second.sqlite", seed=2, **options) as run:
            return run.run(stop)

    whole = Search(PROBLEM, NSGA2(), seed=2, warm_start=path).run(30)
    opened(1, warm_start=path)
    path.unlink()
    opened(11, warm_start=path)
    history = opened(30)
    assert same(history, whole)
    assert load_history(tmp_path / "second.sqlite")[0].evaluations == 30
    with sqlite3.connect(tmp_path / "second.sqlite") as database:
        (known,) = database.execute("select aux from batches where id = -1").fetchone()
    assert str(path) in known


def test_a_run_of_a_warm_start_hands_on_all_it_knows(path, tmp_path):
    with Search(PROBLEM, Random(), store=tmp_path / "b.sqlite", seed=2, warm_start=path) as search:
        second = search.run(10)
    third = Search(PROBLEM, Random(), seed=3, warm_start=tmp_path / "b.sqlite").history
    assert len(third) == second.ok.sum() > 30


def test_feasibility_is_that_of_the_new_problem(path):
    before, _ = load_history(path)
    bound = float(np.median(before.values[:, 1]))
    tighter = Problem(SPACE, PROBLEM.objectives, constraints=(AtMost("macs", bound),))
    history = Search(tighter, NSGA2(), seed=0, warm_start=path).run(10)
    assert 0 < history.feasible[history.batch == -1].sum() < (history.batch == -1).sum()
    first = history.lookup(history.batches[0].X)
    assert history.feasible[first].sum() >= 8


def test_what_does_not_fit_is_refused(path, tmp_path):
    other = spaces.NASBench201()
    macs = Problem(other, (objectives.Macs(other),))
    with pytest.raises(ValueError, match="expected a run of space nasbench201"):
        Search(macs, Random(), warm_start=path)
    larger = Toy(5)
    with pytest.raises(ValueError, match="with the genes"):
        Search(Problem(larger, (Mean(larger),)), Random(), warm_start=path)
    failed = Search(Problem(SPACE, (Mean(raise_at=None, nan_at=0),)), Random(), seed=0)
    with pytest.raises(ValueError, match="expected a run with values"):
        Search(PROBLEM, Random(), warm_start=failed.history)
    with pytest.raises(StoreError):
        Search(PROBLEM, Random(), warm_start=tmp_path / "nowhere.sqlite")
    with Search(PROBLEM, Random(), store=tmp_path / "run.sqlite") as search:
        search.run(3)
    with pytest.raises(StoreError, match="begun without a warm start"):
        Search(PROBLEM, Random(), store=tmp_path / "run.sqlite", warm_start=path)


@pytest.mark.parametrize("known", [False, True])
def test_rows_take_places_and_leave_the_batch_as_it_is(known):
    # Two swarms of four, one row of which the other run has too.
    X = np.tile(np.eye(4, dtype=np.int64), (2, 1))
    best = np.array([[1, 0, 0, 0], [2, 0, 0, 0], [2, 1, 0, 0], [2, 2, 0, 0]])
    macs = MACS(best)  # each has more than the one before
    assert (np.diff(macs) > 0).all()
    problem = Problem(SPACE, (MACS,))
    search = Search(problem, Given(best), seed=0)
    history = search.run(4) if known else search.history
    batch = begin_with(problem, Batch(X, {"swarm": np.arange(8)}), history, best)
    assert np.array_equal(batch.X[:4], batch.X[4:])
    assert np.array_equal(batch.aux["swarm"], np.arange(8))
    count = 3 if known else 2
    assert np.array_equal(batch.X[4 - count : 4], best[1 : 1 + count])
    assert np.array_equal(batch.X[: 4 - count], X[: 4 - count])


def test_an_exhausted_optimizer_stays_so():
    none = Batch(np.empty((0, 4), dtype=np.int64))
    history = Search(PROBLEM, Random()).history
    assert len(begin_with(PROBLEM, none, history, np.zeros((2, 4), dtype=np.int64)).X) == 0


def test_keys_count_once():
    merged = replace(PROBLEM, dedupe="identity")
    history = Search(PROBLEM, Random(), seed=1).run(20)
    known = Search(merged, Random(), warm_start=history).history
    assert len(np.unique(known.keys)) == len(known) > 0
