"""Runs of the firefly papers on NAS-Bench-201: by generations, with columns or with own ICD."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pyhwnas import History, Problem, Search, benchmarks, moo
from pyhwnas._describe import describe, encode
from pyhwnas.benchmarks.tables import data_folder
from pyhwnas.history import Floats, Ints
from pyhwnas.optimizers import Optimizer
from pyhwnas.proxies import ICD

GENERATIONS = 100
"""When the authors' program of IFA stops; RB-IFA's paper does not say."""

REFERENCE = np.array([0.9001, 220.1201])
"""Of error and million MACs, as in E-TF-MOENAS."""

NB201 = benchmarks.NASBench201()
STAND_INS = ("cifar10_synflow", "cifar10_naswot")
"""Columns of FreeREA, the second in place of ICD."""


class Quality(NamedTuple):
    """What the benchmark says of networks."""

    accuracy: Floats
    gflops: Floats  # two for each multiply-accumulate, as in RB-IFA's Table 1


def quality(X: Ints) -> Quality:
    """Look networks up: CIFAR-10 test accuracy in percent after 200 epochs, and GFLOPs."""
    row = NB201.row(X)
    error = NB201.values("cifar10_test_error")[row]
    return Quality(100.0 - error, NB201.values("macs")[row] * 2e-9)


def hypervolume(X: Ints) -> float:
    """Measure the hypervolume of error and MACs over that of the reference point."""
    found = quality(X)
    F = np.column_stack([1.0 - found.accuracy / 100.0, found.gflops * 500.0])
    return float(moo.hypervolume(F, REFERENCE) / REFERENCE.prod())


def steps(problem: Problem, optimizer: Optimizer, seed: int, *, most: int) -> Any:
    """Yield the history after each generation, up to `GENERATIONS` or so many evaluations."""
    search = Search(problem, optimizer, seed=seed)
    while len(search.history.batches) < GENERATIONS and len(search.history) < most:
        asked = search.ask()
        if not len(asked.ids):
            return
        count = most - len(search.history)
        values = problem.evaluate(asked.X[:count]).values
        search.tell(asked.ids[:count], values)
        yield search.history


def final(problem: Problem, optimizer: Optimizer, seed: int, *, most: int = 300) -> History:
    """Return the history of a whole run."""
    *_, history = steps(problem, optimizer, seed, most=most)
    return history


def cifar_images(n: int) -> Any:
    """Draw training images of CIFAR-10, values from 0 to 255 as in the authors' program."""
    from PIL import Image

    with np.load(data_folder() / "cifar10_jpeg_all60k.npz") as file:
        stream, offsets = file["train_jpeg"], file["train_off"]
    chosen = np.random.default_rng(0).choice(len(offsets) - 1, size=n, replace=False)
    pictures = [
        Image.open(io.BytesIO(stream[offsets[i] : offsets[i + 1]].tobytes())) for i in chosen
    ]
    pixels = np.stack([np.asarray(p.convert("RGB"), np.float32) for p in pictures])
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


@dataclass(frozen=True)
class RememberedICD:
    """ICD that keeps its scores in a file, so that no network is scored in two runs."""

    icd: ICD
    scores: dict[int, float] = field(default_factory=dict, init=False, compare=False)
    space = NB201.space
    name, unit, sense, cost = "icd", "", "max", "expensive"

    def __post_init__(self) -> None:
        if self.path.exists():
            with np.load(self.path) as file:
                self.scores.update(zip(file["key"].tolist(), file["score"].tolist(), strict=True))

    @property
    def path(self) -> Path:
        digest = hashlib.sha256(encode(describe(self.icd)).encode()).hexdigest()
        return Path(tempfile.gettempdir(), f"pyhwnas-icd-{digest[:16]}.npz")

    def __call__(self, X: Ints) -> Floats:
        keys = NB201.row(X).tolist()
        new = [i for i, key in enumerate(keys) if key not in self.scores]
        if new:
            self.scores.update(zip((keys[i] for i in new), self.icd(X[new]).tolist(), strict=True))
            key, score = np.array(list(self.scores)), np.array(list(self.scores.values()))
            fresh = self.path.with_suffix(f".{os.getpid()}.npz")
            np.savez(fresh, key=key, score=score)
            fresh.replace(self.path)  # at once, since others may read
        return np.array([self.scores[key] for key in keys])


def own_icd(n_images: int = 16) -> RememberedICD:
    """ICD of images of CIFAR-10; the papers take 100, which costs six times as much."""
    return RememberedICD(ICD(NB201.space, cifar_images(n_images)))
