"""The scale, the error and the intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pyhwnas.latency.spread import median_deviation, process_interval, student_quantile
from pyhwnas.latency.tables.calibrate import (
    NetworkError,
    accuracy,
    choose_scale,
    fit_scale,
    remeasure_floor,
    shared_deviation,
)


def test_the_scale_has_the_least_absolute_relative_error():
    rng = np.random.default_rng(0)
    predicted = rng.uniform(1, 5, 9)
    measured = predicted * rng.uniform(0.8, 1.9, 9)

    def error(scale):
        return np.abs(scale * predicted / measured - 1).sum()

    best = fit_scale(predicted, measured)
    assert all(error(best) <= error(s) + 1e-12 for s in np.linspace(0.5, 2.5, 400))


def test_a_scale_has_to_predict_networks_that_it_was_not_fitted_to():
    rng = np.random.default_rng(0)
    measured = rng.uniform(1, 5, 8)
    off = measured / 1.2 * rng.normal(1, 0.02, 8)
    assert choose_scale(off, measured) == fit_scale(off, measured)
    assert choose_scale(np.array([]), np.array([])) == 1.0
    assert choose_scale(np.array([2.0]), np.array([3.0])) == 1.5


def test_sums_that_are_right_are_left_alone():
    measured = np.array([1.0, 2.0, 3.0, 4.0])
    assert choose_scale(measured, measured) == 1.0
    assert choose_scale(measured * [0.97, 1.03, 1.02, 0.98], measured) == 1.0


def test_the_scale_is_known_as_well_as_the_median_of_ratios():
    rng = np.random.default_rng(0)
    rows = [
        accuracy(
            [NetworkError("n", 1.0, ms) for ms in values], [NetworkError("a", 1.0, 1.0)], [], 1
        )
        for values in rng.normal(1.0, 0.03, size=(500, 4))
    ]
    known = np.mean([row.scale_deviation for row in rows])
    assert known == pytest.approx(0.03 * median_deviation(4), rel=0.1)
    assert accuracy([], [NetworkError("a", 1.0, 1.0)], [], 1).scale_deviation is None


@pytest.mark.parametrize("freedom", [1, 1.3, 2, 2.5, 4, 30, 1e4])
@pytest.mark.parametrize("p", [0.5, 0.75, 0.95, 0.995, 0.9999])
def test_student_quantiles(p, freedom):
    expected = stats.t.ppf(p, freedom)
    assert student_quantile(p, freedom) == pytest.approx(expected, rel=1e-4, abs=1e-9)


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


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_the_spread_of_a_median(n):
    medians = np.median(np.random.default_rng(n).normal(size=(200_000, n)), axis=1)
    assert median_deviation(n) == pytest.approx(medians.std(), rel=0.05 if n > 8 else 0.01)


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


def test_what_all_networks_share_in_a_process_shows_in_none_of_their_errors():
    assert shared_deviation([]) == shared_deviation([(1.0,), (2.0,)]) == 0.0
    assert shared_deviation([(1.0, np.nan), (np.nan, 2.0)]) == 0.0
    gaps = [(1.0, 1.1, 0.9), (3.0, 3.3, 2.7), (2.0, np.nan, 2.1)]
    assert shared_deviation(gaps) == pytest.approx(
        np.std(np.log([1.0, 1.1, 0.9]), ddof=1) * median_deviation(3)
    )
    rng = np.random.default_rng(0)
    alone = np.exp(rng.normal(0.0, 0.04, size=(400, 3)))
    assert shared_deviation(alone.tolist()) < 0.004
    networks = [NetworkError("a", 1.0, 1.03), NetworkError("b", 2.0, 1.94)]
    together = [(1.0, 1.1), (2.0, 2.2)]
    apart, shared = (accuracy([], networks, repeats, 1.0) for repeats in ([], together))
    assert apart.mape == shared.mape
    assert apart.residual_spread == pytest.approx(0.03)
    assert apart.shared_spread == pytest.approx(0.0, abs=1e-9)
    assert shared.own_spread == pytest.approx(0.03)
    assert shared.shared_spread == pytest.approx(np.sqrt(2) * shared_deviation(together))
    assert shared.residual_spread == pytest.approx(np.hypot(0.03, shared.shared_spread))


def test_the_spread_is_that_of_measuring_again():
    rng = np.random.default_rng(0)
    ms = rng.uniform(1.0, 5.0, 8)
    stated, seen, within = [], [], []
    for _ in range(3000):
        first, again = ms[:, None] * np.exp(rng.normal(0.0, 0.04, size=(2, 1, 3)))
        predicted, measured = np.median(first, axis=1), np.median(again, axis=1)
        rows = [NetworkError("n", a, a) for a in predicted]
        found = accuracy([], rows, first.tolist(), 1.0)
        stated.append(found.residual_spread)
        seen += list(measured / predicted - 1)
        reach = student_quantile(0.95, found.freedom(3)) * found.residual_spread
        within.append(np.abs(measured / predicted - 1) <= reach)
    assert np.sqrt(np.mean(np.square(stated))) == pytest.approx(np.std(seen), rel=0.1)
    assert np.mean(within) == pytest.approx(0.9, abs=0.03)


def test_degrees_of_freedom_lie_between_those_of_the_parts():
    networks = [NetworkError(str(i), 1.0, 1.0 + 0.03 * (-1) ** i) for i in range(20)]
    own = accuracy([], networks, [], 1.0)
    assert own.freedom(3) == pytest.approx(20)
    both = replace(own, residual_spread=np.hypot(0.03, 0.03))
    assert both.freedom(3) == pytest.approx(4 / (1 / 20 + 1 / 2))
    shared = replace(own, residual_spread=1.0)
    assert shared.freedom(3) == pytest.approx(2, rel=0.01)
    exact = accuracy([], [NetworkError("a", 1.0, 1.0)] * 20, [], 1.0)
    assert exact.freedom(3) == 20
