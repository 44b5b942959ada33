"""What a latency depends on besides the network: the device, the runtime and their settings."""

from __future__ import annotations

import functools
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pyhwnas._optional import require
from pyhwnas.latency.backends import LatencyBackend

__all__ = [
    "Fingerprint",
    "available_bytes",
    "cache_bytes",
    "cpu_of",
    "fastest_core",
    "fingerprint",
]

# Instruction sets that runtimes choose their kernels by; the many others do not change a latency.
INSTRUCTION_SETS = frozenset(
    "sse4_2 avx avx2 fma f16c avx_vnni avx512f avx512bw avx512vl avx512_vnni avx512vnni "
    "avx512_bf16 avx512_fp16 amx_tile amx_int8 amx_bf16 neon asimd asimdhp asimddp i8mm bf16 "
    "sve sve2 sme".split()
)
CPUS = Path("/sys/devices/system/cpu")
GROUP = Path("/sys/fs/cgroup")
IDENTITY = (
    "cpu",
    "architecture",
    "instruction_sets",
    "backend",
    "backend_version",
    "threads",
    "precision",
    "batch",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A device and how networks run on it.

    The first eight fields are its identity: a latency measured under another identity says
    nothing here. The others are context, worth a warning where they differ.

    Parameters
    ----------
    cpu : str
        Model name, with family and model where it names none.
    architecture : str
        As in ``platform.machine()``.
    instruction_sets : tuple of str
        Those that runtimes choose their kernels by, sorted.
    backend, backend_version : str
        Name and version of the runtime.
    threads : int
        Threads of one inference.
    precision : str
        Precision that is executed.
    batch : int
        Inputs per inference.
    os, kernel : str
        Operating system and the version of its kernel.
    memory_gib : float
        Main memory.
    cores : int
        Logical cores that this process may use.
    governor : str or None
        Frequency governor, where the system tells.
    load : float or None
        Load average over one minute when the fingerprint was taken.
    virtualised : bool or None
        Whether the CPU reports a hypervisor; None where that cannot be read.
    """

    cpu: str
    architecture: str
    instruction_sets: tuple[str, ...]
    backend: str
    backend_version: str
    threads: int
    precision: str
    batch: int
    os: str = ""
    kernel: str = ""
    memory_gib: float = 0.0
    cores: int = 0
    governor: str | None = None
    load: float | None = None
    virtualised: bool | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fingerprint:
        """Read what `dataclasses.asdict` made of it, after it went through JSON."""
        return cls(**{**data, "instruction_sets": tuple(data["instruction_sets"])})

    @property
    def identity(self) -> dict[str, object]:
        """The fields that must match."""
        return {name: getattr(self, name) for name in IDENTITY}

    def differences(self, other: Fingerprint) -> list[str]:
        """Say where another identity differs from this one; empty where it is the same."""
        return self._compare(other, IDENTITY)

    def warnings(self, other: Fingerprint) -> list[str]:
        """Say where another context (but the load) differs from this one."""
        context = [f.name for f in fields(self) if f.name not in (*IDENTITY, "load")]
        return self._compare(other, context)

    def _compare(self, other: Fingerprint, names: tuple[str, ...] | list[str]) -> list[str]:
        pairs = [(name, getattr(self, name), getattr(other, name)) for name in names]
        return [
            f"{name.replace('_', ' ')}: expected {_show(mine)}, got {_show(theirs)}"
            for name, mine, theirs in pairs
            if mine != theirs
        ]


def fingerprint(backend: LatencyBackend, *, batch: int = 1) -> Fingerprint:
    """Take the fingerprint of this machine under a backend.

    Parameters
    ----------
    backend : LatencyBackend
        One that computes elsewhere, on a GPU or behind a tracker, names that device in an
        attribute `device_name`; then the fingerprint says nothing of this machine.
    batch : int
        Inputs per inference.

    Returns
    -------
    Fingerprint
    """
    if elsewhere := getattr(backend, "device_name", ""):
        return Fingerprint(
            cpu=elsewhere,
            architecture="",
            instruction_sets=(),
            backend=backend.name,
            backend_version=backend.version(),
            threads=backend.threads,
            precision=backend.precision,
            batch=batch,
        )
    cpu, flags = _cpu()
    return Fingerprint(
        cpu=cpu,
        architecture=platform.machine(),
        instruction_sets=tuple(sorted(INSTRUCTION_SETS.intersection(flags))),
        backend=backend.name,
        backend_version=backend.version(),
        threads=backend.threads,
        precision=backend.precision,
        batch=batch,
        os=platform.system(),
        kernel=platform.release(),
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        cores=_cores(),
        governor=_read(CPUS / "cpu0/cpufreq/scaling_governor"),
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        virtualised="hypervisor" in flags if flags and sys.platform == "linux" else None,
    )


def available_bytes() -> int:
    """Read how much memory is to be had, or half of all of it where the system does not tell.

    In a container that is what its control group leaves, if that is less. Files that are cached
    and not in use give way, there too.
    """
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    for line in (_read(Path("/proc/meminfo")) or "").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            free = int(value.split()[0]) * 1024
    limit, used = (_read(GROUP / f"memory.{name}") or "" for name in ("max", "current"))
    if not (limit.isdecimal() and used.isdecimal()):
        return free
    rows = (line.split() for line in (_read(GROUP / "memory.stat") or "").splitlines())
    cached = sum(int(size) for name, size in rows if name == "inactive_file")
    return min(free, int(limit) - int(used) + cached)


def fastest_core() -> int:
    """Choose a core to measure on: of those with the highest clock the last one.

    Interrupts go to the first, and where cores differ (performance and efficiency) it is the fast
    ones that a single thread is given.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    clock = "cpufreq/cpuinfo_max_freq"
    return max(cores, key=lambda core: (int(_read(CPUS / f"cpu{core}" / clock) or 0), core))


def cache_bytes() -> int | None:
    """Read the size of the cache that such a core has for itself (level 2), None if unknown."""
    folder = CPUS / f"cpu{fastest_core()}" / "cache"
    for index in sorted(folder.glob("index*")):
        size = _read(index / "size") or ""
        if _read(index / "level") == "2" and size.endswith("K"):
            return int(size[:-1]) * 1024
    return None


@functools.cache
def _cpu() -> tuple[str, frozenset[str]]:
    """Model name and flags; on Linux from the kernel, where py-cpuinfo needs a second."""
    text = _read(Path("/proc/cpuinfo")) or ""
    board = (_read(Path("/proc/device-tree/model")) or "").strip("\0")
    name, flags = cpu_of(text, board)
    if name and flags:
        return name, flags
    info = require("cpuinfo", extra="search").get_cpu_info()
    name = info.get("brand_raw") or platform.processor() or "unknown"
    return name, frozenset(info.get("flags", ()))


def cpu_of(text: str, board: str) -> tuple[str, frozenset[str]]:
    """Read a CPU's name and flags from ``/proc/cpuinfo``, and the name of its board if need be.

    ARM kernels number the core and leave its name to the board. Some virtual machines keep the
    model to themselves and say ``AMD EPYC``: then family and model follow.
    """
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    found = {name.strip(): value.strip() for name, value in lines.items()}
    part = " ".join(found[name] for name in ("CPU implementer", "CPU part") if name in found)
    name = found.get("model name") or " ".join(filter(None, (board, part)))
    if name and "cpu family" in found and not any(map(str.isdigit, name)):
        name += f" (family {found['cpu family']}, model {found.get('model', 'unknown')})"
    return name, frozenset((found.get("flags") or found.get("Features") or "").split())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _show(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)
