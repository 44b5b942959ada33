from __future__ import annotations

import sys

import numpy as np
import pytest
from report.made_up import make_history

from pyhwnas import plot


def test_front_returns_axes_and_opens_no_window():
    before = "matplotlib.pyplot" in sys.modules  # other libraries' doing
    history = make_history()
    ax = plot.front(history, "latency_ms", "synflow", colour="macs", labels={"a $ name": 3})
    assert ax.get_xlabel() == "latency (ms), lower is better"
    assert ax.get_ylabel() == "synflow, higher is better"
    assert "a \\$ name" in [text.get_text() for text in ax.texts]
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_front_draws_into_given_axes():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    ax = figure.add_subplot()
    history = make_history(m=2)
    assert plot.front(history, "evaluation", "synflow", ax) is ax
    drawn, strong = (points.get_offsets() for points in ax.collections)
    assert len(drawn) == len(history)
    np.testing.assert_array_equal(np.sort(strong[:, 1]), np.sort(history.front().values[:, 0]))


def test_front_leaves_infinite_values_out():
    values = np.array([[np.inf, 1.0], [-np.inf, 2.0], [1.0, 0.5], [2.0, np.nan]])
    history = make_history(n=4, values=values, failed=(3,))
    ax = plot.front(history, "latency_ms", "synflow", labels={"x": 0})
    assert len(ax.collections[0].get_offsets()) == 1
    assert not ax.texts


def test_front_names_what_there_is():
    with pytest.raises(ValueError, match="expected one of synflow, latency_ms, got 'speed'"):
        plot.front(make_history(m=2), "speed", "synflow")


def test_hypervolume_ends_at_the_hypervolume():
    history = make_history()
    (line,) = plot.hypervolume(history).lines
    assert line.get_ydata()[-1] == history.hypervolume()


@pytest.mark.parametrize("limit", [1, 7, 40, 500])
def test_hypervolume_points_agree_with_the_trace(limit):
    history = make_history(failed=(4, 9), violation=np.arange(40) % 3 * 1.0)
    rows, volume = plot.hypervolume_points(history, limit)
    assert len(rows) <= max(limit, 1)
    assert rows[-1] == len(history)
    expected = history.hypervolume_trace()[rows.astype(int) - 1]
    np.testing.assert_allclose(volume, expected, rtol=1e-12)


def test_hypervolume_needs_a_reference_point():
    with pytest.raises(ValueError, match="reference point"):
        plot.hypervolume(make_history(reference=False))
    with pytest.raises(ValueError, match="reference point"):
        plot.hypervolume_points(make_history(reference=False), 5)


def test_latency_with_and_without_intervals():
    predicted, measured = [1.0, 2.0, 3.0], [1.1, 1.9, 3.0]
    assert plot.latency(predicted, measured).get_xlim()[1] > 3.0
    ax = plot.latency(predicted, measured, [0.9, np.nan, 2.0], [1.1, np.nan, 5.0])
    assert ax.get_ylim()[1] > 5.0
    plot.latency([], []).figure.canvas.draw()
