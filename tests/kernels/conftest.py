"""What the kernel tests share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import homes
from reference import programs


@pytest.fixture(params=[1, 2, 7])
def threads(request):
    """More threads than cores, and more than blocks, must change no bit."""
    return request.param


@pytest.fixture(scope="session")
def frozen():
    """Make an array read-only, as kernels must leave their inputs alone."""

    def freeze(array):
        array.setflags(write=False)
        return array

    return freeze


@pytest.fixture(params=["core", "emulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def home(request, monkeypatch):
    """Where arrays lie: on the CPU, on a GPU that is emulated, on one that is there."""
    if request.param == "core":
        return homes.core()
    return homes.emulated(monkeypatch) if request.param == "emulated" else homes.torch()


def pytest_collection_modifyitems(items):
    """Mark the tests that ThreadSanitizer is for."""
    for item in items:
        if "threads" in getattr(item, "fixturenames", ()):
            item.add_marker("threads")


@pytest.fixture
def diamond():
    """A plan whose branches may be absent."""
    return programs.diamond()
