"""Scores without training on a GPU beside plain torch there and our CPU kernels.

Run as ``python -m bench.gpu_proxies --out FOLDER`` on a machine with a GPU; ``--quick`` takes small
inputs. Networks are those of NAS-Bench-201. Values come first, then times: a difference ends a cell
with its size. Times are medians of interleaved rounds by CUDA events, inputs on the device unless
the cell says otherwise; the CPU's are CPU time of one thread. Shares are of what an algorithm
cannot do without: bits counted (16 words of 32 bits a cycle on each multiprocessor), bytes at the
measured copy bandwidth, shared memory at 128 bytes a cycle, fused multiply-adds at 128 a cycle.
The rival is what one writes in torch: one network after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from bench import zero_cost_peers as peers
from bench.gpu_timing import first_line, interleaved_ms, largest_difference, run_cells
from pyhwnas import _core, networks, spaces
from pyhwnas._gpu import gpu_of
from pyhwnas.networks.weights import initial
from pyhwnas.proxies import ICD, NASWOT, Synflow, SynflowExpected, synflow_expected

Call = Callable[[], Any]
SPACE = spaces.NASBench201()


@dataclass(frozen=True)
class Cell:
    """One task: our call, the values it must have, and what it cannot do without."""

    name: str
    things: int  # scored or counted by one call
    ours: Call
    expected: Call
    close: float = 0.0
    rivals: dict[str, tuple[Call, int]] = field(default_factory=dict)  # call, things
    cpu: tuple[Call, int] | None = None
    bits: float = 0.0  # words of 32 bits that are counted
    bytes: float = 0.0
    shared_bytes: float = 0.0
    products: float = 0.0  # in float32
    goal: float | None = None  # things a second


def connected(n: int, seed: int = 0) -> np.ndarray:
    """Networks all of whose convolutions are alive."""
    X = np.random.default_rng(seed).permutation(SPACE.all())
    ids = SPACE.unit_ids(X)
    alive = (SPACE.unit_ids(X, live=True) == ids).all(axis=1) & (ids[:, -1] >= 0)
    return X[alive][:n]


def twin(x: np.ndarray) -> nn.Module:
    """Make the peers' network with the weights that ours has in the same places."""
    model = peers.Network(x)
    kernels = [w for w in initial(networks.build(SPACE, x)).values() if w.ndim > 1]
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        for layer, kernel in zip(layers, kernels, strict=True):
            layer.weight.copy_(torch.from_numpy(kernel))
            if layer.bias is not None:
                layer.bias.zero_()
    return model


# ---- Synflow --------------------------------------------------------------------------------


def synflow_in_torch(model: nn.Module) -> float:
    """Weights to their absolute values, one forward on ones, one backward."""
    model = model.double()
    for parameter in model.parameters():
        parameter.data.abs_()
        parameter.grad = None
    model(torch.ones(1, 3, 32, 32, dtype=torch.float64, device="cuda")).sum().backward()
    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    total = sum((m.weight * m.weight.grad).sum() for m in layers if m.weight.grad is not None)
    return float(torch.log(total))


def without_normalisation(x: np.ndarray) -> nn.Module:
    model = peers.Network(x)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return model.cuda()


def expected(quick: bool) -> Iterator[Cell]:
    """The closed form; every row is scored, equal ones too."""
    X = SPACE.all()
    ids = SPACE.unit_ids(X, live=True)
    model = without_normalisation(X[-1])
    rival = {"torch, one network": (partial(synflow_in_torch, model), 1)}
    cpu = partial(synflow_expected, SPACE.plan, ids)
    repeats = 4 if quick else 64
    there = torch.from_numpy(np.tile(ids, (repeats, 1))).cuda()
    ours = partial(synflow_expected, SPACE.plan, there)
    yield Cell(
        "synflow_expected", len(there), ours, lambda: np.tile(cpu(), repeats), 1e-12, rival,
        (cpu, len(ids)), shared_bytes=repeats * shared_bytes(ids), goal=5e6,
    )  # fmt: skip
    objective = SynflowExpected(SPACE, device="cuda")
    many = np.tile(X, (repeats, 1))
    yield Cell(
        "SynflowExpected, rows from and to the host", len(many), partial(objective, many),
        lambda: np.tile(cpu(), repeats), 1e-12,
    )  # fmt: skip


