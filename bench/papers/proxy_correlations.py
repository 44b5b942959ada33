"""How scores of untrained networks rank benchmarks, beside what others found.

Run as ``python -m bench.papers.proxy_correlations`` with PYHWNAS_DATA set. Networks are the first
of one random order of all 15 625 of NAS-Bench-201, more of them for scores that take less time;
rows without a score share the last place. Images are of CIFAR-10, also where a correlation is with
accuracy on another data set.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bench.papers.cifar10 import normalised, training_images
from bench.papers.table import Line, write
from bench.zero_cost_peers import Network
from pyhwnas import spaces
from pyhwnas.benchmarks import ECNAS, NASBench201
from pyhwnas.proxies import ICD, NASWOT, Synflow, SynflowExpected, modules
from pyhwnas.proxies.modules import MEASURES, ModuleScore, together
from pyhwnas.scores.ranks import spearman, spearman_interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DATASETS: tuple[Dataset, ...] = ("cifar10", "cifar100", "in16")
ZERO_COST_NAS = {
    "synflow": (0.737, 0.763, 0.751),
    "jacob_cov": (0.731, 0.704, 0.701),
    "snip": (0.596, 0.637, 0.578),
    "grad_norm": (0.594, 0.637, 0.578),
    "grasp": (0.514, 0.547, 0.549),
    "fisher": (0.36, 0.385, 0.327),
}
"""Spearman correlations with test accuracy on the three data sets."""
WIDER = {"grasp": 0.08, "fisher": 0.08}
BY_NASLIB = {"jacob_cov": "jacov"}
FREEREA = {"synflow": 0.769, "logsynflow": 0.826, "naswot": 0.793}
N_NETWORKS, RESAMPLES, BLOCK = 15_625, 300, 4
HE: Final = "kaiming_normal"
"""FreeREA's weights."""

Dataset: TypeAlias = Literal["cifar10", "cifar100", "in16"]
Gate: TypeAlias = Literal["near", "at least", "report"]


NOTES = (
    "Scores share their networks, and thus the luck of the sample: FreeREA's columns on the same "
    "networks stand beside them. Standard errors are a quarter of the 95 % interval of 300 "
    "bootstrap samples; where one is near the tolerance, reaching it or not says little.",
    "Images of CIFAR-100 and ImageNet16-120 are not at hand: scores of CIFAR-10 images are ranked "
    "against accuracy there, except Synflow's, which needs none. SNIP and the gradient norm are "
    "less than two standard errors below what was published for ImageNet16-120.",
    "Fisher ranks better than zero-cost-nas has found; so does NASLib's column, with which ours "
    "agrees (naslib_columns), on 1 104 networks.",
    "The paper on ICD does not say how many networks it has ranked. With operations on no path "
    "counted too, as in the authors' networks, ICD is no higher.",
    "Accuracies of NAS-Bench-101 after 108 epochs are not at hand: that line is of cells of at "
    "most five vertices after 4 epochs, another question than the paper's.",
)


@dataclass(frozen=True)
class Sample:
    """Networks of the benchmark in one random order."""

    nb201: NASBench201 = field(default_factory=NASBench201)

    def rows(self, n: int) -> Ints:
        """Return the positions of the first n networks."""
        return np.random.default_rng(0).permutation(N_NETWORKS)[:n]

    def X(self, n: int) -> Ints:
        """Return their genotypes."""
        return self.nb201.X[self.rows(n)]

    def column(self, name: str, n: int) -> Floats:
        """Return a published column of them."""
        return self.nb201.values(name)[self.rows(n)]

    def accuracy(self, dataset: str, n: int) -> Floats:
        """Return their test accuracies in percent after 200 epochs, a mean over seeds."""
        return 100.0 - self.column(f"{dataset}_test_error", n)


def compared(
    what: str, scores: Floats, against: Floats, expected: float, tolerance: float, source: str,
    gate: Gate = "near",
) -> Line:  # fmt: skip
    """Correlate, and resample networks unless they are all there are."""
    n = len(against)
    error = None
    if n < N_NETWORKS:
        low, high = spearman_interval(scores, against, resamples=RESAMPLES, seed=0)
        error = (high - low) / 3.92  # 95 % of a normal distribution lie that far apart
    rho = spearman(scores, against)
    print(what, n, rho, error, flush=True)
    return Line(f"{what}, {n} networks", [rho], expected, tolerance, source, gate, error)


