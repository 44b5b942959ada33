"""NAS-Bench-201: accuracies, times, latencies, energies and scores of all 15 625 cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias

from pyhwnas import spaces
from pyhwnas.benchmarks.finite import (
    Column,
    Finite,
    complement,
    mean_of_seeds,
    plain,
    scattered,
)
from pyhwnas.benchmarks.sources import (
    HWNASBENCH,
    NB201,
    NB201_FREEREA,
    NB201_HELP,
    NB201_NASLIB,
    Source,
)
from pyhwnas.benchmarks.tables import Array, Table
from pyhwnas.history import Ints

__all__ = ["DEVICES", "NASBench201"]

Dataset: TypeAlias = Literal["cifar10", "cifar100", "in16"]
DATASETS: dict[Dataset, spaces.NASBench201] = {
    "cifar10": spaces.NASBench201(),
    "cifar100": spaces.NASBench201(n_classes=100),
    "in16": spaces.NASBench201(n_classes=120, resolution=16),
}
GPUS = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
DEVICES = (
    *(f"{gpu}_{batch}" for gpu in GPUS for batch in (1, 32, 256)),
    *("silver_4114", "silver_4210r", "gold_6226", "gold_6240"),
    *("samsung_a50", "samsung_s7", "essential_ph_1", "pixel2", "pixel3"),
    *("raspi4", "eyeriss", "fpga"),
)
"""Devices of HELP; a GPU's name ends with the batch size."""
N_SEEDS = 3
N_NETWORKS = 15_625
FREEREA_SCORES = ("synflow", "logsynflow", "naswot", "nregions")
NASLIB_SCORES = (
    *("snip", "jacov", "grad_norm", "plain", "epe_nas"),
    *("fisher", "grasp", "l2_norm", "nwot"),
)
HARDWARE = ("edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga")
WITH_ENERGY = ("edgegpu", "eyeriss", "fpga")


def _seed(table: Table, field: str, *, seed: int) -> Array:
    """Turn the accuracies of one seed into errors."""
    error: Array = 100.0 - table[field][:, seed]
    return error


def _subset(table: Table, field: str) -> Array:
    """Put the scores of some networks in their rows."""
    dataset = field.partition("_")[0]
    return scattered(table[field], table[f"{dataset}_index"], N_NETWORKS)


def _accuracies(dataset: Dataset) -> dict[str, Column]:
    def error(field: str, read: Callable[[Table, str], Array] = complement) -> Column:
        return Column(NB201, f"{dataset}_{field}", "%", "min", "expensive", read)

    seeds = "val_acc_ep200_seeds"
    columns = {
        "test_error": error("test_acc_ep200"),
        "valid_error": error(seeds, mean_of_seeds),
        **{f"valid_error_seed{i}": error(seeds, partial(_seed, seed=i)) for i in range(N_SEEDS)},
        "test_error_ep12": error("test_acc_ep12"),
        "valid_error_ep12": error("val_acc_ep12"),
        "train_time_s": Column(NB201, f"{dataset}_train_time_s", "s", "min", "expensive", plain),
        "gpu_latency_s": Column(NB201, f"{dataset}_latency_s", "s", "min", "cheap", plain),
    }
    if dataset != "cifar10":
        columns["oritest_error"] = error("oritest_acc_ep200")
    return {f"{dataset}_{name}": column for name, column in columns.items()}


def _scores(dataset: Dataset) -> dict[str, Column]:
    def score(source: Source, name: str, read: Callable[[Table, str], Array]) -> Column:
        return Column(source, f"{dataset}_{name}", "", "max", "cheap", read)

    columns = {name: score(NB201_FREEREA, name, plain) for name in FREEREA_SCORES}
    if dataset == "in16":
        del columns["nregions"]
    columns |= {name: score(NB201_NASLIB, name, _subset) for name in NASLIB_SCORES}
    return {f"{dataset}_{name}": column for name, column in columns.items()}


def _hardware(dataset: Dataset) -> dict[str, Column]:
    def cost(field: str, unit: str) -> Column:
        return Column(HWNASBENCH, f"{dataset}_{field}", unit, "min", "cheap", plain)

    latency = {f"{dataset}_{d}_latency_ms": cost(f"{d}_latency", "ms") for d in HARDWARE}
    energy = {f"{dataset}_{d}_energy_mj": cost(f"{d}_energy", "mJ") for d in WITH_ENERGY}
    return latency | energy


def _columns() -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for dataset in DATASETS:
        columns |= _accuracies(dataset)
    for device in DEVICES:
        columns[f"{device}_latency_ms"] = Column(NB201_HELP, device, "ms", "min", "cheap", plain)
    for dataset in DATASETS:
        columns |= _scores(dataset)
    for dataset in DATASETS:
        columns |= _hardware(dataset)
    return columns


@dataclass(frozen=True)
class NASBench201(Finite):
    """All networks of NAS-Bench-201, with whatever of it is in the user's files.

    Parameters
    ----------
    path : path, optional
        The folder with the files, or one file with columns of theirs; `PYHWNAS_DATA` if left out.
    dataset : {"cifar10", "cifar100", "in16"}
        For which the space builds its networks, and thus ``macs`` and ``params``. Columns of all
        data sets can be asked for, with the data set in their names.

    Notes
    -----
    ========================================  =====  ==========================================
    objective (``cifar10``, or another)       unit
    ========================================  =====  ==========================================
    ``cifar10_test_error``                    %      200 epochs, mean of two or three seeds
    ``cifar10_valid_error``                   %      the same; CIFAR-10 trained on half of it
    ``cifar10_valid_error_seed0`` to 2        %      one seed; NaN where there is no third
    ``cifar10_test_error_ep12``, ``valid``    %      12 epochs
    ``cifar100_oritest_error``, ``in16``      %      validation and test images together
    ``cifar10_train_time_s``                  s      200 epochs
    ``cifar10_gpu_latency_s``                 s      of a batch, as the benchmark measured it
    ``raspi4_latency_ms`` and 26 more         ms     CIFAR-10 networks; see `DEVICES`
    ``cifar10_edgegpu_energy_mj`` and more    mJ     from HW-NAS-Bench, once converted
    ``cifar10_synflow``, ``naswot``, ...             scores without training, to be maximised
    ``macs``, ``params``                             counted from the plan, as published
    ========================================  =====  ==========================================

    Errors are 100 minus the accuracy, which is what is published. Accuracies, errors and training
    times are expensive; scores, latencies and energies are cheap.

    References
    ----------
    Dong and Yang, 2020, https://openreview.net/forum?id=HJxyZkBKDr;
    Dong et al., 2021, https://doi.org/10.1109/TPAMI.2021.3054824;
    Lee et al. (HELP), 2021, https://doi.org/10.48550/arXiv.2106.08630;
    Li et al. (HW-NAS-Bench), 2021, https://openreview.net/forum?id=_0kaDkv3dVf

    Examples
    --------
    >>> nb201 = NASBench201("nowhere")  # counters need no file
    >>> float(nb201.true_front(("macs", "params")).values[0, 0])
    7783040.0
    """

    dataset: Dataset = "cifar10"
    columns: ClassVar[Mapping[str, Column]] = MappingProxyType(_columns())

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise ValueError(f"dataset: expected {', '.join(DATASETS)}, got {self.dataset!r}")

    @property
    def space(self) -> spaces.NASBench201:
        """The topology space, with the data set's classes and resolution."""
        return DATASETS[self.dataset]

    @cached_property
    def X(self) -> Ints:
        """All 15 625 networks in the published order."""
        X = self.space.all()
        X.setflags(write=False)
        return X
