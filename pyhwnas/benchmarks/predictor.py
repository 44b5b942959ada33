"""Once-for-All's accuracy predictor over the MobileNetV3 space."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from pyhwnas._describe import Json, describe
from pyhwnas.benchmarks.finite import Light
from pyhwnas.benchmarks.latency_tables import N_LAYERS, layer_choices
from pyhwnas.benchmarks.sources import OFA_PREDICTOR
from pyhwnas.benchmarks.tables import PathLike, find
from pyhwnas.errors import BenchmarkError
from pyhwnas.history import Floats, Ints, Sense
from pyhwnas.problem import Cost
from pyhwnas.spaces import MobileNetV3
from pyhwnas.spaces.mobilenetv3 import EXPANSIONS, KERNELS

__all__ = ["PredictedError"]

EXPANSION_COLUMNS = N_LAYERS * len(KERNELS)
RESOLUTION_COLUMNS = EXPANSION_COLUMNS + N_LAYERS * len(EXPANSIONS)
PREDICTOR_RESOLUTIONS = (112, 16, 8)
"""First, step, and how many of them."""


@dataclass(frozen=True)
class PredictedError(Light):
    """ImageNet top-1 error by the accuracy predictor of the Once-for-All tutorial.

    A stand-in for measured accuracy: a multilayer perceptron that its authors trained on networks
    of their supernet with width 1.2, not a measurement.

    Parameters
    ----------
    space : MobileNetV3
        Resolutions that are not 112 + 16 k are read as the next one below, as its authors do;
        from 224 on all are one.
    path : path, optional
        The predictor's file, or the folder that it is in; `PYHWNAS_DATA` if left out.

    Notes
    -----
    128 inputs, three layers of 400, one output. The input has a one for each layer's kernel
    (three columns), each layer's expansion (three), and the resolution (eight); layers beyond the
    depth are zero. Values are computed in double precision, one matrix-vector product a row, so
    that they do not depend on other rows, and rounded to 1e-9 %, so that they do not depend on
    the machine either.

    References
    ----------
    Cai et al., 2020, https://openreview.net/forum?id=HylxE1HKwS
    """

    space: MobileNetV3
    path: PathLike | None = None
    name: ClassVar[str] = "predicted_error"
    unit: ClassVar[str] = "%"
    sense: ClassVar[Sense] = "min"
    cost: ClassVar[Cost] = "expensive"

    @cached_property
    def _layers(self) -> list[tuple[Floats, Floats]]:
        """Weights, transposed, and biases."""
        table = find(OFA_PREDICTOR, self.path)
        layers = [
            (table[f"{i}.weight"].astype(np.float64).T, table[f"{i}.bias"].astype(np.float64))
            for i in (0, 2, 4, 6)
        ]
        if len(layers[0][0]) != RESOLUTION_COLUMNS + PREDICTOR_RESOLUTIONS[2]:
            raise BenchmarkError(f"{table.path}: expected 128 inputs, got {len(layers[0][0])}")
        return layers

    def __call__(self, X: Ints) -> Floats:
        """Predict for whole populations, float64[n]."""
        (first, bias), *rest = self._layers
        weights = np.concatenate([first, np.zeros((1, first.shape[1]))])  # absent inputs
        hidden = bias + np.zeros((len(X), len(bias)))
        for column in self._inputs(X).T:
            hidden = hidden + weights[column]
        for weight, bias in rest:
            hidden = np.matmul(np.maximum(hidden, 0.0)[:, None], weight)[:, 0] + bias
        error: Floats = np.round(100.0 * (1.0 - hidden[:, 0]), 9)
        return error

    def _inputs(self, X: Ints) -> Ints:
        """Name the columns of the input that are one, int64[n, 41]; -1 for absent layers."""
        choice = layer_choices(self.space, X)
        layer = np.arange(N_LAYERS)
        kernel = len(KERNELS) * layer + choice // len(EXPANSIONS)
        expansion = EXPANSION_COLUMNS + len(EXPANSIONS) * layer + choice % len(EXPANSIONS)
        first, step, count = PREDICTOR_RESOLUTIONS
        pixels = np.array(self.space.resolutions)[X[:, -1]]
        resolution = RESOLUTION_COLUMNS + ((pixels - first) // step).clip(0, count - 1)
        present = choice >= 0
        return np.concatenate(
            [
                np.where(present, kernel, -1),
                np.where(present, expansion, -1),
                resolution[:, None],
            ],
            axis=1,
        )

    def describe(self) -> Json:
        """Describe the weights by their checksums."""
        return {"type": "pyhwnas.benchmarks.PredictedError", "weights": describe(self._layers)}
