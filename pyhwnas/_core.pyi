"""
CPU kernels of pyhwnas.
"""

from __future__ import annotations

import typing

import numpy
import numpy.typing

__all__: list[str] = [
    "coactivation",
    "crowding_distance",
    "dominance_counts",
    "gather_sum",
    "hypervolume",
    "nondominated_mask",
    "nondominated_sort",
    "pack_signs",
    "sign_statistics",
    "synflow_expected",
]

def coactivation(
    bits: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
    """
    Per row: its positive units, and those weighted by the rows in which each is positive.
    """

def crowding_distance(
    F: numpy.ndarray, ranks: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]:
    """
    Crowding distance of each row within its front.
    """

def dominance_counts(
    F: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.int32]:
    """
    How many rows dominate each row.
    """

def gather_sum(
    cost: numpy.ndarray, ids: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.float64]:
    """
    Sum over each row's ids of their cost, -1 skipped.
    """

def hypervolume(
    F: numpy.ndarray, ref_point: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> float:
    """
    Volume between the rows and the reference point.
    """

def nondominated_mask(
    F: numpy.ndarray, keep_equal: bool, threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.bool_]:
    """
    Which rows no other row dominates.
    """

def nondominated_sort(
    F: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.int32]:
    """
    Front index of each row.
    """

def pack_signs(
    x: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> numpy.typing.NDArray[numpy.uint64]:
    """
    One bit per value, 1 where it is greater than zero.
    """

def sign_statistics(
    x: numpy.ndarray, threads: typing.SupportsInt | typing.SupportsIndex
) -> tuple[numpy.typing.NDArray[numpy.int64], numpy.typing.NDArray[numpy.int64]]:
    """
    coactivation(pack_signs(x)) without storing the bits.
    """

def synflow_expected(
    slot_input_offsets: numpy.ndarray,
    slot_inputs: numpy.ndarray,
    unit_offsets: numpy.ndarray,
    unit_input_offsets: numpy.ndarray,
    unit_input_shapes: numpy.ndarray,
    nodes: numpy.ndarray,
    node_input_offsets: numpy.ndarray,
    node_inputs: numpy.ndarray,
    unit_ids: numpy.ndarray,
    weight_gain: typing.SupportsFloat | typing.SupportsIndex,
    threads: typing.SupportsInt | typing.SupportsIndex,
) -> numpy.typing.NDArray[numpy.float64]:
    """
    ln of the expected Synflow of each row's network.
    """
