"""What a report speaks of, and the facts that its tables and plots share."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyhwnas import plot
from pyhwnas.history import Floats, History

if TYPE_CHECKING:
    from pyhwnas.latency import LatencyTable
    from pyhwnas.networks import Network
    from pyhwnas.spaces import Space

__all__ = ["Choice", "Content"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Choice:
    """A network that was chosen from the front, and what is known of it.

    Parameters
    ----------
    index : int
        Its row in the history.
    name : str
        Stem of its files.
    arch : str
        In its space's notation.
    network : Network
        Drawn as a block diagram.
    values : mapping of str to float
        Value of each objective, in natural units.
    macs, params : float
        Multiply-accumulates and trainable parameters.
    predicted_ms, low_ms, high_ms : float or None
        Latency from the table and the interval of one network; None without a table.
    measured_ms : float or None
        Latency of the whole network on the device; None if it was not measured.
    remeasure_floor : float or None
        How far a second measurement of the same networks was off, as a fraction.
    files : tuple of str
        Exported files, relative to the report's folder.
    trained : bool
        Whether the exported weights have been trained; the report marks those that have not.
    """

    index: int
    name: str
    arch: str
    network: Network
    values: Mapping[str, float]
    macs: float
    params: float
    predicted_ms: float | None = None
    low_ms: float | None = None
    high_ms: float | None = None
    measured_ms: float | None = None
    remeasure_floor: float | None = None
    files: tuple[str, ...] = ()
    trained: bool = False

    @property
    def error(self) -> float | None:
        """How far the prediction is off, relative to the measurement; None where unknown."""
        if not self.predicted_ms or not self.measured_ms:
            return None
        return self.predicted_ms / self.measured_ms - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Content:
    """All that goes into one report."""

    history: History
    title: str
    choices: Sequence[Choice]
    table: LatencyTable | None
    device: Mapping[str, str]
    provenance: Mapping[str, str]
    notes: Sequence[str]
    space: Space | None
    files: tuple[str, ...] = field(default=())

    @functools.cached_property
    def front(self) -> History:
        """The best rows, see `History.front`."""
        return self.history.front()

    @functools.cached_property
    def front_rows(self) -> npt.NDArray[np.intp]:
        """Where they stand in the history."""
        return plot.rows_of(self.history, self.front)

    @functools.cached_property
    def arch(self) -> list[str]:
        """Each row in its space's notation, or its genes where the space is not known."""
        if self.space is not None:
            return [self.space.to_str(x) for x in self.history.X]
        names = ["-".join(map(str, x)) for x in self.history.X.tolist()]
        for choice in self.choices:
            names[choice.index] = choice.arch
        return names

    @property
    def axes(self) -> tuple[str, str]:
        """What the front is drawn over at first: a cost to the right, a quality upwards."""
        history = self.history
        if len(history.names) == 1:
            return plot.EVALUATION, history.names[0]
        senses = dict(zip(history.names, history.senses, strict=True))
        costs = [name for name in history.names if senses[name] == "min"]
        x = next((n for n in costs if "latency" in n), costs[0] if costs else history.names[-1])
        rest = [n for n in history.names if n != x]
        return x, next((n for n in rest if n not in costs), rest[0])

    @property
    def colour(self) -> str | None:
        """The first objective that is on neither axis."""
        return next((n for n in self.history.names if n not in self.axes), None)

    @functools.cached_property
    def trace(self) -> tuple[Floats, Floats] | None:
        """Evaluations and hypervolume after them where it is finite; None without any."""
        if self.history.ref_point is None or not len(self.history):
            return None
        rows, volume = plot.hypervolume_points(self.history)
        known = np.isfinite(volume)
        return (rows[known], volume[known]) if known.any() else None

    @property
    def measured(self) -> list[Choice]:
        """The choices with a prediction and a measurement."""
        return [choice for choice in self.choices if choice.error is not None]

    @property
    def mean_error(self) -> float | None:
        """Mean absolute error of the predictions, as a fraction."""
        errors = [abs(choice.error) for choice in self.choices if choice.error is not None]
        return float(np.mean(errors)) if errors else None

    @property
    def floor(self) -> float | None:
        """How far measuring again is off: of these networks, else of the table's own."""
        own = [c.remeasure_floor for c in self.choices if c.remeasure_floor is not None]
        if own:
            return float(np.mean(own))
        if self.table is None or self.table.accuracy is None or self.table.accuracy.floor is None:
            return None
        return self.table.accuracy.floor / 100
