"""From visits to milliseconds: drift goes, disturbed visits go, processes come together."""

from __future__ import annotations

import json
from typing import get_args

import numpy as np
import pytest

from pyhwnas.latency.backends import Clock
from pyhwnas.latency.measuring.readings import ANCHOR, Process, Readings, Settings, Visit

MS = 1_000_000


def _process(speeds, ms=3.0, wall=1.0, failed=None):
    """A model of `ms` in rounds of the given slowness, beside an anchor of 1 ms."""
    anchor, model = [], []
    for number, speed in enumerate(speeds):
        for segment in (0, 1):
            times = [int(speed * MS)] * 3
            anchor.append(Visit((0, 0, number, segment), times, times))
        cpu = [int(ms * speed * MS)] * 3
        model.append(Visit((0, 0, number, 0), [int(wall * ns) for ns in cpu], cpu))
    return Process({ANCHOR.key: anchor, "model": model}, failed or {}, "rounds")


def test_drift_is_divided_out():
    found = Readings([_process([1.0, 1.1, 0.95, 1.05, 1.0])], "cpu", Settings()).of("model")
    assert (found.ms, found.min_ms, found.median_ms) == pytest.approx((3.0, 3.0, 3.0), rel=1e-6)
    assert found.rejected == 0
    assert not found.contended


def test_visits_at_an_unusual_speed_are_left_out():
    readings = Readings([_process([1.0, 1.0, 1.7, 0.6, 1.0])], "cpu", Settings())
    found = readings.of("model")
    assert (found.samples, found.rejected, found.contended) == (9, 6, False)
    assert readings.disturbed == pytest.approx(0.4)


def test_where_little_would_remain_all_is_used_and_marked():
    found = Readings([_process([1.0] * 5, wall=1.5)], "cpu", Settings()).of("model")
    assert (found.samples, found.rejected, found.contended) == (15, 0, True)
    assert not Readings([_process([1.0] * 5, wall=1.5)], "wall", Settings()).of("model").contended


def test_a_slow_process_is_put_on_the_same_footing():
    processes = [_process([1.0] * 5), _process([2.0] * 5), _process([1.0] * 5, ms=3.3)]
    readings = Readings(processes, "cpu", Settings())
    assert readings.of("model").processes == pytest.approx((3.0, 3.0, 3.3))
    assert readings.of("model").ms == pytest.approx(3.0)
    assert readings.anchor_ms() == pytest.approx((1.0, 2.0, 1.0))


def test_another_speed_can_be_asked_for():
    readings = Readings([_process([2.0] * 5)], "cpu", Settings(), reference_ms=1.0)
    assert readings.of("model").ms == pytest.approx(3.0)


def test_failed_and_unknown_models_have_no_reading():
    assert Readings([_process([1.0])], "cpu", Settings()).of("other") is None
    failed = _process([1.0], failed={"model": "it died"})
    assert Readings([failed], "cpu", Settings()).of("model") is None


def test_a_process_goes_through_json():
    process = _process([1.0, 2.0])
    assert Process.from_json(json.loads(json.dumps(process.to_json()))) == process


def test_the_wall_clock_knows_no_contention():
    readings = Readings([_process([1.0] * 5, wall=1.5)], "wall", Settings())
    assert readings.contention == 1.0
    assert readings.of("model").ms == pytest.approx(4.5)


@pytest.mark.parametrize(("clock", "statistic"), [("cpu", "p25_ms"), ("wall", "median_ms")])
def test_cpu_time_is_read_at_its_lower_quartile_and_the_wall_clock_in_the_middle(clock, statistic):
    visits = _process([1.0] * 9)
    visits.visits["model"] = [
        visit._replace(window=(0, 0, number, 0), wall_ns=[ns], own_ns=[ns])
        for number, visit in enumerate(visits.visits["model"])
        for ns in [(3 + number) * MS]
    ]
    found = Readings([visits], clock, Settings()).of("model")
    assert (found.p25_ms, found.median_ms) == pytest.approx((5.0, 7.0))
    assert found.ms == getattr(found, statistic)


def test_settings_take_what_the_device_decides():
    assert Settings().on(2**20, "cpu").flush_bytes == 2**21
    assert Settings().on(None, "cpu").flush_bytes == 2**23
    assert Settings(flush_bytes=7).on(2**20, "cpu").flush_bytes == 7
    chosen = {clock: Settings().on(None, clock).statistic for clock in get_args(Clock)}
    assert chosen == {"cpu": "p25", "process": "p25", "wall": "median", "runner": "median"}
    assert Settings(statistic="min").on(None, "wall").statistic == "min"
    with pytest.raises(ValueError, match="design"):
        Settings(design="else")


def test_energy_is_the_mean_of_calm_visits():
    process = _process([1.0, 1.0, 1.7, 0.6, 1.0])
    uj = [2000.0, 2100.0, 9000.0, 9000.0, 2050.0]
    visits = [v._replace(uj=e) for v, e in zip(process.visits["model"], uj, strict=True)]
    counted = Process({**process.visits, "model": visits}, {}, "rounds")
    again = Process.from_json(json.loads(json.dumps(counted.to_json())))
    for found in (counted, again):
        reading = Readings([found, process], "cpu", Settings()).of("model")
        assert reading.processes_mj == pytest.approx((2.05, np.nan), nan_ok=True)
        assert [mj for mj in reading.processes_mj if mj == mj] == pytest.approx([2.05])
        assert len(reading.processes) == 2


def test_a_model_without_a_whole_segment_has_no_reading():
    process = _process([1.0])
    (visit,) = process.visits["model"]
    cut = Process({**process.visits, "cut": [visit._replace(window=(0, 0, 9, 0))]}, {}, "time")
    assert Readings([cut], "cpu", Settings()).of("cut") is None


def test_a_process_that_saw_too_little_keeps_its_place():
    cut = _process([1.0])
    (visit,) = cut.visits["model"]
    cut.visits["model"][0] = visit._replace(window=(0, 0, 9, 0))
    reading = Readings([cut, _process([1.0] * 5, ms=3.2)], "cpu", Settings()).of("model")
    assert reading.processes == pytest.approx((np.nan, 3.2), nan_ok=True)
    assert [ms for ms in reading.processes if ms == ms] == pytest.approx([3.2])
    assert (reading.ms, reading.low_ms) == (pytest.approx(3.2), None)


def test_what_did_not_settle_in_a_process_is_marked():
    process = _process([1.0] * 5)
    loose = Process(process.visits, {}, "rounds", ("model",))
    assert Readings([process, loose], "cpu", Settings()).of("model").unsettled
    assert not Readings([process], "cpu", Settings()).of("model").unsettled
