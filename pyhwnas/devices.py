"""Latency on other devices than the one at hand: tables brought along, each an objective."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyhwnas.errors import LatencyTableError

if TYPE_CHECKING:
    from pyhwnas.latency import LatencyTable
    from pyhwnas.objectives import Energy, Latency
    from pyhwnas.spaces import Space

__all__ = [
    "ENERGY",
    "LATENCY",
    "PUBLISHED",
    "is_latency",
    "latency_at",
    "load_table",
    "make_energy",
    "make_latency",
]

LATENCY = "latency_ms"
"""Name of the objective on the device at hand; on others, a device's name follows."""

ENERGY = "energy_mj"
"""Name of the objective for the energy of the device at hand."""

PUBLISHED = (
    *("note10", "i7-8700K"),
    *("fbnet-edgegpu", "fbnet-raspi4", "fbnet-pixel3", "fbnet-eyeriss", "fbnet-fpga"),
)
"""Tables of `pyhwnas.benchmarks.published_table`, which have these names instead of a path."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def latency_at(device: str) -> str:
    """Name the objective of a device.

    Examples
    --------
    >>> latency_at("gpu"), is_latency("latency_ms@gpu"), is_latency("macs")
    ('latency_ms@gpu', True, False)
    """
    if not NAME.fullmatch(device):
        raise ValueError(f"device: expected a name of letters, digits and ._+-, got {device!r}")
    return f"{LATENCY}@{device}"


def is_latency(name: str) -> bool:
    """Tell whether an objective is latency from a table, on whatever device."""
    return name.partition("@")[0] == LATENCY


def make_latency(
    name: str, space: Space, here: LatencyTable | None, devices: Mapping[str, str]
) -> Latency:
    """Make the objective of a device.

    Parameters
    ----------
    name : str
        ``"latency_ms"`` for the device at hand, or such as ``"latency_ms@gpu"``.
    space : Space
    here : LatencyTable or None
        Of the device at hand.
    devices : mapping of str to str
        By device the path of its latency table, or the name of a published one.

    Returns
    -------
    Latency

    Raises
    ------
    ValueError
        If there is no table of the device, or it is of another space.
    LatencyTableError
        If the file is no latency table, or lacks units of the space.
    """
    # Here, so that the names above cost a command line nothing.
    from pyhwnas.objectives import Latency

    if name == LATENCY:
        if here is None:
            raise ValueError("objective latency_ms needs a latency table; see 'pyhwnas profile'")
        return Latency(space, here)
    device = name.partition("@")[2]
    if device not in devices:
        raise ValueError(
            f"objective {name!r}: expected one of the devices {', '.join(devices) or '(none)'}; "
            f"bring its latency table with --device {device}=TABLE.json"
        )
    table = load_table(devices[device], space)
    if lacks := table.missing(space):
        raise LatencyTableError(
            f"{devices[device]}: expected a table of all units of space {space.name}, got one of "
            f"{table.space} that lacks {len(lacks)}, such as {lacks[0]!r}; measure it there with: "
            f"pyhwnas profile --space {space.name} and the same options of the space"
        )
    return Latency(space, table, name=name)


def make_energy(space: Space, here: LatencyTable | None) -> Energy:
    """Make the objective for the energy of the device at hand.

    Raises
    ------
    ValueError
        If there is no table of the device, or it holds no energies.
    """
    from pyhwnas.objectives import Energy

    if here is None or here.energy is None:
        raise ValueError(
            f"objective {ENERGY} needs a table with energies; see 'pyhwnas profile --energy'"
        )
    return Energy(space, here)


def load_table(source: str, space: Space) -> LatencyTable:
    """Read a table of the user, or find a published one for a space."""
    from pyhwnas.benchmarks import published_table
    from pyhwnas.latency import LatencyTable

    if source in PUBLISHED:
        return published_table(source, space)
    try:
        return LatencyTable.load(source)
    except FileNotFoundError:
        raise LatencyTableError(
            f"{source}: there is no such file; expected a latency table of pyhwnas profile, "
            f"or one of the published {', '.join(PUBLISHED)}"
        ) from None
