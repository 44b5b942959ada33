"""Fireflies: how they fly towards brighter ones, and how a swarm that is stuck goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyhwnas.history import Floats, History, Ints
from pyhwnas.optimizers.operators.variation import (
    mutate_one,
    other_values,
    uniform_crossover,
    unseen,
)
from pyhwnas.problem import Problem
from pyhwnas.spaces import Space, distance, sizes

__all__ = [
    "Crossover",
    "Fireflies",
    "ImprovedFireflies",
    "Movement",
    "with_new_rows",
]

Movement: TypeAlias = Literal["categorical", "continuous"]
Crossover: TypeAlias = Literal["uniform", "halves"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fireflies:
    """A swarm and its movement: what all firefly optimizers have in common.

    Parameters
    ----------
    population : int
        Fireflies in a swarm, at least 2.
    alpha : float
        Size of the random step.
    beta : float
        Attractiveness at distance 0.
    gamma : float
        How fast attractiveness falls with distance.
    movement : {"categorical", "continuous"}
        How fireflies fly, see Notes.

    Notes
    -----
    A sweep goes from the dimmest firefly to the second brightest; each makes one step towards
    every brighter one, from dim to bright, and is evaluated once, after its last step.

    ``"categorical"``: a gene takes the brighter one's value with probability
    ``beta * exp(-gamma * distance)``, where distance counts the genes that differ, and another
    random value with probability ``alpha / n_genes``. ``"continuous"`` is the arithmetic of the
    authors' program on ``gene / (n - 1)``: a step of ``beta * exp(-gamma * r^2)`` of the way and
    noise from 0 to ``alpha``, which drifts towards the last value of each gene, then rounding.

    References
    ----------
    Yang, 2010, https://doi.org/10.1504/IJBIC.2010.032124
    """

    population: int = 20
    alpha: float = 0.5
    beta: float = 0.95
    gamma: float = 0.15
    movement: Movement = "categorical"

    def __post_init__(self) -> None:
        what = type(self).__name__
        if self.population < 2:
            raise ValueError(f"{what}: population is at least 2, got {self.population}")
        for label in ("alpha", "beta", "gamma"):
            if not 0 <= getattr(self, label) < np.inf:
                raise ValueError(f"{what}: {label} is not negative, got {getattr(self, label)}")
        if self.movement not in ("categorical", "continuous"):
            raise ValueError(
                f"{what}: movement is categorical or continuous, got {self.movement!r}"
            )

    def sweep(self, space: Space, X: Ints, light: Floats | Ints, rng: np.random.Generator) -> Ints:
        """Move every firefly towards all brighter ones.

        Parameters
        ----------
        space : Space
        X : ndarray of int64, shape (n, n_genes)
        light : ndarray of float64 or int64, shape (n,)
            Less is brighter; equals do not attract each other.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of int64, shape (n, n_genes)
            From dim to bright; the brightest stay where they are.

        Notes
        -----
        A firefly's targets have not moved yet when it is its turn, so that all fireflies can make
        their step towards one target at once: n vectorised steps, O(n^2 n_genes).
        """
        order = np.argsort(-light, kind="stable")
        targets, light = X[order], light[order]
        scale = np.maximum(sizes(space) - 1, 1)
        moving: npt.NDArray[Any] = targets / scale if self.movement == "continuous" else targets
        moving = moving.copy()
        for position, target in enumerate(targets):
            dimmer = int(np.searchsorted(-light, -light[position]))
            if self.movement == "continuous":
                moving[:dimmer] = self._glide(moving[:dimmer], target / scale, rng)
            else:
                moving[:dimmer] = self._copy_genes(space, moving[:dimmer], target, rng)
        if self.movement == "continuous":
            moving = np.rint(moving * (sizes(space) - 1))
        return space.canonical(space.repair(moving.astype(np.int64), rng))

    def _copy_genes(self, space: Space, X: Ints, target: Ints, rng: np.random.Generator) -> Ints:
        attraction = self.beta * np.exp(-self.gamma * distance(space, X, target[None]))
        X = np.where(rng.random(X.shape) < attraction, target, X)
        change = rng.random(X.shape) < self.alpha / X.shape[1]
        return np.where(change, other_values(space, X, rng), X)

    def _glide(self, Z: Floats, target: Floats, rng: np.random.Generator) -> Floats:
        step = target - Z
        attraction = self.beta * np.exp(-self.gamma * (step**2).sum(axis=1, keepdims=True))
        moved: Floats = Z + step * attraction + self.alpha * rng.random(Z.shape)
        return moved.clip(0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImprovedFireflies(Fireflies):
    """A swarm that starts over by crossover and mutation when it is stuck.

    Parameters
    ----------
    chances : int
        Generations without progress before a genetic iteration, at least 1.
    crossover : {"uniform", "halves"}
        Whether each gene comes from either parent, or the first half of the genes from one and
        the second from the other, as the authors' program does with the rows of a matrix.

    Notes
    -----
    A genetic iteration replaces the whole population by as many children, each of two different
    random parents and with one gene changed.

    References
    ----------
    Mokhtari et al., 2022, https://doi.org/10.1109/IJCNN55064.2022.9892956
    """

    chances: int = 5
    crossover: Crossover = "uniform"

    def __post_init__(self) -> None:
        Fireflies.__post_init__(self)
        what = type(self).__name__
        if self.chances < 1:
            raise ValueError(f"{what}: chances is at least 1, got {self.chances}")
        if self.crossover not in ("uniform", "halves"):
            raise ValueError(f"{what}: crossover is uniform or halves, got {self.crossover!r}")

    def genetic_iteration(self, space: Space, X: Ints, rng: np.random.Generator) -> Ints:
        """Return as many children of a population as it has members, in no order."""
        first = rng.integers(0, len(X), size=len(X))
        second = (first + rng.integers(1, max(len(X), 2), size=len(X))) % len(X)
        if self.crossover == "uniform":
            children = uniform_crossover(space, X[first], X[second], rng)
        else:
            front_half = np.arange(X.shape[1]) < X.shape[1] // 2
            mixed = np.where(front_half, X[first], X[second])
            children = space.canonical(space.repair(mixed, rng))
        return mutate_one(space, children, rng)


def with_new_rows(
    problem: Problem,
    history: History,
    X: Ints,
    rng: np.random.Generator,
    *,
    places: Sequence[int],
    patience: int,
) -> Ints:
    """Put new rows into a generation if nothing has been new for too long.

    Parameters
    ----------
    problem : Problem
    history : History
    X : ndarray of int64, shape (n, n_genes)
        The generation that is about to be proposed.
    rng : numpy.random.Generator
    places : sequence of int
        Rows of X that may be replaced.
    patience : int
        Generations in a row that may hold nothing new.

    Returns
    -------
    ndarray of int64, shape (n, n_genes) or (0, n_genes)
        No rows where the space is exhausted, so that a search only ends with its space.
    """
    idle = len(history.batches) - 1 - int(history.batch.max(initial=0))
    if idle < patience or (history.lookup(X) < 0).any():
        return X
    new = unseen(problem, history, len(places), rng)
    X = X.copy()
    X[np.asarray(places[: len(new)], dtype=np.int64)] = new
    return X if len(new) else X[:0]
