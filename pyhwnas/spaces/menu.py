"""The blocks that a stage may hold, by number, and the genes that name them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from pyhwnas.networks import Shape, Unit
from pyhwnas.spaces.backbones import Stage
from pyhwnas.spaces.base import IntMatrix
from pyhwnas.spaces.blocks import Setting

__all__ = ["Menu", "mixed"]


class Menu:
    """All combinations of type, kernel, expansion and attention that a stage offers.

    Parameters
    ----------
    stage : Stage
    optional : bool
        Whether the first value of the type's gene leaves the block out.

    Attributes
    ----------
    names : list of str
        Of each option, such as ``"mb3e6+se"``.
    sizes : tuple of int
        Values of the four genes. Where a type has fewer kernels or expansions, the index counts
        on from its first again.
    genes : ndarray of int64, shape (n_options + 1, 4)
        The genes that name each option; the last row is that of no block at all.
    """

    def __init__(self, stage: Stage, *, optional: bool) -> None:
        self._stage = stage
        kernels = [len(block.kernels) for block in stage.blocks]
        expansions = [len(block.expansions) for block in stage.blocks]
        n_attentions = len(stage.attentions)
        self._options = [
            option
            for t in range(len(stage.blocks))
            for option in itertools.product(
                (t,), range(kernels[t]), range(expansions[t]), range(n_attentions)
            )
        ]
        self.names = [self._name(*option) for option in self._options]
        self.sizes = (len(kernels) + optional, max(kernels), max(expansions), n_attentions)
        named = [(t + optional, *others) for t, *others in self._options]
        self.genes = np.array([*named, (0, 0, 0, 0)], dtype=np.int64)
        number = {option: i for i, option in enumerate(self._options)}
        left_out = [-1] * (optional * math.prod(self.sizes[1:]))
        self._number = np.array(
            left_out
            + [
                number[t, k % kernels[t], e % expansions[t], a]
                for t, k, e, a in itertools.product(
                    range(len(kernels)), *map(range, self.sizes[1:])
                )
            ]
        )

    def __len__(self) -> int:
        return len(self.names)

    def read(self, genes: IntMatrix) -> IntMatrix:
        """Give blocks their numbers.

        Parameters
        ----------
        genes : ndarray of int64, shape (n, n_blocks, 4)

        Returns
        -------
        ndarray of int64, shape (n, n_blocks)
            -1 for one that is left out.
        """
        return self._number.take(mixed(*zip(np.moveaxis(genes, 2, 0), self.sizes, strict=True)))

    def units(self, shapes: Sequence[Shape], out: int, stride: int) -> Iterator[Unit]:
        """Build each option for each of several inputs, which have equal channels."""
        for t, k, e, a in self._options:
            block = self._stage.blocks[t]
            setting = Setting(
                out=out,
                kernel=block.kernels[k],
                expansion=block.expansions[e],
                stride=stride,
                attention=self._stage.attentions[a],
                activation=self._stage.activation,
            )
            unit = block.unit(shapes[0], setting)
            yield from (unit.at((shape,)) for shape in shapes)

    def _name(self, t: int, k: int, e: int, a: int) -> str:
        block, attention = self._stage.blocks[t], self._stage.attentions[a]
        gate = f"+{attention.word}" if attention else ""
        return f"{block.word}{block.kernels[k]}e{block.expansions[e]:.3g}{gate}"


def mixed(*digits: tuple[IntMatrix, int]) -> IntMatrix:
    """Combine choices, each given with how many values it has, into one; the last is fastest."""
    number, _ = digits[0]
    for digit, count in digits[1:]:
        number = number * count + digit
    return number
