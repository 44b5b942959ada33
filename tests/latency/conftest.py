"""One small table, measured once."""

from __future__ import annotations

import pytest
from latency.toy import Toy

from pyhwnas.latency import Settings, profile

QUICK = Settings(rounds=2, calls=2, warmups=1, flush_bytes=2**16)


@pytest.fixture(scope="session")
def quick():
    return QUICK


@pytest.fixture(scope="session")
def progress():
    """What is told while `table` is measured."""
    return []


@pytest.fixture(scope="session")
def table(progress):
    return profile(
        Toy(), processes=2, settings=QUICK, probes=2, held_out=4, on_progress=progress.append
    )
