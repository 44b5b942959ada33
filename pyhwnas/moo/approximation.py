"""Hypervolume from random samples, for many objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhwnas import _core
from pyhwnas._arrays import as_matrix, as_vector

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

__all__ = ["hypervolume_approx"]


def hypervolume_approx(
    F: ArrayLike,
    ref_point: ArrayLike,
    n_samples: int,
    seed: int,
    *,
    method: Literal["rays", "box"] = "rays",
    threads: int = 1,
) -> tuple[float, float]:
    """Volume from random samples, and its standard error."""
    return _core.hypervolume_approx(
        as_matrix(F, "F"),
        as_vector(ref_point, "ref_point"),
        n_samples,
        seed,
        method == "box",
        threads,
    )
