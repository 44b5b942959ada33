"""Every kernel on many inputs: prints the vector level, and a hash of each result, as JSON.

Run as a program, once for each vector level; the kernels look the level up only once. Kinds of
points and sizes are chosen so that each algorithm's branches are taken: few and many rows, every
number of objectives that is treated on its own, fronts of few rows and of all, ties, infinities.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from reference.programs import one_unit, random_unit, random_weights

from pyhwnas import _core

THREADS = 2


def cube(n, m):
    return np.random.default_rng([n, m]).random((n, m))


def sphere(n, m):
    """No row dominates another."""
    F = np.abs(np.random.default_rng([n, m]).standard_normal((n, m))) + 1e-3
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def few_values(n, m):
    """Ties, equal rows, and zeros of both signs."""
    F = np.random.default_rng([n, m]).integers(-2, 4, (n, m)) / 4
    F[::3] *= -1.0
    return F


def infinite(n, m):
    """Infinities of both signs, and values of all sizes."""
    rng = np.random.default_rng([n, m])
    F = rng.standard_normal((n, m)) * 10.0 ** rng.integers(-300, 300, (n, m))
    F[rng.random((n, m)) < 0.02] = np.inf
    F[rng.random((n, m)) < 0.02] = -np.inf
    return F


def points(sizes, *kinds):
    """Names and points of each kind; sizes: (rows, numbers of objectives)."""
    for kind in kinds or (cube, sphere, few_values, infinite):
        for n, ms in sizes:
            for m in ms:
                yield f"{kind.__name__} {n} x {m}", kind(n, m)


EDGES = [(0, (0, 2, 3)), (1, (1, 2, 3, 5)), (2, (1, 3)), (17, (1, 2, 3, 4, 5, 8, 17))]
PAIRWISE = [*EDGES, (300, (2, 3, 8)), (1500, (3, 5))]  # what takes n^2 steps
VOLUMES = [(1, (1, 2, 3, 5, 8)), (20, (9, 10)), (33, (1, 2, 3, 4, 5, 6, 8))]


def sorts(**more):
    for name, F in points(
        [*PAIRWISE, (64, (3, 4, 7)), (700, (3, 4, 6, 8)), (5000, (1, 2, 3, 4, 5))]
    ):
        yield name, (F,), more
    for name, F in [*points([(40000, (2, 3, 5))], cube), *points([(9000, (5,))], sphere)]:
        yield name, (F,), more
    yield "batch", (cube(60, 3).reshape(4, 15, 3),), more


def pairwise():
    for name, F in points(PAIRWISE):
        yield name, (F,), {}


def crowding():
    for name, F in points([*EDGES, (1500, (1, 2, 3, 8)), (40000, (3,))]):
        yield name, (F, np.arange(len(F), dtype=np.int32) % 3), {}
    ranks = np.zeros((4, 15), np.int32)
    yield "batch", (cube(60, 3).reshape(4, 15, 3), ranks), {}


def volumes(sizes, **more):
    for name, F in points(sizes, cube, sphere, few_values):
        yield name, (F,), {"ref_point": np.ones(F.shape[1]), **more}


def volumes_of_many():
    yield from volumes([*VOLUMES, (60, (7, 8)), (200, (4, 5, 6)), (1000, (4,)), (5000, (2, 3))])
    for name, F in points([(300, (5, 6))], sphere):
        yield name, (F,), {"ref_point": np.ones(F.shape[1])}
    many = cube(300, 7)  # few of them are in no other's box
    yield "many boxes", (many / many.max(),), {"ref_point": np.full(7, 1.1)}
    yield "batch", (sphere(60, 4).reshape(4, 15, 4),), {"ref_point": np.ones(4)}


def samples():
    for box in (False, True):
        for name, F in points([(1, (2, 5)), (50, (1, 2, 3, 5, 8, 10, 34))], cube, sphere):
            more = {"n_samples": 5000, "seed": 7, "box": box}
            yield f"{name} {box}", (F,), {"ref_point": np.ones(F.shape[1]), **more}


def rays():
    for name, F in points([(1, (2, 5)), (50, (1, 2, 3, 5, 8, 10, 34))], cube, sphere):
        yield name, (F,), {"ref_point": np.ones(F.shape[1]), "n_samples": 5000, "seed": 7}


def found_sets():
    sizes = [(1, (1, 3)), (37, (1, 2, 3, 5, 8, 11)), (900, (2, 3, 5, 8))]
    return points(sizes, cube, sphere, few_values)  # distances are between finite values


def two_sets():
    for name, F in found_sets():
        positive = np.abs(F) + 1e-300  # as the factor of epsilon needs it
        yield name, (positive, sphere(401, F.shape[1])), {}


def covering():
    for name, F in points(PAIRWISE):
        yield name, (F, cube(120, F.shape[1])), {}


def weighted():
    for name, F in found_sets():
        yield name, (F, np.zeros(F.shape[1]), cube(401, F.shape[1])), {}


def activations():
    for n, units in ((1, 1), (1, 64), (3, 65), (5, 512), (64, 1000), (300, 5130), (0, 5), (4, 0)):
        x = np.random.default_rng(n).standard_normal((n, units)).astype(np.float32)
        x[x > 1.5], x[x < -1.5], x[np.abs(x) < 0.2] = np.inf, np.nan, 0.0
        yield f"{n} x {units}", (x,), {}


def packed():
    for name, (x,), _ in activations():
        yield name, (_core.pack_signs(x, 1),), {}


def sums():
    rng = np.random.default_rng(0)
    cost = rng.standard_normal(50)
    for n, slots in ((0, 3), (3, 0), (1, 1), (1000, 21), (5000, 47)):
        yield f"{n} x {slots}", (cost, rng.integers(-1, 50, (n, slots), dtype=np.int32)), {}


def programs():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        arrays, unit_ids = one_unit(random_unit(rng, int(rng.integers(1, 12))))
        yield str(seed), (), {
            "program": tuple(arrays.values()), "unit_ids": unit_ids, "weight_gain": 0.5
        }  # fmt: skip


def plans():
    for name, _, arguments in programs():
        yield name, (), {k: v for k, v in arguments.items() if k != "weight_gain"}


def programs_with_weights():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        arrays, unit_ids = one_unit(random_unit(rng, int(rng.integers(1, 12))))
        pairs = random_weights(arrays, unit_ids, seed)[0, 0]
        values = np.concatenate([tensor.ravel() for pair in pairs for tensor in pair])
        for double_precision in (False, True):
            yield f"{seed} {double_precision}", (), {
                "program": tuple(arrays.values()), "unit_ids": unit_ids,
                "places": np.zeros((1, 2), np.int32),
                "weight_offsets": np.array([0, len(values)]), "weights": values,
                "double_precision": double_precision,
            }  # fmt: skip


KERNELS = {
    "coactivation": packed,
    "covered": covering,
    "crowding_distance": crowding,
    "dominance_counts": pairwise,
    "dominance_degree_sort": pairwise,
    "epsilon_additive": two_sets,
    "epsilon_multiplicative": two_sets,
    "gather_sum": sums,
    "hamming_distances": packed,
    "hypervolume": volumes_of_many,
    "hypervolume_approx": samples,
    "hypervolume_contributions": lambda: volumes([*VOLUMES, (100, (3, 4)), (300, (2,))]),
    "hypervolume_contributions_approx": rays,
    "hypervolume_subset": lambda: volumes([(9, (2, 3)), (30, (6, 8, 10)), (50, (2, 3, 4, 5))], k=9),
    "igd": two_sets,
    "igd_plus": two_sets,
    "nondominated_mask": lambda: sorts(keep_equal=False),
    "nondominated_sort": sorts,
    "pack_signs": activations,
    "peak_memory": plans,
    "r2": weighted,
    "sign_distances": activations,
    "sign_statistics": activations,
    "synflow": programs_with_weights,
    "synflow_expected": programs,
}


def digest(result):
    parts = result if isinstance(result, tuple) else (result,)
    content = hashlib.sha256()
    for part in map(np.asarray, parts):
        content.update(f"{part.dtype} {part.shape}".encode() + part.tobytes())
    return content.hexdigest()


if __name__ == "__main__":
    hashes = {
        f"{kernel}: {name}": digest(getattr(_core, kernel)(*args, **more, threads=THREADS))
        for kernel, cases in KERNELS.items()
        for name, args, more in cases()
    }
    print(json.dumps({"level": _core.simd_level(), "hashes": hashes}))
