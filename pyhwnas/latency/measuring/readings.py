"""How times are taken, and what they come to: from calls to rounds to processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from pyhwnas.latency.backends import Clock
from pyhwnas.latency.measuring.designs import Design
from pyhwnas.latency.spread import process_interval
from pyhwnas.networks import Unit

__all__ = [
    "ANCHOR",
    "PROTOCOL",
    "Measurement",
    "Process",
    "Readings",
    "Settings",
    "Statistic",
    "Visit",
]

Window: TypeAlias = tuple[int, int, int, int]
PROTOCOL = 1
"""Version of the way times are taken; see `pyhwnas.latency.measuring.agent`."""

Statistic: TypeAlias = Literal["min", "p25", "median"]
QUANTILES: Mapping[Statistic, float] = {"min": 0.0, "p25": 0.25, "median": 0.5}

# A network of its own, so that anchor readings of different spaces can be compared. It must slow
# down as whole networks do: where those ran 1.27 to 1.35 times slower in a machine's slow state
# than in its fast one, this one did so 1.28 to 1.38 times, but one of a tenth of its size, which
# lives in the nearest caches, 1.6 to 1.7 times.
ANCHOR = Unit.parse(
    "3x112x112: conv16k3s2b hswish conv64k1b relu conv64k3s2g64b relu conv24k1b conv96k1b relu "
    "conv96k5s2g96b relu conv40k1b conv240k1b hswish conv240k3s2g240b hswish conv80k1b conv480k1b "
    "hswish conv480k5g480b hswish conv80k1b conv480k1b hswish conv480k3s2g480b hswish conv160k1b "
    "conv960k1b hswish gap conv1280k1b hswish linear1000b"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How times are taken; stored in every table.

    Parameters
    ----------
    rounds : int
        Most rounds over all models in one process.
    calls : int
        Timed calls in each visit of a model, after one that is thrown away.
    warmups : int
        Calls after loading, before the first round.
    target_interval : float
        A model is left alone once the 90 % interval of its statistic, of the lower quartile for
        the minimum, is within this fraction of it to either side. Judged by the times that count
        as they were read, before drift is divided out of them.
    disturbed : float
        A visit is disturbed if the anchor beside it was this many times slower or faster than
        usual, or wall time this many times CPU time.
    statistic : {"min", "p25", "median"}, optional
        Which of a process's readings stands for it. Without it, the lower quartile of CPU time,
        and the median of the wall clock or a runner's: with several threads it is the usual wait
        for the last one that counts.
    cold_bytes : int
        Units with at least this many bytes of float32 weights are timed cold: the flush buffer is
        written before each call. In a network such weights come from outer caches, while the code
        and data of smaller units are still there from their neighbours. Whole networks run warm.
    flush_bytes : int, optional
        Size of that buffer. Without it, twice the cache that a core of the device has for itself,
        or 8 MiB where that cannot be read.
    design : {"carrier", "chain", "alone"}
        How a unit is timed, see `pyhwnas.latency.measuring.designs`.
    energy : str, optional
        Counter of energy to read beside the clock, see
        `pyhwnas.latency.measuring.energy.open_counter`.
    energy_ms : float
        Least duration of a visit if energy is counted, in milliseconds.

    Notes
    -----
    The statistic was chosen on an unsteady two-core AVX-512 guest with ONNX Runtime 1.31, by the
    mean error around the best common scale on 28 NAS-Bench-201 and 20 MobileNetV3 networks, two
    runs of two processes each: lower quartile 4.2 to 5.2 %, median 3.5 to 5.6 %, minimum 8 to 14 %.

    What is timed cold was chosen by `bench.latency` with ONNX Runtime, OpenVINO and PyTorch. On
    NAS-Bench-201, where no unit has 256 KiB, errors were 3.7, 3.7 and 1.8 % on an Intel Xeon, and
    cold from 32 KiB on 4.7, 5.4 and 2.4 %; on an AMD EPYC two runs each, 2.1 to 3.0 % and 2.0 to
    3.2 %, were in turns the better. On MobileNetV3 runs did not agree on a difference.

    The target counts on quiet machines alone, on others no model reaches it: six pairs of tables of
    NAS-Bench-201 on the EPYC were off by 2.6 % on average in 10 s, and with a target of 2 % by
    3.7 % in 8 s, each of six the better.
    """

    rounds: int = 24
    calls: int = 3
    warmups: int = 5
    target_interval: float = 0.01
    disturbed: float = 1.2
    statistic: Statistic | None = None
    cold_bytes: int = 2**18
    flush_bytes: int | None = None
    design: Design = "carrier"
    energy: str | None = None
    energy_ms: float = 25.0

    def __post_init__(self) -> None:
        for name, least in (("rounds", 1), ("calls", 1), ("warmups", 0), ("cold_bytes", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}: expected at least {least}, got {getattr(self, name)}")
        if not 0 < self.target_interval < 1:
            raise ValueError(f"target_interval: expected 0 to 1, got {self.target_interval}")
        if not self.disturbed > 1:
            raise ValueError(f"disturbed: expected more than 1, got {self.disturbed}")
        if self.flush_bytes is not None and self.flush_bytes < 1:
            raise ValueError(f"flush_bytes: expected at least 1, got {self.flush_bytes}")
        if not self.energy_ms > 0:
            raise ValueError(f"energy_ms: expected more than 0, got {self.energy_ms}")
        for name, known in (("statistic", (*QUANTILES, None)), ("design", get_args(Design))):
            if getattr(self, name) not in known:
                words = ", ".join(word for word in known if word)
                raise ValueError(f"{name}: expected {words}, got {getattr(self, name)!r}")

    def on(self, cache_bytes: int | None, clock: Clock) -> Settings:
        """Fill in what a device and a clock decide: the buffer that flushes, the statistic."""
        return replace(
            self,
            flush_bytes=self.flush_bytes or 2 * (cache_bytes or 2**22),
            statistic=self.statistic_of(clock),
        )

    def statistic_of(self, clock: Clock) -> Statistic:
        """Choose what stands for a process: what was asked for, else by the clock."""
        return self.statistic or ("p25" if clock in ("cpu", "process") else "median")


class Visit(NamedTuple):
    """What one visit of a model saw; `window` is (attempt, chunk, round, segment).

    `own_ns` is what the backend's clock said, where that is not the wall clock; `uj` are the
    microjoules of a call, if they were counted.
    """

    window: Window
    wall_ns: list[int]
    own_ns: list[int]
    uj: float | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """All that one timing process saw, in plain values.

    Parameters
    ----------
    visits : dict of str to list of Visit
        By model; the anchor under the key of its unit.
    failed : dict of str to str
        Models that could not be timed, here or in earlier processes, and why.
    stop : str
        What ended the rounds: ``"interval"`` (all models had settled), ``"rounds"`` or ``"time"``.
    unsettled : tuple of str
        Models whose interval was not within the target in the end.
    """

    visits: dict[str, list[Visit]]
    failed: dict[str, str]
    stop: str
    unsettled: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        names = ("visits", "failed", "stop", "unsettled")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Process:
        """Read what `to_json` returned, after it went through JSON."""
        visits = {
            key: [Visit((w[0], w[1], w[2], w[3]), *rest) for w, *rest in rows]
            for key, rows in data["visits"].items()
        }
        return cls(visits, dict(data["failed"]), data["stop"], tuple(data["unsettled"]))


@dataclass(frozen=True, slots=True)
class Measurement:
    """A model over all processes.

    Parameters
    ----------
    key : str
        Unit key, or the name of a network.
    ms : float
        Median over processes of the statistic that was asked for.
    low_ms, high_ms : float or None
        90 % interval of it over processes; None for a single one.
    min_ms, p25_ms, median_ms : float
        Median over processes of each process's minimum, lower quartile and median.
    samples, rejected : int
        Calls used and calls left out.
    processes : tuple of float
        Each process's own value in milliseconds, NaN where it saw too little.
    contended : bool
        Whether other programs had the core too often to leave their rounds out.
    unsettled : bool
        Whether its interval within a process was not as narrow as asked for.
    processes_mj : tuple of float
        Each process's mean energy of a call in millijoules, NaN where it was not counted.
    """

    key: str
    ms: float
    low_ms: float | None
    high_ms: float | None
    min_ms: float
    p25_ms: float
    median_ms: float
    samples: int
    rejected: int
    processes: tuple[float, ...]
    contended: bool
    unsettled: bool
    processes_mj: tuple[float, ...]


class _Used(NamedTuple):
    """A model's calls in one process that count: milliseconds at the reference speed."""

    times: npt.NDArray[np.float64]
    mj: float
    rejected: int
    contended: bool


class Readings:
    """Processes put together: disturbed visits left out, drift divided out.

    Parameters
    ----------
    processes : sequence of Process
        At least one.
    clock : {"cpu", "process", "wall", "runner"}
    settings : Settings
    reference_ms : float, optional
        The speed to take times to, if not this measurement's own.

    Attributes
    ----------
    usual_ms : float
        Median of the anchor.
    reference_ms : float
        All times are taken to the speed at which the anchor needs this; else the usual one.
    disturbed : float
        Share of visits at an unusual speed, by the anchor beside them or by wall over CPU time.
    contention : float
        Median of wall over CPU time; 1 where CPU time is not read.

    Notes
    -----
    A visit is disturbed if the anchor before or after it was much slower or faster than usual
    (`Settings.disturbed`), or, with a CPU clock, if the wall clock ran ahead of it: another
    program came or went, on the core or on the other half of it. Models suffer from that in
    different degrees, so only visits at the usual speed are compared. Where less than a third of a
    model's visits in a process remain all are used, and it is marked as contended. Every time is
    then divided by the anchor's slowness beside it, which also puts processes on one footing: on a
    busy machine whole processes can run at different speeds.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        clock: Clock,
        settings: Settings,
        *,
        reference_ms: float | None = None,
    ) -> None:
        self._processes = processes
        self._clock = clock
        self._settings = settings
        self._statistic = settings.statistic_of(clock)
        self._slowness = [self._levels(process) for process in processes]
        levels = [level for found in self._slowness for pair in found.values() for level in pair]
        self.usual_ms = float(np.median(levels))
        self.reference_ms = reference_ms or self.usual_ms
        visits = [
            (visit, windows)
            for process, windows in zip(processes, self._slowness, strict=True)
            for rows in process.visits.values()
            for visit in rows
            if visit.window in windows
        ]
        self.contention = float(np.median([self._contention(visit) for visit, _ in visits]))
        self.disturbed = float(np.mean([self._is_disturbed(*pair) for pair in visits]))

    def of(self, key: str) -> Measurement | None:
        """Put the readings of one model together; None if there are none or it failed."""
        if key in self._processes[-1].failed:
            return None
        found = [
            self._used(process.visits.get(key, ()), windows)
            for process, windows in zip(self._processes, self._slowness, strict=True)
        ]
        rows = [row for row in found if row.times.size]
        if not rows:
            return None
        quantiles = np.array([np.quantile(row.times, [*QUANTILES.values()]) for row in rows])
        values = quantiles[:, [*QUANTILES].index(self._statistic)].tolist()
        low, high = process_interval(values) or (None, None)
        least, quarter, half = np.median(quantiles, axis=0).tolist()
        by_process = iter(values)
        return Measurement(
            key=key,
            ms=float(np.median(values)),
            low_ms=low,
            high_ms=high,
            min_ms=least,
            p25_ms=quarter,
            median_ms=half,
            samples=sum(len(row.times) for row in rows),
            rejected=sum(row.rejected for row in rows),
            processes=tuple(next(by_process) if row.times.size else np.nan for row in found),
            contended=any(row.contended for row in rows),
            unsettled=any(key in process.unsettled for process in self._processes),
            processes_mj=tuple(row.mj for row in found),
        )

    def anchor_ms(self) -> tuple[float, ...]:
        """Return the anchor's median in each process, as it was read."""
        rows = [process.visits[ANCHOR.key] for process in self._processes]
        return tuple(
            float(np.median([ns for v in visits for ns in _times(v, self._clock)])) / 1e6
            for visits in rows
        )

    def _levels(self, process: Process) -> dict[Window, tuple[float, float]]:
        """Return the anchor before and after each segment, in milliseconds."""
        level = {
            visit.window: float(np.median(_times(visit, self._clock))) / 1e6
            for visit in process.visits[ANCHOR.key]
        }
        following = ((w, (w[0], w[1], w[2], w[3] + 1)) for w in level)
        return {w: (level[w], level[after]) for w, after in following if after in level}

    def _is_disturbed(self, visit: Visit, windows: Mapping[Window, tuple[float, float]]) -> bool:
        limit = self._settings.disturbed
        unusual = any(
            not 1 / limit <= level / self.usual_ms <= limit for level in windows[visit.window]
        )
        return unusual or self._contention(visit) > limit

    def _contention(self, visit: Visit) -> float:
        if self._clock in ("wall", "runner"):
            return 1.0
        return sum(visit.wall_ns) / max(sum(visit.own_ns), 1)

    def _used(
        self, visits: Sequence[Visit], windows: Mapping[Window, tuple[float, float]]
    ) -> _Used:
        # The anchor after a segment is missing only where the process died in it.
        usable = [visit for visit in visits if visit.window in windows]
        calm = [visit for visit in usable if not self._is_disturbed(visit, windows)]
        contended = 3 * len(calm) < len(usable)
        used = usable if contended else calm
        times = np.array(
            [
                ns * self.reference_ms / sum(windows[visit.window]) * 2e-6
                for visit in used
                for ns in _times(visit, self._clock)
            ]
        )
        # Energy is left as it was counted: a core that is slowed down needs less of it each second.
        # Sums over visits, since a counter may move in steps that are longer than one of them.
        counted = [(visit.uj, len(visit.wall_ns)) for visit in used if visit.uj is not None]
        calls = sum(n for _, n in counted)
        mj = sum(uj * n for uj, n in counted) / calls / 1000 if calls else np.nan
        rejected = sum(len(visit.wall_ns) for visit in visits) - len(times)
        return _Used(times, mj, rejected, contended)


def _times(visit: Visit, clock: Clock) -> list[int]:
    return visit.wall_ns if clock == "wall" else visit.own_ns
