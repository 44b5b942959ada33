"""Small made files in the formats of the published ones."""

from __future__ import annotations

import csv
import gzip
import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from pyhwnas.spaces import MobileNetV3, NASBench201

N = 15_625


def nb201(path: Path) -> Path:
    """Errors, a device and a subset of scores, all in one file."""
    rng = np.random.default_rng(0)
    seeds = rng.uniform(10, 90, (N, 3))
    seeds[::2, 2] = np.nan
    index = np.arange(0, N, 10, dtype=np.int32)
    np.savez(
        path,
        arch_str=[NASBench201().to_str(x) for x in NASBench201().all()[:1]],
        cifar10_test_acc_ep200=rng.uniform(10, 95, N).round(1),
        cifar10_val_acc_ep200_seeds=seeds,
        cifar10_snip=rng.random(len(index)),
        cifar10_index=index,
        eyeriss=rng.uniform(1, 10, N).astype(np.float32),
    )
    return path


def table(path: Path, head: list[str], rows: list[list[Any]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def predictor(path: Path) -> Path:
    rng = np.random.default_rng(1)
    weights = {}
    for number, (n_in, n_out) in {0: (128, 8), 2: (8, 8), 4: (8, 8), 6: (8, 1)}.items():
        weights[f"{number}.weight"] = rng.normal(0, 0.3, (n_out, n_in)).astype(np.float32)
        weights[f"{number}.bias"] = rng.normal(0, 0.3, n_out).astype(np.float32)
    np.savez(path, **weights)
    return path


# Channels, stride of the first layer, squeeze-and-excitation, h-swish; at width 1.2.
WIDE = ((32, 2, 0, 0), (48, 2, 1, 0), (96, 2, 0, 1), (136, 1, 1, 1), (192, 2, 1, 1))
RATIOS, KERNELS = (3, 4, 6), (3, 5, 7)
HIDDEN = {24: (72, 96, 144), 32: (96, 128, 192), 48: (144, 192, 288)}
HIDDEN |= {96: (288, 384, 576), 136: (408, 544, 816), 192: (576, 768, 1152)}


def blocks(resolution: int) -> list[tuple[int, int, int, int, int, int, int]]:
    """First layers and later ones of all stages: source size and channels, result, stride, ..."""
    size, source, found = resolution // 2, 24, []
    for channels, stride, squeeze, hswish in WIDE:
        small = -(-size // stride)
        found.append((size, source, small, channels, stride, squeeze, hswish))
        found.append((small, channels, small, channels, 1, squeeze, hswish))
        size, source = small, channels
    return found


def note10(path: Path, resolutions: tuple[int, ...] = (160, 176)) -> Path:
    """A table in the format of Once-for-All, with random times."""
    rng = np.random.default_rng(2)
    rows: list[list[Any]] = []
    for r in resolutions:
        keys = [f"Conv-input:{r}x{r}x3-output:{r // 2}x{r // 2}x24"]
        for size, source, small, result, stride, squeeze, hswish in blocks(r):
            for hidden, kernel in itertools.product(HIDDEN[source], KERNELS):
                keys.append(
                    f"expanded_conv-input:{size}x{size}x{source}-output:{small}x{small}x{result}"
                    f"-expand:{hidden}-kernel:{kernel}-stride:{stride}"
                    f"-idskip:{int(source == result)}-se:{squeeze}-hs:{hswish}"
                )
        half, last = r // 2, blocks(r)[-1][0]
        keys.append(
            f"expanded_conv-input:{half}x{half}x24-output:{half}x{half}x24"
            "-expand:24-kernel:3-stride:1-idskip:1-se:0-hs:0"
        )
        keys.append(f"Conv_1-input:{last}x{last}x192-output:{last}x{last}x1152")
        keys.append(f"AvgPool2D-input:{last}x{last}x1152-output:1x1x1152")
        keys.append("Conv_2-input:1x1x1152-output:1x1x1536")
        keys.append("Logits-input:1x1x1536-output:1000")
        rows += [[r, key, rng.uniform(0.1, 5), 0.01, 100] for key in keys]
    return table(path, ["resolution", "key", "mean_ms", "std_ms", "count"], rows)


def ecnas(path: Path) -> Path:
    """Three cells of two, three and five vertices, the first one twice."""
    adjacency = np.zeros((4, 5, 5), dtype=np.int8)
    ops = np.full((4, 5), -3, dtype=np.int8)
    for row, edges, operations in (
        (0, [(0, 1)], []),
        (1, [(0, 1), (1, 2)], [1]),
        (2, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)], [0, 1, 2]),
        (3, [(0, 1)], []),
    ):
        for i, j in edges:
            adjacency[row, i, j] = 1
        ops[row, : len(operations) + 2] = [-1, *operations, -2]
    np.savez(
        path,
        hash=["b", "a", "c", "b"],
        adjacency=adjacency,
        ops=ops,
        n_vertices=[2, 3, 5, 2],
        test_acc_ep4=[0.5, 0.6, 0.7, 0.54],
        energy_kWh_ep4=[1.0, 2.0, 3.0, 2.0],
    )
    return path


METRICS = ("edgegpu_latency", "edgegpu_energy", "raspi4_latency")
FBNET_METRICS = (
    *("edgegpu_latency", "edgegpu_energy", "raspi4_latency", "pixel3_latency"),
    *("eyeriss_latency", "eyeriss_energy", "fpga_latency", "fpga_energy"),
)
CHANNELS, DEPTHS = (16, 24, 32, 64, 112, 184, 352), (1, 4, 4, 4, 4, 4, 1)
CHOICES = ((1, 3, 1), (1, 3, 2), (3, 3, 1), (6, 3, 1), (1, 5, 1), (1, 5, 2), (3, 5, 1), (6, 5, 1))


def fbnet_keys(size: int, strides: tuple[int, ...], stem: int, wide: int, classes: int):
    """The operations of one setting: fixed ones, and for each layer its nine choices."""
    fixed = [f"ConvNorm_H{size}_W{size}_Cin3_Cout16_kernel3_stride{stem}_group1"]
    layers, size, source = [], size // stem, 16
    for channels, depth, first in zip(CHANNELS, DEPTHS, strides, strict=True):
        for layer in range(depth):
            stride = first if layer == 0 else 1
            place = f"H{size}_W{size}_Cin{source}_Cout{channels}"
            keys = [
                f"ConvBlock_{place}_exp{e}_kernel{k}_stride{stride}_group{g}" for e, k, g in CHOICES
            ]
            layers.append([*keys, f"Skip_{place}_stride{stride}"])
            size, source = size // stride, channels
    fixed.append(f"ConvNorm_H{size}_W{size}_Cin352_Cout{wide}_kernel1_stride1_group1")
    fixed.append(f"AvgP_H{size}_W{size}_Cin{wide}_Cout{wide}_kernel{size}_stride1")
    fixed.append(f"FC_Cin{wide}_Cout{classes}")
    return fixed, layers


SETTINGS = {
    "cifar100": fbnet_keys(32, (1, 1, 2, 2, 1, 2, 1), 1, 1504, 100),
    "ImageNet": fbnet_keys(224, (1, 2, 2, 2, 1, 2, 1), 2, 1984, 1000),
}


def hwnasbench(path: Path, *, n: int = N, protocol: int = 4) -> Path:
    """A pickle of the shape of HW-NAS-Bench 1.0, with numpy numbers among the others."""
    rng = np.random.default_rng(3)
    cells: dict[str, dict[str, Any]] = {}
    for dataset in ("cifar10", "cifar100", "ImageNet16-120"):
        cells[dataset] = {"config": [{"C": 16}] * 3}
        rows = n if dataset == "cifar10" else 3
        cells[dataset] |= {metric: rng.random(rows).tolist() for metric in METRICS}
        cells[dataset]["edgetpu_latency"] = list(rng.random(3))
    operations = [
        key
        for fixed, layers in SETTINGS.values()
        for key in (*fixed, *itertools.chain.from_iterable(layers))
    ]
    tables = {m: {key: rng.random() for key in sorted(set(operations))} for m in FBNET_METRICS}
    with path.open("wb") as file:
        pickle.dump({"nasbench201": cells, "fbnet": tables}, file, protocol=protocol)
    return path


def decoded(space: MobileNetV3, x: np.ndarray) -> tuple[int, list[list[tuple[int, int]]]]:
    """Resolution, and for each stage the kernel and expansion of its layers."""
    stages = []
    for genes in x[:-1].reshape(5, 9):
        depth = genes[0] + 2
        pairs = zip(genes[1 : 1 + depth], genes[5 : 5 + depth], strict=True)
        stages.append([((3, 5, 7)[k], (3, 4, 6)[e]) for k, e in pairs])
    return space.resolutions[x[-1]], stages
