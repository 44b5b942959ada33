"""A score of modules by name, with what it has to be given."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyhwnas.proxies.modules.gradients import FROM_ONE_GRADIENT, GradientScore, gradient_scores

if TYPE_CHECKING:
    from torch.nn import Module

__all__ = ["Measure", "Needs", "measure_all"]

Needs: TypeAlias = Literal["weights", "shape", "images", "labels"]
"""What a function takes after the module: nothing, an input's shape, images, images and labels."""


@dataclass(frozen=True)
class Measure:
    """A score of a module as a column: its name, its function and what the function takes.

    Parameters
    ----------
    name : str
        Of the column.
    function : callable
        ``function(model)``, ``function(model, input_shape)``, ``function(model, images)`` or
        ``function(model, images, labels)``, as `needs` says; other settings are bound to it by
        `functools.partial`. Higher is better. At the top level of a module, so that it pickles.
    needs : {"weights", "shape", "images", "labels"}
    without_path : float
        The score of a network with no path from input to output, which cannot be built: NaN
        where the definition gives none.
    """

    name: str
    function: Callable[..., float]
    needs: Needs
    without_path: float = field(default=math.nan, kw_only=True)

    def __call__(
        self,
        model: Module,
        images: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int64] | None = None,
    ) -> float:
        """Score a module on a batch, or on the shape of its images.

        Raises
        ------
        ValueError
            If labels are needed and missing.
        """
        match self.needs:
            case "weights":
                return self.function(model)
            case "shape":
                return self.function(model, images.shape[1:])
            case "images":
                return self.function(model, images)
        if labels is None:
            raise ValueError(f"{self.name}: expected labels beside the images, got none")
        return self.function(model, images, labels)


def measure_all(
    measures: Sequence[Measure],
    model: Module,
    images: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64] | None,
    *,
    into: npt.NDArray[np.float64],
) -> None:
    """Write the scores of a module, float64[n_measures]; those of one gradient take one pass.

    What fails raises once the others are written.
    """
    names = [FROM_ONE_GRADIENT.get(measure.function) for measure in measures]
    sharing = [name for name in names if name is not None]

    @cache
    def shared() -> dict[GradientScore, float]:
        assert labels is not None
        return gradient_scores(model, images, labels, sharing)

    errors: list[Exception] = []
    for place, (measure, name) in enumerate(zip(measures, names, strict=True)):
        try:
            if name is None or len(sharing) == 1 or labels is None:
                into[place] = measure(model, images, labels)
            else:
                into[place] = shared()[name]
        except Exception as error:  # noqa: BLE001, RUF100 (whatever a measure raises is data)
            errors.append(error)
    if errors:
        raise errors[0]
