import math

import numpy as np
import pytest
from reference import synflow_by_definition as reference
from reference.programs import DIAMOND_ROWS, Unit, chain_of_choices, one_unit, program, random_unit

from pyhwnas import _core


def score(arrays, unit_ids, threads=1, weight_gain=0.5):
    unit_ids = np.asarray(unit_ids, dtype=np.int32)
    return _core.synflow_expected(
        program=tuple(arrays.values()), unit_ids=unit_ids, weight_gain=weight_gain, threads=threads
    )


def assert_scores_follow_definition(arrays, unit_ids):
    expected = [reference.score(arrays, row) for row in unit_ids]
    np.testing.assert_allclose(score(arrays, unit_ids), expected, rtol=1e-12, atol=1e-12)


# Fixed seeds: at the kink of an activation the slope is one of two, and which one is rounding.
@pytest.mark.parametrize("seed", range(150))
def test_random_graphs_follow_the_definition(seed):
    rng = np.random.default_rng(seed)
    assert_scores_follow_definition(*one_unit(random_unit(rng, int(rng.integers(1, 12)))))


def separable_block(unit, at, c, kernel, stride, activation):
    """An inverted bottleneck: expand, depthwise, squeeze and excite, project."""
    x = unit.node("conv", at, out=3 * c)
    x = unit.node(activation, unit.node("batchnorm", x))
    x = unit.node("conv", x, out=3 * c, k=kernel, s=stride, p=kernel // 2, g=3 * c)
    x = unit.node(activation, x)
    gate = unit.node("conv", unit.node("global_avgpool", x), out=c, bias=True)
    gate = unit.node("conv", unit.node("relu", gate), out=3 * c, bias=True)
    x = unit.node("mul", x, unit.node("hsigmoid", gate))
    x = unit.node("conv", x, out=c)
    return x if stride > 1 else unit.node("add", at, x)


@pytest.mark.parametrize("activation", ["relu", "relu6", "hswish", "silu", "gelu"])
def test_inverted_bottlenecks(activation):
    unit = Unit((3, 13, 11))
    x = unit.node("conv", 0, out=4, k=3, s=2, p=1)
    for kernel, stride in ((3, 1), (5, 2), (7, 1)):
        x = separable_block(unit, x, 4, kernel, stride, activation)
    unit.node("linear", unit.node("global_avgpool", x), out=10, bias=True)
    assert_scores_follow_definition(*one_unit(unit))


def test_pools_slices_groups_and_dilation():
    unit = Unit((3, 12, 10))
    x = unit.node("conv", 0, out=6, k=3, p=1)
    y = unit.node("conv", x, out=6, k=3, p=2, dilation=2, g=2)
    z = unit.node("add", unit.node("slice", x, out=4), unit.node("slice", y, out=4))
    both = unit.node("concat", z, y, x)
    grouped = unit.node("conv", both, out=8, k=3, p=1, g=4)  # groups of channels 4 + 6 + 6 by fours
    pooled = unit.node("maxpool", grouped, k=3, s=2, p=1)
    mean = unit.node("avgpool", grouped, k=3, s=2, p=1)
    unit.node("mul", pooled, mean)
    assert_scores_follow_definition(*one_unit(unit))


def test_crops_and_shuffles_of_unequal_channels():
    unit = Unit((2, 7, 6))
    x = unit.node("conv", 0, out=4, k=3, p=1)
    y = unit.node("conv", x, out=2, k=5, p=2)
    both = unit.node("shuffle", unit.node("concat", x, y), g=3)  # parts 4 + 2 by twos
    grouped = unit.node("conv", both, out=4, k=3, p=1, g=2)
    unit.node("conv", unit.node("crop", grouped, out=(6, 3)), out=2, s=2)
    assert_scores_follow_definition(*one_unit(unit))


@pytest.mark.parametrize("kernel", [1, 3, 5, 9])
def test_channel_convolutions_of_unequal_channels(kernel):
    unit = Unit((2, 5, 4))
    x = unit.node("conv", 0, out=4, k=3, p=1)
    y = unit.node("conv", x, out=1, k=3)
    both = unit.node("concat", unit.node("global_avgpool", x), unit.node("global_avgpool", y))
    mixed = unit.node("channel_conv", both, k=kernel)
    again = unit.node("channel_conv", unit.node("sigmoid", mixed), k=3)
    unit.node("mul", unit.node("concat", mixed, again), unit.node("concat", again, both))
    assert_scores_follow_definition(*one_unit(unit))


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        ("crop", 2, 8, "the input has fewer rows or columns"),
        ("crop", 3, 0, "the input has fewer rows or columns"),
        ("shuffle", 7, 4, "groups must divide the channels"),
        ("shuffle", 7, 0, "groups must divide the channels"),
        ("channel_conv", 4, 3, "expected a vector"),
    ],
)
def test_operations_that_do_not_fit_are_refused(name, column, value, message):
    unit = Unit((6, 7, 6))
    unit.node(name, 0, out=(5, 5), g=3)
    unit.rows[0][column] = value
    with pytest.raises(ValueError, match=message):
        score(*one_unit(unit))


