"""Tuned code, its records, and a tracker with one device on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from pyhwnas.latency import Settings, fingerprint, measure_networks
from pyhwnas.latency.backends.tvm import TVMBackend
from pyhwnas.latency.backends.tvm_device import Tracker
from pyhwnas.networks import Conv, Network, chain

UNIT = chain((4, 8, 8), Conv(8, 1))


def ready(backend, unit=UNIT):
    encoded = backend.encode(unit, 1)
    feeds = {
        name: np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        for name, shape in encoded.inputs.items()
    }
    return backend.load(encoded.model, feeds)


@pytest.fixture(scope="module")
def tvm():
    return pytest.importorskip("tvm")


@pytest.mark.slow
def test_an_operator_is_tuned_once(tvm, tmp_path):
    backend = TVMBackend(trials=2, folder=str(tmp_path))
    tuned = ready(backend)().numpy()
    (records,) = tmp_path.rglob("database_tuning_record.json")
    first = records.read_text()
    assert len(first.splitlines()) >= 1
    again = ready(backend)().numpy()
    assert records.read_text() == first
    untuned = ready(TVMBackend(trials=0))().numpy()
    np.testing.assert_allclose(tuned, untuned, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(tuned, again)


def test_untuned_code_and_other_efforts_are_other_devices(tvm):
    untuned, tuned, longer = (fingerprint(TVMBackend(trials=n)) for n in (0, 8, 64))
    assert untuned.precision == "fp32 untuned"
    assert tuned.precision == "fp32"
    assert tuned.differences(longer)


def test_a_device_of_a_tracker_is_not_this_machine(tvm):
    found = fingerprint(TVMBackend(rpc="localhost:9190/pi", target='{"kind": "llvm"}'))
    assert found.cpu == "pi"
    assert (found.architecture, found.instruction_sets, found.cores) == ("", (), 0)


def test_arguments_that_cannot_be():
    with pytest.raises(ValueError, match="expected host:port/key, got 'somewhere'"):
        TVMBackend(rpc="somewhere", target='{"kind": "llvm"}')
    with pytest.raises(ValueError, match="cannot be asked what it is"):
        TVMBackend(rpc="localhost:9190/pi")
    with pytest.raises(ValueError, match="trials at least 0"):
        TVMBackend(trials=-1)
    assert Tracker.parse("[::1]:9190/pi") == ("[::1]", 9190, "pi")


@pytest.fixture(scope="module")
def tracker(tvm):
    """A tracker and one server with the key "here"; their processes end with the tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    commands = (
        ["tvm.exec.rpc_tracker", "--host=127.0.0.1", f"--port={port}", f"--port-end={port + 1}"],
        ["tvm.exec.rpc_server", "--host=127.0.0.1", f"--tracker=127.0.0.1:{port}", "--key=here"],
    )
    started = []
    try:
        for command in commands:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", *command],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        yield wait_for_device(port)
    finally:
        family = [
            one
            for process in started
            for one in (psutil.Process(process.pid), *psutil.Process(process.pid).children(True))
        ]
        for one in family:
            one.kill()
        psutil.wait_procs(family, timeout=20)
        for process in started:
            process.wait()


def wait_for_device(port):
    rpc = pytest.importorskip("tvm.rpc")
    until = time.monotonic() + 60
    while not listens(port):
        assert time.monotonic() < until, "the tracker did not start"
        time.sleep(0.1)
    tracker = rpc.connect_tracker("127.0.0.1", port)
    while not tracker.summary()["queue_info"].get("here", {}).get("free"):
        assert time.monotonic() < until, "the server did not report to its tracker"
        time.sleep(0.1)
    tracker.close()
    return f"127.0.0.1:{port}/here"


def listens(port):
    # TVM's own attempts leave their sockets open.
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def target():
    made = TVMBackend().target_dict()
    del made["num-cores"]
    return json.dumps(made)


@pytest.mark.slow
def test_a_device_of_a_tracker_times_itself(tracker):
    backend = TVMBackend(trials=0, rpc=tracker, target=target())
    assert backend.clock == "runner"
    settings = Settings(rounds=2, calls=2, warmups=1, flush_bytes=2**16)
    network = Network.of(UNIT)
    found = measure_networks({"a": network}, backend=backend, processes=1, settings=settings)
    assert found["a"].ms > 0


TUNES = """
import sys

from pyhwnas.latency import Settings, measure_networks
from pyhwnas.latency.backends.tvm import TVMBackend
from pyhwnas.networks import Conv, Network, chain

if __name__ == "__main__":
    rpc, target, folder = sys.argv[1:]
    backend = TVMBackend(trials=1, rpc=rpc, target=target, folder=folder)
    settings = Settings(rounds=2, calls=2, warmups=1, flush_bytes=2**16)
    network = Network.of(chain((4, 8, 8), Conv(8, 1)))
    found = measure_networks({"a": network}, backend=backend, processes=1, settings=settings)
    assert found["a"].ms > 0
"""


@pytest.mark.slow
def test_the_only_device_of_a_tracker_is_tuned_for_and_then_measured(tracker, tmp_path):
    script = tmp_path / "tunes.py"
    script.write_text(TUNES)
    # In a program of its own, as people have it: here, pytest keeps what holds the device.
    command = [sys.executable, str(script), tracker, target(), str(tmp_path)]
    subprocess.run(command, check=True, timeout=900)
    assert list(tmp_path.rglob("database_tuning_record.json"))
