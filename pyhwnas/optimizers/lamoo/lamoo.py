"""LaMOO: learn where good rows lie, and sample there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from pyhwnas.history import Batch, History
from pyhwnas.optimizers.lamoo.partition import Growth, Selected, grow, select
from pyhwnas.optimizers.lamoo.regions import Encoding, Region, Sampler, Uniform, encode
from pyhwnas.optimizers.operators.variation import unseen
from pyhwnas.problem import Problem

__all__ = ["LaMOO"]


@dataclass(frozen=True, slots=True)
class LaMOO:
    """Latent action Monte Carlo tree search for many objectives.

    Before each batch a tree is grown from all evaluated rows: each node is parted by a support
    vector machine into rows that few others dominate and the rest. One leaf is chosen, by its
    hypervolume and by how few rows it has, and the next rows are drawn from its part of the space.

    Parameters
    ----------
    sampler : Sampler
        How rows are chosen there: `Uniform`, or `Bayes`, `CMAES` or `Screened` inside the region.
    initial : int
        Rows of the first batch, drawn uniformly; at least 2.
    step : int
        Rows in a batch, where the search asks for no particular number.
    growth : Growth
        Kernel, cost and size of the splits.
    selection : {"leaf", "path"}
        The best of all leaves, or from the root down the better child each time.
    exploration : float
        Weight of rarely sampled regions, Cp, as a share of the hypervolume so far; not negative.
    cp : float, optional
        The same as a fixed number, in the unit of the hypervolume; replaces `exploration`.
    encoding : {"by gene", "ordinal"}
        What classifiers see: unordered genes one-hot and ordinal ones as numbers, or all genes as
        numbers.

    Notes
    -----
    The tree is a function of the history and grown anew for each batch; see `partition.grow` and
    `partition.select` for labels, splits and bounds, and `regions.draw` for the way back out of
    regions that hold too few new rows. Constraints: feasible rows dominate all others.

    The constructor's defaults are not the paper's but the best that was found on NAS-Bench-201
    (``bench/papers/lamoo_nb201.py``): C = 10, little exploration, nodes of more than 8 rows split,
    unordered genes one-hot, an RBF kernel. `published` has the paper's.

    ``aux`` of a batch holds what its region was: ``nodes`` in the tree, ``depth`` of the leaf,
    ``rows`` in it, and what the choice cost: ``hypervolumes`` computed, of so many ``points`` in
    total.

    References
    ----------
    Zhao et al., 2022, https://doi.org/10.48550/arXiv.2110.03173; for architectures: Zhao et al.,
    2024, https://doi.org/10.48550/arXiv.2406.00291

    Examples
    --------
    >>> from pyhwnas import Problem, Search, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> problem = Problem(space, (objectives.Macs(space), objectives.Params(space)))
    >>> history = Search(problem, LaMOO(), seed=0).run(60)
    >>> history.batches[-1].aux["depth"] > 0
    True
    """

    sampler: Sampler = field(default_factory=Uniform)
    initial: int = field(default=10, kw_only=True)
    step: int = field(default=5, kw_only=True)
    growth: Growth = field(default=Growth(), kw_only=True)
    selection: Literal["leaf", "path"] = field(default="leaf", kw_only=True)
    exploration: float = field(default=0.02, kw_only=True)
    cp: float | None = field(default=None, kw_only=True)
    encoding: Encoding = field(default="by gene", kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.sampler, Sampler):
            raise TypeError(
                f"sampler: expected an object with a method sample, got {self.sampler!r}; for "
                "example Uniform()"
            )
        if self.initial < 2:
            raise ValueError(f"initial: expected at least 2 rows, got {self.initial}")
        if self.step < 1:
            raise ValueError(f"step: expected at least 1 row, got {self.step}")
        if self.selection not in ("leaf", "path"):
            raise ValueError(f"selection: expected leaf or path, got {self.selection!r}")
        for name, value in (("exploration", self.exploration), ("cp", self.cp)):
            if value is not None and not (np.isfinite(value) and value >= 0):
                raise ValueError(f"{name}: expected a finite number from 0 up, got {value}")
        if self.encoding not in ("by gene", "ordinal"):
            raise ValueError(f"encoding: expected 'by gene' or 'ordinal', got {self.encoding!r}")

    @classmethod
    def published(cls, sampler: Sampler | None = None, *, cp: float | None = None) -> LaMOO:
        """Return the setting of the authors' program for NAS-Bench-201.

        Parameters
        ----------
        sampler : Sampler, optional
            `Uniform` by default.
        cp : float, optional
            By default a tenth of the current hypervolume, the rule that the authors give. Their
            script for NAS-Bench-201 has 6, three quarters of the largest hypervolume.

        Notes
        -----
        Polynomial kernel of degree 4, C = 1, nodes of more than 15 rows are split, children by
        label, the best of all leaves, genes as numbers, 10 rows first and then 5 at a time.
        """
        return cls(
            Uniform() if sampler is None else sampler,
            growth=Growth(kernel="poly", C=1.0, split=15, assign="label"),
            selection="leaf",
            exploration=0.1,
            cp=cp,
            encoding="ordinal",
        )

    def propose(
        self, problem: Problem, history: History, n: int | None, rng: np.random.Generator
    ) -> Batch:
        """Propose `n` rows of the chosen region, or `step`; `initial` rows at first."""
        if not len(history):
            return Batch(unseen(problem, history, max(self.initial, n or 0), rng))
        n = self.step if n is None else n
        if history.ref_point is None:  # every row failed so far
            return Batch(unseen(problem, history, n, rng))
        selected, nodes = self._select(problem, history, rng)
        node = selected.node
        region = Region(problem.space, node.rows, node.path, self.encoding)
        about: dict[str, Any] = {
            "nodes": nodes,
            "depth": len(node.path),
            "rows": len(node.rows),
            "hypervolumes": selected.hypervolumes,
            "points": selected.points,
        }
        return Batch(self.sampler.sample(problem, history, region, n, rng), about)

    def _select(
        self, problem: Problem, history: History, rng: np.random.Generator
    ) -> tuple[Selected, int]:
        """Grow the tree; return the chosen leaf and the number of nodes."""
        Z = encode(problem.space, history.X, self.encoding)
        nodes = grow(history, Z, self.growth, rng)
        chosen = select(nodes, history, self.selection, exploration=self.exploration, cp=self.cp)
        return chosen, len(nodes)
