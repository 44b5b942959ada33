"""Which choices the networks of a front share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyhwnas.spaces.base import Space, expressed, sizes

__all__ = ["choice_frequencies"]


def choice_frequencies(space: Space, X: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Count how often each gene takes each value.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
        A front, for example; n is at least 1.

    Returns
    -------
    ndarray of float64, shape (n_genes, largest number of values)
        Shares of the rows; 0 beyond a gene's last value. What a row of shares lacks to 1 is how
        often the gene is not expressed.

    Raises
    ------
    ValueError
        Without rows.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> choice_frequencies(space, space.all()[:4])[0]
    array([0.  , 0.  , 0.  , 0.25, 0.75])
    """
    if not len(X):
        raise ValueError("X: expected at least one row to count choices in, got none")
    X = space.canonical(X)
    values = np.arange(int(sizes(space).max()))
    taken = (X[:, :, None] == values) & expressed(space, X)[:, :, None]
    shares: npt.NDArray[np.float64] = taken.mean(axis=0)
    return shares
