"""Entries of a table by the unit ids of a plan, the form in which populations are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from pyhwnas.latency.tables.entry import Entry
from pyhwnas.networks import ABSENT, Plan

__all__ = ["Columns"]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What a table says of each unit of a plan; identities cost nothing.

    Parameters
    ----------
    ms : ndarray of float64, shape (n_units,)
        NaN for a unit without an entry.
    variance : ndarray of float64, shape (n_units,)
        In square milliseconds; 0 for a unit without an interval.
    interpolated : ndarray of bool, shape (n_units,)
    mj : ndarray of float64, shape (n_units,)
        NaN for a unit whose energy was not counted.
    variance_mj : ndarray of float64, shape (n_units,)
        In square millijoules; 0 for a unit without an interval.
    """

    ms: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]
    interpolated: npt.NDArray[np.bool_]
    mj: npt.NDArray[np.float64]
    variance_mj: npt.NDArray[np.float64]

    @classmethod
    def of(cls, entries: Mapping[str, Entry], plan: Plan) -> Columns:
        """Arrange entries by the unit ids of a plan."""
        free = Entry(ms=0.0, mj=0.0, quality="ok")
        found = [entries.get(unit.key) if unit.nodes else free for unit in plan.units]
        columns = cls(
            np.array([np.nan if entry is None else entry.ms for entry in found]),
            np.array([0.0 if entry is None else entry.deviation_ms**2 for entry in found]),
            np.array([entry is not None and entry.interpolated for entry in found]),
            np.array([np.nan if e is None or e.mj is None else e.mj for e in found]),
            np.array([0.0 if entry is None else entry.deviation_mj**2 for entry in found]),
        )
        for column in fields(columns):
            getattr(columns, column.name).flags.writeable = False
        return columns

    def known(self, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Tell which rows of live unit ids have a path and an entry for each unit, bool[n]."""
        there = np.append(~np.isnan(self.ms), True)
        known: npt.NDArray[np.bool_] = there[ids].all(axis=1) & (ids[:, -1] != ABSENT)
        return known
