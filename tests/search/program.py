"""Searches in processes of their own, to be killed, to hold files and to lose workers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from search.toy import Mean, Toy, code

from pyhwnas import EvaluationError, Problem, Search, networks, objectives, spaces
from pyhwnas.optimizers import RBIFA, Random

SPACE = Toy()


def run_of(name, path):
    """The search that is killed and continued."""
    if name == "random":
        space = Toy(8)
        problem = Problem(space, (Mean(space), objectives.Macs(space)))
        return Search(problem, Random(step=7), store=path, seed=4)
    space = spaces.NASBench201()
    problem = Problem(space, (Mean(space), objectives.Macs(space)))
    optimizer = RBIFA(("quality",), ("macs",), weights=(0.3, 0.9), population=8)
    return Search(problem, optimizer, store=path, seed=4)


def awkward(network):
    kernels = [block.unit.key for block in network.blocks]
    if "k5" in kernels[0]:
        # Its own child has to go with it.
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).wait()
    if "k3" in kernels[0]:
        raise ArithmeticError("three is too many")
    if "k5" in kernels[1]:
        import os

        os._exit(7)
    return networks.macs(network)


def timeout():
    quality = objectives.PerNetwork(SPACE, awkward, name="q", sense="min", timeout=0.3)
    X = [[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 0, 0], [0, 2, 0, 0]]
    start = time.monotonic()
    evaluation = Problem(SPACE, (quality,)).evaluate(X)
    return {
        "values": [None if v != v else v for v in evaluation.values[:, 0].tolist()],
        "errors": evaluation.errors,
        "seconds": time.monotonic() - start,
    }


def pool(path, kill_at):
    problem = Problem(SPACE, (Mean(kill_at=int(kill_at)), objectives.Macs(SPACE)))
    with Search(problem, Random(step=10), store=path) as search:
        try:
            with ProcessPoolExecutor(2) as executor:
                search.run(81, executor=executor)
        except EvaluationError as error:
            history = search.history
            told = [code(x) for x in history.X[history.failed]]
            return {"message": str(error), "failed": told, "errors": history.errors,
                    "pending": len(search.ask().ids)}  # fmt: skip
        return {"done": len(search.history)}


def main(mode, *args):
    if mode == "run":
        run_of(args[0], args[1]).run(int(args[2]))
    elif mode == "hold":
        run_of("random", args[0]).run(10)
        print("ready", flush=True)
        sys.stdin.read()
    elif mode == "timeout":
        print(json.dumps(timeout()))
    elif mode == "pool":
        print(json.dumps(pool(*args)))


if __name__ == "__main__":
    main(*sys.argv[1:])
