"""The scale, the error and the intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pyhwnas.latency.calibrate import (
    NetworkError,
    accuracy,
    bootstrap,
    fit_scale,
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


@pytest.mark.parametrize("freedom", [4, 8, 30])
@pytest.mark.parametrize("p", [0.75, 0.95, 0.975])
def test_student_quantiles(p, freedom):
    assert student_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=0.01)


def test_errors_are_those_of_the_scaled_prediction():
    held_out = [NetworkError("a", 10.9, 10.0), NetworkError("b", 19.2, 20.0)]
    found = accuracy([], [*held_out, NetworkError("c", 32.7, 30.0)], [(10, 10), (19, 21)], 1.1)
    assert found.mape == pytest.approx((9 + 4 + 9) / 3)
    assert found.mape_unscaled == pytest.approx(100 * (2 * (1 - 10.9 / 11) + (1 - 19.2 / 22)) / 3)
    assert found.within_5 == pytest.approx(100 / 3)
    assert found.within_10 == pytest.approx(100)
    assert found.spearman == 1.0
    assert found.floor == pytest.approx((0 + 10) / 2)


def test_spearman_is_the_usual_one():
    rng = np.random.default_rng(1)
    x, y = rng.integers(1, 6, 12).astype(float), rng.integers(1, 6, 12).astype(float)
    rows = [NetworkError("n", a, b) for a, b in zip(x, y, strict=True)]
    assert accuracy([], rows, [], 1.0).spearman == pytest.approx(stats.spearmanr(x, y).statistic)


def test_one_process_gives_no_floor_and_a_point():
    assert accuracy([], [NetworkError("a", 1.0, 1.0)], [(1.0,)], 1.0).floor is None
    assert bootstrap(np.array([3.0])) == (3.0, 3.0)


def test_the_bootstrap_stays_within_the_processes():
    low, high = bootstrap(np.array([1.0, 2.0, 4.0]))
    assert 1.0 <= low <= 2.0 <= high <= 4.0
