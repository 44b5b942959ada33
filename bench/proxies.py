"""Scores without training: networks per second beside the published programs' ways.

Run as ``python -m bench.proxies``. Values first: both sides score the same networks with the same
weights and images. Then CPU time on one thread: blocks of our networks and single ones of the
peers (`bench.zero_cost_peers`) take turns, setting up included on both sides. Networks are random
ones of NAS-Bench-201 with a path from input to output, of which few are alike. At last all rows of
the space are scored at once: every row counts, though rows that are alike are scored once.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import nn

from bench import zero_cost_peers as peers
from bench.record import save
from bench.timing import interleaved
from pyhwnas import networks, spaces
from pyhwnas.networks.weights import initial
from pyhwnas.problem import Objective
from pyhwnas.proxies import ICD, NASWOT, Synflow, SynflowExpected
from pyhwnas.proxies.codes import SignCodes, SignCounts
from pyhwnas.proxies.modules import gradient_scores

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from reference.icd_by_definition import icd_by_definition

SPACE = spaces.NASBench201()
HE: Final = "kaiming_normal"
GRADIENTS = ("snip", "grad_norm", "plain", "fisher")


class Contest(NamedTuple):
    """Ours on a block of rows, a peer's on one row, and how many times faster ours has to be."""

    ours: Callable[[np.ndarray], Any]
    peer: Callable[[np.ndarray], Any]
    goal: float | None = None
    block: int = 20
    """Rows of ours for each row of the peer's."""


def connected(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw networks with a path from input to output."""
    X = spaces.sample(SPACE, 2 * n, rng)
    return X[SPACE.unit_ids(X, live=True)[:, -1] >= 0][:n]


def complete(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw networks whose convolutions are all alive, so that both sides have the same ones."""
    X = connected(20 * n, rng)
    alive = (SPACE.unit_ids(X, live=True) == SPACE.unit_ids(X)).all(axis=1)
    return X[alive][:n]


def twin(x: np.ndarray) -> nn.Module:
    """Make the peers' network with the weights that ours has in the same places."""
    model = peers.Network(x)
    weights = initial(networks.build(SPACE, x))
    kernels = [value for value in weights.values() if value.ndim > 1]
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        for layer, kernel in zip(layers, kernels, strict=True):
            layer.weight.copy_(torch.from_numpy(kernel))
            if layer.bias is not None:
                layer.bias.zero_()
    return model


def far(ours: list[float], theirs: list[float]) -> float:
    """Return the largest relative difference."""
    return float(np.abs(np.array(ours) / np.array(theirs) - 1).max())


def agreement(images: torch.Tensor, labels: torch.Tensor, n: int) -> dict[str, float]:
    """Compare values: the largest relative difference over some networks."""
    X = complete(n, np.random.default_rng(1))
    numbers = images.numpy()
    expected = SynflowExpected(SPACE, init=HE)(X)
    samples = np.array([Synflow(SPACE, (seed,), HE)(X) for seed in range(10)])
    spread = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    builds = [partial(twin, x) for x in X]
    modules = [gradient_scores(build(), images, labels, ("snip",))["snip"] for build in builds]
    found = {
        "synflow": far(Synflow(SPACE, (0,), HE)(X), [peers.synflow(build) for build in builds]),
        "synflow, expected: deviations of the mean of ten samples": float(
            np.abs((samples.mean(axis=0) - expected) / spread).max()
        ),
        "naswot": far(NASWOT(SPACE, numbers)(X), [peers.naswot_hooks(b, images) for b in builds]),
        "icd": far(ICD(SPACE, numbers)(X), [by_definition(x, numbers) for x in X]),
        "snip": far(modules, [peers.snip(build, images, labels) for build in builds]),
    }
    for name, value in found.items():
        print(f"{name:60s} {value:.2e}")
    return found


def by_definition(x: np.ndarray, images: np.ndarray) -> float:
    """Compute ICD in torch."""
    return icd_by_definition(networks.build(SPACE, x), images)


def gradients(images: torch.Tensor, labels: torch.Tensor, X: np.ndarray) -> None:
    """Compute four scores of modules from one gradient."""
    for x in X:
        model = networks.to_torch(networks.build(SPACE, x))
        gradient_scores(model, images, labels, GRADIENTS)


def contests(images: torch.Tensor, labels: torch.Tensor) -> dict[str, Contest]:
    """List what is timed; our objectives are fresh, so that they have everything to set up."""
    numbers = images.numpy()
    wot = partial(_built, peers.naswot_hooks, images)
    freerea, copied = (partial(_built, way) for way in (peers.synflow, peers.synflow_of_a_copy))
    return {
        "synflow, expected": Contest(_fresh(SynflowExpected), freerea, 2000, 2000),
        "synflow, sampled": Contest(_fresh(Synflow), freerea, 30, 100),
        "synflow, sampled / zero-cost-nas": Contest(_fresh(Synflow), copied, None, 100),
        "naswot, 64 images": Contest(_fresh(NASWOT.reference, numbers), wot, 5, 20),
        "naswot, 64 images / nas-without-training": Contest(
            _fresh(NASWOT.reference, numbers),
            partial(_built, peers.naswot_hooks_and_backward, images),
            5,
            20,
        ),
        "naswot, fast": Contest(_fresh(NASWOT.fast, numbers), wot, 50, 60),
        "naswot, fast / nas-without-training, 128 images": Contest(
            _fresh(NASWOT.fast, numbers),
            partial(_built, peers.naswot_hooks_and_backward, torch.cat([images, images])),
            50,
            60,
        ),
        "icd, 64 images": Contest(
            _fresh(ICD.reference, numbers), lambda x: by_definition(x, numbers), None, 20
        ),
        "snip, grad_norm, plain and fisher / snip alone": Contest(
            partial(gradients, images, labels), partial(_built, peers.snip, images, labels), None, 1
        ),
    }


def _fresh(make: Callable[..., Objective], *given: Any) -> Callable[[np.ndarray], Any]:
    made: list[Objective] = []

    def score(X: np.ndarray) -> Any:
        if not made:
            made.append(make(SPACE, *given))
        return made[0](X)

    return score


def _built(way: Callable[..., float], *rest: Any) -> Any:
    *given, x = rest
    return way(partial(peers.Network, x), *given)


def rates(images: torch.Tensor, labels: torch.Tensor, turns: int) -> dict[str, Any]:
    """Time everything in turns; ours over all of its networks, peers by their median."""
    listed = contests(images, labels)
    rng = np.random.default_rng(2)
    seconds: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in listed}
    for _ in range(turns):
        for name, contest in listed.items():
            X = connected(contest.block, rng)
            for record, call, rows in (
                (seconds[name][0], contest.ours, X),
                (seconds[name][1], contest.peer, X[0]),
            ):
                start = time.process_time()
                call(rows)
                record.append(time.process_time() - start)
    found = {}
    for name, (ours, theirs) in seconds.items():
        rate = listed[name].block * turns / sum(ours)
        peer = 1 / float(np.median(theirs))
        found[name] = {
            "per_second": rate,
            "peer_per_second": peer,
            "ratio": rate / peer,
            "goal": listed[name].goal,
        }
        goal = "" if listed[name].goal is None else f"goal {listed[name].goal:g}"
        print(f"{name:50s} {rate:10.1f} /s   peer {peer:7.2f} /s   {rate / peer:8.1f}x  {goal}")
    return found


