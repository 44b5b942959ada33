"""What the kernel tests share."""

from __future__ import annotations

import pytest


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


def pytest_collection_modifyitems(items):
    """Mark the tests that ThreadSanitizer is for."""
    for item in items:
        if "threads" in getattr(item, "fixturenames", ()):
            item.add_marker("threads")
