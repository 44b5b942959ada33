"""Tables with and without pyarrow."""

from __future__ import annotations

import importlib.util

import pytest

PARQUET = pytest.param(
    ".parquet",
    marks=pytest.mark.skipif(
        importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed"
    ),
)


@pytest.fixture(params=[".csv", PARQUET])
def suffix(request: pytest.FixtureRequest) -> str:
    """Ending of a file of scores."""
    ending: str = request.param
    return ending
