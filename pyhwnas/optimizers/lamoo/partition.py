"""A tree that parts evaluated rows into good and bad, each split by a support vector machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from pyhwnas import moo
from pyhwnas._optional import require
from pyhwnas.history import Bools, Floats, History, Ints

__all__ = ["Growth", "Node", "Selected", "dominance_numbers", "grow", "leaves", "select"]

MOST_NODES = 50
"""No node is split once there are more; the last split may add one above."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A set of evaluated rows, and what separates it from its sibling.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        Rows of the history.
    parent : Node, optional
        None for the root.
    boundary : sklearn.svm.SVC, optional
        The classifier that was trained on the parent's rows.
    good : bool
        Which side of it is this node's.
    """

    rows: Ints
    parent: Node | None = None
    boundary: Any = None
    good: bool = True

    @property
    def path(self) -> tuple[tuple[Any, bool], ...]:
        """Boundaries from the root down to here, each with the side that belongs to this node."""
        if self.parent is None:
            return ()
        return (*self.parent.path, (self.boundary, self.good))


@dataclass(frozen=True, slots=True)
class Growth:
    """When and how nodes are split.

    Parameters
    ----------
    kernel : {"poly", "rbf", "linear"}
        Of the support vector machine; the polynomial has degree 4.
    C : float
        How much a misplaced row costs; above 0.
    split : int
        Nodes with more rows than this are split; at least 1.
    assign : {"label", "svm"}
        Whether children receive rows by label, as published, or by the side of the boundary they
        lie on.
    """

    kernel: Literal["poly", "rbf", "linear"] = "rbf"
    C: float = 10.0
    split: int = 8
    assign: Literal["label", "svm"] = "label"

    def __post_init__(self) -> None:
        if self.kernel not in ("poly", "rbf", "linear"):
            raise ValueError(f"kernel: expected poly, rbf or linear, got {self.kernel!r}")
        if not (np.isfinite(self.C) and self.C > 0):
            raise ValueError(f"C: expected a finite number above 0, got {self.C}")
        if self.split < 1:
            raise ValueError(f"split: expected at least 1 row, got {self.split}")
        if self.assign not in ("label", "svm"):
            raise ValueError(f"assign: expected label or svm, got {self.assign!r}")


class Selected(NamedTuple):
    """A leaf, and what choosing it cost.

    Parameters
    ----------
    node : Node
    hypervolumes : int
        How many hypervolumes were computed.
    points : int
        How many rows these were of, in total.
    """

    node: Node
    hypervolumes: int
    points: int


def dominance_numbers(history: History, rows: Ints) -> Ints:
    """Count for each of some rows how many of the others are better.

    Parameters
    ----------
    history : History
    rows : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int64, shape (n,)
        Feasible rows: how many dominate them. Infeasible ones: all feasible rows, and those with
        less violation. Failed ones: all that did not fail.
    """
    feasible, failed = history.feasible[rows], history.failed[rows]
    numbers = np.empty(len(rows), dtype=np.int64)
    numbers[feasible] = moo.dominance_counts(history.F[rows[feasible]])
    violating = ~feasible & ~failed
    violation = history.violation[rows[violating]]
    numbers[violating] = feasible.sum() + np.searchsorted(np.sort(violation), violation)
    numbers[failed] = (~failed).sum()
    return numbers


def grow(history: History, Z: Floats, growth: Growth, rng: np.random.Generator) -> tuple[Node, ...]:
    """Part the rows of a history.

    Parameters
    ----------
    history : History
        With a reference point.
    Z : ndarray of float64, shape (len(history), d)
        Its genotypes, encoded for the classifiers.
    growth : Growth
    rng : numpy.random.Generator
        Breaks ties between equally dominated rows.

    Returns
    -------
    tuple of Node
        The root first, siblings next to each other, the good one before the bad one.

    Notes
    -----
    A node's rows are sorted by dominance number within the node; the first ``n // 2 + 1`` are
    good, the others bad. Beyond the paper: rows that nothing dominates are good, however many
    they are; if these are all, as happens with many objectives, the rows with the larger
    hypervolume contributions are the good ones. A node stays a leaf where one label is missing,
    or where the trained classifier puts all its rows on one side.

    References
    ----------
    LaMOO: Zhao et al., 2022, https://doi.org/10.48550/arXiv.2110.03173
    """
    nodes = [Node(np.arange(len(history)))]
    for node in nodes:  # grows meanwhile: breadth first
        if len(nodes) > MOST_NODES:
            break
        if len(node.rows) > growth.split:
            nodes += _children(node, history, Z, growth, rng)
    return tuple(nodes)


def leaves(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Return the nodes that are no other's parent, in order."""
    parents = {id(node.parent) for node in nodes}
    return tuple(node for node in nodes if id(node) not in parents)


