"""Which networks are scored: all of a space, some drawn at random, or those of a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pyhwnas._files import read_text
from pyhwnas.errors import SpaceError
from pyhwnas.history import Ints
from pyhwnas.spaces import Space, row_hash, sample, sizes

__all__ = ["drawn", "every", "listed"]

ROWS = 4096
"""Rows at a time."""

MOST_ROWS = 2**30
"""More rows of genes than that are not gone through."""

PATIENCE = 100
"""Blocks of random rows without a new one, after which a space counts as exhausted."""

SHOWN = 3
"""Bad lines of a file that a message quotes."""


def every(space: Space) -> Iterator[Ints]:
    """Go through all valid rows of a space in canonical form, in lexicographic order.

    Parameters
    ----------
    space : Space

    Returns
    -------
    iterator of ndarray of int64, shape (n, n_genes)
        Blocks of at most 4096 rows.

    Raises
    ------
    SpaceError
        If the genes of the space have more than 2^30 combinations.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> sum(len(X) for X in every(spaces.NASBench201()))
    15625
    """
    total = math.prod(int(n) for n in sizes(space))
    if total > MOST_ROWS:
        count = space.n_genotypes
        known = "an unknown number of" if count is None else f"{count:.3g}"
        raise SpaceError(
            f"space {space.name} has {known} networks in {total:.3g} combinations of genes, too "
            "many to score all; score some with --sample, or a list of your own with --archs"
        )
    return _every(space, total)


def _every(space: Space, total: int) -> Iterator[Ints]:
    places = np.cumprod([1, *sizes(space)[:0:-1]])[::-1]
    for start in range(0, total, ROWS):
        positions = np.arange(start, min(start + ROWS, total))
        X = positions[:, None] // places % sizes(space)
        X = X[space.valid(X)]
        yield X[(space.canonical(X) == X).all(axis=1)]


def drawn(space: Space, n: int, seed: int) -> Iterator[Ints]:
    """Draw distinct networks, uniformly over the values of genes.

    Parameters
    ----------
    space : Space
    n : int
        Number of networks, at least 1.
    seed : int
        The first networks of a longer draw are those of a shorter one.

    Returns
    -------
    iterator of ndarray of int64, shape (k, n_genes)
        Blocks of at most 4096 rows, canonical, no row twice.

    Raises
    ------
    SpaceError
        If the space has fewer networks, as far as it can tell, or no new one turns up.

    Notes
    -----
    Rows are drawn as `pyhwnas.spaces.sample` does, and those that came before are left out. Eight
    bytes are kept for each row.

    Examples
    --------
    >>> from pyhwnas import spaces
    >>> [X.shape for X in drawn(spaces.MobileNetV3(), 5000, seed=0)]
    [(4096, 46), (904, 46)]
    """
    if n < 1:
        raise ValueError(f"sample: expected at least 1 network, got {n}")
    if seed < 0:
        raise ValueError(f"seed: expected at least 0, got {seed}")
    count = space.n_genotypes
    if count is not None and n > count:
        raise SpaceError(
            f"sample: space {space.name} has {count} networks, got {n}; score all with --all"
        )
    return _drawn(space, n, seed)


def _drawn(space: Space, n: int, seed: int) -> Iterator[Ints]:
    rng = np.random.default_rng(seed)
    known = np.empty(0, dtype=np.int64)
    barren = 0
    while len(known) < n:
        X = sample(space, ROWS, rng)
        keys = row_hash(X)
        _, first = np.unique(keys, return_index=True)
        first.sort()
        new = first[~_among(keys[first], known)][: n - len(known)]
        fresh = np.sort(keys[new])
        known = np.insert(known, np.searchsorted(known, fresh), fresh)
        barren = 0 if len(new) else barren + 1
        if barren > PATIENCE:
            raise SpaceError(
                f"sample: expected {n} networks of {space.name}, but after {len(known)} of them "
                f"{PATIENCE * ROWS} random rows held no new one; ask for fewer, or for --all"
            )
        if len(new):
            yield X[new]


def _among(keys: Ints, known: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell which keys are among sorted ones."""
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    found = np.searchsorted(known, keys).clip(max=len(known) - 1)
    there: np.ndarray[tuple[int], np.dtype[np.bool_]] = known[found] == keys
    return there


def listed(space: Space, path: str | Path) -> Ints:
    """Read networks from a text file.

    Parameters
    ----------
    space : Space
    path : path
        One network a line: as the space writes it, or its genes with commas between them. Empty
        lines and lines that begin with ``#`` are passed over.

    Returns
    -------
    ndarray of int64, shape (n, n_genes)
        In the order of the file, canonical; a network that stands there twice is there twice.

    Raises
    ------
    ValueError
        If a line is no network of the space (names the lines), or no line is one.
    """
    path = Path(path)
    rows, wrong = [], []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            rows.append(_read(space, text))
        except (SpaceError, ValueError, OverflowError) as error:
            wrong.append(f"line {number} ({error})")
    if wrong:
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise ValueError(
            f"{path}: expected one network of {space.name} a line, got {'; '.join(wrong[:SHOWN])}"
            f"{more}; correct them or take them out"
        )
    if not rows:
        raise ValueError(f"{path}: expected one network of {space.name} a line, got none")
    return np.stack(rows)


def _read(space: Space, text: str) -> Ints:
    words = text.split(",")
    if all(word.strip().isdecimal() for word in words):
        X = np.array([[int(word) for word in words]], dtype=np.int64)
    else:
        X = space.from_str(text)[None]
    if not space.valid(X)[0]:
        raise SpaceError(f"{text!r} is no valid network of {space.name}")
    canonical: Ints = space.canonical(X)[0]
    return canonical
