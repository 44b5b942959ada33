"""Scores against published accuracies, with params and MACs beside them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from pyhwnas.errors import SpaceError
from pyhwnas.history import Floats, Ints
from pyhwnas.scores.files import ScoreTable
from pyhwnas.scores.ranks import kendall, spearman, spearman_interval, top_overlap

if TYPE_CHECKING:
    from pyhwnas.benchmarks import Finite
    from pyhwnas.benchmarks.nasbench201 import Dataset
    from pyhwnas.benchmarks.tables import PathLike

__all__ = ["BENCHMARKS", "Correlation", "Correlations", "correlations", "published"]

BASELINES = ("params", "macs")
FEWEST = 3
"""Networks without which nothing can be said."""

BENCHMARKS: Mapping[str, str] = MappingProxyType(
    {
        "nasbench201": "test_error",
        "ecnas": "test_error_ep4",
        "nasbench301": "valid_error",
    }
)
"""Benchmarks with the published error that scores are compared with."""


def published(
    name: str,
    *,
    dataset: str | None = None,
    error: str | None = None,
    path: PathLike | None = None,
) -> tuple[Finite, str]:
    """Find a benchmark by name, and the published error to compare scores with.

    Parameters
    ----------
    name : str
        One of `BENCHMARKS`.
    dataset : {"cifar10", "cifar100", "in16"}, optional
        Of NAS-Bench-201; CIFAR-10 if left out.
    error : str, optional
        A column of the benchmark in percent; by default the test error after full training where
        there is one.
    path : path, optional
        The folder with the files; `PYHWNAS_DATA` if left out.

    Returns
    -------
    tuple of Finite and str
        The benchmark and the name of its column.

    Raises
    ------
    ValueError
        For a name that is not known.
    """
    # Here, so that scoring does not wait for them.
    from pyhwnas.benchmarks import ECNAS, NASBench201, NASBench301

    if name not in BENCHMARKS:
        raise ValueError(f"benchmark: expected one of {', '.join(BENCHMARKS)}, got {name!r}")
    if dataset is not None and name != "nasbench201":
        raise ValueError(f"dataset: {name} has one data set, got {dataset!r}; leave it out")
    benchmark: Finite
    usual = BENCHMARKS[name]
    match name:
        case "ecnas":
            benchmark = ECNAS(path)
        case "nasbench301":
            benchmark = NASBench301(path)
        case _:
            benchmark = NASBench201(path, cast("Dataset", dataset or "cifar10"))
            usual = f"{benchmark.dataset}_{usual}"
    chosen = error or usual
    errors = [column for column, about in benchmark.columns.items() if about.unit == "%"]
    if chosen not in errors:
        raise ValueError(f"error: expected one of {', '.join(errors)}, got {chosen!r}")
    return benchmark, chosen


@dataclass(frozen=True, slots=True)
class Correlation:
    """How well one column orders networks by their accuracy.

    Parameters
    ----------
    name, unit : str
        Of the column.
    baseline : bool
        Whether it is counted from the benchmark's own networks, to be compared with.
    invalid : int
        Networks without a score (NaN or -inf); they share the last place.
    spearman, kendall : float
        Rank correlations, tau-b; NaN where the column has a single value.
    low, high : float
        Interval of 95 % of Spearman's correlation.
    overlap : float
        Share of the most accurate networks among those with the best scores; `top_overlap`.
    """

    name: str
    unit: str
    baseline: bool
    invalid: int
    spearman: float
    low: float
    high: float
    kendall: float
    overlap: float


@dataclass(frozen=True, slots=True, eq=False)
class Correlations:
    """Columns of scores against one published accuracy.

    Parameters
    ----------
    columns : tuple of Correlation
        Those of the file, then params and MACs.
    scores : ndarray of float64, shape (n, m)
        Of the networks that are compared.
    accuracy : ndarray of float64, shape (n,)
        In percent: 100 minus the published error.
    error : str
        Name of the published error.
    top : float
        Percent of the networks that count as the top.
    unknown, repeated, unmeasured : int
        Rows of the file that were left out: of no network of the benchmark, of a network that an
        earlier row has, of one without a published value.
    """

    columns: tuple[Correlation, ...]
    scores: Floats
    accuracy: Floats
    error: str
    top: float
    unknown: int
    repeated: int
    unmeasured: int

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON; None where there is no number."""
        return {
            "error": self.error,
            "networks": len(self.accuracy),
            "unknown": self.unknown,
            "repeated": self.repeated,
            "unmeasured": self.unmeasured,
            "top_percent": self.top,
            "columns": [
                {
                    name: None if isinstance(value, float) and math.isnan(value) else value
                    for name, value in dataclasses.asdict(column).items()
                }
                for column in self.columns
            ],
        }


