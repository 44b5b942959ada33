"""What a space is, and what is written once for all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from pyhwnas.errors import SpaceError
from pyhwnas.networks import Plan, plan_of

__all__ = [
    "Gene",
    "IntMatrix",
    "PlainSpace",
    "Space",
    "as_genotypes",
    "distance",
    "expressed",
    "neighbours",
    "one_hot",
    "row_hash",
    "sizes",
]

IntMatrix = npt.NDArray[np.int64]

BLOCK = 2048
"""Rows at a time: what lies between genes and unit ids stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Gene:
    """One coordinate of a genotype: an index from 0 to ``n - 1``.

    Parameters
    ----------
    name : str
        For example ``"stage2.kernel3"``.
    n : int
        Number of values.
    ordinal : bool
        Whether neighbouring values are alike (a width) or not (an operation).
    group : tuple of str
        From coarse to fine, for operators that move whole stages or blocks.
    """

    name: str
    n: int
    ordinal: bool = False
    group: tuple[str, ...] = ()


@runtime_checkable
class Space(Protocol):
    """A finite set of networks, each written as a row of integers.

    Populations are ``int64[n, n_genes]`` matrices; no method loops over rows in Python.
    `pyhwnas.testing.check_space` checks an implementation.
    """

    @property
    def name(self) -> str:
        """The field's name for it, e.g. ``"nasbench201"``."""
        ...

    @property
    def genes(self) -> tuple[Gene, ...]:
        """The columns of a genotype matrix."""
        ...

    @property
    def plan(self) -> Plan | None:
        """What the genes choose from; None for a space that can be searched but not built."""
        ...

    def unit_ids(self, X: IntMatrix, *, live: bool = False) -> npt.NDArray[np.int32]:
        """Pick the unit in each slot, int32[n, n_slots]; see `Plan.unit_ids`."""
        ...

    def canonical(self, X: IntMatrix) -> IntMatrix:
        """Set genes that are not expressed to 0; idempotent."""
        ...

    def identity(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return a number for each row, the same where rows compute the same function."""
        ...

    def valid(self, X: IntMatrix) -> npt.NDArray[np.bool_]:
        """Tell which rows belong to the space."""
        ...

    def repair(self, X: IntMatrix, rng: np.random.Generator) -> IntMatrix:
        """Turn any rows into valid ones near them; valid rows stay as they are."""
        ...

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write one genotype in the field's notation."""
        ...

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read a genotype back: ``from_str(to_str(x)) == canonical(x)``."""
        ...

    @property
    def n_genotypes(self) -> int | None:
        """Number of valid rows in canonical form; None where it is not known."""
        ...

    @property
    def n_networks(self) -> int | None:
        """Number of networks that `identity` tells apart; None where it is not known."""
        ...

    def copies(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Count the genotypes that share each row's identity, itself included, int64[n]."""
        ...


class PlainSpace:
    """Defaults for a space in which every gene is always expressed and every row is valid.

    A subclass states `name`, `genes`, `plan` and `choices` and overrides what differs.
    """

    name: str
    genes: tuple[Gene, ...]

    @property
    def plan(self) -> Plan | None:
        """What the genes choose from; None unless a subclass states it."""
        return None

    def choices(self, X: IntMatrix) -> npt.NDArray[np.integer[Any]]:
        """Choose the candidate in each slot, int[n, n_slots]; see `Plan.unit_ids`."""
        raise NotImplementedError(f"space {self.name} states neither choices nor unit_ids")

    def unit_ids(self, X: IntMatrix, *, live: bool = False) -> npt.NDArray[np.int32]:
        """Pick the unit in each slot, int32[n, n_slots]; see `Plan.unit_ids`."""
        X, plan = as_genotypes(self, X), plan_of(self)
        ids = np.empty((len(X), len(plan.slots)), dtype=np.int32)
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            ids[rows] = plan.unit_ids(self.choices(X[rows]), live=live)
        return ids

    def canonical(self, X: IntMatrix) -> IntMatrix:
        """Return the rows as they are."""
        return as_genotypes(self, X)

    def identity(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Return one number for each row, by its canonical genes."""
        return row_hash(self.canonical(X))

    def valid(self, X: IntMatrix) -> npt.NDArray[np.bool_]:
        """Accept every row."""
        return np.ones(len(as_genotypes(self, X)), dtype=bool)

    def repair(self, X: IntMatrix, rng: np.random.Generator) -> IntMatrix:
        """Return the rows as they are."""
        return as_genotypes(self, X)

    def to_str(self, x: npt.NDArray[np.int64]) -> str:
        """Write the canonical genes with hyphens between them."""
        return "-".join(map(str, self.canonical(np.atleast_2d(x))[0]))

    def from_str(self, text: str) -> npt.NDArray[np.int64]:
        """Read genes separated by hyphens."""
        try:
            row = np.array([int(word) for word in text.split("-")], dtype=np.int64)
        except ValueError:
            raise SpaceError(
                f"{self.name}: expected {len(self.genes)} integers with hyphens between them, "
                f"got {text!r}"
            ) from None
        genotype: npt.NDArray[np.int64] = self.canonical(as_genotypes(self, row[None]))[0]
        return genotype

    @property
    def n_genotypes(self) -> int | None:
        """Product of the genes' sizes; None if a subclass changes `canonical` or `valid` only."""
        own = type(self)
        if own.canonical is PlainSpace.canonical and own.valid is PlainSpace.valid:
            return math.prod(gene.n for gene in self.genes)
        return None

    @property
    def n_networks(self) -> int | None:
        """As many as genotypes; None if a subclass changes `identity` only."""
        return self.n_genotypes if type(self).identity is PlainSpace.identity else None

    def copies(self, X: IntMatrix) -> npt.NDArray[np.int64]:
        """Count the genotypes that share each row's identity: one."""
        if type(self).identity is not PlainSpace.identity:
            raise SpaceError(
                f"space {self.name} has genotypes that share an identity, but does not count "
                "them; draw over genes, or state copies"
            )
        return np.ones(len(as_genotypes(self, X)), dtype=np.int64)


class HasGenes(Protocol):
    """The part of a space that `as_genotypes` needs."""

    @property
    def name(self) -> str: ...
    @property
    def genes(self) -> tuple[Gene, ...]: ...


def sizes(space: HasGenes) -> npt.NDArray[np.int64]:
    """Return the number of values of each gene, int64[n_genes]."""
    return np.array([gene.n for gene in space.genes], dtype=np.int64)


def as_genotypes(space: HasGenes, X: npt.ArrayLike) -> IntMatrix:
    """Check a genotype matrix.

    Parameters
    ----------
    space : Space
    X : array_like of int, shape (n, n_genes)
        Values from 0 to ``gene.n - 1``.

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
        The input itself where it already has that type.

    Raises
    ------
    SpaceError
        For another shape or type, or a value out of range (names row and gene).
    """
    matrix = np.asarray(X)
    count = len(space.genes)
    if matrix.ndim != 2 or matrix.shape[1] != count:
        raise SpaceError(
            f"X: expected a genotype matrix of {space.name} with shape (n, {count}), "
            f"got {matrix.shape}"
        )
    if matrix.dtype.kind not in "iu" and matrix.size:
        raise SpaceError(f"X: expected integers, got {matrix.dtype}")
    matrix = matrix.astype(np.int64, copy=False)
    # As an unsigned number, a negative one is too large as well.
    wrong = matrix.view(np.uint64) >= sizes(space).view(np.uint64)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        gene = space.genes[column]
        raise SpaceError(
            f"X[{row}, {column}]: gene {gene.name} of {space.name} takes 0..{gene.n - 1}, "
            f"got {matrix[row, column]}"
        )
    return matrix


def neighbours(space: Space, x: npt.ArrayLike) -> IntMatrix:
    """List all valid networks that differ from one in a single gene.

    Parameters
    ----------
    space : Space
    x : array_like of int, shape (n_genes,)

    Returns
    -------
    ndarray of int64, shape (k, n_genes)
        Canonical and distinct rows, without `x` itself, in lexicographic order.
    """
    row = space.canonical(as_genotypes(space, np.asarray(x)[None]))[0]
    steps = []
    for column, gene in enumerate(space.genes):
        block = np.repeat(row[None], gene.n, axis=0)
        block[:, column] = np.arange(gene.n)
        steps.append(block)
    X = np.concatenate(steps)
    X = np.unique(space.canonical(X[space.valid(X)]), axis=0)
    others: IntMatrix = X[(X != row).any(axis=1)]
    return others


def one_hot(space: Space, X: IntMatrix, *, ordinal: bool = True) -> npt.NDArray[np.float64]:
    """Encode canonical genotypes as real vectors for surrogates.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)
    ordinal : bool
        Write ordinal genes as one column scaled to [0, 1]; otherwise they too are one-hot.

    Returns
    -------
    ndarray of float64, shape (n, n_columns)
    """
    X = space.canonical(X)
    columns = []
    for column, gene in enumerate(space.genes):
        if ordinal and gene.ordinal:
            columns.append(X[:, column, None] / max(gene.n - 1, 1))
        else:
            columns.append((X[:, column, None] == np.arange(gene.n)).astype(np.float64))
    return np.concatenate(columns, axis=1)


def expressed(space: Space, X: IntMatrix) -> npt.NDArray[np.bool_]:
    """Tell which genes have an effect.

    Parameters
    ----------
    space : Space
    X : ndarray of int64, shape (n, n_genes)

    Returns
    -------
    ndarray of bool, shape (n, n_genes)
        False where canonical form takes back a change of the gene, such as the kernel of a layer
        beyond the depth; a gene with one value is expressed.

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import spaces
    >>> space = spaces.MobileNetV3()
    >>> spaces.expressed(space, space.smallest()[None])[0, :9].astype(int)
    array([1, 1, 1, 0, 0, 1, 1, 0, 0])
    """
    X = space.canonical(X)
    # What is not expressed is 0. One copy of its row for each gene that may be so.
    row, column = np.nonzero((X == 0) & (sizes(space) > 1))
    changed = X[row]
    changed[np.arange(len(row)), column] = 1
    result = np.ones(X.shape, dtype=bool)
    result[row, column] = (space.canonical(changed) != X[row]).any(axis=1)
    return result


def distance(space: Space, A: IntMatrix, B: IntMatrix) -> npt.NDArray[np.float64]:
    """Measure how many genes two sets of genotypes differ in.

    Parameters
    ----------
    space : Space
    A, B : ndarray of int64, shapes (n, n_genes) and (k, n_genes)

    Returns
    -------
    ndarray of float64, shape (n, k)
        Hamming distance over canonical genes; an ordinal gene counts the difference of its
        values over its range, so at most 1.
    """
    A, B = space.canonical(A), space.canonical(B)
    total = np.zeros((len(A), len(B)))
    for column, gene in enumerate(space.genes):
        difference = np.abs(A[:, column, None] - B[None, :, column])
        total += difference / max(gene.n - 1, 1) if gene.ordinal else difference != 0
    return total


def row_hash(X: IntMatrix) -> npt.NDArray[np.int64]:
    """Hash each row to 64 bits; a row's hash depends on that row alone."""
    with np.errstate(over="ignore"):
        state = np.full(len(X), 0x9E3779B97F4A7C15, dtype=np.uint64)
        for column in X.T:
            state = (state ^ column.astype(np.uint64)) * np.uint64(0xFF51AFD7ED558CCD)
            state ^= state >> np.uint64(32)
    return state.view(np.int64)
