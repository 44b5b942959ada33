"""
CPU kernels of pyhwnas.
"""

from __future__ import annotations

import typing

import numpy
import numpy.typing

__all__: list[str] = [
    "coactivation",
    "covered",
    "crowding_distance",
    "dominance_counts",
    "dominance_degree_sort",
    "epsilon_additive",
    "epsilon_multiplicative",
    "gather_sum",
    "hamming_distances",
    "hypervolume",
    "hypervolume_approx",
    "hypervolume_contributions",
    "hypervolume_contributions_approx",
    "hypervolume_subset",
    "igd",
    "igd_plus",
    "nondominated_mask",
    "nondominated_sort",
    "pack_signs",
    "peak_memory",
    "r2",
    "sign_distances",
    "sign_statistics",
    "simd_level",
    "synflow",
    "synflow_expected",
    "synflow_tape",
]

def coactivation(
    bits: numpy.ndarray, threads: int
) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
    """
    Per row: its positive units, and those weighted by the rows in which each is positive.
    """

def covered(F: numpy.ndarray, R: numpy.ndarray, threads: int) -> numpy.typing.NDArray[numpy.bool_]:
    """
    Which rows of F some row of R dominates or equals.
    """

def crowding_distance(
    F: numpy.ndarray, ranks: numpy.ndarray, threads: int
) -> numpy.typing.NDArray[numpy.float64]:
    """
    Crowding distance of each row within its front.
    """

def dominance_counts(F: numpy.ndarray, threads: int) -> numpy.typing.NDArray[numpy.int32]:
    """
    How many rows dominate each row.
    """

def dominance_degree_sort(F: numpy.ndarray, threads: int) -> numpy.typing.NDArray[numpy.int32]:
    """
    Front index of each row, by dominance degrees.
    """

def epsilon_additive(F: numpy.ndarray, R: numpy.ndarray, threads: int) -> float:
    """
    The least shift after which F weakly dominates R.
    """

def epsilon_multiplicative(F: numpy.ndarray, R: numpy.ndarray, threads: int) -> float:
    """
    The least divisor after which F weakly dominates R.
    """

def gather_sum(
    cost: numpy.ndarray, ids: numpy.ndarray, threads: int
) -> numpy.typing.NDArray[numpy.float64]:
    """
    Sum over each row's ids of their cost, -1 skipped.
    """

def hamming_distances(bits: numpy.ndarray, threads: int) -> numpy.typing.NDArray[numpy.int64]:
    """
    For each two rows, the number of bits in which they differ.
    """

def hypervolume(
    F: numpy.ndarray, ref_point: numpy.ndarray, threads: int
) -> numpy.typing.NDArray[numpy.float64]:
    """
    Volume between the rows and the reference point.
    """

def hypervolume_approx(
    F: numpy.ndarray,
    ref_point: numpy.ndarray,
    n_samples: typing.SupportsInt | typing.SupportsIndex,
    seed: typing.SupportsInt | typing.SupportsIndex,
    box: bool,
    threads: int,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
    """
    Volume from random samples, and its error.
    """

def hypervolume_contributions(
    F: numpy.ndarray, ref_point: numpy.ndarray, threads: int
) -> numpy.typing.NDArray[numpy.float64]:
    """
    What the volume loses without each row.
    """

def hypervolume_contributions_approx(
    F: numpy.ndarray,
    ref_point: numpy.ndarray,
    n_samples: typing.SupportsInt | typing.SupportsIndex,
    seed: typing.SupportsInt | typing.SupportsIndex,
    threads: int,
) -> tuple[numpy.typing.NDArray[numpy.float64], numpy.typing.NDArray[numpy.float64]]:
    """
    What the volume loses without each row, from random rays, and the errors.
    """

def hypervolume_subset(
    F: numpy.ndarray,
    k: typing.SupportsInt | typing.SupportsIndex,
    ref_point: numpy.ndarray,
    threads: int,
) -> numpy.typing.NDArray[numpy.int64]:
    """
    Rows in the order in which each adds most volume.
    """

def igd(F: numpy.ndarray, R: numpy.ndarray, threads: int) -> float:
    """
    Mean distance of R's rows to F.
    """

def igd_plus(F: numpy.ndarray, R: numpy.ndarray, threads: int) -> float:
    """
    Mean distance of R's rows to what F dominates.
    """

def nondominated_mask(
    F: numpy.ndarray, keep_equal: bool, threads: int
) -> numpy.typing.NDArray[numpy.bool_]:
    """
    Which rows no other row dominates.
    """

def nondominated_sort(F: numpy.ndarray, threads: int) -> numpy.typing.NDArray[numpy.int32]:
    """
    Front index of each row.
    """

def pack_signs(x: numpy.ndarray, threads: int) -> numpy.typing.NDArray[numpy.uint64]:
    """
    One bit per value, 1 where it is greater than zero.
    """

def peak_memory(
    program: tuple[numpy.ndarray, ...], unit_ids: numpy.ndarray, threads: int
) -> numpy.typing.NDArray[numpy.float64]:
    """
    The most elements of feature maps alive at once in each row's network.
    """

def r2(F: numpy.ndarray, ideal: numpy.ndarray, weights: numpy.ndarray, threads: int) -> float:
    """
    Mean over the weights of the least weighted distance from the ideal point.
    """

def sign_distances(x: numpy.ndarray, threads: int) -> numpy.typing.NDArray[numpy.int64]:
    """
    hamming_distances(pack_signs(x)) without storing the bits.
    """

def sign_statistics(
    x: numpy.ndarray, threads: int
) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
    """
    coactivation(pack_signs(x)) without storing the bits.
    """

def simd_level() -> str:
    """
    The vector instructions in use: baseline, avx2 or avx512.
    """

def synflow(
    program: tuple[numpy.ndarray, ...],
    unit_ids: numpy.ndarray,
    places: numpy.ndarray,
    weight_offsets: numpy.ndarray,
    weights: numpy.ndarray,
    double_precision: bool,
    threads: int,
) -> numpy.typing.NDArray[numpy.float64]:
    """
    ln of the Synflow of each row's network with the weights of its units in their slots.
    """

def synflow_expected(
    program: tuple[numpy.ndarray, ...],
    unit_ids: numpy.ndarray,
    weight_gain: typing.SupportsFloat | typing.SupportsIndex,
    threads: int,
) -> numpy.typing.NDArray[numpy.float64]:
    """
    ln of the expected Synflow of each row's network.
    """

def synflow_tape(
    program: tuple[numpy.ndarray, ...],
    places: numpy.ndarray,
    weight_gain: typing.SupportsFloat | typing.SupportsIndex,
    given_weights: bool,
) -> numpy.typing.NDArray[numpy.uint8]:
    """
    What a GPU runs for units in their slots.
    """