def test_absent_slots_are_skipped(diamond):
    assert_scores_follow_definition(diamond, DIAMOND_ROWS)


def test_networks_without_a_path_score_minus_infinity(diamond):
    dead = [[0, -1, -1, 5, 4], [-1, 1, 1, 3, 4], [0, 1, 1, 3, -1], [0, -1, 1, 3, 4]]
    assert score(diamond, dead).tolist() == [-math.inf] * len(dead)
    without_weights = Unit((2, 3, 3))
    without_weights.node("relu", 0)
    assert score(*one_unit(without_weights)).tolist() == [-math.inf]


def test_a_row_is_scored_alone_and_with_any_number_of_threads(diamond, threads):
    rows = np.array(DIAMOND_ROWS * 40, dtype=np.int32)
    rows.setflags(write=False)
    alone = np.concatenate([score(diamond, [row]) for row in DIAMOND_ROWS])
    np.testing.assert_array_equal(score(diamond, rows, threads), np.tile(alone, 40))
    assert score(diamond, rows[:0], threads).shape == (0,)


def test_order_repetitions_and_threads_change_no_bit(threads):
    arrays, rows = chain_of_choices()
    alone = np.concatenate([score(arrays, [row]) for row in rows])
    order = np.random.default_rng(0).integers(len(rows), size=3 * len(rows))
    np.testing.assert_array_equal(score(arrays, rows[order], threads), alone[order])


def test_units_that_end_in_what_passes():
    second = Unit((2, 6, 6), (2, 6, 6))  # its second input, whatever is made of the first
    second.node("conv", 0, out=2, k=3, p=1)
    second.node("batchnorm", second.node("relu", 1))
    inner = Unit((2, 6, 6))  # a node that is not the last one
    first = inner.node("conv", 0, out=2, k=3, p=1)
    inner.node("conv", first, out=4)
    inner.node("relu", first)
    arrays = program([[-1], [0], [0, 1], [2]], [inner, second])
    assert_scores_follow_definition(arrays, [[0, 0, 1, 0]])


@pytest.mark.parametrize("channels", [2, 1 << 20])
@pytest.mark.parametrize(
    "activation", ["relu", "relu6", "hswish", "hsigmoid", "sigmoid", "silu", "gelu"]
)
def test_no_magnitude_overflows_or_underflows(channels, activation):
    """Hundreds of layers: with few channels values vanish, with many they explode."""
    depth = 600
    unit = Unit((channels, 1, 1))
    x = 0
    for _ in range(depth):
        x = unit.node("conv", x, out=channels)
    unit.node("linear", unit.node(activation, x), out=1)
    result = score(*one_unit(unit))[0]
    # A layer multiplies by channels * mean; the value stays v, and the tangent is depth * v.
    gain = math.log(channels * 0.5 / math.sqrt(channels))
    log_v = depth * gain
    last = math.log(channels * 0.5 / math.sqrt(channels))
    if gain > 0:  # every activation is at its upper limit, where tangents vanish or pass
        bounded = {"relu6": 6.0, "hsigmoid": 1.0, "sigmoid": 1.0}
        expected = last + (
            math.log(bounded[activation]) if activation in bounded else log_v + math.log(depth + 1)
        )
    else:  # and here at its behaviour near zero: f(v) = a + b v
        a, b = {
            "relu": (0, 1), "relu6": (0, 1), "hsigmoid": (0.5, 1 / 6), "sigmoid": (0.5, 0.25)
        }.get(activation, (0, 0.5))  # fmt: skip
        expected = last + (math.log(a) if a else log_v + math.log(b * (depth + 1)))
    assert result == pytest.approx(expected, rel=1e-12)


def test_mixed_magnitudes_are_added_at_the_larger_scale():
    unit = Unit((1 << 16, 4, 4))
    x = 0
    for _ in range(200):
        x = unit.node("conv", x, out=1 << 16)
    small = unit.node("conv", 0, out=1 << 16)
    unit.node("add", x, small)
    # The input's one convolution is lost in the rounding of the other 200.
    gain = math.log((1 << 16) * 0.5 / 256)
    expected = 200 * gain + math.log(200) + math.log(1 << 16) + math.log(16)
    assert score(*one_unit(unit))[0] == pytest.approx(expected, rel=1e-12)


