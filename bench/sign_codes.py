"""NASWOT and ICD from packed bits: values first, then time, then what cheaper settings cost.

Run as ``python -m bench.sign_codes``, with PYHWNAS_DATA set for the correlations. Everything takes
one thread; times are CPU time, of calls that take turns.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr

from bench.record import save
from bench.timing import interleaved
from bench.zero_cost_peers import Network, naswot_hooks, naswot_hooks_and_backward
from pyhwnas import _core, objectives, spaces
from pyhwnas.proxies import ICD, NASWOT, halved

SPACE = spaces.NASBench201()


def kernels(n: int, units: int, rounds: int) -> dict[str, float]:
    """Compare K and ICD of one layer with torch's way in float32."""
    x = np.random.default_rng(0).standard_normal((n, units), dtype=np.float32)

    def torch_agreement() -> torch.Tensor:
        code = (torch.from_numpy(x) > 0).float()
        return code @ code.T + (1.0 - code) @ (1.0 - code).T

    def torch_icd() -> float:
        code = (torch.from_numpy(x) > 0).float()
        return float((code - code.mean(0)).square().sum(1).sqrt().mean())

    def icd() -> float:
        positives, shared = _core.sign_statistics(x, 1)
        return float(np.sqrt(positives - 2.0 * shared / n + shared.sum() / n**2).mean())

    agreement = units - _core.sign_distances(x, 1)
    assert np.abs(agreement - torch_agreement().numpy()).max() == 0
    assert abs(icd() / torch_icd() - 1) < 1e-3
    seconds = interleaved(
        {
            "agreement": lambda: units - _core.sign_distances(x, 1),
            "agreement_torch": torch_agreement,
            "icd": icd,
            "icd_torch": torch_icd,
            "pack": lambda: _core.pack_signs(x, 1),
        },
        rounds,
        time.process_time,
    )
    ratios = {f"{k}_over_torch": seconds[f"{k}_torch"] / seconds[k] for k in ("agreement", "icd")}
    return {f"ms_{name}": 1e3 * value for name, value in seconds.items()} | ratios


def networks_per_second(turns: int, images: np.ndarray) -> dict[str, float]:
    """Score random networks in turns: one by each of the others' ways, a few by ours."""
    rng = np.random.default_rng(1)
    X = SPACE.all()[rng.permutation(15625)]
    X = X[SPACE.unit_ids(X, live=True)[:, -1] >= 0]
    ours = {
        "reference": NASWOT.reference(SPACE, images),
        "fast": NASWOT.fast(SPACE, images),
    }
    first = {f"s_first_40_{name}": _seconds(lambda s=s: s(X[-40:])) for name, s in ours.items()}

    def theirs(way: Callable[..., float], n: int, genes: list[int]) -> float:
        return way(partial(Network, genes), torch.from_numpy(images[:n]))

    peers: dict[str, Callable[[list[int]], float]] = {
        "two_passes_128": partial(theirs, naswot_hooks_and_backward, 128),
        "two_passes_64": partial(theirs, naswot_hooks_and_backward, 64),
        "one_pass_128": partial(theirs, naswot_hooks, 128),
        "one_pass_64": partial(theirs, naswot_hooks, 64),
    }
    spent = dict.fromkeys([*peers, *ours], 0.0)
    few = {"reference": 4, "fast": 20}
    for turn in range(turns):
        for name, peer in peers.items():
            spent[name] += _seconds(lambda peer=peer, x=X[turn]: peer(x.tolist()))
        for name, score in ours.items():
            rows = X[20 * turn : 20 * turn + few[name]]
            spent[name] += _seconds(lambda score=score, rows=rows: score(rows))
    rates = {name: turns * few.get(name, 1) / seconds for name, seconds in spent.items()}
    return {f"per_second_{name}": rate for name, rate in rates.items()} | first


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def presets(n: int, images: np.ndarray, data: Path) -> dict[str, Any]:
    """Correlate settings with the reference, the published column and accuracy."""
    rows, X = _sample(n, data)
    table, published = np.load(data / "nb201.npz"), np.load(data / "nb201_zc_freerea_full.npz")
    columns = {
        "accuracy": table["cifar10_test_acc_ep200"][rows],
        "published": published["cifar10_naswot"][rows],
    }
    noise = np.random.default_rng(5).standard_normal((64, 3, 32, 32), dtype=np.float32)
    settings = {
        "64 at 32": NASWOT.reference(SPACE, images),
        "64 at 32, other weights and images": NASWOT(SPACE, images[64:128], seed=1),
        "32 at 32": NASWOT(SPACE, images[:32]),
        "32 at 16 (fast)": NASWOT.fast(SPACE, images),
        "32 at 8": NASWOT(SPACE, halved(halved(images[:32]))),
        "64 of noise at 32": NASWOT(SPACE, noise),
        "64 at 32, rows as written": NASWOT(SPACE, images[:64], live=False),
    }
    found: dict[str, Any] = {}
    for name, score in settings.items():
        seconds = _seconds(lambda name=name, score=score: columns.update({name: score(X)}))
        reference = columns["64 at 32"]
        found[name] = {
            "ms": 1e3 * seconds / n,
            "with_reference": _rho(columns[name], reference),
            "with_published": _rho(columns[name], columns["published"]),
            "with_accuracy": _rho(columns[name], columns["accuracy"]),
        }
        print(name, found[name], flush=True)
    found["published column with accuracy"] = _rho(columns["published"], columns["accuracy"])
    for count in (objectives.Params(SPACE), objectives.Macs(SPACE)):
        found[f"{count.name} with accuracy"] = _rho(count(X), columns["accuracy"])
    return found


