"""Multi-objective kernels on a GPU beside torch, EvoX and our CPU kernels: values, then times.

Run as ``python -m bench.gpu_moo --out FOLDER`` on a machine with a GPU; ``--quick`` takes small
inputs. Each cell is a task, a kind of input and a size. Values are compared with those of the CPU
kernels before anything is timed: equal, unless the cell says how close. Times are medians of
interleaved rounds by CUDA events on one stream, inputs and results on the device, checks of the
arguments included; the CPU's are CPU time of one thread. `bytes` and `operations` are what the
algorithm cannot do without; their shares are of the measured copy bandwidth, and of one 32-bit
comparison per lane and half clock.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from bench import fronts
from bench.gpu_timing import first_line, interleaved_ms, largest_difference, run_cells
from pyhwnas import moo

Call = Callable[[], Any]


@dataclass(frozen=True)
class Cell:
    """One size of one task: our call, the same on the CPU, and those of the rivals."""

    task: str
    kind: str
    m: int
    n: int
    ours: Call
    cpu: Call
    rivals: dict[str, Call] = field(default_factory=dict)
    close: float = 0.0  # the largest relative difference that rounding explains
    bytes: float = 0.0  # read and written at least
    operations: float = 0.0  # comparisons at least

    @property
    def name(self) -> str:
        """As the table prints it."""
        return f"{self.task} {self.kind} m={self.m} n={self.n}"


# ---- Rivals: what one writes in torch, and EvoX ---------------------------------------------


def torch_dominates(F: torch.Tensor) -> torch.Tensor:
    """[i, j]: row i dominates row j; by blocks, as n x n x m bytes would not fit."""
    n = len(F)
    result = torch.empty((n, n), dtype=torch.bool, device=F.device)
    for begin in range(0, n, 4096):
        some = F[begin : begin + 4096, None]
        result[begin : begin + 4096] = (some <= F).all(-1) & (some < F).any(-1)
    return result


def torch_counts(F: torch.Tensor) -> torch.Tensor:
    return torch_dominates(F).sum(0, dtype=torch.int32)


def torch_mask(F: torch.Tensor) -> torch.Tensor:
    return ~torch_dominates(F).any(0)


def torch_sort(F: torch.Tensor) -> torch.Tensor:
    """Fronts peeled off the matrix, as EvoX and the textbooks do."""
    dominates = torch_dominates(F)
    left = dominates.sum(0, dtype=torch.int32)
    ranks = torch.full_like(left, -1)
    rank = 0
    while (front := torch.nonzero((left == 0) & (ranks < 0)).ravel()).numel():
        ranks[front] = rank
        left -= dominates[front].sum(0, dtype=torch.int32)
        rank += 1
    return ranks


def evox_sort(F: torch.Tensor) -> dict[str, Call]:
    """EvoX's, where it is installed; it needs n x n values of several types."""

    def call() -> torch.Tensor:
        from evox.operators.selection import non_dominate_rank

        return non_dominate_rank(F)

    return {"evox": call} if importlib.util.find_spec("evox") else {}


MOST_ROWS_OF_TORCH = 100_000  # of n x n matrices: ten gigabytes


def torch_crowding(F: torch.Tensor) -> torch.Tensor:
    """One front; ties as they come."""
    values, order = F.sort(0)
    gaps = torch.full_like(values, torch.inf)
    gaps[1:-1] = (values[2:] - values[:-2]) / (values[-1] - values[0])
    return torch.zeros_like(gaps).scatter_(0, order, gaps).sum(1)


def evox_crowding(F: torch.Tensor) -> dict[str, Call]:
    """EvoX's sums have torch's default type, whatever the values have."""

    def call() -> torch.Tensor:
        from evox.operators.selection import crowding_distance

        usual = torch.get_default_dtype()
        torch.set_default_dtype(F.dtype)
        try:
            return crowding_distance(F, torch.ones(len(F), dtype=torch.bool, device=F.device))
        finally:
            torch.set_default_dtype(usual)

    return {"evox": call} if importlib.util.find_spec("evox") else {}


