import math

import moocore
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import indicators_by_definition as reference

from pyhwnas import moo

OF_TWO_SETS = ["igd", "igd_plus", "epsilon_additive", "epsilon_multiplicative"]
VALUES = st.one_of(st.integers(-2, 3).map(float), st.just(-0.0), st.floats(-1, 1, width=32))


@st.composite
def two_sets(draw, elements=VALUES):
    m = draw(st.integers(1, 5))
    sets = [
        draw(hnp.arrays(np.float64, (draw(st.integers(1, 9)), m), elements=elements))
        for _ in range(2)
    ]
    for array in sets:
        array.setflags(write=False)
    return sets


def front(n, m, seed=0):
    F = np.abs(np.random.default_rng(seed).standard_normal((n, m)))
    return F / np.linalg.norm(F, axis=1, keepdims=True)


def sets_of(kind, n, r, m):
    rng = np.random.default_rng(n)
    return {
        "sphere": lambda: (front(n, m, 1), front(r, m, 2)),
        "cube": lambda: (rng.random((n, m)), rng.random((r, m))),
        "covered": lambda: (rng.random((n, m)) ** 3, front(r, m, 2)),
        "integers": lambda: (rng.integers(0, 5, (n, m)) + 0.0, rng.integers(0, 5, (r, m)) + 0.0),
        "equal": lambda: (np.ones((n, m)), np.ones((r, m))),
        "far_out": lambda: (np.r_[front(n - 1, m, 1), [[1e9] * m]], front(r, m, 2) * 1e-6),
    }[kind]()


@settings(deadline=None)  # a busy machine is no error
@given(two_sets())
def test_distances_and_shifts_follow_their_definitions(sets):
    for name in ("igd", "igd_plus", "epsilon_additive"):
        expected = getattr(reference, name)(*sets)
        assert getattr(moo, name)(*sets) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@settings(deadline=None)  # a busy machine is no error
@given(two_sets(st.floats(0.01, 100)))
def test_the_factor_follows_its_definition(sets):
    assert moo.epsilon_multiplicative(*sets) == reference.epsilon_multiplicative(*sets)


@settings(deadline=None)  # a busy machine is no error
@given(two_sets(st.one_of(st.integers(0, 3).map(float), st.floats(0, 1))))
def test_r2_follows_its_definition(sets):
    F, weights = sets
    ideal = F.min(axis=0) - 0.25
    expected = reference.r2(F, ideal, weights)
    assert moo.r2(F, ideal, weights) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("m", [1, 2, 3, 8, 33])
@pytest.mark.parametrize("kind", ["sphere", "cube", "covered", "integers", "equal", "far_out"])
def test_large_sets_equal_a_plain_search_bit_by_bit(kind, m, threads, frozen):
    """Trees, packets and scouts must not change what a loop over all pairs finds."""
    F, R = map(frozen, sets_of(kind, 200, 600, m))
    gaps = F[:, None] - R
    shift = gaps.max(axis=2).min(axis=0).max()
    assert moo.epsilon_additive(F, R, threads=threads) == shift
    factors = ((F[:, None] + 1) / (R + 1)).max(axis=2).min(axis=0).max()
    assert moo.epsilon_multiplicative(F + 1, R + 1, threads=threads) == factors
    for name, parts in (("igd", gaps), ("igd_plus", np.maximum(gaps, 0))):
        value = getattr(moo, name)(F, R, threads=threads)
        squares = (parts**2).sum(axis=2).min(axis=0)
        assert value == pytest.approx(np.sqrt(squares).mean(), rel=1e-12)
        assert value == getattr(moo, name)(F, R)
    weights = np.abs(R)
    value = moo.r2(F, np.zeros(m), weights, threads=threads)
    expected = (weights[None] * np.abs(F)[:, None]).max(axis=2).min(axis=0).mean()
    assert value == pytest.approx(expected, rel=1e-12)
    assert value == moo.r2(F, np.zeros(m), weights)


@pytest.mark.parametrize("m", [2, 3, 6])
@pytest.mark.parametrize("kind", ["sphere", "cube", "covered"])
def test_agrees_with_moocore(kind, m):
    F, R = sets_of(kind, 300, 400, m)
    assert moo.igd(F, R) == pytest.approx(moocore.igd(F, ref=R), rel=1e-12)
    assert moo.igd_plus(F, R) == pytest.approx(moocore.igd_plus(F, ref=R), rel=1e-12)
    assert moo.epsilon_additive(F, R) == moocore.epsilon_additive(F, ref=R)
    ours = moo.epsilon_multiplicative(F + 0.5, R + 0.5)
    assert ours == moocore.epsilon_mult(F + 0.5, ref=R + 0.5)


def test_agrees_with_pymoo():
    indicators = pytest.importorskip("pymoo.indicators")
    assert indicators
    from pymoo.indicators.igd import IGD

    F, R = sets_of("sphere", 100, 150, 3)
    assert moo.igd(F, R) == pytest.approx(IGD(R)(F), rel=1e-12)


def test_many_weights_approach_the_exact_r2():
    F = np.array([[5.0, 5.0], [4.0, 6.0], [2.0, 7.0], [7.0, 4.0]])
    first = (np.arange(20_000) + 0.5) / 20_000
    weights = np.stack([first, 1 - first], axis=1)
    exact = moocore.r2_exact(F, ref=[0, 0])
    assert moo.r2(F, [0, 0], weights) == pytest.approx(exact, rel=1e-8)
    assert moo.r2(F, [0, 0]) == pytest.approx(exact, rel=1e-2)