def select(
    nodes: tuple[Node, ...],
    history: History,
    rule: Literal["leaf", "path"],
    *,
    exploration: float,
    cp: float | None = None,
) -> Selected:
    """Choose a leaf by the upper confidence bound of its hypervolume.

    Parameters
    ----------
    nodes : tuple of Node
        From `grow`.
    history : History
        With a reference point.
    rule : {"leaf", "path"}
        The best bound among all leaves, or from the root down the better child each time.
    exploration : float
        The constant Cp as a share of the hypervolume of all rows.
    cp : float, optional
        The constant itself, in place of `exploration`.

    Returns
    -------
    Selected
        Of equal bounds the first.

    Notes
    -----
    ``bound = v + 2 Cp sqrt(2 ln(n_parent) / n)``, with the hypervolume `v` of the node's feasible
    rows. Leaves alone need half the hypervolumes of a whole tree, and not those of the largest
    sets; a path is walked lazily and needs two for each level. Without `cp` there is one more, of
    all rows.

    References
    ----------
    LaMOO: Zhao et al., 2022, https://doi.org/10.48550/arXiv.2110.03173
    """
    points: list[int] = []
    reference = np.asarray(history.ref_point)

    def volume(node: Node) -> float:
        F = history.F[node.rows[history.feasible[node.rows]]]
        points.append(len(F))
        return float(moo.hypervolume(F, reference))

    def best(among: tuple[Node, ...]) -> Node:
        bounds = [
            volume(node)
            + 2.0 * constant * np.sqrt(2.0 * np.log(len(node.parent.rows)) / len(node.rows))
            for node in among
            if node.parent is not None
        ]
        return among[int(np.argmax(bounds))]

    node = nodes[0]
    if len(nodes) == 1:
        return Selected(node, 0, 0)
    constant = exploration * volume(node) if cp is None else cp
    if rule == "leaf":
        return Selected(best(leaves(nodes)), len(points), sum(points))
    while children := tuple(child for child in nodes if child.parent is node):
        node = best(children)
    return Selected(node, len(points), sum(points))


def _children(
    node: Node, history: History, Z: Floats, growth: Growth, rng: np.random.Generator
) -> tuple[Node, ...]:
    """Split a node, or return nothing where that makes no sense."""
    good = _good(history, node.rows, rng)
    if good.all():
        return ()
    svm = require("sklearn.svm", extra="surrogates")
    boundary = svm.SVC(C=growth.C, kernel=growth.kernel, degree=4, gamma="scale")
    boundary.fit(Z[node.rows], good)
    side = boundary.predict(Z[node.rows])
    if side.all() or not side.any():
        return ()
    first = side if growth.assign == "svm" else good
    return (
        Node(node.rows[first], node, boundary, True),
        Node(node.rows[~first], node, boundary, False),
    )


def _good(history: History, rows: Ints, rng: np.random.Generator) -> Bools:
    """Label rows; all are good where there is nothing to tell them apart."""
    numbers, luck = dominance_numbers(history, rows), rng.random(len(rows))
    better = len(rows) // 2 + 1
    good: Bools = numbers == 0
    if not good.all():
        good[np.lexsort((luck, numbers))[:better]] = True
        return good
    if not history.feasible[rows].all():
        return good
    alone = moo.hypervolume_contributions(history.F[rows], np.asarray(history.ref_point))
    if (alone != alone[0]).any():
        good[np.lexsort((luck, -alone))[better:]] = False
    return good
