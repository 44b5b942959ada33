"""NAS-Bench-301: stored predictions and scores of 1 218 networks of the DARTS space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from pyhwnas.benchmarks.finite import Column, Finite, complement, plain
from pyhwnas.benchmarks.sources import NB301_NASLIB
from pyhwnas.benchmarks.tables import Array, Table, find
from pyhwnas.history import Ints
from pyhwnas.spaces import DARTS

__all__ = ["NASBench301"]

SCORES = (
    *("snip", "jacov", "grad_norm", "plain", "epe_nas", "fisher"),
    *("grasp", "l2_norm", "synflow", "nwot"),
)


def _first(table: Table) -> Ints:
    """Return the row in which each network is listed first, in the order of the file."""
    _, rows = np.unique(table["arch"], return_index=True)
    return np.sort(rows)


def _error(table: Table, field: str) -> Array:
    return complement(table, field)[_first(table)]


def _score(table: Table, field: str) -> Array:
    return plain(table, field)[_first(table)]


def _columns() -> dict[str, Column]:
    columns = {"valid_error": Column(NB301_NASLIB, "val_accuracy", "%", "min", "expensive", _error)}
    for name in SCORES:
        columns[name] = Column(NB301_NASLIB, name, "", "max", "cheap", _score)
    return columns


@dataclass(frozen=True)
class NASBench301(Finite):
    """1 218 networks with NAS-Bench-301's predicted CIFAR-10 error and ten scores.

    Parameters
    ----------
    path : path, optional
        ``nb301_zc_naslib.csv.gz``, or the folder that it is in; `PYHWNAS_DATA` if left out.

    Notes
    -----
    ``valid_error`` (%) is the value of the benchmark's surrogate model, not of a training. The file
    has 1 225 lines: seven networks are listed twice, with other scores and with predictions up to
    0.17 % apart; the first line is taken. Other networks of the space have no value (NaN): these
    points are a test of predictors and scores, not a space to search in.

    References
    ----------
    Zela et al., 2022, https://openreview.net/forum?id=OnpFa95RVqs;
    Krishnakumar et al., 2022, https://doi.org/10.48550/arXiv.2210.03230
    """

    columns: ClassVar[Mapping[str, Column]] = MappingProxyType(_columns())

    @property
    def space(self) -> DARTS:
        """The benchmark's networks: eight cells, 32 channels."""
        return _SPACE

    @cached_property
    def X(self) -> Ints:
        """All networks in the order of the file."""
        table = find(NB301_NASLIB, self.path)
        X = np.stack([self.space.from_str(str(text)) for text in table["arch"][_first(table)]])
        X.setflags(write=False)
        return X


_SPACE = DARTS(layers=8, channels=32)