def shared_bytes(ids: np.ndarray) -> float:
    """What the values of some rows take to read and write once, with windows of three."""
    plan = SPACE.plan
    per_unit = np.zeros((len(plan.slots), len(plan.units) + 1))
    depth = 0
    for slot, there in enumerate(plan.slots):
        for unit in there.candidates:
            size = unit.out_shape[1] if len(unit.out_shape) == 3 else 1
            depth += "_edge" not in there.name and "node" in there.name
            classes = min(depth + 1, size // 2) if size == SPACE.resolution else size
            kernels = [getattr(node.op, "kernel", 1) for node in unit.nodes]
            reads = sum(2 * k + 1 if k > 1 else len(unit.inputs) for k in kernels) + 1
            per_unit[slot, plan.units.index(unit)] = 16.0 * classes**2 * reads
    slots = np.arange(len(plan.slots))
    return float(per_unit[slots, ids].sum())


def sampled(quick: bool) -> Iterator[Cell]:
    """With initial weights, made in the call."""
    X = connected(200 if quick else 4000)
    few = X[: len(X) // 20]
    ours, cpu = Synflow(SPACE, device="cuda"), Synflow(SPACE)
    model = without_normalisation(X[0])
    yield Cell(
        "Synflow, values", len(few), partial(ours, few), partial(cpu, few), 1e-5,
        {"torch, one network": (partial(synflow_in_torch, model), 1)},
        (partial(cpu, few), len(few)),
    )  # fmt: skip
    yield Cell("Synflow", len(X), partial(ours, X), partial(ours, X), products=products(X))


def products(X: np.ndarray) -> float:
    """Multiply-adds of values and tangents where no two positions are known to be equal."""
    from pyhwnas.objectives import Macs

    return 2.0 * float(Macs(SPACE)(X).sum())


# ---- Bits -----------------------------------------------------------------------------------


def kernel(name: str, *arguments: Any) -> Any:
    at = gpu_of(x=arguments[0])
    results = getattr(at.kernels, name)(*arguments, at.stream)
    return tuple(map(at.array, results)) if isinstance(results, tuple) else at.array(results)


def distances_in_torch(codes: torch.Tensor) -> torch.Tensor:
    """By products of matrices of ones and minus ones, whose sums float32 holds exactly."""
    products = torch.bmm(codes, codes.transpose(1, 2), out_dtype=torch.float32)
    return ((codes.shape[2] - products) / 2).long()


def bits(quick: bool) -> Iterator[Cell]:
    """Codes of 64 images and 390 400 units, as networks of the space have them on average."""
    b, n, words = (8 if quick else 256), 64, 6100
    x = torch.randn(b, n, words * 64, device="cuda", dtype=torch.bfloat16)
    packed = kernel("pack_signs", x)
    numbers = packed.cpu().numpy()
    codes = torch.where(x > 0, 1.0, -1.0).to(torch.float16)
    first = partial(_core.hamming_distances, numbers[0], 1)
    yield Cell(
        "pack_signs, bfloat16", b, partial(kernel, "pack_signs", x),
        lambda: np.stack([_core.pack_signs(one.float().cpu().numpy(), 1) for one in x[:4]]),
        bytes=x.numel() * (2 + 1 / 8),
        rivals={"torch, bytes": (lambda: (x > 0).to(torch.uint8), b)},
    )  # fmt: skip
    yield Cell(
        "hamming_distances", b, partial(kernel, "hamming_distances", packed),
        lambda: np.stack([_core.hamming_distances(one, 1) for one in numbers[:4]]),
        rivals={"torch, float16 matrices without packing": (partial(distances_in_torch, codes), b)},
        cpu=(first, 1), bits=b * n * (n + 1) / 2 * words * 2,
    )  # fmt: skip
    yield Cell(
        "coactivation", b, partial(kernel, "coactivation", packed),
        lambda: np.stack([np.array(_core.coactivation(one, 1)) for one in numbers[:4]], axis=1),
        cpu=(partial(_core.coactivation, numbers[0], 1), 1), bytes=b * n * words * 8.0,
        bits=b * n * words * 2 * 8.0,
    )  # fmt: skip


# ---- Networks on images ---------------------------------------------------------------------


def naswot_in_torch(model: nn.Module, images: torch.Tensor) -> float:
    """Hooks on every ReLU, codes as matrices of floats, one network."""
    found: list[torch.Tensor] = []

    def hook(module: nn.Module, arriving: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        code = (out.flatten(1) > 0).float()
        found.append((code @ code.T + (1 - code) @ (1 - code).T).double())

    handles = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, nn.ReLU)]
    with torch.no_grad():
        model(images)
    for handle in handles:
        handle.remove()
    return float(torch.linalg.slogdet(sum(found))[1])


def images_on(n: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, 3, size, size), dtype=np.float32)


