"""Regression trees on random subsets of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.surrogates.base import Constant, Fitted, Floats, checked

__all__ = ["CART"]

AT_ONCE = 2**20
"""So many pairs of tree and row at most are walked down together."""


@dataclass(frozen=True, slots=True)
class CART:
    """Mean of fully grown regression trees, each on a random subset of the features.

    Parameters
    ----------
    trees : int
        5 000 as published.

    Notes
    -----
    Every tree sees all rows; the size of its subset is uniform from 1 to d. Trees are grown by
    scikit-learn, O(trees d n log n), and walked down all together: a prediction takes as many
    steps as the deepest tree has levels.

    References
    ----------
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3;
    Sun et al., 2020, https://doi.org/10.1109/TEVC.2019.2924461
    """

    trees: int = 500

    def __post_init__(self) -> None:
        if self.trees < 1:
            raise ValueError(f"trees: expected at least 1, got {self.trees}")

    def fit(self, X: Floats, y: Floats, rng: np.random.Generator) -> Fitted:
        """Grow the trees; `rng` draws their features, and which of equal splits is taken."""
        X, y = checked(X, y)
        if (y == y[0]).all():
            return Constant(float(y[0]))
        regressor = require("sklearn.tree", extra="surrogates").DecisionTreeRegressor
        small, d = X.astype(np.float32), X.shape[1]
        grown, features = [], []
        seeds = rng.integers(0, 2**31, size=self.trees)
        for seed, size in zip(seeds.tolist(), rng.integers(1, d + 1, size=self.trees), strict=True):
            subset = rng.permutation(d)[:size]
            tree = regressor(random_state=seed)
            tree.fit(np.ascontiguousarray(small[:, subset]), y, check_input=False)
            grown.append(tree.tree_)
            features.append(subset)
        return _Forest(grown, features)


class _Forest:
    """The nodes of all trees in one array; a leaf is its own child."""

    def __init__(self, trees: Sequence[Any], subsets: Sequence[npt.NDArray[np.intp]]) -> None:
        counts = np.array([tree.node_count for tree in trees])
        self._roots = np.cumsum(counts) - counts
        first = np.repeat(self._roots, counts)
        leaf = np.concatenate([tree.children_left for tree in trees]) < 0
        itself = np.arange(counts.sum())
        left = first + np.concatenate([tree.children_left for tree in trees])
        right = first + np.concatenate([tree.children_right for tree in trees])
        pairs = zip(trees, subsets, strict=True)
        self._feature = np.concatenate(
            [subset[tree.feature * (tree.feature >= 0)] for tree, subset in pairs]
        )
        self._threshold = np.concatenate([tree.threshold for tree in trees])
        self._children = np.stack([np.where(leaf, itself, left), np.where(leaf, itself, right)], 1)
        self._value = np.concatenate([tree.value[:, 0, 0] for tree in trees])
        self._depth = max(tree.max_depth for tree in trees)

    def predict(self, X: Floats) -> Floats:
        step = max(1, AT_ONCE // len(self._roots))
        parts = [self._walk(X[start : start + step]) for start in range(0, len(X), step)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _walk(self, X: Floats) -> Floats:
        X = X.astype(np.float32)
        rows = np.arange(len(X))[:, None]
        node = np.repeat(self._roots[None], len(X), axis=0)
        for _ in range(self._depth):
            right = X[rows, self._feature[node]] > self._threshold[node]
            node = self._children[node, right.astype(np.intp)]
        means: Floats = self._value[node].mean(axis=1)
        return means
