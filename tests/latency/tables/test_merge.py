"""Several tables of one device as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from latency.tables.synthetic import THERE, counted, made
from latency.toy import ALL, CONV, POOL, Toy

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import Entry, LatencyTable, merge
from pyhwnas.latency.tables.entry import INTERPOLATED
from pyhwnas.latency.tables.pool import pool


def without(table: LatencyTable, *keys: str) -> LatencyTable:
    return replace(table, entries={k: e for k, e in table.entries.items() if k not in keys})


def test_processes_are_pooled():
    a, b = made(seed=0), made(seed=1)
    merged = merge([a, b], Toy())
    for key, entry in merged.entries.items():
        values = a.entries[key].process_ms + b.entries[key].process_ms
        assert entry.process_ms == values
        assert entry.ms == np.median(values)
        assert entry.low_ms <= entry.ms <= entry.high_ms
        assert (entry.processes, entry.samples) == (6, 60)
    assert len(merged.anchor_ms) == 6
    assert merged.protocol["stop"] == ["rounds"] * 6
    assert merged.protocol["merged"] == [a.fingerprint, b.fingerprint]
    assert merged.created == b.created
    assert 1.0 < merged.scale < 1.2
    other = merge([b, a], Toy())
    assert other.scale == merged.scale
    for key, entry in merged.entries.items():
        assert (other.entries[key].ms, other.entries[key].low_ms) == (entry.ms, entry.low_ms)
    assert merged.accuracy.mape < 10
    assert merged.accuracy.floor >= max(a.accuracy.floor, b.accuracy.floor)
    assert len(merged.accuracy.held_out) == len(a.accuracy.held_out)


def test_merged_tables_merge_with_others():
    a, b, c = (made(seed=seed) for seed in range(3))
    merged = merge([merge([a, b], Toy()), c], Toy())
    assert merged.protocol["merged"] == [a.fingerprint, b.fingerprint, c.fingerprint]
    assert all(entry.processes == 9 for entry in merged.entries.values())


def test_times_are_taken_to_one_speed():
    quick, slow = made(seed=0), made(seed=0, speed=3.0)
    merged = merge([quick, slow], Toy())
    factor = merged.reference_ms / quick.reference_ms
    for key, entry in merged.entries.items():
        assert entry.ms == pytest.approx(factor * quick.entries[key].ms)
    ratio = merged.predict(Toy(), ALL[1:]) / quick.predict(Toy(), ALL[1:])
    np.testing.assert_allclose(ratio, factor * merged.scale, rtol=1e-9)


def test_units_are_united():
    a, b = made(seed=0), made(seed=1)
    merged = merge([without(a, CONV.key), without(b, POOL.key)], Toy())
    assert merged.covers(Toy())
    assert merged.entries[POOL.key].processes == 3
    partial = merge([without(a, CONV.key), without(b, CONV.key)], Toy())
    assert partial.missing(Toy()) == [CONV.key]
    assert 0 < len(partial.accuracy.held_out) < len(a.accuracy.held_out)


def test_without_single_processes_intervals_only_grow():
    a, b = made(seed=0), made(seed=1)
    plain = {key: replace(entry, process_ms=()) for key, entry in b.entries.items()}
    merged = merge([a, replace(b, entries=plain)], Toy())
    for key, entry in merged.entries.items():
        both = a.entries[key], b.entries[key]
        assert entry.process_ms == ()
        assert entry.low_ms <= min(e.low_ms for e in both) * 1.02
        assert entry.high_ms >= max(e.high_ms for e in both) * 0.98
        assert entry.low_ms <= entry.ms <= entry.high_ms


def test_measured_units_come_first():
    a, b = made(seed=0), made(seed=1)
    guess = replace(b.entries[CONV.key], ms=99.0, high_ms=99.0, quality=INTERPOLATED)
    b = replace(b, entries={**b.entries, CONV.key: guess})
    assert merge([a, b], Toy()).entries[CONV.key].ms < 1
    assert merge([b, a], Toy()).entries[CONV.key].quality == "ok"


def test_an_entry_without_an_interval_gets_none_by_being_merged():
    alone = Entry(ms=2.0, processes=1, quality="one process")
    pooled = pool([(alone, 1.5)])
    assert (pooled.ms, pooled.low_ms, pooled.high_ms) == (3.0, None, None)
    assert pooled.quality == "one process"


def test_energies_are_pooled_as_they_were_counted():
    space = Toy()
    a, b = counted(made(seed=0)), counted(made(seed=1, speed=3.0), mj_per_ms=8.0)
    merged = merge([a, b], space)
    for key, entry in merged.entries.items():
        values = a.entries[key].process_mj + b.entries[key].process_mj
        assert entry.process_mj == values
        assert entry.mj == np.median(values)
        assert entry.low_mj <= entry.mj <= entry.high_mj
    assert merged.energy.counter == "powercap package-0"
    assert [n.arch for n in merged.energy.held_out] == [n.arch for n in a.energy.held_out]
    for network, one, other in zip(
        merged.energy.held_out, a.energy.held_out, b.energy.held_out, strict=True
    ):
        assert network.measured_mj == pytest.approx((one.measured_mj + other.measured_mj) / 2)
        row = np.array([space.from_str(network.arch)])
        assert merged.predict_energy(space, row)[0] == pytest.approx(network.predicted_mj)
    assert merged.energy.floor > max(a.energy.floor, b.energy.floor)  # they differ from each other
    assert merge([b, a], space).energy.scale == merged.energy.scale


def test_energies_without_single_processes():
    a, b = counted(made(seed=0)), counted(made(seed=1))
    old = replace(b, entries={k: replace(e, process_mj=()) for k, e in b.entries.items()})
    for key, entry in merge([a, old], Toy()).entries.items():
        both = a.entries[key], old.entries[key]
        assert entry.process_mj == ()
        assert len(entry.process_ms) == 6
        assert entry.mj == pytest.approx((both[0].mj + both[1].mj) / 2)
        assert entry.low_mj == min(one.low_mj for one in both)
        assert entry.high_mj == max(one.high_mj for one in both)


def spinning(seed: int, value: str) -> LatencyTable:
    table = made(seed=seed)
    execution = {"provider": "CPU", "spinning": value}
    return replace(table, protocol={**table.protocol, "execution": execution})


def test_what_only_one_table_states_of_its_execution_is_kept():
    stated = spinning(1, "off")
    found = merge([made(seed=0), stated], Toy())
    assert found.protocol["execution"] == stated.protocol["execution"]


def test_what_does_not_belong_together():
    a = made(seed=0)
    for tables, words in (
        ([a], "two or more"),
        ([a, a], "twice"),
        ([merge([a, made(seed=1)], Toy()), a], "twice"),
        ([made(seed=2), merge([merge([a, made(seed=1)], Toy()), made(seed=2)], Toy())], "twice"),
        ([a, made(seed=1, device=THERE)], "cpu: expected A processor, got A phone"),
        ([a, replace(made(seed=1), plan="0" * 64)], "plan"),
        ([a, replace(made(seed=1), protocol={"version": 2})], "protocol"),
        ([a, counted(made(seed=1))], "energy: None and powercap package-0"),
        ([a, spinning(1, "on"), spinning(2, "off")], "spinning: on and off"),
        ([replace(a, anchor_ms=()), replace(made(seed=1), anchor_ms=())], "an anchor"),
    ):
        with pytest.raises(LatencyTableError, match=words):
            merge(tables, Toy())
