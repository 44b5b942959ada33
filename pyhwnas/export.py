"""Chosen networks as files that other tools read."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyhwnas import networks
from pyhwnas._files import write_atomically
from pyhwnas._optional import require
from pyhwnas.networks import Network
from pyhwnas.networks.onnx import to_onnx
from pyhwnas.networks.torch import to_source, to_torch
from pyhwnas.spaces import Space

__all__ = ["Exported", "export", "spread"]


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """A network and the files it was written to."""

    name: str
    network: Network
    files: tuple[Path, ...]

    @property
    def onnx(self) -> Path:
        """The ONNX model."""
        return self.files[0]


def export(
    space: Space,
    X: npt.ArrayLike,
    folder: str | Path,
    *,
    torch: bool | None = None,
    seed: int = 0,
) -> tuple[Exported, ...]:
    """Write networks as ONNX models, Python source and PyTorch weights, all untrained.

    Parameters
    ----------
    space : Space
        A space with a plan.
    X : array_like of int, shape (n, n_genes)
        Genotypes; each needs a path from input to output.
    folder : path
        Gets ``network<i>-untrained.onnx``, ``.py`` and ``.pt`` for each row, counted from 1;
        files of that kind from an earlier export are removed.
    torch : bool, optional
        Whether to write the weights for PyTorch; by default where torch is installed.
    seed : int
        Seed of the initial weights, which are the same in all formats.

    Returns
    -------
    tuple of Exported

    Raises
    ------
    SpaceError
        If a network cannot be built.
    MissingExtraError
        If onnx, or torch where it was asked for, is not installed.
    """
    folder = Path(folder)
    if torch is None:
        torch = importlib.util.find_spec("torch") is not None
    exported = []
    for number, x in enumerate(np.asarray(X, dtype=np.int64), 1):
        network = networks.build(space, x)
        name = f"network{number}-untrained"
        files = [
            write_atomically(
                folder / f"{name}.onnx", to_onnx(network, seed=seed).SerializeToString()
            ),
            write_atomically(folder / f"{name}.py", to_source(network)),
        ]
        if torch:
            buffer = io.BytesIO()
            state = to_torch(network, seed=seed).state_dict()
            require("torch", extra="torch").save(state, buffer)
            files.append(write_atomically(folder / f"{name}.pt", buffer.getvalue()))
        exported.append(Exported(name, network, tuple(files)))
    written = {path for item in exported for path in item.files}
    for path in folder.glob("network*-untrained.*"):
        if path not in written:
            path.unlink()
    return tuple(exported)


def spread(F: npt.NDArray[np.float64], count: int, *, along: int = 0) -> Sequence[int]:
    """Choose rows of a front that lie far apart.

    Parameters
    ----------
    F : ndarray of float64, shape (n, m)
        A front, all columns to be minimised; infinite values count as the worst finite one.
    count : int
        How many rows to choose.
    along : int
        Column whose extreme rows are chosen first.

    Returns
    -------
    list of int
        Indices of at most `count` rows, ascending in column `along`.

    Notes
    -----
    Farthest-point selection (Gonzalez, 1985, https://doi.org/10.1016/0304-3975(85)90224-5) in
    objectives scaled to [0, 1], O(n * count); ties go to the first row.

    Examples
    --------
    >>> import numpy as np
    >>> spread(np.array([[0.0, 3.0], [1.0, 1.1], [1.1, 1.0], [3.0, 0.0]]), 3)
    [0, 1, 3]
    """
    if not len(F) or count < 1:
        return []
    finite = np.where(np.isfinite(F), F, np.nan)
    low = np.nan_to_num(np.nanmin(np.where(np.isnan(finite), np.inf, finite), axis=0), posinf=0.0)
    high = np.nan_to_num(np.nanmax(np.where(np.isnan(finite), -np.inf, finite), axis=0), neginf=0.0)
    scaled = (np.clip(F, low, high) - low) / np.where(high > low, high - low, 1.0)
    chosen = [int(scaled[:, along].argmin())]
    if count > 1:
        chosen.append(int(scaled[:, along].argmax()))
    chosen = list(dict.fromkeys(chosen))
    gap = np.full(len(F), np.inf)
    for row in chosen:
        gap = np.minimum(gap, np.abs(scaled - scaled[row]).sum(axis=1))
    while len(chosen) < min(count, len(F)):
        row = int(gap.argmax())
        if row in chosen:  # only repeated points are left
            row = next(r for r in range(len(F)) if r not in chosen)
        chosen.append(row)
        gap = np.minimum(gap, np.abs(scaled - scaled[row]).sum(axis=1))
    return sorted(chosen, key=lambda row: (F[row, along], row))
