"""Verification at a table's speed, by networks that were measured with the table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from latency.tables.synthetic import made
from latency.toy import Toy

from pyhwnas.cli.progress import Plain
from pyhwnas.errors import DeviceError
from pyhwnas.job import Job
from pyhwnas.pipeline import Run
from pyhwnas.pipeline.verified import TIES, speed_then, tied_networks

JOB = Job(
    space="latency.toy:Toy",
    objectives=("synflow_expected", "macs"),
    optimizer="random",
    backend="latency.faulty:FaultyBackend",
    evals=16,
    top=9,
)


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


def test_networks_that_cannot_be_timed_are_named_and_left_out(tmp_path, capsys):
    job = replace(JOB, backend_options={"refuses": "left_conv"})
    done = Run.start(job, tmp_path, Plain()).all()
    (untimed,) = [choice for choice in done.choices if choice.measured_ms is None]
    assert untimed.arch == "2-2"
    assert len(done.choices) > 2
    assert "Network 2-2 could not be timed: NotImplementedError: no" in capsys.readouterr().err


def test_a_device_that_can_time_nothing_costs_no_report(tmp_path):
    job = replace(JOB, backend_options={"refuses": "conv"})
    with pytest.raises(DeviceError, match="refuses the anchor network"):
        Run.start(job, tmp_path, Plain()).all()
    assert (tmp_path / "report.html").exists()
    assert not (tmp_path / "verified.json").exists()
