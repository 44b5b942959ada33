"""Multi-objective functions on arrays of the CPU, and many of them on arrays of a GPU.

Every objective is minimised. Inputs are never modified; results do not depend on ``threads``.

Functions that say so take arrays of torch, CuPy, JAX or any library with DLPack where they lie, if
the package was built with CUDA. All array arguments lie on one device; the work is queued on the
library's current stream, and results are arrays of that library on that device. A call waits for
the check of its arguments, not for the result; ``threads`` is not looked at.
"""

from __future__ import annotations

from pyhwnas.moo.approximation import hypervolume_approx, hypervolume_contributions_approx
from pyhwnas.moo.archive import ParetoArchive
from pyhwnas.moo.crowding import crowding_distance
from pyhwnas.moo.decision import by_preference, by_trade_off
from pyhwnas.moo.dominance import dominance_counts, nondominated_mask
from pyhwnas.moo.hypervolume import hypervolume, hypervolume_contributions
from pyhwnas.moo.indicators import epsilon_additive, epsilon_multiplicative, igd, igd_plus, r2
from pyhwnas.moo.sort import dominance_degree_sort, nondominated_sort
from pyhwnas.moo.subset import hypervolume_subset

__all__ = [
    "ParetoArchive",
    "by_preference",
    "by_trade_off",
    "crowding_distance",
    "dominance_counts",
    "dominance_degree_sort",
    "epsilon_additive",
    "epsilon_multiplicative",
    "hypervolume",
    "hypervolume_approx",
    "hypervolume_contributions",
    "hypervolume_contributions_approx",
    "hypervolume_subset",
    "igd",
    "igd_plus",
    "nondominated_mask",
    "nondominated_sort",
    "r2",
]
