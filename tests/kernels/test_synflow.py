"""Sampled Synflow against its definition, in both precisions."""

import math

import numpy as np
import pytest
from reference import synflow_by_definition as reference
from reference.programs import (
    DIAMOND_ROWS,
    Unit,
    chain_of_choices,
    one_unit,
    random_unit,
    random_weights,
)

from pyhwnas import _core

TOLERANCE = {"float32": 2e-5, "float64": 1e-10}


def score(arrays, unit_ids, weights, precision="float64", threads=1):
    """weights: for (slot, unit) the pairs (weight, bias) of its nodes with weights."""
    places = np.array(sorted(weights), dtype=np.int32).reshape(-1, 2)
    parts = [
        np.concatenate([tensor.ravel() for pair in weights[tuple(place)] for tensor in pair])
        for place in places.tolist()
    ]
    return _core.synflow(
        program=tuple(arrays.values()),
        unit_ids=np.asarray(unit_ids, dtype=np.int32),
        places=places,
        weight_offsets=np.cumsum([0, *map(len, parts)], dtype=np.int64),
        weights=np.concatenate([np.zeros(0), *parts]).astype(np.float32),
        double_precision=precision == "float64",
        threads=threads,
    )


def assert_follows_definition(arrays, unit_ids, seed=0, precisions=TOLERANCE):
    weights = random_weights(arrays, unit_ids, seed)
    expected = [reference.score(arrays, row, weights) for row in unit_ids]
    for precision in precisions:
        got = score(arrays, unit_ids, weights, precision)
        np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE[precision])


# Fixed seeds, in float64: at the kink of an activation (the mean of a plateau at 6 enters a relu6)
# the slope is one of two, and which one is rounding.
@pytest.mark.parametrize("seed", range(150))
def test_random_graphs_follow_the_definition(seed):
    rng = np.random.default_rng(seed)
    graph = one_unit(random_unit(rng, int(rng.integers(1, 12))))
    assert_follows_definition(*graph, seed, ["float64"])


# Sizes at which rows and columns are left out, and at which they are not.
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (13, 11), (40, 23), (64, 64)])
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation"), [(3, 1, 1), (5, 2, 1), (3, 1, 2), (2, 2, 1)]
)
def test_maps_of_equal_rows_and_columns(size, kernel, stride, dilation):
    unit = Unit((2, *size))
    x = unit.node("conv", 0, out=6, k=3, p=1, bias=True)
    padding = dilation * (kernel - 1) // 2
    if min(size) + 2 * padding >= dilation * (kernel - 1) + 1:
        x = unit.node("conv", x, out=6, k=kernel, s=stride, p=padding, dilation=dilation)
    x = unit.node("conv", x, out=6, k=3, p=1, g=6)
    pools = [unit.node(name, x, k=3, s=2, p=1) for name in ("maxpool", "avgpool")]
    x = unit.node("concat", *pools, unit.node("conv", x, out=3, s=2))
    unit.node("linear", unit.node("global_avgpool", x), out=3, bias=True)
    assert_follows_definition(*one_unit(unit))


def test_maps_that_vary_differently_meet():
    unit = Unit((3, 20, 18))
    near = unit.node("conv", 0, out=4, k=3, p=1)
    far = unit.node("conv", near, out=4, k=7, p=3)
    cut = unit.node("crop", unit.node("conv", far, out=4, k=3, p=1), out=(19, 17))
    both = unit.node("concat", near, far, unit.node("mul", near, far))
    small = unit.node("conv", unit.node("crop", both, out=(19, 17)), out=4)
    x = unit.node("add", cut, small, unit.node("crop", near, out=(19, 17)))
    unit.node("shuffle", unit.node("conv", x, out=6, k=3, p=1, s=2), g=3)
    assert_follows_definition(*one_unit(unit))


@pytest.mark.parametrize("activation", ["relu", "relu6", "hswish", "silu", "gelu"])
def test_inverted_bottlenecks_with_gates(activation):
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
    assert_follows_definition(*one_unit(unit))


def test_a_unit_has_weights_of_its_own_in_each_slot(diamond):
    assert_follows_definition(diamond, DIAMOND_ROWS)


