"""What scores of sign codes have in common: a space, images, and networks run on them."""

from __future__ import annotations

import dataclasses
import traceback
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import EvaluationError, SpaceError
from pyhwnas.networks import ABSENT
from pyhwnas.proxies.forward import Forward, Outcome
from pyhwnas.proxies.images import checked, halved
from pyhwnas.spaces import Space

__all__ = ["SIGN_KEEPING", "SignScore"]

Tensor = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int32]

SIGN_KEEPING = ("relu", "relu6", "hswish", "silu", "gelu")
"""Activations that are positive exactly where their input is."""


@dataclass(frozen=True, eq=False)
class SignScore(ABC):
    """A score of the sign codes that untrained networks give a fixed batch of images.

    A score states its `name`, how it sets up its `Forward`, how it runs it, and what a network
    without a path from input to output gets; and, where they are not the live ones, which units of
    a row run.
    """

    space: Space
    images: Tensor
    seed: int = 0
    threads: int = field(default=1, compare=False)
    name: ClassVar[str]
    without_path: ClassVar[float]
    unit: ClassVar[str] = ""
    sense: ClassVar[Literal["min", "max"]] = "max"
    cost: ClassVar[Literal["cheap", "expensive"]] = "expensive"
    _forward: Forward = field(init=False, repr=False)

    def __post_init__(self) -> None:
        plan = self.space.plan
        if plan is None:
            raise SpaceError(f"{self.name}: space {self.space.name} has no plan to read")
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads}")
        images = checked(self.images, plan.slots[0].candidates[0].inputs[0][0])
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "_forward", self._set_up())

    @classmethod
    def reference(cls, space: Space, images: Tensor, *, seed: int = 0, threads: int = 1) -> Self:
        """Set the score up on the first 64 images at their full size."""
        return cls(space, _first(images, 64), seed, threads)

    @classmethod
    def fast(cls, space: Space, images: Tensor, *, seed: int = 0, threads: int = 1) -> Self:
        """Set the score up on the first 32 images at half their size: an eighth of the work.

        Notes
        -----
        On 200 random networks of NAS-Bench-201 and CIFAR-10 images, NASWOT's Spearman correlation
        with `reference` is .998 (that of `reference` with itself on other weights and images:
        .997), and with test accuracy .819 against .827. ICD's with accuracy, on 160 networks, is
        .69 both so and on 100 images at full size. Other spaces have not been measured.
        """
        return cls(space, halved(_first(images, 32)), seed, threads)

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
        outcome = self._run(self._forward, ids[rows])
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

    @abstractmethod
    def _set_up(self) -> Forward:
        """Make what the images run through."""

    @abstractmethod
    def _run(self, forward: Forward, ids: Ids) -> Outcome:
        """Score rows of unit ids."""


def _first(images: Tensor, n: int) -> Tensor:
    if len(images) < n:
        raise ValueError(f"images: expected at least {n}, got {len(images)}")
    return images[:n]
