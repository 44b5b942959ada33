"""The scale, the error and the intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pyhwnas.latency.calibrate import (
    NetworkError,
    accuracy,
    fit_scale,
    median_deviation,
    process_interval,
    remeasure_floor,
    student_quantile,
)


def test_the_scale_has_the_least_absolute_relative_error():
    rng = np.random.default_rng(0)
    predicted = rng.uniform(1, 5, 9)
    measured = predicted * rng.uniform(0.8, 1.9, 9)

    def error(scale):
        return np.abs(scale * predicted / measured - 1).sum()

    best = fit_scale(predicted, measured)
    assert all(error(best) <= error(s) + 1e-12 for s in np.linspace(0.5, 2.5, 400))


@pytest.mark.parametrize("freedom", [1, 2, 4, 8, 30])
@pytest.mark.parametrize("p", [0.75, 0.95, 0.975, 0.995])
def test_student_quantiles(p, freedom):
    rel = 0.02 if freedom == 4 else 0.01
    assert student_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=rel)


def test_errors_are_those_of_the_scaled_prediction():
    held_out = [NetworkError("a", 10.9, 10.0), NetworkError("b", 19.2, 20.0)]
    found = accuracy([], [*held_out, NetworkError("c", 32.7, 30.0)], [(10, 10), (19, 21)], 1.1)
    assert found.mape == pytest.approx((9 + 4 + 9) / 3)
    assert found.mape_unscaled == pytest.approx(100 * (2 * (1 - 10.9 / 11) + (1 - 19.2 / 22)) / 3)
    assert found.within_5 == pytest.approx(100 / 3)
    assert found.within_10 == pytest.approx(100)
    assert found.spearman == 1.0
    assert found.floor == pytest.approx((0 + 10) / 2 * np.sqrt(0.5), rel=1e-4)


def test_spearman_is_the_usual_one():
    rng = np.random.default_rng(1)
    x, y = rng.integers(1, 6, 12).astype(float), rng.integers(1, 6, 12).astype(float)
    rows = [NetworkError("n", a, b) for a, b in zip(x, y, strict=True)]
    assert accuracy([], rows, [], 1.0).spearman == pytest.approx(stats.spearmanr(x, y).statistic)


def test_one_process_gives_no_floor_and_a_point():
    assert accuracy([], [NetworkError("a", 1.0, 1.0)], [(1.0,)], 1.0).floor is None
    assert process_interval([3.0]) is None


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 9])
def test_the_spread_of_a_median(n):
    medians = np.median(np.random.default_rng(n).normal(size=(200_000, n)), axis=1)
    assert median_deviation(n) == pytest.approx(medians.std(), rel=0.05 if n == 9 else 0.01)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_nine_of_ten_intervals_hold_what_would_come_with_many_processes(n):
    rows = np.random.default_rng(0).normal(5.0, 0.3, size=(4000, n))
    ends = np.array([process_interval(row) for row in rows])
    assert ((ends[:, 0] <= 5.0) & (5.0 <= ends[:, 1])).mean() == pytest.approx(0.9, abs=0.03)


def test_the_floor_is_what_measuring_again_gives():
    rng = np.random.default_rng(0)
    first, second = rng.normal(10.0, 0.4, size=(2, 2000, 3))
    again = np.median(second, axis=1) / np.median(first, axis=1)
    assert remeasure_floor(first.tolist()) == pytest.approx(100 * abs(again - 1).mean(), rel=0.05)
    assert remeasure_floor([[1.0], [2.0]]) is None
