"""NATS-Bench's columns, by what its package answers."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from pyhwnas.benchmarks.natsbench import columns_of, read_nats
from pyhwnas.errors import MissingExtraError

TRAINED = {0: (777, 888), 1: (777, 888, 999), 2: (999,)}


class Answers:
    """Three networks, some without some seeds, answered as ``nats_bench`` does."""

    def get_more_info(
        self, index: int, dataset: str, *, hp: str, is_random: bool | int
    ) -> dict[str, Any]:
        if is_random is not False and is_random not in TRAINED[index]:
            raise ValueError(f"can not find random seed ({is_random})")
        value = 10.0 * index + len(dataset) + int(hp) / 1000
        info = {"train-all-time": value + 1, "test-accuracy": value + 2}
        if dataset != "cifar10":
            info["valid-accuracy"] = value + (is_random / 1e6 if is_random else 0)
        if dataset in ("cifar100", "ImageNet16-120"):
            info["valtest-accuracy"] = value + 3
        return info

    def get_cost_info(self, index: int, dataset: str, hp: str) -> dict[str, Any]:
        return {"latency": None if index == 2 else 0.5 * index}


def test_columns() -> None:
    columns = columns_of(Answers(), 3)
    assert np.allclose(columns["cifar10_test_acc_ep200"], [9.2, 19.2, 29.2])
    assert np.allclose(columns["cifar10_val_acc_ep12"], [13.012, 23.012, 33.012])
    assert np.allclose(columns["in16_oritest_acc_ep200"], [17.2, 27.2, 37.2])
    assert np.allclose(columns["cifar10_train_time_s"], [14.2, 24.2, 34.2])
    seeds = columns["cifar100_val_acc_ep200_seeds"]
    missing = [[False, False, True], [False] * 3, [True, True, False]]
    assert (np.isnan(seeds) == missing).all()
    assert np.isnan(columns["cifar10_latency_s"]).tolist() == [False, False, True]


@pytest.mark.skipif(
    importlib.util.find_spec("nats_bench") is not None, reason="the package is installed"
)
def test_without_the_package(tmp_path) -> None:
    with pytest.raises(MissingExtraError, match=r"pyhwnas\[nats\]"):
        read_nats(tmp_path)
