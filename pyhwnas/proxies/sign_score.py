"""What scores of sign codes have in common: a space, images, and networks run on them."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, Self, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import EvaluationError
from pyhwnas.networks import ABSENT, Network, Plan, Slot, Unit, plan_of
from pyhwnas.proxies.forward import C, Forward, Outcome
from pyhwnas.proxies.images import checked, halved
from pyhwnas.proxies.tapes import check_device
from pyhwnas.proxies.torch_forward import TorchForward
from pyhwnas.spaces import Space

__all__ = ["SIGN_KEEPING", "SignReading", "SignScore"]

Tensor = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]

Precision: TypeAlias = Literal["float32", "bfloat16"]

SIGN_KEEPING = ("relu", "relu6", "hswish", "silu", "gelu")
"""Activations that are positive exactly where their input is."""


@dataclass(frozen=True, slots=True)
class SignReading(Generic[C]):
    """What a score makes of signs.

    Parameters
    ----------
    counts : callable
        For each value of a unit (see `Node`), how often its signs count.
    codes : callable
        Makes what gathers the signs of so many images.
    score : callable
        What is gathered, as a number.
    pairs : bool
        Whether that is NASWOT's, of pairs of images, or ICD's: what a GPU gathers instead.
    """

    counts: Callable[[Unit], list[int]]
    codes: Callable[[int], C]
    score: Callable[[C], float]
    pairs: bool

    def of_network(self, network: Network, images: Tensor, seed: int) -> float:
        """Score one network alone."""
        images = checked(images, network.input_shape[0])
        slots = [Slot(b.name, b.inputs, (b.unit,), group=b.group) for b in network.blocks]
        plan = Plan(tuple(slots))
        ids = plan.unit_ids(np.zeros((1, len(slots))))
        forward = Forward(plan, images, seed=seed, counts=self.counts)
        return self.of_rows(forward, ids, threads=1).only()

    def of_rows(self, forward: Forward | TorchForward, ids: Ids, *, threads: int) -> Outcome:
        """Score rows of unit ids."""
        if isinstance(forward, TorchForward):
            return forward.run(ids, pairs=self.pairs)
        return forward.run(ids, self.codes(len(forward.images)), self.score, threads=threads)


@dataclass(frozen=True, eq=False)
class SignScore:
    """A score of the sign codes that untrained networks give a fixed batch of images.

    A score states its `name`, how it reads signs, and what a network without a path from input to
    output gets; and, where they are not the live ones, which units of a row run.
    """

    space: Space
    images: Tensor
    seed: int = 0
    threads: int = field(default=1, compare=False)
    device: str = field(default="cpu", kw_only=True)
    precision: Precision = field(default="float32", kw_only=True)
    name: ClassVar[str]
    reading: ClassVar[SignReading[Any]]
    without_path: ClassVar[float]
    unit: ClassVar[str] = ""
    sense: ClassVar[Literal["min", "max"]] = "max"
    cost: ClassVar[Literal["cheap", "expensive"]] = "expensive"
    _forward: Forward | TorchForward = field(init=False, repr=False)

    def __post_init__(self) -> None:
        plan = plan_of(self.space)
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads}")
        check_device(self.device)
        if self.precision not in get_args(Precision):
            raise ValueError(f"precision: expected float32 or bfloat16, got {self.precision!r}")
        if self.device == "cpu" and self.precision != "float32":
            raise ValueError("precision: bfloat16 is for a GPU; expected float32 with device='cpu'")
        images = checked(self.images, plan.slots[0].candidates[0].inputs[0][0])
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "_forward", self._set_up())

    @classmethod
    def reference(
        cls,
        space: Space,
        images: Tensor,
        *,
        seed: int = 0,
        threads: int = 1,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> Self:
        """Set the score up on the first 64 images at their full size."""
        return cls(space, _first(images, 64), seed, threads, device=device, precision=precision)

    @classmethod
    def fast(
        cls,
        space: Space,
        images: Tensor,
        *,
        seed: int = 0,
        threads: int = 1,
        device: str = "cpu",
        precision: Precision = "float32",
    ) -> Self:
        """Set the score up on the first 32 images at half their size: an eighth of the work.

        Notes
        -----
        On 200 random networks of NAS-Bench-201 and CIFAR-10 images, NASWOT's Spearman correlation
        with `reference` is .998 (that of `reference` with itself on other weights and images:
        .997), and with test accuracy .819 against .827. ICD's with accuracy, on 160 networks, is
        .69 both so and on 100 images at full size. Other spaces have not been measured.
        """
        few = halved(_first(images, 32))
        return cls(space, few, seed, threads, device=device, precision=precision)

    def __getstate__(self) -> dict[str, Any]:
        """Keep the settings; units are set up again where they are used."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __call__(self, X: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Score genotypes, float64[n].

        Raises
        ------
        EvaluationError
            If some rows failed: with the scores of the others and the tracebacks of these.
        """
        ids = self._ids(X)
        scores = np.full(len(X), self.without_path)
        rows = np.flatnonzero(ids[:, -1] != ABSENT)
        if not len(rows):
            return scores
        outcome = self.reading.of_rows(self._forward, ids[rows], threads=self.threads)
        scores[rows] = outcome.scores
        if outcome.errors:
            raise EvaluationError(
                f"objective {self.name} failed on {len(outcome.errors)} of {len(X)} rows",
                values=scores,
                errors={
                    int(rows[row]): "".join(traceback.format_exception(error))
                    for row, error in outcome.errors.items()
                },
            )
        return scores

    def _ids(self, X: npt.NDArray[np.int64]) -> Ids:
        return self.space.unit_ids(X, live=True)

    def _set_up(self) -> Forward | TorchForward:
        return self._forward_for(containers=False)

    def _forward_for(self, *, containers: bool) -> Forward | TorchForward:
        """Make what the images run through, where the score says."""
        plan, counts = plan_of(self.space), self.reading.counts
        if self.device == "cpu":
            return Forward(plan, self.images, seed=self.seed, counts=counts, containers=containers)
        if containers:
            raise ValueError("reference_containers: counted with device='cpu' alone")
        return TorchForward(
            plan,
            self.images,
            seed=self.seed,
            counts=counts,
            device=self.device,
            precision=self.precision,
        )


def _first(images: Tensor, n: int) -> Tensor:
    if len(images) < n:
        raise ValueError(f"images: expected at least {n}, got {len(images)}")
    return images[:n]