def by_blocks(measure: Callable[[torch.Tensor], torch.Tensor], R: torch.Tensor) -> torch.Tensor:
    return torch.cat([measure(some) for some in R.split(1024)])


def torch_igd(F: torch.Tensor, R: torch.Tensor) -> torch.Tensor:
    return by_blocks(lambda some: torch.cdist(some, F).min(1).values, R).mean()


def torch_igd_plus(F: torch.Tensor, R: torch.Tensor) -> torch.Tensor:
    def squares(some: torch.Tensor) -> torch.Tensor:
        return (F - some[:, None]).clamp_min_(0).square_().sum(2).min(1).values

    return by_blocks(squares, R).sqrt().mean()


def torch_epsilon_additive(F: torch.Tensor, R: torch.Tensor) -> torch.Tensor:
    return by_blocks(lambda some: (F - some[:, None]).amax(2).min(1).values, R).max()


def torch_epsilon_multiplicative(F: torch.Tensor, R: torch.Tensor) -> torch.Tensor:
    return by_blocks(lambda some: (F / some[:, None]).amax(2).min(1).values, R).max()


def torch_volume(F: torch.Tensor, ref_point: torch.Tensor, n_samples: int) -> torch.Tensor:
    """Points of the box, dominated or not; the same number of samples."""
    low = F.amin(0)
    found = torch.zeros((), dtype=torch.int64, device=F.device)
    for begin in range(0, n_samples, 8192):
        size = (min(8192, n_samples - begin), F.shape[1])
        points = low + (ref_point - low) * torch.rand(size, dtype=F.dtype, device=F.device)
        found += (F <= points[:, None]).all(2).any(1).sum()
    return found / n_samples * (ref_point - low).prod()


def torch_batch_sort(F: torch.Tensor) -> torch.Tensor:
    """Fronts of all problems peeled off together."""
    dominates = (F[:, :, None] <= F[:, None]).all(-1) & (F[:, :, None] < F[:, None]).any(-1)
    left = dominates.sum(1, dtype=torch.int32)
    ranks = torch.full_like(left, -1)
    rank = 0
    while bool((front := (left == 0) & (ranks < 0)).any()):
        ranks[front] = rank
        left -= (dominates & front[:, :, None]).sum(1, dtype=torch.int32)
        rank += 1
    return ranks


# ---- Tasks ----------------------------------------------------------------------------------


def on_device(kind: Callable[..., Any], n: int, m: int) -> tuple[Any, torch.Tensor]:
    F = kind(n, m)
    return F, torch.from_numpy(F).cuda()


def sizes(quick: bool) -> Iterator[tuple[Callable[..., Any], int, int]]:
    if quick:
        yield from ((kind, 1000, 3) for kind in (fronts.cube, fronts.sphere))
        return
    for n in (1000, 10_000, 100_000):
        for m in (3, 5, 8):
            yield fronts.cube, n, m
    yield fronts.cube, 1_000_000, 3
    for kind in (fronts.layers, fronts.integers, fronts.sphere):
        for m in (3, 8):
            yield kind, 100_000, m


def sort_bytes(n: int, m: int) -> float:
    """What the sorts by radix move: of each objective, and of all together, eight digits each."""
    return (m + 1) * n * 8 * 2 * 12.0


def ranks(quick: bool) -> Iterator[Cell]:
    """All fronts."""
    for kind, n, m in sizes(quick):
        F, G = on_device(kind, n, m)
        rivals = {}
        if n <= MOST_ROWS_OF_TORCH:
            rivals = {"torch": partial(torch_sort, G), **evox_sort(G)}
        ours, cpu = partial(moo.nondominated_sort, G), partial(moo.nondominated_sort, F)
        yield Cell("ranks", kind.__name__, m, n, ours, cpu, rivals, bytes=sort_bytes(n, m))


