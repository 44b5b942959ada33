"""Arrays that say they lie on a GPU and lie in the memory of the CPU, for the emulated kernels.

They take part in the same exchange as arrays of torch or CuPy: DLPack capsules whose device is
CUDA, a stream, and results by `from_dlpack`.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

import numpy as np

CPU, CUDA = 1, 2

_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
# Where the device's type stands: behind the address of the data.
_DEVICE_TYPE = {b"dltensor": 8, b"dltensor_versioned": 40}


def _say_device(capsule, device):
    for name, offset in _DEVICE_TYPE.items():
        try:
            address = _pointer(capsule, name)
        except ValueError:
            continue
        ctypes.c_int32.from_address(address + offset).value = device
        return capsule
    raise AssertionError(capsule)


class EmulatedArray:
    """A numpy array on a GPU that is not there."""

    def __init__(self, values, device=0):
        self.values = np.asarray(values)
        self.device = device

    def __dlpack_device__(self):
        return CUDA, self.device

    def __dlpack__(self, *, stream=None, **options):
        assert stream == 1
        return _say_device(self.values.__dlpack__(**options), CUDA)

    def __array_namespace__(self):
        return sys.modules[__name__]


class _OnCpu:
    def __init__(self, result):
        self.result = result

    def __dlpack_device__(self):
        return CPU, 0

    def __dlpack__(self, **options):
        options.pop("dl_device", None), options.pop("copy", None)
        return _say_device(self.result.__dlpack__(**options, stream=1), CPU)


def from_dlpack(result):
    """Take an array of the kernels over."""
    assert result.__dlpack_device__() == (CUDA, 0)
    return EmulatedArray(np.from_dlpack(_OnCpu(result)))


def load():
    """The emulated kernels as a module, or None where they were not built.

    They lie in the folder that PYHWNAS_EMULATED_CUDA names: tests/cpp/cuda of a build folder with
    PYHWNAS_CPP_TESTS=ON.
    """
    folder = os.environ.get("PYHWNAS_EMULATED_CUDA")
    if not folder:
        return None
    (path,) = Path(folder).glob("_cuda.*.so")
    spec = importlib.util.spec_from_file_location("emulated._cuda", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
