"""Machines on which the timing process can run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol

__all__ = ["Host", "Local", "Talk"]


class Talk:
    """What a timing process says, line by line; after its end, how it ended.

    Attributes
    ----------
    lines : iterator of bytes
        Its standard output, as it comes.
    status : int
        Its exit status, negative for a signal.
    words : str
        The last line of its standard error, for messages.
    lost : bool
        Whether it was the connection to it that ended, as `words` say. What it has not finished
        is then to be tried again.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.lines = lines
        self.status = 0
        self.words = ""
        self.lost = False

    def events(self) -> Iterator[dict[str, Any]]:
        """Read what happens, as it comes; other lines are a runtime's own chatter."""
        for line in self.lines:
            with contextlib.suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict) and "event" in event:
                    yield event

    def death(self, process: str = "timing process") -> str:
        """Say how it ended, if that was too early."""
        words = f": {self.words}" if self.words else ""
        return f"the {process} died (status {self.status}){words}"


class Host(Protocol):
    """A machine that is reached somehow and runs `pyhwnas.latency.measuring.agent`."""

    def talk(
        self, folder: Path, work: str, threads: int
    ) -> contextlib.AbstractContextManager[Talk]:
        """Run the agent on a work file; leaving the context ends it and everything it started.

        Parameters
        ----------
        folder : Path
            Holds the work file and all models that it names. What another call has already
            brought to the machine need not go there again.
        work : str
            Name of the work file.
        threads : int
            Threads that libraries may open when they are loaded.

        Returns
        -------
        context manager of Talk
            Its events are the agent's, and ``sent`` with ``bytes`` and ``of`` while models are
            brought to the machine. What is wrong on the machine, and not with the models, it
            raises as `DeviceError`.
        """
        ...


@dataclass(frozen=True)
class Local:
    """The machine at hand."""

    @contextlib.contextmanager
    def talk(self, folder: Path, work: str, threads: int) -> Iterator[Talk]:
        """Run the agent as a child process; see `Host.talk`."""
        agent = "pyhwnas.latency.measuring.agent"
        with run_module(agent, str(folder / work), thread_limits(threads)) as talk:
            yield talk


def thread_limits(threads: int) -> Mapping[str, str]:
    """Keep thread pools that open when a library is loaded as small as what is measured."""
    return dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))


@contextlib.contextmanager
def run_module(
    module: str, argument: str, environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Talk]:
    """Run a module of this package in a child process; see `run`."""
    # The child is to find the very modules that are loaded here, in whatever folder it works.
    path = os.pathsep.join(path or os.getcwd() for path in sys.path)
    command = [sys.executable, "-P", "-m", module, argument]
    with run(command, {**os.environ, **environment, "PYTHONPATH": path}) as (talk, _child):
        yield talk


@contextlib.contextmanager
def run(
    command: list[str], environment: Mapping[str, str], *, stdin: int = subprocess.DEVNULL
) -> Iterator[tuple[Talk, subprocess.Popen[bytes]]]:
    """Run a command and listen to it; kill it if the listener leaves early."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command, stdin=stdin, stdout=subprocess.PIPE, stderr=errors, env=environment
        )
        talk = Talk(_lines(child.stdout))
        try:
            yield talk, child
            child.wait()
        finally:
            child.kill()
            talk.status = child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
            errors.seek(0)
            words = errors.read().decode(errors="replace").strip().splitlines()
            talk.words = words[-1] if words else ""


def _lines(stream: Any) -> Iterator[bytes]:
    assert stream is not None
    stdout: IO[bytes] = stream
    yield from stdout
