"""Sign codes of many networks at once, for values that torch holds."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt

from pyhwnas import _core
from pyhwnas._gpu import gpu_of
from pyhwnas._optional import require
from pyhwnas.proxies.torch_units import queued

__all__ = ["BatchCodes"]

Block = Any
Rows = npt.NDArray[np.int64]


class BatchCodes:
    """What scores need of the sign codes of some networks; see `proxies.codes` for one.

    Parameters
    ----------
    n_networks : int
    n_images : int
    device : str
        Where the values lie, as torch calls it.
    pairs : bool
        Count in how many bits images differ, for `naswot`; otherwise positives and shared bits, for
        `icd`, which takes less.
    """

    def __init__(self, n_networks: int, n_images: int, device: str, *, pairs: bool) -> None:
        self._torch = require("torch", extra="torch")
        self._pairs = pairs
        zeros = self._torch.zeros
        integers = {"dtype": self._torch.int64, "device": device}
        self._n_bits = np.zeros(n_networks, dtype=np.int64)
        self._distances = zeros((n_networks, n_images, n_images) if pairs else 0, **integers)
        self._positives = zeros((n_networks, n_images), **integers)
        self._shared = zeros((n_networks, n_images), **integers)

    def add(self, values: Block, rows: Rows, times: Rows) -> None:
        """Count the signs of a value, (len(rows), images, ...), of some of the networks."""
        x = values.reshape(*values.shape[:2], -1)
        self.add_bits(_pack(x), x.shape[-1], rows, times)

    def add_bits(self, bits: Any, n_units: int, rows: Rows, times: Rows) -> None:
        """Count packed signs."""
        self._n_bits[rows] += times * n_units  # each network once
        at, count = (queued(numbers, self._shared.device) for numbers in (rows, times))
        if self._pairs:
            self._distances.index_add_(0, at, _distances(bits) * count[:, None, None])
            return
        for total, part in zip((self._positives, self._shared), _coactivation(bits), strict=True):
            total.index_add_(0, at, part * count[:, None])

    def naswot(self) -> npt.NDArray[np.float64]:
        """``ln |det K|`` of each network; see `SignCodes.naswot`."""
        n_bits = self._torch.from_numpy(self._n_bits).to(self._distances.device)
        K = (n_bits[:, None, None] - self._distances).double()
        scores: npt.NDArray[np.float64] = self._torch.linalg.slogdet(K)[1].cpu().numpy()
        return scores

    def icd(self) -> npt.NDArray[np.float64]:
        """Mean distance of the codes from their centre; see `SignCounts.icd`."""
        n = self._shared.shape[1]
        shared = self._shared.double()
        squared = self._positives - 2 * shared / n + shared.sum(1, keepdim=True) / n**2
        scores: npt.NDArray[np.float64] = squared.clamp(min=0).sqrt().mean(1).cpu().numpy()
        return scores


def _kernel(name: str, x: Any, *settings: object) -> Any:
    """Run a kernel where a tensor lies, and return tensors."""
    gpu = gpu_of(x=x)
    assert gpu is not None
    results = getattr(gpu.kernels, name)(x, *settings, gpu.stream)
    return tuple(map(gpu.array, results)) if isinstance(results, tuple) else gpu.array(results)


def _pack(x: Any) -> Any:
    if x.is_cuda:
        return _kernel("pack_signs", x.contiguous())
    torch = importlib.import_module("torch")
    rows = np.ascontiguousarray(x.float().numpy()).reshape(-1, x.shape[-1])
    return torch.from_numpy(_core.pack_signs(rows, 1)).reshape(*x.shape[:2], -1)


def _distances(bits: Any) -> Any:
    if bits.is_cuda:
        return _kernel("hamming_distances", bits)
    torch = importlib.import_module("torch")
    return torch.from_numpy(np.stack([_core.hamming_distances(one, 1) for one in bits.numpy()]))


def _coactivation(bits: Any) -> tuple[Any, Any]:
    if bits.is_cuda:
        positives, shared = _kernel("coactivation", bits)
        return positives, shared
    torch = importlib.import_module("torch")
    counts = np.array([_core.coactivation(one, 1) for one in bits.numpy()])
    return torch.from_numpy(counts[:, 0].copy()), torch.from_numpy(counts[:, 1].copy())
