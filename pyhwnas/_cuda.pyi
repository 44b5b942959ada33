"""
CUDA kernels of pyhwnas.
"""

from __future__ import annotations

import typing

import numpy
import typing_extensions

__all__: list[str] = [
    "Result",
    "absolute_weights",
    "coactivation",
    "crowding_distance",
    "device_count",
    "dominance_counts",
    "dominance_degree_sort",
    "epsilon_additive",
    "epsilon_multiplicative",
    "hamming_distances",
    "hypervolume_approx",
    "hypervolume_contributions_approx",
    "igd",
    "igd_plus",
    "memory_in_use",
    "nondominated_mask",
    "nondominated_sort",
    "normalise_and_pack",
    "pack_signs",
    "status",
    "synflow",
    "synflow_expected",
]

class Result:
    """
    An array on a GPU, for from_dlpack of any library.
    """
    def __dlpack__(
        self,
        *,
        stream: typing.Any = None,
        max_version: typing.Any = None,
        dl_device: typing.Any = None,
        copy: typing.Any = None,
    ) -> typing_extensions.CapsuleType: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...

def absolute_weights(
    keys: numpy.ndarray,
    tensors: numpy.ndarray,
    scales: numpy.ndarray,
    offsets: numpy.ndarray,
    normal: bool,
    stream: tuple[int, int, typing.Any],
) -> Result:
    """
    Absolute initial weights of tensors, one after the other.
    """

def coactivation(bits: typing.Any, stream: tuple[int, int, typing.Any]) -> tuple[Result, Result]:
    """
    Per sample: its positive units, and those weighted by the samples in which each is.
    """

def crowding_distance(
    F: typing.Any, ranks: typing.Any, stream: tuple[int, int, typing.Any]
) -> Result:
    """
    Crowding distance of each row within its front.
    """

def device_count() -> int:
    """
    How many CUDA devices there are; 0 without a driver.
    """

def dominance_counts(F: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    How many rows dominate each row.
    """

def dominance_degree_sort(F: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    Front index of each row, by dominance degrees.
    """

def epsilon_additive(F: typing.Any, R: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    The least shift after which F weakly dominates R.
    """

def epsilon_multiplicative(
    F: typing.Any, R: typing.Any, stream: tuple[int, int, typing.Any]
) -> Result:
    """
    The least divisor after which F weakly dominates R.
    """

def hamming_distances(bits: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    For each two samples of each network, the number of bits in which they differ.
    """

def hypervolume_approx(
    F: typing.Any,
    ref_point: typing.Any,
    n_samples: typing.SupportsInt | typing.SupportsIndex,
    seed: typing.SupportsInt | typing.SupportsIndex,
    box: bool,
    stream: tuple[int, int, typing.Any],
) -> tuple[Result, Result]:
    """
    Volume from random samples, and its error.
    """

def hypervolume_contributions_approx(
    F: typing.Any,
    ref_point: typing.Any,
    n_samples: typing.SupportsInt | typing.SupportsIndex,
    seed: typing.SupportsInt | typing.SupportsIndex,
    stream: tuple[int, int, typing.Any],
) -> tuple[Result, Result]:
    """
    What the volume loses without each row, from random rays, and the errors.
    """

def igd(F: typing.Any, R: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    Mean distance of R's rows to F.
    """

def igd_plus(F: typing.Any, R: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    Mean distance of R's rows to what F dominates.
    """

def memory_in_use() -> int:
    """
    Bytes of the current device that results hold, and kernels that are still queued.
    """

def nondominated_mask(
    F: typing.Any, keep_equal: bool, stream: tuple[int, int, typing.Any]
) -> Result:
    """
    Which rows no other row dominates.
    """

def nondominated_sort(F: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    Front index of each row.
    """

def normalise_and_pack(
    x: typing.Any,
    mean: typing.Any,
    scale: typing.Any,
    rectify: bool,
    stream: tuple[int, int, typing.Any],
) -> tuple[Result, Result]:
    """
    (x - mean) * scale per network and channel, channels last, and the signs of that.
    """

def pack_signs(x: typing.Any, stream: tuple[int, int, typing.Any]) -> Result:
    """
    One bit per value, 1 where it is greater than zero.
    """

def status() -> str:
    """
    The devices by name, or why there is none.
    """

def synflow(
    tape: numpy.ndarray,
    unit_ids: typing.Any,
    place_offsets: numpy.ndarray,
    weights: typing.Any,
    double_precision: bool,
    stream: tuple[int, int, typing.Any],
) -> typing.Any:
    """
    ln of the Synflow of each row's network with the weights of its units in their slots.
    """

def synflow_expected(
    tape: numpy.ndarray, unit_ids: typing.Any, stream: tuple[int, int, typing.Any]
) -> typing.Any:
    """
    ln of the expected Synflow of each row's network.
    """
