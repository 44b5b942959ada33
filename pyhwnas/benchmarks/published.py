"""Latency tables that others published, as `LatencyTable`s: to search for devices not at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas.benchmarks.fbnet import FBNetCost
from pyhwnas.benchmarks.latency_tables import READERS, Milliseconds
from pyhwnas.benchmarks.originals import read_means, read_note10
from pyhwnas.benchmarks.sources import FBNET_LUT, Source
from pyhwnas.benchmarks.tables import PathLike, find
from pyhwnas.errors import BenchmarkError
from pyhwnas.latency.device import Fingerprint
from pyhwnas.latency.tables.entry import PART, Entry
from pyhwnas.latency.tables.spreadsheet import foreign_table, named_device
from pyhwnas.latency.tables.table import UNKNOWN, LatencyTable
from pyhwnas.networks import Unit
from pyhwnas.spaces import FBNet, MobileNetV3, Space

__all__ = ["PUBLISHED_TABLES", "published_table", "yaml_table"]

SAME = 1e-5
"""What one unit may cost in several layers of an FBNet, in relation: single precision."""


@dataclass(frozen=True, slots=True)
class _Published:
    """A table: its device, and the space that it is of unless one is given."""

    cpu: str
    space: Callable[[], MobileNetV3] | Callable[[], FBNet]
    architecture: str = UNKNOWN


def _wide() -> MobileNetV3:
    return MobileNetV3(resolutions=tuple(range(160, 225, 4)), width=1.2)


_TABLES = {
    "note10": _Published("Samsung Note10", _wide),
    "i7-8700K": _Published("Intel Core i7-8700K", MobileNetV3, "x86_64"),
    "fbnet-edgegpu": _Published("Edge GPU of HW-NAS-Bench", FBNet),
    "fbnet-raspi4": _Published("Raspberry Pi 4", FBNet),
    "fbnet-pixel3": _Published("Google Pixel 3", FBNet),
    "fbnet-eyeriss": _Published("Eyeriss", FBNet),
    "fbnet-fpga": _Published("FPGA of HW-NAS-Bench", FBNet),
}
PUBLISHED_TABLES = tuple(_TABLES)
"""Once-for-All's, MSuNAS', and HW-NAS-Bench's of the FBNet space."""


def published_table(
    name: str, space: Space | None = None, path: PathLike | None = None
) -> LatencyTable:
    """Read a latency table that others published.

    Parameters
    ----------
    name : str
        One of `PUBLISHED_TABLES`.
    space : MobileNetV3 or FBNet, optional
        Whose units to read. Without it, for the Note10 width 1.2 and resolutions from 160 to 224,
        for the i7-8700K width 1.0 and resolutions from 192 to 256, and the FBNets of CIFAR-100.
    path : path, optional
        The table's file, or the folder that it is in; `PYHWNAS_DATA` if left out.

    Returns
    -------
    LatencyTable
        Without a stated error. What its authors do not tell of the device is ``"unknown"``, so
        that it is never taken for the device at hand.

    Raises
    ------
    BenchmarkError
        If there is no such file, or the space has units that it lacks.
    ValueError
        If the name means nothing, or the table is of another space.

    Notes
    -----
    Where units were measured several times (at several resolutions of the Note10's networks), the
    mean is taken; sums over networks then differ from the authors' own (`TableLatency`) by at most
    0.3 %. Of FBNets only sums are exact (`FBNetCost`): identities cost nothing here, and what
    every network has stands with the last unit. In the recovered tables (see there) a layer that
    changes the shape is also counted from its cheapest choice. Units that are known only together
    with others have the quality ``"part of a sum"``.

    References
    ----------
    Cai et al., 2020, https://openreview.net/forum?id=HylxE1HKwS;
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3;
    Li et al., 2021, https://openreview.net/forum?id=_0kaDkv3dVf
    """
    if name not in _TABLES:
        raise ValueError(f"name: expected one of {', '.join(_TABLES)}, got {name!r}")
    about = _TABLES[name]
    chosen = about.space() if space is None else space
    wanted = MobileNetV3 if name in READERS else FBNet
    if not isinstance(chosen, wanted):
        raise ValueError(
            f"device {name}: its published table is of space {wanted.name}, got {chosen.name}"
        )
    if isinstance(chosen, MobileNetV3):
        source, reader = READERS[name]
        table = find(source, path)
        entries = _of_mobilenets(reader(table), chosen, table.path)
    else:
        source, entries = _of_fbnets(name, chosen, path)
    device = named_device(about.cpu, about.architecture)
    return foreign_table(
        chosen, device, entries, source=f"{source.origin} ({name})", licence=source.licence
    )


