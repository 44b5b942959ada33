"""Latency tables and weights as their authors published them: YAML and PyTorch files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from pyhwnas._optional import require
from pyhwnas.benchmarks.tables import Array
from pyhwnas.errors import BenchmarkError

__all__ = ["read_i7", "read_means", "read_note10", "read_tensors", "read_weights"]

RESOLUTION = re.compile(r"(\d+)_lookup_table\.yaml")


def read_note10(folder: Path) -> dict[str, Array]:
    """Read Once-for-All's latency table: a file for each resolution.

    Parameters
    ----------
    folder : Path
        ``latency_table@note10``, with ``160_lookup_table.yaml`` and so on.

    Returns
    -------
    dict of str to ndarray
        ``resolution``, ``key``, ``mean_ms``, ``std_ms`` and ``count``, a row for each entry.
    """
    parts: dict[int, dict[str, dict[str, float]]] = {}
    for path in folder.iterdir():
        if match := RESOLUTION.fullmatch(path.name):
            parts[int(match[1])] = _entries(path, ("mean", "std", "count"))
    entries = [(r, key, parts[r][key]) for r in sorted(parts) for key in parts[r]]
    return {
        "resolution": np.array([resolution for resolution, _, _ in entries], dtype=np.float64),
        "key": np.array([key for _, key, _ in entries]),
        "mean_ms": np.array([entry["mean"] for _, _, entry in entries]),
        "std_ms": np.array([entry["std"] for _, _, entry in entries]),
        "count": np.array([entry["count"] for _, _, entry in entries]),
    }


def read_i7(path: Path) -> dict[str, Array]:
    """Read MSuNAS' latency table.

    Parameters
    ----------
    path : Path
        ``i7-8700K_lut.yaml``.

    Returns
    -------
    dict of str to ndarray
        ``key``, ``mean_ms`` and ``var``, a row for each entry.
    """
    entries = _entries(path, ("mean", "var"))
    return {
        "key": np.array(list(entries)),
        "mean_ms": np.array([entry["mean"] for entry in entries.values()]),
        "var": np.array([entry["var"] for entry in entries.values()]),
    }


def read_means(path: Path) -> dict[str, Array]:
    """Read ``key`` and ``mean_ms`` of any table that is written as MSuNAS' is."""
    entries = _entries(path, ("mean",))
    return {
        "key": np.array(list(entries)),
        "mean_ms": np.array([entry["mean"] for entry in entries.values()]),
    }


def _entries(path: Path, fields: tuple[str, ...]) -> dict[str, dict[str, float]]:
    """Read the part of YAML that these tables are written in: names, and numbers below them."""
    entries: dict[str, dict[str, float]] = {}
    entry: dict[str, float] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if head := re.fullmatch(r"(\S+):", line):
            entry = entries.setdefault(head[1], {})
        elif value := re.fullmatch(r"\s+(\w+): ([-+.\deE]+)", line):
            entry[value[1]] = float(value[2])
        elif line.strip():
            raise BenchmarkError(f"{path}, line {number}: expected a name or a number: {line!r}")
    if not entries or any(not entry.keys() >= set(fields) for entry in entries.values()):
        raise BenchmarkError(f"{path}: expected entries with {', '.join(fields)}")
    return entries


def read_tensors(folder: Path) -> dict[str, Array]:
    """Read a folder of PyTorch files with one column each, such as HELP's latencies.

    Parameters
    ----------
    folder : Path
        ``data/nasbench201/latency``, with ``raspi4.pt`` and so on.

    Returns
    -------
    dict of str to ndarray
        By the files' names, float32.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    """
    paths = sorted(folder.glob("*.pt"))
    return {path.stem: np.asarray(_load(path), dtype=np.float32) for path in paths}


def read_weights(path: Path) -> dict[str, Array]:
    """Read the weights of a PyTorch model, such as Once-for-All's predictor.

    Parameters
    ----------
    path : Path
        ``acc_predictor.pth``.

    Returns
    -------
    dict of str to ndarray
        By the parameters' names.

    Raises
    ------
    MissingExtraError
        If torch is not installed.
    """
    weights = _load(path)
    if not isinstance(weights, dict):
        raise BenchmarkError(f"{path}: expected named tensors, got {type(weights).__name__}")
    return {name: np.asarray(value) for name, value in weights.items()}


def _load(path: Path) -> object:
    torch = require("torch", extra="torch")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001, RUF100 (what is damaged raises anything)
        raise BenchmarkError(f"{path}: not a PyTorch file of plain tensors ({error})") from error
