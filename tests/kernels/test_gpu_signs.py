"""Signs on a GPU, packed and counted: the integers of the CPU, bit by bit."""

import importlib

import numpy as np
import pytest

from pyhwnas import _core
from pyhwnas._gpu import gpu_of


@pytest.fixture
def gpu(home):
    """Kernels for arrays of a home on a GPU: call(name, *arrays, *settings) gives numpy arrays."""
    if home.name == "core":
        pytest.skip("arrays lie on the CPU")

    def call(name, *arguments):
        there = [home.array(x) if isinstance(x, np.ndarray) else x for x in arguments]
        at = gpu_of(x=there[0])
        results = getattr(importlib.import_module("pyhwnas._cuda"), name)(*there, at.stream)
        if isinstance(results, tuple):
            return tuple(home.numpy(at.array(result)) for result in results)
        return home.numpy(at.array(results))

    return call


def activations(n, units, seed=0):
    """All kinds of numbers: zeros of both signs, infinities, NaN, the smallest ones."""
    x = np.random.default_rng([n, units, seed]).standard_normal((n, units)).astype(np.float32)
    x[x > 1.5], x[x < -1.5], x[np.abs(x) < 0.2] = np.inf, np.nan, 0.0
    x.ravel()[::7] = -0.0
    x.ravel()[3::11] = 1e-45
    return x


# Rows and words around the sizes of tiles, groups (64 rows) and pieces (48 words).
SIZES = [
    (1, 1), (1, 64), (2, 65), (3, 128), (4, 129), (5, 512), (17, 1000), (31, 3100), (64, 3072),
    (65, 200), (70, 130), (130, 700), (0, 5), (4, 0),
]  # fmt: skip


@pytest.mark.parametrize(("n", "units"), SIZES)
def test_bits_and_counts_are_those_of_the_cpu(gpu, n, units):
    x = activations(n, units)
    bits = _core.pack_signs(x, 1)
    np.testing.assert_array_equal(gpu("pack_signs", x), bits)
    distances = gpu("hamming_distances", bits)
    assert distances.dtype == np.int64
    np.testing.assert_array_equal(distances, _core.hamming_distances(bits, 1))
    for ours, cpu in zip(gpu("coactivation", bits), _core.coactivation(bits, 1), strict=True):
        np.testing.assert_array_equal(ours, cpu)


def test_a_batch_is_its_networks(gpu):
    x = np.stack([activations(9, 300, seed) for seed in range(5)])
    bits = gpu("pack_signs", x)
    distances = gpu("hamming_distances", bits)
    positives, shared = gpu("coactivation", bits)
    for k, one in enumerate(x):
        np.testing.assert_array_equal(bits[k], _core.pack_signs(one, 1))
        np.testing.assert_array_equal(distances[k], _core.sign_distances(one, 1))
        expected = _core.sign_statistics(one, 1)
        np.testing.assert_array_equal([positives[k], shared[k]], expected)
    assert gpu("hamming_distances", bits[:0]).shape == (0, 9, 9)
    assert gpu("pack_signs", x[:0]).shape == (0, 9, 5)


@pytest.mark.parametrize("rectify", [False, True])
def test_normalised_numbers_and_their_signs(gpu, rectify):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4, 6 * 50)).astype(np.float32)  # channels vary fastest
    mean, scale = (rng.random((3, 6), dtype=np.float32) for _ in range(2))
    channel = np.tile(np.arange(6), 50)
    expected = (x - mean[:, channel][:, None]) * scale[:, channel][:, None]
    y, bits = gpu("normalise_and_pack", x, mean, scale, rectify)
    np.testing.assert_array_equal(y, np.maximum(expected, 0) if rectify else expected)
    for k in range(3):
        np.testing.assert_array_equal(bits[k], _core.pack_signs(expected[k], 1))


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        ("pack_signs", (np.ones(3, np.float32),), ValueError, "x must have 2 dimensions, or 3"),
        ("pack_signs", (np.ones((2, 2)),), TypeError, "x must have dtype float32 or bfloat16"),
        ("hamming_distances", (np.ones((2, 2), np.int64),), TypeError, "bits must have dtype uin"),
        ("hamming_distances", (np.ones((4097, 1), np.uint64),), ValueError, "at most 4096 sampl"),
        ("coactivation", (np.ones(2, np.uint64),), ValueError, "bits must have 2 dimensions"),
    ],
)
def test_wrong_arguments_are_named(gpu, function, arguments, error, message):
    with pytest.raises(error, match=message):
        gpu(function, *arguments)


@pytest.mark.gpu
def test_many_networks_agree_with_the_cpu():
    homes = importlib.import_module("homes")
    home = homes.torch()
    kernels = importlib.import_module("pyhwnas._cuda")
    bits = np.random.default_rng(0).integers(2**64, size=(40, 64, 6100), dtype=np.uint64)
    there = home.array(bits)
    at = gpu_of(bits=there)
    distances = home.numpy(at.array(kernels.hamming_distances(there, at.stream)))
    counts = [home.numpy(at.array(c)) for c in kernels.coactivation(there, at.stream)]
    for k, one in enumerate(bits):
        np.testing.assert_array_equal(distances[k], _core.hamming_distances(one, 8))
        np.testing.assert_array_equal([c[k] for c in counts], _core.coactivation(one, 8))
