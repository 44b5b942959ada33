"""Scores of torch modules on NAS-Bench-201 beside the columns that NASLib published.

Run as ``python -m bench.papers.naslib_columns`` with PYHWNAS_DATA set. Each seed draws CIFAR-10
images, normalised as NASLib does, and weights; NASLib's own are not known, so ranks are compared.
The size of its batch is read off its column jacov: such a score is at most minus the number of
images, and its largest are -32.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import spearmanr

from bench.papers.cifar10 import normalised, training_images
from bench.papers.table import Line, write
from pyhwnas import networks, spaces
from pyhwnas.proxies import modules
from pyhwnas.proxies.modules import ModuleScore

COLUMNS = {"snip": "snip", "grad_norm": "grad_norm", "fisher": "fisher", "grasp": "grasp",
           "jacov": "jacob_cov", "plain": "plain", "l2_norm": "l2_norm"}  # fmt: skip
GATES = {"snip": 0.95, "grad_norm": 0.95, "fisher": 0.95, "grasp": 0.95, "jacov": 0.95}
SOURCE = "NASLib, naslib/data/zc_nasbench201.json, cifar10"
SHARED = ("snip", "grad_norm", "fisher", "plain")


def score(
    space: spaces.Space,
    X: npt.NDArray[np.int64],
    images: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    init: Literal["he", "torch"],
    seed: int,
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Score rows by every measure, and add up CPU seconds."""
    rows: dict[str, list[float]] = {column: [] for column in COLUMNS}
    seconds = {"shared": 0.0, "grasp": 0.0, "jacov": 0.0}
    maker = ModuleScore(space, modules.MEASURES["snip"], images, labels, seed=seed, init=init)
    for x in X:
        model = maker.module(networks.build(space, x))
        started = time.process_time()
        shared = modules.gradient_scores(model, images, labels, SHARED)
        for column in SHARED:
            rows[column].append(shared[column])
        seconds["shared"] += time.process_time() - started
        started = time.process_time()
        rows["grasp"].append(modules.grasp(model, images, labels))
        seconds["grasp"] += time.process_time() - started
        started = time.process_time()
        rows["jacov"].append(modules.jacob_cov(model, images))
        seconds["jacov"] += time.process_time() - started
        rows["l2_norm"].append(modules.l2_norm(model))
        print(init, seed, len(rows["snip"]), *(f"{rows[c][-1]:.6g}" for c in COLUMNS), flush=True)
    return rows, {key: value / len(X) for key, value in seconds.items()}


def main() -> None:
    """Compare on random networks of the published list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="4 networks, and nothing is saved")
    parser.add_argument("--networks", type=int, default=60)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    n = 4 if arguments.quick else arguments.networks
    torch.set_num_threads(1)
    data = Path(os.environ["PYHWNAS_DATA"])
    space = spaces.NASBench201()
    with np.load(data / "nb201_zc_naslib_subset.npz") as file:
        published = {column: file[f"cifar10_{column}"] for column in COLUMNS}
        index = file["cifar10_index"]
    order = np.random.default_rng(0).permutation(len(index))
    X = np.stack([space.at_index(int(i)) for i in index[order]])
    usable = np.flatnonzero(space.unit_ids(X, live=True)[:, -1] >= 0)[:n]
    lines, seconds = [], {}
    for init, used in (("torch", usable), ("he", usable[: len(usable) // 3])):
        found: dict[str, list[float]] = {column: [] for column in COLUMNS}
        for seed in range(arguments.seeds):
            images, labels = training_images(arguments.batch, seed)
            images = normalised(images)
            rows, seconds[f"{init}{seed}"] = score(space, X[used], images, labels, init, seed)
            for column, ours in rows.items():
                theirs = published[column][order[used]]
                known = np.isfinite(theirs) & np.isfinite(ours)
                rho = spearmanr(theirs[known], np.array(ours)[known]).statistic
                found[column].append(float(rho))
        for column, got in found.items():
            gate = GATES.get(column) if init == "torch" else None
            what = f"Spearman of {COLUMNS[column]}, {len(used)} networks, init={init}"
            expected, kind = (gate, "at least") if gate else (0.95, "report")
            lines.append(Line(what, got, expected, 0.0, SOURCE, kind))
    notes = [
        f"{len(usable)} networks, drawn from the {len(index)} of NASLib, one batch of "
        f"{arguments.batch} for each seed."
    ]
    write("naslib_columns", lines, seeds=range(arguments.seeds), quick=arguments.quick,
          notes=notes, cpu_seconds_a_network=seconds, networks=len(usable),
          batch=arguments.batch)  # fmt: skip


if __name__ == "__main__":
    main()
