"""Objectives that are measured on a device, network by network, while a search goes on."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from pyhwnas import networks
from pyhwnas._describe import Json, describe, describe_fields
from pyhwnas.errors import DeviceError, EvaluationError, LatencyTableError, SpaceError
from pyhwnas.history import Floats, Ints
from pyhwnas.latency import Host, LatencyBackend, Local, Measurement, Settings
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.measuring.measure import Found, look, try_networks
from pyhwnas.problem import Cost, Sense
from pyhwnas.spaces import Space

__all__ = ["MeasuredEnergy", "MeasuredLatency"]


@dataclass(frozen=True)
class _Measured(ABC):
    """Whole networks on a device; what of them counts is the subclass's."""

    space: Space
    backend: LatencyBackend = field(default_factory=OnnxRuntimeBackend)
    host: Host = field(default_factory=Local)
    settings: Settings = field(default_factory=lambda: Settings(rounds=8))
    processes: int = 2
    batch: int = 1
    seed: int = 0
    reference_ms: float | None = None
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "expensive"
    name: ClassVar[str]
    unit: ClassVar[str]

    def __call__(self, X: Ints) -> Floats:
        """Build and measure the networks of a batch side by side, float64[n].

        Raises
        ------
        EvaluationError
            If some rows failed: with the values of the others and the reasons of these.
        DeviceError, MissingExtraError
            If the device is at fault, and no row: it cannot be reached, lacks the runtime or the
            counter, or has become another one.
        """
        values = np.full(len(X), np.nan)
        built, errors = self._build(X)
        if built:
            for row, found in self._measure(built).items():
                if isinstance(found, str):
                    errors[row] = found
                else:
                    values[row] = self._value(found)
        if errors:
            message = f"objective {self.name} failed on {len(errors)} of {len(X)} rows"
            raise EvaluationError(message, values=values, errors=errors)
        return values

    def describe(self) -> dict[str, Json]:
        """Describe the settings and the device: a run goes on only where it began.

        Raises
        ------
        DeviceError
            If the device cannot be reached.
        """
        return describe_fields(self) | {"device": describe(self._device.device.identity)}

    def _build(self, X: Ints) -> tuple[dict[str, networks.Network], dict[int, str]]:
        built, errors = {}, {}
        for row, x in enumerate(X):
            try:
                built[str(row)] = networks.build(self.space, x)
            except SpaceError as error:
                errors[row] = str(error)
        return built, errors

    def _measure(self, built: dict[str, networks.Network]) -> dict[int, Measurement | str]:
        try:
            found = try_networks(
                built,
                self._device,
                backend=self.backend,
                host=self.host,
                settings=self.settings,
                processes=self.processes,
                batch=self.batch,
                seed=self.seed,
                reference_ms=self.reference_ms,
            )
        except DeviceError:
            raise
        except OSError as error:  # the disk is full, or a process cannot be started
            raise DeviceError(f"nothing can be measured from this machine: {error}") from error
        except LatencyTableError as error:  # none of them could be timed
            return {int(row): str(error) for row in built}
        return {int(row): value for row, value in found.items()}

    @functools.cached_property
    def _device(self) -> Found:
        """What rows are measured on, looked at once: it is to stay the same."""
        return look(self.backend, self.host, batch=self.batch, energy=self.settings.energy)

    @abstractmethod
    def _value(self, found: Measurement) -> float: ...


@dataclass(frozen=True)
class MeasuredLatency(_Measured):
    """Milliseconds of one inference, measured whole on a device.

    Parameters
    ----------
    space : Space
        A space with a plan.
    backend : LatencyBackend
        What runs networks; ONNX Runtime on one thread by default.
    host : Host
        Where; the machine at hand by default.
    settings : Settings
        How times are taken, with fewer rounds than a table's by default.
    processes : int
        Timing processes, one after the other.
    batch : int
        Inputs of one inference.
    seed : int
        Of the order of measurements.
    reference_ms : float, optional
        Speed that times are taken to, such as `LatencyTable.reference_ms`. Without it batches are
        each taken to the usual speed while they were measured, which on an unsteady machine
        differs from batch to batch.

    Notes
    -----
    Rows of one call are measured in the same shuffled rounds, so that they can be compared best;
    the same row measured again gives another number, by about the re-measure floor of a table. A
    table's prediction (`Latency`) costs nothing and is about as close: measure where there is no
    table, or to check one. A device that cannot be reached, or is another one than at the first
    row, stops a search, which goes on when it is run again; on another device its file is refused.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> MeasuredLatency(spaces.NASBench201()).cost
    'expensive'
    """

    name = "measured_latency_ms"
    unit = "ms"

    def _value(self, found: Measurement) -> float:
        return found.ms


@dataclass(frozen=True)
class MeasuredEnergy(_Measured):
    """Millijoules of one inference, counted whole on a device that has a counter.

    The energy is the counter's: that of a CPU's packages and their memory, with all that they do
    besides, or that of a GPU.

    Parameters
    ----------
    space, backend, host, settings, processes, batch, seed, reference_ms
        See `MeasuredLatency`.
    counter : str
        What to count by, see `pyhwnas.latency.measuring.energy.open_counter`.
    """

    counter: str = "powercap"
    name = "measured_energy_mj"
    unit = "mJ"

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", replace(self.settings, energy=self.counter))

    def _value(self, found: Measurement) -> float:
        return float(np.nanmedian(found.processes_mj))