def degree_ranks(quick: bool) -> Iterator[Cell]:
    """All fronts, without a look at boxes: every pair is compared."""
    for kind, n, m in sizes(quick):
        if n > 100_000 or kind not in (fronts.cube, fronts.sphere):
            continue
        F, G = on_device(kind, n, m)
        ours, cpu = partial(moo.dominance_degree_sort, G), partial(moo.nondominated_sort, F)
        pairs = n * n / 2 * (m + 1)
        yield Cell("degree ranks", kind.__name__, m, n, ours, cpu, operations=pairs)


def first_front(quick: bool) -> Iterator[Cell]:
    """The non-dominated rows, equal ones included."""
    for kind, n, m in sizes(quick):
        F, G = on_device(kind, n, m)
        rivals: dict[str, Call] = {}
        if n <= MOST_ROWS_OF_TORCH:
            rivals = {"torch": partial(torch_mask, G)}
        ours, cpu = partial(moo.nondominated_mask, G), partial(moo.nondominated_mask, F)
        yield Cell("first front", kind.__name__, m, n, ours, cpu, rivals, bytes=sort_bytes(n, m))


def counts(quick: bool) -> Iterator[Cell]:
    """How many rows dominate each."""
    for kind, n, m in sizes(quick):
        if n > 100_000:
            continue  # the CPU needs minutes
        F, G = on_device(kind, n, m)
        rivals: dict[str, Call] = {}
        if n <= MOST_ROWS_OF_TORCH:
            rivals = {"torch": partial(torch_counts, G)}
        ours, cpu = partial(moo.dominance_counts, G), partial(moo.dominance_counts, F)
        yield Cell("counts", kind.__name__, m, n, ours, cpu, rivals, bytes=sort_bytes(n, m))


def crowding(quick: bool) -> Iterator[Cell]:
    """One front, whether it is one or not."""
    small = ((fronts.cube, 1000, 3),)
    for kind, n, m in (
        small if quick else (*small, (fronts.cube, 100_000, 3), (fronts.cube, 10**6, 3))
    ):
        F, G = on_device(kind, n, m)
        rivals = {"torch": partial(torch_crowding, G), **evox_crowding(G)}
        ours, cpu = partial(moo.crowding_distance, G), partial(moo.crowding_distance, F)
        # Values and rows, read and written for each of eight digits; then four values and the sums.
        moved = m * n * (8 * 2 * 12 + 4 * 8 + 16.0)
        yield Cell("crowding", kind.__name__, m, n, ours, cpu, rivals, close=1e-9, bytes=moved)


INDICATORS = {  # with the rival and the operations on doubles for each coordinate of a pair
    "igd": (moo.igd, torch_igd, 3),
    "igd_plus": (moo.igd_plus, torch_igd_plus, 4),
    "epsilon_additive": (moo.epsilon_additive, torch_epsilon_additive, 2),
    "epsilon_multiplicative": (moo.epsilon_multiplicative, torch_epsilon_multiplicative, 2),
}


def indicators(quick: bool) -> Iterator[Cell]:
    """Of two sets that are close to each other, as at the end of a search."""
    for n, r, m in ((200, 300, 3),) if quick else ((5000, 10_000, 3), (20_000, 20_000, 8)):
        F, R = fronts.sphere(n, m) * 1.05 + 0.01, fronts.sphere(r, m) + 0.01
        G, S = torch.from_numpy(F).cuda(), torch.from_numpy(R).cuda()
        for name, (function, rival, steps) in INDICATORS.items():
            ours, cpu = partial(function, G, S), partial(function, F, R)
            rivals = {"torch": partial(rival, G, S)}
            pairs = float(n * r * m * steps)
            # cdist squares by products of matrices, which loses digits.
            close = 1e-6 if name == "igd" else 1e-9
            yield Cell(name, f"sphere to {r}", m, n, ours, cpu, rivals, close, operations=pairs)


