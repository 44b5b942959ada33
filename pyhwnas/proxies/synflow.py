"""Synflow of networks with weights in them, computed exactly and without autograd."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from pyhwnas import _core
from pyhwnas._arrays import as_whole
from pyhwnas.networks import Network, Plan, Slot, plan_of
from pyhwnas.networks.weights import Init
from pyhwnas.proxies import slot_weights
from pyhwnas.proxies.slot_weights import GivenWeights, InitialWeights, SlotWeights
from pyhwnas.proxies.tapes import check_device, hashed_tensors, on_device, sampled_tape
from pyhwnas.spaces import Space

Precision: TypeAlias = Literal["float32", "float64"]

__all__ = ["Synflow", "synflow"]


def synflow(
    network: Network,
    weights: Mapping[str, npt.ArrayLike] | None = None,
    *,
    seed: int = 0,
    init: Init = "kaiming_uniform",
    precision: Precision = "float32",
) -> float:
    """Compute the logarithm of a network's Synflow score.

    Synflow is ``sum(w * dR/dw)`` over the absolute weights ``w`` of convolutions and linear layers,
    where R sums the outputs for an input of ones and batch normalisation is left out.

    Parameters
    ----------
    network : Network
    weights : mapping of str to array_like, optional
        Tensors by name, as in a state dict, of which absolute values are taken; those of batch
        normalisation are not read. Without them the initial weights of `seed`.
    seed : int
        Seed of the initial weights; see `pyhwnas.networks.weights`.
    init : {"kaiming_uniform", "kaiming_normal"}
        Distribution of the initial weights: torch's default for convolutions and linear layers,
        uniform within 1/sqrt(fan_in), as in `SynflowExpected`; or He's normal one with variance
        2/fan_in, which the other readings of a network have.
    precision : {"float32", "float64"}
        Of the computation. Scores in float32 are right to about six digits.

    Returns
    -------
    float
        Natural logarithm of the score, higher is better; -inf where no weight lies on a path from
        input to output.

    Raises
    ------
    ValueError
        If a tensor is missing, has another shape, or holds NaN or infinity.

    Notes
    -----
    The score is the derivative of R along the weights themselves, so one forward pass of pairs
    (value, tangent) yields it: a linear operation W makes ``(W v, W (v + d))`` of ``(v, d)``.
    That is exact for every operation that a network can have; biases enter values and are not
    scored, and a maximum passes the tangent of the first of equal values in row order. Since the
    input is constant, maps differ near their borders only, and equal rows and columns between
    them are computed once. Nothing overflows: exponents are kept apart.

    References
    ----------
    Tanaka et al., 2020, https://doi.org/10.48550/arXiv.2006.05467;
    Abdelfattah et al., 2021, https://openreview.net/forum?id=0cmMMy8J5q

    Examples
    --------
    >>> from pyhwnas import networks, spaces
    >>> network = networks.build(spaces.NASBench201(), [3, 0, 0, 1, 0, 0])
    >>> round(synflow(network), 3)
    14.702
    """
    slots = (Slot(block.name, block.inputs, (block.unit,)) for block in network.blocks)
    plan = Plan(tuple(slots))
    if precision not in get_args(Precision):
        raise ValueError(f"precision: expected float32 or float64, got {precision!r}")
    number = {unit: position for position, unit in enumerate(plan.units)}
    ids = np.array([[number[block.unit] for block in network.blocks]], dtype=np.int32)

    source = (
        InitialWeights(plan, as_whole(seed, "seed"), init)
        if weights is None
        else GivenWeights(plan, weights)
    )
    return float(_score(plan, ids, source, precision=precision)[0])


@dataclass(frozen=True)
class Synflow:
    """Synflow with initial weights that all networks of a space share, as an objective.

    Parameters
    ----------
    space : Space
        A space with a plan.
    seeds : sequence of int
        Seeds of the weights. The score is ``ln(mean(S))`` over them, which tends to the logarithm
        of the expectation (`SynflowExpected`, where that is exact).
    init : {"kaiming_uniform", "kaiming_normal"}
        Distribution of the weights; see `synflow`.
    threads : int
        Rows are shared among that many threads; scores are the same for any number.
    device : str
        Where populations are scored: ``"cpu"``, ``"cuda"`` or ``"cuda:N"``. Scores of the two agree
        to about six digits; on a GPU, weights are made where they are used and not kept.

    Notes
    -----
    The unit in a slot has the same weights in every network, so scores differ by architecture
    alone. Computed in float32; a row's score depends on that row alone, bit by bit. Weights are
    made when they are first needed and kept, up to 256 MB for each seed; populations that need more
    are scored in parts.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> space = spaces.NASBench201()
    >>> Synflow(space, seeds=(0, 1))(space.all()[:3]).round(1).tolist()
    [46.4, 82.9, 59.4]
    """

    space: Space
    seeds: tuple[int, ...] = (0,)
    init: Init = "kaiming_uniform"
    threads: int = field(default=1, compare=False)
    device: str = field(default="cpu", kw_only=True)
    _weights: tuple[InitialWeights, ...] = field(init=False, repr=False, compare=False)
    name: ClassVar[str] = "synflow"
    unit: ClassVar[str] = "ln"
    sense: ClassVar[Literal["min", "max"]] = "max"
    cost: ClassVar[Literal["cheap", "expensive"]] = "expensive"

    def __post_init__(self) -> None:
        plan = plan_of(self.space)
        seeds = tuple(as_whole(seed, "seeds") for seed in self.seeds)
        if not seeds:
            raise ValueError("seeds: expected at least one, got none")
        check_device(self.device)
        object.__setattr__(self, "seeds", seeds)
        object.__setattr__(
            self, "_weights", tuple(InitialWeights(plan, s, self.init) for s in seeds)
        )

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Pickle the settings; weights are made again where they are used."""
        settings = (self.space, self.seeds, self.init, self.threads)
        return partial(Synflow, device=self.device), settings

    def __call__(self, X: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Score genotypes, float64[n]."""
        plan = plan_of(self.space)
        ids = self.space.unit_ids(X, live=True)
        if self.device == "cpu":
            scores = [_score(plan, ids, w, threads=self.threads) for w in self._weights]
        else:
            scores = [_score_on(self.device, plan, ids, seed, self.init) for seed in self.seeds]
        total: npt.NDArray[np.float64] = np.logaddexp.reduce(scores, axis=0)
        return total - math.log(len(scores))


def _score(
    plan: Plan,
    unit_ids: npt.NDArray[np.int32],
    weights: SlotWeights,
    *,
    counts: npt.NDArray[np.int64] | None = None,
    precision: Precision = "float32",
    threads: int = 1,
) -> npt.NDArray[np.float64]:
    """Score rows of live unit ids, in halves where they need too many weights at once."""
    counts = slot_weights.weight_counts(plan) if counts is None else counts
    places = slot_weights.places_of(unit_ids, counts)
    if len(unit_ids) > 1 and counts[places[:, 1]].sum() > slot_weights.MOST_WEIGHTS:
        halves = [
            _score(plan, half, weights, counts=counts, precision=precision, threads=threads)
            for half in np.array_split(unit_ids, 2)
        ]
        return np.concatenate(halves)
    packed = slot_weights.pack(places, weights)
    scores: npt.NDArray[np.float64] = _core.synflow(
        plan.program, unit_ids, *packed, precision == "float64", threads
    )
    return scores


def _score_on(
    device: str, plan: Plan, unit_ids: npt.NDArray[np.int32], seed: int, init: Init
) -> npt.NDArray[np.float64]:
    """Score rows of live unit ids on a GPU, in halves where they need too many weights at once."""
    kernels, stream = on_device(device)
    most = slot_weights.MOST_WEIGHTS
    places, tape = sampled_tape(plan, unit_ids, most)
    if len(unit_ids) > 1 and slot_weights.weight_counts(plan)[places[:, 1]].sum() > most:
        halves = np.array_split(unit_ids, 2)
        return np.concatenate([_score_on(device, plan, half, seed, init) for half in halves])
    described = hashed_tensors(plan, places, seed, init)
    weights = kernels.absolute_weights(*described[1:], init == "kaiming_normal", stream)
    scores: npt.NDArray[np.float64] = kernels.synflow(
        tape, unit_ids, described.place_offsets, weights, False, stream
    )
    return scores
