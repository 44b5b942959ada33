"""Two latency tables beside each other: two devices, or one device twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.tables.calibrate import spearman
from pyhwnas.latency.tables.execution import execution_differences
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.spaces import Space, sample

__all__ = ["TableComparison", "Units", "compare_tables", "shared_units"]

AGREE = 0.9
"""Share of networks, within the uncertainty of the difference, from which on two tables agree."""

SAMPLE = 1000
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Units that two tables have in common, in the first one's order.

    Parameters
    ----------
    keys : tuple of str
    a_ms, b_ms : ndarray of float64, shape (n, 3)
        Each table's milliseconds with the ends of their interval: the value itself where there is
        none.
    """

    keys: tuple[str, ...]
    a_ms: Vector
    b_ms: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class TableComparison:
    """How two tables relate; ratios are the second over the first.

    Parameters
    ----------
    a, b : str
        Names of the tables.
    same_identity : bool
        Whether both were measured on the same device with the same settings.
    shared, only_a, only_b : int
        Units in both tables and in one alone.
    unit_ratio : tuple of float or None
        Lower decile, median and upper decile over shared units that cost something in both.
    unit_spearman : float or None
        Rank correlation of shared units.
    unit_overlap : float or None
        Share of shared units whose intervals overlap; None where a table has no intervals.
    networks : int
        Random networks of the space that both tables can predict.
    network_ratio : tuple of float or None
        As `unit_ratio`, of predicted latencies.
    network_spearman : float or None
    network_within : float or None
        Share of networks whose predictions differ by no more than both 90 % intervals together
        allow, the root of their squares; None where a table has no intervals.
    network_reach : tuple of float or None
        Half of each table's median interval, relative to its predictions.
    anchor_ratio : float or None
        The anchor network's time, if both were measured on it. Where `same_identity`, it has been
        divided out of the ratios: it is how the speed of the device has changed.
    agree : bool or None
        Of two tables of the same identity: whether at least 90 % of the networks are `within`;
        None otherwise, or where a table has no intervals.
    notes : tuple of str
        What speaks against either table, and what has changed around the device.
    """

    a: str
    b: str
    same_identity: bool
    shared: int
    only_a: int
    only_b: int
    unit_ratio: tuple[float, float, float] | None
    unit_spearman: float | None
    unit_overlap: float | None
    networks: int
    network_ratio: tuple[float, float, float] | None
    network_spearman: float | None
    network_within: float | None
    network_reach: tuple[float, float] | None
    anchor_ratio: float | None
    agree: bool | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def summary(self) -> str:
        """Say it in a few lines."""
        lines = [
            f"a: {self.a}",
            f"b: {self.b}",
            f"{self.shared} units in both, {self.only_a} in a alone, {self.only_b} in b alone",
            f"units: b / a {_ratio(self.unit_ratio)}, Spearman {_number(self.unit_spearman)}, "
            f"intervals overlap {_percent(self.unit_overlap)}",
            f"{self.networks} random networks: b / a {_ratio(self.network_ratio)}, Spearman "
            f"{_number(self.network_spearman)}, within both intervals "
            f"{_percent(self.network_within)}",
        ]
        if self.network_reach is not None:
            mine, theirs = (f"±{100 * reach:.1f} %" for reach in self.network_reach)
            lines.append(f"their intervals: a {mine}, b {theirs}")
        if self.anchor_ratio is not None and self.same_identity:
            lines.append(f"anchor network, divided out: b / a {self.anchor_ratio:.3g}")
        if self.agree is not None:
            verdict = "agree" if self.agree else "do not agree"
            lines.append(f"two tables of one device: they {verdict} within their own intervals")
        lines += self.notes
        return "\n".join(lines)


def shared_units(a: LatencyTable, b: LatencyTable) -> Units:
    """Find what two tables both say of units."""
    keys = tuple(key for key in a.entries if key in b.entries)
    a_ms, b_ms = (
        np.array([_ends(table, key) for key in keys], dtype=np.float64).reshape(-1, 3)
        for table in (a, b)
    )
    return Units(keys, a_ms, b_ms)


