"""Another machine that is reached by ssh."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from pyhwnas.errors import DeviceError
from pyhwnas.latency.measuring.bundle import bundle, source
from pyhwnas.latency.measuring.host import Talk, run, thread_limits

__all__ = ["Ssh"]

RECEIVER = "pyhwnas.latency.measuring.receiver"
LOST = 255
PIECE_BYTES = 2**18
# One line that every shell takes in single quotes and even Python 2 can read.
START = (
    "import sys; sys.version_info < (3, 10) and "
    'sys.exit("Python 3.10 or newer is needed, found " + sys.version.split()[0]); '
    "sys.path[:] = filter(None, sys.path); exec(eval(sys.stdin.buffer.readline()))"
)
ABSENT_MODULE = re.compile(
    r"No module named '(?!pyhwnas)(\w+)|(\w+) is needed here and is not installed"
)
PACKAGES = {"cpuinfo": "py-cpuinfo"}


@dataclass(frozen=True)
class Ssh:
    """A machine that the system's own ssh logs in to, with the user's configuration and keys.

    Parameters
    ----------
    host : str
        ``"user@host"``, ``"user@host:port"`` or a name in ssh's configuration. Logging in must work
        without a question, and the machine must be known.
    python : str
        Command there that runs a Python of version 3.10 or newer with numpy and the backend, such
        as ``"~/venv/bin/python"``. Nothing else is needed there; Windows cannot be that machine.
    options : tuple of str
        Further arguments of ssh, such as ``("-i", "key")``.
    timeout : float
        Seconds without a sign of life after which each end takes the connection for lost.

    Notes
    -----
    One connection runs one timing process. It carries the agent (some 15 kB) and the models that
    the machine does not have yet; they stay in ``~/.cache/pyhwnas/agent`` there, by content, until
    a measurement finds that nothing has asked for them during a day. The timing process ends with
    the connection, whichever way that goes, and leaves nothing else behind.

    Examples
    --------
    >>> from pyhwnas.latency import Ssh
    >>> Ssh("pi@kitchen:2222", python="~/venv/bin/python")
    Ssh(host='pi@kitchen:2222', python='~/venv/bin/python', options=(), timeout=30.0)
    """

    host: str
    python: str = "python3"
    options: tuple[str, ...] = ()
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^\s-](?!.*://)\S*", self.host):
            raise ValueError(f"host: expected user@host or user@host:port, got {self.host!r}")
        if not self.timeout >= 1:
            raise ValueError(f"timeout: expected at least 1 second, got {self.timeout}")

    @contextlib.contextmanager
    def talk(self, folder: Path, work: str, threads: int) -> Iterator[Talk]:
        """Run the agent there; see `Host.talk`."""
        if shutil.which("ssh") is None:
            raise DeviceError("there is no ssh on this machine; install OpenSSH's client")
        parcel = _pack(folder / work, threads, silence=self.timeout)
        with run(self._command(), os.environ, stdin=subprocess.PIPE) as (near, child):
            assert child.stdin is not None
            far = _Conversation(near.lines, child.stdin)
            with contextlib.closing(far.lines(parcel, self.timeout / 3)) as lines:
                talk = Talk(lines)
                yield talk
        self._end(talk, near, far)

    def _end(self, talk: Talk, near: Talk, far: _Conversation) -> None:
        """Tell how it ended: there, on the way, or before it began."""
        if far.problem:
            raise DeviceError(f"{self.host}: {far.problem}")
        reason = near.words or "no reason told"
        talk.status = near.status
        if far.exit is not None:
            talk.status, talk.words = far.exit
            absent = ABSENT_MODULE.search(talk.words) if talk.status else None
            if absent is not None:
                module = absent[1] or absent[2]
                raise DeviceError(
                    f"{module} is not installed on {self.host}; run there: "
                    f"{self.python} -m pip install {PACKAGES.get(module, module)}"
                )
        elif far.begun:
            talk.lost = True
            talk.words = f"the connection to {self.host} broke off: {reason}"
        elif near.status == LOST or near.status < 0:
            talk.lost = True
            talk.words = (
                f"no connection to {self.host}: {reason}; ssh must log in there without a question"
            )
        else:
            raise DeviceError(
                f"{self.python} on {self.host} cannot run the agent (status {near.status}): "
                f"{reason}"
            )

    def _command(self) -> list[str]:
        # A port needs the form of a URL; names of the configuration hold in it too.
        place = f"ssh://{self.host}" if re.search(r"[^:]:\d+$", self.host) else self.host
        settings = {
            "BatchMode": "yes",
            "ClearAllForwardings": "yes",
            "ConnectTimeout": max(round(self.timeout), 1),
            "RemoteCommand": "none",
            "ServerAliveCountMax": 3,
            "ServerAliveInterval": max(round(self.timeout / 3), 1),
        }
        flags = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-T", *flags, *self.options, "--", place, f"{self.python} -c '{START}'"]


class _Parcel(NamedTuple):
    """What the far end is to do, and the files for it by SHA-256."""

    order: bytes
    files: Mapping[str, Path | bytes]


def _pack(path: Path, threads: int, *, silence: float) -> _Parcel:
    """Read a work file and all that it names."""
    work = json.loads(path.read_text(encoding="utf-8"))
    agent = bundle(work["backend"]["module"])
    name = hashlib.sha256(agent).hexdigest()
    files: dict[str, Path | bytes] = {name: agent}
    sizes = {name: len(agent)}
    for item in work["items"]:
        model = path.parent / item["model"]
        with model.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        files[digest], sizes[digest] = model, model.stat().st_size
        item["model"] = f"../{digest}"
    order = {
        "agent": name,
        "files": list(sizes.items()),
        "work": json.dumps(work),
        "environment": thread_limits(threads),
        "silence": silence,
    }
    return _Parcel(json.dumps(order).encode() + b"\n", files)


class _Conversation:
    """The near end of `receiver`, which says in what order things are told."""

    def __init__(self, lines: Iterator[bytes], stdin: IO[bytes]) -> None:
        self.begun = False
        self.problem = ""
        self.exit: tuple[int, str] | None = None
        self._lines = lines
        self._stdin = stdin

    def lines(self, parcel: _Parcel, interval: float) -> Generator[bytes, None, None]:
        """Send everything, then pass on what the agent says; show life now and then meanwhile."""
        with contextlib.suppress(BrokenPipeError):  # its reason is among the lines
            yield from self._send(parcel)
        with _signs_of_life(self._stdin, interval):
            yield from self._listen()

    def _send(self, parcel: _Parcel) -> Iterator[bytes]:
        """Send the far end itself, its order, and the files that it asks for; tell how far."""
        self._stdin.write(ascii(source(RECEIVER)).encode() + b"\n" + parcel.order)
        self._stdin.flush()
        contents = [parcel.files[name] for name in self._missing()]
        total = sum(c.stat().st_size if isinstance(c, Path) else len(c) for c in contents)
        done = 0
        for content in contents:
            data = content.read_bytes() if isinstance(content, Path) else content
            for start in range(0, len(data), PIECE_BYTES):
                done += self._stdin.write(data[start : start + PIECE_BYTES])
                self._stdin.flush()
                yield json.dumps({"event": "sent", "bytes": done, "of": total}).encode()

    def _listen(self) -> Iterator[bytes]:
        for line in self._lines:
            event = _own(line)
            if event is None:
                yield line
            elif event["event"] == "exit":
                self.exit = event["status"], event["words"]
            else:
                self.problem = event["text"]

    def _missing(self) -> list[str]:
        # A login shell may greet first.
        for line in self._lines:
            event = _own(line)
            if event is not None:
                self.begun = True
                self.problem = event.get("text", "")
                return list(event.get("names", ()))
        return []


def _own(line: bytes) -> dict[str, Any] | None:
    """Read an event of the far end; None for a line of anything else, or one that broke off."""
    if not line.startswith(b'{"far": '):
        return None
    try:
        event: dict[str, Any] = json.loads(line)["far"]
    except ValueError:
        return None
    return event


@contextlib.contextmanager
def _signs_of_life(stdin: IO[bytes], interval: float) -> Iterator[None]:
    """Write a blank line now and then, by which the far end knows that somebody listens."""
    over = threading.Event()

    def write() -> None:
        with contextlib.suppress(OSError):
            while not over.wait(interval):
                stdin.write(b"\n")
                stdin.flush()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
