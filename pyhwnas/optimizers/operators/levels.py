"""Crossover and mutation of whole stages and blocks, on any space whose genes have groups.

A gene's group goes from coarse to fine. Genes with the same first entry are a stage; among those
with the longest groups, the ones with equal groups are a block. In `Hierarchical`, MobileNetV3 and
the spaces of cells both differ; where groups have one entry, stages are blocks, and without groups
these operators act on single genes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from pyhwnas.history import Bools, Ints
from pyhwnas.optimizers.operators.variation import other_values
from pyhwnas.spaces import Space, sizes

__all__ = ["Levels", "level_crossover", "level_mutation"]


class Levels:
    """The stages and blocks that the groups of a space's genes make.

    Parameters
    ----------
    space : Space

    Attributes
    ----------
    stages, blocks : list of ndarray of int64
        Columns of each one's genes.
    before : list of int
        For each block the one before it in its stage whose genes have the same values, or -1.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        groups = [gene.group for gene in space.genes]
        deepest = max(map(len, groups))
        self.stages = _columns([group[:1] for group in groups])
        self.blocks = _columns([group if len(group) == deepest else () for group in groups])
        self.before = [-1] * len(self.blocks)
        alike: dict[object, int] = {}
        for block, columns in enumerate(self.blocks):
            values = tuple((space.genes[c].n, space.genes[c].ordinal) for c in columns)
            key = (groups[columns[0]][:-1], values)
            self.before[block] = alike.get(key, -1)
            alike[key] = block

    @cached_property
    def above(self) -> Ints:
        """Columns of the genes that have a group but belong to no block."""
        own = [c for columns in self.stages for c in columns]
        return np.setdiff1d(own, [c for columns in self.blocks for c in columns]).astype(np.int64)

    def expressed(self, X: Ints) -> Bools:
        """Tell which blocks of each row are there, bool[n, n_blocks].

        A block is if the canonical form keeps something of it, whatever its genes are.
        """
        probe = X.copy()
        last = sizes(self.space) - 1
        for columns in self.blocks:
            probe[:, columns] = last[columns]
        probe = self.space.canonical(probe)
        there = np.zeros((len(X), len(self.blocks)), dtype=bool)
        for block, columns in enumerate(self.blocks):
            there[:, block] = probe[:, columns].any(axis=1)
        return there

    def fill(self, X: Ints, known: Bools) -> None:
        """Make the blocks that are there, but of which nothing is known, copies of those before.

        Parameters
        ----------
        X : ndarray of int64, shape (n, n_genes)
            Changed in place.
        known : ndarray of bool, shape (n, n_blocks)
            Whether a block's genes were expressed where they come from.
        """
        new = self.expressed(X) & ~known
        for block, before in enumerate(self.before):
            if before >= 0:
                rows = np.flatnonzero(new[:, block])
                X[np.ix_(rows, self.blocks[block])] = X[np.ix_(rows, self.blocks[before])]

    def spread(self, X: Ints, chosen: Ints) -> None:
        """Copy a block of each row, -1 for none, over its neighbours; X is changed in place."""
        for block, before in enumerate(self.before):
            if before < 0:
                continue
            for source, target in ((block, before), (before, block)):
                rows = np.flatnonzero(chosen == source)
                X[np.ix_(rows, self.blocks[target])] = X[np.ix_(rows, self.blocks[source])]


