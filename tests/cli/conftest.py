"""A command line in a place of its own, and a latency table that is measured once."""

from __future__ import annotations

import subprocess
import sys
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
