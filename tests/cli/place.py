"""Where a command line of a test runs, and how."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

SMALL = ("--space", "nasbench201", "--set", "space_options.resolution=8")
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(home: Path) -> dict[str, str]:
    """No tables of the user who runs the tests, no terminal."""
    return {**os.environ, "XDG_DATA_HOME": str(home), "HOME": str(home), "COLUMNS": "200"}
