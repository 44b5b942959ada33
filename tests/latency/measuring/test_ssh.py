"""Profiles of a machine behind a real ssh server, and everything that can happen on the way."""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import zipfile
from dataclasses import replace
from io import BytesIO

import numpy as np
import psutil
import pytest
from latency.faulty import FaultyBackend
from latency.measuring.sshd import Server, python_with
from latency.toy import ALL, CONV, POOL, Toy

from pyhwnas import Problem, Search, objectives
from pyhwnas.errors import DeviceError, LatencyTableError
from pyhwnas.latency import Settings, Ssh, measure_networks, profile
from pyhwnas.latency.backends.onnxruntime import OnnxRuntimeBackend
from pyhwnas.latency.measuring.bundle import bundle, source
from pyhwnas.latency.measuring.host import Local
from pyhwnas.latency.measuring.measure import look
from pyhwnas.latency.measuring.ssh import _own
from pyhwnas.networks import build
from pyhwnas.optimizers import Random

ONNXRUNTIME = OnnxRuntimeBackend.__module__
needs_server = pytest.mark.ssh
LONG = Settings(rounds=200, calls=1, warmups=1, target_interval=1e-9, flush_bytes=1)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory):
    found = Server(tmp_path_factory.mktemp("server"))
    yield found
    found.stop()


@pytest.fixture
def server(sshd):
    """A server on which no process, work folder or half a file may stay behind."""
    yield sshd
    assert psutil.wait_procs(sshd.at_work(), timeout=20)[1] == [], (
        "the agent outlived its connection"
    )
    assert {len(path.name) for path in sshd.cache.glob("*")} <= {64}


def test_the_bundle_is_closed_and_runs_on_python_3_10():
    data = bundle(ONNXRUNTIME)
    with zipfile.ZipFile(BytesIO(data)) as file:
        modules = {name: file.read(name).decode() for name in file.namelist()}
    assert modules["pyhwnas/__init__.py"] == modules["pyhwnas/latency/__init__.py"] == ""
    known = {path.removesuffix(".py").removesuffix("/__init__") for path in modules}
    known = {path.replace("/", ".") for path in known}
    for text in modules.values():
        for node in ast.parse(text, feature_version=(3, 10)).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                assert name in known or top == "numpy" or top in sys.stdlib_module_names, name
    assert data == bundle(ONNXRUNTIME)
    assert len(data) < 30_000


