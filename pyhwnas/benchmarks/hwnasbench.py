"""HW-NAS-Bench's pickle, read without running anything that it may hold."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas.benchmarks.tables import Array
from pyhwnas.errors import BenchmarkError
from pyhwnas.networks import Conv, Linear, Unit
from pyhwnas.spaces import FBNet
from pyhwnas.spaces.fbnet import BLOCKS, SKIP

__all__ = ["FBNET_METRICS", "read_pickle"]

DATASETS = {"cifar10": "cifar10", "cifar100": "cifar100", "ImageNet16-120": "in16"}
FBNET_SETTINGS = {"cifar100": FBNet(100, 32), "ImageNet": FBNet(1000, 224)}
FBNET_METRICS = (
    *("edgegpu_latency", "edgegpu_energy", "raspi4_latency", "pixel3_latency"),
    *("eyeriss_latency", "eyeriss_energy", "fpga_latency", "fpga_energy"),
)
ALLOWED = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("builtins", "dict"),
    ("builtins", "list"),
    ("builtins", "float"),
    ("builtins", "int"),
    ("builtins", "complex"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"),
    ("_codecs", "encode"),
}
"""What a pickle of numbers, text and containers refers to."""


class _Restricted(pickle.Unpickler):
    """Builds containers, numbers and arrays of numbers, nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}")
        if module.startswith("numpy.") and np.lib.NumpyVersion(np.__version__) >= "2.0.0":
            module = module.replace("numpy.core", "numpy._core")
        return super().find_class(module, name)


def read_pickle(path: Path) -> dict[str, Array]:
    """Read HW-NAS-Bench's measurements as columns.

    Parameters
    ----------
    path : Path
        ``HW-NAS-Bench-v1_0.pickle``.

    Returns
    -------
    dict of str to ndarray
        ``cifar10_edgegpu_latency`` (ms), ``cifar10_eyeriss_energy`` (mJ) and so on,
        float64[15625]; ``fbnet_cifar100_raspi4_latency`` and so on, float64[22, 9], and the same
        with ``_fixed`` at the end for what every network has, float64[1].

    Raises
    ------
    BenchmarkError
        If it is no pickle, refers to anything but numbers, text and containers, or has another
        structure.

    References
    ----------
    Li et al., 2021, https://openreview.net/forum?id=_0kaDkv3dVf
    """
    try:
        with path.open("rb") as file:
            content = _Restricted(file).load()
    except Exception as error:  # noqa: BLE001, RUF100 (what is damaged raises anything)
        raise BenchmarkError(f"{path}: not a pickle of plain numbers ({error})") from error
    try:
        cells = content["nasbench201"]
        columns = {
            f"{short}_{metric}": np.array(values, dtype=np.float64)
            for dataset, short in DATASETS.items()
            for metric, values in cells[dataset].items()
            if metric != "config"
        }
        for setting, space in FBNET_SETTINGS.items():
            for metric in FBNET_METRICS:
                layers, fixed = _lookup(space, content["fbnet"][metric])
                columns[f"fbnet_{setting}_{metric}"] = layers
                columns[f"fbnet_{setting}_{metric}_fixed"] = fixed
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BenchmarkError(
            f"{path}: expected the structure of HW-NAS-Bench 1.0, found none ({error!r})"
        ) from error
    return columns


def _lookup(space: FBNet, table: Mapping[str, float]) -> tuple[Array, Array]:
    """Arrange a table of operations by layer and choice."""
    stem, *layers, head = space.plan.slots
    costs = [
        [table[_key(block, unit)] for block, unit in zip(BLOCKS, slot.candidates, strict=True)]
        for slot in layers
    ]
    fixed = [table[key] for key in (_stem_key(stem.candidates[0]), *_head_keys(head.candidates[0]))]
    return np.array(costs, dtype=np.float64), np.array([sum(fixed)], dtype=np.float64)


def _stem_key(unit: Unit) -> str:
    (source, height, width), (result, smaller, _) = unit.inputs[0], unit.out_shape
    return (
        f"ConvNorm_H{height}_W{width}_Cin{source}_Cout{result}"
        f"_kernel3_stride{height // smaller}_group1"
    )


def _key(block: str, unit: Unit) -> str:
    (source, height, width), (result, smaller, _) = unit.inputs[0], unit.out_shape
    stride = height // smaller
    place = f"H{height}_W{width}_Cin{source}_Cout{result}"
    if block == SKIP:
        return f"Skip_{place}_stride{stride}"
    kernel, expansion, *groups = (int(word.lstrip("keg")) for word in block.split("_"))
    group = groups[0] if groups else 1
    return f"ConvBlock_{place}_exp{expansion}_kernel{kernel}_stride{stride}_group{group}"


def _head_keys(unit: Unit) -> tuple[str, str, str]:
    source, height, width = unit.inputs[0]
    wide = next(node.op.out for node in unit.nodes if isinstance(node.op, Conv))
    classes = next(node.op.out for node in unit.nodes if isinstance(node.op, Linear))
    return (
        f"ConvNorm_H{height}_W{width}_Cin{source}_Cout{wide}_kernel1_stride1_group1",
        f"AvgP_H{height}_W{width}_Cin{wide}_Cout{wide}_kernel{height}_stride1",
        f"FC_Cin{wide}_Cout{classes}",
    )
