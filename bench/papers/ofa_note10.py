"""The best known front of the problem ``ofa-note10``, by Pareto local search.

python -m bench.papers.ofa_note10 [--quick]

From random networks and the two extremes, all one-gene neighbours of the front's networks and
crosses of them are measured until no neighbour improves it; then the fronts of all seeds are put
together and searched on, with other crosses each time. The result is a lower bound of the best
hypervolume: no exact one is known for a space of 10^20 networks.
"""

from __future__ import annotations

import argparse

import numpy as np

from bench.record import save
from pyhwnas import benchmarks, moo, spaces
from pyhwnas.history import Floats, Ints
from pyhwnas.problem import Problem

AGAIN = 10
EXPANDED, CROSSED, MUTATIONS = 60, 1500, 2
"""Networks of the front whose neighbours are measured in a step, crosses, their new genes."""


def local_search(problem: Problem, X: Ints, seed: int) -> tuple[Ints, Floats]:
    """Return a front that no one-gene change of its networks improves."""
    space, rng = problem.space, np.random.default_rng(seed)
    expanded: set[bytes] = set()
    F = problem.evaluate(X).values
    while True:
        front = moo.nondominated_mask(F, keep_equal=False)
        X, F = X[front], F[front]
        new = [x for x in X[rng.permutation(len(X))] if x.tobytes() not in expanded][:EXPANDED]
        if not new:
            return X, F
        expanded |= {x.tobytes() for x in new}
        tried = [spaces.neighbours(space, x) for x in new]
        tried.append(space.canonical(crossed(space, X, rng)))
        Y = np.unique(np.concatenate(tried), axis=0)
        X, F = np.concatenate([X, Y]), np.concatenate([F, problem.evaluate(Y).values])


def crossed(space: spaces.Space, X: Ints, rng: np.random.Generator) -> Ints:
    """Mix genes of two networks and draw a few anew."""
    first, second = X[rng.integers(len(X), size=(2, CROSSED))]
    Y = np.where(rng.random(first.shape) < 0.5, first, second)
    place = rng.integers(Y.shape[1], size=(CROSSED, MUTATIONS))
    Y[np.arange(CROSSED)[:, None], place] = rng.integers(0, spaces.sizes(space)[place])
    return Y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed")
    seeds = range(1 if parser.parse_args().quick else 6)
    problem = benchmarks.problem("ofa-note10")
    space = problem.space
    assert isinstance(space, spaces.MobileNetV3)
    extremes = np.stack([space.smallest(), space.largest()])
    fronts, volumes = [], []
    for seed in seeds:
        start = spaces.sample(space, 3000, np.random.default_rng(seed))
        X, F = local_search(problem, np.concatenate([extremes, start]), seed)
        fronts.append(X)
        volumes.append(float(moo.hypervolume(F, problem.ref_point)))
        print(f"seed {seed}: {len(X)} networks, hypervolume {volumes[-1]:.4f}")
    X = np.concatenate(fronts)
    for seed in range(len(seeds), len(seeds) + AGAIN):
        X, F = local_search(problem, X, seed)
        best = float(moo.hypervolume(F, problem.ref_point))
        print(f"together, seed {seed}: {len(X)} networks, hypervolume {best:.4f}")
    result = {
        "ref_point": problem.ref_point,
        "seeds": list(seeds),
        "hypervolume_by_seed": volumes,
        "hypervolume": best,
        "networks": [space.to_str(x) for x in X],
    }
    save("papers/ofa_note10", result)


if __name__ == "__main__":
    main()
