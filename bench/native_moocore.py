"""A second moocore, built from its source distribution for the instruction set of this machine.

Its wheel is built for any x86-64 machine; this is what a user gets who compiles it at home. The
package is renamed, so that both can be timed in one process.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

__all__ = ["FLAGS", "native_moocore"]

FLAGS = "-O3 -march=native"
FOLDER = Path(__file__).parents[1] / "build" / "native-moocore"
NAME = "moocore_native"


def native_moocore() -> ModuleType:
    """Import the package, after building it where it is not there yet."""
    version = importlib.metadata.version("moocore")
    place = FOLDER / version
    if not (place / NAME).exists():
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place) as target:
            install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-cache-dir"]
            install += ["--no-binary", "moocore", "--target", target, f"moocore=={version}"]
            subprocess.run(install, check=True, env=os.environ | {"CFLAGS": FLAGS})
            Path(target, "moocore").rename(place / NAME)
    sys.path.insert(0, str(place))
    return importlib.import_module(NAME)
