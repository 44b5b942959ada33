"""NATS-Bench through its own package."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pyhwnas._optional import require
from pyhwnas.benchmarks.tables import Array

__all__ = ["columns_of", "read_nats"]

SEEDS = (777, 888, 999)
N_NETWORKS = 15_625
# Name of a data set in columns, in the package, and of its runs with a validation set.
DATASETS = (
    ("cifar10", "cifar10", "cifar10-valid"),
    ("cifar100", "cifar100", "cifar100"),
    ("in16", "ImageNet16-120", "ImageNet16-120"),
)


class Api(Protocol):
    """What is asked of ``nats_bench``."""

    def get_more_info(
        self, index: int, dataset: str, *, hp: str, is_random: bool | int
    ) -> dict[str, Any]: ...
    def get_cost_info(self, index: int, dataset: str, hp: str) -> dict[str, Any]: ...


def read_nats(folder: Path) -> dict[str, Array]:
    """Read the topology space of NATS-Bench with its own package, which trusts its files.

    Parameters
    ----------
    folder : Path
        ``NATS-tss-v1_0-3ffb9-simple``.

    Returns
    -------
    dict of str to ndarray
        The columns of ``nb201.npz`` that the benchmark has.

    Raises
    ------
    MissingExtraError
        If ``nats_bench`` is not installed.
    """
    package = require("nats_bench", extra="nats")
    return columns_of(package.create(str(folder), "tss", fast_mode=True, verbose=False))


def columns_of(api: Api, n: int = N_NETWORKS) -> dict[str, Array]:
    """Ask for every network of the benchmark.

    Parameters
    ----------
    api : object
        What ``nats_bench.create`` returns.
    n : int
        How many networks, from index 0 on.

    Returns
    -------
    dict of str to ndarray
        With n rows; NaN where a network has no third seed.
    """
    columns: dict[str, Array] = {}
    for short, dataset, validated in DATASETS:
        for epochs in (12, 200):
            hp = str(epochs)
            trained = [api.get_more_info(i, dataset, hp=hp, is_random=False) for i in range(n)]
            columns[f"{short}_test_acc_ep{epochs}"] = _column(trained, "test-accuracy")
        if short != "cifar10":
            columns[f"{short}_oritest_acc_ep200"] = _column(trained, "valtest-accuracy")
        early = [api.get_more_info(i, validated, hp="12", is_random=False) for i in range(n)]
        columns[f"{short}_val_acc_ep12"] = _column(early, "valid-accuracy")
        late = [api.get_more_info(i, validated, hp="200", is_random=False) for i in range(n)]
        columns[f"{short}_train_time_s"] = _column(late, "train-all-time")
        seeds = [_column(_of_seed(api, validated, seed, n), "valid-accuracy") for seed in SEEDS]
        columns[f"{short}_val_acc_ep200_seeds"] = np.stack(seeds, axis=1)
        costs = [api.get_cost_info(i, validated, "200") for i in range(n)]
        columns[f"{short}_latency_s"] = _column(costs, "latency")
    return columns


def _of_seed(api: Api, dataset: str, seed: int, n: int) -> list[dict[str, Any]]:
    infos = []
    for index in range(n):
        try:
            infos.append(api.get_more_info(index, dataset, hp="200", is_random=seed))
        except (KeyError, ValueError):  # not trained with this seed
            infos.append({"valid-accuracy": np.nan})
    return infos


def _column(infos: list[dict[str, Any]], key: str) -> Array:
    return np.array([info[key] for info in infos], dtype=np.float64)
