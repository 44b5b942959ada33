"""The rows of a set that together dominate most volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_vector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

__all__ = ["hypervolume_subset"]


def hypervolume_subset(
    F: ArrayLike, k: int, ref_point: ArrayLike, *, threads: int = 1
) -> NDArray[np.int64]:
    """Rows in the order in which each adds most volume."""
    return _core.hypervolume_subset(
        as_matrix(F, "F"), k, as_vector(ref_point, "ref_point"), threads
    )
