"""Units that were never measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import Entry, LatencyTable, interpolate
from pyhwnas.latency.tables.interpolate import _features, _kind
from pyhwnas.latency.tables.spreadsheet import foreign_table, named_device
from pyhwnas.spaces import FBNet, MobileNetV3, sample

pytest.importorskip("scipy")

SPACE = MobileNetV3(resolutions=(64, 96))
WORK = np.array([0.002, 2e-7, 1e-9, 3e-8])


def additive(noise: float) -> LatencyTable:
    """A table in which time is a sum over work, but for noise."""
    rng = np.random.default_rng(0)
    units = [unit for unit in SPACE.plan.units if unit.nodes]
    ms = _features(units) @ WORK * rng.normal(1.0, noise, len(units))
    entries = {u.key: Entry(ms=float(v), quality="ok") for u, v in zip(units, ms, strict=True)}
    return foreign_table(SPACE, named_device("A phone"), entries, source="made", licence="none")


def lacking(table: LatencyTable, every: int) -> tuple[LatencyTable, list[str]]:
    blocks = [key for key in table.entries if key.count("bn") == 3]
    gone = blocks[::every]
    return replace(table, entries={k: e for k, e in table.entries.items() if k not in gone}), gone


def test_work_is_found_again():
    table = additive(0.0)
    partial, gone = lacking(table, 7)
    filled = interpolate(partial, SPACE)
    assert set(filled.entries) == set(table.entries)
    for key in gone:
        assert filled.entries[key].ms == pytest.approx(table.entries[key].ms, rel=1e-6)
        assert filled.entries[key].interpolated
    assert interpolate(table, SPACE) is table


def test_intervals_hold_what_was_left_out():
    table = additive(0.1)
    partial, gone = lacking(table, 5)
    filled = interpolate(partial, SPACE)
    held = [
        filled.entries[key].low_ms <= table.entries[key].ms <= filled.entries[key].high_ms
        for key in gone
    ]
    assert np.mean(held) > 0.7
    for key in gone:
        reach = filled.entries[key].high_ms / filled.entries[key].ms - 1
        assert 0.1 < reach < 0.4


def test_it_is_never_silent():
    partial, gone = lacking(additive(0.1), 7)
    filled = interpolate(partial, SPACE)
    X = sample(SPACE, 50, np.random.default_rng(0))
    units = [unit.key for unit in SPACE.plan.units]
    ids = SPACE.unit_ids(X)
    expected = [sum(units[i] in gone for i in row if i >= 0) for row in ids]
    assert filled.interpolated(SPACE, X).tolist() == expected
    assert sum(expected) > 0
    assert f"{len(gone)} of {len(filled.entries)} units interpolated" in filled.name
    assert partial.interpolated(SPACE, X).sum() == 0
    assert filled.fingerprint != partial.fingerprint
    assert "interpolated" not in partial.summary()
    assert filled.name in filled.summary()


def test_the_plan_stays_the_one_that_was_measured():
    ten = (64, 96, 128, 160, 192, 224, 256, 288, 320, 352)
    wide = MobileNetV3(resolutions=ten)
    units = [unit for unit in wide.plan.units if unit.nodes]
    costs = _features(units) @ WORK
    entries = {u.key: Entry(ms=float(v), quality="ok") for u, v in zip(units, costs, strict=True)}
    table = foreign_table(wide, named_device("A phone"), entries, source="made", licence="none")
    other = MobileNetV3(resolutions=(208,))
    filled = interpolate(table, other)
    assert filled.covers(other)
    assert filled.plan == wide.plan.fingerprint != other.plan.fingerprint


def test_too_few_of_a_kind():
    stem = next(iter(additive(0.0).entries))
    table = additive(0.0)
    partial = replace(table, entries={k: e for k, e in table.entries.items() if k != stem})
    with pytest.raises(LatencyTableError, match="at least 8 measured units") as caught:
        interpolate(partial, SPACE)
    assert stem in str(caught.value)
    with pytest.raises(LatencyTableError, match="at least 8"):
        interpolate(partial, FBNet())


def test_kinds_are_operations_without_sizes():
    kinds = {_kind(slot.candidates[0]) for slot in SPACE.plan.slots}
    assert 5 < len(kinds) < len(SPACE.plan.slots)
