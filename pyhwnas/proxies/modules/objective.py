"""A score of modules as an objective of a space."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from pyhwnas import networks
from pyhwnas._optional import require
from pyhwnas.errors import EvaluationError
from pyhwnas.networks import ABSENT, Network, plan_of
from pyhwnas.proxies.modules.measure import Measure, measure_all
from pyhwnas.spaces import Space

if TYPE_CHECKING:
    from torch.nn import Module

__all__ = ["ModuleScore", "together"]


@dataclass(frozen=True, eq=False)
class ModuleScore:
    """A score of each row's network as a PyTorch module, on one fixed batch.

    Parameters
    ----------
    space : Space
        A space with a plan.
    measure : Measure
        One of `MEASURES`, or your own; the column has its name.
    images : array_like of float, shape (n, channels, height, width)
        Every network sees them at this size, whatever resolution its genes say. Measures that
        need no images take their shape.
    labels : array_like of int, shape (n,), optional
        For measures that need them.
    seed : int
        Of the initial weights.
    init : {"he", "torch"}
        He-normal weights that networks share by slot (`networks.weights`), or the defaults of
        torch's layers, drawn anew for each architecture.
    threads : int
        Threads of torch while a row is scored.

    Notes
    -----
    Higher is better. A row without a path from input to output has the score that the measure
    states for it. Rows are scored one after the other, each for itself.

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import spaces
    >>> from pyhwnas.proxies.modules import MEASURES
    >>> space = spaces.NASBench201(resolution=8)
    >>> images = np.random.default_rng(0).standard_normal((4, 3, 8, 8), dtype=np.float32)
    >>> score = ModuleScore(space, MEASURES["snip"], images, [0, 1, 2, 3])
    >>> score.name, score(np.array([[3, 1, 0, 2, 0, 1]])).shape
    ('snip', (1,))
    """

    space: Space
    measure: Measure
    images: npt.ArrayLike
    labels: npt.ArrayLike | None = None
    seed: int = 0
    init: Literal["he", "torch"] = "he"
    threads: int = 1
    unit: ClassVar[str] = ""
    sense: ClassVar[Literal["min", "max"]] = "max"
    cost: ClassVar[Literal["cheap", "expensive"]] = "expensive"

    def __post_init__(self) -> None:
        images = np.array(self.images, dtype=np.float32)
        channels = plan_of(self.space).slots[0].candidates[0].inputs[0][0]
        if images.ndim != 4 or len(images) < 1 or images.shape[1] != channels:
            raise ValueError(
                f"images: expected (n >= 1, {channels}, height, width), got {images.shape}"
            )
        if not np.isfinite(images).all():
            raise ValueError("images: expected finite values, got NaN or infinity")
        images.flags.writeable = False
        object.__setattr__(self, "images", images)
        if self.init not in ("he", "torch"):
            raise ValueError(f"init: expected 'he' or 'torch', got {self.init!r}")
        if self.threads < 1:
            raise ValueError(f"threads: expected at least 1, got {self.threads}")
        if self.labels is not None:
            object.__setattr__(self, "labels", _checked_labels(self.labels, len(images)))
        elif self.measure.needs == "labels":
            raise ValueError(f"labels: {self.name} needs one for each image, got None")

    @property
    def name(self) -> str:
        """Name of the measure."""
        return self.measure.name

    def __call__(self, X: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Score genotypes, float64[n].

        Raises
        ------
        EvaluationError
            If some rows failed: with the values of the others and the tracebacks of these.
        """
        values, errors = together((self,), X)
        if errors:
            message = f"objective {self.name} failed on {len(errors)} of {len(X)} rows"
            raise EvaluationError(message, values=values[:, 0], errors=errors)
        return values[:, 0]

    def module(self, network: Network) -> Module:
        """Make the module of a network with the weights that it is scored with."""
        model = networks.to_torch(network, seed=self.seed)
        if self.init == "torch":
            _draw_defaults(model, f"{self.seed}/{network.arch}")
        return model


def together(
    scores: Sequence[ModuleScore], X: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], dict[int, str]]:
    """Compute several scores of each row at once.

    Each network is built once, and SNIP, gradient norm, plain and Fisher come from one forward and
    one backward pass.

    Parameters
    ----------
    scores : sequence of ModuleScore
        That differ in their measure alone.
    X : ndarray of int64, shape (n, n_genes)

    Returns
    -------
    values : ndarray of float64, shape (n, n_scores)
        The same bits as from each score alone; NaN where one failed.
    errors : dict of int to str
        Tracebacks of the rows in which something failed.

    Raises
    ------
    ValueError
        If there are no scores, or they differ in more than their measure.
    """
    if not scores or any(not _alike(score, scores[0]) for score in scores):
        raise ValueError(
            "scores: expected one or more that differ in their measure alone: the same space, "
            "images, labels, seed, init and threads"
        )
    first = scores[0]
    measures = [score.measure for score in scores]
    values = np.tile([measure.without_path for measure in measures], (len(X), 1))
    errors: dict[int, str] = {}
    live = first.space.unit_ids(X, live=True)[:, -1] != ABSENT
    images = np.asarray(first.images)
    labels = None if first.labels is None else np.asarray(first.labels)
    with _threads(first.threads):
        for row in np.flatnonzero(live).tolist():
            values[row] = np.nan
            try:
                network = networks.build(first.space, X[row]).at(images.shape[1:])
                measure_all(measures, first.module(network), images, labels, into=values[row])
            except Exception:  # noqa: BLE001, RUF100 (whatever a measure raises is data)
                errors[row] = traceback.format_exc()
    return values, errors


def _alike(a: ModuleScore, b: ModuleScore) -> bool:
    return (
        (a.space, a.seed, a.init, a.threads) == (b.space, b.seed, b.init, b.threads)
        and np.array_equal(np.asarray(a.images), np.asarray(b.images))
        and (a.labels is None) == (b.labels is None)
        and (a.labels is None or np.array_equal(np.asarray(a.labels), np.asarray(b.labels)))
    )


def _checked_labels(labels: npt.ArrayLike, n: int) -> npt.NDArray[np.int64]:
    given = np.asarray(labels)
    if given.shape != (n,) or given.dtype.kind not in "iu":
        raise ValueError(
            f"labels: expected {n} integers, one for each image, got {given.dtype} of shape "
            f"{given.shape}"
        )
    checked = given.astype(np.int64)
    checked.flags.writeable = False
    return checked


def _draw_defaults(model: Module, name: str) -> None:
    """Initialise layers as torch does, with random numbers that depend on the name alone."""
    torch = require("torch", extra="torch")
    with torch.random.fork_rng(devices=[]):
        digest = hashlib.sha256(name.encode()).digest()
        torch.default_generator.manual_seed(int.from_bytes(digest[:8], "little"))
        layers: Iterator[Any] = model.children()
        for layer in layers:
            layer.reset_parameters()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use so many threads, a setting of the whole process, and set it back."""
    torch = require("torch", extra="torch")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
