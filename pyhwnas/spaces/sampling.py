"""Random genotypes: uniform over the values of genes, or over the networks of a space."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pyhwnas.errors import SpaceError
from pyhwnas.spaces.base import IntMatrix, Space, sizes

__all__ = ["sample"]

ROWS = 4096
"""Drawn at a time."""

PATIENCE = 1_000_000
"""Rows drawn for each one kept, after which a space is given up."""


def sample(
    space: Space,
    n: int,
    rng: np.random.Generator,
    *,
    over: Literal["genes", "networks"] = "genes",
) -> IntMatrix:
    """Draw genotypes.

    Parameters
    ----------
    space : Space
    n : int
        Number of rows.
    rng : numpy.random.Generator
    over : {"genes", "networks"}
        What is uniform: each gene over its values, as papers draw their first rows, or all
        networks that `Space.identity` tells apart. The two differ where genes are not expressed
        (a stage of depth 4 has 81 times the networks of one of depth 2, and each depth is as
        likely over genes), where rows are repaired, and where rows are isomorphic.

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
        Valid and canonical rows; they may repeat.

    Raises
    ------
    SpaceError
        If networks cannot be drawn uniformly: the space does not count the genotypes of a
        network, or hardly any row is one in canonical form.

    Notes
    -----
    Over networks, rows are drawn over genes until one is valid and canonical, and kept with the
    probability 1 / `Space.copies`: exact, at the price of some 140 rows for each of `MobileNetV3`
    and 1200 of `NASBench101`.

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import spaces
    >>> space = spaces.MobileNetV3()
    >>> X = spaces.sample(space, 200, np.random.default_rng(0))
    >>> Y = spaces.sample(space, 200, np.random.default_rng(0), over="networks")
    >>> [(Z[:, 0] == 2).mean().round(2).item() for Z in (X, Y)]  # first stages of four layers
    [0.3, 0.86]
    """
    if over == "networks":
        return _over_networks(space, n, rng)
    if over != "genes":
        raise ValueError(f"over: expected 'genes' or 'networks', got {over!r}")
    return space.canonical(space.repair(_rows(space, n, rng), rng))


def _over_networks(space: Space, n: int, rng: np.random.Generator) -> IntMatrix:
    kept = [_rows(space, 0, rng)]
    found = drawn = 0
    while found < n:
        X = _rows(space, ROWS, rng)
        X = X[space.valid(X)]
        X = X[(space.canonical(X) == X).all(axis=1)]
        X = X[rng.random(len(X)) * space.copies(X) < 1]
        kept.append(X)
        found += len(X)
        drawn += ROWS
        if drawn > PATIENCE * (1 + found):
            raise SpaceError(
                f"space {space.name}: of {drawn} random rows {found} could be kept, so drawing "
                "uniformly over networks takes too long; draw over genes"
            )
    return np.concatenate(kept)[:n]


def _rows(space: Space, n: int, rng: np.random.Generator) -> IntMatrix:
    return rng.integers(0, sizes(space), size=(n, len(space.genes)), dtype=np.int64)