def level_crossover(
    space: Space,
    A: Ints,
    B: Ints,
    rng: np.random.Generator,
    *,
    shares: Sequence[float] = (0.4, 0.3, 0.3),
) -> Ints:
    """Take a stage, a block or the genes between two cuts from the second parent.

    Parameters
    ----------
    space : Space
    A, B : ndarray of int64, shape (n, n_genes)
    rng : numpy.random.Generator
    shares : sequence of float
        Probabilities of the three, which sum to 1.

    Returns
    -------
    ndarray of int64, shape (n, n_genes)

    Notes
    -----
    The block is one that both parents express, where there is one. What a child expresses although
    the parent it comes from does not is a copy of the block before. Without groups there are only
    cuts.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.FBNet()
    >>> A, B = np.zeros((1, 22), dtype=np.int64), np.ones((1, 22), dtype=np.int64)
    >>> C = level_crossover(space, A, B, np.random.default_rng(0), shares=(1, 0, 0))
    >>> len({space.genes[i].group[0] for i in np.flatnonzero(C[0])})  # stages of the second
    1
    """
    n, d = A.shape
    levels = Levels(space)
    there = levels.expressed(A), levels.expressed(B)
    kind = rng.choice(np.arange(3), size=n, p=np.asarray(shares, dtype=np.float64))
    if not levels.stages:
        kind[:] = 2
    inside = _between_cuts(n, d, rng)
    for number, (members, eligible) in enumerate(
        (
            (levels.stages, np.ones((n, len(levels.stages)), dtype=bool)),
            (levels.blocks, there[0] & there[1]),
        )
    ):
        chosen = _one_of(eligible, rng)
        mask = np.zeros((len(members) + 1, d), dtype=bool)  # the last row: nothing is chosen
        for row, columns in enumerate(members):
            mask[row, columns] = True
        inside = np.where((kind == number)[:, None], mask[chosen], inside)
    X = np.where(inside, B, A)
    known = np.ones_like(there[0])
    for block, columns in enumerate(levels.blocks):
        for expressed, taken in zip(there, (~inside, inside), strict=True):
            known[:, block] &= expressed[:, block] | ~taken[:, columns].any(axis=1)
    levels.fill(X, known)
    return space.canonical(space.repair(X, rng))


def level_mutation(
    space: Space,
    X: Ints,
    rng: np.random.Generator,
    *,
    probability: float | None = None,
    share: float = 0.2,
) -> Ints:
    """Change single genes, and in some rows something larger.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
    rng : numpy.random.Generator
    probability : float, optional
        That a gene takes another value; by default ``1 / n_genes``.
    share : float
        Of rows in which, moreover, either a gene above the blocks (a depth, a width) takes another
        value or a block is copied over its neighbours in the stage.

    Returns
    -------
    ndarray of int64, shape (n, n_genes)

    Notes
    -----
    Blocks that a greater depth brings in are copies of the last one. Without groups, or where no
    two blocks of a stage have the same genes, only what there is can change.
    """
    n, d = X.shape
    levels = Levels(space)
    known = levels.expressed(X)
    change = rng.random(X.shape) < (1.0 / d if probability is None else probability)
    kind = np.where(rng.random(n) < share, rng.integers(0, 2, size=n), -1)
    if len(levels.above):
        rows = np.flatnonzero(kind == 0)
        change[rows, rng.choice(levels.above, size=len(rows))] = True
    Y = np.where(change, other_values(space, X, rng), X)
    levels.fill(Y, known)
    levels.spread(Y, np.where(kind == 1, _one_of(known, rng), -1))
    return space.canonical(space.repair(Y, rng))


def _columns(groups: Sequence[tuple[str, ...]]) -> list[Ints]:
    """Gather the columns of each group that is not empty, in order of first appearance."""
    found: dict[tuple[str, ...], list[int]] = {}
    for column, group in enumerate(groups):
        if group:
            found.setdefault(group, []).append(column)
    return [np.array(columns, dtype=np.int64) for columns in found.values()]


def _between_cuts(n: int, d: int, rng: np.random.Generator) -> Bools:
    cuts = np.sort(rng.integers(0, d + 1, size=(n, 2)), axis=1)
    genes = np.arange(d)
    inside: Bools = (genes >= cuts[:, :1]) & (genes < cuts[:, 1:])
    return inside


def _one_of(eligible: Bools, rng: np.random.Generator) -> Ints:
    """Choose one of the columns that are set in each row, -1 where there is none."""
    if not eligible.shape[1]:
        return np.full(len(eligible), -1, dtype=np.int64)
    luck = np.where(eligible, rng.random(eligible.shape), -1.0)
    return np.where(eligible.any(axis=1), luck.argmax(axis=1), -1)
