"""What a runtime does to the whole process must not outlive a test."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def denormals():
    """Runtimes flush denormal numbers to zero where they are loaded: in processes of their own."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
