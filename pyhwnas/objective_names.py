"""Objectives by name: the one place that knows what a name on a command line stands for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyhwnas import objectives, proxies
from pyhwnas.devices import ENERGY, LATENCY, is_latency, make_energy, make_latency
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.names import construct, load
from pyhwnas.problem import Objective
from pyhwnas.proxies.modules import MEASURES, Measure, ModuleScore
from pyhwnas.spaces import Space

if TYPE_CHECKING:
    from pyhwnas.latency import LatencyBackend, LatencyTable

__all__ = ["OBJECTIVES", "External", "Ingredients", "make_objective"]


@dataclass(frozen=True, slots=True)
class External:
    """An objective whose values people bring: `pyhwnas ask` and `pyhwnas tell`.

    Parameters
    ----------
    space : Space
    name : str
    sense : {"min", "max"}
    """

    space: Space
    name: str
    sense: Any
    unit: str = ""
    cost: Any = "expensive"

    def __call__(self, X: Any, /) -> Any:
        """Refuse: there is nothing here to compute."""
        raise ValueError(
            f"objective {self.name} is measured elsewhere: write rows out with 'pyhwnas ask', "
            "evaluate them, and hand the values in with 'pyhwnas tell'"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredients:
    """What objectives are made of, beside their space.

    Parameters
    ----------
    seed : int
        Of random weights.
    images : str
        Folder of images for scores that need some, with a folder for each class if they have
        labels; by default patches of a bundled photograph.
    n_images, image_size : int
        Number of images and their size in pixels.
    threads : int
        For computing.
    table : LatencyTable, optional
        What latency is predicted from.
    devices : mapping of str to str
        Other devices by name: the path of a latency table, or the name of a published one.
    backend : callable, optional
        Makes what runs networks on this device, for objectives that are measured; ONNX Runtime on
        one thread without it.
    batch_size : int
        Inputs per inference there.
    energy : str
        Counter of energy there, see `pyhwnas.latency.measuring.energy.open_counter`.
    """

    seed: int = 0
    images: str = ""
    n_images: int = 16
    image_size: int = 96
    threads: int = 1
    table: LatencyTable | None = None
    devices: Mapping[str, str] = field(default_factory=dict)
    backend: Callable[[], LatencyBackend] = OnnxRuntimeBackend
    batch_size: int = 1
    energy: str = "powercap"

    def batch(self, space: Space) -> Any:
        """Return the images, no larger than the input of the space's networks."""
        size = self.image_size
        if space.plan is not None:
            size = min(size, *(unit.inputs[0][1] for unit in space.plan.slots[0].candidates))
        return _images(self.images, self.n_images, size)

    def labels(self, space: Space) -> npt.NDArray[np.int64]:
        """Return the classes of the images; random ones where nobody knows them."""
        n_classes = 10 if space.plan is None else space.plan.slots[-1].candidates[0].out_shape[0]
        known = proxies.image_labels(self.images, self.n_images) if self.images else None
        if known is None:
            return np.random.default_rng(self.seed).integers(0, n_classes, self.n_images)
        if known.max() >= n_classes:
            raise ValueError(
                f"images: expected at most {n_classes} classes, as the networks have, got "
                f"{known.max() + 1} folders in {self.images}; give the space as many classes"
            )
        return known


@functools.lru_cache(maxsize=1)
def _images(folder: str, n: int, size: int) -> Any:
    return proxies.load_images(folder, n, size) if folder else proxies.sample_images(n, size)


def _icd(space: Space, of: Ingredients) -> Objective:
    return proxies.ICD(space, of.batch(space), seed=of.seed, threads=of.threads)


def _naswot(space: Space, of: Ingredients) -> Objective:
    return proxies.NASWOT(space, of.batch(space), seed=of.seed, threads=of.threads)


def _synflow(space: Space, of: Ingredients) -> Objective:
    return proxies.Synflow(space, seeds=(of.seed,), threads=of.threads)


def _module_score(measure: Measure, space: Space, of: Ingredients) -> Objective:
    labels = of.labels(space) if measure.needs == "labels" else None
    images = of.batch(space)
    return ModuleScore(space, measure, images, labels, seed=of.seed, threads=of.threads)


def _measured_latency(space: Space, of: Ingredients) -> Objective:
    return objectives.MeasuredLatency(
        space,
        of.backend(),
        batch=of.batch_size,
        seed=of.seed,
        reference_ms=None if of.table is None else of.table.reference_ms,
    )


def _measured_energy(space: Space, of: Ingredients) -> Objective:
    return objectives.MeasuredEnergy(
        space, of.backend(), batch=of.batch_size, seed=of.seed, counter=of.energy
    )


Maker: TypeAlias = Callable[[Space, Ingredients], Objective]
OBJECTIVES: Mapping[str, Maker] = MappingProxyType(
    {
        "synflow_expected": lambda space, of: proxies.SynflowExpected(space, threads=of.threads),
        "synflow": _synflow,
        "naswot": _naswot,
        "icd": _icd,
        LATENCY: lambda space, of: make_latency(LATENCY, space, of.table, of.devices),
        ENERGY: lambda space, of: make_energy(space, of.table),
        "measured_latency_ms": _measured_latency,
        "measured_energy_mj": _measured_energy,
        "macs": lambda space, of: objectives.Macs(space),
        "params": lambda space, of: objectives.Params(space),
        "model_size_mb": lambda space, of: objectives.ModelSize(space),
        "peak_memory_mb": lambda space, of: objectives.PeakMemory(space, threads=of.threads),
        **{name: functools.partial(_module_score, MEASURES[name]) for name in MEASURES},
    }
)
"""What makes each objective that has a name of its own."""


def make_objective(name: str, space: Space, of: Ingredients) -> Objective:
    """Make an objective of a space by its name.

    Parameters
    ----------
    name : str
        One of `OBJECTIVES`; ``"latency_ms@NAME"`` for another device; ``"file.py:name"`` or
        ``"module:name"`` for a callable that makes an objective of a space; ``"name:min"`` or
        ``"name:max"`` for `External` values.
    space : Space
    of : Ingredients

    Returns
    -------
    Objective

    Raises
    ------
    ValueError
        For an unknown name, or where something is missing that the objective is made of.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> make_objective("macs", spaces.NASBench201(), Ingredients()).sense
    'min'
    """
    if name in OBJECTIVES:
        return OBJECTIVES[name](space, of)
    if is_latency(name):
        return make_latency(name, space, of.table, of.devices)
    head, colon, tail = name.rpartition(":")
    if not colon:
        raise ValueError(
            f"unknown objective {name!r}; expected {', '.join(OBJECTIVES)}, 'file.py:name', "
            "'module:name', or 'name:min' / 'name:max' for values that you bring"
        )
    if tail in ("min", "max"):
        return External(space, head, tail)
    maker = load("objectives", name)
    made = maker
    if callable(maker):
        made = construct(functools.partial(maker, space), {}, f"objective {name!r}")
    if not isinstance(made, Objective):
        raise ValueError(
            f"objective {name!r}: expected a callable that makes an objective of a space, with "
            f"name, unit, sense and cost; got {type(made).__name__}"
        )
    return made