@dataclass(frozen=True)
class Kept:
    """Scores of first rows, in files of a folder if there is one: a stopped run goes on there."""

    folder: Path | None

    def scores(self, name: str, X: Ints, score: Callable[[Ints], Floats]) -> Floats:
        """Return the scores of rows, float64[n] or float64[n, m] as `score` gives them."""
        path = self.folder / f"{name}.npy" if self.folder else None
        known = np.load(path)[: len(X)] if path and path.exists() else score(X[:BLOCK])
        while len(known) < len(X):
            known = np.concatenate([known, score(X[len(known) : len(known) + BLOCK])])
            if path:
                np.save(path, known)
        return known


def module_scores(
    names: Sequence[str], images: npt.NDArray[np.float32], labels: Ints
) -> Callable[[Ints], Floats]:
    """Make a function of rows: scores of modules with the initial weights of torch's layers."""
    measures = [
        ModuleScore(spaces.NASBench201(), MEASURES[name], images, labels, init="torch")
        for name in names
    ]

    def score(X: Ints) -> Floats:
        values, errors = together(measures, X)
        if errors:
            raise RuntimeError(next(iter(errors.values())))
        return values

    return score


def zero_cost_nas(sample: Sample, kept: Kept, n: int, n_grasp: int) -> Iterator[Line]:
    """Correlate as zero-cost-nas does: one batch of 64 images, one initialisation."""
    images, labels = training_images(64, 0)
    found: dict[str, Floats] = {}
    for names, count in ((("jacob_cov", "snip", "grad_norm", "fisher"), n), (("grasp",), n_grasp)):
        score = module_scores(names, normalised(images), labels)
        values = kept.scores(names[0], sample.X(count), score)
        found |= dict(zip(names, values.T, strict=True))
    for name, published in ZERO_COST_NAS.items():
        for dataset, expected in zip(DATASETS, published, strict=True):
            if name == "synflow":
                space = NASBench201(dataset=dataset).space
                values = SynflowExpected(space)(sample.X(N_NETWORKS))
            else:
                values = found[name]
            accuracy = sample.accuracy(dataset, len(values))
            yield compared(f"A17 {name}, {dataset}", values, accuracy, expected,
                           WIDER.get(name, 0.05), "zero-cost-nas, notebook")  # fmt: skip


def luck(sample: Sample, counts: Sequence[int]) -> Iterator[Line]:
    """Correlate columns that are known of all networks on the first ones."""
    for n in counts:
        accuracy = sample.accuracy("cifar10", n)
        for name, expected in FREEREA.items():
            column = sample.column(f"cifar10_{name}", n)
            yield compared(f"FreeREA's {name} on the sample", column, accuracy, expected, 0.05,
                           "the same of all networks", "report")  # fmt: skip


def naslib(sample: Sample) -> Iterator[Line]:
    """Correlate the columns that NASLib published, for a view of the same from another program."""
    for name, published in ZERO_COST_NAS.items():
        if name == "synflow":
            continue
        for dataset, expected in zip(DATASETS, published, strict=True):
            column = sample.nb201.values(f"{dataset}_{BY_NASLIB.get(name, name)}")
            listed = np.isfinite(column)
            accuracy = 100.0 - sample.nb201.values(f"{dataset}_test_error")[listed]
            yield compared(f"A17 NASLib's {name}, {dataset}", column[listed], accuracy, expected,
                           WIDER.get(name, 0.05), "zero-cost-nas, notebook", "report")  # fmt: skip


def columns(sample: Sample) -> Iterator[Line]:
    """Correlate the columns that FreeREA published, and counts beside them."""
    n = N_NETWORKS
    accuracy = sample.accuracy("cifar10", n)
    computed = "computed from FreeREA's cached_metrics"
    for name, expected in FREEREA.items():
        column = sample.column(f"cifar10_{name}", n)
        yield compared(f"A18 FreeREA's {name}, cifar10", column, accuracy, expected, 0.0005,
                       computed)  # fmt: skip
    for name, gate in (("params", "near"), ("macs", "report")):
        column = sample.column(name, n)
        yield compared(f"A18 {name}, cifar10", column, accuracy, 0.753, 0.0005, computed, gate)


