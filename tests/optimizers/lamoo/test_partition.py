"""The tree of good and bad rows: labels, splits, invariants, and the choice of a leaf."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizers.histories import history_of

from pyhwnas import moo
from pyhwnas.optimizers.lamoo.partition import (
    MOST_NODES,
    Growth,
    dominance_numbers,
    grow,
    leaves,
    select,
)

pytest.importorskip("sklearn")


@st.composite
def histories(draw, most=60):
    """Rows with ties, failures and infeasible ones, of one to four objectives."""
    n, m = draw(st.integers(1, most)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    F = rng.integers(0, draw(st.integers(1, 12)), size=(n, m)).astype(float)
    F[rng.random(n) < draw(st.sampled_from([0.0, 0.0, 0.2, 1.0]))] = np.nan
    violation = np.where(rng.random(n) < draw(st.sampled_from([0, 0.3])), rng.integers(1, 4, n), 0)
    return history_of(F, violation=violation.astype(float))


def inputs(history):
    return np.random.default_rng(0).integers(0, 3, size=(len(history), 4)) / 2.0


@settings(max_examples=50, deadline=None)
@given(histories())
def test_dominance_numbers_by_definition(history):
    rows = np.arange(len(history))[::-1]
    numbers = dict(zip(rows.tolist(), dominance_numbers(history, rows).tolist(), strict=True))

    def better(a, b):
        if history.failed[a] or history.failed[b]:
            return history.failed[b] and not history.failed[a]
        if history.violation[a] or history.violation[b]:
            return history.violation[a] < history.violation[b]
        return (history.F[a] <= history.F[b]).all() and (history.F[a] < history.F[b]).any()

    for b in rows.tolist():
        assert numbers[b] == sum(better(a, b) for a in rows.tolist())


GROWTHS = st.builds(
    Growth,
    kernel=st.sampled_from(["poly", "rbf", "linear"]),
    C=st.sampled_from([1.0, 10.0]),
    split=st.sampled_from([1, 4, 15]),
    assign=st.sampled_from(["label", "svm"]),
)


@settings(max_examples=40, deadline=None)
@given(histories(), GROWTHS)
def test_a_tree_parts_its_rows(history, growth):
    Z = inputs(history)
    nodes = grow(history, Z, growth, np.random.default_rng(1))
    root, tips = nodes[0], leaves(nodes)
    assert root.path == ()
    assert sorted(np.concatenate([leaf.rows for leaf in tips])) == list(range(len(history)))
    assert len(tips) == (len(nodes) + 1) // 2 <= (MOST_NODES + 3) // 2
    for good, bad in zip(nodes[1::2], nodes[2::2], strict=True):
        parent = good.parent
        assert bad.parent is parent
        assert (good.good, bad.good) == (True, False)
        assert len(good.rows)
        assert len(bad.rows)
        assert len(parent.rows) > growth.split
        assert sorted([*good.rows, *bad.rows]) == sorted(parent.rows)
        assert good.path[:-1] == bad.path[:-1] == parent.path
        # The boundary divides the parent's own rows.
        assert len(set(good.boundary.predict(Z[parent.rows]))) == 2
        if growth.assign == "svm":
            for child in (good, bad):
                assert (child.boundary.predict(Z[child.rows]) == child.good).all()
        else:
            numbers = dominance_numbers(history, parent.rows)
            order = {row: number for row, number in zip(parent.rows, numbers, strict=True)}
            assert max(order[r] for r in good.rows) <= min(order[r] for r in bad.rows)
            if numbers.any():  # some row is dominated: the whole front is good
                assert set(parent.rows[numbers == 0]) <= set(good.rows)
                least = len(parent.rows) // 2 + 1
                assert len(good.rows) == max(least, int((numbers == 0).sum()))


@settings(max_examples=30, deadline=None)
@given(histories())
def test_a_region_of_svm_sides_holds_its_rows(history):
    Z = inputs(history)
    for node in grow(history, Z, Growth(assign="svm", split=4), np.random.default_rng(1)):
        inside = np.ones(len(Z), dtype=bool)
        for boundary, good in node.path:
            inside &= boundary.predict(Z) == good
        np.testing.assert_array_equal(np.flatnonzero(inside), np.sort(node.rows))


def test_with_many_objectives_contributions_part_the_front():
    # Nothing dominates anything: eight objectives, each row best in its own way.
    rng = np.random.default_rng(0)
    F = rng.random((40, 8))
    F /= F.sum(axis=1, keepdims=True)
    history = history_of(F, ref_point=np.full(8, 0.4))
    assert not dominance_numbers(history, np.arange(40)).any()
    root, good, bad = grow(history, rng.random((40, 5)), Growth(split=30), rng)[:3]
    alone = moo.hypervolume_contributions(history.F, history.ref_point)
    assert len(good.rows) == 21
    assert alone[good.rows].min() >= alone[bad.rows].max()
    assert good.parent is bad.parent is root


@pytest.mark.parametrize("F", [np.ones((40, 2)), np.full((40, 2), np.nan)])
def test_what_cannot_be_told_apart_stays_together(F):
    history = history_of(F)
    nodes = grow(history, inputs(history), Growth(), np.random.default_rng(0))
    assert len(nodes) == 1
    chosen = select(nodes, history, "leaf", exploration=0.1)
    assert (chosen.node, chosen.hypervolumes) == (nodes[0], 0)


def tree(n=60, m=3):
    rng = np.random.default_rng(3)
    Z = rng.random((n, 4))
    F = np.column_stack([((Z - centre) ** 2).sum(axis=1) for centre in rng.random((m, 4))])
    history = history_of(F)
    return history, grow(history, Z, Growth(), np.random.default_rng(0))


def bound(node, history, constant):
    value = moo.hypervolume(history.F[node.rows], history.ref_point)
    n, above = len(node.rows), len(node.parent.rows)
    return value + 2 * constant * np.sqrt(2 * np.log(above) / n)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_leaf_selection_by_definition(share):
    history, nodes = tree()
    constant = share * moo.hypervolume(history.F, history.ref_point)
    chosen = select(nodes, history, "leaf", exploration=share)
    tips = leaves(nodes)
    assert chosen.node is max(tips, key=lambda node: bound(node, history, constant))
    assert chosen.hypervolumes == len(tips) + 1  # and one of all rows
    assert chosen.points == 2 * len(history)  # leaves hold each row once
    fixed = select(nodes, history, "leaf", exploration=9.0, cp=constant)
    assert fixed.node is chosen.node
    assert fixed.hypervolumes == len(tips)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_path_selection_by_definition(share):
    history, nodes = tree()
    constant = share * moo.hypervolume(history.F, history.ref_point)
    node = nodes[0]
    while children := [child for child in nodes if child.parent is node]:
        node = max(children, key=lambda child: bound(child, history, constant))
    chosen = select(nodes, history, "path", exploration=0.0, cp=constant)
    assert chosen.node is node
    assert chosen.hypervolumes == 2 * len(node.path)


def test_much_exploration_goes_where_few_rows_are():
    history, nodes = tree()
    chosen = select(nodes, history, "leaf", exploration=0.0, cp=1e9).node
    rarity = [np.log(len(node.parent.rows)) / len(node.rows) for node in leaves(nodes)]
    assert np.log(len(chosen.parent.rows)) / len(chosen.rows) == max(rarity)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel": "sigmoid"}, "poly, rbf or linear"),
        ({"C": 0.0}, "above 0"),
        ({"split": 0}, "at least 1"),
        ({"assign": "random"}, "label or svm"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        Growth(**settings)
