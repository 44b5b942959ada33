import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pyhwnas import moo
from pyhwnas.optimizers.operators.selection import fronts_and_crowding, survivors, tournament


def rows(seed, n=40, m=2):
    rng = np.random.default_rng(seed)
    F = rng.integers(0, 6, size=(n, m)).astype(float)
    violation = np.where(rng.random(n) < 0.3, rng.integers(1, 4, size=n) / 2, 0.0)
    failed = rng.random(n) < 0.2
    F[failed] = np.nan
    return F, violation, failed, rng


@given(st.integers(0, 10_000), st.integers(1, 4))
def test_feasible_rows_come_first_then_by_violation_then_failed(seed, m):
    F, violation, failed, _ = rows(seed, m=m)
    order = fronts_and_crowding(F, violation, failed)
    feasible = ~failed & (violation == 0)
    violating = ~failed & (violation > 0)
    assert (order.front[feasible] == moo.nondominated_sort(F[feasible])).all()
    for better, worse in ((feasible, violating), (violating, failed), (feasible, failed)):
        if better.any() and worse.any():
            assert order.front[better].max() < order.front[worse].min()
    a, b = np.meshgrid(np.flatnonzero(violating), np.flatnonzero(violating))
    assert ((order.front[a] < order.front[b]) == (violation[a] < violation[b])).all()


@given(st.integers(0, 10_000), st.integers(0, 45))
def test_survivors_are_the_best(seed, n):
    F, violation, failed, rng = rows(seed)
    order = fronts_and_crowding(F, violation, failed)
    kept = survivors(order, n, rng)
    assert len(kept) == len(set(kept.tolist())) == min(n, len(F))
    lost = np.setdiff1d(np.arange(len(F)), kept)
    if len(kept) and len(lost):
        last = kept[-1]
        worse = order.front[lost] > order.front[last]
        same = order.front[lost] == order.front[last]
        assert (worse | (same & (order.crowding[lost] <= order.crowding[last]))).all()


def test_equal_rows_survive_by_chance():
    order = fronts_and_crowding(np.zeros((6, 2)), np.zeros(6), np.zeros(6, dtype=bool))
    order.crowding[:] = 1.0
    rng = np.random.default_rng(0)
    assert {int(survivors(order, 1, rng)[0]) for _ in range(200)} == set(range(6))


def test_tournament_prefers_the_better_and_draws_among_equals():
    F = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    order = fronts_and_crowding(F, np.zeros(3), np.zeros(3, dtype=bool))
    chosen = np.bincount(tournament(order, 30_000, np.random.default_rng(0)), minlength=3)
    assert chosen[2] == 0
    assert abs(chosen[0] - 20_000) < 600
    single = fronts_and_crowding(F[:1], np.zeros(1), np.zeros(1, dtype=bool))
    assert (tournament(single, 5, np.random.default_rng(0)) == 0).all()
