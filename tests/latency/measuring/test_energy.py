"""Counters of energy, on a made powercap tree."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from latency.tables.synthetic import counted, made
from latency.toy import ALL, Toy

from pyhwnas import objectives
from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import LatencyTable, Settings, measure_networks, profile
from pyhwnas.latency.measuring.energy import open_counter
from pyhwnas.networks import build

WATTS = 20


def _zone(root, number, name, energy, limit=10**9, folder=None):
    folder = root / (folder or f"intel-rapl:{number}")
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "energy_uj").write_text(f"{energy}\n")
    (folder / "max_energy_range_uj").write_text(f"{limit}\n")
    return folder / "energy_uj"


@pytest.fixture
def tree(tmp_path):
    """Zones of which the package's counter grows with time, by another process's hand."""
    energy = _zone(tmp_path, 0, "package-0", 0)
    _zone(tmp_path, "0:0", "core", 5)
    code = f"""
        import os, time
        start = time.perf_counter()
        while os.getppid() != 1:
            with open({str(energy) + ".new"!r}, "w") as file:
                file.write(str(int({WATTS} * 1e6 * (time.perf_counter() - start))))
            os.replace({str(energy) + ".new"!r}, {str(energy)!r})
            time.sleep(0.001)
        """
    child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)])
    yield tmp_path
    child.kill()
    child.wait()


def test_packages_and_memory_are_added_and_their_parts_are_not(tmp_path):
    package = _zone(tmp_path, 0, "package-0", 5_001_000)
    _zone(tmp_path, "0:0", "core", 500)
    memory = _zone(tmp_path, "0:1", "dram", 70)
    _zone(tmp_path, 1, "psys", 9000)
    counter = open_counter(f"powercap:{tmp_path}")
    assert counter.name == "powercap package-0 dram"
    assert counter.read() == 5_001_070
    package.write_text("5001100\n")
    memory.write_text("80\n")
    assert counter.read() == 5_001_180


def test_what_is_offered_twice_is_counted_once(tmp_path):
    for folder, name, energy in (
        ("intel-rapl:0", "package-0", 5_000_000),
        ("intel-rapl-mmio:0", "package-0", 5_000_010),  # the same through other registers
        ("intel-rapl:1", "package-1", 9_000_000),
        ("intel-rapl:2", "package-1-die-1", 9_000_400),  # a mirror of the one before
    ):
        _zone(tmp_path, 0, name, energy, folder=folder)
    counter = open_counter(f"powercap:{tmp_path}")
    assert counter.name == "powercap package-0 package-1"
    assert counter.read() == 14_000_000


def test_counters_that_start_again_go_on(tmp_path):
    energy = _zone(tmp_path, 0, "package-0", 900, limit=1000)
    counter = open_counter(f"powercap:{tmp_path}")
    seen = [counter.read()]
    for raw in (950, 20, 600, 10):
        energy.write_text(str(raw))
        seen.append(counter.read())
    assert np.diff(seen).tolist() == [50, 70, 580, 410]


def test_what_a_machine_does_not_offer(tmp_path, quick):
    with pytest.raises(RuntimeError, match="offers no counter"):
        open_counter(f"powercap:{tmp_path}")
    with pytest.raises(ValueError, match="expected powercap or nvml, got 'sun'"):
        open_counter("sun")
    with pytest.raises(RuntimeError, match="energy: "):
        open_counter("nvml")
    settings = Settings(rounds=2, energy=f"powercap:{tmp_path}")
    with pytest.raises(LatencyTableError, match="offers no counter of its packages"):
        profile(Toy(), settings=settings)


@pytest.fixture
def nvml(tmp_path, monkeypatch):
    """NVIDIA's library of a machine with two GPUs, of which the second has a counter."""
    (tmp_path / "pynvml.py").write_text(
        textwrap.dedent(
            """
            class NVMLError(Exception):
                pass

            GPUS = ["GPU-0000", "GPU-1111"]

            def nvmlInit():
                pass

            def nvmlDeviceGetHandleByIndex(index):
                return index

            def nvmlDeviceGetHandleByUUID(uuid):
                if uuid not in GPUS:
                    raise NVMLError("Not Found")
                return GPUS.index(uuid)

            def nvmlDeviceGetName(handle):
                return f"card {handle}"

            def nvmlDeviceGetTotalEnergyConsumption(handle):
                if handle != 1:
                    raise NVMLError("Not Supported")
                return 7
            """
        )
    )
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("pynvml", None)


