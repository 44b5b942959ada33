"""One table of several that were measured under the same identity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.tables.calibrate import (
    Accuracy,
    EnergyAccuracy,
    NetworkEnergy,
    NetworkError,
    accuracy,
    choose_scale,
    energy_accuracy,
)
from pyhwnas.latency.tables.entry import Entry
from pyhwnas.latency.tables.execution import execution_differences
from pyhwnas.latency.tables.pool import mean, pool
from pyhwnas.latency.tables.table import LatencyTable
from pyhwnas.networks import build
from pyhwnas.spaces import Space

__all__ = ["merge"]


def merge(tables: Sequence[LatencyTable], space: Space) -> LatencyTable:
    """Put tables of one device and plan together: their units united, their processes pooled.

    Parameters
    ----------
    tables : sequence of LatencyTable
        At least two, of the same space, plan, device identity and protocol, each with an anchor.
    space : Space
        The one that was measured; it reads the networks behind `LatencyTable.accuracy`.

    Returns
    -------
    LatencyTable

    Raises
    ------
    LatencyTableError
        If the tables do not belong together, or one is there twice; says in what they differ.

    Notes
    -----
    Times of each table are first taken to one speed, at which the anchor needs the median over
    all processes. A unit of several tables gets the median of all its processes and their
    interval. Where a table does not hold the values of single processes (schema 1), it
    gets the mean weighted by processes, and an interval that reaches over those of all tables:
    from three processes each, nothing narrower can be said. Interpolated entries give way to
    measured ones. Then the scale is fitted to all probe networks again and checked on all held-out
    ones; the floor and what two measurements differ by on all networks alike are the largest of
    the tables' own and of those between tables on networks that several have measured.
    Energies are pooled likewise, as they were counted: a core that is slowed down takes less of it
    each second.
    """
    first = _check(tables, space)
    reference = float(np.median([ms for table in tables for ms in table.anchor_ms]))
    speeds = [reference / (table.reference_ms or reference) for table in tables]
    entries = _entries(tables, speeds)
    scale, error = _recalibrate(tables, speeds, entries, space)
    weights = [len(table.anchor_ms) for table in tables]
    return LatencyTable(
        space=first.space,
        plan=first.plan,
        device=first.device,
        entries=entries,
        scale=scale,
        accuracy=error,
        protocol=_how(first)
        | {k: v for table in tables for k, v in table.protocol.items() if k == "execution"}
        | {"stop": [stop for table in tables for stop in table.protocol.get("stop", ())]}
        | {"merged": [source for table in tables for source in _measured(table)]},
        anchor_ms=tuple(ms for table in tables for ms in table.anchor_ms),
        reference_ms=reference,
        contention=mean([table.contention for table in tables], weights),
        disturbed=mean([table.disturbed for table in tables], weights),
        failed={k: why for t in tables for k, why in t.failed.items() if k not in entries},
        created=max(table.created for table in tables),
        seconds=sum(table.seconds or 0.0 for table in tables),
        versions=_versions(tables),
        energy=_recount(tables, entries, space),
    )


def _check(tables: Sequence[LatencyTable], space: Space) -> LatencyTable:
    """Make sure that all tables say the same thing about the same device; return the first."""
    if len(tables) < 2:
        raise LatencyTableError(f"merge: expected two or more tables, got {len(tables)}")
    for one, other in combinations(tables, 2):
        what = {
            "space": (one.space, other.space),
            "plan": (one.plan, other.plan),
            "protocol": (_how(one), _how(other)),
            "energy": (_counter(one), _counter(other)),
        }
        different = [f"{k}: {a} and {b}" for k, (a, b) in what.items() if a != b]
        different += [*one.matches(other.device), *execution_differences(one, other)]
        if different:
            raise LatencyTableError(
                f"merge: expected tables of one space, device and protocol, got {one.name} and "
                f"{other.name} ({'; '.join(different)}); compare them instead"
            )
    first = tables[0]
    if space.plan is None or space.plan.fingerprint != first.plan:
        raise LatencyTableError(
            f"merge: expected the space that was measured ({first.space}, plan {first.plan[:8]}), "
            "got one of another plan; give its options"
        )
    if not all(table.anchor_ms and table.reference_ms for table in tables):
        raise LatencyTableError(
            "merge: expected tables with an anchor, which ties their times together, got one "
            "without; measure with: pyhwnas profile"
        )
    sources = [source for table in tables for source in {table.fingerprint, *_measured(table)}]
    if len(set(sources)) < len(sources):
        raise LatencyTableError(
            "merge: expected different tables, got one twice, as it is or in a merged one"
        )
    return first


def _measured(table: LatencyTable) -> list[str]:
    """List the fingerprints of the measurements behind a table: its own, or of what it merged."""
    return list(table.protocol.get("merged", [table.fingerprint]))


def _how(table: LatencyTable) -> dict[str, Any]:
    """Return what was decided beforehand about the way times are taken."""
    other = ("stop", "merged", "seed", "execution")
    return {k: v for k, v in table.protocol.items() if k not in other}


def _versions(tables: Sequence[LatencyTable]) -> dict[str, str]:
    """List for each library the versions that the tables were made with."""
    found: dict[str, dict[str, None]] = {}
    for table in tables:
        for name, version in table.versions.items():
            found.setdefault(name, {})[version] = None
    return {name: ", ".join(versions) for name, versions in found.items()}


def _counter(table: LatencyTable) -> str | None:
    return None if table.energy is None else table.energy.counter


def _entries(tables: Sequence[LatencyTable], speeds: Sequence[float]) -> dict[str, Entry]:
    found: dict[str, list[tuple[Entry, float]]] = {}
    for table, speed in zip(tables, speeds, strict=True):
        for key, entry in table.entries.items():
            found.setdefault(key, []).append((entry, speed))
    entries = {}
    for key, rows in found.items():
        measured = [row for row in rows if not row[0].interpolated]
        entries[key] = pool(measured or rows[:1])
    return entries


class _Refitted(NamedTuple):
    """A scale, and networks by name with what it predicts and what was measured."""

    scale: float
    probes: list[tuple[str, float, float]]
    held_out: list[tuple[str, float, float]]
    repeats: list[list[float]]


def _recalibrate(
    tables: Sequence[LatencyTable],
    speeds: Sequence[float],
    entries: Mapping[str, Entry],
    space: Space,
) -> tuple[float, Accuracy | None]:
    """Fit the scale to all probes and check it on all held-out networks, of any of the tables."""
    probes, held_out = (
        _by_network(
            [
                {n.arch: n.measured_ms * speed for n in getattr(table.accuracy, part, ())}
                for table, speed in zip(tables, speeds, strict=True)
            ]
        )
        for part in ("probes", "held_out")
    )
    costs = {key: entry.ms for key, entry in entries.items()}
    old = float(np.median([table.scale for table in tables]))
    new = _refit(probes, held_out, costs, space, old)
    if not new.held_out:
        return new.scale, None
    fitted, checked = ([NetworkError(*row) for row in part] for part in (new.probes, new.held_out))
    found = accuracy(fitted, checked, new.repeats, new.scale)
    said = [*(table.accuracy for table in tables if table.accuracy is not None), found]
    shared = max(one.shared_spread for one in said)
    return new.scale, replace(
        found,
        floor=_largest([one.floor for one in said]),
        residual_spread=math.hypot(found.own_spread, shared),
    )


def _recount(
    tables: Sequence[LatencyTable], entries: Mapping[str, Entry], space: Space
) -> EnergyAccuracy | None:
    """Fit and check energies as `_recalibrate` does times."""
    counted = [table.energy for table in tables if table.energy is not None]
    if not counted:
        return None
    probes, held_out = (
        _by_network([{n.arch: n.measured_mj for n in getattr(one, part)} for one in counted])
        for part in ("probes", "held_out")
    )
    costs = {key: entry.mj for key, entry in entries.items() if entry.mj is not None}
    old = float(np.median([one.scale for one in counted]))
    new = _refit(probes, held_out, costs, space, old)
    if not new.held_out:
        return None
    fitted, checked = ([NetworkEnergy(*row) for row in part] for part in (new.probes, new.held_out))
    found = energy_accuracy(counted[0].counter, fitted, checked, new.repeats, new.scale)
    return replace(found, floor=_largest([*(one.floor for one in counted), found.floor]))


def _by_network(parts: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """List for each network what each table measured, NaN where it did not."""
    archs = dict.fromkeys(arch for part in parts for arch in part)
    return {arch: [part.get(arch, math.nan) for part in parts] for arch in archs}


def _refit(
    probes: Mapping[str, list[float]],
    held_out: Mapping[str, list[float]],
    costs: Mapping[str, float],
    space: Space,
    scale: float,
) -> _Refitted:
    """Fit the scale to networks whose units are all known; the old one stays if there are none."""
    sums = {arch: _sum(space, arch, costs) for arch in (*probes, *held_out)}
    held_out = {arch: values for arch, values in held_out.items() if sums[arch] > 0}
    probes = {a: v for a, v in probes.items() if sums[a] > 0 and a not in held_out}
    if probes:
        predicted = np.array([sums[arch] for arch in probes])
        scale = choose_scale(
            predicted, np.array([np.nanmean(values) for values in probes.values()])
        )
    fitted, checked = (
        [(arch, scale * sums[arch], float(np.nanmean(values))) for arch, values in part.items()]
        for part in (probes, held_out)
    )
    return _Refitted(scale, fitted, checked, list(held_out.values()))


def _largest(floors: Sequence[float | None]) -> float | None:
    return max((floor for floor in floors if floor is not None), default=None)


def _sum(space: Space, arch: str, costs: Mapping[str, float]) -> float:
    """Add up the units of a network; 0 where one of them is not known."""
    keys = [b.unit.key for b in build(space, space.from_str(arch)).blocks if b.unit.nodes]
    return sum(costs[key] for key in keys) if costs.keys() >= set(keys) else 0.0
