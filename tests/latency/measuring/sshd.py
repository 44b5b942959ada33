"""An ssh server on loopback with keys of its own, and Pythons without pyhwnas behind it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import venv
from pathlib import Path

import psutil
import pytest

from pyhwnas.latency import Ssh


class Server:
    """Everything lies in one folder: the keys, the server's cache folder, its Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache" / "pyhwnas" / "agent"
        self.python = str(python_with(folder / "there", "numpy", "onnxruntime"))
        self.port = _free_port()
        for name in ("host", "user", "stranger"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True)
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        self.trust(folder / "known_hosts", "host")
        (folder / "sshd_config").write_text(
            textwrap.dedent(
                f"""
                Port {self.port}
                ListenAddress 127.0.0.1
                HostKey {folder}/host
                AuthorizedKeysFile {folder}/authorized_keys
                PidFile none
                StrictModes no
                UsePAM no
                PasswordAuthentication no
                PermitRootLogin yes
                SetEnv XDG_CACHE_HOME={folder}/cache
                """
            )
        )
        self._process = self._start()

    def configuration(self, key: str = "user", known_hosts: str = "known_hosts") -> Path:
        """Write the configuration of a user's ssh."""
        path = self.folder / f"config-{key}-{known_hosts}"
        path.write_text(
            textwrap.dedent(
                f"""
                Host far
                  HostName 127.0.0.1
                  Port {self.port}
                Host *
                  IdentityFile {self.folder}/{key}
                  IdentitiesOnly yes
                  UserKnownHostsFile {self.folder}/{known_hosts}
                  GlobalKnownHostsFile none
                """
            )
        )
        return path

    def trust(self, path: Path, key: str) -> None:
        """Write a file of known machines in which this one has a certain key."""
        kind, word, *_ = (self.folder / f"{key}.pub").read_text().split()
        path.write_text(f"[127.0.0.1]:{self.port} {kind} {word}\n")

    def ssh(self, host="far", *, key="user", known_hosts="known_hosts", **changes) -> Ssh:
        """This machine as another one, for a user."""
        options = ("-F", str(self.configuration(key, known_hosts)))
        return Ssh(host, **{"python": self.python, "options": options, **changes})

    def _start(self) -> psutil.Popen:
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
        if sshd is None or shutil.which("ssh") is None:
            pytest.skip("there is no ssh server here")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("w") as log:
            process = psutil.Popen(
                [sshd, "-D", "-e", "-f", self.folder / "sshd_config"], stderr=log
            )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return process
            if process.poll() is not None:
                break
            time.sleep(0.05)
        process.kill()
        pytest.skip(f"no ssh server can be started here: {(self.folder / 'log').read_text()}")
        raise AssertionError

    def connections(self) -> list[psutil.Process]:
        """The server's processes that each hold a connection."""
        return [p for p in self._process.children(recursive=True) if p.name().startswith("sshd")]

    def at_work(self) -> list[psutil.Process]:
        """All processes that run the receiver or the agent there, orphans too."""
        return [p for p in psutil.process_iter(["cmdline"]) if self._runs_there(p)]

    def _runs_there(self, process: psutil.Process) -> bool:
        return (process.info["cmdline"] or [""])[0].startswith(str(self.folder / "there"))

    def stop(self) -> None:
        processes = [self._process, *self._process.children(recursive=True), *self.at_work()]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself meanwhile
                process.kill()
        psutil.wait_procs(processes, timeout=20)


def python_with(folder: Path, *packages: str) -> Path:
    """Make an environment that has some of the packages installed here, and nothing else."""
    venv.create(folder, with_pip=False, symlinks=True)
    (place,) = folder.glob("lib/python*/site-packages")
    for package in packages:
        home = Path(str(importlib.metadata.distribution(package).locate_file("")))
        for path in (home / package, home / f"{package}.libs"):
            if path.exists():
                (place / path.name).symlink_to(path)
    return folder / "bin" / Path(sys.executable).name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
