"""Verification at a table's speed, by networks that were measured with the table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from latency.tables.synthetic import made
from latency.toy import Toy

from pyhwnas.pipeline.verified import TIES, speed_then, tied_networks


@dataclass(frozen=True)
class Reading:
    """What is asked of a measurement."""

    ms: float


def test_what_all_networks_share_is_divided_out():
    table = made()
    networks = tied_networks(table, Toy())
    known = {n.arch: n.measured_ms for n in (*table.accuracy.probes, *table.accuracy.held_out)}
    assert len(networks) == TIES
    assert next(iter(networks)) == table.accuracy.probes[0].arch
    assert all(network.arch == arch for arch, network in networks.items())
    found = {arch: Reading(1.1 * known[arch]) for arch in networks}
    found[next(iter(networks))] = Reading(9.0)  # one that went wrong
    assert speed_then(table, {**found, "another": Reading(5.0)}) == pytest.approx(1 / 1.1)


def test_without_networks_in_common_times_stay():
    table = made()
    assert tied_networks(replace(table, accuracy=None), Toy()) == {}
    assert tied_networks(replace(table, plan="0" * 64), Toy()) == {}
    assert speed_then(table, {"another": Reading(5.0)}) is None