def icd(n: int, images: np.ndarray, data: Path) -> dict[str, Any]:
    """Correlate ICD with accuracy: 100 images of values 0..255, as published."""
    rows, X = _sample(n, data)
    accuracy = np.load(data / "nb201.npz")["cifar10_test_acc_ep200"][rows]
    found: dict[str, Any] = {"networks": n, "published": 0.63}
    for containers in (False, True):
        score = ICD(SPACE, images, reference_containers=containers)
        name = "with_containers" if containers else "leaves_alone"
        values = score(X)
        scored = np.isfinite(values)
        found[name] = _rho(np.where(scored, values, -np.inf), accuracy)
        found[f"{name}_where_scored"] = _rho(values[scored], accuracy[scored])
        print(name, found, flush=True)
    fast = ICD.fast(SPACE, images)(X)
    found["fast_with_accuracy"] = _rho(np.where(np.isfinite(fast), fast, -np.inf), accuracy)
    return found


def _sample(n: int, data: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = np.random.default_rng(7).permutation(15625)[:n]
    return rows, SPACE.all()[rows]


def _rho(a: np.ndarray, b: np.ndarray) -> float:
    return float(spearmanr(a, b)[0])


def cifar10(n: int, data: Path) -> np.ndarray:
    """Decode random training images, values 0..255."""
    with np.load(data / "cifar10_jpeg_all60k.npz") as file:
        stream, offsets = file["train_jpeg"].tobytes(), file["train_off"]
    chosen = np.random.default_rng(0).permutation(50000)[:n]
    pictures = [Image.open(io.BytesIO(stream[offsets[i] : offsets[i + 1]])) for i in chosen]
    pixels = np.stack([np.asarray(picture, dtype=np.float32) for picture in pictures])
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))


def main() -> None:
    """Measure, and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    found: dict[str, Any] = {"simd": _core.simd_level()}
    found["kernels"] = kernels(128, 1_000_000, rounds=3 if quick else 7)
    print(found["kernels"], flush=True)
    folder = os.environ.get("PYHWNAS_DATA")
    raw = cifar10(128, Path(folder)) if folder else _noise(128)
    images = (raw - raw.mean((0, 2, 3), keepdims=True)) / raw.std((0, 2, 3), keepdims=True)
    found["networks_per_second"] = networks_per_second(2 if quick else 6, images)
    print(found["networks_per_second"], flush=True)
    if folder:
        found["presets"] = presets(20 if quick else 200, images, Path(folder))
        found["icd"] = icd(20 if quick else 160, raw[:100], Path(folder))
    save("sign_codes", found)


def _noise(n: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, 3, 32, 32), dtype=np.float32)


if __name__ == "__main__":
    main()
