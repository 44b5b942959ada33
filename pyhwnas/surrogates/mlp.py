"""A multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyhwnas._optional import require
from pyhwnas.surrogates.base import Constant, Fitted, Floats, checked

__all__ = ["MLP"]


@dataclass(frozen=True, slots=True)
class MLP:
    """Multilayer perceptron, trained on four fifths of the rows and chosen by the others.

    Parameters
    ----------
    epochs : int
        2 000 as published.
    standardise : bool
        Learn values with mean 0 and deviation 1, so that their unit does not matter; False as
        published.

    Notes
    -----
    Three layers of 300 rectified units, dropout 0.2, one linear output. Adam on whole batches with
    learning rate 8e-4 that falls to 0 as a cosine, smooth L1 loss; the weights of the epoch
    with the smallest loss on the held out rows are kept. torch's global random state is left as it
    was. The result depends on the number of threads in the last bits.

    References
    ----------
    Lu et al., 2020, https://doi.org/10.1007/978-3-030-58452-8_3
    """

    epochs: int = 2000
    standardise: bool = True

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs: expected at least 1, got {self.epochs}")

    def fit(self, X: Floats, y: Floats, rng: np.random.Generator) -> Fitted:
        """Train; `rng` draws the weights, the dropout and which rows are held out."""
        X, y = checked(X, y)
        if (y == y[0]).all():
            return Constant(float(y[0]))
        torch = require("torch", extra="torch")
        mean, scale = (float(y.mean()), float(y.std())) if self.standardise else (0.0, 1.0)
        rows = torch.from_numpy(X.astype(np.float32))
        values = torch.from_numpy(((y - mean) / scale).astype(np.float32))
        order = rng.permutation(len(y))
        held_out = order[: max(1, len(y) // 5)]
        learned = order[len(held_out) :] if len(y) > 1 else order
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**63)))
            network = _network(torch.nn, X.shape[1])
            train, test = ((rows[part], values[part]) for part in (learned, held_out))
            _train(network, train, test, self.epochs)
        return _Network(network, mean, scale)


def _network(nn: Any, d: int) -> Any:
    layers = [nn.Linear(d, 300), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Linear(300, 300), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(0.2), nn.Linear(300, 1), nn.Flatten(0))


def _train(network: Any, train: tuple[Any, Any], test: tuple[Any, Any], epochs: int) -> None:
    torch = require("torch", extra="torch")
    optimizer = torch.optim.Adam(network.parameters(), lr=8e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    loss_of = torch.nn.functional.smooth_l1_loss
    smallest, best = np.inf, None
    for _ in range(epochs):
        network.train()
        optimizer.zero_grad()
        loss_of(network(train[0]), train[1]).backward()
        optimizer.step()
        schedule.step()
        network.eval()
        with torch.no_grad():
            loss = float(loss_of(network(test[0]), test[1]))
        if loss < smallest:
            smallest = loss
            best = {name: weights.clone() for name, weights in network.state_dict().items()}
    if best is not None:
        network.load_state_dict(best)


class _Network:
    def __init__(self, network: Any, mean: float, scale: float) -> None:
        self._network = network
        self._mean = mean
        self._scale = scale

    def predict(self, X: Floats) -> Floats:
        torch = require("torch", extra="torch")
        with torch.no_grad():
            values = self._network(torch.from_numpy(X.astype(np.float32))).numpy()
        predicted: Floats = values.astype(np.float64) * self._scale + self._mean
        return predicted
