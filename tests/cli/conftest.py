"""A command line in a place of its own, and a latency table that is measured once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.place import SMALL, Command, environment

for module in ("typer", "rich", "onnxruntime", "onnx", "plotly", "matplotlib", "jinja2"):
    pytest.importorskip(module)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this machine's table of the small space."""
    folder = tmp_path_factory.mktemp("tables")
    arguments = ["profile", *SMALL, "-o", str(folder), "--processes", "1", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pyhwnas", *arguments],
        check=True,
        env=environment(folder),
        cwd=folder,
        capture_output=True,
    )
    return folder


@pytest.fixture
def pyhwnas(tmp_path: Path) -> Command:
    """Run the command line in an empty folder."""

    def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pyhwnas", *map(str, arguments)],
            check=False,
            env=environment(tmp_path / "home"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return command


@pytest.fixture
def inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Run the command line in an empty folder, in this process, which takes less time."""
    from pyhwnas.cli.app import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name, value in environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        words = list(map(str, arguments))
        try:
            code = run(words)
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, code, said.out, said.err)

    yield command
    for number, handler in handlers.items():
        signal.signal(number, handler)
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]
