"""The exceptions of pyhwnas. Wrong arguments stay ``ValueError`` and ``TypeError``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = [
    "BenchmarkError",
    "CudaError",
    "DeviceError",
    "EvaluationError",
    "LatencyTableError",
    "MissingExtraError",
    "PyhwnasError",
    "SpaceError",
    "StoreError",
]


class PyhwnasError(Exception):
    """Root of everything that pyhwnas raises on its own account."""


class SpaceError(PyhwnasError):
    """A genotype, plan or unit that its space does not allow."""


class EvaluationError(PyhwnasError):
    """Some rows could not be evaluated; what was measured travels along.

    Parameters
    ----------
    message : str
        What failed.
    values : ndarray of float64, shape (n,), optional
        The values of all rows, NaN where the evaluation failed.
    errors : mapping of int to str, optional
        Traceback text of each failed row.
    """

    def __init__(
        self,
        message: str,
        *,
        values: NDArray[Any] | None = None,
        errors: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.values = values
        self.errors: dict[int, str] = dict(errors or {})

    def __reduce__(self) -> tuple[Any, ...]:
        # Executors send exceptions between processes; the default forgets keyword arguments.
        return _evaluation_error, (str(self), self.values, self.errors)


def _evaluation_error(
    message: str, values: NDArray[Any] | None, errors: dict[int, str]
) -> EvaluationError:
    return EvaluationError(message, values=values, errors=errors)


class LatencyTableError(PyhwnasError):
    """A latency table that is damaged, or does not belong to this device or space."""


class DeviceError(LatencyTableError):
    """The machine that measures is at fault, or the way to it, and no network: a run stops."""


class BenchmarkError(PyhwnasError):
    """A file of a benchmark that is missing, damaged, or another than was expected."""


class StoreError(PyhwnasError):
    """A run file that is damaged, or was written by a different run."""


class CudaError(PyhwnasError, RuntimeError):
    """The CUDA runtime reported an error."""


class MissingExtraError(PyhwnasError, ImportError):
    """An optional dependency is not installed."""
