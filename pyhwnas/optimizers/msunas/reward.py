"""Accuracy and cost as one number."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pyhwnas.history import Floats, Ints
from pyhwnas.optimizers.msunas.predicted import Measure, Values
from pyhwnas.problem import Problem

__all__ = ["Reward", "rewarded"]


@dataclass(frozen=True, slots=True)
class Reward:
    """``accuracy * (cost / target) ** exponent``, to be maximised.

    Parameters
    ----------
    accuracy, cost : str
        Names of objectives; that of accuracy is maximised. Their values have to be positive.
    target : float
        A cost that changes nothing, in the unit of the cost.
    exponent : float
        Negative: how much the reward falls with cost.

    References
    ----------
    Tan et al., 2019, https://doi.org/10.1109/CVPR.2019.00293

    Examples
    --------
    >>> import numpy as np
    >>> from pyhwnas import Problem, objectives, spaces
    >>> space = spaces.NASBench201()
    >>> accuracy = objectives.PerNetwork(space, lambda net: 0.8, name="accuracy", sense="max")
    >>> problem = Problem(space, (accuracy, objectives.Macs(space)))
    >>> reward = Reward("accuracy", "macs", target=600e6)
    >>> reward(problem, np.array([[0.8, 600e6], [0.8, 300e6]])).round(4)
    array([0.8   , 0.8398])
    """

    accuracy: str
    cost: str
    target: float = field(kw_only=True)
    exponent: float = field(default=-0.07, kw_only=True)

    def __post_init__(self) -> None:
        if not 0 < self.target < np.inf:
            raise ValueError(f"target: expected a cost above 0, got {self.target}")
        if not -np.inf < self.exponent <= 0:
            raise ValueError(f"exponent: expected a number of at most 0, got {self.exponent}")

    def __call__(self, problem: Problem, values: Floats) -> Floats:
        """Weigh rows.

        Parameters
        ----------
        problem : Problem
        values : ndarray of float64, shape (n, m)
            In natural units.

        Returns
        -------
        ndarray of float64, shape (n,)
            NaN where a value is missing or the cost is not positive.

        Raises
        ------
        ValueError
            If the problem has no such objectives.
        """
        for name in (self.accuracy, self.cost):
            if name not in problem.names:
                raise ValueError(
                    f"Reward: {name} is not among the problem's objectives "
                    f"({', '.join(problem.names)}); name one of them"
                )
        if problem.senses[problem.names.index(self.accuracy)] != "max":
            raise ValueError(
                f"Reward: {self.accuracy} is minimised; name an accuracy, which is maximised"
            )
        accuracy, cost = (
            values[:, problem.names.index(name)] for name in (self.accuracy, self.cost)
        )
        relative = np.where(cost > 0, cost, np.nan) / self.target
        reward: Floats = accuracy * relative**self.exponent
        return reward


def rewarded(problem: Problem, measure: Measure, reward: Reward) -> Measure:
    """Return a measure whose only value is the reward, to be minimised."""

    def lost(X: Ints) -> Values:
        values = measure(X)
        # Turning the sign twice gives natural units.
        F = -reward(problem, problem.minimised(values.F))[:, None]
        return Values(F, values.violation, ~np.isfinite(F[:, 0]))

    return lost
