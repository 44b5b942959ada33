"""Histories: read-only columns that stay as they are while the search goes on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.moo_by_definition import hypervolume, nondominated_mask
from search.toy import Mean, Toy

from pyhwnas import Problem, Search, objectives
from pyhwnas.history import HistoryLog
from pyhwnas.optimizers import Random
from pyhwnas.problem import AtMost

SPACE = Toy()
MACS = objectives.Macs(SPACE)


def made_of(values, violation=None, errors=None, ref_point=None):
    values = np.asarray(values, dtype=float)
    n, m = values.shape
    senses = ("min", "max", "min")[:m]
    log = HistoryLog(2, ("a", "b", "c")[:m], senses, ("",) * m, lambda X: X @ [1, 100])
    log.ref_point = ref_point
    for row in range(n):  # one at a time, as they come in
        log.append(
            X=np.array([[row, 0]]),
            values=values[row : row + 1],
            violation=np.zeros(1) if violation is None else violation[row : row + 1],
            batch=np.zeros(1, dtype=np.int64),
            seconds=np.zeros(1),
            keys=np.array([row]),
            errors=["" if errors is None else errors[row]],
        )
    return log.view()


def test_columns_are_read_only_and_stay():
    search = Search(Problem(SPACE, (Mean(), MACS)), Random(step=5))
    early = search.run(10)
    before = [early.X.copy(), early.F.copy(), early.keys.copy()]
    late = search.run(60)
    assert (len(early), len(late)) == (10, 60)
    for column, copy in zip((early.X, early.F, early.keys), before, strict=True):
        np.testing.assert_array_equal(column, copy)
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
    # Rows that came later are not known to the earlier one.
    assert (early.lookup(late.X) == np.where(np.arange(60) < 10, np.arange(60), -1)).all()
    assert len(early.errors) == 10
    assert len(early.batches) == 2


def test_batches_are_read_only_and_stay():
    search = Search(Problem(SPACE, (Mean(), MACS)), Random(step=5))
    early = search.run(10).batches
    late = search.run(20).batches
    assert (len(early), len(late)) == (2, 4)
    assert list(early) == [early[0], early[1]] == [late[0], late[1]]
    assert early[-1] is late[1]
    assert early[:] == tuple(early) == late[:2] == late[-4:2]
    assert late[::-2] == (late[3], late[1])
    assert late[2] not in early
    assert isinstance(early, Sequence)
    assert not hasattr(early, "append")
    for outside in (2, -3):
        with pytest.raises(IndexError):
            early[outside]
    with pytest.raises(TypeError):
        early[0] = late[0]
    assert repr(early) == "<2 batches>"
    assert len(deepcopy(early)) == 2
    assert len(search.history.front().batches) == 4


def test_lookup():
    history = made_of([[1, 2], [3, 4]])
    assert history.lookup([[1, 0], [9, 9], [0, 0]]).tolist() == [1, -1, 0]
    assert history.front().lookup([[0, 0]]).tolist() == [-1 if len(history.front()) < 2 else 0]


VALUES = st.integers(1, 12).flatmap(
    lambda n: st.lists(
        st.tuples(*[st.integers(-3, 3)] * 3, st.sampled_from([0, 0, 1, 2]), st.booleans()),
        min_size=n,
        max_size=n,
    )
)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_fronts_and_hypervolumes_by_definition(rows):
    table = np.array(rows, dtype=float)
    values, violation, fails = table[:, :3], table[:, 3], table[:, 4] > 0
    values[fails, 0] = np.nan
    errors = ["broken" if f else "" for f in fails]
    history = made_of(values, violation, errors, ref_point=np.array([2.0, 2.0, 2.0]))
    ok = ~fails
    best = ok & (violation == (violation[ok].min() if ok.any() else 0))
    F = history.F[best]
    expected = np.unique(F[nondominated_mask(F, keep_equal=True)] if len(F) else F, axis=0)
    front = history.front()
    np.testing.assert_array_equal(front.F, expected)  # also sorted like this
    feasible = history.F[ok & (violation == 0)]
    trace = history.hypervolume_trace()
    assert trace[-1] == history.hypervolume()
    assert history.hypervolume() == pytest.approx(hypervolume(feasible, [2.0, 2.0, 2.0]))
    assert (np.diff(trace) >= 0).all()
    half = len(rows) // 2
    if half:
        part = made_of(values[:half], violation[:half], errors[:half], history.ref_point)
        np.testing.assert_array_equal(part.hypervolume_trace(), trace[:half])


def test_infinite_values_are_values():
    history = made_of([[np.inf, 1], [0, 1], [0, -np.inf]], ref_point=np.array([1.0, 1.0]))
    assert history.ok.all()
    assert history.front().values.tolist() == [[0, 1]]
    assert history.hypervolume_trace().tolist() == [0, 2, 2]


def test_no_reference_point_says_what_to_do():
    with pytest.raises(ValueError, match="ref_point="):
        made_of([[1, 2]]).hypervolume()


def test_nothing_evaluated_and_nothing_but_failures():
    problem = Problem(SPACE, (Mean(), MACS), ref_point=(0, 1))
    empty = Search(problem, Random()).history
    assert len(empty) == len(empty.front()) == 0
    assert empty.hypervolume() == 0
    failed = made_of([[np.nan, 1]], errors=["broken"])
    assert len(failed.front()) == 0


def test_constraints_order_the_front():
    tight = Problem(SPACE, (Mean(), MACS), constraints=(AtMost("macs", 1),))
    history = Search(tight, Random()).run(81)
    assert not history.feasible.any()
    assert history.front().values[0, 1] == history.values[:, 1].min()
    loose = Problem(SPACE, (Mean(), MACS), constraints=(AtMost("macs", 30_000),))
    history = Search(loose, Random()).run(81)
    assert 0 < history.feasible.sum() < 81
    assert history.front().values[:, 1].max() <= 30_000
    assert history.front().feasible.all()


def test_columns_make_a_table():
    history = Search(Problem(SPACE, (Mean(), MACS)), Random()).run(5)
    table = history.columns()
    assert {len(column) for column in table.values()} == {5}
    assert table["genotype"][0] == "-".join(map(str, history.X[0]))
    np.testing.assert_array_equal(table["quality"], history.values[:, 0])