def population(peer_rates: dict[str, Any], n_sampled: int) -> dict[str, Any]:
    """Score whole populations at once, where rows whose live networks are alike are scored once."""
    everything = SPACE.all()
    some = everything[np.random.default_rng(3).permutation(len(everything))[:n_sampled]]
    found = {}
    for name, make, X in (
        ("synflow, expected", SynflowExpected, everything),
        ("synflow, sampled", Synflow, some),
    ):
        start = time.process_time()
        make(SPACE)(X)
        rate = len(X) / (time.process_time() - start)
        distinct = len(np.unique(SPACE.unit_ids(X, live=True), axis=0))
        ratio = rate / peer_rates[name]["peer_per_second"]
        found[name] = {"rows": len(X), "distinct": distinct, "per_second": rate, "ratio": ratio}
        print(
            f"{name}, {len(X)} rows of which {distinct} are distinct: "
            f"{rate:.1f} rows/s, {ratio:.1f}x"
        )
    return found


def codes(units: int, rounds: int) -> dict[str, Any]:
    """Time the sums of sign codes alone: 128 samples, all bits of one layer."""
    values = np.random.default_rng(0).standard_normal((128, units), dtype=np.float32)
    tensor = torch.from_numpy(values)

    def agreements() -> np.ndarray:
        made = SignCodes(128)
        made.add(values)
        return made.n_bits - made.distances

    def distances() -> float:
        made = SignCounts(128)
        made.add(values)
        return made.icd()

    def torch_distances() -> float:
        code = (tensor > 0).float()
        return float((code - code.mean(0)).norm(dim=1).mean())

    np.testing.assert_array_equal(agreements(), peers.agreement(tensor))
    np.testing.assert_allclose(distances(), torch_distances(), rtol=1e-3)  # theirs is float32
    calls = {
        "K": agreements,
        "K in torch": partial(peers.agreement, tensor),
        "icd": distances,
        "icd in torch": torch_distances,
    }
    taken = interleaved(calls, rounds, time.process_time)
    found = {"units": units, "seconds": taken}
    for name, goal in (("K", 25), ("icd", 18)):
        ratio = taken[f"{name} in torch"] / taken[name]
        found[f"{name} ratio"] = ratio
        print(f"{name} of {units} units, 128 samples: {ratio:.1f}x torch, goal {goal}")
    return found


def main() -> None:
    """Compare values, then times, and write both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few turns, and nothing is saved")
    parser.add_argument("--turns", type=int, default=8)
    read = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images, labels = torch.randn(64, 3, 32, 32), torch.randint(10, (64,))
    found = {
        "agreement": agreement(images, labels, 2 if read.quick else 8),
        "codes": codes(100_000 if read.quick else 1_000_000, 3 if read.quick else 9),
        "rates": rates(images, labels, 1 if read.quick else read.turns),
    }
    found["population"] = population(found["rates"], 500 if read.quick else len(SPACE.all()))
    if not read.quick:
        save("proxies", found)


if __name__ == "__main__":
    main()
