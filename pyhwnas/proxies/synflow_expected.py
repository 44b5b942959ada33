"""Synflow without a network in sight: its expectation over random weights, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from pyhwnas import _core
from pyhwnas._gpu import gpu_of
from pyhwnas.errors import SpaceError
from pyhwnas.networks import (
    INPUT,
    Activation,
    MaxPool,
    Mul,
    Network,
    Plan,
    Slot,
    Unit,
    plan_of,
)
from pyhwnas.networks.weights import Init
from pyhwnas.proxies.tapes import check_device, on_device, tape_of
from pyhwnas.spaces import Space

MEAN_GAINS: dict[Init, float] = {"kaiming_uniform": 0.5, "kaiming_normal": 2 / math.sqrt(math.pi)}
"""E|w| * sqrt(fan_in)."""

__all__ = ["SynflowExpected", "is_exact", "synflow_expected"]


def synflow_expected(
    plan: Plan | Network | Unit,
    unit_ids: npt.NDArray[np.int32] | None = None,
    *,
    init: Init = "kaiming_uniform",
    threads: int = 1,
    device: str = "cpu",
) -> npt.NDArray[np.float64]:
    """Compute the logarithm of the expected Synflow score of a population.

    Synflow is ``sum(w * dR/dw)`` over the weights ``w = |theta|`` of convolutions and linear
    layers, where R sums the outputs for an input of ones and batch normalisation is left out.
    That is a directional derivative along the weights, so a pair (value, tangent) carried forward
    yields it; with independent weights its expectation replaces every weight by its mean. All
    channels of a tensor are then equal and one map stands for all of them.

    Parameters
    ----------
    plan : Plan, Network or Unit
        What the ids refer to; a network or unit is scored alone.
    unit_ids : ndarray of int32, shape (n, n_slots)
        Live unit ids (`Space.unit_ids` with ``live=True``); left out for a network or unit. An
        array of the same kind on a GPU (torch, CuPy, JAX) is scored there, and so are the scores.
    init : {"kaiming_uniform", "kaiming_normal"}
        Distribution of the weights: torch's default for convolutions and linear layers, |w|
        uniform on [0, 1/sqrt(fan_in)], or He's normal one with variance 2/fan_in.
    threads : int
        Rows are shared among that many threads; the result is the same for any number.
    device : str
        ``"cpu"``, or ``"cuda"`` or ``"cuda:N"`` to have arrays of the CPU scored on a GPU. Scores
        of the two agree to rounding, about 1e-14.

    Returns
    -------
    ndarray of float64, shape (n,)
        Natural logarithm of the score, higher is better; -inf where no path leads from input to
        output.

    Notes
    -----
    Exact in expectation for plans without gates, max pooling and smooth
    activations (`is_exact`), an approximation otherwise: these act on the mean. Time is
    proportional to the number of layers times the pixels of their maps, whatever the channels.

    References
    ----------
    Tanaka et al., 2020, https://doi.org/10.48550/arXiv.2006.05467;
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> ids = space.unit_ids(space.all()[:3], live=True)
    >>> synflow_expected(space.plan, ids).round(2).tolist()
    [46.45, 82.91, 59.42]
    """
    if isinstance(plan, Network):
        plan = plan.graph
    if isinstance(plan, Unit):
        if unit_ids is not None:
            raise SpaceError("unit_ids: a network or unit is scored alone, expected None")
        plan = Plan((Slot("network", (INPUT,) * len(plan.inputs), (plan,)),))
        unit_ids = np.zeros((1, 1), dtype=np.int32)
    if unit_ids is None:
        raise SpaceError("unit_ids: expected a matrix of unit ids for a plan, got None")
    scores: npt.NDArray[np.float64]
    if gpu := gpu_of(unit_ids=unit_ids):
        tape = tape_of(plan, MEAN_GAINS[init])
        scores = gpu.array(gpu.kernels.synflow_expected(tape, unit_ids, gpu.stream))
        return scores
    check_device(device)
    if device != "cpu":
        kernels, stream = on_device(device)
        scores = kernels.synflow_expected(tape_of(plan, MEAN_GAINS[init]), unit_ids, stream)
        return scores
    scores = _core.synflow_expected(plan.program, unit_ids, MEAN_GAINS[init], threads)
    return scores


def is_exact(plan: Plan) -> bool:
    """Tell whether the closed form is the exact expectation for every network of a plan."""
    return not any(
        isinstance(node.op, Mul | MaxPool)
        or (isinstance(node.op, Activation) and node.op.kind != "relu")
        for unit in plan.units
        for node in unit.nodes
    )


@dataclass(frozen=True, slots=True)
class SynflowExpected:
    """Expected Synflow as an objective; see `synflow_expected`.

    Parameters
    ----------
    space : Space
        A space with a plan.
    init : {"kaiming_uniform", "kaiming_normal"}
        Distribution of the weights.
    threads : int
        Rows are shared among that many threads; scores are the same for any number.
    device : str
        Where populations are scored: ``"cpu"``, ``"cuda"`` or ``"cuda:N"``; see `synflow_expected`.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> SynflowExpected(space)(space.all()[:3]).shape
    (3,)
    """

    space: Space
    init: Init = "kaiming_uniform"
    threads: int = field(default=1, compare=False)
    device: str = field(default="cpu", kw_only=True)
    name: ClassVar[str] = "synflow_expected"
    unit: ClassVar[str] = "ln"
    sense: ClassVar[Literal["min", "max"]] = "max"
    cost: ClassVar[Literal["cheap", "expensive"]] = "cheap"

    def __post_init__(self) -> None:
        plan_of(self.space)  # refuses a space without one here already
        check_device(self.device)

    def __call__(self, X: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Score genotypes, float64[n]."""
        plan, ids = plan_of(self.space), self.space.unit_ids(X, live=True)
        return synflow_expected(plan, ids, init=self.init, threads=self.threads, device=self.device)
