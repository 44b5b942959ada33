"""Sign codes of a batch, layer by layer, and the two scores that are made of them.

A layer turns each sample into bits: one for each unit, set where the unit is positive. The scores
need sums over the bits alone, so a layer's values are counted and let go. All sums are exact
integers: neither the order of the layers nor how they are cut into pieces matters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyhwnas import _core

__all__ = ["SignCodes", "SignCounts"]

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]


class SignCodes:
    """The sign codes of one batch, as the Hamming distances of its samples.

    Parameters
    ----------
    n : int
        Samples in the batch, at least 1.
    threads : int
        Threads that compare them; the result is the same for any number.

    Attributes
    ----------
    n_bits : int
        Bits counted so far, repeated ones each time.
    distances : ndarray of int64, shape (n, n)
        In how many bits two samples differ.

    Notes
    -----
    O(n^2 units / 64) time, O(n^2) memory.

    Examples
    --------
    >>> codes = SignCodes(2)
    >>> codes.add(np.array([[1.0, -1.0, 2.0], [1.0, 3.0, 0.0]], dtype=np.float32))
    >>> codes.distances.tolist(), codes.n_bits
    ([[0, 2], [2, 0]], 3)
    >>> round(codes.icd(), 4), round(codes.naswot(), 4)
    (0.7071, 2.0794)
    """

    def __init__(self, n: int, *, threads: int = 1) -> None:
        self.n_bits = 0
        self.distances: Counts = np.zeros((n, n), dtype=np.int64)
        self._threads = threads

    def add(self, values: Values, times: int = 1) -> None:
        """Count the signs of a layer's values.

        Parameters
        ----------
        values : ndarray of float32, shape (n, ...)
            A bit is set where a value is greater than zero; NaN is not. Copied if its entries do
            not lie side by side.
        times : int
            How often each bit counts: an activation that enters several layers, say.

        Raises
        ------
        TypeError
            If the values are not float32.
        ValueError
            If they are not of n samples.
        """
        units = _units(values, len(self.distances))
        self.distances += times * _core.sign_distances(units, self._threads)
        self.n_bits += times * units.shape[1]

    def copy(self) -> SignCodes:
        """Return the same counts, to go on from here in two ways."""
        twin = SignCodes(len(self.distances), threads=self._threads)
        twin.distances += self.distances
        twin.n_bits = self.n_bits
        return twin

    def icd(self) -> float:
        """Mean over samples of the Euclidean distance between a code and the mean code.

        Notes
        -----
        ``d_i^2 = mean_j H_ij - sum(H) / (2 n^2)`` with H the Hamming distances.

        References
        ----------
        Mokhtari et al., 2022, https://doi.org/10.1109/IJCNN55064.2022.9892956
        """
        n = len(self.distances)
        return _mean_root(self.distances.sum(axis=1) / n - self.distances.sum() / (2 * n**2))

    def naswot(self) -> float:
        """Natural logarithm of ``|det K|`` for the samples' agreement ``K = n_bits - H``.

        Minus infinity where there are no bits or two samples have one code.

        References
        ----------
        Mellor et al., 2021, https://doi.org/10.48550/arXiv.2006.04647
        """
        return float(np.linalg.slogdet((self.n_bits - self.distances).astype(np.float64))[1])


class SignCounts:
    """The sign codes of one batch, as far as ICD needs them: two numbers a sample.

    Parameters
    ----------
    n : int
        Samples in the batch.
    threads : int
        Threads that count; the result is the same for any number.

    Attributes
    ----------
    positives : ndarray of int64, shape (n,)
        Bits that are set.
    shared : ndarray of int64, shape (n,)
        The same bits, each counted as often as there are samples in which it is set.

    Notes
    -----
    O(n units log n / 64) time, O(n) memory.

    Examples
    --------
    >>> counts = SignCounts(2)
    >>> counts.add(np.array([[1.0, -1.0, 2.0], [1.0, 3.0, 0.0]], dtype=np.float32))
    >>> counts.positives.tolist(), counts.shared.tolist(), round(counts.icd(), 4)
    ([2, 2], [3, 3], 0.7071)
    """

    def __init__(self, n: int, *, threads: int = 1) -> None:
        self.positives: Counts = np.zeros(n, dtype=np.int64)
        self.shared: Counts = np.zeros(n, dtype=np.int64)
        self._threads = threads

    def add(self, values: Values, times: int = 1) -> None:
        """Count the signs of a layer's values; see `SignCodes.add`."""
        positives, shared = _core.sign_statistics(
            _units(values, len(self.positives)), self._threads
        )
        self.positives += times * positives
        self.shared += times * shared

    def copy(self) -> SignCounts:
        """Return the same counts, to go on from here in two ways."""
        twin = SignCounts(len(self.positives), threads=self._threads)
        twin.positives += self.positives
        twin.shared += self.shared
        return twin

    def icd(self) -> float:
        """Mean over samples of the Euclidean distance between a code and the mean code.

        Notes
        -----
        ``d_i^2 = p_i - 2 s_i / n + sum(s) / n^2`` with p the positives and s the shared.

        References
        ----------
        Mokhtari et al., 2022, https://doi.org/10.1109/IJCNN55064.2022.9892956
        """
        n = len(self.positives)
        return _mean_root(self.positives - 2.0 * self.shared / n + self.shared.sum() / n**2)


def _units(values: Values, n: int) -> Values:
    """Lay the values of n samples out as a matrix."""
    if values.ndim == 0 or len(values) != n or n == 0:
        raise ValueError(f"values: expected those of {n} samples, got shape {values.shape}")
    return np.ascontiguousarray(values).reshape(n, values.size // n)


def _mean_root(squared: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.maximum(squared, 0.0)).mean())