def yaml_table(path: Path, space: Space, device: Fingerprint) -> LatencyTable:
    """Read a table of a user's own in the YAML of Once-for-All or MSuNAS.

    Parameters
    ----------
    path : Path
        A folder with ``160_lookup_table.yaml`` and so on, as Once-for-All writes them, or one file
        with the names of MSuNAS' (and ProxylessNAS'): entries with a ``mean`` in milliseconds.
    space : MobileNetV3
    device : Fingerprint
        What is known of the device.

    Returns
    -------
    LatencyTable
        As `published_table`.

    Raises
    ------
    BenchmarkError
        If it is no such file, or the space has units that it lacks.
    ValueError
        If the space is another one.
    """
    if not isinstance(space, MobileNetV3):
        raise ValueError(f"{path}: such tables are of space mobilenetv3, got {space.name}")
    _, reader = READERS["note10" if path.is_dir() else "i7-8700K"]
    columns = read_note10(path) if path.is_dir() else read_means(path)
    entries = _of_mobilenets(reader(columns), space, path)
    return foreign_table(space, device, entries, source=path.name, licence="not stated")


def _of_mobilenets(
    at: Callable[[int], Milliseconds], space: MobileNetV3, where: Path
) -> dict[str, Entry]:
    found: dict[str, list[float]] = {}
    for unit, ms in _units(space, at):
        try:
            found.setdefault(unit.key, []).append(ms(unit))
        except KeyError as error:
            raise BenchmarkError(
                f"{where}: has no entry {error}, which a network of width {space.width} "
                "needs; choose the space's width and resolutions so that the table has all of it"
            ) from None
    return {k: Entry(ms=float(np.mean(ms)), quality="published") for k, ms in found.items()}


def _units(
    space: MobileNetV3, at: Callable[[int], Milliseconds]
) -> Iterator[tuple[Unit, Milliseconds]]:
    """Yield all units, each with what reads its latency: candidates are listed by resolution."""
    for slot in space.plan.slots:
        count = len(slot.candidates) // len(space.resolutions)
        for number, unit in enumerate(slot.candidates):
            if unit.nodes:
                yield unit, at(space.resolutions[number // count])


def _of_fbnets(name: str, space: FBNet, path: PathLike | None) -> tuple[Source, dict[str, Entry]]:
    quantity: Any = f"{name.removeprefix('fbnet-')}_latency"
    published = FBNetCost(space, quantity, path)
    fixed, layers = published.parts
    stem, *slots, head = space.plan.slots
    found: dict[str, list[float]] = {}
    quality: dict[str, str] = {}
    for slot, costs in zip(slots, layers, strict=True):
        skip = slot.candidates[-1]
        # An identity costs nothing in a table: what it costs here, every network has.
        free = 0.0 if skip.nodes else float(costs[-1])
        fixed += free
        for unit, cost in zip(slot.candidates, costs - free, strict=True):
            if unit.nodes:
                found.setdefault(unit.key, []).append(float(cost))
                apart = published.source is not FBNET_LUT or not skip.nodes
                quality[unit.key] = "published" if apart else PART
    found[stem.candidates[0].key], found[head.candidates[0].key] = [0.0], [fixed]
    entries = {}
    for key, costs in found.items():
        if min(costs) < -SAME or max(costs) - min(costs) > SAME * max(1.0, *costs):
            raise BenchmarkError(f"{name}: these costs are no sums of units ({key}: {costs})")
        ms = max(float(np.mean(costs)), 0.0)
        entries[key] = Entry(ms=ms, quality=quality.get(key, PART))
    return published.source, entries