class TestPrograms:
    """Whatever the arrays hold, the answer is a score or a ValueError."""

    @pytest.mark.parametrize(
        ("name", "index", "value", "message"),
        [
            ("slot_input_offsets", 0, 1, "slot_input_offsets must go from 0"),
            ("slot_input_offsets", -1, 99, "slot_input_offsets must go from 0"),
            ("slot_input_offsets", 1, 5, "slot_input_offsets must not decrease"),
            ("slot_inputs", 1, 1, "slot 1: an input must be an earlier slot"),
            ("slot_inputs", 0, -2, "slot 0: an input must be an earlier slot"),
            ("unit_offsets", 1, -1, "unit_offsets must not decrease"),
            ("unit_input_offsets", -1, 8, "unit_input_offsets must go from 0"),
            ("node_input_offsets", -1, 3, "node_input_offsets must go from 0"),
            ("node_inputs", 0, 1, "unit 0, node 0: an input must be an earlier value"),
            ("node_inputs", 0, -1, "unit 0, node 0: an input must be an earlier value"),
            ("unit_input_shapes", (0, 0), 0, "unit 0: input shapes must be positive"),
            ("nodes", (0, 0), 20, "unit 0, node 0: unknown opcode"),
            ("nodes", (0, 0), -1, "unit 0, node 0: unknown opcode"),
            ("nodes", (0, 1), 0, "unit 0, node 0: expected at least one channel"),
            ("nodes", (0, 2), 5, "expected output shape \\(4, 6, 6\\), got \\(4, 5, 6\\)"),
            ("nodes", (0, 4), 99, "the window is larger than the padded input"),
            ("nodes", (0, 4), 0, "expected kernel, stride and dilation of at least 1"),
            ("nodes", (0, 5), 0, "expected kernel, stride and dilation of at least 1"),
            ("nodes", (0, 6), -1, "padding of at least 0"),
            ("nodes", (0, 7), 2, "groups must divide the channels"),
            ("nodes", (0, 7), 0, "groups must divide the channels"),
            ("nodes", (0, 8), 0, "expected kernel, stride and dilation of at least 1"),
        ],
    )
    def test_inconsistent_programs_are_refused(self, diamond, name, index, value, message):
        diamond[name] = diamond[name].copy()
        diamond[name][index] = value
        with pytest.raises(ValueError, match=message):
            score(diamond, DIAMOND_ROWS)

    @pytest.mark.parametrize("seed", range(200))
    def test_random_damage_never_crashes(self, diamond, seed):
        rng = np.random.default_rng(seed)
        for _ in range(int(rng.integers(1, 4))):
            name = str(rng.choice(list(diamond)))
            flat = diamond[name].reshape(-1).copy()
            flat[rng.integers(len(flat))] = rng.integers(-2, 8)
            diamond[name] = flat.reshape(diamond[name].shape)
        try:
            assert not np.isnan(score(diamond, DIAMOND_ROWS)).any()
        except ValueError:
            pass

    def test_arrays_of_the_wrong_length_are_refused(self, diamond):
        for name in diamond:
            short = {**diamond, name: diamond[name][:-1].copy()}
            with pytest.raises(ValueError, match=r"must|expected"):
                score(short, DIAMOND_ROWS)
            empty = {**diamond, name: diamond[name][:0].copy()}
            with pytest.raises(ValueError, match=r"must|expected"):
                score(empty, DIAMOND_ROWS)

    def test_arrays_that_are_missing_are_refused(self, diamond):
        del diamond["nodes"]
        with pytest.raises(ValueError, match="program: expected 8 arrays, got 7"):
            score(diamond, DIAMOND_ROWS)

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ([0, 1, 1, 3, 6], "unit_ids must be -1 or less than 6, got 6 in row 1, column 4"),
            ([0, 1, 1, 3, -2], "unit_ids must be -1 or less than 6, got -2 in row 1, column 4"),
            ([0, 1, 1, 5, 4], "row 1: slot 3 gets more inputs than the 1 its unit takes"),
            ([0, 1, 0, 3, 4], r"input 0 of slot 2 must have shape \(3, 6, 6\), got \(4, 6, 6\)"),
        ],
    )
    def test_rows_that_do_not_fit_the_plan_are_named(self, diamond, row, message):
        with pytest.raises(ValueError, match=message):
            score(diamond, [DIAMOND_ROWS[0], row])

    def test_one_column_per_slot(self, diamond):
        with pytest.raises(ValueError, match="unit_ids must have one column per slot, 5, got 4"):
            score(diamond, [row[:4] for row in DIAMOND_ROWS])


def test_gain_scales_every_layer_of_a_linear_chain():
    unit = Unit((3, 8, 8))
    unit.node("conv", unit.node("conv", 0, out=4, k=3, p=1), out=2)
    arrays, unit_ids = one_unit(unit)
    single, double = (score(arrays, unit_ids, weight_gain=gain) for gain in (0.5, 1.0))
    np.testing.assert_allclose(double - single, 2 * math.log(2), rtol=1e-12)


@pytest.mark.parametrize("gain", [0.0, -1.0, math.nan, math.inf])
def test_gain_must_be_positive(gain):
    unit = Unit((3, 8, 8))
    unit.node("conv", 0, out=4)
    arrays, unit_ids = one_unit(unit)
    with pytest.raises(ValueError, match="weight_gain"):
        score(arrays, unit_ids, weight_gain=gain)
