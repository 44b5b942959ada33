"""Latencies of units that were not measured, from units of the same kind; never silently."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pyhwnas._optional import require
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.spread import student_quantile
from pyhwnas.latency.tables.entry import INTERPOLATED, LEVEL, PART, Entry
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.networks import Unit, macs, params
from pyhwnas.networks.counts import elements_moved
from pyhwnas.spaces import Space

__all__ = ["interpolate"]

LEAST = 8
"""Measured units of a kind that a regression of four coefficients is allowed from."""


def interpolate(table: LatencyTable, space: Space) -> LatencyTable:
    """Add an entry for each unit of a space that a table lacks, marked as interpolated.

    Parameters
    ----------
    table : LatencyTable
    space : Space

    Returns
    -------
    LatencyTable
        The entries added have the quality ``"interpolated"``, which `LatencyTable.name` counts
        and `LatencyTable.interpolated` tells for each network. The table itself where nothing is
        missing.

    Raises
    ------
    LatencyTableError
        If fewer than eight units of a kind were measured; names the unit.

    Notes
    -----
    Units are of one kind if they have the same operations in the same order, whatever their sizes.
    Their cost is a constant plus multiples of MACs, parameters and elements read and written, none
    of them negative (more work never takes less time), with the least sum of squared relative
    errors. The interval is Student's for one more unit, with the spread that leaving each measured
    unit out gave.

    Interpolated entries are never a base for others, and merging prefers measured ones.
    """
    missing = [Unit.parse(key) for key in table.missing(space)]
    if not missing:
        return table
    kinds: dict[str, list[Unit]] = {}
    for key, entry in table.entries.items():
        # What is told from other units only in sums, or not from 0, would not fit any line.
        if entry.ms > 0 and entry.quality not in (INTERPOLATED, PART):
            unit = Unit.parse(key)
            kinds.setdefault(_kind(unit), []).append(unit)
    models: dict[str, _Model] = {}
    entries = dict(table.entries)
    for unit in missing:
        kind = _kind(unit)
        if kind not in models:
            models[kind] = _fit(table, unit, kinds.get(kind, []))
        entries[unit.key] = models[kind].entry(unit)
    failed = {key: why for key, why in table.failed.items() if key not in entries}
    # The plan stays the one that was measured: networks behind the stated error are of that one.
    return dataclasses.replace(table, entries=entries, failed=failed)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """What a kind's units cost, and how far off that is in relation, to either side."""

    coefficients: npt.NDArray[np.float64]
    reach: float

    def entry(self, unit: Unit) -> Entry:
        ms = float(_features([unit])[0] @ self.coefficients)
        low, high = ms * max(1 - self.reach, 0.0), ms * (1 + self.reach)
        return Entry(ms=ms, low_ms=low, high_ms=high, quality=INTERPOLATED)


def _fit(table: LatencyTable, unit: Unit, alike: Sequence[Unit]) -> _Model:
    if len(alike) < LEAST:
        raise LatencyTableError(
            f"unit {unit.key!r} cannot be interpolated: expected at least {LEAST} measured units "
            f"with the same operations, got {len(alike)}; measure it with: pyhwnas profile --space "
            f"{table.space}"
        )
    features = _features(alike)
    ms = np.array([table.entries[other.key].ms for other in alike])
    left_out = []
    for row in range(len(alike)):
        others = np.arange(len(alike)) != row
        left_out.append(features[row] @ _solve(features[others], ms[others]) / ms[row] - 1)
    spread = math.sqrt(np.mean(np.square(left_out)))
    reach = student_quantile((1 + LEVEL) / 2, len(alike) - 1) * spread
    return _Model(_solve(features, ms), reach)


def _solve(
    features: npt.NDArray[np.float64], ms: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Least squares of relative errors without negative coefficients."""
    nnls = require("scipy.optimize", extra="surrogates").nnls
    size = features.max(axis=0)
    size[size == 0] = 1.0
    found: npt.NDArray[np.float64] = nnls(features / size / ms[:, None], np.ones(len(ms)))[0]
    found /= size
    return found


def _kind(unit: Unit) -> str:
    """Name the operations of a unit without their sizes."""
    return " ".join(
        f"{type(node.op).__name__}{getattr(node.op, 'kind', '')}@{','.join(map(str, node.inputs))}"
        for node in unit.nodes
    )


def _features(units: Sequence[Unit]) -> npt.NDArray[np.float64]:
    """Constant, MACs, parameters and elements that operations read and write, float64[n, 4]."""
    rows = [(1.0, macs(unit), params(unit), elements_moved(unit)) for unit in units]
    return np.array(rows, dtype=np.float64)
