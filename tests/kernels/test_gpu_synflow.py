"""Synflow on a GPU against the kernels of the CPU."""

import importlib
import math

import numpy as np
import pytest
from reference.programs import (
    DIAMOND_ROWS,
    Unit,
    chain_of_choices,
    one_unit,
    random_unit,
    random_weights,
)
from test_synflow import score as score_on_cpu

from pyhwnas import _core

STREAM = (1, 0, None)
TOLERANCE = {"float32": 2e-5, "float64": 1e-10}


@pytest.fixture
def kernels(home):
    if home.name == "core":
        pytest.skip("arrays lie on the CPU")
    return importlib.import_module("pyhwnas._cuda")


def places_in(unit_ids):
    pairs = {(s, int(u)) for row in unit_ids for s, u in enumerate(row) if u >= 0}
    return np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)


def expected_on_gpu(kernels, arrays, unit_ids, places=None):
    ids = np.ascontiguousarray(unit_ids, dtype=np.int32)
    places = places_in(ids) if places is None else places
    tape = _core.synflow_tape(
        tuple(arrays.values()), places=places, weight_gain=0.5, given_weights=False
    )
    return kernels.synflow_expected(tape, ids, STREAM)


def expected_on_cpu(arrays, unit_ids):
    ids = np.ascontiguousarray(unit_ids, dtype=np.int32)
    return _core.synflow_expected(
        program=tuple(arrays.values()), unit_ids=ids, weight_gain=0.5, threads=1
    )


def as_read(weight, groups):
    """(output channel, input channel, taps) as (group, input channel, taps, output channel)."""
    parts = weight.reshape(groups, -1, *weight.shape[1:])
    return np.moveaxis(parts, 1, -1).ravel()


def sampled_on_gpu(kernels, arrays, unit_ids, weights, precision):
    ids = np.ascontiguousarray(unit_ids, dtype=np.int32)
    places = places_in(ids)
    parts, ends = [], [0]
    for slot, unit in places.tolist():
        nodes = arrays["nodes"][arrays["unit_offsets"][unit] : arrays["unit_offsets"][unit + 1]]
        groups = [int(n[7]) if n[0] == 0 else 1 for n in nodes if n[0] in (0, 1, 19)]
        own = []
        for (weight, bias), g in zip(weights.get((slot, unit), ()), groups, strict=True):
            own += [as_read(weight, g), bias]
        parts += own
        ends.append(ends[-1] + sum(map(len, own)))
    values = np.concatenate([np.zeros(0, np.float32), *parts]).astype(np.float32)
    tape = _core.synflow_tape(
        tuple(arrays.values()), places=places, weight_gain=1.0, given_weights=True
    )
    offsets = np.array(ends, dtype=np.int64)
    return kernels.synflow(tape, ids, offsets, values, precision == "float64", STREAM)


def assert_close(ours, cpu, tolerance):
    np.testing.assert_array_equal(np.isinf(ours), np.isinf(cpu))
    finite = np.isfinite(cpu)
    np.testing.assert_allclose(ours[finite], cpu[finite], rtol=0, atol=tolerance)


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_expected_scores_of_random_graphs(kernels, first):
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        graph = one_unit(random_unit(rng, int(rng.integers(1, 12))))
        assert_close(expected_on_gpu(kernels, *graph), expected_on_cpu(*graph), 1e-12)


# In float32 a mean of a plateau at 6 may be just below the kink of relu6, so those are compared in
# float64 alone.
@pytest.mark.parametrize("first", range(0, 100, 20))
def test_sampled_scores_of_random_graphs(kernels, first):
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        arrays, ids = one_unit(random_unit(rng, int(rng.integers(1, 12))))
        weights = random_weights(arrays, ids, seed)
        ours = sampled_on_gpu(kernels, arrays, ids, weights, "float64")
        assert_close(ours, score_on_cpu(arrays, ids, weights), TOLERANCE["float64"])


