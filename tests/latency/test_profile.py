"""Profiles end to end, on the real runtime. How long things take is not tested."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
from latency.faulty import FaultyBackend
from latency.toy import ALL, CONV, POOL, Toy

from pyhwnas.errors import LatencyTableError
from pyhwnas.latency import LatencyTable, Settings, fingerprint, measure_networks, profile
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.measuring.agent import _Model
from pyhwnas.latency.measuring.host import Local
from pyhwnas.latency.measuring.measure import Model, measure
from pyhwnas.latency.measuring.readings import Process
from pyhwnas.latency.profile import _Partial
from pyhwnas.networks import build
from pyhwnas.networks.onnx import to_onnx


def test_a_profile_has_every_unit_and_its_own_error(table):
    space = Toy()
    assert set(table.entries) == {unit.key for unit in space.plan.units if unit.nodes}
    assert table.covers(space)
    assert table.failed == {}
    assert table.plan == space.plan.fingerprint
    assert len(table.anchor_ms) == 2
    assert len(table.accuracy.probes) == 2
    assert len(table.accuracy.held_out) == 4
    for entry in table.entries.values():
        assert len(entry.process_ms) == 2
        assert 0 <= entry.low_ms <= entry.ms <= entry.high_ms
        assert 0 < entry.min_ms <= entry.p25_ms <= entry.median_ms
        assert entry.carrier_ms > 0
        assert entry.processes == 2
    assert "held-out networks" in table.summary()
    assert (table.protocol["clock"], table.protocol["statistic"]) == ("cpu", "p25")


def test_networks_are_chosen_without_repeats(table):
    archs = [network.arch for network in (*table.accuracy.probes, *table.accuracy.held_out)]
    assert len(set(archs)) == len(archs)


def test_some_units_only(quick):
    found = profile(Toy(), units=[CONV.key], processes=1, settings=quick)
    assert list(found.entries) == [CONV.key]
    assert "one process" in found.entries[CONV.key].quality
    assert found.accuracy is None
    assert found.scale == 1.0
    with pytest.raises(ValueError, match="no such unit"):
        profile(Toy(), units=["no such unit"])
    with pytest.raises(ValueError, match="one or more, got none"):
        profile(Toy(), units=[])


def test_a_unit_that_kills_its_process_is_named_and_the_rest_survives(quick):
    backend = FaultyBackend(kills="avgpool")
    found = profile(Toy(), backend=backend, processes=2, settings=quick, probes=0, held_out=0)
    assert list(found.failed) == [POOL.key]
    assert "died (status -9)" in found.failed[POOL.key]
    assert CONV.key in found.entries
    assert POOL.key not in found.entries
    assert f"not measured: {POOL.key}" in found.summary()
    with pytest.raises(LatencyTableError, match=r"avgpool3p1.*died"):
        found.predict(Toy(), ALL)


@pytest.mark.filterwarnings("error")
def test_units_that_all_kill_their_process_amid_the_rounds_are_an_error(quick):
    backend = FaultyBackend(kills_later="avgpool")
    with pytest.raises(LatencyTableError, match=r"nothing could be timed .* died \(status -9\)"):
        measure_networks({"a": POOL}, backend=backend, processes=1, settings=quick)


def test_a_unit_that_kills_its_process_once_gets_another_chance(quick, tmp_path):
    backend = FaultyBackend(kills="avgpool", once=str(tmp_path / "died"))
    found = profile(Toy(), backend=backend, processes=1, settings=quick, probes=0, held_out=0)
    assert (tmp_path / "died").exists()
    assert found.failed == {}
    assert POOL.key in found.entries


def test_a_refused_model_is_reported(quick):
    backend = FaultyBackend(refuses="avgpool")
    found = profile(Toy(), backend=backend, processes=1, settings=quick, probes=1, held_out=1)
    assert found.failed[POOL.key] == "NotImplementedError: no kernel for this"
    assert CONV.key in found.entries


def test_a_model_that_cannot_be_written_is_reported(quick):
    backend = FaultyBackend(unwritten="avgpool")
    found = profile(Toy(), backend=backend, processes=1, settings=quick, probes=0, held_out=0)
    assert found.failed[POOL.key] == "NotImplementedError: no form for this"
    assert CONV.key in found.entries
    with pytest.raises(LatencyTableError, match="refuses the anchor network: NotImplemented"):
        profile(Toy(), backend=FaultyBackend(unwritten="conv"), processes=1, settings=quick)


def test_a_backend_that_can_do_nothing_is_an_error(quick):
    with pytest.raises(LatencyTableError, match="refuses the anchor network: NotImplemented"):
        profile(Toy(), backend=FaultyBackend(refuses="conv"), processes=1, settings=quick)
    with pytest.raises(LatencyTableError, match=r"status -9\), twice while the anchor"):
        profile(Toy(), backend=FaultyBackend(kills="conv"), processes=1, settings=quick)


def test_the_command_after_a_kill_goes_on(tmp_path):
    path = tmp_path / "toy.json"
    script = textwrap.dedent(
        """
        import sys
        from latency.toy import Toy
        from pyhwnas.latency import Settings, profile
        settings = Settings(rounds=40, calls=1, target_interval=1e-9, flush_bytes=1)
        profile(Toy(), processes=2, settings=settings, probes=1, held_out=0, path=sys.argv[1],
                on_progress=lambda p: print(p.process, p.done, flush=True))
        """
    )
    code = f"import sys; sys.path[:] = {sys.path!r}\n{script}"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True
    )
    with child:
        assert any(line.startswith("2 ") for line in child.stdout)
        agents = psutil.Process(child.pid).children(recursive=True)
        child.kill()
    assert agents
    assert psutil.wait_procs(agents, timeout=20)[1] == [], "the timing process outlived its parent"
    assert not path.exists()
    assert path.with_name("toy.json.partial").exists()

    seen = []
    settings = Settings(rounds=40, calls=1, target_interval=1e-9, flush_bytes=1)
    table = profile(
        Toy(),
        processes=2,
        settings=settings,
        probes=1,
        held_out=0,
        path=path,
        on_progress=seen.append,
    )
    assert {progress.process for progress in seen} == {2, 3, 4}
    assert all(entry.processes == 2 for entry in table.entries.values())
    assert LatencyTable.load(path).fingerprint == table.fingerprint
    assert [file.name for file in tmp_path.iterdir()] == ["toy.json"]


def test_other_settings_do_not_go_on_from_it(tmp_path, quick):
    path = tmp_path / "toy.json"
    process = Process({}, {}, "rounds")
    _Partial(path, "device", quick, 0).save("units", 0.0, [process])
    assert _Partial(path, "device", quick, 0).load("units") == [process]
    for other in (("else", quick, 0), ("device", replace(quick, calls=9), 0), ("device", quick, 1)):
        assert _Partial(path, *other).load("units") == []


def test_what_an_interrupted_call_took_counts(tmp_path, quick):
    path = tmp_path / "toy.json"

    def interrupted(at):
        if at.process == 2:
            raise KeyboardInterrupt

    settings = replace(quick, rounds=9, target_interval=1e-9)
    how = {"processes": 2, "probes": 0, "held_out": 0, "settings": settings, "path": path}
    with pytest.raises(KeyboardInterrupt):
        profile(Toy(), on_progress=interrupted, **how)
    file = tmp_path / "toy.json.partial"
    done = json.loads(file.read_text())
    assert 0 < done["done"]["units"]["seconds"] < 1000
    done["done"]["units"]["seconds"] = 1000.0
    file.write_text(json.dumps(done))
    table = profile(Toy(), time_cap=999, **how)
    assert table.seconds > 1000
    assert table.protocol["stop"] == ["rounds", "time"]


def test_a_damaged_file_of_processes_is_begun_anew(tmp_path, quick):
    path = tmp_path / "toy.json"
    (tmp_path / "toy.json.partial").write_text("not JSON")
    seen = []
    profile(
        Toy(),
        units=[CONV.key],
        processes=1,
        settings=quick,
        path=path,
        on_progress=seen.append,
    )
    assert seen[0].process == 1


def test_a_time_cap_ends_the_rounds(quick):
    settings = Settings(rounds=10_000, calls=1, target_interval=1e-9, flush_bytes=1)
    found = profile(Toy(), units=[CONV.key], processes=1, settings=settings, time_cap=0.0)
    assert found.protocol["stop"] == ["time"]
    assert found.entries[CONV.key].samples > 0
    assert "unsettled" in found.entries[CONV.key].quality
    assert "the time cap ended it" in found.summary()


def test_networks_have_what_units_leave_of_the_time_cap(quick, monkeypatch):
    """A cap that is long enough ends nothing, whatever share of the models networks are."""
    given = []

    def spy(models, *arguments, deadline, **more):
        given.append(deadline)
        return measure(models, *arguments, deadline=deadline, **more)

    # The function of that name hides its module.
    monkeypatch.setattr(sys.modules[profile.__module__], "measure", spy)
    begun = time.monotonic()
    settings = replace(quick, target_interval=0.99)
    found = profile(Toy(), processes=1, settings=settings, time_cap=1e3, probes=1, held_out=1)
    units, networks = (deadline - begun for deadline in given)
    assert units < 1000 <= networks < 1000 + time.monotonic() - begun
    assert len(found.protocol["stop"]) == 2  # of the networks too


def test_a_time_cap_that_ends_networks_is_told(quick):
    found = profile(Toy(), processes=1, settings=quick, probes=1, held_out=1)
    assert "time" not in found.protocol["stop"]
    assert "the time cap ended it" not in found.summary()
    settings = replace(quick, rounds=10_000, target_interval=1e-9)
    found = profile(Toy(), processes=1, settings=settings, time_cap=0.0, probes=1, held_out=1)
    assert found.protocol["stop"] == ["time", "time"]


def test_what_has_not_settled_says_so():
    settings = Settings(rounds=5, calls=1, target_interval=1e-9, flush_bytes=1)
    found = profile(Toy(), units=[CONV.key], processes=1, settings=settings)
    assert found.protocol["stop"] == ["rounds"]
    assert "unsettled" in found.entries[CONV.key].quality
    settings = replace(settings, target_interval=0.99, rounds=30)
    found = profile(Toy(), units=[CONV.key], processes=1, settings=settings)
    assert found.protocol["stop"] in (["interval"], ["rounds"])  # the latter on a busy machine


def test_networks_are_timed_in_processes_of_their_own(table, progress):
    networks = len(table.accuracy.probes) + len(table.accuracy.held_out)
    assert [p.process for p in progress if p.done == 1] == [1, 2, 3, 4]
    assert {p.processes for p in progress} == {4}
    assert all(p.active != networks for p in progress if p.process <= 2)
    assert all(p.active == networks for p in progress if p.process > 2)


def test_whole_networks_as_objects_bytes_and_files(quick, tmp_path):
    network = build(Toy(), ALL[5])
    data = to_onnx(network).SerializeToString()
    (tmp_path / "network.onnx").write_bytes(data)
    networks = {"a": network, "b": data, "c": tmp_path / "network.onnx"}
    found = measure_networks(networks, processes=1, settings=quick)
    assert list(found) == ["a", "b", "c"]
    assert all(m.ms > 0 and m.samples > 0 for m in found.values())
    networks["bad"] = build(Toy(), [2, 1])
    with pytest.raises(LatencyTableError, match="network bad could not be timed: NotImpl"):
        measure_networks(networks, backend=FaultyBackend(refuses="left_conv"), settings=quick)


def test_two_threads_use_the_wall_clock(quick):
    found = profile(Toy(), threads=2, processes=1, settings=quick, units=[CONV.key])
    assert (found.protocol["clock"], found.protocol["statistic"]) == ("wall", "median")
    assert found.entries[CONV.key].processes == 1
    assert found.device.threads == 2


def test_a_batch_makes_another_identity(quick, table):
    found = profile(Toy(), batch=2, processes=1, settings=quick, units=[CONV.key])
    assert found.device.batch == 2
    assert table.matches(found.device) == ["batch: expected 1, got 2"]


def test_numbers_out_of_range(quick):
    with pytest.raises(ValueError, match="at least 1"):
        profile(Toy(), processes=0)
    for wrong in (
        {"target_interval": 0}, {"statistic": "mean"}, {"disturbed": 0.5}, {"flush_bytes": -1},
        {"rounds": 0}, {"warmups": -1}, {"energy_ms": 0.0},
    ):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Settings(**wrong)
    assert np.isfinite(quick.flush_bytes)


@pytest.mark.parametrize("design", ["chain", "alone"])
def test_other_designs(quick, design):
    settings = replace(quick, design=design)
    found = profile(Toy(), processes=1, settings=settings, probes=0, held_out=0)
    assert found.covers(Toy())
    assert found.protocol["design"] == design
    if design == "alone":
        assert {entry.carrier_ms for entry in found.entries.values()} == {0.0}


def test_a_device_that_changes_meanwhile_is_an_error(quick):
    device = replace(fingerprint(OnnxRuntimeBackend()), cpu="Another CPU")
    model = Model("conv", CONV)
    with pytest.raises(LatencyTableError, match="changed since the measurement began: cpu: exp"):
        measure(
            [model],
            OnnxRuntimeBackend(),
            quick,
            device=device,
            host=Local(),
            processes=1,
        )


def test_progress_tells_how_steady_it_is():
    seen = []
    settings = Settings(rounds=12, calls=2, warmups=1, flush_bytes=1)
    profile(Toy(), processes=1, settings=settings, units=[CONV.key], on_progress=seen.append)
    assert [progress.done for progress in seen] == list(range(1, len(seen) + 1))
    assert all(progress.rounds == 12 for progress in seen)
    assert {(progress.process, progress.processes) for progress in seen} == {(1, 1)}
    assert seen[0].spread is None
    assert all(0 <= progress.disturbed <= 1 for progress in seen)
    assert all(progress.spread is None or progress.spread >= 0 for progress in seen)


@pytest.mark.parametrize("p", [0.25, 0.5])
def test_the_spread_is_that_of_the_statistic(p):
    model = _Model(1, lambda: None, cold=False, rounds=9, quantile=p)
    assert model.spread() == math.inf
    model.times += [1000] * 10
    assert model.spread() == 0.0
    model.times += list(range(1000, 1400, 10))
    ordered = sorted(model.times)
    reach = 1.645 * math.sqrt(50 * p * (1 - p))
    low, high = ordered[math.floor(50 * p - reach)], ordered[math.ceil(50 * p + reach)]
    assert model.spread() == pytest.approx((high - low) / (2 * ordered[int(50 * p)]))


def test_the_agent_refuses_a_clock_that_goes_backwards(tmp_path, quick):
    with pytest.raises(LatencyTableError, match="a clock went backwards"):
        profile(Toy(), backend=FaultyBackend(clock="runner"), processes=1, settings=quick)
