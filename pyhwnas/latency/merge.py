"""One table of several that were measured under the same identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency.calibrate import Accuracy, NetworkError, accuracy, fit_scale, process_interval
from pyhwnas.latency.entry import Entry
from pyhwnas.latency.table import LatencyTable
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
    ones; the floor is the largest of the tables' own and of the gaps between tables on networks
    that several have measured.
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
        | {"stop": [stop for table in tables for stop in table.protocol.get("stop", ())]}
        | {"merged": [table.fingerprint for table in tables]},
        anchor_ms=tuple(ms for table in tables for ms in table.anchor_ms),
        reference_ms=reference,
        contention=_mean([table.contention for table in tables], weights),
        disturbed=_mean([table.disturbed for table in tables], weights),
        failed={k: why for t in tables for k, why in t.failed.items() if k not in entries},
        created=max(table.created for table in tables),
        seconds=sum(table.seconds or 0.0 for table in tables),
        versions=first.versions,
    )


def _check(tables: Sequence[LatencyTable], space: Space) -> LatencyTable:
    """Make sure that all tables say the same thing about the same device; return the first."""
    if len(tables) < 2:
        raise LatencyTableError(f"merge: expected two or more tables, got {len(tables)}")
    first, *others = tables
    for table in others:
        what = {
            "space": (first.space, table.space),
            "plan": (first.plan, table.plan),
            "protocol": (_how(first), _how(table)),
        }
        different = [f"{k}: {a} and {b}" for k, (a, b) in what.items() if a != b]
        different += first.matches(table.device)
        if different:
            raise LatencyTableError(
                f"merge: expected tables of one space, device and protocol, got {first.name} and "
                f"{table.name} ({'; '.join(different)}); compare them instead"
            )
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
    if any(table.energy is not None for table in tables):
        raise LatencyTableError(
            "merge: expected tables of times alone, got one with energies, which cannot be pooled; "
            "profile again with more processes instead"
        )
    if len({table.fingerprint for table in tables}) < len(tables):
        raise LatencyTableError("merge: expected different tables, got one twice")
    return first


def _how(table: LatencyTable) -> dict[str, Any]:
    """Return what was decided beforehand about the way times are taken."""
    return {k: v for k, v in table.protocol.items() if k not in ("stop", "merged", "seed")}


def _mean(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    known = [(v, w) for v, w in zip(values, weights, strict=True) if v is not None]
    if not known:
        return None
    return float(np.average([v for v, _ in known], weights=[w for _, w in known]))


def _entries(tables: Sequence[LatencyTable], speeds: Sequence[float]) -> dict[str, Entry]:
    found: dict[str, list[tuple[Entry, float]]] = {}
    for table, speed in zip(tables, speeds, strict=True):
        for key, entry in table.entries.items():
            found.setdefault(key, []).append((entry, speed))
    entries = {}
    for key, rows in found.items():
        measured = [row for row in rows if not row[0].interpolated]
        entries[key] = _pooled(measured or rows[:1])
    return entries


def _pooled(rows: Sequence[tuple[Entry, float]]) -> Entry:
    """Pool what several tables say of one unit."""
    values = tuple(ms * speed for entry, speed in rows for ms in entry.process_ms)
    counts = [max(entry.processes, 1) for entry, _ in rows]
    if all(entry.process_ms for entry, _ in rows):
        ms = max(float(np.median(values)), 0.0)
        ends = process_interval(values)
        low, high = (None, None) if ends is None else (max(end, 0.0) for end in ends)
    else:
        values = ()
        ms = float(np.average([entry.ms * speed for entry, speed in rows], weights=counts))
        low = min((entry.ms if entry.low_ms is None else entry.low_ms) * s for entry, s in rows)
        high = max((entry.ms if entry.high_ms is None else entry.high_ms) * s for entry, s in rows)
    readings = ("min_ms", "p25_ms", "median_ms", "carrier_ms")
    flags = dict.fromkeys(flag for entry, _ in rows for flag in entry.quality.split(", "))
    if len(flags) > 1:
        flags.pop("ok", None)
    if sum(counts) > 1:
        flags.pop("one process", None)
    return Entry(
        ms=ms,
        low_ms=low,
        high_ms=high,
        **{
            name: _mean([_at(getattr(entry, name), speed) for entry, speed in rows], counts)
            for name in readings
        },
        samples=sum(entry.samples for entry, _ in rows),
        processes=sum(entry.processes for entry, _ in rows),
        quality=", ".join(flags) or "ok",
        process_ms=values,
    )


def _at(ms: float | None, speed: float) -> float | None:
    return None if ms is None else ms * speed


def _recalibrate(
    tables: Sequence[LatencyTable],
    speeds: Sequence[float],
    entries: Mapping[str, Entry],
    space: Space,
) -> tuple[float, Accuracy | None]:
    """Fit the scale to all probes and check it on all held-out networks, of any of the tables."""
    probes, held_out = (_measured(tables, speeds, part) for part in ("probes", "held_out"))
    sums = {arch: _sum(space, arch, entries) for arch in (*probes, *held_out)}
    held_out = {arch: values for arch, values in held_out.items() if sums[arch]}
    probes = {arch: v for arch, v in probes.items() if sums[arch] and arch not in held_out}
    scale = float(np.median([table.scale for table in tables]))
    if probes:
        predicted = np.array([sums[arch] for arch in probes])
        scale = fit_scale(predicted, np.array([np.mean(values) for values in probes.values()]))
    if not held_out:
        return scale, None
    fitted, checked = (
        [NetworkError(arch, scale * sums[arch], float(np.mean(v))) for arch, v in part.items()]
        for part in (probes, held_out)
    )
    found = accuracy(fitted, checked, list(held_out.values()), scale)
    floors = [table.accuracy.floor for table in tables if table.accuracy is not None]
    known = [floor for floor in (*floors, found.floor) if floor is not None]
    return scale, replace(found, floor=max(known, default=None))


def _measured(
    tables: Sequence[LatencyTable], speeds: Sequence[float], part: str
) -> dict[str, list[float]]:
    """List for each network what each table measured, at one speed."""
    found: dict[str, list[float]] = {}
    for table, speed in zip(tables, speeds, strict=True):
        for network in getattr(table.accuracy, part, ()):
            found.setdefault(network.arch, []).append(network.measured_ms * speed)
    return found


def _sum(space: Space, arch: str, entries: Mapping[str, Entry]) -> float:
    """Add up the units of a network; 0 where one of them is not known."""
    keys = [b.unit.key for b in build(space, space.from_str(arch)).blocks if b.unit.nodes]
    return sum(entries[key].ms for key in keys) if entries.keys() >= set(keys) else 0.0