def test_networks_without_a_path_score_minus_infinity(diamond):
    dead = [[0, -1, -1, 5, 4], [-1, 1, 1, 3, 4], [0, 1, 1, 3, -1], [0, -1, 1, 3, 4]]
    weights = random_weights(diamond, DIAMOND_ROWS + dead)
    assert score(diamond, dead, weights).tolist() == [-math.inf] * len(dead)
    zero = {place: [(0 * w, 0 * b) for w, b in pairs] for place, pairs in weights.items()}
    assert score(diamond, DIAMOND_ROWS, zero).tolist() == [-math.inf] * len(DIAMOND_ROWS)


@pytest.mark.parametrize("precision", TOLERANCE)
def test_a_row_is_scored_alone_and_with_any_number_of_threads(diamond, threads, precision):
    weights = random_weights(diamond, DIAMOND_ROWS)
    alone = np.concatenate([score(diamond, [row], weights, precision) for row in DIAMOND_ROWS])
    together = score(diamond, DIAMOND_ROWS * 40, weights, precision, threads)
    np.testing.assert_array_equal(together, np.tile(alone, 40))
    assert score(diamond, np.zeros((0, 5)), weights, precision, threads).shape == (0,)


def test_order_repetitions_and_threads_change_no_bit(threads):
    arrays, rows = chain_of_choices()
    weights = random_weights(arrays, rows)
    alone = np.concatenate([score(arrays, [row], weights, "float32") for row in rows])
    order = np.random.default_rng(0).integers(len(rows), size=3 * len(rows))
    together = score(arrays, rows[order], weights, "float32", threads)
    np.testing.assert_array_equal(together, alone[order])


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**20])
@pytest.mark.parametrize(
    "activation", ["relu", "relu6", "hswish", "hsigmoid", "sigmoid", "silu", "gelu"]
)
def test_no_magnitude_overflows_or_underflows(scale, activation):
    depth = 300
    unit = Unit((2, 1, 1))
    x = 0
    for _ in range(depth):
        x = unit.node("conv", x, out=2)
    unit.node("linear", unit.node(activation, x), out=1)
    arrays, unit_ids = one_unit(unit)
    weights = random_weights(arrays, unit_ids)
    constant = [(np.full_like(w, scale / 2), b) for w, b in weights[0, 0]]
    # The value after the chain is scale^depth, the tangent depth times that.
    log_v = depth * math.log(scale)
    last = math.log(scale)
    if scale > 1:
        bounded = {"relu6": 6.0, "hsigmoid": 1.0, "sigmoid": 1.0}
        expected = last + (
            math.log(bounded[activation]) if activation in bounded else log_v + math.log(depth + 1)
        )
    else:  # near zero: f(v) = a + b v
        a, b = {
            "relu": (0, 1), "relu6": (0, 1), "hsigmoid": (0.5, 1 / 6), "sigmoid": (0.5, 0.25)
        }.get(activation, (0, 0.5))  # fmt: skip
        expected = last + (math.log(a) if a else log_v + math.log(b * (depth + 1)))
    for precision in TOLERANCE:
        got = score(arrays, unit_ids, {(0, 0): constant}, precision)[0]
        assert got == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("places", "offsets", "size", "message"),
    [
        ([[0, 0]], [0, 108], 107, "one more offset than places"),
        ([[0, 0]], [0], 0, "one more offset than places"),
        ([[5, 0]], [0, 0], 0, "no unit 0 in slot 5"),
        ([[0, 9]], [0, 0], 0, "no unit 9 in slot 0"),
        ([[0, 0]], [0, 7], 7, "unit 0 in slot 0: expected 108 values, got 7"),
        ([[0, 0]], [0, 108], 108, "unit 1 in slot 1: missing, but row 0 has it"),
    ],
)
def test_weights_that_do_not_fit_are_refused(diamond, places, offsets, size, message):
    with pytest.raises(ValueError, match=message):
        _core.synflow(
            program=tuple(diamond.values()),
            unit_ids=np.array(DIAMOND_ROWS, np.int32), places=np.array(places, np.int32),
            weight_offsets=np.array(offsets, np.int64), weights=np.ones(size, np.float32),
            double_precision=False, threads=1,
        )  # fmt: skip


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_weights_are_finite_and_not_negative(diamond, value):
    weights = random_weights(diamond, DIAMOND_ROWS)
    weights[0, 0][0][0][1, 2, 0, 1] = value
    with pytest.raises(
        ValueError, match=r"weights must be finite and not negative, got .* at index"
    ):
        score(diamond, DIAMOND_ROWS, weights)
