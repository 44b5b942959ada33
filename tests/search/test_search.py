"""Ask and tell, by hand and by `run`."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from search.toy import Mean, Toy, code, same

from pyhwnas import (
    DeviceError,
    EvaluationError,
    MissingExtraError,
    Problem,
    Search,
    objectives,
)
from pyhwnas.history import Batch
from pyhwnas.optimizers import RBIFA, Random
from pyhwnas.search import load_history
from pyhwnas.spaces import Gene, PlainSpace

SPACE = Toy()
MACS = objectives.Macs(SPACE)
PROBLEM = Problem(SPACE, (Mean(), MACS))
IFA = RBIFA(("quality",), ("macs",), weights=(0.2, 0.8), population=6)


def told_by_hand(path, optimizer, rng):
    """Random slices, in random order, across several openings of the file."""
    for total in (9, 31, 60):
        with Search(PROBLEM, optimizer, store=path, seed=1) as search:
            while len(search.history) < total:
                asked = search.ask(int(rng.integers(1, 5)))
                again = search.ask(len(asked.ids))
                np.testing.assert_array_equal(asked.ids, again.ids)
                some = rng.permutation(len(asked.ids))[: rng.integers(1, 4)]
                search.tell(asked.ids[some], PROBLEM.evaluate(asked.X[some]).values)
            history = search.history
    return history


@pytest.mark.parametrize("seed", [0, 1])
def test_by_hand_in_any_order_the_same_rows(tmp_path, seed):
    rng = np.random.default_rng(seed)
    by_hand = told_by_hand(tmp_path / "run.sqlite", IFA, rng)
    rows = Search(PROBLEM, IFA, seed=1).run(len(by_hand))
    # The last batch may be told in another order, and only in part.
    done = rows.batch.max()
    assert same(
        by_hand._select(np.flatnonzero(by_hand.batch < done)),
        rows._select(np.flatnonzero(rows.batch < done)),
        order=False,
    )


@pytest.mark.parametrize("optimizer", [Random(step=7), IFA], ids=["random", "rb_ifa"])
def test_equal_seeds_equal_runs(optimizer):
    one, two, other = (Search(PROBLEM, optimizer, seed=s).run(50) for s in (3, 3, 4))
    assert same(one, two)
    assert not same(one, other)


@pytest.mark.parametrize("optimizer", [Random(step=7), IFA], ids=["random", "rb_ifa"])
def test_longer_and_longer_is_one_run(optimizer):
    search = Search(PROBLEM, optimizer, seed=3)
    for total in (1, 2, 10, 11, 40, 50):
        history = search.run(total)
        assert len(history) == total
    assert same(history, Search(PROBLEM, optimizer, seed=3).run(50))


def test_telling_is_checked_and_all_or_nothing():
    search = Search(PROBLEM, Random(step=4))
    asked = search.ask()
    values = PROBLEM.evaluate(asked.X).values
    with pytest.raises(
        ValueError, match=r"4 ids and the columns quality, macs, got shape \(4, 1\)"
    ):
        search.tell(asked.ids, values[:, :1])
    with pytest.raises(ValueError, match="there is no row 4"):
        search.tell([0, 4], values[:2])
    with pytest.raises(ValueError, match="distinct"):
        search.tell([0, 0], values[:2])
    with pytest.raises(TypeError, match="integers"):
        search.tell([0.5], values[:1])
    assert len(search.history) == 0
    search.tell([2], values[2:3])
    with pytest.raises(ValueError, match="row 2 was told before"):
        search.tell([2, 3], values[2:])
    assert len(search.history) == 1
    with pytest.raises(ValueError, match="at least 1 row"):
        search.ask(0)
    for number in (1.5, "2", None):
        with pytest.raises(TypeError, match=rf"^n_evals must be a whole number, got {number!r}"):
            search.run(number)
    with pytest.raises(ValueError, match=r"^n_evals: expected at least 0 rows, got -1"):
        search.run(-1)
    with pytest.raises(TypeError, match=r"^n must be a whole number, got 1\.5"):
        search.run(3, batch=1.5)
    with pytest.raises(TypeError, match=r"^seed must be a whole number, got 0\.5"):
        Search(PROBLEM, Random(), seed=0.5)


def test_failures_told_by_hand():
    search = Search(PROBLEM, Random(step=5))
    asked = search.ask()
    values = PROBLEM.evaluate(asked.X).values
    values[0, 1] = np.nan
    values[1, 0] = np.inf
    search.tell(asked.ids[:3], values[:3], failed={1 + 1: "the board hung up", 3: "so did this"})
    search.tell([], [], failed=[4])
    history = search.history
    assert history.errors == (
        "told without a value of macs",
        "",
        "the board hung up",
        "so did this",
        "told as failed",
    )
    assert history.failed.tolist() == [True, False, True, True, True]
    assert history.values[1, 0] == np.inf
    assert np.isnan(history.values[2:]).all()  # row 2 was told with values


def test_a_reference_point_comes_from_the_first_batch():
    search = Search(PROBLEM, Random(step=10))
    assert search.run(9).ref_point is None
    history = search.run(40)
    F = history.F[:10]
    worst, best = F.max(axis=0), F.min(axis=0)
    np.testing.assert_allclose(history.ref_point, worst + 0.01 * (worst - best), rtol=1e-15)
    own = Problem(SPACE, PROBLEM.objectives, ref_point=(-5.0, 2e5))
    np.testing.assert_array_equal(Search(own, Random()).history.ref_point, [5.0, 2e5])


def test_a_reference_point_waits_for_values():
    class Late(Mean):
        def __call__(self, X):
            return np.where(X[:, 0] > 0, super().__call__(X), np.nan)

        def describe(self):
            return {}

    problem = Problem(SPACE, (Late(),))
    search = Search(problem, Random(step=2), seed=0)
    first = search.run(2)
    assert (first.ref_point is None) == first.failed.all()
    assert search.run(30).ref_point is not None


class Ends(Mean):
    calls = 0

    def __call__(self, X):
        type(self).calls += 1
        if type(self).calls == 8:
            raise KeyboardInterrupt
        return super().__call__(X)


def test_an_interrupt_loses_nothing_but_the_row_in_hand(tmp_path):
    problem = Problem(SPACE, (Ends(), MACS))
    search = Search(problem, Random(step=5), store=tmp_path / "run.sqlite")
    with pytest.raises(KeyboardInterrupt):
        search.run(20)
    assert len(search.history) == 7
    history = search.run(20)
    expected = Search(Problem(SPACE, (Ends(), MACS)), Random(step=5)).run(20)
    assert same(history, expected)


def test_failures_are_data_until_there_are_too_many():
    everywhere = Problem(SPACE, (Mean(raise_at=5, nan_at=7),))
    history = Search(everywhere, Random()).run(81)
    assert sorted(code(x) for x in history.X[history.failed]) == [5, 7]
    assert any("RuntimeError: no luck with 5" in error for error in history.errors)

    class Hopeless(Mean):
        def __call__(self, X):
            raise ZeroDivisionError("nothing works")

        def describe(self):
            return {}

    search = Search(Problem(SPACE, (Hopeless(),)), Random())
    expected = "4 of 4 rows failed.*max_failures=3.*nothing works.*`pyhwnas report`.*--max-failures"
    with pytest.raises(EvaluationError, match=expected):
        search.run(50, max_failures=3)
    assert len(search.history) == 4
    with pytest.raises(EvaluationError):
        search.run(50, max_failures=3)
    assert len(search.history) == 4
    assert len(search.run(10, max_failures=99)) == 10


@pytest.mark.parametrize("error", [DeviceError("the board hung up"), MissingExtraError("no torch")])
def test_what_is_no_rows_fault_stops_the_run(error):
    class Board(Mean):
        lost = True

        def __call__(self, X):
            if type(self).lost and 5 in X @ 3 ** np.arange(4):
                raise error
            return super().__call__(X)

        def describe(self):
            return {}

    search = Search(Problem(SPACE, (Board(), MACS)), Random(step=81), seed=2)
    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            search.run(81)
        assert 0 < len(search.history) < 81
        assert not search.history.failed.any()
    Board.lost = False
    expected = Search(Problem(SPACE, (Mean(), MACS)), Random(step=81), seed=2).run(81)
    assert same(search.run(81), expected)


def test_rows_of_other_workers_are_kept_when_one_stops_the_run():
    both = threading.Barrier(2)
    failed = threading.Event()

    class Board(Mean):
        def __call__(self, X):
            if both.wait(20) == 0:
                failed.set()
                raise DeviceError("the board hung up")
            assert failed.wait(20)
            return super().__call__(X)

        def describe(self):
            return {}

    search = Search(Problem(SPACE, (Board(),)), Random(step=6))
    with ThreadPoolExecutor(2) as executor, pytest.raises(DeviceError, match="hung up"):
        search.run(6, executor=executor)
    assert len(search.history) == 1
    assert not search.history.failed.any()
    assert len(search.pending.ids) == 5


def test_what_is_cheap_comes_first_and_callbacks_see_every_row():
    class Counted(Mean):
        rows = 0

        def __call__(self, X):
            type(self).rows += len(X)
            return super().__call__(X)

        def describe(self):
            return {}

    broken = Mean(name="cheap", cost="cheap", nan_at=5)
    seen = []
    search = Search(Problem(SPACE, (Counted(), broken)), Random(step=9))
    history = search.run(81, on_tell=(lambda s: seen.append(len(s.history)),))
    assert seen == list(range(1, 82))
    assert history.failed.sum() == 1
    assert Counted.rows == 80  # what had failed already was not worth it
    assert (history.seconds > 0).all()


def test_threads_find_the_same_rows():
    with ThreadPoolExecutor(3) as executor:
        history = Search(PROBLEM, IFA, seed=2).run(60, executor=executor)
    assert len(history) == 60
    rows = Search(PROBLEM, IFA, seed=2).run(60)
    whole = rows.batch.max()
    assert same(
        history._select(np.flatnonzero(history.batch < whole)),
        rows._select(np.flatnonzero(rows.batch < whole)),
        order=False,
    )
    with pytest.raises(TypeError, match=r"concurrent\.futures"):
        Search(PROBLEM, IFA).run(1, executor=3)


@dataclass(frozen=True)
class One(PlainSpace):
    """One gene, one network more than none."""

    n: int = 1
    name = "one"
    plan = None

    @property
    def genes(self):
        return (Gene("g", self.n),)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_space_of_one_gene_is_exhausted(n, caplog):
    caplog.set_level(logging.INFO, "pyhwnas")
    space = One(n)
    problem = Problem(space, (Mean(space), Mean(space, name="macs")))
    for optimizer in (Random(), IFA):
        search = Search(problem, optimizer)
        assert len(search.run(10)) == n
        assert "nothing left to propose" in caplog.text
        assert len(search.ask().ids) == 0
        assert len(search.run(10)) == n


@dataclass(frozen=True)
class Stubborn:
    rows: tuple = ((0, 0, 0, 0),)

    def propose(self, problem, history, n, rng):
        return Batch(self.rows, {"turn": len(history.batches)})


def test_known_rows_are_free_and_a_stubborn_optimizer_ends(caplog, monkeypatch):
    monkeypatch.setattr("pyhwnas.search.FREE_BATCHES", 20)
    search = Search(PROBLEM, Stubborn(((0, 0, 0, 0), (1, 0, 0, 0), (0, 0, 0, 0))))
    assert search.ask().X.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0]]
    assert len(search.run(3)) == 2
    assert "nothing new in 20 batches" in caplog.text
    assert [batch.aux["turn"] for batch in search.history.batches] == list(range(21))


@dataclass(frozen=True)
class Ending:
    """Some rows, then no batch any more, or always the same one."""

    free: bool
    calls: ClassVar[list[int]] = []

    def propose(self, problem, history, n, rng):
        self.calls.append(len(history.batches))
        if history.batches and not self.free:
            return Batch(np.empty((0, 4), dtype=np.int64))
        return Batch([[0, 0, 0, 0], [0, 0, 0, 1]], {"draw": int(rng.integers(2**40))})


@pytest.fixture
def calls(monkeypatch):
    monkeypatch.setattr("pyhwnas.search.FREE_BATCHES", 20)
    monkeypatch.setattr(Ending, "calls", [])
    return Ending.calls


@pytest.mark.parametrize("free", [False, True], ids=["empty batch", "no new row"])
def test_an_exhausted_optimizer_is_not_asked_again(tmp_path, calls, caplog, free):
    path = tmp_path / "run.sqlite"
    with Search(PROBLEM, Ending(free), store=path) as search:
        history = search.run(9)
        assert calls == list(range(21 if free else 2))
        for n in (None, 1):
            assert search.ask(n).X.shape == (0, 4)
        assert len(search.run(9).batches) == len(history.batches) == (21 if free else 1)
    size = path.stat().st_size
    with Search(PROBLEM, Ending(free), store=path) as search:
        assert len(search.ask().ids) == 0
        assert same(search.run(9), history)
    assert path.stat().st_size == size
    assert calls == list(range(21 if free else 2))
    assert caplog.text.count("nothing new in 20 batches") == free
    assert load_history(path)[1]["exhausted"]


def test_the_bound_counts_batches_of_earlier_openings(tmp_path, calls, monkeypatch):
    whole = Search(PROBLEM, Ending(True)).run(9)
    path = tmp_path / "run.sqlite"
    with Search(PROBLEM, Ending(True), store=path) as search:
        with monkeypatch.context() as patch:
            propose = Ending.propose

            def interrupted(self, problem, history, n, rng):
                if len(history.batches) == 8:
                    raise KeyboardInterrupt
                return propose(self, problem, history, n, rng)

            patch.setattr(Ending, "propose", interrupted)
            with pytest.raises(KeyboardInterrupt):
                search.run(9)
        assert len(search.history.batches) == 8
    assert not load_history(path)[1]["exhausted"]
    with Search(PROBLEM, Ending(True), store=path) as search:
        history = search.run(9)
    assert same(history, whole)
    assert [b.aux for b in history.batches] == [b.aux for b in whole.batches]


def test_pending_rows_are_looked_at_without_asking_for_more(tmp_path, calls):
    path = tmp_path / "run.sqlite"
    with Search(PROBLEM, Ending(True), store=path) as search:
        assert search.pending.X.shape == (0, 4)
        assert search.pending.ids.dtype == np.int64
        assert calls == []
        asked = search.ask(1)
        assert search.pending.ids.tolist() == [0, 1]
        search.tell(asked.ids, [[1, 2]])
    with Search(PROBLEM, Ending(True), store=path) as search:
        assert search.pending.ids.tolist() == [1]
        assert search.pending.X.tolist() == [[0, 0, 0, 1]]
        search.tell([1], [[1, 2]])
        assert len(search.pending.ids) == 0
        with pytest.raises(AttributeError):
            search.pending = asked
    assert calls == [0]


def test_enormous_wishes_are_cut():
    wishes = []

    @dataclass(frozen=True)
    class Wishing:
        def propose(self, problem, history, n, rng):
            wishes.append(n)
            return Batch([[0, 0, 0, 0]])

    for n in (2**31, 2**63 - 1, np.int64(2**63 - 1), 10**30):
        assert len(Search(PROBLEM, Wishing()).ask(n).ids) == 1
        assert wishes.pop() == 2**16
    assert len(Search(PROBLEM, Random()).ask(10**30).ids) == 81
    with pytest.raises(TypeError):
        Search(PROBLEM, Random()).ask(2.5)


def test_what_an_optimizer_may_not_propose():
    @dataclass(frozen=True)
    class Halved(Toy):
        def valid(self, X):
            return X[:, 0] < 2

    space = Halved()
    problem = Problem(space, (Mean(space),))
    expected = r"Stubborn\.propose: expected valid, canonical rows, got row 1 = \[2, 0, 0, 0\]"
    with pytest.raises(ValueError, match=expected):
        Search(problem, Stubborn(((0, 0, 0, 0), (2, 0, 0, 0)))).ask()


def test_seeds_are_checked():
    with pytest.raises(ValueError, match="from 0 up"):
        Search(PROBLEM, Random(), seed=-1)
    with pytest.raises(TypeError):
        Search(PROBLEM, Random(), seed=0.5)