def test_the_gpu_that_is_counted_is_the_one_that_models_run_on(nvml):
    for source, gpu in (("nvml:1", ""), ("nvml", "GPU-1111"), ("nvml:1", "GPU-0000")):
        counter = open_counter(source, gpu=gpu)
        assert counter.name == "nvml card 1"
        assert counter.read() == 7000
    for source, gpu, words in (
        ("nvml", "", r"GPU 0 offers no counter \(Not Supported"),
        ("nvml:0", "GPU-1111", r"GPU 0 offers no counter \(Not Supported"),
        ("nvml", "GPU-2222", r"GPU GPU-2222 offers no counter \(Not Found"),
    ):
        with pytest.raises(RuntimeError, match=words):
            open_counter(source, gpu=gpu)
    with pytest.raises(ValueError, match="expected nvml or nvml:NUMBER, got 'nvml:one'"):
        open_counter("nvml:one")


def test_networks_are_counted_at_the_power_of_the_machine(tree):
    networks = {"a": build(Toy(), [3, 3]), "b": build(Toy(), [2, 1])}
    settings = Settings(rounds=4, warmups=1, flush_bytes=1, energy=f"powercap:{tree}")
    found = measure_networks(networks, processes=2, settings=settings)
    for reading in found.values():
        assert len(reading.processes_mj) == 2
        # A call and what Python needs around it, at so many watts: more than its time alone.
        assert np.median(reading.processes_mj) > 0.5 * WATTS * reading.min_ms


def test_a_table_of_energies(tree, tmp_path_factory):
    space = Toy()
    settings = Settings(rounds=2, warmups=1, flush_bytes=1, energy=f"powercap:{tree}")
    found = profile(space, processes=2, settings=settings, probes=1, held_out=3)
    assert found.energy.counter == "powercap package-0"
    assert len(found.energy.held_out) == 3
    assert all(entry.low_mj <= entry.mj <= entry.high_mj for entry in found.entries.values())
    assert "energy by powercap package-0: mean error" in found.summary()
    mj = objectives.Energy(space, found)(ALL)
    assert np.isnan(mj).tolist() == np.isnan(found.predict(space, ALL)).tolist()
    row = np.array([[2, 2]])
    units = [block.unit for block in build(space, row[0]).blocks if block.unit.nodes]
    total = sum(found.entries[unit.key].mj for unit in units)
    assert found.predict_energy(space, row)[0] == pytest.approx(found.energy.scale * total)
    low, high = found.energy_interval(space, ALL)
    there = ~np.isnan(mj)
    assert (low[there] <= mj[there]).all()
    assert (mj[there] <= high[there]).all()
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == (~there).tolist()
    assert all(len(entry.process_mj) == 2 for entry in found.entries.values())
    path = tmp_path_factory.mktemp("tables") / "toy.json"
    found.save(path)
    again = LatencyTable.load(path)
    assert again.energy == found.energy
    assert again.fingerprint == found.fingerprint


def test_a_table_without_energies_says_how_to_count_them(table):
    with pytest.raises(LatencyTableError, match="pyhwnas profile --energy powercap --space toy"):
        table.predict_energy(Toy(), ALL)
    with pytest.raises(LatencyTableError, match="pyhwnas profile --energy powercap --space toy"):
        table.energy_interval(Toy(), ALL)


def test_intervals_of_energies_are_those_of_times_at_a_constant_power():
    space, table = Toy(), counted(made(), mj_per_ms=20.0)
    own = table.accuracy.own_spread  # energies have nothing that processes share
    energy = replace(table.energy, scale=table.scale, residual_spread=own)
    accuracy = replace(table.accuracy, residual_spread=own)
    table = replace(table, energy=energy, accuracy=accuracy)
    for level in (0.5, 0.9):
        times, energies = (
            find(space, ALL[1:], level=level) for find in (table.interval, table.energy_interval)
        )
        np.testing.assert_allclose(np.array(energies), 20.0 * np.array(times), rtol=1e-9)
    with pytest.raises(ValueError, match="level: expected a number between 0 and 1, got 90"):
        table.energy_interval(space, ALL, level=90)
