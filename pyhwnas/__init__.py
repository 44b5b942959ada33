"""Hardware-aware multi-objective neural architecture search.

Importing this package needs numpy alone and loads almost nothing: names below are imported when
they are first used.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from pyhwnas.errors import (
    BenchmarkError,
    CudaError,
    DeviceError,
    EvaluationError,
    LatencyTableError,
    MissingExtraError,
    PyhwnasError,
    SpaceError,
    StoreError,
)

if TYPE_CHECKING:
    from pyhwnas import (
        benchmarks,
        latency,
        moo,
        networks,
        objectives,
        optimizers,
        proxies,
        spaces,
        surrogates,
    )
    from pyhwnas._cpp import get_cmake_dir, get_include
    from pyhwnas.history import History
    from pyhwnas.latency import LatencyTable
    from pyhwnas.problem import AtLeast, AtMost, Problem
    from pyhwnas.search import Search

    __version__: str

__all__ = [
    "AtLeast",
    "AtMost",
    "BenchmarkError",
    "CudaError",
    "DeviceError",
    "EvaluationError",
    "History",
    "LatencyTable",
    "LatencyTableError",
    "MissingExtraError",
    "Problem",
    "PyhwnasError",
    "Search",
    "SpaceError",
    "StoreError",
    "__version__",
    "benchmarks",
    "get_cmake_dir",
    "get_include",
    "latency",
    "moo",
    "networks",
    "objectives",
    "optimizers",
    "proxies",
    "spaces",
    "surrogates",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())

_HOMES = {
    "AtLeast": "problem",
    "AtMost": "problem",
    "History": "history",
    "LatencyTable": "latency",
    "Problem": "problem",
    "Search": "search",
    "get_cmake_dir": "_cpp",
    "get_include": "_cpp",
}
_SUBPACKAGES = frozenset(
    (
        *("benchmarks", "latency", "moo", "networks", "objectives", "optimizers", "proxies"),
        *("spaces", "surrogates"),
    )
)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("importlib.metadata").version("pyhwnas")
    elif name in _SUBPACKAGES:
        value = importlib.import_module(f"pyhwnas.{name}")
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"pyhwnas.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