def samples(quick: bool) -> Iterator[Cell]:
    """Volumes and contributions; two operations on doubles for a sample, row and objective."""
    n_samples = 2**12 if quick else 2**18
    for n, m in ((50, 3),) if quick else ((100, 5), (50, 10), (1000, 10)):
        F, G = on_device(fronts.sphere, n, m)
        ref, ref_there = np.full(m, 1.1), torch.full((m,), 1.1, dtype=G.dtype, device=G.device)
        rivals = {"torch": partial(torch_volume, G, ref_there, n_samples)}
        kind, steps = f"sphere, {n_samples} samples", 2.0 * n_samples * n * m
        for name, function in (
            ("volume", moo.hypervolume_approx),
            ("contributions", moo.hypervolume_contributions_approx),
        ):

            def first(F: Any, ref: Any, function: Any = function) -> Any:
                return function(F, ref, n_samples, 0)[0]

            ours, cpu = partial(first, G, ref_there), partial(first, F, ref)
            peers = rivals if name == "volume" else {}
            yield Cell(name, kind, m, n, ours, cpu, peers, close=0.1, operations=steps)


def batches(quick: bool) -> Iterator[Cell]:
    """Many small problems at once, as vectorised searches have them."""
    for b, n, m in ((10, 100, 3),) if quick else ((1000, 100, 3), (1000, 100, 8), (100, 1000, 3)):
        F = np.random.default_rng([b, n, m]).random((b, n, m))
        G = torch.from_numpy(F).cuda()
        kind, pairs = f"{b} problems", 2.0 * b * n * n * m
        ours, cpu = partial(moo.nondominated_sort, G), partial(moo.nondominated_sort, F)
        rivals = {"torch": partial(torch_batch_sort, G)}
        yield Cell("ranks", kind, m, n, ours, cpu, rivals, operations=pairs)
        ranks, ranks_there = cpu(), ours()
        ours, cpu = (
            partial(moo.crowding_distance, G, ranks_there),
            partial(moo.crowding_distance, F, ranks),
        )
        yield Cell("crowding", kind, m, n, ours, cpu)
        ref = np.ones(m)

        def volume(F: Any, ref: Any = ref) -> Any:
            return moo.hypervolume_approx(F, ref, 4096, 0)[0]

        steps = 2.0 * b * 4096 * n * m  # at most: of the rows that none dominates
        ours, cpu = partial(volume, G), partial(volume, F)
        yield Cell("volume", f"{kind}, 4096 samples", m, n, ours, cpu, operations=steps)


TASKS = {
    "ranks": ranks,
    "degree ranks": degree_ranks,
    "first front": first_front,
    "counts": counts,
    "crowding": crowding,
    "indicators": indicators,
    "samples": samples,
    "batches": batches,
}


def measure(cell: Cell, machine: dict[str, Any]) -> dict[str, Any]:
    """Values, then times; ours must agree, and a rival that differs or fails is not timed."""
    start = time.process_time()
    expected = cell.cpu()
    cpu_ms = (time.process_time() - start) * 1e3
    row: dict[str, Any] = {"task": cell.task, "input": cell.kind, "m": cell.m, "n": cell.n}
    row["cpu_ms"] = cpu_ms
    calls = {"ours": cell.ours, **cell.rivals}
    for name, call in list(calls.items()):
        try:
            difference = largest_difference(call(), expected)
        except Exception as error:
            if name == "ours":
                raise
            row[f"times_{name}"] = first_line(error)
            del calls[name]
            continue
        if difference <= cell.close:
            continue
        row |= {"wrong": name, "difference": difference}
        if name == "ours":
            return row
        del calls[name]
    if cpu_ms < 100:  # once more, with warm caches
        start = time.process_time()
        cell.cpu()
        row["cpu_ms"] = cpu_ms = (time.process_time() - start) * 1e3
    ms = interleaved_ms(calls)
    row |= {"ms": ms, "times_cpu": cpu_ms / ms["ours"]}
    row |= {f"times_{name}": value / ms["ours"] for name, value in ms.items() if name != "ours"}
    seconds = ms["ours"] / 1e3
    if cell.bytes:
        row["share_of_copy"] = cell.bytes / seconds / machine["copy_bytes_per_second"]
    if cell.operations:
        peak = machine["multiprocessors"] * 64 * machine["clock_hz"]
        row["share_of_comparisons"] = cell.operations / seconds / peak
    return row


if __name__ == "__main__":
    run_cells("gpu_moo", TASKS, measure, __doc__, seconds=120.0)