def correlations(
    table: ScoreTable,
    benchmark: Finite,
    error: str,
    *,
    top: float = 10.0,
    resamples: int = 1000,
    seed: int = 0,
) -> Correlations:
    """Compare scores of networks with their published accuracies.

    Parameters
    ----------
    table : ScoreTable
        Scores; more is better, whatever the column. A cost that falls with accuracy has a negative
        correlation.
    benchmark : Finite
        Has the accuracies; `published` finds one by name.
    error : str
        A column of the benchmark, in percent.
    top : float
        Percent of the networks that count as the top, above 0 and at most 100.
    resamples : int
        Bootstrap samples of the interval, at least 1.
    seed : int
        Of these samples; all columns have the same ones.

    Returns
    -------
    Correlations
        Columns in the order of the table, then params and MACs as the benchmark's plan counts
        them, in place of columns of these names.

    Raises
    ------
    ValueError
        If fewer than three networks are in both.
    BenchmarkError
        If the benchmark's file is missing.

    Notes
    -----
    Networks are found by the benchmark's own identity: by genotype, and in `ECNAS` up to
    isomorphism. Of several rows that are one network the first counts. NaN and -inf share the last
    place and are counted.

    References
    ----------
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q;
    Ning et al., 2021, https://doi.org/10.48550/arXiv.2008.03064
    """
    if not 0 < top <= 100:
        raise ValueError(f"top: expected a percentage above 0 and at most 100, got {top:g}")
    if resamples < 1:
        raise ValueError(f"resamples: expected at least 1, got {resamples}")
    joined = _join(table, benchmark, error)
    columns = [
        _correlation(name, unit, column, joined.accuracy, top=top, resamples=resamples, seed=seed)
        for name, unit, column in zip(joined.names, joined.units, joined.scores.T, strict=True)
    ]
    return Correlations(
        columns=tuple(columns),
        scores=joined.scores,
        accuracy=joined.accuracy,
        error=error,
        top=top,
        unknown=joined.unknown,
        repeated=joined.repeated,
        unmeasured=joined.unmeasured,
    )


class _Joined(NamedTuple):
    """Columns of the networks that are in both."""

    names: list[str]
    units: list[str]
    scores: Floats
    accuracy: Floats
    unknown: int
    repeated: int
    unmeasured: int


def _join(table: ScoreTable, benchmark: Finite, error: str) -> _Joined:
    errors = benchmark.values(error)
    found = _rows_of(table, benchmark)
    known = np.flatnonzero(found >= 0)
    first = np.unique(found[known], return_index=True)[1]
    single = known[np.sort(first)]
    kept = single[np.isfinite(errors[found[single]])]
    if len(kept) < FEWEST:
        raise ValueError(
            f"networks: expected at least {FEWEST} of the file with a published {error}, got "
            f"{len(kept)} of {len(found)}; name the benchmark that they are of"
        )
    rows = found[kept]
    own = [column for column, name in enumerate(table.names) if name not in BASELINES]
    baselines = [benchmark.values(name)[rows] for name in BASELINES]
    return _Joined(
        names=[*(table.names[column] for column in own), *BASELINES],
        units=[*(table.units[column] for column in own), *("" for _ in BASELINES)],
        scores=np.column_stack([table.values[kept][:, own], *baselines]),
        accuracy=100.0 - errors[rows],
        unknown=len(found) - len(known),
        repeated=len(known) - len(single),
        unmeasured=len(single) - len(kept),
    )


def _correlation(
    name: str,
    unit: str,
    scores: Floats,
    accuracy: Floats,
    *,
    top: float,
    resamples: int,
    seed: int,
) -> Correlation:
    low, high = spearman_interval(scores, accuracy, resamples=resamples, seed=seed)
    return Correlation(
        name=name,
        unit=unit,
        baseline=name in BASELINES,
        invalid=int((np.isnan(scores) | np.isneginf(scores)).sum()),
        spearman=spearman(scores, accuracy),
        low=low,
        high=high,
        kendall=kendall(scores, accuracy),
        overlap=top_overlap(scores, accuracy, top),
    )


def _rows_of(table: ScoreTable, benchmark: Finite) -> Ints:
    """Find the benchmark's row of each network, -1 where it has none."""
    rows = np.full(len(table.archs), -1)
    there, genotypes = [], []
    for number, arch in enumerate(table.archs):
        try:
            genotypes.append(benchmark.space.from_str(arch))
        except (SpaceError, ValueError):
            continue
        there.append(number)
    if genotypes:
        X = np.stack(genotypes)
        valid = benchmark.space.valid(X)
        rows[np.array(there)[valid]] = benchmark.row(X[valid])
    return rows
