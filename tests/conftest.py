"""What all tests share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# One thread a worker: the suite has a process for each core, and threads beyond that wait spinning.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The slow oracles are imported as `reference.<name>` by tests of any folder.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of benchmark tables that `PYHWNAS_DATA` names."""
    folder = os.environ.get("PYHWNAS_DATA")
    if not folder:
        pytest.skip("PYHWNAS_DATA is not set: no benchmark tables to compare with")
    return Path(folder)