def per_network(sample: Sample, kept: Kept, n: int) -> Iterator[Line]:
    """Rank networks as FreeREA's columns do."""
    space = sample.nb201.space
    source = "FreeREA, cached_metrics/nats/cifar10"
    logsynflow = sample.column("cifar10_logsynflow", n)
    for form, gate in (("eps", "at least"), ("log1p", "report")):
        values = kept.scores(f"logsynflow_{form}", sample.X(n), partial(log_synflow, form=form))
        yield compared(f"A18 logsynflow, form {form}, with FreeREA's", values, logsynflow, 0.99,
                       0.0, source, gate)  # fmt: skip
    images = normalised(training_images(64, 0)[0])
    naswot = sample.column("cifar10_naswot", n)
    for live, gate in ((False, "at least"), (True, "report")):
        rows = "live rows" if live else "rows as written"
        score = NASWOT(space, images, live=live)
        values = kept.scores(f"naswot, {rows}", sample.X(n), score)
        yield compared(f"A18 naswot, {rows}, with FreeREA's", values, naswot, 0.95, 0.0, source,
                       gate)  # fmt: skip
    expected, drawn = SynflowExpected(space, init=HE), Synflow(space, init=HE)
    for score, count, required in ((expected, N_NETWORKS, 0.999), (drawn, 2000, 0.99)):
        values, synflow = score(sample.X(count)), sample.column("cifar10_synflow", count)
        yield compared(f"A18 {score.name} with FreeREA's", values, synflow, required, 0.0, source,
                       "at least")  # fmt: skip


def log_synflow(X: Ints, form: Literal["eps", "log1p"]) -> Floats:
    """Score networks as their rows are written."""
    return np.array([modules.log_synflow(as_written(x), (3, 32, 32), form=form) for x in X])


def as_written(x: Ints) -> Network:
    """Build a network as published programs do: He-normal, with layers that lie on no path too."""
    torch.manual_seed(0)
    network = Network(x)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight)
    return network


def icd(sample: Sample, kept: Kept, n: int, n_written: int, n_small: int) -> Iterator[Line]:
    """Rank by ICD with the published hooks and 100 images of values 0 to 255."""
    images, _ = training_images(100, 0)
    space, small = sample.nb201.space, ECNAS()
    live = ICD(space, images, reference_containers=True)
    written = partial(icd_as_written, images=images)
    for what, name, score, count, gate in (
        ("live rows", "icd", live, n, "near"),
        ("rows as written", "icd_written", written, n_written, "report"),
    ):
        values = kept.scores(name, sample.X(count), score)
        accuracy = sample.accuracy("cifar10", count)
        yield compared(f"A19 icd, {what}", values, accuracy, 0.63, 0.06, "RB-IFA", gate)
    wide = ICD(spaces.NASBench101(stem_channels=16), images, reference_containers=True)
    rows = np.random.default_rng(0).permutation(len(small.X))[:n_small]
    values = kept.scores("icd_nb101", small.space.embed(small.X[rows]), wide)
    error = small.values("test_error_ep4")[rows]
    yield compared("A19 icd, NAS-Bench-101, up to 5 vertices, 4 epochs", values, -error, 0.52,
                   0.06, "RB-IFA", "report")  # fmt: skip


def icd_as_written(X: Ints, images: npt.NDArray[np.float32]) -> Floats:
    """Score networks as their rows are written."""
    return np.array([modules.icd(as_written(x), images, reference_containers=True) for x in X])


def main() -> None:
    """Correlate, and write the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 networks, and nothing is saved")
    parser.add_argument("--networks", type=int, default=450)
    parser.add_argument("--grasp", type=int, default=150, help="networks for GraSP")
    parser.add_argument("--icd", type=int, default=3000, help="networks for ICD")
    parser.add_argument("--keep", type=Path, help="folder of scores: a stopped run goes on there")
    read = parser.parse_args()
    n, n_grasp, n_icd = (8, 8, 8) if read.quick else (read.networks, read.grasp, read.icd)
    torch.set_num_threads(1)
    if read.keep:
        read.keep.mkdir(parents=True, exist_ok=True)
    sample, kept = Sample(), Kept(read.keep)
    lines = [
        *zero_cost_nas(sample, kept, n, n_grasp),
        *icd(sample, kept, n_icd, n // 2, n),
        *per_network(sample, kept, n),
        *luck(sample, (n_grasp, n, n_icd)),
        *naslib(sample),
        *columns(sample),
    ]
    lines.sort(key=lambda line: line.what[:3])
    write("proxy_correlations", lines, seeds=[0], quick=read.quick, notes=NOTES)


if __name__ == "__main__":
    main()
