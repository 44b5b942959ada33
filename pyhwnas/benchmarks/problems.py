"""Problems of the literature on these benchmarks, and the best hypervolume of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np

from pyhwnas import moo
from pyhwnas.benchmarks.finite import front_of
from pyhwnas.benchmarks.latency_tables import TableLatency
from pyhwnas.benchmarks.nasbench201 import NASBench201
from pyhwnas.benchmarks.predictor import PredictedError
from pyhwnas.benchmarks.tables import PathLike
from pyhwnas.history import Floats, Ints, Sense
from pyhwnas.problem import Cost, Objective, Problem
from pyhwnas.spaces import MobileNetV3, Space

__all__ = ["PROBLEMS", "ProblemName", "Standardised", "best_hypervolume", "problem"]

ProblemName: TypeAlias = Literal["nb201-lamoo", "nb201-eyeriss", "ofa-note10"]
OFA_NOTE10_BEST = 723.2297
"""By Pareto local search, ``bench/papers/ofa_note10.py``; no exact value is known."""
PROBLEMS: tuple[ProblemName, ...] = ("nb201-lamoo", "nb201-eyeriss", "ofa-note10")


@dataclass(frozen=True)
class Standardised:
    """How many standard deviations better than the mean, less two: LaMOO's scale.

    Parameters
    ----------
    of : Objective
    mean, std : float
        Mean and population standard deviation over the whole benchmark.
    """

    of: Objective
    mean: float
    std: float
    unit: ClassVar[str] = ""
    sense: ClassVar[Sense] = "max"

    @property
    def space(self) -> Space:
        """The objective's space."""
        return self.of.space

    @property
    def name(self) -> str:
        """The objective's name and ``_score``."""
        return f"{self.of.name}_score"

    @property
    def cost(self) -> Cost:
        """The objective's cost."""
        return self.of.cost

    def __call__(self, X: Ints) -> Floats:
        """Score whole populations, float64[n]."""
        z = (self.of(X) - self.mean) / self.std
        return (-z if self.of.sense == "min" else z) - 2.0


def problem(name: ProblemName, path: PathLike | None = None) -> Problem:
    """Build one of the problems by which searches are compared.

    Parameters
    ----------
    name : {"nb201-lamoo", "nb201-eyeriss", "ofa-note10"}
    path : path, optional
        The folder with the files; `PYHWNAS_DATA` if left out.

    Returns
    -------
    Problem
        With a reference point.

    Notes
    -----
    ``nb201-lamoo``
        LaMOO's problem on NAS-Bench-201: CIFAR-10 test error and MACs, each `Standardised`;
        reference point (-3, -6). With test accuracies that are means of the seeds the best
        hypervolume is 8.0526; the authors' own column gave 8.0699.
    ``nb201-eyeriss``
        CIFAR-10 test error (%) and latency on Eyeriss (ms), the device whose latency follows MACs
        least. No source states a reference point: chosen here, the worst of the table in each,
        (90, 10.527), and with it 738.436 is the most that can be reached.
    ``ofa-note10``
        The MobileNetV3 space of width 1.2 with resolutions 160, 176, ..., 224: `PredictedError`
        (%) and table latency on the Note10 (ms). No source states a reference point: chosen here,
        1.01 times the error of the smallest network and the latency of the largest, as MSuNAS
        takes it from a first batch that holds both: (24.935, 93.322).
    """
    if name == "ofa-note10":
        return _ofa_note10(path)
    nb201 = NASBench201(path)
    if name == "nb201-eyeriss":
        names = ("cifar10_test_error", "eyeriss_latency_ms")
        worst = [float(np.nanmax(nb201.values(name))) for name in names]
        return nb201.problem(names, ref_point=worst)
    if name == "nb201-lamoo":
        scores = [_standardised(nb201, name) for name in ("cifar10_test_error", "macs")]
        return Problem(nb201.space, scores, ref_point=(-3.0, -6.0))
    raise ValueError(f"name: expected one of {', '.join(PROBLEMS)}, got {name!r}")


def _standardised(nb201: NASBench201, name: str) -> Standardised:
    values = nb201.values(name)
    return Standardised(nb201.objective(name), float(values.mean()), float(values.std()))


def _ofa_note10(path: PathLike | None) -> Problem:
    space = MobileNetV3(resolutions=(160, 176, 192, 208, 224), width=1.2)
    objectives = (PredictedError(space, path), TableLatency(space, "note10", path))
    extremes = np.stack([space.smallest(), space.largest()])
    ref_point = [1.01 * float(objective(extremes).max()) for objective in objectives]
    return Problem(space, objectives, ref_point=ref_point)


def best_hypervolume(name: ProblemName, path: PathLike | None = None) -> float:
    """Return the largest hypervolume that a search can reach, or the largest known.

    Parameters
    ----------
    name : {"nb201-lamoo", "nb201-eyeriss", "ofa-note10"}
    path : path, optional
        The folder with the files; `PYHWNAS_DATA` if left out.

    Returns
    -------
    float
        Exact for the problems on NAS-Bench-201, computed from the table. For ``ofa-note10`` the
        best known with its published files, and no bound.
    """
    if name == "ofa-note10":
        return OFA_NOTE10_BEST
    stated = problem(name, path)
    front = front_of(stated, NASBench201(path).X)
    ref_point = stated.minimised(np.array([stated.ref_point]))[0]
    return float(moo.hypervolume(stated.minimised(front.values), ref_point))
