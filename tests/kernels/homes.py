"""Where the arrays of a kernel test lie, and how they get there and back."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Home:
    """A library of arrays on one device."""

    name: str
    array: Callable[[Any], Any]  # from numpy: the same values, dtype, strides
    numpy: Callable[[Any], np.ndarray]  # and back, after a look at type and device


@functools.cache
def emulated_kernels():
    return importlib.import_module("emulated").load()


def core() -> Home:
    return Home("core", np.asarray, np.asarray)


def emulated(monkeypatch) -> Home:
    kernels = emulated_kernels()
    if kernels is None:
        pytest.skip("PYHWNAS_EMULATED_CUDA names no folder with emulated kernels")
    monkeypatch.setitem(importlib.import_module("sys").modules, "pyhwnas._cuda", kernels)
    library = importlib.import_module("emulated")

    def back(result):
        assert type(result) is library.EmulatedArray
        return result.values

    return Home("emulated", library.EmulatedArray, back)


def skip_without_device():
    try:
        kernels = importlib.import_module("pyhwnas._cuda")
    except ModuleNotFoundError:
        pytest.skip("pyhwnas was built without kernels for GPUs")
    if kernels.device_count() == 0:
        pytest.skip(kernels.status())


def torch() -> Home:
    skip_without_device()
    library = pytest.importorskip("torch")

    def there(values):
        values = np.asarray(values)
        base = library.from_numpy(np.array(values, order="C")).cuda()
        # An array of the same order in memory, with gaps where there are some.
        axes = np.argsort([-s for s in values.strides], kind="stable").tolist()
        back = np.argsort(axes).tolist()
        if values.size and not (values.flags.c_contiguous or values.flags.f_contiguous):
            return library.stack([base, base], -1)[..., 1]  # with gaps, and not from the beginning
        return base.permute(axes).contiguous().permute(back)

    def back(result):
        assert type(result) is library.Tensor
        assert result.is_cuda
        return result.cpu().numpy()

    return Home("torch", there, back)


def cupy() -> Home:
    skip_without_device()
    library = pytest.importorskip("cupy")

    def back(result):
        assert type(result) is library.ndarray
        return library.asnumpy(result)

    return Home("cupy", lambda values: library.array(values, order="K"), back)


def jax() -> Home:
    skip_without_device()
    library = pytest.importorskip("jax")
    library.config.update("jax_enable_x64", True)

    def back(result):
        assert isinstance(result, library.Array)
        assert result.device.platform == "gpu"
        return np.asarray(result)

    return Home("jax", library.device_put, back)