def test_the_receiver_stands_alone_and_runs_on_python_3_10():
    tree = ast.parse(source("pyhwnas.latency.measuring.receiver"), feature_version=(3, 10))
    for node in tree.body:
        if isinstance(node, ast.Import):
            assert all(alias.name in sys.stdlib_module_names for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module.partition(".")[0] in sys.stdlib_module_names


def test_a_backend_without_source_cannot_travel():
    with pytest.raises(TypeError, match="module math has no source"):
        bundle("math")


def test_names_of_machines():
    assert Ssh("pi@kitchen")._command()[-2] == "pi@kitchen"
    assert Ssh("pi@kitchen:22")._command()[-2] == "ssh://pi@kitchen:22"
    assert Ssh("pi@[::1]:22")._command()[-2] == "ssh://pi@[::1]:22"
    assert Ssh("fe80::1")._command()[-2] == "fe80::1"
    for host in ("", "-oProxyCommand=x", "a b", "ssh://pi@kitchen:22"):
        with pytest.raises(ValueError, match="host: expected user@host"):
            Ssh(host)
    with pytest.raises(ValueError, match="timeout: expected at least 1"):
        Ssh("host", timeout=0)


def test_a_line_that_broke_off_is_none_of_the_far_end():
    assert _own(b'{"far": {"event": "exit", "status": 0, "words": ""}}\n')["status"] == 0
    assert _own(b'{"far": {"event": "ex') is None


@needs_server
def test_a_profile_of_another_machine(server, quick, table):
    seen = []
    there = profile(
        Toy(),
        host=server.ssh(),
        processes=2,
        settings=quick,
        probes=2,
        held_out=4,
        on_progress=seen.append,
    )
    assert set(there.entries) == set(table.entries)
    assert there.covers(Toy())
    assert there.failed == {}
    assert there.matches(table.device) == []
    assert [progress.process for progress in seen] == [1, 1, 2, 2, 3, 3, 4, 4]
    # The models stay there, once each, and are not sent again.
    files = {path: path.stat().st_ino for path in server.cache.iterdir()}
    measure_networks({"a": build(Toy(), ALL[5])}, host=server.ssh(), processes=1, settings=quick)
    assert {path: path.stat().st_ino for path in files} == files


@needs_server
def test_a_port_after_the_name(server):
    host = server.ssh(f"127.0.0.1:{server.port}")
    device = look(OnnxRuntimeBackend(), host).device
    assert device.differences(look(OnnxRuntimeBackend(), Local()).device) == []


@needs_server
def test_files_that_nothing_asks_for_are_deleted(server):
    look(OnnxRuntimeBackend(), server.ssh())
    old, new = server.cache / ("0" * 64), server.cache / ("1" * 64)
    for path in (old, new):
        path.write_bytes(b"a model")
    (server.cache / "work-old").mkdir()
    for path in (old, server.cache / "work-old"):
        os.utime(path, (0, 0))
    look(OnnxRuntimeBackend(), server.ssh())
    assert new.exists()
    assert not old.exists()


def clients():
    return [process for process in psutil.Process().children() if process.name() == "ssh"]


def after(rounds, act):
    """Do something once, after some rounds; remember what was reported."""
    seen = []

    def on_progress(progress):
        seen.append(progress)
        if len(seen) == rounds:
            act()

    return seen, on_progress


@needs_server
@pytest.mark.parametrize("end", ["client", "server", "receiver", "receiver by force"])
def test_a_connection_that_breaks_is_taken_up_again(server, end):
    def cut():
        receivers = [process for process in server.at_work() if "-c" in process.info["cmdline"]]
        victims = {"client": clients(), "server": server.connections()}.get(end, receivers)
        assert victims
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.send_signal(signal.SIGTERM if end == "receiver" else signal.SIGKILL)

    seen, on_progress = after(5, cut)
    found = profile(
        Toy(),
        units=[CONV.key, POOL.key],
        host=server.ssh(),
        processes=1,
        settings=LONG,
        on_progress=on_progress,
    )
    assert set(found.entries) == {CONV.key, POOL.key}
    assert [progress.done for progress in seen].count(1) == 2
    # Nothing is missing or measured twice; in the round that was cut some models had their visit.
    assert len(seen) in {LONG.rounds - 1, LONG.rounds}
    if end == "receiver by force":  # nobody was there to clean up
        (folder,) = server.cache.glob("work-*")
        shutil.rmtree(folder)


@needs_server
@pytest.mark.parametrize("end", ["near", "server"])
def test_a_connection_that_falls_silent_is_lost(server, end):
    """Neither end is closed; each has to notice by itself."""
    stopped = []

    def freeze():
        stopped.extend(clients() if end == "near" else server.connections())
        agents = server.at_work()
        for process in stopped:
            process.suspend()
        if end == "near":
            assert psutil.wait_procs(agents, timeout=20)[1] == []
            for process in stopped:
                process.resume()

    _, on_progress = after(3, freeze)
    try:
        found = profile(
            Toy(),
            units=[CONV.key],
            host=server.ssh(timeout=2),
            processes=1,
            settings=LONG,
            on_progress=on_progress,
        )
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    assert stopped
    assert list(found.entries) == [CONV.key]


@needs_server
def test_a_machine_that_never_comes_back_is_an_error(server, monkeypatch):
    monkeypatch.setattr("pyhwnas.latency.measuring.timing.PAUSES", (0.0, 0.0))
    shutil.copy(server.folder / "user", server.folder / "leaving")
    config = server.configuration("leaving")

    def leave():
        config.write_text(config.read_text().replace(str(server.port), "1"))
        for process in server.connections():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    _, on_progress = after(2, leave)
    with pytest.raises(LatencyTableError, match=r"no connection to far: .*Connection refused"):
        profile(
            Toy(),
            units=[CONV.key],
            host=server.ssh(key="leaving"),
            settings=LONG,
            on_progress=on_progress,
        )


@needs_server
def test_a_search_stops_with_the_connection_and_goes_on_with_it(server, quick, monkeypatch):
    monkeypatch.setattr("pyhwnas.latency.measuring.timing.PAUSES", (0.0,))
    shutil.copy(server.folder / "user", server.folder / "wandering")
    config = server.configuration("wandering")
    there = config.read_text()
    space = Toy()
    host = server.ssh(key="wandering")
    config.write_text(there)
    measured = objectives.MeasuredLatency(space, host=host, settings=quick, processes=1)
    search = Search(Problem(space, (measured,)), Random(), seed=3)

    def leave(search):
        if np.isfinite(search.history.values).any():
            config.write_text(there.replace(str(server.port), "1"))

    with pytest.raises(DeviceError, match=r"no connection to far: .*Connection refused"):
        search.run(8, batch=8, on_tell=(leave,))
    before = search.history.values.copy()
    assert np.isfinite(before).any()
    config.write_text(there)
    history = search.run(8, batch=8)
    assert len(history) == 8
    np.testing.assert_array_equal(history.values[: len(before)], before)
    assert all("no path" in error for error in history.errors if error)


@needs_server
def test_what_is_sent_is_told(server, tmp_path):
    steps = []
    host = replace(server.ssh(), python=f"env XDG_CACHE_HOME={tmp_path} {server.python}")
    settings = Settings(rounds=2, calls=1, warmups=1, flush_bytes=1)
    measure_networks(
        {"a": build(Toy(), ALL[5])},
        host=host,
        processes=1,
        settings=settings,
        on_step=steps.append,
    )
    order = [doing for doing, _ in itertools.groupby(step.doing for step in steps)]
    assert order == ["encoding models", "sending kB", "loading models"]
    for doing in order:
        found = [step for step in steps if step.doing == doing]
        assert [step.done for step in found] == sorted(step.done for step in found)
        assert found[-1].done == found[-1].total > 0
        assert {step.total for step in found} == {found[-1].total}


@needs_server
def test_a_model_that_kills_the_agent_there_is_named(server, quick):
    backend = FaultyBackend(kills="avgpool")
    found = profile(
        Toy(), host=server.ssh(), backend=backend, processes=1, settings=quick, probes=0, held_out=0
    )
    assert list(found.failed) == [POOL.key]
    assert "died (status -9)" in found.failed[POOL.key]
    assert CONV.key in found.entries


@needs_server
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_end_here_is_the_end_there(server, number):
    script = textwrap.dedent(
        """
        from latency.toy import Toy
        from pyhwnas.latency import Settings, Ssh, profile
        settings = Settings(rounds=10**6, calls=1, target_interval=1e-9, flush_bytes=1)
        profile(Toy(), host=HOST, settings=settings, probes=0, held_out=0,
                on_progress=lambda p: print(p.done, flush=True))
        """
    )
    host = server.ssh()
    code = f"import sys; sys.path[:] = {sys.path!r}\n{script.replace('HOST', repr(host))}"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout.readline() == b"1\n"
        there = server.at_work()
        assert len(there) == 2
        child.send_signal(number)
    assert psutil.wait_procs(there, timeout=20)[1] == []


@needs_server
def test_machines_that_cannot_be_reached(server):
    server.trust(server.folder / "other_hosts", "stranger")
    (server.folder / "no_hosts").touch()
    refused = {
        "Host key verification failed": [
            server.ssh(known_hosts="other_hosts"),
            server.ssh(known_hosts="no_hosts"),
        ],
        "Permission denied": [server.ssh(key="stranger")],
        "Connection refused": [server.ssh("127.0.0.1:1")],
        "Could not resolve hostname": [server.ssh("no.such.machine.invalid")],
    }
    for reason, hosts in refused.items():
        for host in hosts:
            message = f"no connection to .*{reason}.*; ssh must log in there without a question"
            with pytest.raises(LatencyTableError, match=message):
                look(OnnxRuntimeBackend(), host)


@needs_server
def test_what_is_missing_there_is_named(server, tmp_path):
    host = server.ssh()

    def without(python, message):
        with pytest.raises(LatencyTableError, match=message):
            look(OnnxRuntimeBackend(), replace(host, python=str(python)))

    without("no-such-python", r"no-such-python on far cannot run the agent \(status 127\): .*found")
    old = f"{server.python} -c 'import sys; sys.version_info = (3, 9); exec(sys.argv[2])'"
    without(old, r"cannot run the agent \(status 1\): Python 3.10 or newer is needed, found")
    bare = python_with(tmp_path / "bare")
    without(bare, f"numpy is not installed on far; run there: {bare} -m pip install numpy")
    bare = python_with(tmp_path / "half", "numpy")
    without(bare, f"onnxruntime is not installed on far; run there: {bare} -m pip install onnxr")


@needs_server
def test_a_full_disk_there_is_an_error(server, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk of four megabytes needs the right to mount")
    host = replace(server.ssh(), python=f"env XDG_CACHE_HOME={disk} {server.python}")
    try:
        with pytest.raises(
            LatencyTableError, match=r"far: .*/pyhwnas/agent: 1\d\.\d MB are needed, [34]\.\d MB"
        ):
            profile(Toy(), units=[CONV.key], host=host)
        assert [
            path.stat().st_size < 30_000 for path in (disk / "pyhwnas" / "agent").iterdir()
        ] == [True]
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@needs_server
def test_a_disk_that_fills_up_meanwhile_is_an_error(server, tmp_path):
    """The limit on file sizes stands for a quota, which free space does not show."""
    limited = tmp_path / "limited"
    limited.write_text(f'#!/bin/sh\nulimit -f 2000\ntrap "" XFSZ\nexec {server.python} "$@"\n')
    limited.chmod(0o755)
    host = replace(server.ssh(), python=f"env XDG_CACHE_HOME={tmp_path} {limited}")
    with pytest.raises(
        LatencyTableError, match=r"far: models cannot be put into .*: File too large"
    ):
        profile(Toy(), units=[CONV.key], host=host)
    assert {len(path.name) for path in (tmp_path / "pyhwnas" / "agent").iterdir()} == {64}


@needs_server
@pytest.mark.slow
def test_a_table_over_ssh_from_the_command_line(server, tmp_path):
    """With the configuration of a user, who would have it in the home folder."""
    (tmp_path / "bin").mkdir()
    ssh = tmp_path / "bin" / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {server.configuration()} "$@"\n')
    ssh.chmod(0o755)
    code = f"import sys; sys.path[:] = {sys.path!r}; from pyhwnas.cli import main; main()"
    command = [sys.executable, "-c", code, "profile", "--space", "nasbench201", "--ssh", "far"]
    options = ["--ssh-python", server.python, "--time-cap", "0", "--processes", "1", "--json"]
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*command, *options, "-o", str(tmp_path / "tables")],
        env=environment,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["table"].startswith("nasbench201")
    assert len(list((tmp_path / "tables").iterdir())) == 1
