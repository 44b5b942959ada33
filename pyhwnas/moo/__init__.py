"""Multi-objective functions on numpy arrays.

Every objective is minimised. Inputs are never modified; results do not depend on ``threads``.
"""

from __future__ import annotations

from pyhwnas.moo.crowding import crowding_distance
from pyhwnas.moo.hypervolume import hypervolume
from pyhwnas.moo.sort import dominance_counts, nondominated_mask, nondominated_sort

__all__ = [
    "crowding_distance",
    "dominance_counts",
    "hypervolume",
    "nondominated_mask",
    "nondominated_sort",
]
