"""ICD without torch against the same definition in torch: values first, then time.

Run as ``python -m bench.icd``. Both sides see the same networks, weights and images on one thread;
CPU time, medians over networks. The first run of a network sets its units up, later networks
find most of them ready, so both the first and the second pass are shown.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from bench.record import save
from pyhwnas import networks, spaces
from pyhwnas.proxies import ICD, sample_images

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from reference.icd_by_definition import icd_by_definition


def compare(space: spaces.Space, n: int, size: int) -> dict[str, float]:
    """Score networks both ways."""
    rng = np.random.default_rng(0)
    images = sample_images(16, size)
    X = spaces.sample(space, 2 * n, rng)
    X = X[space.unit_ids(X, live=True)[:, -1] >= 0][:n]
    objective = ICD(space, images)
    passes = []
    for _ in range(2):
        scores, seconds = np.empty(n), np.empty(n)
        for i, x in enumerate(X):
            start = time.process_time()
            scores[i] = objective(x[None])[0]
            seconds[i] = time.process_time() - start
        passes.append(seconds)
    torch_scores, torch_seconds = np.empty(n), np.empty(n)
    for i, x in enumerate(X):
        network = networks.build(space, x).at(images.shape[1:])
        start = time.process_time()
        torch_scores[i] = icd_by_definition(network, images)
        torch_seconds[i] = time.process_time() - start
    return {
        "networks": n,
        "image_size": size,
        "spearman": float(spearmanr(scores, torch_scores)[0]),
        "largest_relative_difference": float(np.abs(scores / torch_scores - 1).max()),
        "ms_first_pass_total": 1e3 * float(passes[0].sum()) / n,
        "ms_second_pass_median": 1e3 * float(np.median(passes[1])),
        "ms_torch_median": 1e3 * float(np.median(torch_seconds)),
        "time_over_torch_first_pass": float(passes[0].sum() / torch_seconds.sum()),
        "time_over_torch": float(np.median(passes[1]) / np.median(torch_seconds)),
    }


def main() -> None:
    """Compare on two spaces and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=40)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = {
        "mobilenetv3": compare(spaces.MobileNetV3(resolutions=(192, 224)), arguments.networks, 96),
        "nasbench201": compare(spaces.NASBench201(), arguments.networks, 32),
    }
    for name, numbers in found.items():
        print(name, {key: round(value, 6) for key, value in numbers.items()})
    save("icd", found)


if __name__ == "__main__":
    main()