@pytest.mark.parametrize(
    ("m", "divisions", "count"), [(1, 1, 1), (2, 499, 500), (3, 30, 496), (5, 8, 495), (8, 4, 330)]
)
def test_default_weights_are_a_simplex_lattice(m, divisions, count):
    F = front(40, m)
    weights = reference.simplex_lattice(m, divisions)
    assert len(weights) == count
    assert moo.r2(F, np.zeros(m)) == pytest.approx(moo.r2(F, np.zeros(m), weights), rel=1e-14)


@pytest.mark.parametrize("exponent", [-1020, -700, 300, 1000])
def test_huge_and_tiny_scales_keep_their_digits(exponent):
    F, R = sets_of("sphere", 50, 60, 4)
    F, R, scale = np.round(F, 3), np.round(R, 3), 2.0**exponent
    for name in OF_TWO_SETS[:3]:
        value = getattr(moo, name)(F, R) * scale
        assert getattr(moo, name)(F * scale, R * scale) == pytest.approx(value, rel=1e-3)
    assert moo.igd([[-1.5e308]], [[1.5e308]]) == math.inf
    assert moo.igd([[0.5e308]], [[1.5e308]]) == pytest.approx(1e308)


@pytest.mark.parametrize("m", [2, 3, 4])
@pytest.mark.parametrize("exponent", [-1030, -500, 0, 390, 1000])
def test_factors_at_any_scale_equal_quotients_bit_by_bit(m, exponent):
    F, R = (np.ldexp(array + 0.25, exponent) for array in sets_of("sphere", 400, 600, m))
    expected = (F[:, None] / R).max(axis=2).min(axis=0).max()
    assert moo.epsilon_multiplicative(F, R) == expected


def test_zeros_have_one_sign():
    assert math.copysign(1, moo.epsilon_additive([[-0.0]], [[0.0]])) == 1
    assert math.copysign(1, moo.igd([[-0.0]], [[0.0]])) == 1


@pytest.mark.parametrize("name", OF_TWO_SETS)
def test_a_set_is_at_no_distance_from_itself(name):
    F = front(500, 3) + 1
    assert getattr(moo, name)(F, F) == (name == "epsilon_multiplicative")


@pytest.mark.parametrize("name", OF_TWO_SETS)
@pytest.mark.parametrize(
    ("F", "R", "message"),
    [
        ([[1, 1]], [[1, 1, 1]], "R must have as many columns as F, 2, got 3"),
        ([[1, math.nan]], [[1, 1]], "F must be finite, got nan in row 0, column 1"),
        ([[1, 1]], [[1, 1], [math.inf, 1]], "R must be finite, got inf in row 1, column 0"),
        ([[1, -math.inf]], [[1, 1]], "F must be finite, got -inf in row 0, column 1"),
        (np.empty((0, 2)), [[1, 1]], "F must have rows and columns"),
        ([[1, 1]], np.empty((0, 2)), "R must have rows and columns"),
        ([1, 1], [[1, 1]], "F must have 2 dimensions"),
    ],
)
def test_wrong_arguments_are_named(name, F, R, message):
    with pytest.raises(ValueError, match=message):
        getattr(moo, name)(F, R)


def test_a_factor_needs_positive_values():
    with pytest.raises(ValueError, match=r"F must be positive, got 0.* in row 1, column 0"):
        moo.epsilon_multiplicative([[1, 1], [0, 1]], [[1, 1]])
    with pytest.raises(ValueError, match=r"R must be positive, got -2.* in row 0, column 1"):
        moo.epsilon_multiplicative([[1, 1]], [[1, -2]])


@pytest.mark.parametrize(
    ("ideal", "weights", "message"),
    [
        ([0], None, "ideal must have 2 entries, got 1"),
        ([0, math.inf], None, "ideal must be finite, got inf at index 1"),
        ([0, 0], [[1, -1]], "weights must not be negative, got -1.* in row 0, column 1"),
        ([0, 0], [[1, 1, 1]], "weights must have as many columns as F, 2, got 3"),
        ([0, 0], np.empty((0, 2)), "weights must have rows and columns"),
    ],
)
def test_wrong_arguments_of_r2_are_named(ideal, weights, message):
    with pytest.raises(ValueError, match=message):
        moo.r2([[1, 1]], ideal, weights)


@pytest.mark.parametrize("name", ["igd", "igd_plus"])
@pytest.mark.parametrize("penalty", [1e130, 1e200, np.finfo(np.float64).max])
@pytest.mark.parametrize("n", [50, 900])
def test_rows_with_huge_penalties_are_nearest_to_nothing(name, penalty, n):
    F, R = sets_of("sphere", n, n, 3)
    penalised = np.vstack([np.full((2, 3), penalty), F, [[0.0, penalty, -penalty]]])
    assert getattr(moo, name)(penalised, R + 0.1) == getattr(moo, name)(F, R + 0.1)


def test_a_constant_column_may_be_far_larger_than_the_distances():
    F = np.array([[1e300, 0.0], [1e300, 1e-200]])
    R = np.array([[1e300, 3e-201]])
    assert moo.igd(F, R) == pytest.approx(3e-201, rel=1e-12, abs=0)
    assert moo.igd_plus(F[1:], R) == pytest.approx(7e-201, rel=1e-12, abs=0)