def inverted_bottlenecks(activation):
    unit = Unit((3, 17, 15))
    x = unit.node("conv", 0, out=4, k=3, s=2, p=1)
    for kernel, stride in ((3, 1), (5, 2), (7, 1)):
        y = unit.node(activation, unit.node("batchnorm", unit.node("conv", x, out=12)))
        y = unit.node("conv", y, out=12, k=kernel, s=stride, p=kernel // 2, g=12)
        gate = unit.node("conv", unit.node("global_avgpool", y), out=3, bias=True)
        gate = unit.node("conv", unit.node("relu", gate), out=12, bias=True)
        y = unit.node("mul", y, unit.node("hsigmoid", gate))
        y = unit.node("conv", y, out=4)
        x = y if stride > 1 else unit.node("add", x, y)
    unit.node("linear", unit.node("global_avgpool", x), out=10, bias=True)
    return one_unit(unit)


@pytest.mark.parametrize("activation", ["relu", "relu6", "hswish", "silu", "gelu"])
def test_inverted_bottlenecks_with_gates(kernels, activation):
    arrays, ids = inverted_bottlenecks(activation)
    assert_close(expected_on_gpu(kernels, arrays, ids), expected_on_cpu(arrays, ids), 1e-12)
    weights = random_weights(arrays, ids)
    for precision, tolerance in TOLERANCE.items():
        ours = sampled_on_gpu(kernels, arrays, ids, weights, precision)
        assert_close(ours, score_on_cpu(arrays, ids, weights, precision), tolerance)


def test_a_row_is_scored_alone(kernels):
    arrays, rows = chain_of_choices()
    places = places_in(rows)
    alone = np.concatenate([expected_on_gpu(kernels, arrays, [row], places) for row in rows])
    order = np.random.default_rng(0).integers(len(rows), size=2 * len(rows))
    together = expected_on_gpu(kernels, arrays, rows[order], places)
    np.testing.assert_array_equal(together, alone[order])
    assert_close(alone, expected_on_cpu(arrays, rows), 1e-12)
    assert expected_on_gpu(kernels, arrays, rows[:0], places).shape == (0,)


DEAD = [[0, -1, -1, 5, 4], [-1, 1, 1, 3, 4], [0, 1, 1, 3, -1], [0, -1, 1, 3, 4]]


def test_absent_slots(kernels, diamond):
    places = places_in(DIAMOND_ROWS + DEAD)
    ours = expected_on_gpu(kernels, diamond, DIAMOND_ROWS, places)
    assert_close(ours, expected_on_cpu(diamond, DIAMOND_ROWS), 1e-12)
    dead = expected_on_gpu(kernels, diamond, DEAD, places)
    assert dead.tolist() == [-math.inf] * len(DEAD)
    weights = random_weights(diamond, DIAMOND_ROWS)
    for precision, tolerance in TOLERANCE.items():
        ours = sampled_on_gpu(kernels, diamond, DIAMOND_ROWS, weights, precision)
        assert_close(ours, score_on_cpu(diamond, DIAMOND_ROWS, weights, precision), tolerance)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0, 1, 1, 5, 4], "row 1: slot 3 gets more inputs than its unit takes"),
        ([0, 1, 1, 0, 4], "row 1: slot 3 has a unit that is not among those of the tape"),
        ([0, 1, 1, 99, 4], "row 1: slot 3 has a unit that is not among those of the tape"),
    ],
)
def test_rows_that_do_not_fit_are_named(kernels, diamond, row, message):
    with pytest.raises(ValueError, match=message):
        expected_on_gpu(kernels, diamond, [DIAMOND_ROWS[0], row, row], places_in(DIAMOND_ROWS))


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**20])
def test_no_magnitude_overflows_or_underflows(kernels, scale):
    depth = 300
    unit = Unit((2, 1, 1))
    x = 0
    for _ in range(depth):
        x = unit.node("conv", x, out=2)
    unit.node("linear", unit.node("hswish", x), out=1)
    arrays, ids = one_unit(unit)
    weights = random_weights(arrays, ids)
    constant = {(0, 0): [(np.full_like(w, scale / 2), b) for w, b in weights[0, 0]]}
    for precision in TOLERANCE:
        ours = sampled_on_gpu(kernels, arrays, ids, constant, precision)
        np.testing.assert_allclose(ours, score_on_cpu(arrays, ids, constant), rtol=1e-6)


def test_other_bytes_are_no_tape(kernels):
    with pytest.raises(ValueError, match="tape must be what synflow_tape has made"):
        kernels.synflow_expected(np.zeros(500, np.uint8), np.zeros((1, 1), np.int32), STREAM)
