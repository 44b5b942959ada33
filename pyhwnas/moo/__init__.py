"""Multi-objective functions on numpy arrays.

Every objective is minimised. Inputs are never modified; results do not depend on ``threads``.
"""

from __future__ import annotations

from pyhwnas.moo.approximation import hypervolume_approx
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
    "hypervolume_subset",
    "igd",
    "igd_plus",
    "nondominated_mask",
    "nondominated_sort",
    "r2",
]
