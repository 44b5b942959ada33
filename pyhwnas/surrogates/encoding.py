"""Genotypes as features."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from pyhwnas.spaces import Space, expressed, one_hot, sizes
from pyhwnas.spaces.base import IntMatrix
from pyhwnas.surrogates.base import Floats

__all__ = ["Encoding", "encode"]

Encoding: TypeAlias = Literal["index", "mixed", "one_hot"]


def encode(space: Space, X: IntMatrix, encoding: Encoding) -> Floats:
    """Write genotypes as real vectors.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
    encoding : {"index", "mixed", "one_hot"}
        ``"index"``: canonical genes as they are, as published for ordered genes. ``"mixed"``: by
        the type of a gene, ordinal ones as one column scaled to [0, 1], others one-hot.
        ``"one_hot"``: all genes one-hot, with zeros in all columns of a gene that is not
        expressed, so that it is no value's neighbour.

    Returns
    -------
    ndarray of float64, shape (n, n_columns)

    Raises
    ------
    ValueError
        For another encoding.

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> encode(space, space.all()[:1], "index")
    array([[4., 2., 1., 2., 1., 1.]])
    >>> encode(space, space.all()[:1], "one_hot").shape
    (1, 30)
    """
    if encoding == "index":
        return space.canonical(X).astype(np.float64)
    if encoding == "mixed":
        return one_hot(space, X)
    if encoding == "one_hot":
        features = one_hot(space, X, ordinal=False)
        return features * np.repeat(expressed(space, X), sizes(space), axis=1)
    raise ValueError(f"encoding: expected index, mixed or one_hot, got {encoding!r}")