def compare_tables(
    a: LatencyTable, b: LatencyTable, space: Space | None = None, *, seed: int = 0
) -> TableComparison:
    """Compare two tables.

    Parameters
    ----------
    a, b : LatencyTable
    space : Space, optional
        Networks are drawn from it; without it units alone are compared.
    seed : int
        Chooses the networks.

    Returns
    -------
    TableComparison

    Raises
    ------
    LatencyTableError
        If the tables have no unit in common, or are one and the same.
    """
    if a.fingerprint == b.fingerprint:
        raise LatencyTableError(
            f"expected two tables, got {a.name} twice (SHA-256 {a.fingerprint[:8]}...); measure "
            "again with: pyhwnas profile, into another folder"
        )
    same = not a.matches(b.device)
    anchor = b.reference_ms / a.reference_ms if a.reference_ms and b.reference_ms else None
    # One device at two speeds: as `merge` does, times are taken to one of them.
    speed = anchor if same and anchor is not None else 1.0
    units = shared_units(a, b)
    if not units.keys:
        raise LatencyTableError(
            f"expected tables with units in common, got {a.name} and {b.name} without any; "
            "compare tables of one space with the same options"
        )
    networks = _Networks() if space is None else _networks(a, b, space, speed, seed)
    within = networks.within
    return TableComparison(
        a=a.name,
        b=b.name,
        same_identity=same,
        shared=len(units.keys),
        only_a=len(a.entries) - len(units.keys),
        only_b=len(b.entries) - len(units.keys),
        unit_ratio=_deciles(units.a_ms[:, 0], units.b_ms[:, 0] / speed),
        unit_spearman=_order(units.a_ms[:, 0], units.b_ms[:, 0]),
        unit_overlap=_unit_overlap(a, b, units, speed),
        networks=networks.size,
        network_ratio=networks.ratio,
        network_spearman=networks.order,
        network_within=within,
        network_reach=networks.reach,
        anchor_ratio=anchor,
        agree=within >= AGREE if same and within is not None else None,
        notes=tuple(_notes(a, b, same=same)),
    )


class _Networks(NamedTuple):
    """How predictions of networks compare."""

    size: int = 0
    ratio: tuple[float, float, float] | None = None
    order: float | None = None
    within: float | None = None
    reach: tuple[float, float] | None = None


def _networks(a: LatencyTable, b: LatencyTable, space: Space, speed: float, seed: int) -> _Networks:
    """Compare predictions of random networks that have all their units in both tables."""
    X = sample(space, SAMPLE, np.random.default_rng(seed))
    X = X[a.knows(space, X) & b.knows(space, X)]
    if not len(X):
        return _Networks()
    x, y = a.predict(space, X), b.predict(space, X) / speed
    found = _Networks(len(X), _deciles(x, y), _order(x, y))
    if a.accuracy is None or b.accuracy is None:
        return found
    costs = (x > 0) & (y > 0)
    if not costs.any():
        return found
    mine, theirs = (_reach(table, space, X[costs]) for table in (a, b))
    within = float((np.abs(np.log(y[costs] / x[costs])) <= np.hypot(mine, theirs)).mean())
    return found._replace(within=within, reach=(float(np.median(mine)), float(np.median(theirs))))


def _reach(table: LatencyTable, space: Space, X: npt.NDArray[np.int64]) -> Vector:
    """Half of each prediction's interval, relative to it."""
    low, high = table.interval(space, X)
    reach: Vector = (high - low) / (2 * table.predict(space, X))
    return reach


def _notes(a: LatencyTable, b: LatencyTable, *, same: bool) -> Iterator[str]:
    for name, table in (("a", a), ("b", b)):
        if table.noisy:
            yield f"{name}: the machine was too unsteady to rely on it"
    if a.device.backend == b.device.backend:
        yield from (f"models were run differently: {line}" for line in execution_differences(a, b))
    if same:
        yield from (f"around the device: {line}" for line in a.device.warnings(b.device))


def _ends(table: LatencyTable, key: str) -> tuple[float, float, float]:
    entry = table.entries[key]
    low = entry.ms if entry.low_ms is None else entry.low_ms
    return entry.ms, low, entry.ms if entry.high_ms is None else entry.high_ms


def _unit_overlap(a: LatencyTable, b: LatencyTable, units: Units, speed: float) -> float | None:
    if any(table.entries[key].low_ms is None for table in (a, b) for key in units.keys):
        return None
    b_ms = units.b_ms / speed
    below = units.a_ms[:, 1] <= b_ms[:, 2]
    return float((below & (b_ms[:, 1] <= units.a_ms[:, 2])).mean())


def _deciles(x: Vector, y: Vector) -> tuple[float, float, float] | None:
    both = (x > 0) & (y > 0)
    if not both.any():
        return None
    low, middle, high = np.quantile(y[both] / x[both], [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)


def _order(x: Vector, y: Vector) -> float | None:
    return spearman(x, y) if len(x) > 2 else None


def _ratio(deciles: tuple[float, float, float] | None) -> str:
    if deciles is None:
        return "-"
    low, middle, high = deciles
    return f"{middle:.3g} (from {low:.3g} to {high:.3g} in four fifths of them)"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
