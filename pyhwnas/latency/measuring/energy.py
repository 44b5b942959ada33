"""Counters of energy that a machine offers: Linux powercap (RAPL) and NVIDIA's management library.

The agent imports this, so it needs nothing else of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

__all__ = ["COUNTERS", "EnergyCounter", "open_counter"]

POWERCAP = Path("/sys/class/powercap")
MIRRORED = 1e6
"""Microjoules that two counters of one energy may be apart when they are read one after the other;
independent ones that have run for a while differ by far more."""
COUNTERS = ("powercap", "nvml")


class EnergyCounter(Protocol):
    """A counter that only grows."""

    @property
    def name(self) -> str:
        """What is counted, part of a table's protocol."""
        ...

    def read(self) -> float:
        """Microjoules since some moment."""
        ...


def open_counter(source: str, *, gpu: str = "") -> EnergyCounter:
    """Open a counter.

    Parameters
    ----------
    source : str
        ``"powercap"`` for the CPU's packages and their memory, another tree of the same form as
        ``"powercap:FOLDER"``, ``"nvml"`` for the NVIDIA GPU that models run on, or
        ``"nvml:NUMBER"`` for the one that ``nvidia-smi`` lists under this number.
    gpu : str
        UUID of the GPU that models run on; without it, ``"nvml"`` is the first one.

    Returns
    -------
    EnergyCounter

    Raises
    ------
    RuntimeError
        If this machine does not offer it.
    ValueError
        If there is no such kind.
    """
    kind, _, place = source.partition(":")
    if kind == "powercap":
        return Powercap(Path(place) if place else POWERCAP)
    if kind == "nvml":
        if place and not place.isdecimal():
            raise ValueError(f"energy: expected nvml or nvml:NUMBER, got {source!r}")
        return NVML(place or gpu or "0")
    raise ValueError(f"energy: expected {' or '.join(COUNTERS)}, got {source!r}")


class Powercap:
    """Running average power limit counters of CPU packages and their memory.

    Zones inside of a package (cores, graphics) are part of it already, and ``psys``, the whole
    platform, is left out; memory (``dram``) is counted beside its package. What is offered twice,
    through memory-mapped registers or on each die, is counted once.

    Parameters
    ----------
    root : Path
        Folder of zones.
    """

    def __init__(self, root: Path) -> None:
        names = {path.parent: _text(path) for path in sorted(root.glob("*/name"))}
        # The same package may be offered again through its registers in memory.
        names = {
            zone: name
            for zone, name in names.items()
            if zone.name.partition(":")[0] == "intel-rapl" or not _has_rapl(names)
        }
        counted = ("package", "dram")
        zones = [zone for zone, name in names.items() if name.startswith(counted)]
        if not zones:
            raise RuntimeError(
                f"energy: this machine offers no counter of its packages under {root}; virtual "
                "machines and most boards have none"
            )
        self._zones = _distinct([_Zone(zone) for zone in zones])
        self.name = "powercap " + " ".join(names[zone.folder] for zone in self._zones)

    def read(self) -> float:
        """Microjoules of all zones."""
        return float(sum(zone.read() for zone in self._zones))


def _has_rapl(zones: Mapping[Path, str]) -> bool:
    return any(zone.name.startswith("intel-rapl:") for zone in zones)


def _distinct(zones: Sequence[_Zone]) -> list[_Zone]:
    """Leave out counters that mirror an earlier one, as dies of some AMD processors do."""
    kept: list[_Zone] = []
    for zone in zones:
        if not any(0 < zone.start and abs(zone.start - other.start) < MIRRORED for other in kept):
            kept.append(zone)
    return kept


class _Zone:
    """One counter, which starts again from 0 at its range."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "energy_uj"
        self._range = int(_text(folder / "max_energy_range_uj"))
        self._passed = 0
        self.start = self._last = self._raw()

    def read(self) -> int:
        raw = self._raw()
        if raw < self._last:
            self._passed += self._range
        self._last = raw
        return self._passed + raw

    def _raw(self) -> int:
        try:
            return int(_text(self._path))
        except PermissionError:
            raise RuntimeError(
                f"energy: {self._path} may not be read by this user; as root: chmod a+r "
                f"{self._path}"
            ) from None


class NVML:
    """Energy of an NVIDIA GPU since its driver was loaded (Volta and later).

    Parameters
    ----------
    which : str
        UUID of the GPU, or its number among all of the machine, hidden ones included.
    """

    def __init__(self, which: str) -> None:
        try:
            import pynvml
        except ImportError:
            raise RuntimeError(
                "energy: nvml needs the package nvidia-ml-py: pip install 'pyhwnas[nvml]'"
            ) from None
        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
            if which.isdecimal():
                self._handle = pynvml.nvmlDeviceGetHandleByIndex(int(which))
            else:
                self._handle = pynvml.nvmlDeviceGetHandleByUUID(which)
            self.name = f"nvml {pynvml.nvmlDeviceGetName(self._handle)}"
            self.read()
        except pynvml.NVMLError as error:
            raise RuntimeError(f"energy: GPU {which} offers no counter ({error})") from None

    def read(self) -> float:
        """Microjoules of the GPU and its memory."""
        return 1000.0 * float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
