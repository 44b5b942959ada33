"""FBNet: costs on devices, added up from tables, and 5 000 networks measured as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from pyhwnas import _core
from pyhwnas._describe import Json, describe
from pyhwnas.benchmarks.finite import Column, Finite, Light, plain
from pyhwnas.benchmarks.sources import FBNET_HELP, FBNET_LUT, HWNASBENCH, Source
from pyhwnas.benchmarks.tables import Array, PathLike, find
from pyhwnas.errors import BenchmarkError
from pyhwnas.history import Floats, Ints, Sense
from pyhwnas.problem import Cost
from pyhwnas.spaces import FBNet
from pyhwnas.spaces.fbnet import BLOCKS, N_LAYERS

__all__ = ["FBNET_DEVICES", "FBNetCost", "FBNetMeasured"]

Quantity: TypeAlias = Literal[
    "edgegpu_latency",
    "edgegpu_energy",
    "raspi4_latency",
    "pixel3_latency",
    "eyeriss_latency",
    "eyeriss_energy",
    "fpga_latency",
    "fpga_energy",
]
SETTINGS = {32: "cifar100", 224: "ImageNet"}
UNITS = {"latency": "ms", "energy": "mJ"}
RECOVERED = ("raspi4", "pixel3", "eyeriss", "fpga")
GPUS = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
FBNET_DEVICES = (
    *(f"{gpu}_{batch}" for gpu in GPUS for batch in (1, 32, 64)),
    *("silver_4114", "silver_4210r", "gold_6226", "gold_6240"),
    *("samsung_a50", "samsung_s7", "essential_ph_1", "pixel2", "pixel3"),
    *("raspi4", "eyeriss", "fpga"),
)
"""Devices of HELP; a GPU's name ends with the batch size."""


@dataclass(frozen=True)
class FBNetCost(Light):
    """Latency or energy by HW-NAS-Bench's tables of operations, summed over the network.

    Parameters
    ----------
    space : FBNet
        With 32 pixels (the CIFAR-100 networks) or 224 (the ImageNet ones).
    quantity : str
        Device and what is measured on it: ``"raspi4_latency"``, ``"eyeriss_energy"``, ...
    path : path, optional
        The folder with the files; `PYHWNAS_DATA` if left out.

    Notes
    -----
    Read from HW-NAS-Bench's pickle where that has been converted. Otherwise latencies of CIFAR-100
    networks on the Raspberry Pi 4, Pixel 3, Eyeriss and FPGA come from a table that was recovered
    from sums of 5 000 networks; it reproduces them to 1e-7 of their value, which is their single
    precision.

    References
    ----------
    Li et al., 2021, https://openreview.net/forum?id=_0kaDkv3dVf
    """

    space: FBNet
    quantity: Quantity
    path: PathLike | None = None
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "cheap"

    def __post_init__(self) -> None:
        device, _, kind = self.quantity.rpartition("_")
        if kind not in UNITS or not device:
            raise ValueError(
                f"quantity: expected a device and _latency or _energy, got {self.quantity!r}"
            )
        if self.space.resolution not in SETTINGS:
            raise ValueError(
                f"space: expected a resolution of 32 or 224, got {self.space.resolution}"
            )

    @property
    def name(self) -> str:
        """The quantity and its unit: ``"raspi4_latency_ms"``."""
        return f"{self.quantity}_{self.unit.lower()}"

    @property
    def unit(self) -> str:
        """Milliseconds or millijoules."""
        return UNITS[self.quantity.rpartition("_")[2]]

    @property
    def source(self) -> Source:
        """The file that the costs come from."""
        return self._published[0]

    @property
    def parts(self) -> tuple[float, Floats]:
        """What all networks have, and 22 layers of nine choices, float64[22, 9]."""
        return float(self._costs[0]), self._costs[1:].reshape(N_LAYERS, len(BLOCKS))

    @cached_property
    def _costs(self) -> Floats:
        """What all networks have, then 22 layers of nine choices."""
        _, layers, fixed = self._published
        if layers.shape != (N_LAYERS, len(BLOCKS)) or fixed.size != 1:
            raise BenchmarkError(
                f"{self.name}: expected {N_LAYERS} layers of {len(BLOCKS)} costs, "
                f"got {layers.shape}"
            )
        costs: Floats = np.concatenate([fixed.ravel(), layers.ravel()]).astype(np.float64)
        return costs

    @cached_property
    def _published(self) -> tuple[Source, Array, Array]:
        """Read costs by layer and choice, and what all networks have."""
        setting = SETTINGS[self.space.resolution]
        device, _, kind = self.quantity.rpartition("_")
        try:
            source, table = HWNASBENCH, find(HWNASBENCH, self.path)
        except BenchmarkError:
            if setting != "cifar100" or device not in RECOVERED or kind != "latency":
                raise
            source, table = FBNET_LUT, find(FBNET_LUT, self.path)
            names = (f"{device}_lut_minus_skip_ms", f"{device}_const_ms")
        else:
            names = (f"fbnet_{setting}_{self.quantity}", f"fbnet_{setting}_{self.quantity}_fixed")
        return source, table[names[0]], table[names[1]]

    def __call__(self, X: Ints) -> Floats:
        """Add up the table for whole populations, float64[n]."""
        X = self.space.canonical(X)
        layers = 1 + np.arange(N_LAYERS) * len(BLOCKS) + X
        ids = np.concatenate([np.zeros((len(X), 1), dtype=np.int64), layers], axis=1)
        costs: Floats = _core.gather_sum(self._costs, ids.astype(np.int32), 1)
        return costs

    def describe(self) -> Json:
        """Describe the costs by their checksum."""
        return {"type": "pyhwnas.benchmarks.FBNetCost", "costs": describe(self._costs)}


@dataclass(frozen=True)
class FBNetMeasured(Finite):
    """5 000 networks of the FBNet space, each measured on 27 devices.

    Parameters
    ----------
    path : path, optional
        ``fbnet_latency_help.npz``, or the folder that it is in; `PYHWNAS_DATA` if left out.

    Notes
    -----
    Objectives are ``raspi4_latency_ms`` and so on, see `FBNET_DEVICES`; other networks of the
    space have no value (NaN). They are a test of latency predictors, not a space to search in.

    References
    ----------
    Lee et al. (HELP), 2021, https://doi.org/10.48550/arXiv.2106.08630
    """

    columns: ClassVar[Mapping[str, Column]] = MappingProxyType(
        {
            f"{device}_latency_ms": Column(FBNET_HELP, device, "ms", "min", "cheap", plain)
            for device in FBNET_DEVICES
        }
    )

    @property
    def space(self) -> FBNet:
        """The space of the CIFAR-100 networks."""
        return _SPACE

    @cached_property
    def X(self) -> Ints:
        """The 5 000 networks in HELP's order."""
        X: Ints = find(FBNET_HELP, self.path)["arch"].astype(np.int64)
        X.setflags(write=False)
        return X


_SPACE = FBNet()
