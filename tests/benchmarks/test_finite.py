"""Columns as objectives, and true fronts."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from benchmarks import made
from reference.moo_by_definition import nondominated_mask

from pyhwnas import Search, optimizers
from pyhwnas.benchmarks import NASBench201, Table, convert
from pyhwnas.errors import BenchmarkError
from pyhwnas.testing import check_objective

NAMES = ("cifar10_test_error", "eyeriss_latency_ms", "macs")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.nb201(tmp_path_factory.mktemp("made") / "nb201.npz")


@pytest.fixture(scope="module")
def nb201(path: Path) -> NASBench201:
    return NASBench201(path)


def test_names_are_those_that_the_files_have(nb201: NASBench201) -> None:
    assert set(nb201.names) == {
        *("cifar10_test_error", "cifar10_valid_error", "eyeriss_latency_ms", "cifar10_snip"),
        *(f"cifar10_valid_error_seed{seed}" for seed in range(3)),
        *("macs", "params"),
    }
    assert NASBench201("nowhere").names == ("macs", "params")


def test_values_are_those_of_the_file(nb201: NASBench201, path: Path) -> None:
    table = Table(path)
    rows = np.array([7, 0, 15_624, 7])
    objective = nb201.objective("cifar10_test_error")
    assert (objective(nb201.X[rows]) == 100 - table["cifar10_test_acc_ep200"][rows]).all()
    assert (objective.unit, objective.sense, objective.cost) == ("%", "min", "expensive")
    seeds = table["cifar10_val_acc_ep200_seeds"]
    assert np.allclose(nb201.values("cifar10_valid_error"), 100 - np.nanmean(seeds, axis=1))
    third = nb201.values("cifar10_valid_error_seed2")
    assert np.array_equal(third, 100 - seeds[:, 2], equal_nan=True)
    snip = nb201.objective("cifar10_snip")
    assert (snip(nb201.X[[0, 10]]) == table["cifar10_snip"][:2]).all()
    assert np.isnan(snip(nb201.X[[1]])).all(), "not one of the subset"
    assert snip.sense == "max"
    device = nb201.objective("latency_ms", device="eyeriss")
    assert device.name == "eyeriss_latency_ms"
    assert device.cost == "cheap"


def test_objectives_keep_the_contract(nb201: NASBench201) -> None:
    for name in nb201.names:
        check_objective(nb201.objective(name), n=64)


def test_sent_without_and_described_by_their_values(
    nb201: NASBench201, path: Path, tmp_path: Path
) -> None:
    objective = nb201.objective("cifar10_test_error")
    objective(nb201.X[:1])
    assert len(pickle.dumps(objective)) < 1000
    elsewhere = NASBench201(convert(made.nb201(tmp_path / "other.npz"), tmp_path).path)
    described = nb201.problem(NAMES).describe()
    assert elsewhere.problem(NAMES).describe() == described
    assert str(path.parent) not in str(described)
    assert nb201.problem(NAMES[::2]).describe() != described


def test_a_run_is_opened_again_with_the_converted_file(nb201: NASBench201, tmp_path: Path) -> None:
    store = tmp_path / "run.sqlite"
    with Search(nb201.problem(NAMES), optimizers.Random(), store=store, seed=1) as search:
        first = search.run(10)
    other = NASBench201(convert(made.nb201(tmp_path / "nb.npz"), tmp_path).path)
    with Search(other.problem(NAMES), optimizers.Random(), store=store, seed=1) as search:
        both = search.run(20)
    assert (both.X[:10] == first.X).all()


@pytest.mark.parametrize("names", [NAMES[:1], NAMES[:2], NAMES])
def test_true_front_by_definition(nb201: NASBench201, names: tuple[str, ...]) -> None:
    front = nb201.true_front(names)
    F = np.stack([nb201.values(name) for name in names], axis=1)
    chosen = nb201.row(front.X)
    assert (F[chosen] == front.values).all()
    sample = np.union1d(chosen, np.random.default_rng(0).integers(0, len(F), 300))
    assert set(sample[nondominated_mask(F[sample])]) == set(chosen)
    order = np.lexsort(front.values.T[::-1])
    assert (front.values[order] == front.values).all()


def test_fronts_of_what_is_maximised_and_missing(nb201: NASBench201) -> None:
    front = nb201.true_front(("cifar10_snip",))
    snip = nb201.values("cifar10_snip")
    assert front.values.item() == np.nanmax(snip)
    least = nb201.values("macs")[~np.isnan(snip)].min()
    assert nb201.true_front(("macs", "cifar10_snip")).values[0, 0] == least


def test_unknown_rows_and_names(nb201: NASBench201, tmp_path: Path) -> None:
    assert nb201.row(nb201.X[:0]).shape == (0,)
    assert (nb201.row(nb201.X[[5, 3]]) == [5, 3]).all()
    with pytest.raises(ValueError, match="no objective 'error'; it has cifar10_test_error"):
        nb201.objective("error")
    with pytest.raises(BenchmarkError, match="'raspi4'"):
        nb201.values("raspi4_latency_ms")
    with pytest.raises(ValueError, match="dataset: expected cifar10, cifar100, in16"):
        NASBench201(dataset="mnist")  # type: ignore[arg-type]
    np.savez(tmp_path / "short.npz", eyeriss=[1.0])
    with pytest.raises(BenchmarkError, match="expected 15625 values"):
        NASBench201(tmp_path / "short.npz").values("eyeriss_latency_ms")


def test_counters_are_those_of_the_data_set() -> None:
    counts = [
        NASBench201("nowhere", dataset=dataset).values("params").min()
        for dataset in ("cifar10", "cifar100", "in16")
    ]
    assert counts == [73_306, 79_156, 80_456]
