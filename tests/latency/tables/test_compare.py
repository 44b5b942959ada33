"""Two tables beside each other."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from latency.tables.synthetic import THERE, made
from latency.toy import CONV, Toy

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import compare_tables


def test_another_device():
    a = made(seed=0)
    slower = {
        key: replace(e, ms=2 * e.ms, low_ms=None, high_ms=None) for key, e in a.entries.items()
    }
    b = replace(a, entries=slower, device=THERE, accuracy=None)
    found = compare_tables(a, b, Toy())
    assert found.shared == len(a.entries)
    assert found.unit_ratio == pytest.approx((2, 2, 2))
    assert found.network_ratio == pytest.approx((2, 2, 2))
    assert found.unit_spearman == pytest.approx(1)
    assert found.network_spearman == pytest.approx(1)
    assert (found.unit_overlap, found.network_within, found.agree) == (None, None, None)
    assert not found.same_identity
    assert "A phone" in found.summary()
    assert json.loads(json.dumps(found.to_json()))["networks"] == found.networks > 0


def test_one_device_twice():
    a, again, other = made(seed=0), made(seed=1), made(seed=2, factor=3.0)
    agreeing, differing = compare_tables(a, again, Toy()), compare_tables(a, other, Toy())
    assert agreeing.same_identity
    assert agreeing.agree is True
    assert agreeing.network_within == 1.0
    assert 0 < agreeing.network_reach[0] < 1
    assert differing.agree is False
    assert differing.unit_overlap < 0.2
    assert "do not agree" in differing.summary()
    with pytest.raises(LatencyTableError, match=r"expected two tables, got .* twice"):
        compare_tables(a, made(seed=0), Toy())


def test_tables_that_share_some_units_or_none():
    a, b = made(seed=0), made(seed=1)
    fewer = {key: entry for key, entry in b.entries.items() if key != CONV.key}
    found = compare_tables(a, replace(b, entries=fewer), Toy())
    assert (found.shared, found.only_a, found.only_b) == (len(fewer), 1, 0)
    full = compare_tables(a, b, Toy())
    assert 0 < found.networks < full.networks
    assert compare_tables(a, b).networks == 0
    with pytest.raises(LatencyTableError, match="units in common"):
        compare_tables(a, replace(b, entries={}), Toy())


def test_units_that_cost_nothing_have_no_ratio():
    a = made(seed=0)
    free = {key: replace(entry, ms=0.0, low_ms=0.0) for key, entry in a.entries.items()}
    found = compare_tables(a, replace(a, entries=free), Toy())
    assert found.unit_ratio is None
    assert found.unit_spearman is None
    assert found.network_within is None


def test_a_device_at_another_speed_is_the_same_device():
    a, slow = made(seed=0), made(seed=1, speed=1.4)
    found = compare_tables(a, slow, Toy())
    assert found.anchor_ratio == pytest.approx(1.4)
    assert found.unit_ratio[1] == pytest.approx(1.0, abs=0.05)
    assert found.agree is True
    assert "anchor network, divided out: b / a 1.4" in found.summary()


def test_wide_intervals_do_not_make_two_tables_agree():
    a, other = made(seed=0), made(seed=1, factor=1.41)
    spread = abs(np.log(1.41)) / 1.9  # half of the intervals' reach to either side, and a bit
    wide = [
        replace(table, accuracy=replace(table.accuracy, residual_spread=spread / 2.2))
        for table in (a, other)
    ]
    assert compare_tables(*wide, Toy()).agree is False


def test_what_speaks_against_a_table_is_said():
    a = made(seed=0)
    b = replace(made(seed=1), disturbed=0.7, device=replace(a.device, kernel="6.1"))
    text = compare_tables(a, b, Toy()).summary()
    assert "b: the machine was too unsteady to rely on it" in text
    assert "around the device: kernel" in text
    a, b = (
        replace(table, protocol={**table.protocol, "execution": {"provider": "CPU", "spin": spin}})
        for table, spin in ((a, "on"), (b, "off"))
    )
    assert "models were run differently: spin: on and off" in compare_tables(a, b).summary()