def forwards(quick: bool) -> Iterator[Cell]:
    """NASWOT and ICD of networks at 64 images of 32 x 32, and as the fast preset has them."""
    X = connected(64 if quick else 2048)
    batch = images_on(64, 32)
    there = torch.from_numpy(batch).cuda()
    models = [twin(x).cuda() for x in X[:8]]
    values = lambda: np.array([naswot_in_torch(m, there) for m in models])  # noqa: E731
    rival = {"torch, one network": (partial(naswot_in_torch, models[0], there), 1)}
    for precision in ("float32", "bfloat16"):
        close = 2e-3 if precision == "float32" else 2e-2
        score = NASWOT.reference(SPACE, batch, device="cuda", precision=precision)
        yield Cell(
            f"NASWOT, {precision}", len(X), partial(score, X), values, close, rival, goal=3e3
        )
        icd = ICD.reference(SPACE, batch, device="cuda", precision=precision)
        yield Cell(f"ICD, {precision}", len(X), partial(icd, X), partial(icd, X), goal=3e3)
        fast = NASWOT.fast(SPACE, batch, device="cuda", precision=precision)
        yield Cell(
            f"NASWOT fast, {precision}", len(X), partial(fast, X), partial(fast, X), goal=2e4
        )


TASKS = {"bits": bits, "expected": expected, "sampled": sampled, "forwards": forwards}


def measure(cell: Cell, machine: dict[str, Any]) -> dict[str, Any]:
    """Values, then times; a difference ends the cell, a rival that fails is not timed."""
    row: dict[str, Any] = {"task": cell.name, "things": cell.things}
    ours, expected = cell.ours(), cell.expected()
    if isinstance(ours, tuple):
        ours = torch.stack(ours)
        ours = ours[:, : expected.shape[1]]
    ours = ours[: len(expected)]
    if ours.dtype == torch.uint64:  # a float would round them
        ours, expected = ours.contiguous().view(torch.uint8), expected.view(np.uint8)
    difference = largest_difference(ours, expected)
    if difference > cell.close:
        return row | {"wrong": "ours", "difference": difference}
    row["difference"] = difference
    del ours
    if cell.cpu is not None:
        start = time.process_time()
        cell.cpu[0]()
        row["cpu_per_second"] = cell.cpu[1] / (time.process_time() - start)
    calls = {"ours": cell.ours}
    for name, (call, _) in cell.rivals.items():
        try:
            call()
            calls[name] = call
        except Exception as error:
            row[f"times_{name}"] = first_line(error)
    ms = interleaved_ms(calls)
    seconds = ms["ours"] / 1e3
    row |= {"ms": ms, "per_second": cell.things / seconds}
    if cell.goal is not None:
        row["goal"] = cell.goal
    for name, (_, things) in cell.rivals.items():
        if name not in ms:
            continue
        row[f"times_{name}"] = row["per_second"] / (things / ms[name] * 1e3)
    if "cpu_per_second" in row:
        row["times_cpu"] = row["per_second"] / row["cpu_per_second"]
    cycles = machine["multiprocessors"] * machine["clock_hz"] * seconds
    if cell.bytes:
        row["share_of_copy"] = cell.bytes / seconds / machine["copy_bytes_per_second"]
    for name, amount, each in (
        ("share_of_bit_counts", cell.bits, 16),
        ("share_of_shared_memory", cell.shared_bytes, 128),
        ("share_of_products", cell.products, 128),
    ):
        if amount:
            row[name] = amount / each / cycles
    return row


if __name__ == "__main__":
    run_cells("gpu_proxies", TASKS, measure, __doc__, seconds=60.0)
