"""Latency on other devices than the one at hand: tables brought along, each an objective."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyhwnas.errors import LatencyTableError

if TYPE_CHECKING:
    from pyhwnas.benchmarks.latency_tables import TableLatency
    from pyhwnas.latency import LatencyTable
    from pyhwnas.objectives import Latency
    from pyhwnas.spaces import Space

__all__ = ["LATENCY", "PUBLISHED", "is_latency", "latency_at", "load_table", "make_latency"]

LATENCY = "latency_ms"
"""Name of the objective on the device at hand; on others, a device's name follows."""

PUBLISHED = ("note10", "i7-8700K")
"""Tables of `pyhwnas.benchmarks.TableLatency`, which have these names instead of a path."""

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
    from pyhwnas.latency import LatencyTable
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
    if isinstance(table, LatencyTable) and not table.covers(space):
        raise LatencyTableError(
            f"{devices[device]}: expected a table of all units of space {space.name}, got one of "
            f"{table.space} that lacks some; measure it there with: pyhwnas profile --space "
            f"{space.name} and the same options of the space"
        )
    return Latency(space, table, name=name)


def load_table(source: str, space: Space) -> LatencyTable | TableLatency:
    """Read a table of the user, or find a published one."""
    from pyhwnas.benchmarks.latency_tables import TableLatency
    from pyhwnas.latency import LatencyTable
    from pyhwnas.spaces import MobileNetV3

    if source not in PUBLISHED:
        try:
            return LatencyTable.load(source)
        except FileNotFoundError:
            raise LatencyTableError(
                f"{source}: there is no such file; expected a latency table of pyhwnas profile, "
                f"or one of the published {', '.join(PUBLISHED)}"
            ) from None
    if not isinstance(space, MobileNetV3):
        raise ValueError(
            f"device {source}: its published table is of space mobilenetv3, got {space.name}"
        )
    device: Any = source
    table = TableLatency(space, device)
    table(space.smallest()[None])  # what it lacks is named here, before anything is written
    return table
