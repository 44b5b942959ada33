"""Arrays that lie on a GPU: the kernels for them, the caller's stream, and the way back.

Arrays of any library that speaks DLPack are worked on where they lie. Results are arrays of the
same library on the same device.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pyhwnas.errors import CudaError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

__all__ = ["Gpu", "Stream", "gpu_of"]

_CUDA = (2, 13)  # device types of DLPack: memory of a GPU, and memory that CUDA moves about
_LEGACY_DEFAULT_STREAM = 1


class Stream(NamedTuple):
    """A CUDA stream as the kernels take it."""

    handle: int
    device: int
    owner: object  # keeps the stream alive while results belong to it; None: calls wait for results


@dataclass(frozen=True, slots=True)
class Gpu:
    """What a function needs to work on the GPU where its arguments lie.

    Parameters
    ----------
    kernels : module
        The extension `pyhwnas._cuda`; its functions take arrays as they are.
    stream : Stream
        The current stream of the arguments' library on their device.
    library : module
        Where `from_dlpack` of that library is.
    """

    kernels: ModuleType
    stream: Stream
    library: Any

    def array(self, result: object) -> NDArray[Any]:
        """Return a kernel's result as an array of the arguments' library, by numpy's type."""
        array: NDArray[Any] = self.library.from_dlpack(result)
        return array

    def number(self, result: object) -> float:
        """Return a kernel's one number as an array of shape (), so that nobody waits for it."""
        number: float = self.library.from_dlpack(result)
        return number


def gpu_of(**arrays: object) -> Gpu | None:
    """Return the GPU on which all of the arrays lie; None if all of them are for the CPU.

    Parameters
    ----------
    **arrays
        Arguments of a function by name; None for those that were not given.

    Raises
    ------
    ValueError
        If some lie on a GPU and others do not, or on another one.
    CudaError
        If this installation has no kernels for GPUs.
    """
    places = {name: _device_of(array) for name, array in arrays.items() if array is not None}
    if not any(places.values()):
        return None
    first, device = next((name, place) for name, place in places.items() if place)
    for name, place in places.items():
        if place != device:
            raise ValueError(
                f"{first} and {name} must lie on one device, got {_name(device)} and {_name(place)}"
            )
    array, number = arrays[first], device[1]
    return Gpu(_kernels(first, device), _current_stream(array, number), _library_of(array))


def _device_of(array: object) -> tuple[int, int] | None:
    """Return the GPU that an array lies on; None for the CPU and for what is no array."""
    if type(array) is np.ndarray or not hasattr(array, "__dlpack_device__"):
        return None
    kind, number = array.__dlpack_device__()
    return (2, int(number)) if int(kind) in _CUDA else None


def _name(device: tuple[int, int] | None) -> str:
    return "the CPU" if device is None else f"GPU {device[1]}"


def _kernels(name: str, device: tuple[int, int]) -> ModuleType:
    try:
        return importlib.import_module("pyhwnas._cuda")
    except ModuleNotFoundError:
        raise CudaError(
            f"{name} lies on {_name(device)}, and this installation has no kernels for GPUs; "
            "pass an array of the CPU, or install where nvcc is found: "
            "python -m pip install --no-binary pyhwnas -C cmake.define.PYHWNAS_CUDA=ON pyhwnas"
        ) from None


def _library_of(array: object) -> Any:
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    return sys.modules[type(array).__module__.partition(".")[0]]


def _current_stream(array: object, device: int) -> Stream:
    """Return the stream on which the array's library would work now.

    torch and CuPy have a current stream; others, JAX among them, hand their arrays over to the
    default stream and take results from it. Since those may use the memory of an argument again as
    soon as the call has ended, the call then ends when the results are there.
    """
    package = type(array).__module__.partition(".")[0]
    owner: Any = None
    handle = 0
    if package == "torch":
        owner = sys.modules["torch"].cuda.current_stream(device)
        handle = owner.cuda_stream
    elif package == "cupy":
        owner = sys.modules["cupy"].cuda.get_current_stream(device)
        handle = owner.ptr
    return Stream(handle or _LEGACY_DEFAULT_STREAM, device, owner)
